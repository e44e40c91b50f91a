/**
 * Trains one codec of sound on what fetch.ts wrote:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/train.ts sound-16k --steps 3000
 *
 * Residual codebooks: for the first tenth of the steps nothing is quantized; then they start from
 * residual k-means of the latents. Writes to .runs/audio-<name>/ and goes on from there. The same seed
 * gives the same batches and, within rounding, the same losses.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fitQuantizer, Random, readSafetensors, writeSafetensors } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { loadCheckpoint, progressLine, trainLoop, writeFileAtomic } from "@dtok/train/node";
import { audioConfigs, audioLatents, audioStride, audioTraining } from "@dtok/train/presets";
import type { AudioModelConfig } from "@dtok/train/presets";
import { Pieces } from "./pieces.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "3000" },
    batch: { type: "string", default: "12" },
    seconds: { type: "string", default: "1" },
    rate: { type: "string", default: "1e-3" },
    seed: { type: "string", default: "1" },
    waveform: { type: "string", default: "1" },
    music: { type: "string", default: "0.5" },
  },
});
const name = positionals[0] as keyof typeof audioConfigs;
if (!(name in audioConfigs)) {
  console.error(
    `Usage: train.ts <${Object.keys(audioConfigs).join(" | ")}> [--steps N] [--batch N]`,
  );
  process.exit(2);
}
const config: AudioModelConfig = audioConfigs[name];
const [steps, batch, seconds, rate, seed, waveform, music] = [
  values.steps,
  values.batch,
  values.seconds,
  values.rate,
  values.seed,
  values.waveform,
  values.music,
].map(Number) as [number, number, number, number, number, number, number];
const stride = audioStride(config);
const frames = Math.round((seconds * config.sampleRate) / stride);
const length = frames * stride;
const folder = join(root, ".runs", `audio-${name}`);
const path = (file: string) => join(folder, file);
mkdirSync(folder, { recursive: true });

const data = join(root, ".data", "audio");
const sources = [
  new Pieces(data, "train-speech"),
  ...(music > 0 ? [new Pieces(data, "train-music")] : []),
];

/** Random pieces of sounds: a function of the step alone. */
function samples(step: number): { samples: Tensor } {
  const random = new Random(seed, step + 1);
  const out = new Float32Array(batch * length);
  for (let b = 0; b < batch; b++) {
    const source = sources[random.float() < music ? 1 : 0]!;
    source.draw(random, out.subarray(b * length, (b + 1) * length));
  }
  return { samples: { data: out, shape: [batch, length] } };
}

/** Half of the samples give the decoder all levels, the others a random number of them. */
function levels(step: number, count: number): { levels: Tensor } {
  const random = new Random(seed + 1, step + 1);
  const data = new Float32Array(batch * count);
  for (let b = 0; b < batch; b++) {
    const kept = random.float() < 0.5 ? count : 1 + random.integer(count);
    data.fill(1, b * count, b * count + kept);
  }
  return { levels: { data, shape: [batch, count] } };
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
const optimiser = { betas: [0.9, 0.99], clipNorm: 1, averageDecay: 0.999 } as const;
const schedule = cosineSchedule({ learningRate: rate, steps, warmup: 100, floor: 0.02 });
const shared = { batch, frames, seed, waveform };
const loop = {
  schedule,
  samples: batch * seconds,
  checkpointEvery: 60,
  signal: stop.signal,
  log: path("log.jsonl"),
  onProgress: (p: Parameters<typeof progressLine>[0]) => console.log(progressLine(p)),
};
const runtime = await createRuntime();
const { quantizer } = config;
const free = quantizer.kind === "rvq" ? Math.round(steps / 10) : 0;
let codebooks: Tensor<Float32Array> | undefined;
if (quantizer.kind === "rvq") {
  if (!existsSync(path("codebooks.safetensors"))) {
    const first = await Trainer.create(runtime, (g) => audioTraining(g, config, shared), optimiser);
    await trainLoop(first, {
      ...loop,
      steps: free,
      batch: samples,
      checkpoint: path("free.safetensors"),
    });
    if (first.step < free) process.exit(130);
    const graph = audioLatents(config, first.parameters({ averaged: false }), length, batch);
    const session = await runtime.load(graph);
    const parts: Float32Array[] = [];
    for (let step = 0; step < 20; step++) {
      parts.push((await session.run(samples(1_000_000 + step))).latents!.data as Float32Array);
    }
    await session.close();
    await first.close();
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    const latents: Matrix = { data: all, shape: [all.length / config.latent, config.latent] };
    const spec = `rvq:${quantizer.levels}x${quantizer.size}`;
    const fitted = await fitQuantizer(spec, latents, { seed, iterations: 8 });
    const { codebook } = fitted.toState().tensors;
    writeFileAtomic(path("codebooks.safetensors"), writeSafetensors({ codebook: codebook! }));
  }
  const file = readSafetensors(readFileSync(path("codebooks.safetensors")));
  codebooks = file.tensors.codebook as Tensor<Float32Array>;
}
const trainer = await Trainer.create(
  runtime,
  (g) => audioTraining(g, config, { ...shared, ...(codebooks && { codebooks }) }),
  optimiser,
);
if (!loadCheckpoint(trainer, path("checkpoint.safetensors")) && free > 0) {
  const { tensors } = readSafetensors(readFileSync(path("free.safetensors")));
  trainer.restore({ ...trainer.state(), ...tensors }, free);
}
await trainLoop(trainer, {
  ...loop,
  steps,
  batch: (step) => ({
    ...samples(step),
    ...(quantizer.kind === "rvq" && levels(step, quantizer.levels)),
  }),
  checkpoint: path("checkpoint.safetensors"),
});
await trainer.close();
await runtime.close();
