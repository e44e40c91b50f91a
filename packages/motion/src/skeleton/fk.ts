import { frameCount } from "../signal.js";
import type { MotionSignal } from "../signal.js";
import { add, multiply, quatAt, rotate, vecAt } from "../math/quaternion.js";
import type { Quat, Vec3 } from "../math/quaternion.js";

/** Forward kinematics: where every joint is, [T, J, 3] metres. */
export function jointPositions(motion: MotionSignal): Float32Array {
  const { joints } = motion.skeleton;
  const frames = frameCount(motion);
  const count = joints.length;
  const out = new Float32Array(frames * count * 3);
  const turns = new Array<Quat>(count);
  const places = new Array<Vec3>(count);
  for (let t = 0; t < frames; t++) {
    for (let j = 0; j < count; j++) {
      const { parent, offset } = joints[j]!;
      const at = t * count + j;
      const local = quatAt(motion.rotations, at * 4);
      if (parent < 0) {
        turns[j] = local;
        places[j] = vecAt(motion.translation, t * 3);
      } else {
        const from: Vec3 = motion.translations ? vecAt(motion.translations, at * 3) : offset;
        turns[j] = multiply(turns[parent]!, local);
        places[j] = add(places[parent]!, rotate(turns[parent]!, from));
      }
      out.set(places[j]!, at * 3);
    }
  }
  return out;
}

/** World rotations of all joints, [T, J, 4]. */
export function worldRotations(motion: MotionSignal): Float32Array {
  const { joints } = motion.skeleton;
  const frames = frameCount(motion);
  const count = joints.length;
  const out = new Float32Array(frames * count * 4);
  for (let t = 0; t < frames; t++) {
    for (let j = 0; j < count; j++) {
      const { parent } = joints[j]!;
      const at = (t * count + j) * 4;
      const local = quatAt(motion.rotations, at);
      out.set(parent < 0 ? local : multiply(quatAt(out, (t * count + parent) * 4), local), at);
    }
  }
  return out;
}
