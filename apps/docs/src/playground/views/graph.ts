import type { View } from "../view.js";

export const view: View = {
  id: "graph",
  title: "Graph",
  takes: "triples: TSV, N-Triples",
  accept: ".tsv,.nt,.ntriples,.triples",
  icon: "M6 6l12 3 M6 6l4 12 M18 9l-8 9 M6 4.2a1.8 1.8 0 1 0 .01 0 M18 7.2a1.8 1.8 0 1 0 .01 0 M10 16.2a1.8 1.8 0 1 0 .01 0",
  samples: [
    { name: "Europe", file: "europe.tsv" },
    { name: "mammals", file: "mammals.tsv" },
  ],
  layout: "table",
  place: ({ names }, position) => names?.[position] ?? `Node ${position + 1}`,
  code(tokenizer) {
    const name = tokenizer.split("/")[1]!;
    if (name === "random-eq") {
      return `import { randomEntityCodes, readTriples } from "@dtok/graph";
import { createReadStream } from "node:fs";

const { graph } = await readTriples(createReadStream("triples.tsv"));
const { grid, distinct } = randomEntityCodes(graph.nodes, { codebooks: 5, size: 16 });
console.log(grid.codes.shape, distinct);`;
    }
    return `import { NodePiece, readTriples } from "@dtok/graph";
import { createReadStream } from "node:fs";

const { graph } = await readTriples(createReadStream("triples.tsv"));
const pieces = new NodePiece(graph, { anchors: 16, perNode: 5, mix: { ${name.replace("nodepiece-", "")}: 1 } });
console.log(pieces.encode().codes.shape, pieces.line(graph.nodes[0]));`;
  },
};
