import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { FormatError, readSafetensors, writeSafetensors } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import type { Trainer } from "../trainer.js";
import { writeFileAtomic } from "./files.js";

export interface LoopOptions {
  /** Steps in all, those before a resumed checkpoint included. */
  readonly steps: number;
  /** Learning rate of step `step`, counted from 0. */
  readonly schedule: (step: number) => number;
  /**
   * The batch of one step, counted from 0. Drawn from the step's number alone (`new Random(seed,
   * step)`), a resumed run sees the same batches as an uninterrupted one.
   */
  readonly batch: (step: number) => Record<string, Tensor> | Promise<Record<string, Tensor>>;
  /** Samples in a batch, for the throughput. */
  readonly samples: number;
  /** Where the checkpoint goes; resumed from when it is there. */
  readonly checkpoint?: string;
  /** Seconds between checkpoints. Default 300. */
  readonly checkpointEvery?: number;
  /** A file of JSON lines {step, loss, …, rate, samplesPerSecond, gflops}, one per `logEvery` steps; a resumed run goes on with it. */
  readonly log?: string;
  readonly logEvery?: number;
  /** Called per `logEvery` steps, e.g. with `progressLine`. */
  readonly onProgress?: (progress: LoopProgress) => void;
  /** Stops after the current step and writes the checkpoint. */
  readonly signal?: AbortSignal;
}

export interface LoopProgress {
  readonly step: number;
  readonly steps: number;
  /** Means since the last report. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
  /** Matrix products and convolutions, forward and backward. */
  readonly gflops: number;
  readonly secondsLeft: number;
}

/** Writes the trainer's arrays and step, whole or not at all. */
export function saveCheckpoint(trainer: Trainer, path: string): void {
  writeFileAtomic(path, writeSafetensors(trainer.state(), { step: String(trainer.step) }));
}

/** Restores a checkpoint; false where there is none. */
export function loadCheckpoint(trainer: Trainer, path: string): boolean {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const { tensors, metadata } = readSafetensors(bytes);
  const step = Number(metadata.step ?? Number.NaN);
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new FormatError(path, {
      expected: "a checkpoint with the number of its step",
      got: metadata.step ?? "none",
      remedy: "Pass what saveCheckpoint wrote, or begin in another folder.",
    });
  }
  trainer.restore(tensors, step);
  return true;
}

/** Leaves out what a run that was killed logged after its last checkpoint: those steps come again. */
function continueLog(path: string, step: number): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) return;
  const kept = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => {
      try {
        return (JSON.parse(line) as LoopProgress).step <= step;
      } catch {
        return false;
      }
    });
  writeFileAtomic(path, new TextEncoder().encode(kept.map((line) => `${line}\n`).join("")));
}

/** Trains to `steps`, with checkpoints, a log and progress. Resumes where the checkpoint ends. */
export async function trainLoop(trainer: Trainer, options: LoopOptions): Promise<void> {
  const { steps, checkpoint, checkpointEvery = 300, logEvery = 50 } = options;
  if (checkpoint) loadCheckpoint(trainer, checkpoint);
  if (options.log) continueLog(options.log, trainer.step);
  let saved = performance.now();
  let since = performance.now();
  const first = trainer.step;
  const begun = since;
  let count = 0;
  let loss = 0;
  let gradientNorm = 0;
  let metrics: Record<string, number> = {};
  while (trainer.step < steps && !options.signal?.aborted) {
    const rate = options.schedule(trainer.step);
    const result = await trainer.run(await options.batch(trainer.step), rate);
    count++;
    loss += result.loss;
    gradientNorm += result.gradientNorm;
    for (const [name, value] of Object.entries(result.metrics)) {
      metrics[name] = (metrics[name] ?? 0) + value;
    }
    const now = performance.now();
    if (count === logEvery || trainer.step === steps) {
      const seconds = (now - since) / 1000;
      const mean = (sum: number) => sum / count;
      const progress: LoopProgress = {
        step: trainer.step,
        steps,
        loss: mean(loss),
        metrics: Object.fromEntries(Object.entries(metrics).map(([k, v]) => [k, mean(v)])),
        gradientNorm: mean(gradientNorm),
        learningRate: rate,
        samplesPerSecond: (count * options.samples) / seconds,
        gflops: (count * trainer.flopsPerStep) / seconds / 1e9,
        secondsLeft: ((now - begun) / 1000 / (trainer.step - first)) * (steps - trainer.step),
      };
      options.onProgress?.(progress);
      if (options.log) appendFileSync(options.log, `${JSON.stringify(progress)}\n`);
      since = now;
      count = 0;
      loss = 0;
      gradientNorm = 0;
      metrics = {};
    }
    if (checkpoint && now - saved > checkpointEvery * 1000) {
      saveCheckpoint(trainer, checkpoint);
      saved = now;
    }
  }
  if (checkpoint) saveCheckpoint(trainer, checkpoint);
}

/** One line for a terminal: losses, throughput, time left. */
export function progressLine(p: LoopProgress): string {
  const metrics = Object.entries(p.metrics).map(
    ([name, value]) => `${name} ${value.toPrecision(4)}`,
  );
  const left =
    p.secondsLeft > 90 ? `${(p.secondsLeft / 60).toFixed(0)} min` : `${p.secondsLeft.toFixed(0)} s`;
  return [
    `${p.step}/${p.steps}`,
    `loss ${p.loss.toPrecision(4)}`,
    ...metrics,
    `|g| ${p.gradientNorm.toPrecision(3)}`,
    `rate ${p.learningRate.toExponential(1)}`,
    `${p.samplesPerSecond.toFixed(0)} samples/s`,
    `${p.gflops.toFixed(0)} GFLOP/s`,
    `${left} left`,
  ].join("  ");
}
