import { expect, test } from "vitest";
import { shippedAs } from "./shipped.js";

const shipped = { "photo-8x": 8, "photo-16x": 16 } as const;

test("a name with its modality and without", () => {
  expect(shippedAs(shipped, "image", "photo-8x")).toBe(8);
  expect(shippedAs(shipped, "image", "image/photo-16x")).toBe(16);
});

test.each(["", "image/", "image/photo-4x", "video/photo-8x", "toString", "__proto__"])(
  "not %o",
  (name) => {
    expect(() => shippedAs(shipped, "image", name)).toThrow(
      /image tokenizer: expected one of photo-8x, photo-16x, got/,
    );
  },
);
