import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { readGraphFile } from "../node/file.js";
import { NodePiece } from "./node-piece.js";
import { NodeVocabulary } from "./vocabulary.js";

test("by hand", () => {
  const vocabulary = new NodeVocabulary([
    { kind: "anchor", names: ["cat", "a|> b"] },
    { kind: "empty", names: 0 },
    { kind: "distance", names: 3 },
  ]);
  expect(vocabulary.size).toBe(7);
  expect(Array.from({ length: 7 }, (_, id) => vocabulary.textOf(id))).toEqual([
    "<|none|>",
    "<|unknown|>",
    "<|anchor:cat|>",
    "<|anchor:a|> b|>",
    "<|distance:0|>",
    "<|distance:1|>",
    "<|distance:2|>",
  ]);
  for (let id = 0; id < 7; id++) expect(vocabulary.idOf(vocabulary.textOf(id))).toBe(id);
  expect(vocabulary.id("distance", 2)).toBe(6);
  for (const bad of ["<|distance:3|>", "<|distance:01|>", "<|anchor:dog|>", "cat", ""]) {
    expect(() => vocabulary.idOf(bad)).toThrow(/token of a node vocabulary/);
  }
  expect(() => vocabulary.textOf(7)).toThrow(/0 to 6/);
  expect(() => vocabulary.id("colour", 0)).toThrow(/colour/);
  expect(() => vocabulary.id("anchor", 2)).toThrow(/0 to 1/);
});

test("a node's ids are its codes, and back; unknown relations have an id of their own", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const graph = graphOf(randomLines(seed, 20, 25), ["alone"]);
      const pieces = new NodePiece(graph, { anchors: 3, relations: 2, maxDistance: 4 });
      const grid = pieces.encode();
      const ids = pieces.ids(grid);
      expect(Math.max(...ids)).toBeLessThan(pieces.vocabulary.size);
      expect(pieces.gridOf(ids).codes).toEqual(grid.codes);
      for (const node of graph.nodes) {
        const { anchors, relations } = pieces.describe(node);
        expect(pieces.texts(node)).toEqual([
          ...anchors.map((a) => `<|anchor:${a.node}|>`),
          ...anchors.map((a) => `<|distance:${a.distance}|>`),
          ...relations.map(({ relation, direction }) =>
            direction === "out" ? `<|relation:${relation}>|>` : `<|relation:<${relation}|>`,
          ),
        ]);
      }
      const fresh = pieces.encodeNew([{ relation: "odd", node: "n-1" }], { unknown: "token" });
      expect(Array.from(pieces.ids(fresh), (id) => pieces.vocabulary.textOf(id))).toEqual([
        ...Array.from({ length: 6 }, () => "<|none|>"),
        "<|unknown|>",
        "<|none|>",
      ]);
      expect(pieces.gridOf(pieces.ids(fresh)).codes).toEqual(fresh.codes);
    }),
    { seed: 5, numRuns: 30 },
  );
  const pieces = new NodePiece(graphOf(["a\tr\tb"]), { anchors: 1, relations: 1 });
  expect(() => pieces.gridOf([2, 3])).toThrow(/whole nodes of 3/);
  expect(() => pieces.gridOf([3, 2, 0])).toThrow(/an? anchor/);
});

test("trap: GART's definition prints |V| << |R|; sizes are counted, whichever is larger", async () => {
  const real = (
    await readGraphFile(fileURLToPath(new URL("../../../../samples/mammals.tsv", import.meta.url)))
  ).graph;
  expect(real.relations.length).toBeLessThan(real.nodes.length / 10);
  // Three nodes, nine relations: what the definition prints.
  const lines = Array.from({ length: 9 }, (_, i) => `n${i % 3}\tr${i}\tn${(i + 1) % 3}`);
  for (const graph of [real, graphOf(lines)]) {
    const anchors = Math.min(40, graph.nodes.length);
    const pieces = new NodePiece(graph, { anchors, perNode: 3, relations: 4, maxDistance: 5 });
    const of = (text: RegExp) => {
      const all = Array.from({ length: pieces.vocabulary.size }, (_, id) =>
        pieces.vocabulary.textOf(id),
      );
      return all.filter((entry) => text.test(entry)).length;
    };
    expect(of(/^<.anchor:/)).toBe(anchors);
    // Each relation in both directions.
    expect(of(/^<.relation:/)).toBe(2 * graph.relations.length);
    expect(pieces.gridOf(pieces.ids(pieces.encode())).codes).toEqual(pieces.encode().codes);
  }
});
