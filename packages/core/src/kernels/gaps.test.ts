import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { gapsOf } from "./gaps.js";
import { exactDistance } from "./reference.js";

test("by hand", () => {
  // 0, 3 and 10 on a line: from 3 they are 9, 0 and 49 away, then from 10 too.
  const { gaps, add } = gapsOf({ data: Float32Array.of(0, 3, 10), shape: [3, 1] });
  expect(add(1)).toBe(58);
  expect(add(2)).toBe(9);
  expect([...gaps]).toEqual([9, 0, 0]);
});

test("the least distance to any that was added, bit for bit, and the sum in order", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 19 }),
      fc.constantFrom(1, 1e-22, 1e25),
      fc.integer(),
      (rows, dim, scale, seed) => {
        const random = createRandom(seed);
        const data = random.fillNormal(new Float32Array(rows * dim)).map((v) => v * scale);
        const picks = Array.from({ length: 4 }, () => random.integer(rows));
        const { gaps, add } = gapsOf({ data, shape: [rows, dim] });
        const sums = picks.map(add);
        const least = Array.from({ length: rows }, (_, n) =>
          Math.min(...picks.map((pick) => exactDistance(data, n, data, pick, dim))),
        );
        expect([...gaps]).toEqual(least);
        expect(sums[3]).toBe(least.reduce((sum, gap) => sum + gap, 0));
      },
    ),
  );
});
