import { readFileSync } from "node:fs";
import {
  bodies,
  durationOf,
  footSkating,
  frameCount,
  jitter,
  motionErrors,
  placesFromFeatures,
  fitRotations,
  readMotion,
  resample,
  retarget,
  sliceMotion,
  startOf,
  toFeatures,
  FEATURE_FPS,
} from "@dtok/motion/node";
import type { MotionSignal } from "@dtok/motion/node";
import {
  KEY_BITS,
  keyFrames,
  pcaCoder,
  readAxes,
} from "../../../../tooling/recipes/motion/baselines.js";
import { summariseAll } from "../harness/format.js";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { sampleFiles, sampleFilesNamed } from "../harness/samples.js";
import type { BenchTask, Score } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bps", name: "bit/s", better: "less", digits: 0 },
  { key: "mpjpe", name: "MPJPE, mm", better: "less", digits: 1 },
  { key: "global", name: "global MPJPE, mm", better: "less", digits: 1 },
  { key: "velocity", name: "velocity error, mm/s", better: "less", digits: 0 },
  { key: "skating", name: "foot skating, m/s", better: "less", digits: 3 },
  { key: "jitter", name: "jitter, m/s³", better: "less", digits: 1 },
];

/** Pieces of four seconds: what the spread is over. */
const PIECE = 4;

async function signals(files: readonly string[]): Promise<MotionSignal[]> {
  const pieces: MotionSignal[] = [];
  for (const file of files) {
    const motion = await readMotion(file);
    const length = Math.round(PIECE * motion.fps);
    for (let from = 0; from + length <= frameCount(motion); from += length) {
      pieces.push(sliceMotion(motion, from, from + length));
    }
  }
  return pieces;
}

/** Tokenizers give back a body of their own; the original is brought to it. */
function compare(original: MotionSignal, decoded: MotionSignal, bits: number) {
  const same = original.skeleton.joints.length === decoded.skeleton.joints.length;
  const wanted = same ? original : retarget(original).motion;
  const { mpjpe, globalMpjpe, velocity } = motionErrors(wanted, decoded);
  return {
    bps: bits / durationOf(original),
    mpjpe,
    global: globalMpjpe,
    velocity,
    skating: footSkating(decoded, "human"),
    jitter: jitter(decoded),
  };
}

/**
 * Key frames with straight lines between them, and PCA of four frames, on axes that were fitted on the
 * tokenizers' training clips and ship as a sample: the same for whatever clip is measured.
 */
async function references(
  files: readonly string[],
  score: Score<MotionSignal>,
): Promise<BenchEntry[]> {
  const pieces = (await signals(files)).map((piece) => {
    // The references live on features at 20 frames per second; errors are measured there.
    const original = retarget(resample(piece, FEATURE_FPS)).motion;
    return { original, features: toFeatures(original, "human"), start: startOf(original) };
  });
  const entries: BenchEntry[] = [];
  const line = async (
    id: string,
    back: (piece: (typeof pieces)[number]) => { motion: MotionSignal; bits: number },
  ) => {
    const rows = [];
    for (const piece of pieces) {
      const { motion, bits } = back(piece);
      rows.push(await score(piece.original, motion, bits));
    }
    entries.push({ id, kind: "reference", status: "ok", values: summariseAll(rows) });
  };
  for (const rate of [135, 270, 540, 1080, 2160]) {
    await line(`key-frames ${rate}`, ({ original, features, start }) => {
      const motion = keyFrames(features, start, "human", rate);
      const keys = Math.max(1, Math.round((rate * durationOf(original)) / KEY_BITS));
      return { motion, bits: keys * KEY_BITS };
    });
  }
  const axes = readAxes(readFileSync(sampleFilesNamed("motion-pca.safetensors")[0]!));
  for (const [rate, share] of axes.shares) {
    const coder = pcaCoder(axes, share);
    await line(`pca ${rate}`, ({ original, features, start }) => {
      const places = placesFromFeatures(coder.code(features), start);
      const motion = fitRotations(bodies.human, bodies.human.skeleton, places, FEATURE_FPS);
      return { motion, bits: rate * durationOf(original) };
    });
  }
  return entries;
}

export const motionReconstruction: BenchTask<MotionSignal> = {
  id: "motion/reconstruction",
  title: "Motion: reconstruction of 8 s of boxing from a source never trained on, in two pieces",
  metrics,
  plot: { x: "bps", y: ["mpjpe", "global"] },
  files: () => sampleFiles(".bvh"),
  async conformance(files) {
    const motion = await readMotion(files[0]!);
    return [sliceMotion(motion, 0, 50), sliceMotion(motion, 60, 61)];
  },
  sameExtent: (a, b) => frameCount(a) === frameCount(b) && a.fps === b.fps,
  points({ manifest }) {
    const all = manifest.codebookSizes.length;
    return [...new Set([all, all >> 1, 1])]
      .filter((n) => n > 0)
      .map((levels) => ({ label: levels === all ? "" : `${levels} of ${all} levels`, levels }));
  },
  signals,
  compare,
  unit: "seconds",
  amount: durationOf,
  references,
};
