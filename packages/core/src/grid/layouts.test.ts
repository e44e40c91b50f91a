import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { allowedIds, flattenGrid, levelOffsets, unflattenIds } from "./layouts.js";

const grid = {
  codes: { data: Int32Array.of(0, 1, 2, 0, 3, 4), shape: [3, 2] as const },
  codebookSizes: [4, 5],
};

test("by hand", () => {
  expect(levelOffsets([4, 5])).toEqual([0, 4, 9]);
  expect(flattenGrid(grid, "interleaved")).toEqual(Int32Array.of(0, 5, 2, 4, 3, 8));
  expect(flattenGrid(grid, "raster")).toEqual(Int32Array.of(0, 2, 3, 5, 4, 8));
});

describe.each(["raster", "interleaved"] as const)("%s", (layout) => {
  test("unflattening undoes flattening; every id lies in its allowed range", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer(),
        (codebookSizes, rows, seed) => {
          const random = createRandom(seed);
          const width = codebookSizes.length;
          const data = Int32Array.from({ length: rows * width }, (_, i) =>
            random.integer(codebookSizes[i % width]!),
          );
          const codes = { data, shape: [rows, width] as const };
          const ids = flattenGrid({ codes, codebookSizes }, layout);
          expect(unflattenIds(ids, codebookSizes, layout)).toEqual(codes);
          for (let i = 0; i < ids.length; i++) {
            const [first, end] = allowedIds(i, rows, codebookSizes, layout);
            expect(ids[i]! >= first && ids[i]! < end).toBe(true);
          }
        },
      ),
      { seed: 9, numRuns: 60 },
    );
  });

  test("ids that do not belong are refused", () => {
    const ids = flattenGrid(grid, layout);
    expect(() => unflattenIds(ids.subarray(1), [4, 5], layout)).toThrow(/multiple of 2/);
    const wrong = ids.slice();
    wrong[0] = 8;
    expect(() => unflattenIds(wrong, [4, 5], layout)).toThrow(/\[0, 4\) of codebook 0 at place 0/);
    expect(() => unflattenIds([0.5, 4], [4, 5], layout)).toThrow(/0\.5/);
    expect(() => flattenGrid({ ...grid, codebookSizes: [3, 5] }, layout)).toThrow(/codebook 0/);
    expect(() => flattenGrid({ ...grid, codebookSizes: [4] }, layout)).toThrow(/token grid/);
  });
});

test("limits", () => {
  expect(() => levelOffsets([2 ** 31, 2])).toThrow(/2\^31/);
  expect(() => flattenGrid(grid, "delay" as never)).toThrow(/raster, interleaved/);
  expect(() => allowedIds(6, 3, [4, 5], "raster")).toThrow(/place/);
});
