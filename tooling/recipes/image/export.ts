/**
 * Turns a checkpoint into what ships: encoder.onnx and decoder.onnx (weights in float16, computed in
 * float32) and the manifest in packages/image/src/tokenizers/<name>.ts.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/image/export.ts photo-8x
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@dtok/core";
import { writeFileAtomic } from "@dtok/train/node";
import { exportPhotoModel, photoConfigs as configs } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const name = process.argv[2] as keyof typeof configs;
if (!(name in configs)) {
  console.error(`Usage: export.ts <${Object.keys(configs).join(" | ")}>`);
  process.exit(2);
}
const config = configs[name];
const checkpoint = join(root, ".runs", name, "checkpoint.safetensors");
const { tensors, metadata } = readSafetensors(readFileSync(checkpoint));

const exported = exportPhotoModel(config, tensors, { "dtok.step": String(metadata.step) });

const folder = join(root, "packages", "image", "models", name);
const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
for (const part of ["encoder", "decoder"] as const) {
  const bytes = exported[part];
  writeFileAtomic(join(folder, `${part}.onnx`), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[part] = { path: `${part}.onnx`, bytes: bytes.length, sha256 };
}

const cardPath = join(folder, "card.json");
const card = existsSync(cardPath) ? (JSON.parse(readFileSync(cardPath, "utf8")) as unknown) : [];
const size = config.levels.reduce((a, b) => a * b, 1);
const bits = Math.log2(size) / config.stride ** 2;
const manifest = {
  format: "dtok-manifest-1",
  id: `image/${name}`,
  modality: "image",
  version: "0.1.0",
  description: `Photographs, one code of ${size} per ${config.stride} x ${config.stride} pixels (${bits.toFixed(3)} bits per pixel).`,
  ...exported.manifest,
  files,
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Free pictures of Debian packages; each with its licence in tooling/recipes/image/photographs.json",
  },
  citation: "arXiv:2309.15505",
  card,
};
writeFileAtomic(
  join(root, "packages", "image", "src", "tokenizers", `${name}.ts`),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/image/export.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"image">;\n`,
  ),
);
console.log(files);
