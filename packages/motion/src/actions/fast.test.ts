import fc from "fast-check";
import { expect, test } from "vitest";
import { matrix, rms, wave, waves } from "../../test/trajectories.js";
import { FastActions } from "./fast.js";

test("by hand", () => {
  // Bounds [-1, 1] scale by 1. The DCT of (a, b) is ((a + b)/√2, (a - b)/√2):
  // (1, 1) -> (1.414, 0), (1, -1) -> (0, 1.414), (-1, -1) -> (-1.414, 0); γ = 10 makes 14.
  const rows = [1, 1, 1, -1, -1, -1];
  const t = FastActions.fit([matrix(6, 1, rows)], { chunk: 2, quantiles: [0, 1] });
  const { lowest, size } = t.toState().config as { lowest: number; size: number };
  // Fitted on -14 to 14, widened by half of its 29 values on both sides.
  expect([lowest, size]).toEqual([-29, 59]);
  const grid = t.encode(matrix(6, 1, rows));
  // No pair occurs twice, so nothing is merged: a code is the coefficient + 29.
  expect([...grid.codes.data]).toEqual([43, 29, 29, 43, 15, 29]);
  const back = t.decode(grid);
  for (const [i, value] of rows.entries()) expect(back.data[i]).toBeCloseTo(value * 0.99, 3);
});

test("frequent runs become one id; merges never cross a chunk", () => {
  const still = matrix(40, 3, new Float32Array(120).fill(2));
  const t = FastActions.fit([still, wave(400, 3, 1)], { chunk: 10 });
  const one = t.encode(matrix(10, 3, new Float32Array(30).fill(2)));
  const four = t.encode(still);
  expect(one.shape[0]).toBeLessThan(30);
  expect([...four.codes.data]).toEqual([0, 0, 0, 0].flatMap(() => [...one.codes.data]));
});

test("codes come back, errors are bounded, a finer scale is better", () => {
  const data = waves(6, 200, 4);
  const errors = [2, 10, 50].map((scale) => {
    const t = FastActions.fit(data, { scale, chunk: 10, vocabulary: 4096, quantiles: [0, 1] });
    let worst = 0;
    for (const one of data) {
      const grid = t.encode(one);
      const back = t.decode(grid);
      expect(t.encode(back).codes).toEqual(grid.codes);
      worst = Math.max(worst, rms(one, back));
      // Coefficients are off by at most half a unit; the transform keeps lengths. Widths are below 5.
      for (let i = 0; i < one.data.length; i++)
        expect(Math.abs(one.data[i]! - back.data[i]!)).toBeLessThan(
          (2.5 * Math.sqrt(10)) / 2 / scale,
        );
    }
    return worst;
  });
  expect(errors[1]).toBeLessThan(errors[0]! / 2);
  expect(errors[2]).toBeLessThan(errors[1]! / 2);
});

test("any number of rows, the last chunk filled up and cut", () => {
  const t = FastActions.fit(waves(4, 100, 2), { chunk: 8 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 99 }), (rows, seed) => {
      const one = wave(rows, 2, seed);
      const back = t.decode(t.encode(one));
      expect(back.shape).toEqual([rows, 2]);
      expect(rms(one, back)).toBeLessThan(0.5);
    }),
    { seed: 2, numRuns: 40 },
  );
});

test("half a chunk, or an alphabet too large, is an error; far values are clamped", () => {
  const t = FastActions.fit(waves(4, 100, 2), { chunk: 8 });
  const grid = t.encode(wave(16, 2, 9));
  const cut = grid.codes.data.slice(0, -1);
  const short = {
    ...grid,
    codes: { data: cut, shape: [cut.length, 1] as const },
    shape: [cut.length],
  };
  expect(() => t.decode(short)).toThrow(/coefficients/);
  expect(() => FastActions.fit(waves(1, 40, 2), { vocabulary: 2 })).toThrow(/vocabulary/);
  expect(() => FastActions.fit(waves(1, 40, 2), { scale: 0 })).toThrow(/scale/);
  expect(t.decode(t.encode(matrix(1, 2, [1e30, -1e30]))).data.every(Number.isFinite)).toBe(true);
});
