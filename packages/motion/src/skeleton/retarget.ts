/**
 * Any skeleton's motion on one of the bodies: places of the joints give directions of bones, directions
 * give rotations, and forward kinematics with the body's own lengths gives its motion. What places do
 * not show (a forearm's twist, the turning of a head) is lost, as in HumanML3D's 22 joints.
 */
import { ArgumentError, ValueError } from "@dtok/core";
import type { Joint, MotionSignal, Skeleton } from "../signal.js";
import {
  add,
  between,
  conjugate,
  cross,
  dot,
  fromAxes,
  length,
  mix,
  multiply,
  rotate,
  scale,
  sub,
  unit,
  vecAt,
} from "../math/quaternion.js";
import type { Quat, Vec3 } from "../math/quaternion.js";
import { bodies, BODY_JOINTS } from "./canonical.js";
import type { Body, Embodiment } from "./canonical.js";
import { jointPositions } from "./fk.js";
import { matchJoints } from "./names.js";
import type { JointNames } from "./names.js";

export interface RetargetOptions {
  /** Which body; default: whichever the joints' names fit. */
  readonly embodiment?: Embodiment;
  /** Names of the body's joints to names of the skeleton's, where they cannot be guessed. */
  readonly names?: JointNames;
}

export interface Retargeted {
  readonly embodiment: Embodiment;
  /** On the body's skeleton; its translation is divided by `scale`. */
  readonly motion: MotionSignal;
  /** The original's leg over the body's leg. */
  readonly scale: number;
}

/** Legs of less or more are taken for wrong units. Metres. */
const LEG_RANGE = [0.02, 20] as const;

/** Where the joints of a body are, [T, 22, 3], by the places of a stranger's joints. */
function bodyPlaces(
  body: Body,
  indices: readonly number[],
  skeleton: Skeleton,
  places: Float32Array,
): Float32Array {
  const count = skeleton.joints.length;
  const frames = places.length / (count * 3);
  const out = new Float32Array(frames * BODY_JOINTS * 3);
  const spine = spinePath(body, indices, skeleton);
  for (let t = 0; t < frames; t++) {
    const source = (j: number): Vec3 => vecAt(places, (t * count + j) * 3);
    const known = indices.map((j) => (j < 0 ? undefined : source(j)));
    const full =
      body.embodiment === "human" ? fillHuman(known, spine.map(source)) : fillQuadruped(known);
    for (let j = 0; j < BODY_JOINTS; j++) out.set(full[j]!, (t * BODY_JOINTS + j) * 3);
  }
  return out;
}

/** The skeleton's joints from the pelvis up to the neck (or to where the shoulders part). */
function spinePath(body: Body, indices: readonly number[], { joints }: Skeleton): number[] {
  if (body.embodiment !== "human") return [];
  const pelvis = indices[0]!;
  const up = (from: number) => {
    const path: number[] = [];
    for (let j = from; j >= 0; j = joints[j]!.parent) {
      path.push(j);
      if (j === pelvis) return path.toReversed();
    }
    return [];
  };
  const neck = up(indices[12]!);
  return neck.length > 0 ? neck : up(indices[16]!).slice(0, -1);
}

/** A point at a share of a polyline's length. */
function along(points: readonly Vec3[], share: number): Vec3 {
  const steps = points.slice(1).map((point, i) => length(sub(point, points[i]!)));
  let left = share * steps.reduce((a, b) => a + b, 0);
  for (const [i, step] of steps.entries()) {
    if (left <= step || i === steps.length - 1)
      return mix(points[i]!, points[i + 1]!, step > 0 ? Math.min(1, left / step) : 0);
    left -= step;
  }
  return points[0]!;
}

/** Shares of the way from pelvis to neck at which the body has its three spine joints. */
const SPINE = [0.11 / 0.51, 0.24 / 0.51, 0.3 / 0.51] as const;

function fillHuman(known: readonly (Vec3 | undefined)[], spine: readonly Vec3[]): Vec3[] {
  const p = [...known] as Vec3[];
  const shoulders = mix(p[16]!, p[17]!, 0.5);
  p[12] ??= shoulders;
  const line = spine.length > 1 ? [...spine.slice(0, -1), p[12]] : [p[0]!, p[12]];
  for (const [i, j] of [3, 6, 9].entries()) p[j] ??= along(line, SPINE[i]!);
  p[15] ??= add(p[12], sub(p[12], p[9]!));
  const across = unit(sub(p[16]!, p[17]!), [1, 0, 0]);
  for (const [collar, shoulder] of [
    [13, 16],
    [14, 17],
  ] as const) {
    // Halfway from the neck's foot, so that a collar which is not there does not move.
    p[collar] ??= sub(p[shoulder]!, scale(across, (shoulder === 16 ? 1 : -1) * 0.1));
  }
  for (const [elbow, shoulder, wrist] of [
    [18, 16, 20],
    [19, 17, 21],
  ] as const)
    p[wrist] ??= add(p[elbow]!, sub(p[elbow]!, p[shoulder]!));
  const lateral = unit(sub(p[1]!, p[2]!), [1, 0, 0]);
  for (const [ankle, knee, foot] of [
    [7, 4, 10],
    [8, 5, 11],
  ] as const) {
    if (p[foot]) continue;
    // At a right angle to the shin, forwards.
    const shin = unit(sub(p[ankle]!, p[knee]!), [0, -1, 0]);
    p[foot] = add(p[ankle]!, scale(unit(cross(shin, lateral)), 0.15));
  }
  return p;
}

function fillQuadruped(known: readonly (Vec3 | undefined)[]): Vec3[] {
  const p = [...known] as Vec3[];
  p[1] ??= mix(p[0]!, p[2]!, 0.5);
  p[3] ??= mix(p[2]!, p[4]!, 0.45);
  p[5] ??= add(p[0]!, scale(sub(p[0]!, p[1]), 0.6));
  for (const [before, joint, after] of [
    [7, 8, 9],
    [11, 12, 13],
    [15, 16, 17],
    [19, 20, 21],
  ] as const)
    p[joint] ??= mix(p[before]!, p[after]!, 0.5);
  return p;
}

/** Rest directions, once per skeleton. */
function restFrame(body: Body, joint: number, rest: readonly Vec3[]): Quat | undefined {
  const { x, second } = body.orientations[joint]!;
  if (!x || !second) return undefined;
  return frame(sub(rest[x[1]]!, rest[x[0]]!), second[0], sub(rest[second[2]]!, rest[second[1]]!));
}

function frame(across: Vec3, axis: "y" | "z", second: Vec3): Quat {
  const x = unit(across, [1, 0, 0]);
  if (axis === "y") {
    const y = unit(
      sub(second, scale(x, dot(x, second))),
      Math.abs(x[1]) < 0.9 ? [0, 1, 0] : [0, 0, 1],
    );
    const z = unit(cross(x, y));
    return fromAxes(x, unit(cross(z, x)), z);
  }
  const z = unit(
    sub(second, scale(x, dot(x, second))),
    Math.abs(x[2]) < 0.9 ? [0, 0, 1] : [0, 1, 0],
  );
  const y = unit(cross(z, x));
  return fromAxes(x, y, unit(cross(x, y)));
}

/**
 * Rotations of a body from places of its joints, [T, 22, 3] metres. `skeleton` has the body's joints
 * with any lengths; only directions of the places are used, and the root's place as it is.
 */
export function fitRotations(
  body: Body,
  skeleton: Skeleton,
  places: Float32Array,
  fps: number,
): MotionSignal {
  const { joints } = skeleton;
  const frames = places.length / (BODY_JOINTS * 3);
  const translation = new Float32Array(frames * 3);
  const rotations = new Float32Array(frames * BODY_JOINTS * 4);
  const rest: Vec3[] = [];
  for (const { parent, offset } of joints)
    rest.push(parent < 0 ? offset : add(rest[parent]!, offset));
  const restFrames = joints.map((_, j) => restFrame(body, j, rest));
  const world = new Array<Quat>(BODY_JOINTS);
  for (let t = 0; t < frames; t++) {
    const at = (j: number): Vec3 => vecAt(places, (t * BODY_JOINTS + j) * 3);
    translation.set(at(0), t * 3);
    for (let j = 0; j < BODY_JOINTS; j++) {
      const { parent } = joints[j]!;
      const above: Quat = parent < 0 ? [0, 0, 0, 1] : world[parent]!;
      const { x, second, child } = body.orientations[j]!;
      let turned = above;
      if (x && second) {
        const seen = frame(sub(at(x[1]), at(x[0])), second[0], sub(at(second[2]), at(second[1])));
        turned = multiply(seen, conjugate(restFrames[j]!));
      } else if (child !== undefined) {
        const bone = sub(at(child), at(j));
        const local = rotate(conjugate(above), bone);
        if (length(bone) > 1e-6) turned = multiply(above, between(joints[child]!.offset, local));
      }
      world[j] = turned;
      rotations.set(multiply(conjugate(above), turned), (t * BODY_JOINTS + j) * 4);
    }
  }
  return { skeleton, fps, translation, rotations };
}

/** The body's skeleton at another size. */
export function scaledSkeleton({ joints }: Skeleton, factor: number): Skeleton {
  return {
    joints: joints.map(({ name, parent, offset }): Joint => ({
      name,
      parent,
      offset: scale(offset, factor),
    })),
  };
}

/** Metres from hip to the end of the leg, in the first frame: rigid bones have one length. */
function legOf(body: Body, places: Float32Array): number {
  let sum = 0;
  for (let i = 1; i < body.leg.length; i++) {
    sum += length(sub(vecAt(places, body.leg[i]! * 3), vecAt(places, body.leg[i - 1]! * 3)));
  }
  return sum;
}

function checkLeg(leg: number): void {
  if (leg >= LEG_RANGE[0] && leg <= LEG_RANGE[1]) return;
  throw new ValueError("size of the body", {
    expected: `a leg of ${LEG_RANGE[0]} to ${LEG_RANGE[1]} metres`,
    got: `${leg.toPrecision(3)} metres`,
    remedy:
      "The units are wrong: read the file with the option `unit` (metres per unit of the file).",
  });
}

/**
 * A motion on one of the bodies.
 *
 * @throws MismatchError where the joints' names fit no body; ValueError where the size shows wrong units
 */
export function retarget(
  motion: MotionSignal,
  options: RetargetOptions & { readonly scale?: number } = {},
): Retargeted {
  const { embodiment, indices } = matchJoints(motion.skeleton, options);
  const body = bodies[embodiment];
  const places = bodyPlaces(body, indices, motion.skeleton, jointPositions(motion));
  return retargetPlaces(places, motion.fps, embodiment, options.scale);
}

/** As `retarget`, from places of the body's own joints, [T, 22, 3] metres. */
export function retargetPlaces(
  places: Float32Array,
  fps: number,
  embodiment: Embodiment,
  given?: number,
): Retargeted {
  const body = bodies[embodiment];
  const own = restPlaces(body.skeleton);
  const factor = given ?? legOf(body, places) / legOf(body, own);
  if (given === undefined) checkLeg(factor * legOf(body, own));
  else if (!(given > 0)) {
    throw new ArgumentError("scale", {
      expected: "a positive number",
      got: String(given),
      remedy: "Leave it out, and the leg is measured.",
    });
  }
  const motion = fitRotations(body, body.skeleton, places, fps);
  const { translation } = motion;
  for (let i = 0; i < translation.length; i++) translation[i] = translation[i]! / factor;
  return { embodiment, motion, scale: factor };
}

/** Places of the joints at rest, [1, J, 3]. */
export function restPlaces({ joints }: Skeleton): Float32Array {
  const out = new Float32Array(joints.length * 3);
  for (const [j, { parent, offset }] of joints.entries()) {
    const from: Vec3 = parent < 0 ? [0, 0, 0] : vecAt(out, parent * 3);
    out.set(add(from, offset), j * 3);
  }
  return out;
}

/**
 * A motion from places of a body's joints, [T, 22, 3] metres: its bones get the lengths that they have
 * most of the time (medians), in the body's rest pose.
 */
export function motionFromPlaces(
  places: Float32Array,
  fps: number,
  embodiment: Embodiment = "human",
): MotionSignal {
  const body = bodies[embodiment];
  const frames = places.length / (BODY_JOINTS * 3);
  const { joints } = body.skeleton;
  const sample = Math.min(frames, 512);
  const measured = joints.map((joint, j): Joint => {
    if (joint.parent < 0) return joint;
    const lengths = Float64Array.from({ length: sample }, (_, i) => {
      const t = Math.floor((i * frames) / sample) * BODY_JOINTS;
      return length(sub(vecAt(places, (t + j) * 3), vecAt(places, (t + joint.parent) * 3)));
    }).toSorted();
    const middle = lengths[Math.floor(sample / 2)]!;
    return { ...joint, offset: scale(unit(joint.offset), middle) };
  });
  return fitRotations(body, { joints: measured }, places, fps);
}
