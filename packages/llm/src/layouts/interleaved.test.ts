import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";

describe("interleaved", () => {
  it("is its picture", () => expect(draw("interleaved", [3], 2)).toBe("a0 a1 b0 b1 c0 c1"));

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "interleaved", levels: 3, axes: 2 });
    expectLayoutLaws({ layout: "interleaved", levels: 2, axes: 1, extent: "open" });
    expectLayoutLaws({ layout: "interleaved", levels: 2, axes: 3, extent: [2, 2, 3] }, 15);
  });
});
