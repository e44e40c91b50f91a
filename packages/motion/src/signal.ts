import { ArgumentError, LimitError, ShapeError, ValueError } from "@dtok/core";

/** More joints than any rig that was met in practice; a file that claims more is refused. */
export const MAX_JOINTS = 1024;

export interface Joint {
  readonly name: string;
  /** Index of the parent, which stands before its children; -1 for the root, which is joint 0. */
  readonly parent: number;
  /** From the parent at rest, metres; where the joint stands when every rotation is the identity. */
  readonly offset: readonly [x: number, y: number, z: number];
  /** The tip of a bone (BVH's End Site): it never rotates and no file writes channels for it. */
  readonly end?: boolean;
}

/** Joints in an order in which parents stand before children. */
export interface Skeleton {
  readonly joints: readonly Joint[];
}

/**
 * A skeleton's motion. Metres, y up, right-handed, facing +z at rest (as glTF); rotations are unit
 * quaternions (x, y, z, w) relative to the parent; time in frames of constant rate.
 */
export interface MotionSignal {
  readonly skeleton: Skeleton;
  /** Frames per second. */
  readonly fps: number;
  /** Where the root is, [T, 3], metres. */
  readonly translation: Float32Array;
  /** Local rotations, [T, J, 4]. */
  readonly rotations: Float32Array;
  /**
   * Local translations of all joints, [T, J, 3], metres, where bones change their length (some BVH and
   * glTF files); the root's equal `translation`. Left out: the skeleton's offsets.
   */
  readonly translations?: Float32Array;
}

declare module "@dtok/core" {
  interface Signals {
    motion: MotionSignal;
  }
}

/** T of a motion. */
export function frameCount(motion: MotionSignal): number {
  return motion.translation.length / 3;
}

/** Seconds: T / fps, each frame standing for 1 / fps. */
export function durationOf(motion: MotionSignal): number {
  return frameCount(motion) / motion.fps;
}

export function checkSkeleton(skeleton: Skeleton): Skeleton {
  const joints = skeleton?.joints;
  if (!Array.isArray(joints) || joints.length === 0) {
    throw new ArgumentError("skeleton", {
      expected: "{ joints: [{ name, parent, offset }, ...] }",
      got: joints === undefined ? "none" : `${joints?.length ?? 0} joints`,
      remedy: "Read a motion by readMotion, or name the joints.",
    });
  }
  if (joints.length > MAX_JOINTS) {
    throw new LimitError("skeleton", {
      expected: `at most ${MAX_JOINTS} joints`,
      got: String(joints.length),
      remedy: "Remove joints that carry no motion (fingers, cloth, faces).",
    });
  }
  for (const [j, { name, parent, offset }] of (joints as readonly Joint[]).entries()) {
    const rooted = j === 0 ? parent === -1 : Number.isInteger(parent) && parent >= 0 && parent < j;
    if (!rooted) {
      throw new ArgumentError(`joint ${j} (${name})`, {
        expected: j === 0 ? "parent -1 (the root)" : "a parent that stands before it",
        got: `parent ${parent}`,
        remedy: "Order the joints from the root outwards.",
      });
    }
    if (offset?.length !== 3 || !offset.every(Number.isFinite)) {
      throw new ValueError(`offset of joint ${j} (${name})`, {
        expected: "three finite numbers, metres",
        got: String(offset),
        remedy: "Correct the skeleton.",
      });
    }
  }
  return skeleton;
}

/** Shapes, the rate, and that every number is finite. */
export function checkMotion(motion: MotionSignal): MotionSignal {
  if (typeof motion !== "object" || motion === null) {
    throw new ArgumentError("motion", {
      expected: "a MotionSignal { skeleton, fps, translation, rotations }",
      got: String(motion),
      remedy: "Read one from a file by readMotion.",
    });
  }
  checkSkeleton(motion.skeleton);
  const { fps, translation, rotations, translations } = motion;
  if (!Number.isFinite(fps) || fps <= 0 || fps > 10_000) {
    throw new ValueError("fps", {
      expected: "frames per second in (0, 10000]",
      got: String(fps),
      remedy: "Say how many frames a second has; a frame time of 0 has no meaning.",
    });
  }
  const joints = motion.skeleton.joints.length;
  const frames = translation instanceof Float32Array ? translation.length / 3 : NaN;
  const bad = (what: string, expected: string, got: unknown): never => {
    throw new ShapeError(what, {
      expected,
      got: String(got),
      remedy: "Give one translation per frame and one quaternion per frame and joint.",
    });
  };
  if (!Number.isInteger(frames) || frames < 1)
    bad("translation", "a Float32Array [T, 3] with T >= 1", translation?.length);
  if (!(rotations instanceof Float32Array) || rotations.length !== frames * joints * 4)
    bad("rotations", `a Float32Array [${frames}, ${joints}, 4]`, rotations?.length);
  if (translations !== undefined && translations.length !== frames * joints * 3)
    bad("translations", `a Float32Array [${frames}, ${joints}, 3]`, translations.length);
  for (const [what, data, width] of [
    ["translation", translation, 3],
    ["rotations", rotations, joints * 4],
    ["translations", translations, joints * 3],
  ] as const) {
    const at = data?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (at >= 0) {
      throw new ValueError(what, {
        expected: "finite numbers",
        got: `${data?.[at]} in frame ${Math.floor(at / width)}`,
        remedy: "Fill gaps of the recording first.",
      });
    }
  }
  return motion;
}

/** Frames from `start` (inclusive) to `end` (exclusive), sharing the arrays' memory. */
export function sliceMotion(motion: MotionSignal, start: number, end: number): MotionSignal {
  const joints = motion.skeleton.joints.length;
  const { translations } = motion;
  return {
    ...motion,
    translation: motion.translation.subarray(start * 3, end * 3),
    rotations: motion.rotations.subarray(start * joints * 4, end * joints * 4),
    ...(translations && {
      translations: translations.subarray(start * joints * 3, end * joints * 3),
    }),
  };
}
