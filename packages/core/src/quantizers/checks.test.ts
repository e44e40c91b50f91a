import fc from "fast-check";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { checkCodes, checkFinite, checkMatrix, checkMatrixShape } from "./checks.js";

const matrix = (data: Float32Array, ...shape: number[]) => ({ data, shape }) as never;

describe("matrices", () => {
  test("good ones, empty ones too", () => {
    expect(checkMatrix(matrix(new Float32Array(6), 2, 3), 3)).toBe(2);
    expect(checkMatrix(matrix(new Float32Array(0), 0, 3), 3)).toBe(0);
  });
  test("shapes", () => {
    const data = new Float32Array(6);
    expect(() => checkMatrix(matrix(data, 2, 3), 4)).toThrow(/D = 4, got shape \[2, 3\]/);
    expect(() => checkMatrix(matrix(data, 3, 3))).toThrow(/9 numbers, got 6/);
    expect(() => checkMatrix(matrix(data, 6))).toThrow(/\[N, D\]/);
    expect(() => checkMatrix(matrix(data, -2, -3))).toThrow(/\[N, D\]/);
    expect(() => checkMatrix(matrix(data, 0, 0))).toThrow(/at least 1/);
    expect(() => checkMatrix({ data } as never)).toThrow(/shape/);
    expect(() => checkMatrix(matrix([1, 2] as never, 1, 2))).toThrow(/Float32Array/);
    expect(() => checkMatrix(matrix(new Float64Array(2) as never, 1, 2))).toThrow(/Float64Array/);
    expect(() => checkMatrix(null as never)).toThrow(/Null/);
    expect(() => checkMatrix(undefined as never, 2, "vectors")).toThrow(/vectors/);
  });
  test("arrays of another realm count", () => {
    const data = runInNewContext("new Float32Array(2)") as Float32Array;
    expect(checkMatrixShape(matrix(data, 1, 2), 2)).toBe(1);
  });
  test("a value that is not finite is named by row and column, wherever it is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        fc.constantFrom(Number.NaN, Infinity, -Infinity),
        (rows, columns, at, value) => {
          const data = new Float32Array(rows * columns).fill(-3.4028234663852886e38);
          checkFinite(matrix(data, rows, columns));
          const i = at % data.length;
          data[i] = value;
          expect(() => checkFinite(matrix(data, rows, columns))).toThrow(
            `${value} at row ${Math.floor(i / columns)}, column ${i % columns}`,
          );
        },
      ),
      { seed: 18, numRuns: 200 },
    );
  });
  test("all NaN patterns", () => {
    for (const bits of [0x7f800001, 0x7fffffff, 0x7fc00000, -1, -4194304, -8388607]) {
      const data = new Float32Array(Int32Array.of(0, bits).buffer);
      expect(() => checkFinite(matrix(data, 1, 2))).toThrow(/NaN at row 0, column 1/);
    }
  });
});

describe("codes", () => {
  const codes = (data: number[], ...shape: number[]) =>
    ({ data: Int32Array.from(data), shape }) as never;
  test("good ones, empty ones and prefixes", () => {
    expect(checkCodes(codes([0, 3, 1, 0], 2, 2), [2, 4])).toBe(2);
    expect(checkCodes(codes([], 0, 2), [2, 4])).toBe(0);
    expect(checkCodes(codes([1, 0], 2, 1), [2, 4], { prefix: true })).toBe(2);
  });
  test("bad ones", () => {
    expect(() => checkCodes(codes([0, 4], 1, 2), [2, 4])).toThrow(
      /\[0, 4\) in codebook 1, got 4 at position 0/,
    );
    expect(() => checkCodes(codes([0, 0, -1, 0], 2, 2), [2, 4])).toThrow(/-1 at position 1/);
    expect(() => checkCodes(codes([1, 0], 2, 1), [2, 4])).toThrow(/2 codebooks/);
    expect(() => checkCodes(codes([], 2, 0), [2, 4], { prefix: true })).toThrow(/1 to 2/);
    expect(() => checkCodes(codes([1], 1, 2), [2, 4])).toThrow(/2 codes, got 1/);
    expect(() => checkCodes({ data: [0], shape: [1, 1] } as never, [2])).toThrow(/Int32Array/);
    expect(() => checkCodes(null as never, [2])).toThrow(/Null/);
  });
});
