import { checkTokenGrid, loadTokenGrid, saveTokenGrid } from "@dtok/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { NodePiece } from "./node-piece.js";
import { randomEntityCodes } from "./random-eq.js";

const path = graphOf(["a\tnext\tb", "b\tnext\tc", "c\tnext\td"], ["alone"]);

test("by hand", () => {
  const pieces = new NodePiece(path, { anchors: 2, perNode: 2, relations: 2, mix: { degree: 1 } });
  // b and c have two edges each.
  expect(Array.from(pieces.anchors, (n) => path.nodes[n])).toEqual(["b", "c"]);
  expect(pieces.codebookSizes).toEqual([3, 3, 32, 32, 4, 4]);
  const grid = checkTokenGrid(pieces.encode());
  expect(
    Array.from({ length: 5 }, (_, n) => [...grid.codes.data.subarray(n * 6, n * 6 + 6)]),
  ).toEqual([
    [0, 1, 1, 2, 0, 3],
    [2, 2, 31, 31, 3, 3],
    [0, 1, 0, 1, 0, 1],
    [1, 0, 0, 1, 0, 1],
    [1, 0, 1, 2, 1, 3],
  ]);
  expect(pieces.line("a")).toBe("a: b@1 c@2 | next>");
  expect(pieces.line("alone")).toBe("alone: no anchor | no relation");
  expect(loadTokenGrid(saveTokenGrid(grid)).codes).toEqual(grid.codes);
  expect([...pieces.encode(["d", "a"]).codes.data]).toEqual([1, 0, 1, 2, 1, 3, 0, 1, 1, 2, 0, 3]);
});

test("a node that is taken out and comes back gets the codes that it had", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      // All three relations are there without the leaf, which makes nobody's path shorter.
      const lines = [...randomLines(seed, 25, 45), "n1\tr0\tn2", "n2\tr1\tn3", "n3\tr2\tn4"];
      const identity = { codebooks: 2, size: 8 };
      const anchorNodes = ["n1", "n2", "n3", "n4"];
      const options = { anchorNodes, perNode: 3, ...(seed % 2 && { identity, neighbours: 3 }) };
      const without = new NodePiece(graphOf(lines), options);
      const whole = new NodePiece(graphOf([...lines, "leaf\tr0\tn1", "n1\tr2\tleaf"]), options);
      const edges = [
        { relation: "r0", node: "n1" },
        { relation: "r2", node: "n1", direction: "in" },
      ] as const;
      const fresh = without.encodeNew(edges, { name: "leaf" });
      expect([...fresh.codes.data]).toEqual([...whole.encode(["leaf"]).codes.data]);
    }),
    { seed: 4, numRuns: 60 },
  );
});

test("codes of the node and of its neighbours, by hand", () => {
  const graph = graphOf(["a\tr\tb", "a\tr\tc", "a\ts\td", "d\tr\ta"]);
  const identity = { codebooks: 2, size: 10, seed: 3 };
  const options = { anchors: 1, perNode: 1, relations: 0, identity, neighbours: 3 };
  const pieces = new NodePiece(graph, options);
  // a has r> twice, s> and <r: every kind has a place before r> has its second.
  expect(pieces.describe("a").neighbours).toEqual([
    { node: "b", relation: "r", direction: "out" },
    { node: "d", relation: "s", direction: "out" },
    { node: "d", relation: "r", direction: "in" },
  ]);
  expect(pieces.line("a")).toMatch(/ \| r>b s>d d>r$/);
  const { data } = randomEntityCodes(graph.nodes, identity).grid.codes;
  const codesOf = (n: number) => [data[2 * n]!, 10 + data[2 * n + 1]!];
  const [a, b, , d] = [0, 1, 2, 3].map(codesOf) as [number[], number[], number[], number[]];
  const { codes } = pieces.encode(["a", "b"]);
  // Relations: r> s> <r <s, unknown, none.
  expect([...codes.data.subarray(2, 13)]).toEqual([...a, 0, 1, 2, ...b, ...d, ...d]);
  expect([...codes.data.subarray(15)]).toEqual([...b, 2, 5, 5, ...a, 20, 20, 20, 20]);
  expect(pieces.gridOf(pieces.ids(pieces.encode())).codes).toEqual(pieces.encode().codes);
  // A new node without a name has no codes of its own; the same edge counts once.
  const edge = { relation: "s", node: "b" };
  const fresh = pieces.encodeNew([edge, edge, { relation: "r", node: "c" }]);
  expect([...fresh.codes.data.subarray(2)]).toEqual([20, 20, 0, 1, 5, ...codesOf(2), ...b, 20, 20]);
  expect(() => new NodePiece(graph, { anchors: 1, neighbours: 2 })).toThrow(/identity/);
});

test("unknown nodes and relations, empty graphs, bad options", () => {
  const pieces = new NodePiece(path, { anchors: 1 });
  expect(() => pieces.encode(["nobody"])).toThrow(/nobody/);
  expect(() => pieces.encodeNew([{ relation: "likes", node: "a" }])).toThrow(/likes/);
  expect(() => new NodePiece(graphOf([]))).toThrow(/at least one node/);
  expect(() => new NodePiece(path, { anchors: 1, perNode: 2 })).toThrow(/anchors per node/);
  expect(() => new NodePiece(path, { maxDistance: 0 })).toThrow(/maxDistance/);
});

test("many relation types; self-loops", () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `h\tr${i}\th`);
  const pieces = new NodePiece(graphOf(lines), { anchors: 1 });
  const grid = checkTokenGrid(pieces.encode());
  expect(grid.codebookSizes.at(-1)).toBe(200_002);
});

test("random codes: the same for a name and a seed whatever else there is", () => {
  const options = { codebooks: 4, size: 64, seed: 9 };
  const { grid, distinct } = randomEntityCodes(["a", "b", "c"], options);
  expect(distinct).toBe(3);
  const other = randomEntityCodes(["c", "z"], options).grid;
  expect([...other.codes.data.subarray(0, 4)]).toEqual([...grid.codes.data.subarray(8, 12)]);
  const again = randomEntityCodes(["a", "b", "c"], { ...options, seed: 10 }).grid;
  expect([...again.codes.data]).not.toEqual([...grid.codes.data]);
  const many = Array.from({ length: 20_000 }, (_, i) => `entity ${i}`);
  expect(randomEntityCodes(many, { codebooks: 8, size: 256 }).distinct).toBe(20_000);
  expect(() => randomEntityCodes(["a"], { codebooks: 0, size: 2 })).toThrow(/codebooks/);
});
