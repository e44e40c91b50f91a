import fc from "fast-check";
import { expect, test } from "vitest";
import { deduplicate, expand } from "./run-length.js";

test("by hand", () => {
  expect(deduplicate([7, 7, 7, 3, 7, 7])).toEqual({
    units: Int32Array.of(7, 3, 7),
    durations: Int32Array.of(3, 1, 2),
  });
  expect(expand({ units: [7, 3], durations: [2, 1] })).toEqual(Int32Array.of(7, 7, 3));
  expect(deduplicate([5, 5, 5, 5, 5], { maxDuration: 2 })).toEqual({
    units: Int32Array.of(5, 5, 5),
    durations: Int32Array.of(2, 2, 1),
  });
  // Rows of two codes: a run ends when either changes.
  expect(deduplicate([1, 2, 1, 2, 1, 3], { width: 2 })).toEqual({
    units: Int32Array.of(1, 2, 1, 3),
    durations: Int32Array.of(2, 1),
  });
  expect(deduplicate([])).toEqual({ units: new Int32Array(0), durations: new Int32Array(0) });
});

test("laws: expanding undoes it; nothing repeats; durations add up and keep their bound", () => {
  const rows = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 1, max: 3 }),
      fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      (list, width, maxDuration) => {
        const codes = list.slice(0, list.length - (list.length % width));
        const runs = deduplicate(codes, {
          width,
          ...(maxDuration !== undefined && { maxDuration }),
        });
        expect([...expand(runs, { width })]).toEqual(codes);
        expect(runs.durations.reduce((a, b) => a + b, 0)).toBe(codes.length / width);
        expect(Math.max(0, ...runs.durations)).toBeLessThanOrEqual(maxDuration ?? Infinity);
        const free = deduplicate(codes, { width });
        for (let i = 1; i < free.durations.length; i++) {
          const row = (n: number) => [...free.units.subarray(n * width, n * width + width)];
          expect(row(i)).not.toEqual(row(i - 1));
        }
      },
    ),
    { seed: 15, numRuns: 200 },
  );
});

test("bad input", () => {
  expect(() => deduplicate([1, 2, 3], { width: 2 })).toThrow(/multiple of 2/);
  expect(() => deduplicate([1], { maxDuration: 0 })).toThrow(/maxDuration/);
  expect(() => expand({ units: [1], durations: [1, 1] })).toThrow(/2 units/);
  expect(() => expand({ units: [1], durations: [0] })).toThrow(/0 at 0/);
  expect(() => expand({ units: [1], durations: [-3] })).toThrow(/-3 at 0/);
  expect(() => expand({ units: [1], durations: [1.5] })).toThrow(/1\.5/);
  expect(() => expand({ units: [1, 1], durations: [2 ** 31 - 1, 2 ** 31 - 1] })).toThrow(/pieces/);
});
