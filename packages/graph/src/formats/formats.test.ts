import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import fc from "fast-check";
import { MultiDirectedGraph, MultiGraph } from "graphology";
import gexf from "graphology-gexf";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { fromGraphology, toGraphology } from "../csr/graphology.js";
import { readEdgeList } from "./edge-list.js";
import { readGexf } from "./gexf.js";
import { readGml } from "./gml.js";
import { readGraphML } from "./graphml.js";
import { readParquet } from "./parquet.js";
import { graphFormatOf, readGraph } from "./read.js";
import { readTriples } from "./triples.js";

/** Triples of a graph as lines, in order, and its nodes without edges. */
function linesOf(graph: KnowledgeGraph): string[] {
  const lines: string[] = [];
  for (let n = 0; n < graph.nodes.length; n++) {
    const [from, to] = [graph.out.start[n]!, graph.out.start[n + 1]!];
    for (let e = from; e < to; e++) {
      lines.push(
        [n, graph.out.node[e]!]
          .map((m) => graph.nodes[m])
          .join(`\t${graph.relations[graph.out.relation[e]!]}\t`),
      );
    }
    if (from === to && graph.in.start[n] === graph.in.start[n + 1]) lines.push(graph.nodes[n]!);
  }
  return lines;
}

const GRAPHML = `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="edge" attr.name="relation" attr.type="string"><default>knows</default></key>
  <key id="d1" for="node" attr.name="label" attr.type="string"/>
  <graph edgedefault="directed">
    <node id="n0"><data key="d1">Ann &amp; co</data></node>
    <edge id="e0" source="n0" target="n1"><data key="d0"><![CDATA[likes]]></data></edge>
    <node id="n1"><data key="d1">Bob</data></node>
    <node id="n2"/>
    <edge source="n1" target="n0" directed="false"/>
  </graph>
</graphml>`;

test("GraphML by hand: keys, defaults, edges before nodes, undirected ones, labels", async () => {
  const { graph } = await readGraphML([GRAPHML]);
  const both = ["n0\tknows\tn1", "n0\tlikes\tn1", "n1\tknows\tn0", "n2"];
  expect(linesOf(graph)).toEqual(both);
  const bytes = new TextEncoder().encode(GRAPHML);
  const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  expect(linesOf((await readGraphML(pieces)).graph)).toEqual(both);
  const named = await readGraphML([GRAPHML], { nodeNames: "label" });
  expect(named.graph.nodes).toEqual(["Ann & co", "Bob", "n2"]);
  const other = await readGraphML([GRAPHML], { relation: ["weight"], unnamed: "is near" });
  expect(other.graph.relations).toEqual(["is near"]);
});

test("GraphML: what is wrong is named by its line", async () => {
  const bad = GRAPHML.replace(`target="n1"`, `target="n9"`);
  await expect(readGraphML([bad], { name: "a.graphml" })).rejects.toThrow(/a\.graphml, line 7.*n9/);
  const read = await readGraphML([bad], { mode: "lenient" });
  expect(read).toMatchObject({ malformed: 1, firstMalformed: 7 });
  expect(read.graph.nodes).toEqual(["n0", "n1", "n2"]);
  const noTarget = GRAPHML.replace(`target="n1"`, "");
  await expect(readGraphML([noTarget])).rejects.toThrow(/line 7.*both ends/);
  const twice = GRAPHML.replace(`id="n2"`, `id="n1"`);
  await expect(readGraphML([twice])).rejects.toThrow(/line 9.*every node once/);
  const hyper = GRAPHML.replace(`<node id="n2"/>`, "<hyperedge/><node id='n2'/>");
  await expect(readGraphML([hyper])).rejects.toThrow(/line 9.*hyperedge/);
  for (const mode of ["strict", "lenient"] as const) {
    // Cut in the middle, closed in the wrong order, no XML: nothing can be said of the rest.
    await expect(readGraphML([GRAPHML.slice(0, 300)], { mode })).rejects.toThrow(/well-formed/);
    await expect(readGraphML([GRAPHML.replace("</graph>", "</grape>")], { mode })).rejects.toThrow(
      /line 12.*well-formed/,
    );
    await expect(readGraphML(["a\tb\tc\n"], { mode })).rejects.toThrow(/well-formed/);
  }
  await expect(readGraphML([""])).rejects.toThrow(/empty/);
  await expect(readGraphML(["<graphml><graph/></graphml>"])).rejects.toThrow(/without any/);
  // Entities are not expanded: there is no way to make much of little.
  const bomb = `<!DOCTYPE a [<!ENTITY x "yyyyyyyy">]><graphml><graph><node id="&x;"/></graph></graphml>`;
  await expect(readGraphML([bomb])).rejects.toThrow(/entity/i);
});

test("GEXF: what graphology's reader reads", async () => {
  const text = `<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph defaultedgetype="directed">
<attributes class="edge"><attribute id="0" title="relation" type="string"/></attributes>
<nodes><node id="a" label="A"/><node id="b" label="B"><nodes><node id="c" label="C"/></nodes></node></nodes>
<edges><edge id="0" source="a" target="b"><attvalues><attvalue for="0" value="isa"/></attvalues></edge>
<edge id="1" source="b" target="c" type="undirected" label="near"/>
<edge id="2" source="a" target="c" kind="part of"/></edges></graph></gexf>`;
  const { graph } = await readGexf([text]);
  expect(linesOf(graph)).toEqual(["a\tisa\tb", "a\tpart of\tc", "b\tnear\tc", "c\tnear\tb"]);
  expect((await readGexf([text], { nodeNames: "label" })).graph.nodes).toEqual(["A", "B", "C"]);
  await expect(readGexf([text.replace(`source="b"`, `source="z"`)])).rejects.toThrow(/line 5.*z/);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
      const source = toGraphology(
        graphOf(randomLines(seed, 12, 20), [`"odd" <&> node`]),
        new MultiDirectedGraph(),
      );
      const written = gexf.write(source);
      const back = fromGraphology(gexf.parse(MultiGraph, written));
      expect(linesOf((await readGexf([written])).graph)).toEqual(linesOf(back));
      expect(linesOf(back)).toEqual(linesOf(fromGraphology(source)));
    }),
    { seed: 1, numRuns: 20 },
  );
});

const GML = `# made by hand
graph [
  directed 1
  node [ id 0 label "Ann &amp; &#66;ob"
    graphics [ x 1.5e-3 label "not this one" ] ]
  node [ id 1 label "two
lines" ]
  node [ id 2 ]
  edge [ source 0 target 1 relation "likes" value 3 ]
  edge [ source 1 target 1 ]
]
`;

test("GML by hand: nested lists, strings over lines, entities, direction", async () => {
  const { graph } = await readGml([GML]);
  expect(linesOf(graph)).toEqual(["0\tlikes\t1", "1\tedge\t1", "2"]);
  const named = (await readGml([GML], { nodeNames: "label" })).graph;
  expect(named.nodes).toEqual(["2", "Ann & Bob", "two\nlines"]);
  const undirected = await readGml([GML.replace("directed 1", "")]);
  expect(linesOf(undirected.graph)).toEqual(["0\tlikes\t1", "1\tedge\t1", "1\tlikes\t0", "2"]);
  const expected: readonly (readonly [string, string, RegExp])[] = [
    ["source 0 target 1", "source 0", /line 9.*both ends/],
    ["source 0 target 1", "source 0 target 7", /line 9.*"7"/],
    ["id 2", "id 1", /line 8.*every node once/],
    ["id 2 ]", "id 2", /end of every list/],
    ["id 2", "id [", /line 8.*id for every node/],
    ["id 2", "id id 2", /line 8.*value behind every key/],
    ["id 2", "id 2 2", /line 8.*key before every value/],
    ["id 2", "id 2 ?", /line 8.*a key, a number/],
    ['lines"', "lines", /end of the string/],
  ];
  for (const [from, to, message] of expected) {
    await expect(readGml([GML.replace(from, to)])).rejects.toThrow(message);
  }
  expect(await readGml([GML.replace("target 1 ", "")], { mode: "lenient" })).toMatchObject({
    malformed: 1,
    firstMalformed: 9,
  });
});

test("edge lists: separators, columns, comments, both ways, headers", async () => {
  const text = "# SNAP\n% KONECT\n1 2\n2\t3 0.5\n\n3,1\r\n";
  const { graph, lines } = await readEdgeList([text]);
  expect(linesOf(graph)).toEqual(["1\tedge\t2", "2\tedge\t3", "3\tedge\t1"]);
  expect(lines).toBe(6);
  const both = await readEdgeList([text], { undirected: true, unnamed: "near" });
  expect(both.graph.edges).toBe(6);
  const table = "from;how;to\na b;is;c\n";
  const named = await readEdgeList([table], {
    columns: ["source", "relation", "target"],
    separator: ";",
    header: true,
  });
  expect(linesOf(named.graph)).toEqual(["a b\tis\tc"]);
  await expect(readEdgeList(["1 2\n3\n"], { name: "x.edges" })).rejects.toThrow(/x\.edges, line 2/);
  expect(await readEdgeList(["1 2\n3\n"], { mode: "lenient" })).toMatchObject({ malformed: 1 });
  await expect(readEdgeList(["1 2"], { columns: ["source"] })).rejects.toThrow(/columns/);
});

test("Parquet: usual and named columns, numbers, rows without a name", async () => {
  const file = (columnData: Parameters<typeof parquetWriteBuffer>[0]["columnData"]) =>
    new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 }));
  const strings = file([
    { name: "relation", data: ["isa", "isa", "eats"], type: "STRING" },
    { name: "head", data: ["cat", "dog", "cat"], type: "STRING" },
    { name: "tail", data: ["pet", "pet", "fish"], type: "STRING" },
  ]);
  const { graph, lines } = await readParquet(strings);
  expect(linesOf(graph)).toEqual(["cat\teats\tfish", "cat\tisa\tpet", "dog\tisa\tpet"]);
  expect(lines).toBe(3);
  const swapped = await readParquet(strings, { columns: { head: "tail", tail: "head" } });
  expect(linesOf(swapped.graph)[0]).toBe("fish\tedge\tcat");
  const numbers = file([
    { name: "src", data: Int32Array.of(1, 2, 3), type: "INT32" },
    { name: "dst", data: [10n, 20n, null], type: "INT64" },
  ]);
  await expect(readParquet(numbers, { name: "n.parquet" })).rejects.toThrow(/n\.parquet, row 3/);
  const lenient = await readParquet(numbers, { mode: "lenient" });
  expect(linesOf(lenient.graph)).toEqual(["1\tedge\t10", "2\tedge\t20"]);
  expect(lenient).toMatchObject({ malformed: 1, firstMalformed: 3 });
  await expect(readParquet(strings, { columns: { head: "h", tail: "t" } })).rejects.toThrow(/head/);
  const other = file([{ name: "text", data: ["x"], type: "STRING" }]);
  await expect(readParquet(other)).rejects.toThrow(/a column called head/);
  for (const broken of [new Uint8Array(0), strings.subarray(0, 60), new Uint8Array(99)]) {
    await expect(readParquet(broken)).rejects.toThrow(/Parquet/);
  }
});

test("one reader for all, by the name's ending; gzip; an end on abort", async () => {
  expect(graphFormatOf("a/b.GraphML")).toBe("graphml");
  expect(graphFormatOf("b.tsv.gz")).toBe("tsv");
  expect(graphFormatOf("b.doc")).toBeUndefined();
  const parquet = parquetWriteBuffer({
    columnData: [
      { name: "from", data: ["a"], type: "STRING" },
      { name: "to", data: ["b"], type: "STRING" },
    ],
  });
  const files: Record<string, string | Uint8Array> = {
    "x.tsv": "a\tedge\tb\n",
    "x.tsv.gz": gzipSync("a\tedge\tb\n"),
    "x.nt": "<a> <edge> <b> .",
    "x.edges": "a b",
    "x.graphml": `<graphml><graph edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b"/></graph></graphml>`,
    "x.gexf": `<gexf><graph defaultedgetype="directed"><nodes><node id="a"/><node id="b"/></nodes><edges><edge source="a" target="b"/></edges></graph></gexf>`,
    "x.gml": "graph [ directed 1 node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 ] ]",
    "x.parquet": new Uint8Array(parquet),
  };
  for (const [name, content] of Object.entries(files)) {
    const { graph } = await readGraph([content], { name });
    expect([graph.nodes.length, graph.edges]).toEqual([2, 1]);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(readGraph([content], { name, signal: stop.signal })).rejects.toThrow("enough");
    await expect(readGraph([], { name })).rejects.toThrow();
  }
  await expect(
    readGraph([gzipSync("a\tr\tb").subarray(0, 20)], { name: "x.gz" }),
  ).rejects.toThrow();
  await expect(readGraph(["a"], { format: "doc" as "tsv" })).rejects.toThrow(/format/);
  const stream = new Response("a\tr\tb\n").body!;
  expect((await readGraph(stream)).graph.edges).toBe(1);
});

test("tab-separated bytes: no UTF-8, a byte order mark, many names", async () => {
  const bad = Uint8Array.from([0x61, 9, 0x72, 9, 0xff, 10, 0x61, 9, 0x72, 9, 0x62, 10]);
  await expect(readTriples([bad])).rejects.toThrow(/line 1.*UTF-8/);
  const read = await readTriples([bad], { mode: "lenient" });
  expect(read).toMatchObject({ malformed: 1, lines: 2 });
  expect(linesOf(read.graph)).toEqual(["a\tr\tb"]);
  // The error is the first line's, whatever is wrong behind it.
  const both = [bad.subarray(0, 6), new TextEncoder().encode("two\tcolumns\n")];
  await expect(readTriples([Buffer.concat(both)])).rejects.toThrow(/line 1.*UTF-8/);
  await expect(readTriples([...both].toReversed())).rejects.toThrow(/line 1.*three columns/);
  const marked = await readTriples(["\ufeffa\tr\tb\n"]);
  expect(marked.graph.nodes).toEqual(["a", "b"]);
  const many = Array.from(
    { length: 30_000 },
    (_, i) => `node ${i}\tr${i % 7}\tnode ${(i * 7) % 30_000}`,
  );
  const { graph } = await readTriples([many.join("\n")]);
  expect(linesOf(graph)).toEqual(linesOf(graphOf(many)));
  await expect(readTriples([new Uint8Array(20_000_000).fill(97)])).rejects.toThrow(/16 million/);
});

test("graphology both ways", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const graph = graphOf(randomLines(seed, 10, 30), ["alone"]);
      const there = toGraphology(graph, new MultiDirectedGraph(), { relation: "kind" });
      expect(linesOf(fromGraphology(there, { relation: "kind" }))).toEqual(linesOf(graph));
    }),
    { seed: 2, numRuns: 20 },
  );
  const parallel = graphOf(["a\tx\tb", "a\ty\tb", "c\tx\tc"]);
  const filled = new MultiDirectedGraph();
  filled.addNode("x");
  expect(() => toGraphology(parallel, filled)).toThrow(/1 nodes/);
  expect(() => toGraphology(parallel, new MultiGraph({ type: "undirected" }))).toThrow(
    /undirected/,
  );
  expect(() => toGraphology(parallel, new MultiDirectedGraph({ multi: false }))).toThrow();
  expect(() => toGraphology(parallel, new MultiGraph({ allowSelfLoops: false }))).toThrow(/loops/);
});
