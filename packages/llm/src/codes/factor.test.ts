import { createTokenGrid } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factorCodes, joinFactors } from "../index.js";

const grid = (size: number, codes: number[]) =>
  createTokenGrid({
    codes: { data: Int32Array.from(codes), shape: [codes.length, 1] },
    shape: [1, codes.length],
    codebookSizes: [size],
    tokenizer: "image/a",
    side: { width: 3 },
  });

describe("factorCodes", () => {
  it("is a hand-worked example: 700 = 188 + 512 x 1", () => {
    const factored = factorCodes(grid(15360, [700, 15359]), [512, 30], "image/a-2");
    expect([...factored.codes.data]).toEqual([188, 1, 511, 29]);
    expect(factored).toMatchObject({ codebookSizes: [512, 30], tokenizer: "image/a-2" });
  });

  it("has an inverse", () => {
    const factors = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(factors, fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), (list, codes) => {
        const size = list.reduce((a, b) => a * b, 1);
        const before = grid(
          size,
          codes.map((code) => code % size),
        );
        expect(joinFactors(factorCodes(before, list, "x"), "image/a")).toEqual(before);
      }),
      { seed: 9, numRuns: 60 },
    );
  });

  it("refuses other products", () => {
    expect(() => factorCodes(grid(10, [1]), [2, 4], "x")).toThrow(/its size, 10/);
    expect(() => factorCodes(grid(10, [1]), [0], "x")).toThrow(/positive/);
  });
});
