import type { MotionSignal } from "../signal.js";
import { bodies } from "../skeleton/canonical.js";
import type { Embodiment } from "../skeleton/canonical.js";

/** Left and right traded: the motion as a mirror in the plane x = 0 shows it, on the same body. */
export function mirrorMotion(motion: MotionSignal, embodiment: Embodiment): MotionSignal {
  const joints = motion.skeleton.joints.length;
  const from = Array.from({ length: joints }, (_, j) => j);
  for (const [a, b] of bodies[embodiment].mirror) [from[a], from[b]] = [b, a];
  const translation = motion.translation.map((value, i) => (i % 3 === 0 ? -value : value));
  const rotations = new Float32Array(motion.rotations.length);
  for (let at = 0; at < rotations.length; at += joints * 4) {
    for (let j = 0; j < joints; j++) {
      const source = at + from[j]! * 4;
      // A rotation seen in a mirror keeps its part along the mirror's normal and turns the others back.
      rotations[at + j * 4] = motion.rotations[source]!;
      rotations[at + j * 4 + 1] = -motion.rotations[source + 1]!;
      rotations[at + j * 4 + 2] = -motion.rotations[source + 2]!;
      rotations[at + j * 4 + 3] = motion.rotations[source + 3]!;
    }
  }
  return { skeleton: motion.skeleton, fps: motion.fps, translation, rotations };
}
