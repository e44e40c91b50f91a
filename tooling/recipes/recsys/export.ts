/**
 * Turns a training run into what ships: the model's files, the catalogue of its films, and the manifest
 * with its card in packages/recsys/src/tokenizers/movielens-small.ts.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/export.ts
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codebookUsage, parseManifest } from "@dtok/core";
import type { Manifest, Matrix, Measurement, ModelFile } from "@dtok/core";
import { Catalogue, ItemCodec, collisionReport, fitResidual, neighbourRecall } from "@dtok/recsys";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { itemVectors, loadDataset, root } from "./items.js";

const run = join(root, ".runs", "recsys", "movielens-small");
const folder = join(root, "packages", "recsys", "models", "movielens-small");
mkdirSync(folder, { recursive: true });
const DATA = "MovieLens ml-latest-small of 2016 (9,066 films)";

const files: Record<string, ModelFile> = {};
const put = (name: string, path: string, bytes: Uint8Array) => {
  writeFileAtomic(join(folder, path), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[name] = { path, bytes: bytes.length, sha256 };
};
for (const [name, path] of [
  ["encoder", "encoder.onnx"],
  ["decoder", "decoder.onnx"],
  ["codebooks", "codebooks.safetensors"],
] as const) {
  put(name, path, new Uint8Array(readFileSync(join(run, path))));
}

const dataset = loadDataset("ml-latest-small");
const vectors = itemVectors(dataset);
const draft = {
  format: "dtok-manifest-1",
  id: "recsys/movielens-small",
  modality: "recsys",
  version: "0.1.0",
  description: "Films by text and by who watched them, 3 codes of 256 per film.",
  quantizer: "rkmeans:3x256",
  codebookSizes: [256, 256, 256],
  stride: [1],
  settings: { dim: vectors.shape[1] },
  files,
  licences: {
    code: "Apache-2.0",
    weights:
      "As MovieLens: redistribution under the same conditions, no commercial use without permission",
    data: "MovieLens, F. M. Harper and J. A. Konstan, doi 10.1145/2827872",
  },
  citation: "arXiv:2305.05065",
} satisfies Manifest<"recsys">;

const runtime = await createRuntime();
const codec = await ItemCodec.load(draft, {
  runtime,
  readFile: async (name) => new Uint8Array(readFileSync(join(folder, files[name]!.path))),
});
const latents = await codec.latents(vectors);
const { catalogue, resolution } = await Catalogue.create(
  dataset.items.map(({ id }) => id),
  latents,
  codec.quantizer,
  { notes: { items: "MovieLens movieId" } },
);
put("catalogue", "catalogue.safetensors", catalogue.save());

/** Mean squared error over the vectors' variance. */
function relativeError(decoded: Matrix): number {
  const dim = vectors.shape[1];
  const mean = new Float64Array(dim);
  for (const [i, v] of vectors.data.entries()) mean[i % dim]! += v / vectors.shape[0];
  let [error, spread] = [0, 0];
  for (const [i, v] of vectors.data.entries()) {
    error += (v - decoded.data[i]!) ** 2;
    spread += (v - mean[i % dim]!) ** 2;
  }
  return error / spread;
}

const grid = await codec.encode({ vectors });
const decoded = await codec.decode(grid);
const usage = codebookUsage(grid.codes, grid.codebookSizes);
const near = neighbourRecall(vectors, grid.codes, { seed: 1 });
const plain = await fitResidual("rkmeans:3x256", vectors, { seed: 1 });
const plainCodes = plain.quantize(vectors);
const plainNear = neighbourRecall(vectors, plainCodes, { seed: 1 });
const { before } = resolution;
const card: Measurement[] = [
  { metric: "relative reconstruction error", value: relativeError(decoded.vectors), data: DATA },
  { metric: "collision rate before suffixes", value: before.rate, data: DATA },
  { metric: "largest group of one ID", value: before.largest, unit: "items", data: DATA },
  { metric: "collision rate with suffixes", value: resolution.after.rate, data: DATA },
  ...usage.flatMap(({ level, usedShare, entropy }) => [
    { metric: `codes used, level ${level + 1}`, value: usedShare, data: DATA },
    { metric: `entropy, level ${level + 1}`, value: entropy, unit: "bits", data: DATA },
  ]),
  ...near.recall.flatMap((value, l) => [
    { metric: `10 nearest neighbours in the same ${l + 1}-code prefix`, value, data: DATA },
    { metric: `the same of all films (chance)`, value: near.chance[l]!, data: DATA },
  ]),
  {
    metric: "residual k-means 3x256, seed 1: relative reconstruction error",
    value: relativeError(plain.dequantize(plainCodes)),
    data: DATA,
  },
  {
    metric: "residual k-means 3x256, seed 1: collision rate",
    value: collisionReport(plainCodes, plain.codebookSizes).rate,
    data: DATA,
  },
  ...plainNear.recall.map((value, l) => ({
    metric: `residual k-means 3x256, seed 1: 10 nearest neighbours in the same ${l + 1}-code prefix`,
    value,
    data: DATA,
  })),
].map((entry) => ({ ...entry, value: Number(entry.value.toPrecision(4)) }));

const manifest = { ...draft, files, card };
parseManifest(manifest);
writeFileAtomic(
  join(root, "packages", "recsys", "src", "tokenizers", "movielens-small.ts"),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/recsys/export.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"recsys">;\n`,
  ),
);
const lines = card.map(
  ({ metric, value, ...rest }) =>
    `| ${metric} | ${value}${"unit" in rest ? ` ${(rest as Measurement).unit}` : ""} |`,
);
writeFileAtomic(
  join(folder, "README.md"),
  new TextEncoder().encode(`# recsys/movielens-small

${draft.description} RQ-VAE after TIGER (${draft.citation}): MLP 832-512-256-128-32, 3 levels x 256.

Input: \`filmVectors(films, collaborative)\` of @dtok/recsys: hashed n-grams of title, genres and decade (768 numbers),
and 64 collaborative numbers of who watched what (all but each user's last two films). The catalogue holds the IDs of all films,
made unique by a suffix; its items are named by MovieLens' movieId, and no titles are in the package.

Measured on ${DATA}, which the model was trained on:

| metric | value |
| --- | --- |
${lines.join("\n")}

Data and weights: ${draft.licences.data}. ${draft.licences.weights}. The data came in Debian's r-cran-dslabs; the recipe is
\`tooling/recipes/recsys\`. A catalogue of your own wants a model of its own: \`dtok recsys fit\`.
`),
);
console.log(Object.values(files), card);
await codec.close();
await runtime.close();
