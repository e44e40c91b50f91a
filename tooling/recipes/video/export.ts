/**
 * Turns a checkpoint into what ships: encoder.onnx and decoder.onnx of the group network (weights in
 * float16, computed in float32), image/photo-8x's two files for key frames, and the manifest in
 * packages/video/src/tokenizers/<name>.ts.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/export.ts clip-8x [checkpoint]
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@dtok/core";
import { photo8x } from "@dtok/image";
import { motionCodes } from "@dtok/video";
import { writeFileAtomic } from "@dtok/train/node";
import { clipConfigs as configs, exportClipModel } from "@dtok/train/presets";
import type { ClipModelConfig } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const name = process.argv[2] as keyof typeof configs;
if (!(name in configs)) {
  console.error(`Usage: export.ts <${Object.keys(configs).join(" | ")}> [checkpoint]`);
  process.exit(2);
}
const config: ClipModelConfig = configs[name];
const checkpoint = process.argv[3] ?? join(root, ".runs", name, "checkpoint.safetensors");
const { tensors, metadata } = readSafetensors(readFileSync(checkpoint));
const exported = exportClipModel(config, tensors, { "dtok.step": String(metadata.step) });

const image = join(root, "packages", "image", "models", "photo-8x");
const parts = {
  keyEncoder: ["key-encoder.onnx", readFileSync(join(image, "encoder.onnx"))],
  keyDecoder: ["key-decoder.onnx", readFileSync(join(image, "decoder.onnx"))],
  encoder: ["encoder.onnx", exported.encoder],
  decoder: ["decoder.onnx", exported.decoder],
} as const;
const folder = join(root, "packages", "video", "models", name);
const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
for (const [part, [path, bytes]] of Object.entries(parts)) {
  writeFileAtomic(join(folder, path), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[part] = { path, bytes: bytes.length, sha256 };
}

const cardPath = join(folder, "card.json");
const card = existsSync(cardPath) ? (JSON.parse(readFileSync(cardPath, "utf8")) as unknown) : [];
const size = config.levels.reduce((a, b) => a * b, 1);
const vectors = config.motion === undefined ? [] : [motionCodes(config.motion)];
const manifest = {
  format: "dtok-manifest-1",
  id: `video/${name}`,
  modality: "video",
  version: "0.1.0",
  description:
    config.motion === undefined
      ? `Clips, causal in time: one code of ${size} per 8 x 8 pixels of a key frame, then one per 8 x 8 pixels of ${config.frames} frames.`
      : `Clips, causal in time, in two levels per 8 x 8 pixels of ${config.frames} frames: their motion since the frame before, and one code of ${size} of what it leaves.`,
  quantizer: `fsq-atanh:${config.levels.join(",")}`,
  codebookSizes: [...vectors, ...Array.from({ length: config.codes }, () => size)],
  stride: [config.frames, 8, 8],
  settings: {
    frames: config.frames,
    // A key frame, then this many groups.
    groups: 8,
    keyEncoderHalo: photo8x.manifest.settings.encoderHalo,
    keyDecoderHalo: photo8x.manifest.settings.decoderHalo,
    ...exported.halo,
    ...(config.motion === undefined ? {} : { motion: config.motion }),
  },
  files,
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Clips and pictures of Debian packages; each with its licence in tooling/recipes/video/clips.json and tooling/recipes/image/photographs.json",
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
