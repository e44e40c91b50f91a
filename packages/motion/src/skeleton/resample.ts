import { ArgumentError } from "@dtok/core";
import { frameCount } from "../signal.js";
import type { MotionSignal } from "../signal.js";
import { quatAt, slerp } from "../math/quaternion.js";

/** More frames than an hour at 1,000 per second. */
export const MAX_FRAMES = 4_000_000;

/** How many frames cover T frames of one rate at another: at least one, none beyond the last. */
export function resampledCount(frames: number, from: number, to: number): number {
  return Math.max(1, Math.floor(((frames - 1) * to) / from + 1e-6) + 1);
}

/**
 * Another frame rate. Frame k of the result is the motion at k / fps seconds: rotations by spherical,
 * places by linear interpolation. `count` asks for a number of frames; beyond the end the last one stays.
 */
export function resample(
  motion: MotionSignal,
  fps: number,
  count = resampledCount(frameCount(motion), motion.fps, fps),
): MotionSignal {
  if (!Number.isFinite(fps) || fps <= 0 || fps > 10_000) {
    throw new ArgumentError("fps", {
      expected: "frames per second in (0, 10000]",
      got: String(fps),
      remedy: "Choose the rate to resample to, for example 30.",
    });
  }
  if (!Number.isSafeInteger(count) || count < 1 || count > MAX_FRAMES) {
    throw new ArgumentError("frames", {
      expected: `1 to ${MAX_FRAMES}`,
      got: String(count),
      remedy: "Cut the motion into parts.",
    });
  }
  const frames = frameCount(motion);
  const joints = motion.skeleton.joints.length;
  if (fps === motion.fps && count === frames) return motion;
  const translation = new Float32Array(count * 3);
  const rotations = new Float32Array(count * joints * 4);
  const translations = motion.translations && new Float32Array(count * joints * 3);
  for (let k = 0; k < count; k++) {
    const at = Math.min(frames - 1, (k * motion.fps) / fps);
    // Whole frames stay what they are, in spite of rounding.
    const first = Math.min(frames - 1, Math.floor(at + 1e-6));
    const t = Math.max(0, at - first);
    const second = t > 1e-6 ? Math.min(frames - 1, first + 1) : first;
    const linear = (from: Float32Array, to: Float32Array, width: number) => {
      for (let i = 0; i < width; i++) {
        to[k * width + i] = (1 - t) * from[first * width + i]! + t * from[second * width + i]!;
      }
    };
    linear(motion.translation, translation, 3);
    if (translations) linear(motion.translations!, translations, joints * 3);
    for (let j = 0; j < joints; j++) {
      const a = quatAt(motion.rotations, (first * joints + j) * 4);
      rotations.set(
        second === first ? a : slerp(a, quatAt(motion.rotations, (second * joints + j) * 4), t),
        (k * joints + j) * 4,
      );
    }
  }
  return {
    skeleton: motion.skeleton,
    fps,
    translation,
    rotations,
    ...(translations && { translations }),
  };
}
