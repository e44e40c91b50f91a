/** Training data: features of all clips, with mirrored and retimed copies. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random, readSafetensors } from "@dtok/core";
import {
  BODY_JOINTS,
  FEATURE_DIM,
  FEATURE_FPS,
  FEATURE_PARTS,
  bodies,
  fitRotations,
  mirrorMotion,
  resample,
  sliceMotion,
  toFeatures,
} from "@dtok/motion";
import type { Embodiment, MotionSignal } from "@dtok/motion";
import type { FeatureScale } from "@dtok/train/presets";
import type { Clip } from "./prepare.js";

const here = dirname(fileURLToPath(import.meta.url));
export const dataFolder = join(here, "..", "..", "..", ".data", "motion");
export const runsFolder = join(here, "..", "..", "..", ".runs", "motion");

export interface LoadedClip extends Clip {
  /** On the body's skeleton, 30 frames per second. */
  readonly motion: MotionSignal;
}

export function loadClips(): LoadedClip[] {
  const clips = JSON.parse(readFileSync(join(dataFolder, "clips.json"), "utf8")) as Clip[];
  const file = readFileSync(join(dataFolder, "clips.safetensors"));
  const places = readSafetensors(file).tensors.places!.data as Float32Array;
  const width = BODY_JOINTS * 3;
  return clips.map((clip) => {
    const body = bodies[clip.embodiment];
    const own = places.subarray(clip.start * width, (clip.start + clip.frames) * width);
    return { ...clip, motion: fitRotations(body, body.skeleton, own, 30) };
  });
}

/** Whole features of a clip at a speed, looped where it may be until `least` frames are there. */
export function clipFeatures(
  { motion, embodiment, loop }: LoadedClip,
  { speed = 1, mirror = false, least = 0 } = {},
): Float32Array {
  const turned = mirror ? mirrorMotion(motion, embodiment) : motion;
  const even = resample({ ...turned, fps: turned.fps * speed }, FEATURE_FPS);
  const features = toFeatures(even, embodiment);
  const frames = features.length / FEATURE_DIM;
  if (frames >= least) return features;
  const out = new Float32Array(least * FEATURE_DIM);
  out.set(features);
  // A loop goes on from its second frame, since the first repeats the last; others hold their end still.
  const still = toFeatures(sliceMotion(even, frames - 1, frames), embodiment);
  const rest = loop && frames > 2 ? features.subarray(FEATURE_DIM) : still;
  for (let at = features.length; at < out.length; at += rest.length)
    out.set(rest.subarray(0, Math.min(rest.length, out.length - at)), at);
  return out;
}

export interface TrainingSet {
  readonly body: number;
  readonly features: Float32Array;
  readonly frames: number;
}

/** Every copy of every training clip, at least a window long. */
export function trainingSets(
  clips: readonly LoadedClip[],
  kinds: readonly Embodiment[],
  window: number,
): TrainingSet[] {
  return clips
    .filter(({ split, embodiment }) => split === "train" && kinds.includes(embodiment))
    .flatMap((clip) =>
      [0.85, 1, 1.15].flatMap((speed) =>
        [false, true].map((mirror): TrainingSet => {
          const features = clipFeatures(clip, { speed, mirror, least: window });
          const body = kinds.indexOf(clip.embodiment);
          return { body, features, frames: features.length / FEATURE_DIM };
        }),
      ),
    );
}

/** Mean per feature and one deviation per kind of feature, by body; contacts stay 0 and 1. */
export function featureScale(sets: readonly TrainingSet[], count: number): FeatureScale {
  const mean = new Float32Array(count * FEATURE_DIM);
  const deviation = new Float32Array(count * FEATURE_DIM).fill(1);
  for (let body = 0; body < count; body++) {
    const own = sets.filter((set) => set.body === body);
    const sums = new Float64Array(FEATURE_DIM);
    const squares = new Float64Array(FEATURE_DIM);
    let rows = 0;
    for (const { features, frames } of own) {
      for (let i = 0; i < features.length; i++) {
        sums[i % FEATURE_DIM]! += features[i]!;
        squares[i % FEATURE_DIM]! += features[i]! ** 2;
      }
      rows += frames;
    }
    for (const [kind, [from, to]] of Object.entries(FEATURE_PARTS)) {
      let variance = 0;
      for (let d = from; d < to; d++) {
        const m = sums[d]! / rows;
        if (kind !== "contacts") mean[body * FEATURE_DIM + d] = m;
        variance += squares[d]! / rows - m * m;
      }
      const shared = kind === "contacts" ? 1 : Math.sqrt(variance / (to - from));
      deviation.fill(shared, body * FEATURE_DIM + from, body * FEATURE_DIM + to);
    }
  }
  return { mean, deviation };
}

/** Weight of each feature's error: the root's few numbers count as many of the joints'. */
export function featureWeights(): Float32Array {
  const weights = new Float32Array(FEATURE_DIM);
  const fill = ([from, to]: readonly [number, number], value: number) =>
    weights.fill(value, from, to);
  fill(FEATURE_PARTS.turn, 4);
  fill(FEATURE_PARTS.way, 4);
  fill(FEATURE_PARTS.height, 8);
  fill(FEATURE_PARTS.places, 2);
  fill(FEATURE_PARTS.ways, 0.7);
  fill(FEATURE_PARTS.contacts, 0.3);
  return weights;
}

/** Windows of a step: clips by length, bodies evenly. */
export function batchOf(
  sets: readonly TrainingSet[],
  count: number,
  { batch, window, seed, step }: { batch: number; window: number; seed: number; step: number },
): { features: Float32Array; body: Float32Array } {
  const random = new Random(seed, step + 1);
  const features = new Float32Array(batch * window * FEATURE_DIM);
  const body = new Float32Array(batch * count);
  for (let b = 0; b < batch; b++) {
    const kind = b % count;
    const own = byBody(sets, kind);
    const set = own.pick(random);
    const from = random.integer(set.frames - window + 1);
    features.set(
      set.features.subarray(from * FEATURE_DIM, (from + window) * FEATURE_DIM),
      b * window * FEATURE_DIM,
    );
    body[b * count + kind] = 1;
  }
  return { features, body };
}

const cache = new WeakMap<object, Map<number, { pick(random: Random): TrainingSet }>>();

function byBody(sets: readonly TrainingSet[], body: number) {
  let kinds = cache.get(sets);
  if (!kinds) cache.set(sets, (kinds = new Map()));
  const known = kinds.get(body);
  if (known) return known;
  const own = sets.filter((set) => set.body === body);
  // By the square root of the length: long captures matter, yet do not drown the many short clips.
  const ends: number[] = [];
  let sum = 0;
  for (const { frames } of own) ends.push((sum += Math.sqrt(frames)));
  const made = {
    pick(random: Random) {
      const at = random.float() * sum;
      let low = 0;
      let high = ends.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle]! > at) high = middle;
        else low = middle + 1;
      }
      return own[low]!;
    },
  };
  kinds.set(body, made);
  return made;
}
