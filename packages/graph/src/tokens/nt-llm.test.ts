import { checkTokenGrid } from "@dtok/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { nearestAnchors } from "../anchors/nearest.js";
import type { DirectionPolicy } from "../anchors/nearest.js";
import { NtLlm } from "./nt-llm.js";

test("by hand", () => {
  const path = graphOf(["a\tr\tb", "b\tr\tc", "c\tr\td", "d\tr\te", "e\tr\tf"], ["alone"]);
  const nodes = new NtLlm(path, { anchors: 2, radius: 2, maxDistance: 3 });
  // c covers a to e; what is left is f and alone, one node each, and alone is the lower number.
  expect(Array.from(nodes.anchors, (n) => path.nodes[n])).toEqual(["c", "alone"]);
  expect(nodes.coverage).toBeCloseTo(6 / 7);
  expect(nodes.codebookSizes).toEqual([5, 5]);
  expect(nodes.line("f")).toBe("f: c@3 alone@-");
  const grid = checkTokenGrid(nodes.encode(["a", "alone"]));
  expect([...grid.codes.data]).toEqual([2, 4, 4, 0]);
  expect(nodes.gridOf(nodes.ids(grid)).codes).toEqual(grid.codes);
  expect(nodes.texts("a")).toEqual(["<|distance:2|>"]);
  expect([...nodes.encodeNew([{ relation: "r", node: "a" }]).codes.data]).toEqual([3, 4]);
  expect([...nodes.encodeNew([{ relation: "r", node: "f" }]).codes.data]).toEqual([4, 4]);
});

test("distances to more anchors than a word has bits are those of one search each", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 140 }),
      fc.constantFrom<DirectionPolicy>("both", "out", "in"),
      (seed, edges, policy) => {
        const graph = graphOf(randomLines(seed, 70, edges), ["n0"]);
        const nodes = new NtLlm(graph, { anchorNodes: graph.nodes, policy });
        const { length } = graph.nodes;
        for (let q = 0; q < length; q++) {
          const { distance } = nearestAnchors(graph, Int32Array.of(q), 1, policy, 30);
          expect(graph.nodes.map((_, n) => nodes.distances[n * length + q])).toEqual([...distance]);
        }
      },
    ),
    { seed: 9, numRuns: 20 },
  );
});

test("bad options", () => {
  const graph = graphOf(["a\tr\tb"]);
  expect(() => new NtLlm(graph, { anchors: 0 })).toThrow(/anchors/);
  expect(() => new NtLlm(graph, { coverage: 2 })).toThrow(/coverage/);
  expect(() => new NtLlm(graph, { maxDistance: 0 })).toThrow(/maxDistance/);
  expect(() => new NtLlm(graphOf([]))).toThrow(/at least one node/);
});
