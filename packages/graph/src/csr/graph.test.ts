import fc from "fast-check";
import { DirectedGraph, MultiGraph } from "graphology";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { buildGraph } from "./graph.js";
import { fromGraphology } from "./graphology.js";
import { readTriples } from "../formats/triples.js";

test("by hand", () => {
  const graph = graphOf(["b\tlikes\ta", "a\tlikes\tc", "b\tlikes\ta", "b\thates\tb"]);
  expect(graph.nodes).toEqual(["a", "b", "c"]);
  expect(graph.relations).toEqual(["hates", "likes"]);
  expect(graph.edges).toBe(3);
  expect([...graph.out.start]).toEqual([0, 1, 3, 3]);
  expect([...graph.out.node]).toEqual([2, 1, 0]);
  expect([...graph.out.relation]).toEqual([1, 0, 1]);
  expect([...graph.in.start]).toEqual([0, 1, 2, 3]);
  expect([...graph.in.node]).toEqual([1, 1, 0]);
  expect(graph.indexOf("c")).toBe(2);
  expect(graph.indexOf("d")).toBe(-1);
});

test("the same graph in any order of edges", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
      const lines = randomLines(seed, 12, 30);
      const shuffled = lines.toReversed();
      const [a, b] = [
        (await readTriples([lines.join("\n")])).graph,
        (await readTriples([shuffled.join("\r\n")])).graph,
      ];
      const plain = (graph: typeof a) => ({ ...graph, indexOf: 0, relationIndexOf: 0 });
      expect(plain(b)).toEqual(plain(a));
    }),
    { seed: 1, numRuns: 30 },
  );
});

test("lines come in pieces of any size, also within a character", async () => {
  const bytes = new TextEncoder().encode("é\tr\tß\n日本\tr\té\n");
  const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  const { graph, lines } = await readTriples(pieces);
  expect(graph.nodes).toEqual(["ß", "é", "日本"]);
  expect(lines).toBe(2);
});

test("N-Triples: IRIs, blank nodes, literals, comments", async () => {
  const text = `# words\n<http://a> <http://is> _:b1 .\n_:b1 <http://name> "a \\"cat\\" ."@en . # fine\n\n`;
  const { graph } = await readTriples([text], { format: "nt" });
  expect(graph.nodes).toEqual(['"a \\"cat\\" ."@en', "<http://a>", "_:b1"]);
  await expect(readTriples([`<http://a> <b c> _:x .`], { format: "nt" })).rejects.toThrow(/line 1/);
});

test("malformed lines: named, or left out and counted", async () => {
  const text = "a\tr\tb\na\tr\nb\tr\tc\td\n\tr\tx\nb\tr\ta\na\tr\tb\n";
  await expect(readTriples([text], { name: "film.tsv" })).rejects.toThrow(/film\.tsv, line 2/);
  const read = await readTriples([text], { mode: "lenient" });
  expect(read).toMatchObject({ lines: 6, malformed: 3, firstMalformed: 2, duplicates: 1 });
  expect(read.graph.edges).toBe(2);
  await expect(readTriples([])).rejects.toThrow(/empty/);
  await expect(readTriples(["# nothing\n"])).rejects.toThrow(/without/);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await expect(readTriples([text], { signal: stop.signal })).rejects.toThrow("enough");
});

test("graphology: directed and undirected, with relations, isolated nodes kept", () => {
  const directed = new DirectedGraph();
  directed.addNode("lonely");
  directed.mergeEdge("a", "b", { relation: "knows" });
  directed.mergeEdge("b", "a");
  const graph = fromGraphology(directed);
  expect(graph.nodes).toEqual(["a", "b", "lonely"]);
  expect(graph.relations).toEqual(["edge", "knows"]);
  expect(graph.edges).toBe(2);
  const mixed = new MultiGraph();
  mixed.mergeUndirectedEdge("a", "b");
  expect(fromGraphology(mixed, { unnamed: "near" })).toMatchObject({
    edges: 2,
    relations: ["near"],
  });
});

test("numbers without a name, lengths that differ, names twice", () => {
  const one = Int32Array.of(0);
  const base = { nodes: ["a"], relations: ["r"], heads: one, relationIds: one, tails: one };
  expect(() => buildGraph({ ...base, tails: Int32Array.of(1) })).toThrow(/tails/);
  expect(() => buildGraph({ ...base, tails: new Int32Array(0) })).toThrow(/as many/);
  expect(() => buildGraph({ ...base, nodes: ["a", "a"] })).toThrow(/twice/);
});
