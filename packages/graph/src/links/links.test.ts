import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { KnownLinks, filteredRank, linkMetrics } from "./rank.js";
import { linksOf, splitLinks } from "./split.js";

describe("filteredRank", () => {
  it("by hand", () => {
    const scores = Float32Array.of(5, 9, 7, 7, 1);
    expect(filteredRank(scores, 1)).toBe(1);
    expect(filteredRank(scores, 0)).toBe(4);
    // Without nodes 1 and 2, which are answers too.
    expect(filteredRank(scores, 0, [0, 1, 2])).toBe(2);
    // 2 and 3 share places 2 and 3.
    expect(filteredRank(scores, 3)).toBe(2.5);
    expect(filteredRank(new Float32Array(9), 4)).toBe(5);
  });

  it("counts better nodes and half of the equal ones", () => {
    const score = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.array(fc.nat()),
        (all, at, out) => {
          const target = at % all.length;
          const known = [...new Set(out.map((n) => n % all.length))];
          const left = all.filter((_, n) => n === target || !known.includes(n));
          const better = left.filter((value) => value > all[target]!).length;
          const equal = left.filter((value) => value === all[target]!).length;
          const rank = filteredRank(Float32Array.from(all), target, known);
          expect(rank).toBe(1 + better + (equal - 1) / 2);
        },
      ),
    );
  });
});

describe("linkMetrics", () => {
  it("by hand; no ranks are an error", () => {
    expect(linkMetrics([1, 2, 4, 20])).toEqual({
      mrr: (1 + 1 / 2 + 1 / 4 + 1 / 20) / 4,
      hits1: 1 / 4,
      hits3: 2 / 4,
      hits10: 3 / 4,
      count: 4,
    });
    expect(() => linkMetrics([])).toThrow(/at least one/);
  });
});

describe("splitLinks", () => {
  it("loses no edge, lets nothing leak, keeps every node of a held-out edge in training", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const graph = graphOf(randomLines(seed, 40, 400, 4));
        const split = splitLinks(graph, { share: 0.1, seed });
        const parts = [split.train, split.valid, split.test];
        expect(parts.reduce((sum, { heads }) => sum + heads.length, 0)).toBe(graph.edges);
        const keys = (e: number, { heads, tails }: (typeof parts)[number]) =>
          [heads[e]!, tails[e]!].sort((a, b) => a - b).join();
        const sides = parts.map(
          (part) => new Set(Array.from(part.heads.keys(), (e) => keys(e, part))),
        );
        for (const [i, a] of sides.entries()) {
          for (const b of sides.slice(i + 1))
            expect([...a].filter((key) => b.has(key))).toEqual([]);
        }
        const trained = new Set([...split.train.heads, ...split.train.tails]);
        for (const { heads, tails } of [split.valid, split.test]) {
          for (const n of [...heads, ...tails]) expect(trained.has(n)).toBe(true);
        }
        expect(split.test.heads.length).toBeGreaterThan(0);
        expect(split.graph.nodes).toEqual(graph.nodes);
        expect(split.graph.relations).toEqual(graph.relations);
        expect(splitLinks(graph, { share: 0.1, seed }).test).toEqual(split.test);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a share that leaves nothing", () => {
    expect(() => splitLinks(graphOf(["a\tr\tb"]), { share: 0.5 })).toThrow(/between 0 and 0.5/);
  });
});

describe("KnownLinks", () => {
  it("knows tails and heads of every edge", () => {
    const graph = graphOf(["a\tr\tb", "a\tr\tc", "b\ts\tc"]);
    const known = new KnownLinks(graph.relations.length, linksOf(graph));
    expect(known.tails(0, 0)).toEqual([1, 2]);
    expect(known.heads(2, 1)).toEqual([1]);
    expect(known.heads(0, 0)).toEqual([]);
  });
});
