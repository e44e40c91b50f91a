/**
 * Trains graph/debian-vq; goes on from .runs/graph/debian-vq where it stopped.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/vq-train.ts [--steps 4000] [--minutes 8]
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kmeans, readSafetensors, writeSafetensors } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { withNeighbourMeans } from "@dtok/graph";
import { createRuntime } from "@dtok/runtime";
import { Trainer, cosineSchedule } from "@dtok/train";
import { loadCheckpoint, progressLine, trainLoop, writeFileAtomic } from "@dtok/train/node";
import { exportVqGraph, vqGraphTraining } from "@dtok/train/presets";
import type { VqGraphConfig } from "@dtok/train/presets";
import { runsFolder } from "./data.js";
import {
  loadVqData,
  neighbourhoodBatches,
  scaleOf,
  standardised,
  trainingPart,
} from "./vq-data.js";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "4000" },
    minutes: { type: "string" },
    fresh: { type: "boolean", default: false },
  },
});
export const CONFIG = { width: 128, latent: 32, size: 1024, edge: 16 } as const;
const SEED = 5;
const BATCH = 256;
const NEIGHBOURS = 4;
/** Of all steps: nothing is quantized. */
const FREE = 0.3;

const folder = join(runsFolder, "debian-vq");
mkdirSync(folder, { recursive: true });
const path = (file: string) => join(folder, file);
const stop = new AbortController();
if (values.minutes) setTimeout(() => stop.abort(), Number(values.minutes) * 60_000).unref();

const part = trainingPart(loadVqData());
const scale = scaleOf(part.features);
const x = standardised(part.features, scale);
const config: VqGraphConfig = { ...CONFIG, dim: x.shape[1] };
console.log(`${part.graph.nodes.length} nodes, ${part.graph.edges} edges, ${config.dim} features`);
const options = {
  batch: BATCH,
  neighbours: NEIGHBOURS,
  seed: SEED,
  edgeWeight: 0.7,
  beta: 0.25,
};
const batch = neighbourhoodBatches(part.graph, x, options);
const steps = Number(values.steps);
const schedule = cosineSchedule({ learningRate: 2e-3, steps, warmup: 100, floor: 0.02 });
const optimiser = {
  betas: [0.9, 0.99],
  clipNorm: 1,
  averageDecay: 0.995,
  session: { threads: 1 },
} as const;
const runtime = await createRuntime();
const loop = {
  schedule,
  batch,
  samples: 3 * BATCH,
  logEvery: 100,
  checkpointEvery: 60,
  signal: stop.signal,
  onProgress: (p: Parameters<typeof progressLine>[0]) => console.log(progressLine(p)),
};
const fresh = values.fresh ? "fresh" : "";
const free = Math.round(steps * FREE);
const words = path("codebook.safetensors");
if (fresh || !existsSync(words)) {
  const first = await Trainer.create(
    runtime,
    (g) => vqGraphTraining(g, config, options),
    optimiser,
  );
  await trainLoop(first, {
    ...loop,
    steps: free,
    ...(fresh ? {} : { checkpoint: path("free.safetensors") }),
  });
  if (first.step < free) process.exit(0);
  writeFileAtomic(
    path("free.safetensors"),
    writeSafetensors(first.state(), { step: String(first.step) }),
  );
  // k-means of the latents of some nodes, on the sphere.
  const made = exportVqGraph(config, first.parameters({ averaged: false }), scale);
  const [local, encoder] = [await runtime.load(made.local), await runtime.load(made.encoder)];
  const rows = part.graph.nodes.length;
  const hidden = new Float32Array(rows * config.width);
  for (let from = 0; from < rows; from += 4096) {
    const to = Math.min(rows, from + 4096);
    const features = withNeighbourMeans(part.graph, part.features, from, to);
    hidden.set((await local.run({ features })).hidden!.data as Float32Array, from * config.width);
  }
  const latents = new Float32Array(rows * config.latent);
  const h = { data: hidden, shape: [rows, config.width] as const };
  for (let from = 0; from < rows; from += 4096) {
    const to = Math.min(rows, from + 4096);
    const out = await encoder.run({ hidden: withNeighbourMeans(part.graph, h, from, to) });
    latents.set(out.latents!.data as Float32Array, from * config.latent);
  }
  const { centroids } = await kmeans(
    { data: latents, shape: [rows, config.latent] },
    { clusters: config.size, seed: SEED, iterations: 10 },
  );
  for (let k = 0; k < config.size; k++) {
    const row = centroids.data.subarray(k * config.latent, (k + 1) * config.latent);
    const norm = Math.hypot(...row);
    for (let d = 0; d < row.length; d++) row[d] = row[d]! / norm;
  }
  writeFileAtomic(words, writeSafetensors({ codebook: centroids }));
  await Promise.all([first.close(), local.close(), encoder.close()]);
}
const codebook = readSafetensors(readFileSync(words)).tensors.codebook as Tensor<Float32Array>;
const trainer = await Trainer.create(
  runtime,
  (g) => vqGraphTraining(g, config, { ...options, codebook }),
  optimiser,
);
if (fresh || !loadCheckpoint(trainer, path("checkpoint.safetensors"))) {
  const { tensors } = readSafetensors(readFileSync(path("free.safetensors")));
  trainer.restore({ ...trainer.state(), ...tensors }, free);
}
await trainLoop(trainer, {
  ...loop,
  steps,
  ...(fresh ? {} : { checkpoint: path("checkpoint.safetensors") }),
});
writeFileAtomic(
  path("model.safetensors"),
  writeSafetensors(trainer.parameters(), { steps: String(trainer.step) }),
);
writeFileAtomic(
  path("scale.safetensors"),
  writeSafetensors({
    mean: { data: scale.mean, shape: [config.dim] },
    deviation: { data: scale.deviation, shape: [config.dim] },
  }),
);
await runtime.close();
