/**
 * Trains one of the motion tokenizers; goes on from .runs/motion/<name> where it stopped.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/train.ts human-vq --minutes 8
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Random, readSafetensors, writeSafetensors } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { FEATURE_DIM, FEATURE_PARTS } from "@dtok/motion";
import type { Embodiment } from "@dtok/motion";
import { createRuntime } from "@dtok/runtime";
import { Trainer, cosineSchedule } from "@dtok/train";
import { loadCheckpoint, progressLine, trainLoop, writeFileAtomic } from "@dtok/train/node";
import { motionLatents, motionTraining, residualCodebooks } from "@dtok/train/presets";
import type { MotionModelConfig } from "@dtok/train/presets";
import {
  batchOf,
  featureScale,
  featureWeights,
  loadClips,
  runsFolder,
  trainingSets,
} from "./data.js";

export interface MotionRun extends MotionModelConfig {
  readonly kinds: readonly Embodiment[];
  readonly steps: number;
  readonly rate: number;
}

const base = { dim: FEATURE_DIM, width: 128, latent: 64, size: 512, rate: 1.5e-3 } as const;

/** Steps were chosen by the minutes that were there. */
export const runs: Readonly<Record<string, MotionRun>> = {
  "human-vq": { ...base, levels: 1, bodies: 1, kinds: ["human"], steps: 5000 },
  "human-rvq": { ...base, levels: 6, bodies: 1, kinds: ["human"], steps: 5000 },
  "bodies-rvq": { ...base, levels: 4, bodies: 2, kinds: ["human", "quadruped"], steps: 5000 },
};

const BATCH = 32;
const WINDOW = 64;
const SEED = 7;
/** Of all steps: nothing is quantized. */
const FREE = 0.2;

async function main(): Promise<void> {
  const [name = "", ...flags] = process.argv.slice(2);
  const run = runs[name];
  if (!run) throw new Error(`one of ${Object.keys(runs).join(", ")}`);
  const flag = (key: string) => {
    const at = flags.indexOf(`--${key}`);
    return at < 0 ? undefined : Number(flags[at + 1]);
  };
  const steps = flag("steps") ?? run.steps;
  const stop = new AbortController();
  // Stops (and can go on later) rather than holding a machine for longer.
  const minutes = flag("minutes");
  if (minutes) setTimeout(() => stop.abort(), minutes * 60_000).unref();
  const folder = join(runsFolder, name);
  const path = (file: string) => join(folder, file);

  const sets = trainingSets(loadClips(), run.kinds, WINDOW);
  const scale = featureScale(sets, run.bodies);
  const tensorOf = (data: Float32Array) => ({ data, shape: [run.bodies, FEATURE_DIM] });
  writeFileAtomic(
    path("scale.safetensors"),
    writeSafetensors({ mean: tensorOf(scale.mean), deviation: tensorOf(scale.deviation) }),
  );
  const weights = featureWeights();
  const steady = [FEATURE_PARTS.height[0], FEATURE_PARTS.places[1]] as const;
  const shared = { batch: BATCH, frames: WINDOW, seed: SEED, scale, weights, steady };
  const batch = (step: number): Record<string, Tensor> => {
    const { features, body } = batchOf(sets, run.bodies, {
      batch: BATCH,
      window: WINDOW,
      seed: SEED,
      step,
    });
    return {
      features: { data: features, shape: [BATCH, WINDOW, FEATURE_DIM] },
      ...(run.bodies > 1 && { body: { data: body, shape: [BATCH, run.bodies] } }),
    };
  };
  // Quantizer dropout (MoMask): in a fifth of the steps the last levels are left out.
  const levels = (step: number): Record<string, Tensor> => {
    const random = new Random(SEED + 1, step + 1);
    const kept = random.float() < 0.2 ? 1 + random.integer(run.levels) : run.levels;
    const data = Float32Array.from({ length: run.levels }, (_, l) => (l < kept ? 1 : 0));
    return { levels: { data, shape: [run.levels] } };
  };
  const schedule = cosineSchedule({ learningRate: run.rate, steps, warmup: 100, floor: 0.02 });
  const optimiser = { betas: [0.9, 0.99], clipNorm: 1, averageDecay: 0.995 } as const;
  const log = {
    onProgress: (p: Parameters<typeof progressLine>[0]) => console.log(progressLine(p)),
  };
  const runtime = await createRuntime();

  const free = Math.round(steps * FREE);
  const words = path("codebooks.safetensors");
  if (!existsSync(words)) {
    const first = await Trainer.create(runtime, (g) => motionTraining(g, run, shared), optimiser);
    await trainLoop(first, {
      steps: free,
      schedule,
      batch,
      samples: BATCH,
      checkpoint: path("free.safetensors"),
      logEvery: 100,
      signal: stop.signal,
      ...log,
    });
    if (first.step < free) return;
    const session = await runtime.load(
      motionLatents(run, scale, first.parameters({ averaged: false })),
    );
    const parts: Float32Array[] = [];
    for (let step = 0; step < 24; step++) {
      const feeds = batch(1_000_000 + step);
      const out = await session.run(feeds);
      parts.push(out.latents!.data as Float32Array);
    }
    await session.close();
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    const latents: Matrix = { data: all, shape: [all.length / run.latent, run.latent] };
    const codebooks = await residualCodebooks(latents, run, SEED);
    writeFileAtomic(words, writeSafetensors({ codebooks }));
    await first.close();
  }
  const codebooks = readSafetensors(readFileSync(words)).tensors.codebooks as Tensor<Float32Array>;
  const trainer = await Trainer.create(
    runtime,
    (g) => motionTraining(g, run, { ...shared, codebooks }),
    optimiser,
  );
  if (!loadCheckpoint(trainer, path("model.safetensors"))) {
    const { tensors } = readSafetensors(readFileSync(path("free.safetensors")));
    trainer.restore({ ...trainer.state(), ...tensors }, free);
  }
  await trainLoop(trainer, {
    steps,
    schedule,
    batch: (step) => ({ ...batch(step), ...levels(step) }),
    samples: BATCH,
    checkpoint: path("model.safetensors"),
    checkpointEvery: 60,
    logEvery: 100,
    signal: stop.signal,
    ...log,
  });
  writeFileAtomic(path("trained.safetensors"), writeSafetensors(trainer.parameters()));
  await trainer.close();
  await runtime.close();
}

if (process.argv[1]?.endsWith("train.ts")) await main();
