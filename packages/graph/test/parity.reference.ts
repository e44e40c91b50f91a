/** What Node.js makes of the archive of `archive.ts` and of WordNet's anchors: JSON on standard output. */
import {
  debianFeatures,
  loadGraphTokenizer,
  loadNodeEncoder,
  parseDebianPackages,
} from "@dtok/graph/node";
import { ARCHIVE } from "./archive.js";
import { someTokens } from "./tokens.js";

const archive = parseDebianPackages(ARCHIVE);
const codec = await loadGraphTokenizer("debian-vq");
const grid = await codec.encode({ graph: archive.graph, features: debianFeatures(archive) });
const { features, graph } = await codec.decode(grid);
await codec.close();
const vectors: Record<string, number[]> = {};
for (const name of ["wordnet-mlp", "wordnet-transformer"] as const) {
  const encoder = await loadNodeEncoder(name);
  vectors[name] = [...(await encoder.encode(someTokens(encoder, 20))).data];
  await encoder.close();
}
console.log(
  JSON.stringify({
    codes: [...grid.codes.data],
    features: [...features.data],
    edges: graph.edges,
    vectors,
  }),
);
