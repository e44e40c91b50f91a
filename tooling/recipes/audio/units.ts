/**
 * Fits k-means units on what sound-16k's encoder makes of speech:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/units.ts
 *
 * Writes models/sound-16k/units.safetensors and the manifest src/tokenizers/units-50hz.ts. The networks
 * are sound-16k's own, so fit anew when that was trained anew.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deduplicate, fitKMeansUnits, Random, saveQuantizer } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { plugins } from "@dtok/audio";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { Pieces } from "./pieces.js";

const UNITS = 500;
/** Pieces of 4 s: 120,000 frames. */
const PIECES = 600;
const LENGTH = 64_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { manifest } = plugins["sound-16k"];
const folder = join(root, "packages", "audio", "models", "sound-16k");
const runtime = await createRuntime();
const encoder = await runtime.load(readFileSync(join(folder, "encoder.onnx")));
const pieces = new Pieces(join(root, ".data", "audio"), "train-speech");

/** Latents [frames, D] of a piece of speech by number. */
async function latents(piece: number): Promise<Tensor<Float32Array>> {
  const data = new Float32Array(LENGTH);
  pieces.draw(new Random(77, piece), data);
  const size = Number(manifest.settings?.encoderState);
  const out = await encoder.run({
    samples: { data, shape: [1, LENGTH] },
    state: { data: new Float32Array(size), shape: [1, size] },
  });
  return out.latents as Tensor<Float32Array>;
}

const all: Float32Array[] = [];
let dim = 0;
for (let i = 0; i < PIECES; i++) {
  const { data, shape } = await latents(i);
  dim = shape.at(-1)!;
  all.push(data);
}
const frames = new Float32Array(all.reduce((sum, part) => sum + part.length, 0));
let at = 0;
for (const part of all) {
  frames.set(part, at);
  at += part.length;
}
const rows = frames.length / dim;
const units = await fitKMeansUnits(
  UNITS,
  { data: frames, shape: [rows, dim] },
  { seed: 1, iterations: 20 },
);
const { data: found } = units.quantize({ data: frames, shape: [rows, dim] });
const runs = deduplicate(found);
console.log(
  `${rows} frames, ${new Set(found).size} of ${UNITS} units used, runs of ${(rows / runs.units.length).toFixed(2)} frames`,
);
await encoder.close();
await runtime.close();
pieces.close();

const bytes = saveQuantizer(units);
writeFileAtomic(join(folder, "units.safetensors"), bytes);
const { encoder: encoderFile, decoder: decoderFile } = manifest.files;
const cardPath = join(folder, "units-50hz.card.json");
const made = {
  ...manifest,
  id: "audio/units-50hz",
  description: `Speech as ${UNITS} k-means units over the latents of sound-16k, 50 a second (${Math.round(50 * Math.log2(UNITS))} bit/s before runs are merged).`,
  quantizer: `kmeans:${UNITS}`,
  codebookSizes: [UNITS],
  files: {
    encoder: encoderFile,
    decoder: decoderFile,
    quantizer: {
      path: "units.safetensors",
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  },
  settings: { ...manifest.settings, folder: "sound-16k" },
  citation: "arXiv:2102.01192",
  card: existsSync(cardPath) ? (JSON.parse(readFileSync(cardPath, "utf8")) as unknown) : [],
};
writeFileAtomic(
  join(root, "packages", "audio", "src", "tokenizers", "units-50hz.ts"),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/audio/units.ts. */\nexport const manifest = ${JSON.stringify(made, null, 2)} as const satisfies Manifest<"audio">;\n`,
  ),
);
