/**
 * Turns a checkpoint into what ships: encoder.onnx and decoder.onnx (weights in float16, computed in
 * float32), quantizer.safetensors, and the manifest in packages/audio/src/tokenizers/<name>.ts.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/export.ts sound-16k
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, rvq, saveQuantizer } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { writeFileAtomic } from "@dtok/train/node";
import { audioConfigs, audioDelay, audioStride, exportAudioModel } from "@dtok/train/presets";
import type { AudioModelConfig } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const name = process.argv[2] as keyof typeof audioConfigs;
if (!(name in audioConfigs)) {
  console.error(`Usage: export.ts <${Object.keys(audioConfigs).join(" | ")}>`);
  process.exit(2);
}
const config: AudioModelConfig = audioConfigs[name];
const { tensors, metadata } = readSafetensors(
  readFileSync(join(root, ".runs", `audio-${name}`, "checkpoint.safetensors")),
);
// Running averages of the weights; codebooks follow running means already.
const trained: Record<string, Tensor<Float32Array>> = {};
for (const [key, tensor] of Object.entries(tensors)) {
  if (key.endsWith(".average")) {
    trained[key.slice(0, -".average".length)] = tensor as Tensor<Float32Array>;
  }
}
for (const [key, tensor] of Object.entries(tensors)) {
  if (key.endsWith(".codebook")) trained[key] = tensor as Tensor<Float32Array>;
}
const exported = exportAudioModel(config, trained, { "dtok.step": String(metadata.step) });
const parts: Record<string, { file: string; bytes: Uint8Array }> = {
  encoder: { file: "encoder.onnx", bytes: exported.encoder },
  decoder: { file: "decoder.onnx", bytes: exported.decoder },
};
if (exported.codebooks) {
  parts.quantizer = {
    file: "quantizer.safetensors",
    bytes: saveQuantizer(rvq(exported.codebooks)),
  };
}
const folder = join(root, "packages", "audio", "models", name);
mkdirSync(folder, { recursive: true });
const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
for (const [part, { file, bytes }] of Object.entries(parts)) {
  writeFileAtomic(join(folder, file), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  files[part] = { path: file, bytes: bytes.length, sha256 };
}
const { quantizer } = config;
const codebookSizes =
  quantizer.kind === "rvq"
    ? Array.from({ length: quantizer.levels }, () => quantizer.size)
    : [quantizer.levels.reduce((a, b) => a * b, 1)];
const bits = codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0);
const rate = config.sampleRate / audioStride(config);
const cardPath = join(folder, "card.json");
const manifest = {
  format: "dtok-manifest-1",
  id: `audio/${name}`,
  modality: "audio",
  version: "0.1.0",
  description:
    quantizer.kind === "rvq"
      ? `Speech, music and sound at ${config.sampleRate / 1000} kHz, ${rate} codes of ${quantizer.levels} levels a second (${((rate * bits) / quantizer.levels / 1000).toFixed(1)} to ${((rate * bits) / 1000).toFixed(1)} kbit/s).`
      : `Speech at ${config.sampleRate / 1000} kHz, ${rate} codes of ${codebookSizes[0]} a second (${Math.round(rate * bits)} bit/s).`,
  quantizer:
    quantizer.kind === "rvq"
      ? `rvq:${quantizer.levels}x${quantizer.size}`
      : `fsq-atanh:${quantizer.levels.join(",")}`,
  codebookSizes,
  stride: [audioStride(config)],
  files,
  settings: {
    sampleRate: config.sampleRate,
    encoderState: exported.encoderState,
    decoderState: exported.decoderState,
    ...(audioDelay(config) > 0 && { decoderDelay: audioDelay(config) }),
  },
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json",
  },
  citation: quantizer.kind === "rvq" ? "arXiv:2107.03312" : "arXiv:2309.15505",
  card: existsSync(cardPath) ? (JSON.parse(readFileSync(cardPath, "utf8")) as unknown) : [],
};
writeFileAtomic(
  join(root, "packages", "audio", "src", "tokenizers", `${name}.ts`),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/audio/export.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"audio">;\n`,
  ),
);
console.log(files);
