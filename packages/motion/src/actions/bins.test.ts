import fc from "fast-check";
import { expect, test } from "vitest";
import { matrix, waves } from "../../test/trajectories.js";
import { BinActions } from "./bins.js";

test("by hand", () => {
  // Four bins of [0, 8] are 2 wide; of [-1, 1] 0.5 wide. 8 itself and 9 are in the last bin.
  const t = BinActions.fit([matrix(2, 2, [0, -1, 8, 1])], { bins: 4 });
  const grid = t.encode(matrix(3, 2, [1.9, -0.6, 8, 0, 9, -7]));
  expect([...grid.codes.data]).toEqual([0, 0, 3, 2, 3, 0]);
  expect(grid.shape).toEqual([3]);
  expect(grid.codebookSizes).toEqual([4, 4]);
  expect([...t.decode(grid).data]).toEqual([1, -0.75, 7, 0.25, 7, -0.75]);
});

test("inside the bounds an error is at most half a bin, and codes come back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -3, max: 5, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.constantFrom(2, 7, 256, 4096),
      (values, bins) => {
        const t = BinActions.fit([matrix(2, 1, [-3, 5])], { bins });
        const grid = t.encode(matrix(values.length, 1, values));
        const back = t.decode(grid);
        for (const [i, value] of values.entries())
          expect(Math.abs(back.data[i]! - value)).toBeLessThanOrEqual(4 / bins + 1e-5);
        expect(t.encode(back)).toEqual(grid);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

test("quantiles leave outliers out; a dimension that stands still does no harm", () => {
  const values = Array.from({ length: 101 }, (_, i) => [i, 5]).flat();
  values[0] = -1e6;
  const t = BinActions.fit([matrix(101, 2, values)], { quantiles: [0.01, 0.99] });
  expect(t.bounds.low[0]).toBe(1);
  expect(t.bounds.high[0]).toBe(99);
  const back = t.decode(t.encode(matrix(1, 2, [50, 5])));
  expect(Math.abs(back.data[1]! - 5)).toBeLessThan(0.01);
  expect(() => BinActions.fit(waves(1, 9, 2), { quantiles: [0.5, 0.5] })).toThrow(/quantiles/);
  expect(() => BinActions.fit(waves(1, 9, 2), { bins: 1 })).toThrow(/bins/);
});
