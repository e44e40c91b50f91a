/** Small motions for tests, made by arithmetic. */
import { createRandom } from "@dtok/core";
import { bodies } from "@dtok/motion";
import type { Embodiment, MotionSignal } from "@dtok/motion";
import { axisAngle, multiply, normalise } from "../src/math/quaternion.js";
import type { Quat } from "../src/math/quaternion.js";

/** A body that walks a curve and swings its limbs. */
export function walk(frames: number, fps = 30, body: Embodiment = "human"): MotionSignal {
  const { skeleton } = bodies[body];
  const count = skeleton.joints.length;
  const translation = new Float32Array(frames * 3);
  const rotations = new Float32Array(frames * count * 4);
  for (let t = 0; t < frames; t++) {
    const time = t / fps;
    const heading = 0.4 * time;
    const height = skeleton.joints[0]!.offset[1];
    translation.set([Math.sin(heading), height + 0.02 * Math.sin(8 * time), time], t * 3);
    for (let j = 0; j < count; j++) {
      const { name } = skeleton.joints[j]!;
      const side = name.startsWith("left") ? 1 : -1;
      let turn: Quat = axisAngle([1, 0, 0], 0.05 * Math.sin(3 * time + j));
      if (/hip|shoulder/.test(name)) turn = axisAngle([1, 0, 0], 0.5 * side * Math.sin(4 * time));
      if (/knee|elbow/.test(name))
        turn = axisAngle([1, 0, 0], 0.4 + 0.3 * Math.sin(4 * time + side));
      if (j === 0) turn = multiply(axisAngle([0, 1, 0], heading), turn);
      rotations.set(turn, (t * count + j) * 4);
    }
  }
  return { skeleton, fps, translation, rotations };
}

/** Any skeleton, any motion: a random tree with random turns. */
export function anything(seed: number, joints = 7, frames = 5): MotionSignal {
  const random = createRandom(seed);
  const skeleton = {
    joints: Array.from({ length: joints }, (_, j) => ({
      name: `j${j}`,
      parent: j === 0 ? -1 : random.integer(j),
      offset: [random.normal() * 0.3, random.normal() * 0.3, random.normal() * 0.3] as [
        number,
        number,
        number,
      ],
    })),
  };
  const rotations = new Float32Array(frames * joints * 4);
  for (let i = 0; i < frames * joints; i++) {
    rotations.set(
      normalise([random.normal(), random.normal(), random.normal(), random.normal()]),
      i * 4,
    );
  }
  const translation = random.fillNormal(new Float32Array(frames * 3));
  return { skeleton, fps: 30, translation, rotations };
}

/** Largest distance of two arrays' numbers. */
export function apart(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (const [i, value] of a.entries()) largest = Math.max(largest, Math.abs(value - b[i]!));
  return largest;
}
