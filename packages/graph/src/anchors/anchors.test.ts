import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { sampledBetweenness } from "./betweenness.js";
import { greedyCover } from "./cover.js";
import { nearestAnchors, NONE } from "./nearest.js";
import type { DirectionPolicy } from "./nearest.js";
import { pageRank, pushPageRank } from "./pagerank.js";
import { relationContext } from "./relations.js";
import { parseMix, selectAnchors, topRanked } from "./select.js";

/** Distances from every node to one anchor, plainly. */
function distancesTo(graph: KnowledgeGraph, anchor: number, policy: DirectionPolicy): number[] {
  const out = graph.nodes.map(() => Infinity);
  out[anchor] = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (let n = 0; n < out.length; n++) {
      const steps: number[] = [];
      if (policy !== "in") {
        steps.push(...graph.out.node.subarray(graph.out.start[n], graph.out.start[n + 1]));
      }
      if (policy !== "out") {
        steps.push(...graph.in.node.subarray(graph.in.start[n], graph.in.start[n + 1]));
      }
      for (const m of steps) {
        if (out[m]! + 1 < out[n]!) {
          out[n] = out[m]! + 1;
          changed = true;
        }
      }
    }
  }
  return out;
}

test("the nearest anchors are those of plain searches, ties to the lower, unreachable ones none", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 2, max: 25 }),
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom<DirectionPolicy>("both", "out", "in"),
      fc.integer({ min: 1, max: 6 }),
      (seed, nodes, edges, policy, wanted) => {
        const graph = graphOf(randomLines(seed, nodes, edges), ["n0", "n1"]);
        const count = Math.min(graph.nodes.length, 5);
        const anchors = selectAnchors(graph, count, { mix: { random: 1 }, seed });
        const k = Math.min(wanted, count);
        const { anchor, distance } = nearestAnchors(graph, anchors, k, policy);
        const plain = Array.from(anchors, (a) => distancesTo(graph, a, policy));
        for (let n = 0; n < graph.nodes.length; n++) {
          const expected = plain
            .map((d, i) => [d[n]!, i] as const)
            .filter(([d]) => d < Infinity)
            .sort((x, y) => x[0] - y[0] || x[1] - y[1])
            .slice(0, k);
          for (let j = 0; j < k; j++) {
            expect(anchor[n * k + j]).toBe(expected[j]?.[1] ?? NONE);
            expect(distance[n * k + j]).toBe(expected[j]?.[0] ?? NONE);
          }
        }
      },
    ),
    { seed: 2, numRuns: 150 },
  );
});

test("PageRank by hand: a star's centre; the sum is one, also with isolated nodes", () => {
  const star = graphOf(["a\tr\tm", "b\tr\tm", "c\tr\tm"]);
  const rank = pageRank(star);
  // m = 0.15/4 + 0.85 (3 leaves); leaf = 0.15/4 + 0.85 m/3.
  const m = (0.0375 + 0.85 * 3 * 0.0375) / (1 - 0.85 ** 2);
  expect(rank[3]).toBeCloseTo(m, 2);
  expect(rank[0]).toBeCloseTo(0.0375 + (0.85 * m) / 3, 2);
  const graph = graphOf(randomLines(5, 20, 25), ["alone"]);
  expect(pageRank(graph).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
  const alone = graph.indexOf("alone");
  expect(pageRank(graph, { restart: [alone] })[alone]).toBeCloseTo(1, 6);
  expect(pushPageRank(graph, [alone])[alone]).toBeCloseTo(1, 6);
  for (const restart of [[], [99], [0.5]]) {
    expect(() => pageRank(graph, { restart })).toThrow(/restart/);
    expect(() => pushPageRank(graph, restart)).toThrow(/restart/);
  }
  expect(() => pageRank(graph, { damping: 1 })).toThrow(/damping/);
});

test("betweenness by hand: the middle of a path", () => {
  const path = graphOf(["a\tr\tb", "b\tr\tc", "c\tr\td", "d\tr\te"]);
  // Ordered pairs through b: (a,c) (a,d) (a,e) and back; through c: 4 and back.
  expect([...sampledBetweenness(path)]).toEqual([0, 6, 8, 6, 0]);
});

test("greedy cover by hand: a hub, then what it leaves", () => {
  const graph = graphOf(["h\tr\ta", "h\tr\tb", "h\tr\tc", "x\tr\ty", "y\tr\tz"]);
  const names = (anchors: Int32Array) => Array.from(anchors, (n) => graph.nodes[n]);
  expect(names(greedyCover(graph, 2).anchors)).toEqual(["h", "y"]);
  // All seven are covered by two: no third is chosen.
  expect(greedyCover(graph, 5)).toMatchObject({ coverage: 1 });
  expect(greedyCover(graph, 5).anchors.length).toBe(2);
  expect(greedyCover(graph, 5, { coverage: 0.5 })).toEqual({
    anchors: Int32Array.of(graph.indexOf("h")),
    coverage: 4 / 7,
  });
  expect(() => greedyCover(graph, 1, { radius: 0 })).toThrow(/radius/);
  expect(() => greedyCover(graph, 1, { coverage: 0 })).toThrow(/coverage/);
});

test("greedy cover is that of trying every node, at any radius", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 50 }),
      (seed, radius, edges) => {
        const graph = graphOf(randomLines(seed, 20, edges), ["alone"]);
        const { length } = graph.nodes;
        const within = graph.nodes.map((_, n) =>
          distancesTo(graph, n, "both").flatMap((d, m) => (d <= radius ? [m] : [])),
        );
        const left = new Set(within.keys());
        const plain: number[] = [];
        while (left.size > 0) {
          let best = 0;
          const gain = (n: number) => within[n]!.filter((m) => left.has(m)).length;
          for (let n = 1; n < length; n++) if (gain(n) > gain(best)) best = n;
          for (const m of within[best]!) left.delete(m);
          plain.push(best);
        }
        expect([...greedyCover(graph, length, { radius }).anchors]).toEqual(plain);
      },
    ),
    { seed: 6, numRuns: 60 },
  );
});

test("personalised PageRank by pushes is that of passes, within its tolerance", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const graph = graphOf(randomLines(seed, 30, 60), ["alone"]);
      const restart = [seed % graph.nodes.length, 0];
      const exact = pageRank(graph, { restart, tolerance: 1e-12, passes: 1000 });
      const pushed = pushPageRank(graph, restart, { tolerance: 1e-8 });
      for (const [n, value] of pushed.entries()) expect(value).toBeCloseTo(exact[n]!, 5);
    }),
    { seed: 7, numRuns: 40 },
  );
});

test("the highest by score, ties to the lower number", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), (scores) => {
      const plain = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
      const count = Math.ceil(scores.length / 2);
      expect([...topRanked(Float64Array.from(scores), count)]).toEqual(plain.slice(0, count));
    }),
    { seed: 8 },
  );
});

test("mixes: shares, no node twice, the same for a seed", () => {
  const graph = graphOf(randomLines(7, 60, 200));
  const mix = parseMix("degree:0.4,ppr:0.4,random:0.2");
  const anchors = selectAnchors(graph, 20, { mix, seed: 3 });
  expect(new Set(anchors).size).toBe(20);
  expect([...anchors]).toEqual([...selectAnchors(graph, 20, { mix, seed: 3 })]);
  expect([...anchors]).not.toEqual([...selectAnchors(graph, 20, { mix, seed: 4 })]);
  for (const bad of ["degree", "degree:0.5", "size:1", "degree:-1,random:2", ""]) {
    if (bad === "degree") expect(parseMix(bad)).toEqual({ degree: 1 });
    else expect(() => parseMix(bad)).toThrow(/add up to 1/);
  }
  expect(() => selectAnchors(graph, 0)).toThrow(/anchors/);
  expect(() => selectAnchors(graph, 1e6)).toThrow(/anchors/);
});

test("relations by hand: once each, the most frequent where they do not fit", () => {
  const graph = graphOf(["a\tx\tb", "a\ty\tb", "a\ty\tc", "c\tx\ta", "b\tz\tb"]);
  // x, y, z are 0, 1, 2 outgoing and 3, 4, 5 incoming.
  expect([...relationContext(graph, 3)]).toEqual([0, 1, 3, 2, 3, 4, 0, 4, NONE]);
  expect([...relationContext(graph, 1)].slice(0, 1)).toEqual([1]);
  const random = relationContext(graph, 1, "random", 5);
  expect([0, 1, 3]).toContain(random[0]);
  expect([...relationContext(graph, 1, "random", 5)]).toEqual([...random]);
  expect(relationContext(graph, 0).length).toBe(0);
});
