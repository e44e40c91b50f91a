import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digest, sha256 } from "./sha256.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const reference = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

// FIPS 180-4 examples.
test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("%j", async (text, expected) => {
  const bytes = new TextEncoder().encode(text);
  expect(hex(sha256(bytes))).toBe(expected);
  expect(await digest(bytes)).toBe(expected);
});

test("equals Node.js' own at every length around the block borders, and on views", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), (bytes, skip) => {
      const view = bytes.subarray(Math.min(skip, bytes.length));
      expect(hex(sha256(view))).toBe(reference(view));
    }),
    { seed: 1, numRuns: 300 },
  );
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).fill(length);
    expect(hex(sha256(bytes))).toBe(reference(bytes));
  }
});

test("a page without WebCrypto gets the same digest", async () => {
  const found = Object.getOwnPropertyDescriptor(globalThis, "crypto") as PropertyDescriptor;
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
    expect(await digest(bytes)).toBe(reference(bytes));
  } finally {
    Object.defineProperty(globalThis, "crypto", found);
  }
});
