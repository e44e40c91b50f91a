import { createRandom } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sinkhorn } from "./sinkhorn.js";

describe("Sinkhorn", () => {
  it("solves the 2 x 2 example by hand", () => {
    // By symmetry P = [[p, q], [q, p]] / 2 with p / q = exp(1 / epsilon) = e^2.
    const { data } = sinkhorn(
      { data: Float32Array.of(0, 3, 3, 0), shape: [2, 2] },
      { epsilon: 0.5 },
    );
    const p = Math.exp(2) / (1 + Math.exp(2));
    for (const [i, value] of [p, 1 - p, 1 - p, p].entries())
      expect(data[i]).toBeCloseTo(value / 2, 5);
  });

  it("has uniform marginals, and prefers what is cheap", () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(shape, fc.nat(1000), ([rows, columns], seed) => {
        const random = createRandom(seed);
        const costs = Float32Array.from({ length: rows * columns }, () => random.float() * 100);
        const plan = sinkhorn(
          { data: costs, shape: [rows, columns] },
          { epsilon: 0.1, iterations: 5000, tolerance: 1e-6 },
        );
        let cost = 0;
        for (let i = 0; i < rows; i++) {
          let sum = 0;
          for (let k = 0; k < columns; k++) {
            sum += plan.data[i * columns + k]!;
            cost += plan.data[i * columns + k]! * costs[i * columns + k]!;
          }
          expect(sum * rows).toBeCloseTo(1, 3);
        }
        for (let k = 0; k < columns; k++) {
          let sum = 0;
          for (let i = 0; i < rows; i++) sum += plan.data[i * columns + k]!;
          expect(sum * columns).toBeCloseTo(1, 4);
        }
        // The independent plan has the same marginals, and is never cheaper.
        const mean = costs.reduce((a, b) => a + b, 0) / costs.length;
        expect(cost).toBeLessThanOrEqual(mean * (1 + 1e-4));
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it("stays finite at tiny epsilons and equal costs", () => {
    const sharp = sinkhorn({ data: Float32Array.of(0, 1, 1, 0), shape: [2, 2] }, { epsilon: 1e-6 });
    expect([...sharp.data]).toEqual([0.5, 0, 0, 0.5]);
    const flat = sinkhorn({ data: new Float32Array(6).fill(7), shape: [2, 3] });
    for (const value of flat.data) expect(value).toBeCloseTo(1 / 6, 6);
  });

  it("refuses what is no matrix of costs", () => {
    const one = { data: Float32Array.of(1), shape: [1, 1] as const };
    expect(() => sinkhorn({ data: Float32Array.of(NaN), shape: [1, 1] })).toThrow(/finite/);
    expect(() => sinkhorn({ data: new Float32Array(0), shape: [0, 1] })).toThrow(/costs/);
    expect(() => sinkhorn({ data: new Float32Array(3), shape: [2, 2] })).toThrow(/costs/);
    expect(() => sinkhorn(one, { epsilon: 0 })).toThrow(/epsilon/);
    expect(() => sinkhorn(one, { iterations: 0 })).toThrow(/iteration/);
  });
});
