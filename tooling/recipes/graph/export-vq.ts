/**
 * Turns the run of vq-train.ts into what ships, graph/debian-vq, and measures it.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/export-vq.ts
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Random,
  VqQuantizer,
  codebookUsage,
  kmeans,
  nearest,
  parseManifest,
  readSafetensors,
  saveQuantizer,
} from "@dtok/core";
import type { Manifest, Matrix, Measurement, ModelFile, Tensor } from "@dtok/core";
import {
  NeighbourhoodCodec,
  degrees,
  graphOfLinks,
  linksOf,
  nodeFeatures,
  splitLinks,
} from "@dtok/graph";
import type { EdgeScores, KnowledgeGraph } from "@dtok/graph";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { exportVqGraph } from "@dtok/train/presets";
import { loadDebian, root, runsFolder } from "./data.js";
import { loadVqData, standardised } from "./vq-data.js";

const CONFIG = { width: 128, latent: 32, size: 1024, edge: 16 } as const;
const run = join(runsFolder, "debian-vq");
const read = (name: string) => readSafetensors(readFileSync(join(run, name)));
const { tensors: trained, metadata } = read("model.safetensors");
const scaleFile = read("scale.safetensors").tensors as Record<string, Tensor<Float32Array>>;
const scale = { mean: scaleFile.mean!.data, deviation: scaleFile.deviation!.data };
const config = { ...CONFIG, dim: scale.mean.length };
const made = exportVqGraph(config, trained as Record<string, Tensor<Float32Array>>, scale);
const quantizer = new VqQuantizer(made.codebook, { metric: "cosine" });

const name = "debian-vq";
const folder = join(root, "packages", "graph", "models", name);
mkdirSync(folder, { recursive: true });
const files: Record<string, ModelFile> = {};
const put = (key: string, path: string, bytes: Uint8Array) => {
  writeFileAtomic(join(folder, path), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[key] = { path, bytes: bytes.length, sha256 };
};
put("local", "local.onnx", made.local);
put("encoder", "encoder.onnx", made.encoder);
put("decoder", "decoder.onnx", made.decoder);
put("quantizer", "quantizer.safetensors", saveQuantizer(quantizer));
const draft = {
  format: "dtok-manifest-1",
  id: `graph/${name}`,
  modality: "graph",
  version: "0.1.0",
  description:
    "Packages of Debian with their neighbourhoods in the dependency graph, one code of 1,024 each.",
  quantizer: quantizer.spec,
  codebookSizes: [...quantizer.codebookSizes],
  stride: [1],
  settings: { dim: config.dim, width: config.width, edge: config.edge },
  files,
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Debian 12 (bookworm), main, amd64: the packages' index (relations, names, hashed words of descriptions)",
  },
  citation: "arXiv:2308.02117",
} satisfies Manifest<"graph">;

const runtime = await createRuntime();
const codec = await NeighbourhoodCodec.load(draft, {
  runtime,
  readFile: async (key) => new Uint8Array(readFileSync(join(folder, files[key]!.path))),
});
const data = loadVqData();
const { graph, heldOut } = data;
const count = graph.nodes.length;
const random = new Random(9);
const PAIRS = 20_000;

/** Area under the curve of scores of edges against scores of pairs without one. */
function auc(edges: Float64Array, others: Float64Array): number {
  const all: (readonly [score: number, edge: 0 | 1])[] = [
    ...Array.from(edges, (score) => [score, 1] as const),
    ...Array.from(others, (score) => [score, 0] as const),
  ];
  all.sort((a, b) => a[0] - b[0]);
  let [sum, at] = [0, 0];
  while (at < all.length) {
    let end = at;
    while (end < all.length && all[end]![0] === all[at]![0]) end++;
    const rank = (at + 1 + end) / 2;
    for (let i = at; i < end; i++) if (all[i]![1] === 1) sum += rank;
    at = end;
  }
  return (sum - (edges.length * (edges.length + 1)) / 2) / (edges.length * others.length);
}

const links = linksOf(graph);
const linked = new Set<number>();
for (const [e, h] of links.heads.entries()) linked.add(h * count + links.tails[e]!);
type Pair = readonly [number, number];
function draw(edges: { heads: Int32Array; tails: Int32Array }, keep: (pair: Pair) => boolean) {
  const positive: Pair[] = [];
  const uniform: Pair[] = [];
  const popular: Pair[] = [];
  for (let tries = 0; positive.length < PAIRS && tries < 50 * PAIRS; tries++) {
    const e = random.integer(edges.heads.length);
    const pair = [edges.heads[e]!, edges.tails[e]!] as const;
    if (keep(pair) && pair[0] !== pair[1]) positive.push(pair);
  }
  const fresh = (make: () => Pair) => {
    for (;;) {
      const pair = make();
      if (pair[0] !== pair[1] && !linked.has(pair[0] * count + pair[1])) return pair;
    }
  };
  for (const [h] of positive) {
    uniform.push(fresh(() => [random.integer(count), random.integer(count)]));
    // The same source, a target as often taken as targets are.
    let own: Pair;
    let tries = 0;
    do own = [h, links.tails[random.integer(links.tails.length)]!];
    while ((own[0] === own[1] || linked.has(own[0] * count + own[1])) && ++tries < 1000);
    popular.push(own);
  }
  return { positive, uniform, popular };
}
const scored = (pairs: readonly Pair[], score: (a: number, b: number) => number) =>
  Float64Array.from(pairs, ([a, b]) => score(a, b));
const both = (pairs: ReturnType<typeof draw>, score: (a: number, b: number) => number) => ({
  uniform: auc(scored(pairs.positive, score), scored(pairs.uniform, score)),
  popular: auc(scored(pairs.positive, score), scored(pairs.popular, score)),
});
const logits = (scores: EdgeScores) => (a: number, b: number) => scores.logit(a, b);
const product = (of: KnowledgeGraph) => {
  const d = degrees(of);
  return (a: number, b: number) => Math.log1p(d[a]!) + Math.log1p(d[b]!);
};

const begun = performance.now();
const grid = await codec.encode(data);
const seconds = (performance.now() - begun) / 1000;
const decoded = await codec.decode(grid);
const scores = await codec.edgeScores(grid);
const seen = draw(links, ([a, b]) => !heldOut[a] && !heldOut[b]);
const unseen = draw(links, ([a, b]) => heldOut[a] === 1 || heldOut[b] === 1);
const [seenAuc, unseenAuc] = [both(seen, logits(scores)), both(unseen, logits(scores))];
const degreeAuc = both(unseen, product(graph));

// Edges that the encoder does not see at all.
const split = splitLinks(graph, { share: 0.01, seed: 3 });
const without = graphOfLinks(graph, split.train);
const { packages } = loadDebian();
const texts = graph.nodes.map((node, n) => `${node} ${packages[n]!.description}`);
const blind = await codec.encode({ graph: without, features: nodeFeatures(without, texts) });
const removed = draw(split.test, () => true);
const [blindAuc, blindDegree] = [
  both(removed, logits(await codec.edgeScores(blind))),
  both(removed, product(without)),
];

// Decoded edges that are there.
let right = 0;
const back = linksOf(decoded.graph);
for (const [e, h] of back.heads.entries()) if (linked.has(h * count + back.tails[e]!)) right++;

/** Squared error over variance, of features scaled to equal weight, on held-out nodes. */
const x = standardised(data.features, scale).data;
const rowsOf = (which: 0 | 1) =>
  Array.from({ length: count }, (_, n) => n).filter((n) => heldOut[n] === which);
const width = config.dim;
function relativeError(y: Float32Array, rows: readonly number[]): number {
  const mean = new Float64Array(width);
  for (const n of rows) for (let d = 0; d < width; d++) mean[d]! += x[n * width + d]! / rows.length;
  let [error, spread] = [0, 0];
  for (const n of rows) {
    for (let d = 0; d < width; d++) {
      error += (x[n * width + d]! - y[n * width + d]!) ** 2;
      spread += (x[n * width + d]! - mean[d]!) ** 2;
    }
  }
  return error / spread;
}
const test = rowsOf(1);
const error = relativeError(standardised(decoded.features, scale).data, test);
// The same number of codes, from features alone.
const train = rowsOf(0);
const picked = new Random(4).sample(16_384, train.length);
const sample = new Float32Array(picked.length * width);
for (const [i, at] of picked.entries()) {
  const n = train[at]!;
  sample.set(x.subarray(n * width, (n + 1) * width), i * width);
}
const { centroids } = await kmeans(
  { data: sample, shape: [picked.length, width] },
  { clusters: config.size, seed: 1, iterations: 8 },
);
const everything: Matrix = { data: x, shape: [count, width] };
const { indices } = nearest(everything, centroids);
const plain = new Float32Array(x.length);
for (const [n, k] of indices.entries())
  plain.set(centroids.data.subarray(k * width, (k + 1) * width), n * width);
const plainError = relativeError(plain, test);
const [usage] = codebookUsage(grid.codes, grid.codebookSizes);

const HELD = `Debian 12 main, ${test.length} packages that training never saw`;
const BLIND = `Debian 12 main, ${split.test.heads.length} edges taken out of the graph`;
const card: Measurement[] = [
  {
    metric: "edge AUC, edges of held-out packages against random pairs",
    value: unseenAuc.uniform,
    data: HELD,
  },
  { metric: "edge AUC, the same against targets as popular", value: unseenAuc.popular, data: HELD },
  { metric: "the same by the product of degrees", value: degreeAuc.uniform, data: HELD },
  {
    metric: "the same by the product of degrees, targets as popular",
    value: degreeAuc.popular,
    data: HELD,
  },
  {
    metric: "edge AUC, edges between packages of training",
    value: seenAuc.uniform,
    data: "Debian 12 main, training packages",
  },
  {
    metric: "edge AUC, the same against targets as popular",
    value: seenAuc.popular,
    data: "Debian 12 main, training packages",
  },
  { metric: "edge AUC, edges that the encoder does not see", value: blindAuc.uniform, data: BLIND },
  { metric: "edge AUC, the same against targets as popular", value: blindAuc.popular, data: BLIND },
  { metric: "the same by the product of degrees", value: blindDegree.uniform, data: BLIND },
  {
    metric: "the same by the product of degrees, targets as popular",
    value: blindDegree.popular,
    data: BLIND,
  },
  {
    metric: "decoded edges that are in the graph",
    value: right / back.heads.length,
    data: "Debian 12 main, all packages",
  },
  { metric: "relative feature error", value: error, data: HELD },
  {
    metric: "relative feature error of 1,024 k-means codes of features alone",
    value: plainError,
    data: HELD,
  },
  { metric: "codes used", value: usage!.usedShare, data: "Debian 12 main, all packages" },
  {
    metric: "entropy of codes",
    value: usage!.entropy,
    unit: "bits",
    data: "Debian 12 main, all packages",
  },
  {
    metric: "nodes encoded per second",
    value: count / seconds,
    data: "two CPU cores shared with other work",
  },
].map((entry) => ({ ...entry, value: Number(entry.value.toPrecision(3)) }));
const manifest = { ...draft, card } satisfies Manifest<"graph">;
parseManifest(manifest);
const text = (value: string) => new TextEncoder().encode(value);
writeFileAtomic(
  join(root, "packages", "graph", "src", "tokenizers", `${name}.ts`),
  text(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/graph/export-vq.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"graph">;\n`,
  ),
);
const size = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
writeFileAtomic(
  join(folder, "README.md"),
  text(`# graph/${name}

${draft.description} VQGraph (arXiv:2308.02117): two layers of mean aggregation toward dependencies and dependents
apart, VQ by cosine with running means, decoders of features and of edges. ${(size / 1e6).toFixed(1)} MB.

Input: the graph and \`debianFeatures\` that \`parseDebianPackages\` makes of an archive's Packages file: ${width} numbers per
package, log counts of its nine relations either way, and hashed words of its name and short description.
A section is no part of them.

Trained for ${metadata.steps} steps of 256 edges, minutes on two busy CPU cores, on nine tenths of the ${count.toLocaleString("en")} packages (with the
edges among them). AUC: how often an edge gets a higher logit than a pair without one, ties as half; random
pairs are easy, pairs with the same source and a target drawn as often as targets are taken are hard. The
product of degrees is what one knows without codes.

| metric | data | value |
| --- | --- | --- |
${card.map(({ metric, value, data: of, ...rest }) => `| ${metric} | ${of} | ${value}${"unit" in rest ? ` ${(rest as Measurement).unit}` : ""} |`).join("\n")}

Lost: one code stands for dozens of packages, so decoded edges are dense between a few codes where the
archive's are spread; use \`edgeScores\` to weigh pairs, not \`decode\` to get the archive back. Relations of
decoded edges are not told apart. Features are hashed words: most of what tells two packages of one kind
apart is lost.

Data: ${draft.licences.data}. Weights: ${draft.licences.weights}. The recipe is \`tooling/recipes/graph\`.
`),
);
console.log(size, card);
await codec.close();
await runtime.close();
