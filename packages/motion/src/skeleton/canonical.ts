/**
 * The bodies that tokenizers know. "human" has the 22 joints and the order of SMPL's body as
 * HumanML3D uses it standing in a T; "quadruped" has as many, so
 * that both bodies share one width of features. Metres, y up, facing +z, left at +x.
 */
import type { Joint, Skeleton } from "../signal.js";

export type Embodiment = "human" | "quadruped";

export const EMBODIMENTS: readonly Embodiment[] = ["human", "quadruped"];

/** Joints of every body here. */
export const BODY_JOINTS = 22;

/** How a joint's turn follows from places: by two directions, or by the place of one child. */
export interface Orientation {
  /** The direction of +x at rest: from joint a to joint b. */
  readonly x?: readonly [from: number, to: number];
  /** The second direction and the axis that it stands for at rest. */
  readonly second?: readonly [axis: "y" | "z", from: number, to: number];
  /** A single child that the joint points at. */
  readonly child?: number;
}

export interface Body {
  readonly embodiment: Embodiment;
  readonly skeleton: Skeleton;
  readonly orientations: readonly Orientation[];
  /** Joints whose rest on the ground is a contact, four of them. */
  readonly feet: readonly [number, number, number, number];
  /** Pairs of joints that trade places in a mirror. */
  readonly mirror: readonly (readonly [number, number])[];
  /** Joints along one leg, whose lengths add up to the measure of size. */
  readonly leg: readonly number[];
}

type Row = readonly [name: string, parent: number, x: number, y: number, z: number];

function skeletonOf(rows: readonly Row[]): Skeleton {
  return {
    joints: rows.map(([name, parent, x, y, z]): Joint => ({ name, parent, offset: [x, y, z] })),
  };
}

const human: Body = {
  embodiment: "human",
  skeleton: skeletonOf([
    ["pelvis", -1, 0, 0.93, 0],
    ["left_hip", 0, 0.09, -0.06, 0],
    ["right_hip", 0, -0.09, -0.06, 0],
    ["spine1", 0, 0, 0.11, 0],
    ["left_knee", 1, 0, -0.41, 0],
    ["right_knee", 2, 0, -0.41, 0],
    ["spine2", 3, 0, 0.13, 0],
    ["left_ankle", 4, 0, -0.41, 0],
    ["right_ankle", 5, 0, -0.41, 0],
    ["spine3", 6, 0, 0.06, 0],
    ["left_foot", 7, 0, -0.05, 0.14],
    ["right_foot", 8, 0, -0.05, 0.14],
    ["neck", 9, 0, 0.21, 0],
    ["left_collar", 9, 0.08, 0.12, 0],
    ["right_collar", 9, -0.08, 0.12, 0],
    ["head", 12, 0, 0.1, 0.02],
    ["left_shoulder", 13, 0.1, 0.03, 0],
    ["right_shoulder", 14, -0.1, 0.03, 0],
    ["left_elbow", 16, 0.27, 0, 0],
    ["right_elbow", 17, -0.27, 0, 0],
    ["left_wrist", 18, 0.25, 0, 0],
    ["right_wrist", 19, -0.25, 0, 0],
  ]),
  orientations: [
    { x: [2, 1], second: ["y", 0, 3] },
    { child: 4 },
    { child: 5 },
    { child: 6 },
    { child: 7 },
    { child: 8 },
    { child: 9 },
    { child: 10 },
    { child: 11 },
    { x: [17, 16], second: ["y", 9, 12] },
    {},
    {},
    { child: 15 },
    { child: 16 },
    { child: 17 },
    {},
    { child: 18 },
    { child: 19 },
    { child: 20 },
    { child: 21 },
    {},
    {},
  ],
  feet: [7, 10, 8, 11],
  mirror: [
    [1, 2],
    [4, 5],
    [7, 8],
    [10, 11],
    [13, 14],
    [16, 17],
    [18, 19],
    [20, 21],
  ],
  leg: [1, 4, 7],
};

const quadruped: Body = {
  embodiment: "quadruped",
  skeleton: skeletonOf([
    ["pelvis", -1, 0, 0.6, 0],
    ["spine", 0, 0, 0.02, 0.28],
    ["chest", 1, 0, 0, 0.27],
    ["neck", 2, 0, 0.12, 0.12],
    ["head", 3, 0, 0.1, 0.16],
    ["tail", 0, 0, -0.02, -0.18],
    ["left_shoulder", 2, 0.08, -0.06, 0.03],
    ["left_elbow", 6, 0, -0.19, -0.05],
    ["left_wrist", 7, 0, -0.19, 0.02],
    ["left_forefoot", 8, 0, -0.15, 0.03],
    ["right_shoulder", 2, -0.08, -0.06, 0.03],
    ["right_elbow", 10, 0, -0.19, -0.05],
    ["right_wrist", 11, 0, -0.19, 0.02],
    ["right_forefoot", 12, 0, -0.15, 0.03],
    ["left_hip", 0, 0.08, -0.04, 0],
    ["left_knee", 14, 0, -0.2, 0.08],
    ["left_hock", 15, 0, -0.2, -0.1],
    ["left_hindfoot", 16, 0, -0.16, 0.03],
    ["right_hip", 0, -0.08, -0.04, 0],
    ["right_knee", 18, 0, -0.2, 0.08],
    ["right_hock", 19, 0, -0.2, -0.1],
    ["right_hindfoot", 20, 0, -0.16, 0.03],
  ]),
  orientations: [
    { x: [18, 14], second: ["z", 0, 1] },
    { child: 2 },
    { x: [10, 6], second: ["z", 1, 2] },
    { child: 4 },
    {},
    {},
    { child: 7 },
    { child: 8 },
    { child: 9 },
    {},
    { child: 11 },
    { child: 12 },
    { child: 13 },
    {},
    { child: 15 },
    { child: 16 },
    { child: 17 },
    {},
    { child: 19 },
    { child: 20 },
    { child: 21 },
    {},
  ],
  feet: [9, 13, 17, 21],
  mirror: [
    [6, 10],
    [7, 11],
    [8, 12],
    [9, 13],
    [14, 18],
    [15, 19],
    [16, 20],
    [17, 21],
  ],
  leg: [14, 15, 16, 17],
};

export const bodies: Readonly<Record<Embodiment, Body>> = { human, quadruped };
