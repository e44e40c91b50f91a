import { checkTokenGrid } from "@dtok/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { NONE } from "../anchors/nearest.js";
import { Earl } from "./earl.js";

const animals = graphOf(
  ["cat\tisa\tmammal", "dog\tisa\tmammal", "cat\teats\tmouse", "mouse\tisa\tmammal"],
  ["alone"],
);

test("by hand", () => {
  const earl = new Earl(animals, {
    reservedNodes: ["dog", "cat"],
    perNode: 2,
    relations: 2,
    levels: 4,
  });
  expect(Array.from(earl.reserved, (n) => animals.nodes[n])).toEqual(["cat", "dog"]);
  // eats, isa are 0, 1 outgoing and 2, 3 incoming. cat = (1, 1, 0, 0), dog = (0, 1, 0, 0),
  // mouse = (0, 1, 1, 0), mammal = (0, 0, 0, 3).
  const half = Math.SQRT1_2;
  const rows = ["cat", "dog", "mouse", "mammal", "alone"].map((name) => {
    const n = animals.indexOf(name) * 2;
    return [...earl.neighbour.subarray(n, n + 2), ...earl.similarity.subarray(n, n + 2)];
  });
  expect(rows[0]).toEqual([0, 1, 1, expect.closeTo(half, 5)]);
  expect(rows[1]).toEqual([1, 0, 1, expect.closeTo(half, 5)]);
  // 1 / sqrt(2) to dog, 1 / 2 to cat.
  expect(rows[2]).toEqual([1, 0, expect.closeTo(half, 5), expect.closeTo(0.5, 5)]);
  expect(rows[3]).toEqual([NONE, NONE, 0, 0]);
  expect(rows[4]).toEqual([NONE, NONE, 0, 0]);
  expect(earl.codebookSizes).toEqual([3, 3, 5, 5, 6, 6, 17, 17]);
  const grid = checkTokenGrid(earl.encode(["mouse", "mammal", "alone"]));
  expect([...grid.codes.data]).toEqual(
    [
      [1, 0, 2, 2, 1, 2, 0, 0],
      [2, 2, 4, 4, 3, 5, 1, 16],
      [2, 2, 4, 4, 5, 5, 16, 16],
    ].flat(),
  );
  expect(earl.line("mouse")).toBe("mouse: dog~0.71 cat~0.50 | isa>x1 <eatsx1");
  expect(earl.line("alone")).toBe("alone: no reserved entity | no relation");
  expect(earl.texts("mouse").slice(0, 2)).toEqual(["<|reserved:dog|>", "<|reserved:cat|>"]);
  expect(earl.gridOf(earl.ids(grid)).codes).toEqual(grid.codes);
});

/** Cosine of the counts of two nodes' relations, plainly. */
function cosine(earl: Earl, a: number, b: number): number {
  const { start, relation, count } = earl.profiles;
  const of = (n: number) =>
    new Map(
      Array.from({ length: start[n + 1]! - start[n]! }, (_, i) => [
        relation[start[n]! + i]!,
        count[start[n]! + i]!,
      ]),
    );
  const [x, y] = [of(a), of(b)];
  const norm = (m: Map<number, number>) => Math.hypot(...m.values());
  let dot = 0;
  for (const [r, c] of x) dot += c * (y.get(r) ?? 0);
  return dot / (norm(x) * norm(y) || 1);
}

test("the most similar are those of all comparisons", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 8 }),
      (seed, edges, k) => {
        const graph = graphOf(randomLines(seed, 30, edges, 5), ["a", "b", "c", "d"]);
        const reserved = Math.max(k, Math.floor(graph.nodes.length / 3));
        if (reserved > graph.nodes.length) return;
        const earl = new Earl(graph, { reserved, perNode: k, seed });
        for (let n = 0; n < graph.nodes.length; n++) {
          const all = Array.from(earl.reserved, (r) => (r === n ? 1 : cosine(earl, n, r)))
            .filter((value) => value > 0)
            .sort((x, y) => y - x);
          const who = earl.neighbour.subarray(n * k, (n + 1) * k);
          const found = [...who].filter((i) => i !== NONE);
          expect(new Set(found).size).toBe(found.length);
          expect(found.length).toBe(Math.min(k, all.length));
          if (earl.reserved.includes(n)) expect(earl.reserved[found[0]!]).toBe(n);
          for (const [j, i] of found.entries()) {
            const r = earl.reserved[i]!;
            const value = earl.similarity[n * k + j]!;
            expect(value).toBeCloseTo(all[j]!, 5);
            expect(value).toBeCloseTo(r === n ? 1 : cosine(earl, n, r), 5);
          }
        }
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});

test("the same for a seed and any order of edges; nodes of equal relations are told apart", () => {
  const lines = randomLines(11, 200, 400, 2);
  const one = new Earl(graphOf(lines), { seed: 5 });
  const two = new Earl(graphOf(lines.toReversed()), { seed: 5 });
  expect([...two.encode().codes.data]).toEqual([...one.encode().codes.data]);
  expect([...new Earl(graphOf(lines), { seed: 6 }).reserved]).not.toEqual([...one.reserved]);
  const leaves = graphOf(Array.from({ length: 400 }, (_, i) => `leaf${i}\tr\thub`));
  const earl = new Earl(leaves, { reserved: 100, perNode: 4 });
  const rows = new Set(
    leaves.nodes.map((_, n) => earl.neighbour.subarray(n * 4, n * 4 + 4).join()),
  );
  expect(rows.size).toBeGreaterThan(390);
});

test("a few other edges change few of those drawn among equals", () => {
  const leaves = Array.from({ length: 400 }, (_, i) => `leaf${i}\tr\thub`);
  const reservedNodes = leaves.slice(0, 200).map((line) => line.split("\t")[0]!);
  const of = (lines: readonly string[]) =>
    new Earl(graphOf([...lines, "x\ts\ty"]), { reservedNodes, perNode: 6 });
  const [before, after] = [
    of(leaves),
    // Ten of the reserved are like the others no more.
    of([...leaves, ...Array.from({ length: 10 }, (_, i) => `leaf${i * 7}\ts\ty`)]),
  ];
  const names = (earl: Earl, n: number) =>
    Array.from(earl.neighbour.subarray(n * 6, n * 6 + 6), (i) =>
      reservedNodes.indexOf(earl.graph.nodes[earl.reserved[i]!]!),
    );
  let [kept, all] = [0, 0];
  for (let i = 200; i < 400; i++) {
    const n = before.graph.indexOf(`leaf${i}`);
    const now = new Set(names(after, n));
    for (const who of names(before, n)) {
      all++;
      if (now.has(who)) kept++;
    }
  }
  // A twentieth is gone.
  expect(kept / all).toBeGreaterThan(0.9);
  expect(kept).toBeLessThan(all);
});

test("new nodes: those that were taken out come back with their codes; unknown relations", () => {
  const lines = [...randomLines(2, 40, 120), "n1\tr0\tn2", "n2\tr1\tn3", "n3\tr2\tn4"];
  const without = new Earl(graphOf(lines), { reservedNodes: ["n1", "n2", "n3", "n4"], perNode: 3 });
  // A leaf changes the relations of the node that it hangs on, which is no reserved one.
  const whole = new Earl(graphOf([...lines, "leaf\tr0\tn9", "n9\tr2\tleaf"]), {
    reservedNodes: ["n1", "n2", "n3", "n4"],
    perNode: 3,
  });
  const edges = [
    { relation: "r0", node: "n9" },
    { relation: "r2", node: "n9", direction: "in" as const },
  ];
  expect([...without.encodeNew(edges, { name: "leaf" }).codes.data]).toEqual([
    ...whole.encode(["leaf"]).codes.data,
  ]);
  const odd = [...edges, { relation: "never seen", node: "n1" }];
  expect(() => without.encodeNew(odd)).toThrow(/never seen/);
  const grid = without.encodeNew(odd, { unknown: "token" });
  // 2 k places, then the relations: r0 out, r2 in, unknown.
  expect([...grid.codes.data.subarray(6, 9)]).toEqual([0, 5, 6]);
  expect(() => new Earl(graphOf([]))).toThrow(/at least one node/);
  expect(() => new Earl(animals, { reserved: 99 })).toThrow(/reserved/);
  expect(() => new Earl(animals, { levels: 0 })).toThrow(/levels/);
});
