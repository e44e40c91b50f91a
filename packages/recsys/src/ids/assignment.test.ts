import { createRandom } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assign } from "./assignment.js";

/** The least cost by trying everything. */
function bruteForce(costs: Float32Array, rows: number, columns: number): number {
  const taken = new Set<number>();
  const from = (row: number): number => {
    if (row === rows) return 0;
    let best = Infinity;
    for (let k = 0; k < columns; k++) {
      if (taken.has(k)) continue;
      taken.add(k);
      best = Math.min(best, costs[row * columns + k]! + from(row + 1));
      taken.delete(k);
    }
    return best;
  };
  return from(0);
}

describe("assignment", () => {
  it("solves the example by hand", () => {
    // Item 0 would like code 0 too, but item 1 has more to lose: 2 + 1 beats 1 + 9.
    const costs = { data: Float32Array.of(1, 2, 8, 1, 9, 9), shape: [2, 3] as const };
    expect([...assign(costs)]).toEqual([1, 0]);
  });

  it("costs as little as the best of all assignments", () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 2 }));
    fc.assert(
      fc.property(shape, fc.nat(10_000), ([rows, more], seed) => {
        const columns = rows + more;
        const random = createRandom(seed);
        const data = Float32Array.from({ length: rows * columns }, () => random.integer(20) - 5);
        const found = assign({ data, shape: [rows, columns] });
        expect(new Set(found).size).toBe(rows);
        const cost = found.reduce((sum, k, i) => sum + data[i * columns + k]!, 0);
        expect(cost).toBe(bruteForce(data, rows, columns));
      }),
      { seed: 4, numRuns: 150 },
    );
  });

  it("refuses what has no solution", () => {
    expect(() => assign({ data: new Float32Array(2), shape: [2, 1] })).toThrow(/2 items, 1 codes/);
    expect(() => assign({ data: new Float32Array(3), shape: [2, 2] })).toThrow(/costs/);
    expect(() => assign({ data: Float32Array.of(NaN, NaN), shape: [1, 2] })).toThrow(/finite/);
  });
});
