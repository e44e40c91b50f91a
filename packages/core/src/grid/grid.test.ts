import { expect, test } from "vitest";
import {
  bitWidth,
  bitsOf,
  checkTokenizer,
  createTokenGrid,
  sideBits,
  sliceLevels,
} from "./grid.js";

const grid = createTokenGrid({
  codes: { data: Int32Array.of(0, 4, 999, 0, 7, 2, 1, 1, 500, 3, 2, 0), shape: [6, 2] },
  shape: [2, 3],
  codebookSizes: [1000, 5],
  side: { width: 23, gain: 0.5, rotated: true },
  tokenizer: "image/test",
});

test("bits by hand", () => {
  const bits = bitsOf(grid);
  expect(bits.codes).toBeCloseTo(6 * (Math.log2(1000) + Math.log2(5)), 10);
  expect(bits.packedCodes).toBe(6 * (10 + 3));
  // 23 fits in 8 bits, 0.5 in a float32, a boolean takes one.
  expect(bits.side).toBe(8 + 32 + 1);
  expect(bits.total).toBe(bits.codes + 41);
  expect(bits.perPosition).toBeCloseTo(bits.total / 6, 12);
});

test("bits of side values", () => {
  expect(sideBits({ a: 255, b: 256, c: -128, d: -129, e: 65536, f: 2 ** 40 })).toBe(
    8 + 16 + 8 + 16 + 32 + 64,
  );
  expect(sideBits({ a: 0.1, b: 0.25, c: "né", d: [1, 2, 3] })).toBe(64 + 32 + 24 + 24);
  expect([1, 2, 3, 256, 257, 2 ** 31].map(bitWidth)).toEqual([0, 1, 2, 8, 9, 31]);
});

test("a prefix of the levels", () => {
  const first = sliceLevels(grid, 1);
  expect(first.codes).toEqual({ data: Int32Array.of(0, 999, 7, 1, 500, 2), shape: [6, 1] });
  expect(first.codebookSizes).toEqual([1000]);
  expect(first.side).toEqual(grid.side);
  expect(() => sliceLevels(grid, 3)).toThrow(/\[1, 2\]/);
  expect(() => sliceLevels(grid, 0)).toThrow(/levels/);
});

test("invalid grids", () => {
  const codes = grid.codes;
  const good = { codes, shape: [2, 3], codebookSizes: [1000, 5] };
  expect(() => createTokenGrid({ ...good, shape: [2, 4] })).toThrow(/6 positions.*8/);
  expect(() => createTokenGrid({ ...good, shape: [] })).toThrow(/shape/);
  expect(() => createTokenGrid({ ...good, shape: [1, 1, 2, 3] })).toThrow(/shape/);
  expect(() => createTokenGrid({ ...good, shape: [2.5, 3] })).toThrow(/shape/);
  expect(() => createTokenGrid({ ...good, codebookSizes: [999, 5] })).toThrow(
    /\[0, 999\) in codebook 0, got 999 at position 1/,
  );
  expect(() => createTokenGrid({ ...good, codebookSizes: [1000] })).toThrow(/1 codebooks/);
  expect(() => createTokenGrid({ ...good, codebookSizes: [1000, 2 ** 31 + 1] })).toThrow(/\[1\]/);
  expect(() => createTokenGrid({ ...good, side: { a: Number.NaN } })).toThrow(/"a"/);
  expect(() => createTokenGrid({ ...good, side: { a: {} as never } })).toThrow(/"a"/);
  expect(() =>
    createTokenGrid({ ...good, codes: { data: Int32Array.of(-1, 0), shape: [1, 2] }, shape: [1] }),
  ).toThrow(/-1 at position 0/);
});

test("tokens of another tokenizer are refused", () => {
  expect(() => checkTokenizer(grid, "image/test", [1000, 5])).not.toThrow();
  expect(() => checkTokenizer(grid, "image/other", [1000, 5])).toThrow(/image\/test/);
  expect(() => checkTokenizer(grid, "image/test", [1000, 6])).toThrow(/codebooks/);
});
