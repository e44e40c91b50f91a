/**
 * Which joint of a stranger's skeleton is which joint of a body. Names are cut into words, sides are
 * told by "left", "l", "right", "r", and what is left is looked up: CMU's and Mixamo's "LeftUpLeg",
 * SMPL's "left_hip", Blender's "thigh.L", 3ds Max's "Bip01 L Thigh" and DeepMimic's "left_hip".
 */
import { MismatchError } from "@dtok/core";
import type { Skeleton } from "../signal.js";
import { bodies } from "./canonical.js";
import type { Embodiment } from "./canonical.js";

type Side = "left" | "right" | "";

interface Word {
  readonly side: Side;
  readonly base: string;
}

/** "mixamorig:LeftUpLeg" to { side: "left", base: "upleg" }. */
export function readJointName(name: string): Word {
  const words = name
    .slice(name.lastIndexOf(":") + 1)
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    // CMU's LHipJoint, RThumb; Poser's lShldr.
    .replaceAll(/(^|[^A-Za-z])([LRlr])(?=[A-Z][a-z])/g, "$1$2 ")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "" && !/^(bip\d*|mixamorig\d*|jnt|joint|bone|def|org)$/.test(word));
  let side: Side = "";
  const rest = words.filter((word) => {
    const found: Side = /^l(eft)?$/.test(word) ? "left" : /^r(ight)?$/.test(word) ? "right" : "";
    if (found === "" || side !== "") return true;
    side = found;
    return false;
  });
  return { side, base: rest.join("") };
}

/** Bases in order of preference. A joint is given away once, in the order of this table. */
const LIMBS: readonly (readonly [part: string, bases: readonly string[]])[] = [
  ["hip", ["thigh", "upleg", "upperleg", "femur", "hip"]],
  ["knee", ["shin", "calf", "lowerleg", "lowleg", "leg", "knee"]],
  ["ankle", ["ankle", "foot"]],
  ["foot", ["toebase", "toe", "toes", "toe0", "ball", "foot"]],
  ["shoulder", ["upperarm", "uparm", "arm", "shldr", "shoulder"]],
  ["collar", ["collar", "clavicle", "shoulder"]],
  ["elbow", ["forearm", "lowerarm", "lowarm", "elbow"]],
  ["wrist", ["hand", "wrist"]],
];

const TRUNK: readonly (readonly [part: string, bases: readonly string[]])[] = [
  ["pelvis", ["hips", "pelvis", "hip", "root", "base"]],
  ["neck", ["neck", "neck1", "neck01"]],
  ["head", ["head"]],
];

/** Without these a body cannot be told. */
const NEEDED: Readonly<Record<Embodiment, readonly string[]>> = {
  human: [
    "pelvis",
    ...["hip", "knee", "ankle", "shoulder", "elbow"].flatMap((p) => [`left_${p}`, `right_${p}`]),
  ],
  quadruped: [
    "pelvis",
    "chest",
    "head",
    ...["shoulder", "elbow", "forefoot", "hip", "knee", "hindfoot"].flatMap((p) => [
      `left_${p}`,
      `right_${p}`,
    ]),
  ],
};

/** Names of a body's joints to names of the skeleton's, for rigs whose names say too little. */
export type JointNames = Readonly<Record<string, string>>;

/** For each of the body's joints the index in the skeleton, or -1; undefined where too many lack. */
function search(
  skeleton: Skeleton,
  embodiment: Embodiment,
  names: JointNames,
): { readonly indices: number[]; readonly lacking: readonly string[] } {
  const { joints } = skeleton;
  const wanted = bodies[embodiment].skeleton.joints.map(({ name }) => name);
  const byName = new Map(joints.map(({ name }, j) => [name, j]));
  const words = joints.map(({ name }) => readJointName(name));
  const taken = new Set<number>();
  const found = new Map<string, number>();
  const take = (part: string, index: number | undefined) => {
    if (index === undefined || index < 0 || taken.has(index) || found.has(part)) return;
    found.set(part, index);
    taken.add(index);
  };
  for (const part of wanted) {
    const given = names[part];
    if (given === undefined) continue;
    const index = byName.get(given);
    if (index === undefined) {
      throw new MismatchError(`joint names: ${part}`, {
        expected: "a joint of this skeleton",
        got: JSON.stringify(given),
        remedy: `It has ${joints
          .slice(0, 12)
          .map((joint) => joint.name)
          .join(", ")}, ...`,
      });
    }
    take(part, index);
  }
  // Our own names win, so that what was decoded reads back as it is.
  if (NEEDED[embodiment].every((part) => byName.has(part) || found.has(part))) {
    for (const part of wanted) take(part, byName.get(part));
  }
  if (embodiment === "human") {
    const pick = (side: Side, bases: readonly string[]) => {
      for (const base of bases) {
        const index = words.findIndex(
          (word, j) => !taken.has(j) && word.side === side && word.base === base,
        );
        if (index >= 0) return index;
      }
      return undefined;
    };
    for (const [part, bases] of LIMBS) {
      for (const side of ["left", "right"] as const) take(`${side}_${part}`, pick(side, bases));
    }
    for (const [part, bases] of TRUNK) take(part, pick("", bases));
  }
  return {
    indices: wanted.map((part) => found.get(part) ?? -1),
    lacking: NEEDED[embodiment].filter((part) => !found.has(part)),
  };
}

export interface JointMatch {
  readonly embodiment: Embodiment;
  /** Index in the skeleton of each of the body's joints, -1 where it has none. */
  readonly indices: readonly number[];
}

/**
 * Finds a body in a skeleton by its joints' names.
 *
 * @throws MismatchError naming the joints that were not found
 */
export function matchJoints(
  skeleton: Skeleton,
  options: { readonly embodiment?: Embodiment; readonly names?: JointNames } = {},
): JointMatch {
  const { embodiment, names = {} } = options;
  const tries = (embodiment ? [embodiment] : (["quadruped", "human"] as const)).map((kind) => ({
    kind,
    // Names of one body's parts say nothing about the other's.
    ...search(skeleton, kind, names),
  }));
  const whole = tries.find(({ lacking }) => lacking.length === 0);
  if (whole) return { embodiment: whole.kind, indices: whole.indices };
  const closest = tries.toSorted((a, b) => a.lacking.length - b.lacking.length)[0]!;
  throw new MismatchError("skeleton", {
    expected: `joints of a ${closest.kind}: ${NEEDED[closest.kind].join(", ")}`,
    got: `${skeleton.joints.length} joints without ${closest.lacking.join(", ")}`,
    remedy: 'Say which joints they are by the option `names`, e.g. { left_hip: "Femur_L" }.',
  });
}
