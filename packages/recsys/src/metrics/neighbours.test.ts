import type { Codes, Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { neighbourRecall } from "./neighbours.js";

describe("neighbourRecall", () => {
  it("counts neighbours in the same prefix", () => {
    const vectors: Matrix = { data: Float32Array.of(0, 1, 10, 11), shape: [4, 1] };
    const good: Codes = { data: Int32Array.of(0, 0, 0, 1, 1, 0, 1, 1), shape: [4, 2] };
    const { recall, chance } = neighbourRecall(vectors, good, { neighbours: 1 });
    expect(recall).toEqual([1, 0]);
    expect(chance[0]).toBeCloseTo(1 / 3, 10);
    const bad: Codes = { data: Int32Array.of(0, 1, 0, 1), shape: [4, 1] };
    expect(neighbourRecall(vectors, bad, { neighbours: 1 }).recall).toEqual([0]);
    // All others are neighbours: recall is chance.
    const all = neighbourRecall(vectors, bad, { neighbours: 9 });
    expect(all.recall[0]).toBeCloseTo(all.chance[0]!, 10);
  });

  it("refuses codes of other vectors", () => {
    const vectors: Matrix = { data: Float32Array.of(0, 1), shape: [2, 1] };
    expect(() => neighbourRecall(vectors, { data: new Int32Array(1), shape: [1, 1] })).toThrow(
      /2 rows/,
    );
  });
});
