/** How far two motions on skeletons of equal joints are apart, and how a motion moves by itself. */
import { ShapeError } from "@dtok/core";
import type { MotionSignal } from "../signal.js";
import { frameCount } from "../signal.js";
import { bodies } from "../skeleton/canonical.js";
import type { Embodiment } from "../skeleton/canonical.js";
import { jointPositions } from "../skeleton/fk.js";

export interface MotionErrors {
  /** Mean distance of joints, roots laid upon one another, millimetres. */
  readonly mpjpe: number;
  /** The same with roots where they are: drift counts. */
  readonly globalMpjpe: number;
  /** Mean distance of joint velocities, millimetres per second. */
  readonly velocity: number;
  /** Mean distance of joint accelerations, metres per second squared. */
  readonly acceleration: number;
}

interface Places {
  readonly data: Float32Array;
  readonly frames: number;
  readonly joints: number;
}

function placesOf(motion: MotionSignal): Places {
  return {
    data: jointPositions(motion),
    frames: frameCount(motion),
    joints: motion.skeleton.joints.length,
  };
}

/** Errors of a motion against an original with the same joints, frames and rate. */
export function motionErrors(original: MotionSignal, decoded: MotionSignal): MotionErrors {
  const [a, b] = [placesOf(original), placesOf(decoded)];
  if (a.frames !== b.frames || a.joints !== b.joints || original.fps !== decoded.fps) {
    throw new ShapeError("motions", {
      expected: `${a.frames} frames of ${a.joints} joints at ${original.fps} per second`,
      got: `${b.frames} of ${b.joints} at ${decoded.fps}`,
      remedy: "Bring both to one body (retarget) and one rate (resample).",
    });
  }
  const { frames, joints } = a;
  const { fps } = original;
  const at = (t: number, j: number, k: number) => (t * joints + j) * 3 + k;
  const delta = (t: number, j: number, k: number) => b.data[at(t, j, k)]! - a.data[at(t, j, k)]!;
  const mean = (from: number, size: (t: number, j: number, k: number) => number) => {
    let sum = 0;
    for (let t = from; t < frames; t++)
      for (let j = 0; j < joints; j++)
        sum += Math.hypot(size(t, j, 0), size(t, j, 1), size(t, j, 2));
    return frames > from ? sum / ((frames - from) * joints) : 0;
  };
  return {
    mpjpe: 1000 * mean(0, (t, j, k) => delta(t, j, k) - delta(t, 0, k)),
    globalMpjpe: 1000 * mean(0, delta),
    velocity: 1000 * fps * mean(1, (t, j, k) => delta(t, j, k) - delta(t - 1, j, k)),
    acceleration:
      fps *
      fps *
      mean(2, (t, j, k) => delta(t, j, k) - 2 * delta(t - 1, j, k) + delta(t - 2, j, k)),
  };
}

/** Mean third derivative of the joints' places, metres per second cubed; a measure of jitter. */
export function jitter(motion: MotionSignal): number {
  const { data, frames, joints } = placesOf(motion);
  if (frames < 4) return 0;
  const x = (t: number, j: number, k: number) => data[(t * joints + j) * 3 + k]!;
  let sum = 0;
  for (let t = 3; t < frames; t++) {
    for (let j = 0; j < joints; j++) {
      const third = [0, 1, 2].map(
        (k) => x(t, j, k) - 3 * x(t - 1, j, k) + 3 * x(t - 2, j, k) - x(t - 3, j, k),
      );
      sum += Math.hypot(...third);
    }
  }
  return (sum / ((frames - 3) * joints)) * motion.fps ** 3;
}

/**
 * Metres per second at which feet slide while they are on the ground: the mean horizontal speed of the
 * feet within `height` metres above the lowest point that any foot reaches. 0 where none is.
 */
export function footSkating(motion: MotionSignal, embodiment: Embodiment, height = 0.05): number {
  const { data, frames, joints } = placesOf(motion);
  const { feet } = bodies[embodiment];
  let floor = Infinity;
  for (let t = 0; t < frames; t++)
    for (const j of feet) floor = Math.min(floor, data[(t * joints + j) * 3 + 1]!);
  let [sum, count] = [0, 0];
  for (let t = 1; t < frames; t++) {
    for (const j of feet) {
      const [now, old] = [(t * joints + j) * 3, ((t - 1) * joints + j) * 3];
      if (data[now + 1]! - floor > height || data[old + 1]! - floor > height) continue;
      sum += Math.hypot(data[now]! - data[old]!, data[now + 2]! - data[old + 2]!);
      count++;
    }
  }
  return count > 0 ? (sum / count) * motion.fps : 0;
}

/** The largest distance of a joint between neighbouring frames, metres per second. */
export function largestSpeed(motion: MotionSignal): number {
  const { data, frames, joints } = placesOf(motion);
  let largest = 0;
  for (let i = joints * 3; i < frames * joints * 3; i += 3) {
    const old = i - joints * 3;
    largest = Math.max(
      largest,
      Math.hypot(
        data[i]! - data[old]!,
        data[i + 1]! - data[old + 1]!,
        data[i + 2]! - data[old + 2]!,
      ),
    );
  }
  return largest * motion.fps;
}
