import { MultiGraph } from "graphology";
import { parse } from "graphology-graphml/browser";
import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { fromGraphology } from "../csr/graphology.js";
import { NodePiece } from "../tokens/node-piece.js";
import { tokensToParquet } from "../tokens/parquet.js";
import { readGraphML } from "./graphml.js";
import { readParquet } from "./parquet.js";
import { readGraph } from "./read.js";

test("GraphML: what graphology's reader, which is for browsers, reads", async () => {
  for (let seed = 0; seed < 5; seed++) {
    const lines = randomLines(seed, 15, 30);
    const names = [...new Set(lines.flatMap((line) => line.split("\t").filter((_, i) => i !== 1)))];
    const text = `<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="edge" attr.name="relation" attr.type="string"/><graph edgedefault="directed">
${names.map((name) => `<node id="${name}"/>`).join("\n")}
${lines
  .map((line) => line.split("\t"))
  .map(
    ([h, r, t], i) =>
      `<edge id="e${i}" source="${h}" target="${t}"><data key="d0">${r} &amp; &lt;co&gt;</data></edge>`,
  )
  .join("\n")}
<node id="&quot;odd&quot; &lt;&amp;&gt; node"/></graph></graphml>`;
    const back = fromGraphology(parse(MultiGraph, text));
    const { graph } = await readGraphML([text]);
    expect([graph.nodes, graph.relations, graph.edges]).toEqual([
      back.nodes,
      back.relations,
      back.edges,
    ]);
    expect([...graph.out.node]).toEqual([...back.out.node]);
    expect([...graph.out.relation]).toEqual([...back.out.relation]);
  }
});

test("streams of the web, gzipped ones, and Parquet there and back", async () => {
  const lines = randomLines(3, 40, 90);
  const packed = new Blob([lines.join("\n")]).stream().pipeThrough(new CompressionStream("gzip"));
  const { graph } = await readGraph(packed as ReadableStream<Uint8Array>, { name: "a.tsv.gz" });
  expect(graph.nodes).toEqual(graphOf(lines).nodes);
  const pieces = new NodePiece(graph, { anchors: 5 });
  const file = tokensToParquet(pieces);
  // Not a file of edges, but one that can be read: the nearest anchor as the other end.
  const columns = { head: "node", tail: "anchor_0" };
  expect((await readParquet(file, { columns })).lines).toBe(graph.nodes.length);
});
