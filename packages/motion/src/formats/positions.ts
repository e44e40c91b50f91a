/**
 * NumPy arrays of motion: HumanML3D's features [T, 263] (Guo et al., CVPR 2022), and places of joints
 * [T, J, 3]. Metres, y up.
 */
import { ShapeError, ValueError, readNpy, toFloat32 } from "@dtok/core";
import { axisAngle, conjugate, rotate } from "../math/quaternion.js";
import type { Vec3 } from "../math/quaternion.js";
import { BODY_JOINTS } from "../skeleton/canonical.js";
import { motionFromPlaces } from "../skeleton/retarget.js";
import type { MotionSignal } from "../signal.js";

/** Numbers per frame of HumanML3D's vectors. */
export const HUMANML3D_DIM = 263;

export interface NpyMotionOptions {
  /** Frames per second. Default 20, HumanML3D's. */
  readonly fps?: number;
  readonly name?: string;
}

/**
 * A human's motion from an .npy of HumanML3D's vectors [T, 263] (not standardised: add the mean back
 * first) or of the places of its 22 joints, [T, 22, 3] or [T, 66].
 */
export function readNpyMotion(bytes: Uint8Array, options: NpyMotionOptions = {}): MotionSignal {
  const { fps = 20, name = "motion array" } = options;
  const array = readNpy(bytes);
  const { shape } = array;
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const places = width === BODY_JOINTS * 3;
  if (shape.length < 2 || (shape[0] ?? 0) < 1 || (!places && width !== HUMANML3D_DIM)) {
    throw new ShapeError(name, {
      expected:
        "[T, 263] (HumanML3D's vectors), [T, 22, 3] or [T, 66] (places of its joints), T >= 1",
      got: `[${shape.join(", ")}]`,
      remedy: "Choose these 22 joints of SMPL's body, in HumanML3D's order.",
    });
  }
  const data = toFloat32(array);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ValueError(name, {
      expected: "finite numbers",
      got: `${data[bad]} in frame ${Math.floor(bad / width)}`,
      remedy: "Fill gaps of the recording first.",
    });
  }
  return motionFromPlaces(places ? data : placesFromHumanMl3d(data), fps);
}

/**
 * Places [T, 22, 3] from HumanML3D's vectors [T, 263]: number 0 is half the turn about the vertical to
 * the next frame, 1 and 2 the root's way to the next frame in its own heading, 3 its height, 4..66 the
 * places of joints 1..21 from the root's ground point in its heading.
 */
export function placesFromHumanMl3d(features: Float32Array): Float32Array {
  const frames = features.length / HUMANML3D_DIM;
  const out = new Float32Array(frames * BODY_JOINTS * 3);
  let half = 0;
  let [x, z] = [0, 0];
  for (let t = 0; t < frames; t++) {
    const row = features.subarray(t * HUMANML3D_DIM, (t + 1) * HUMANML3D_DIM);
    if (t > 0) {
      const before = features.subarray((t - 1) * HUMANML3D_DIM, t * HUMANML3D_DIM);
      half += before[0]!;
      const way = rotate(conjugate(axisAngle([0, 1, 0], 2 * half)), [before[1]!, 0, before[2]!]);
      x += way[0];
      z += way[2];
    }
    const turn = conjugate(axisAngle([0, 1, 0], 2 * half));
    out.set([x, row[3]!, z], t * BODY_JOINTS * 3);
    for (let j = 1; j < BODY_JOINTS; j++) {
      const at = 4 + (j - 1) * 3;
      const place: Vec3 = [row[at]!, row[at + 1]!, row[at + 2]!];
      const [dx, dy, dz] = rotate(turn, place);
      out.set([x + dx, dy, z + dz], (t * BODY_JOINTS + j) * 3);
    }
  }
  return out;
}
