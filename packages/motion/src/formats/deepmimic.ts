/**
 * DeepMimic's motion files (Peng et al., arXiv 1804.02717; pybullet's data/motions): JSON with rows of
 * [seconds, root x y z, root w x y z, then per joint w x y z, or one angle for knees and elbows]. The
 * body faces +x there; here it faces +z. Metres, radians.
 */
import { FormatError, ValueError } from "@dtok/core";
import { axisAngle, conjugate, multiply, normalise, rotate, slerp } from "../math/quaternion.js";
import type { Quat, Vec3 } from "../math/quaternion.js";
import type { Joint, MotionSignal } from "../signal.js";

interface Part {
  readonly name: string;
  readonly parent: number;
  /** In DeepMimic's axes: x forwards, y up, z to the right. */
  readonly offset: Vec3;
  /** Numbers in a row: 4 a quaternion, 1 an angle about z, 0 a tip. */
  readonly size: 0 | 1 | 4;
}

/** Attach points of DeepMimic's humanoid3d.txt, metres. */
const HUMANOID: readonly Part[] = [
  { name: "root", parent: -1, offset: [0, 0, 0], size: 4 },
  { name: "chest", parent: 0, offset: [0, 0.236151, 0], size: 4 },
  { name: "neck", parent: 1, offset: [0, 0.223894, 0], size: 4 },
  { name: "right_hip", parent: 0, offset: [0, 0, 0.084887], size: 4 },
  { name: "right_knee", parent: 3, offset: [0, -0.421546, 0], size: 1 },
  { name: "right_ankle", parent: 4, offset: [0, -0.40987, 0], size: 4 },
  { name: "right_shoulder", parent: 1, offset: [-0.02405, 0.24395, 0.18311], size: 4 },
  { name: "right_elbow", parent: 6, offset: [0, -0.274788, 0], size: 1 },
  { name: "left_hip", parent: 0, offset: [0, 0, -0.084887], size: 4 },
  { name: "left_knee", parent: 8, offset: [0, -0.421546, 0], size: 1 },
  { name: "left_ankle", parent: 9, offset: [0, -0.40987, 0], size: 4 },
  { name: "left_shoulder", parent: 1, offset: [-0.02405, 0.24395, -0.18311], size: 4 },
  { name: "left_elbow", parent: 11, offset: [0, -0.274788, 0], size: 1 },
  { name: "head", parent: 2, offset: [0, 0.12, 0], size: 0 },
  { name: "right_foot", parent: 5, offset: [0.14, -0.045, 0], size: 0 },
  { name: "left_foot", parent: 10, offset: [0.14, -0.045, 0], size: 0 },
  { name: "right_wrist", parent: 7, offset: [0, -0.258947, 0], size: 0 },
  { name: "left_wrist", parent: 12, offset: [0, -0.258947, 0], size: 0 },
];
const WIDTH = 44;
/** Turns x-forwards into z-forwards. */
const FORWARD = axisAngle([0, 1, 0], -Math.PI / 2);

export interface DeepMimicOptions {
  readonly name?: string;
}

/** A humanoid3d motion. Frames of uneven length are brought to the first frame's rate. */
export function readDeepMimic(text: string, options: DeepMimicOptions = {}): MotionSignal {
  const what = options.name ?? "DeepMimic motion";
  const rows = deepMimicRows(text, what, WIDTH);
  const joints = HUMANOID.map(({ name, parent, offset, size }): Joint => ({
    name,
    parent,
    offset: rotate(FORWARD, offset),
    ...(size === 0 && { end: true }),
  }));
  const fps = 1 / rows[0]![0]!;
  const even = evenRows(rows, fps);
  const translation = new Float32Array(even.length * 3);
  const rotations = new Float32Array(even.length * HUMANOID.length * 4);
  // A turned basis: rotations are conjugated, so that identity stays identity.
  const turned = (q: Quat) => multiply(multiply(FORWARD, q), conjugate(FORWARD));
  for (const [t, { a, b, share }] of even.entries()) {
    const lerp = (i: number) => (1 - share) * a[i]! + share * b[i]!;
    translation.set(rotate(FORWARD, [lerp(1), lerp(2), lerp(3)]), t * 3);
    let at = 4;
    for (const [j, { size }] of HUMANOID.entries()) {
      const quat = (row: readonly number[]): Quat =>
        normalise([row[at + 1]!, row[at + 2]!, row[at + 3]!, row[at]!]);
      const q: Quat =
        size === 4
          ? slerp(quat(a), quat(b), share)
          : size === 1
            ? axisAngle([0, 0, 1], lerp(at))
            : [0, 0, 0, 1];
      rotations.set(turned(q), (t * HUMANOID.length + j) * 4);
      at += size;
    }
  }
  return { skeleton: { joints }, fps, translation, rotations };
}

/** Rows of numbers of a motion file; every row has `width` of them (any, where it is left out). */
export function deepMimicRows(text: string, what: string, width?: number): number[][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new FormatError(what, {
      expected: 'JSON: { "Loop": ..., "Frames": [[...], ...] }',
      got: (error as Error).message,
      remedy: "Check that this is a DeepMimic motion file.",
      cause: error,
    });
  }
  const frames = (parsed as { Frames?: unknown } | null)?.Frames;
  if (!Array.isArray(frames) || frames.length === 0) {
    throw new FormatError(what, {
      expected: '"Frames": a list of at least one row',
      got: Array.isArray(frames) ? "an empty list" : typeof frames,
      remedy: "Check that this is a DeepMimic motion file.",
    });
  }
  const wide = width ?? (Array.isArray(frames[0]) ? frames[0].length : 0);
  for (const [t, row] of (frames as unknown[]).entries()) {
    if (!Array.isArray(row) || row.length !== wide) {
      throw new FormatError(`${what}, frame ${t}`, {
        expected: `${wide} numbers (humanoid3d has ${WIDTH})`,
        got: Array.isArray(row) ? String(row.length) : typeof row,
        remedy: "Other characters are no humanoid3d: read them as trajectories (CSV).",
      });
    }
    const bad = row.findIndex((value) => typeof value !== "number" || !Number.isFinite(value));
    // The last row lasts no time in some files: nothing comes after it.
    if (bad >= 0 || row[0] < 0 || (row[0] === 0 && (t === 0 || t < frames.length - 1))) {
      throw new ValueError(`${what}, frame ${t}`, {
        expected: "finite numbers, the first of them a positive duration in seconds",
        got: `${String(row[Math.max(0, bad)])} at place ${Math.max(0, bad)}`,
        remedy: "Correct the row.",
      });
    }
  }
  return frames as number[][];
}

/** Rows at an even rate; rows of the wanted length already are taken as they stand. */
function evenRows(rows: readonly number[][], fps: number) {
  const step = 1 / fps;
  const even = rows.every((row) => Math.abs(row[0]! - step) < 1e-6 || row === rows.at(-1));
  if (even) return rows.map((row) => ({ a: row, b: row, share: 0 }));
  const times = [0];
  for (const row of rows.slice(0, -1)) times.push(times.at(-1)! + row[0]!);
  const count = Math.floor(times.at(-1)! * fps + 1e-6) + 1;
  let at = 0;
  return Array.from({ length: count }, (_, k) => {
    const now = k * step;
    while (at < rows.length - 2 && times[at + 1]! <= now) at++;
    const b = Math.min(rows.length - 1, at + 1);
    const span = times[b]! - times[at]!;
    const share = span > 0 ? Math.min(1, (now - times[at]!) / span) : 0;
    return { a: rows[at]!, b: rows[b]!, share };
  });
}
