/**
 * Trains one codec of sound on what fetch.ts wrote:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/train.ts sound-16k --steps 3000
 *
 * With --from shipped training starts from the weights that ship; with --frozen encoder the encoder and the
 * codebooks stay what they are: the decoder alone is trained, so the tokens are the same ones.
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
import { band, Pieces, roundTo16 } from "./pieces.js";
import { shippedWeights } from "./shipped.js";

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
    telephone: { type: "string", default: "0.15" },
    warmup: { type: "string", default: "0" },
    threads: { type: "string" },
    from: { type: "string" },
    frozen: { type: "string" },
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
const [steps, batch, seconds, rate, seed, waveform, music, telephone, warmup] = [
  values.steps,
  values.batch,
  values.seconds,
  values.rate,
  values.seed,
  values.waveform,
  values.music,
  values.telephone,
  values.warmup,
].map(Number) as [number, number, number, number, number, number, number, number, number];
const { frozen } = values;
if (frozen !== undefined && frozen !== "encoder" && frozen !== "all but gains") {
  console.error(`--frozen takes "encoder" or "all but gains", got ${frozen}`);
  process.exit(2);
}
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

/** Random pieces of sounds, and what rounding adds: a function of the step alone. */
function samples(step: number): { samples: Tensor; noise?: Tensor } {
  const random = new Random(seed, step + 1);
  const out = new Float32Array(batch * length);
  for (let b = 0; b < batch; b++) {
    const source = sources[random.float() < music ? 1 : 0]!;
    const piece = out.subarray(b * length, (b + 1) * length);
    source.draw(random, piece);
    // Telephones: nothing above 4 kHz.
    if (random.float() < telephone) band(piece, config.sampleRate, 8000);
    roundTo16(piece);
  }
  const counted = length - warmup * stride;
  const noise = Float32Array.from(
    { length: batch * counted },
    () => (random.float() - 0.5) / 32767,
  );
  return {
    samples: { data: out, shape: [batch, length] },
    ...(frozen !== "all but gains" && { noise: { data: noise, shape: [batch, counted] } }),
  };
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
const optimiser = {
  betas: [0.9, 0.99],
  clipNorm: 1,
  averageDecay: 0.999,
  ...(values.threads && { session: { threads: Number(values.threads) } }),
} as const;
const schedule = cosineSchedule({ learningRate: rate, steps, warmup: 100, floor: 0.02 });
const shared = { batch, frames, seed, waveform, warmup };
const loop = {
  schedule,
  samples: batch * seconds,
  checkpointEvery: 60,
  signal: stop.signal,
  log: path("log.jsonl"),
  logEvery: 10,
  onProgress: (p: Parameters<typeof progressLine>[0]) => console.log(progressLine(p)),
};
const runtime = await createRuntime();
const { quantizer } = config;
const shipped = values.from
  ? shippedWeights(join(root, "packages", "audio", "models", name))
  : undefined;
if (shipped && values.from !== "shipped") {
  const { tensors } = readSafetensors(readFileSync(values.from as string));
  for (const [key, tensor] of Object.entries(tensors)) {
    if (!key.endsWith(".average")) continue;
    shipped.weights[key.slice(0, -".average".length)] = tensor as Tensor<Float32Array>;
  }
}
const free = quantizer.kind === "rvq" && !shipped ? Math.round(steps / 10) : 0;
let codebooks = shipped?.codebooks;
if (quantizer.kind === "rvq" && !shipped) {
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
  (g) =>
    audioTraining(g, config, {
      ...shared,
      ...(codebooks && { codebooks }),
      ...(shipped && { initial: shipped.weights }),
      ...(frozen && { frozen }),
    }),
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
