import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { attempt } from "../../test/attempt.js";
import {
  packBits,
  packRadix,
  packedByteLength,
  radixByteLength,
  unpackBits,
  unpackRadix,
} from "./pack.js";

test("by hand: 3, 5 and 1 bits, lowest first", () => {
  // Sizes 5, 17, 2. Codes 4, 16, 1: 100 | 10000 -> byte 10000100; then 1.
  const codes = { data: Int32Array.of(4, 16, 1), shape: [1, 3] as const };
  expect(packBits(codes, [5, 17, 2])).toEqual(Uint8Array.of(0b10000100, 1));
});

test("by hand: mixed radix, the first code least significant", () => {
  // 3 + 5 (2 + 5 (4 + 5 * 1)) = 238, one byte; whole bits would take 12.
  const codes = { data: Int32Array.of(3, 2, 4, 1), shape: [4, 1] as const };
  expect(packRadix(codes, [5])).toEqual(Uint8Array.of(3 + 10 + 100 + 125, 0));
});

const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 70_000 }),
    fc.constantFrom(256, 65536, 2 ** 31, 2 ** 31 - 1, 2 ** 30 + 1),
  ),
  { minLength: 1, maxLength: 9 },
);

function randomCodes(codebookSizes: readonly number[], rows: number, seed: number) {
  const random = createRandom(seed);
  const width = codebookSizes.length;
  const data = Int32Array.from({ length: rows * width }, (_, i) => {
    const size = codebookSizes[i % width]!;
    // The ends of the range as often as the middle.
    return [0, size - 1, random.integer(size)][random.integer(3)]!;
  });
  return { data, shape: [rows, width] as const };
}

describe.each([
  ["bits", packBits, unpackBits, packedByteLength],
  ["radix", packRadix, unpackRadix, radixByteLength],
] as const)("%s", (_, pack, unpack, byteLength) => {
  test("unpacking undoes packing, in the length that is told beforehand", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 60 }), fc.integer(), (k, rows, seed) => {
        const codes = randomCodes(k, rows, seed);
        const bytes = pack(codes, k);
        expect(bytes.length).toBe(byteLength(rows, k));
        expect(unpack(bytes, rows, k)).toEqual(codes);
      }),
      { seed: 6, numRuns: 150 },
    );
  });

  test("a stream that does not fit is refused", () => {
    const bytes = pack({ data: Int32Array.of(3, 2, 4), shape: [3, 1] }, [5]);
    expect(() => unpack(bytes.subarray(1), 3, [5])).toThrow(/bytes/);
    expect(() => unpack(Uint8Array.of(...bytes, 0), 3, [5])).toThrow(/bytes/);
    expect(() => unpack(bytes, 2 ** 45, [5])).toThrow(/bytes/);
    expect(() => unpack(new Uint8Array(0), 2 ** 45, [1])).toThrow(/2\^24/);
    expect(() => unpack(new Uint8Array(bytes.length).fill(255), 3, [5])).toThrow(
      /unused room|\[0, 5\)/,
    );
    expect(() => pack({ data: Int32Array.of(5), shape: [1, 1] }, [5])).toThrow(/\[0, 5\)/);
  });

  test("random bytes give codes in range or a typed error", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 20 }), fc.integer(), (k, rows, seed) => {
        const random = createRandom(seed);
        const bytes = Uint8Array.from({ length: byteLength(rows, k) }, () => random.integer(256));
        const back = attempt(() => pack(unpack(bytes, rows, k), k));
        expect([bytes, "typed error"]).toContainEqual(back);
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});

test("mixed radix reaches the fractional rate within half a percent", () => {
  const codes = randomCodes([1000, 5, 3], 4000, 8);
  const bits = 4000 * (Math.log2(1000) + Math.log2(5) + Math.log2(3));
  expect(packRadix(codes, [1000, 5, 3]).length * 8).toBeLessThan(bits * 1.005);
  expect(packBits(codes, [1000, 5, 3]).length * 8).toBe(4000 * 15);
});
