import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphOf } from "../../test/random-graph.js";
import { withNeighbourMeans } from "./aggregate.js";
import { distinctCodes, likeliestEdges } from "./decode-edges.js";
import { nodeFeatures, WORD_DIM } from "./features.js";

describe("withNeighbourMeans", () => {
  it("by hand: own row, successors' mean, predecessors' mean", () => {
    const graph = graphOf(["a\tr\tb", "a\ts\tc", "c\tr\tb"]);
    const x = { data: Float32Array.of(1, 10, 100), shape: [3, 1] as const };
    expect([...withNeighbourMeans(graph, x).data]).toEqual([1, 55, 0, 10, 0, 50.5, 100, 10, 1]);
    expect([...withNeighbourMeans(graph, x, 1, 2).data]).toEqual([10, 0, 50.5]);
  });
});

describe("nodeFeatures", () => {
  it("counts relations either way, and hashes words to length 1", () => {
    const graph = graphOf(["a\tr\tb", "a\tr\tc", "a\ts\tc"]);
    const { data, shape } = nodeFeatures(graph, ["Two words", "", "words TWO"]);
    expect(shape).toEqual([3, 4 + WORD_DIM]);
    const row = (n: number) => data.subarray(n * shape[1], (n + 1) * shape[1]);
    expect(row(0)[0]).toBeCloseTo(Math.log(3), 6);
    expect(row(0)[1]).toBeCloseTo(Math.log(2), 6);
    expect(row(2)[2]).toBeCloseTo(Math.log(2), 6);
    expect(Math.hypot(...row(0).subarray(4))).toBeCloseTo(1, 6);
    expect(Math.hypot(...row(1).subarray(4))).toBe(0);
    expect([...row(0).subarray(4)]).toEqual([...row(2).subarray(4)]);
  });
});

describe("likeliestEdges", () => {
  it("is what a look at all pairs finds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 14 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 1000 }),
        (codes, count, seed) => {
          const { of, first } = distinctCodes({
            data: Int32Array.from(codes),
            shape: [codes.length, 1],
          });
          expect([...of].map((row) => codes[first[row]!])).toEqual(codes);
          const value = (i: number) => Math.sin(seed + 37 * i);
          const matrix = (shift: number) => ({
            data: Float32Array.from({ length: first.length * 2 }, (_, i) => value(i + shift)),
            shape: [first.length, 2] as const,
          });
          const [sources, targets] = [matrix(0), matrix(100)];
          const logit = (a: number, b: number) =>
            Math.fround(
              sources.data[of[a]! * 2]! * targets.data[of[b]! * 2]! +
                sources.data[of[a]! * 2 + 1]! * targets.data[of[b]! * 2 + 1]!,
            );
          const { heads, tails } = likeliestEdges(of, sources, targets, count);
          const pairs = codes.flatMap((_, a) =>
            codes.flatMap((__, b) => (a === b ? [] : [logit(a, b)])),
          );
          const best = pairs.toSorted((a, b) => b - a).slice(0, count);
          expect(Array.from(heads, (a, e) => logit(a, tails[e]!))).toEqual(best);
          expect(new Set(Array.from(heads, (a, e) => `${a} ${tails[e]!}`)).size).toBe(heads.length);
        },
      ),
    );
  });

  it("refuses more codes than it can pair", () => {
    const many = { data: new Float32Array(9000), shape: [9000, 1] as const };
    expect(() => likeliestEdges(new Int32Array(2), many, many, 1)).toThrow(/8192/);
  });
});
