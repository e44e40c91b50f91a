/**
 * Numbers per frame that a network sees, after HumanML3D (Guo et al., CVPR 2022), relative to where the
 * root is and where it faces, so that a step is the same step anywhere. Differences look back, so that
 * a frame's features never need the next frame (HumanML3D's look ahead). Its 126 rotation numbers are
 * left out: they follow from the places.
 *
 *   0        turn about the vertical since the last frame, radians
 *   1, 2     way of the root since the last frame, x and z in its own heading, metres
 *   3        height of the root, metres
 *   4..66    places of joints 1..21, x and z from the root, y from the ground, metres
 *   67..132  ways of all 22 joints since the last frame, metres
 *   133..136 1 where a foot (ankle, toe; or the four paws) stands still
 */
import { frameCount } from "../signal.js";
import type { MotionSignal } from "../signal.js";
import { axisAngle, headingOf, quatAt, rotate, sub, vecAt } from "../math/quaternion.js";
import type { Vec3 } from "../math/quaternion.js";
import { BODY_JOINTS, bodies } from "../skeleton/canonical.js";
import type { Embodiment } from "../skeleton/canonical.js";
import { jointPositions } from "../skeleton/fk.js";
import { fitRotations } from "../skeleton/retarget.js";

/** Frames per second of features: HumanML3D's. */
export const FEATURE_FPS = 20;
export const FEATURE_DIM = 137;
export const FEATURE_PARTS = {
  turn: [0, 1],
  way: [1, 3],
  height: [3, 4],
  places: [4, 67],
  ways: [67, 133],
  contacts: [133, 137],
} as const satisfies Record<string, readonly [number, number]>;

/** Squared metres per frame under which a foot stands still (HumanML3D's threshold). */
const STILL = 0.002;
const UP: Vec3 = [0, 1, 0];

/** Where a motion begins; what features leave out. */
export interface Start {
  /** Ground place of the root, metres. */
  readonly x: number;
  readonly z: number;
  /** Radians about the vertical. */
  readonly heading: number;
}

export interface FeatureState {
  heading: number;
  /** Places of all joints in the last frame, [22, 3]. */
  places: Float32Array;
}

const wrap = (angle: number) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

export function startOf(motion: MotionSignal): Start {
  return {
    x: motion.translation[0]!,
    z: motion.translation[2]!,
    heading: headingOf(quatAt(motion.rotations, 0)),
  };
}

/**
 * Features [T, 137] of a motion on a body at 20 frames per second. `before` is the state after the
 * frame before (streams); it is brought up to date.
 */
export function toFeatures(
  motion: MotionSignal,
  embodiment: Embodiment,
  before?: { last: FeatureState | undefined },
): Float32Array {
  const frames = frameCount(motion);
  const places = jointPositions(motion);
  const out = new Float32Array(frames * FEATURE_DIM);
  const { feet } = bodies[embodiment];
  const width = BODY_JOINTS * 3;
  let last = before?.last;
  for (let t = 0; t < frames; t++) {
    const row = out.subarray(t * FEATURE_DIM, (t + 1) * FEATURE_DIM);
    const now = places.subarray(t * width, (t + 1) * width);
    const heading = headingOf(quatAt(motion.rotations, t * BODY_JOINTS * 4));
    const old = last?.places ?? now;
    const back = axisAngle(UP, -heading);
    row[0] = last ? wrap(heading - last.heading) : 0;
    const root = vecAt(now, 0);
    row[3] = root[1];
    for (let j = 0; j < BODY_JOINTS; j++) {
      const place = vecAt(now, j * 3);
      const way = rotate(back, sub(place, vecAt(old, j * 3)));
      row.set(way, FEATURE_PARTS.ways[0] + j * 3);
      if (j === 0) {
        row[1] = way[0];
        row[2] = way[2];
      } else {
        row.set(
          rotate(back, [place[0] - root[0], place[1], place[2] - root[2]]),
          FEATURE_PARTS.places[0] + (j - 1) * 3,
        );
      }
    }
    for (const [i, j] of feet.entries()) {
      const [x, y, z] = vecAt(row, FEATURE_PARTS.ways[0] + j * 3);
      row[FEATURE_PARTS.contacts[0] + i] = x * x + y * y + z * z < STILL ? 1 : 0;
    }
    last = { heading, places: now };
  }
  if (before && last) before.last = { heading: last.heading, places: last.places.slice() };
  return out;
}

/** Where integrating the turns and ways has come to. */
export interface Pose {
  heading: number;
  x: number;
  z: number;
  /** Places of all joints in that frame, [22, 3]. */
  places?: Float32Array;
}

/**
 * How much a joint's place follows from its last place and its way, the rest from the features' own
 * place. Both agree in the features of a motion; those of a network do not quite, and the mean of the
 * two trembles less.
 */
const FOLLOW = 0.7;

/**
 * Places of the joints [T, 22, 3] from features: turns and ways of the root add up from `start`. `pose`
 * (streams) takes the place of the start and is brought up to date; its first row counts in full, while
 * a motion's first row is where it starts.
 */
export function placesFromFeatures(
  features: Float32Array,
  start: Start,
  pose?: { last: Pose | undefined },
): Float32Array {
  const frames = features.length / FEATURE_DIM;
  const out = new Float32Array(frames * BODY_JOINTS * 3);
  let last = pose?.last;
  for (let t = 0; t < frames; t++) {
    const row = features.subarray(t * FEATURE_DIM, (t + 1) * FEATURE_DIM);
    let now: Pose;
    if (last) {
      const heading = last.heading + row[0]!;
      const way = rotate(axisAngle(UP, heading), [row[1]!, 0, row[2]!]);
      now = { heading, x: last.x + way[0], z: last.z + way[2] };
    } else now = { ...start };
    const turn = axisAngle(UP, now.heading);
    const places = out.subarray(t * BODY_JOINTS * 3, (t + 1) * BODY_JOINTS * 3);
    for (let j = 0; j < BODY_JOINTS; j++) {
      const own: Vec3 =
        j === 0
          ? [0, row[FEATURE_PARTS.height[0]]!, 0]
          : rotate(turn, vecAt(row, FEATURE_PARTS.places[0] + (j - 1) * 3));
      places.set([own[0] + now.x, own[1], own[2] + now.z], j * 3);
      if (!last?.places) continue;
      const way = rotate(turn, vecAt(row, FEATURE_PARTS.ways[0] + j * 3));
      for (let k = j === 0 ? 1 : 0; k < (j === 0 ? 2 : 3); k++) {
        const followed = last.places[j * 3 + k]! + way[k]!;
        places[j * 3 + k] = FOLLOW * followed + (1 - FOLLOW) * places[j * 3 + k]!;
      }
    }
    last = { ...now, places };
  }
  if (pose && last) pose.last = { ...last, places: last.places!.slice() };
  return out;
}

/** A motion on a body from its features, [T, 137] at 20 frames per second. */
export function fromFeatures(
  features: Float32Array,
  embodiment: Embodiment,
  start: Start,
  pose?: { last: Pose | undefined },
): MotionSignal {
  const body = bodies[embodiment];
  const places = placesFromFeatures(features, start, pose);
  return fitRotations(body, body.skeleton, places, FEATURE_FPS);
}
