/**
 * Brings all motions to one of the two bodies and to features at 20 frames per second:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/prepare.ts
 *
 * Writes .data/motion/clips.safetensors (places of the body's joints, as recorded) and clips.json (what
 * each clip is), from which train.ts makes mirrored and retimed copies.
 *
 * 0 A.D.'s people and animals walk on the spot. Where a clip is a gait by its name, the root gets the
 * speed at which the feet on the ground stand still; other clips stay where they are.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpy, writeSafetensors } from "@dtok/core";
import {
  BODY_JOINTS,
  bodies,
  jointPositions,
  readBvh,
  readDeepMimic,
  resample,
  retarget,
} from "@dtok/motion";
import type { Embodiment, Joint, JointNames, MotionSignal } from "@dtok/motion";
import { writeFileAtomic } from "@dtok/train/node";
import { namesOf, rigs } from "./quadrupeds.js";
import { readPsa, readSkeletonBones } from "./psa.js";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "motion");
const files = join(data, "files");

export interface Clip {
  readonly name: string;
  readonly source: string;
  readonly embodiment: Embodiment;
  readonly split: "train" | "test-clip" | "test-source";
  /** Frames at 30 per second. */
  readonly frames: number;
  /** First row in the array. */
  readonly start: number;
  /** Ends where it begins, so that it may be repeated. */
  readonly loop: boolean;
}

const RATE = 30;

/** A skeleton whose joints are all children of the first: for recordings of places. */
function flat(names: readonly string[]): Joint[] {
  return names.map((name, j) => ({ name, parent: j === 0 ? -1 : 0, offset: [0, 0, 0] }));
}

/** Places as a motion of unturned joints. */
function fromPlaces(names: readonly string[], places: Float32Array, fps: number): MotionSignal {
  const count = names.length;
  const frames = places.length / (3 * count);
  const translation = new Float32Array(frames * 3);
  const translations = places.slice();
  const rotations = new Float32Array(frames * count * 4);
  for (let i = 0; i < frames * count; i++) {
    rotations[i * 4 + 3] = 1;
    const t = Math.floor(i / count);
    if (i % count === 0) translation.set(places.subarray(i * 3, i * 3 + 3), t * 3);
    else
      for (let k = 0; k < 3; k++)
        translations[i * 3 + k] = places[i * 3 + k]! - places[t * count * 3 + k]!;
  }
  return { skeleton: { joints: flat(names) }, fps, translation, rotations, translations };
}

/** Bones that do not change their place within the hierarchy: the game's own tree. */
const BIPED: JointNames = {
  pelvis: "hip",
  spine1: "spine1",
  spine3: "chest",
  neck: "neck",
  head: "head",
  left_collar: "shoulder_L",
  right_collar: "shoulder_R",
  left_shoulder: "arm_L",
  right_shoulder: "arm_R",
  left_elbow: "forearm_L",
  right_elbow: "forearm_R",
  left_wrist: "hand_L",
  right_wrist: "hand_R",
  left_hip: "thigh_L",
  right_hip: "thigh_R",
  left_knee: "leg_L",
  right_knee: "leg_R",
  left_ankle: "foot_L",
  right_ankle: "foot_R",
};

const GAIT = /walk|run|jog|trot|gallop|canter|charge|move|march|sprint/;

/** Gives a clip on the spot the ground speed of its standing feet. Places [T, 22, 3], in place. */
function ground(places: Float32Array, embodiment: Embodiment): void {
  const frames = places.length / (BODY_JOINTS * 3);
  const { feet } = bodies[embodiment];
  const at = (t: number, j: number, k: number) => places[(t * BODY_JOINTS + j) * 3 + k]!;
  const floor = Math.min(
    ...feet.map((j) => Math.min(...Array.from({ length: frames }, (_, t) => at(t, j, 1)))),
  );
  // Along z only: the game's units walk straight ahead.
  const speeds: number[] = [];
  for (let t = 1; t < frames; t++) {
    const low = feet
      .filter((j) => at(t, j, 1) - floor < 0.06)
      .map((j) => at(t - 1, j, 2) - at(t, j, 2))
      .filter((speed) => speed > 0);
    if (low.length > 0) speeds.push(low.reduce((a, b) => a + b, 0) / low.length);
  }
  if (speeds.length < frames / 4) return;
  const speed = speeds.toSorted((a, b) => a - b)[Math.floor(speeds.length / 2)]!;
  for (let t = 0; t < frames; t++) {
    for (let j = 0; j < BODY_JOINTS; j++) {
      const i = (t * BODY_JOINTS + j) * 3 + 2;
      places[i] = places[i]! + t * speed;
    }
  }
}

/** Whether the last pose leads back to the first: no further apart than twice a usual step. */
function loops(places: Float32Array): boolean {
  const width = BODY_JOINTS * 3;
  const frames = places.length / width;
  if (frames < 8) return false;
  const gap = (a: number, b: number) => {
    let sum = 0;
    for (let i = 3; i < width; i++) {
      const root = i % 3;
      const pa = places[a * width + i]! - places[a * width + root]!;
      const pb = places[b * width + i]! - places[b * width + root]!;
      sum += (pa - pb) ** 2;
    }
    return Math.sqrt(sum);
  };
  let steps = 0;
  for (let t = 1; t < frames; t++) steps += gap(t - 1, t);
  return gap(frames - 1, 0) < (2 * steps) / (frames - 1) + 0.02;
}

const clips: Clip[] = [];
const arrays: Float32Array[] = [];
let rows = 0;
const seen = new Set<string>();

function keep(
  name: string,
  source: string,
  motion: MotionSignal,
  split: Clip["split"],
  names?: JointNames,
  embodiment?: Embodiment,
): void {
  const even = resample(motion, RATE);
  const made = retarget(even, { ...(names && { names }), ...(embodiment && { embodiment }) });
  const places = jointPositions(made.motion);
  const kind = made.embodiment;
  if (source === "0ad" && GAIT.test(basename(name))) ground(places, kind);
  // To the ground: the lowest foot of the clip stands on it.
  let floor = Infinity;
  for (let i = 0; i < places.length; i += BODY_JOINTS * 3)
    for (const j of bodies[kind].feet) floor = Math.min(floor, places[i + j * 3 + 1]!);
  for (let i = 1; i < places.length; i += 3) places[i] = places[i]! - floor;
  const digest = createHash("sha1")
    .update(Int32Array.from(places, (v) => Math.round(v * 200)))
    .digest("hex");
  const frames = places.length / (BODY_JOINTS * 3);
  if (seen.has(digest) || frames < 8) return;
  seen.add(digest);
  clips.push({ name, source, embodiment: kind, split, frames, start: rows, loop: loops(places) });
  arrays.push(places);
  rows += frames;
}

/** A tenth of the names, always the same. */
const held = (name: string) => createHash("sha1").update(name).digest()[0]! < 26;

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
    );
}

const animations = join(files, "0ad/art/animation");
const bones = (name: string) => readSkeletonBones(join(files, `0ad/art/skeletons/${name}.xml`));
const biped = bones("biped");
let skipped = 0;
for (const path of walk(join(animations, "biped"))) {
  const { fps, bones: count, frames, places } = readPsa(readFileSync(path));
  if (count !== biped.length || frames < 8) {
    skipped++;
    continue;
  }
  const name = path.slice(animations.length + 1).replace(".dae.cached.psa", "");
  // Near copies of a clip carry its name with another number or letter: they go the same way.
  const group = name.replace(/[_-]?(\d+|[a-z])$/, "");
  const split = held(group) ? "test-clip" : "train";
  keep(name, "0ad", fromPlaces(biped, places, fps), split, BIPED, "human");
}
/** Animals that no training has seen. */
const STRANGERS = /^(feline|donkey)_/;
for (const path of walk(join(animations, "quadraped"))) {
  const name = basename(path).replace(".dae.cached.psa", "");
  const rig = rigs.find(({ animals }) => animals.test(name));
  if (!rig) continue;
  const { fps, bones: count, frames, places } = readPsa(readFileSync(path));
  const names = bones(rig.skeleton);
  if (count !== names.length || frames < 8) {
    skipped++;
    continue;
  }
  const split = STRANGERS.test(name) ? "test-source" : held(name) ? "test-clip" : "train";
  const motion = fromPlaces(names, places, fps);
  keep(`quadruped/${name}`, "0ad", motion, split, namesOf(rig), "quadruped");
}
for (const path of walk(join(files, "pybullet"))) {
  const name = basename(path, ".txt");
  if (/laikago|data1/.test(name)) continue;
  const split = /dance_b|turn_left0|kick$/.test(name) ? "test-clip" : "train";
  keep(name, "deepmimic", readDeepMimic(readFileSync(path, "utf8"), { name }), split);
}
const climber = JSON.parse(readFileSync(join(here, "climber-joints.json"), "utf8")) as string[];
for (const path of walk(join(files, "climb"))) {
  const array = readNpy(readFileSync(path));
  const all = Float32Array.from(array.data as Float32Array);
  // z up, x forwards there.
  for (let i = 0; i < all.length; i += 3)
    [all[i], all[i + 1], all[i + 2]] = [all[i + 1]!, all[i + 2]!, all[i]!];
  const name = basename(path).replace(/_joint.*/, "");
  keep(name, "climb", fromPlaces(climber, all, 120), name.endsWith("2") ? "test-clip" : "train");
}
for (const [name, unit, split] of [
  ["01_01", 0.056444, "train"],
  ["01_03", 0.056444, "test-clip"],
  ["Boxing_Toes", 0.01, "test-source"],
] as const) {
  const text = readFileSync(join(files, "assimp", `${name}.bvh`), "utf8");
  keep(name, name === "Boxing_Toes" ? "boxing" : "cmu", readBvh(text, { unit, name }), split);
}

const all = new Float32Array(rows * BODY_JOINTS * 3);
let at = 0;
for (const array of arrays) {
  all.set(array, at);
  at += array.length;
}
writeFileAtomic(
  join(data, "clips.safetensors"),
  writeSafetensors({ places: { data: all, shape: [rows, BODY_JOINTS, 3] } }),
);
writeFileAtomic(join(data, "clips.json"), new TextEncoder().encode(JSON.stringify(clips)));
const table = new Map<string, { clips: number; minutes: number }>();
for (const clip of clips) {
  const key = `${clip.embodiment} ${clip.source} ${clip.split}`;
  const entry = table.get(key) ?? { clips: 0, minutes: 0 };
  entry.clips++;
  entry.minutes += clip.frames / RATE / 60;
  table.set(key, entry);
}
for (const [key, { clips: count, minutes }] of [...table].toSorted())
  console.log(
    `${key.padEnd(36)} ${String(count).padStart(4)} clips ${minutes.toFixed(2).padStart(6)} minutes`,
  );
console.log(`${skipped} files of other skeletons skipped`);
