import {
  FEATURE_FPS,
  bodies,
  footSkating,
  fromFeatures,
  frameCount,
  jitter,
  jointPositions,
  matchJoints,
  mirrorMotion,
  motionErrors,
  motionFromPlaces,
  resample,
  retarget,
  sliceMotion,
  startOf,
  toFeatures,
} from "@dtok/motion";
import type { Embodiment, MotionSignal } from "@dtok/motion";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { between, eulerLike, multiply, rotate } from "./quaternions.js";
import { readJointName } from "../src/skeleton/names.js";
import { anything, apart, walk } from "./make.js";

const kinds: Embodiment[] = ["human", "quadruped"];

describe("quaternions", () => {
  it("turn one direction to another", () => {
    fc.assert(
      fc.property(eulerLike, eulerLike, (a, b) => {
        const [u, v] = [rotate(a, [1, 0, 0]), rotate(b, [1, 0, 0])];
        const found = rotate(between(u, v), u);
        expect(apart(Float32Array.from(found), Float32Array.from(v))).toBeLessThan(1e-5);
        const once = rotate(multiply(a, b), [0.1, 0.2, 0.3]);
        const twice = rotate(a, rotate(b, [0.1, 0.2, 0.3]));
        expect(apart(Float32Array.from(once), Float32Array.from(twice))).toBeLessThan(1e-5);
      }),
      { seed: 3, numRuns: 100 },
    );
  });
});

describe("resample", () => {
  it("keeps whole frames, and half way is half way", () => {
    const motion = walk(31, 30);
    const doubled = resample(motion, 60);
    expect(frameCount(doubled)).toBe(61);
    expect(apart(resample(doubled, 30).translation, motion.translation)).toBeLessThan(1e-6);
    const middle = (motion.translation[2]! + motion.translation[5]!) / 2;
    expect(doubled.translation[5]).toBeCloseTo(middle, 5);
  });
});

describe("joint names", () => {
  it.each([
    ["mixamorig:LeftUpLeg", "left", "upleg"],
    ["left_hip", "left", "hip"],
    ["thigh.R", "right", "thigh"],
    ["Bip01 L Thigh", "left", "thigh"],
    ["RightForeArm", "right", "forearm"],
    ["l_clavicle", "left", "clavicle"],
    ["Hips", "", "hips"],
  ])("%s", (name, side, base) => {
    expect(readJointName(name)).toEqual({ side, base });
  });

  it("finds a body under the names of usual rigs", () => {
    const rig = (names: string) => ({
      joints: names.split(" ").map((name, j) => ({
        name,
        parent: j - 1,
        offset: [0, 0, 0] as [number, number, number],
      })),
    });
    const mixamo = rig(
      "mixamorig:Hips mixamorig:Spine mixamorig:Neck mixamorig:Head mixamorig:LeftShoulder mixamorig:LeftArm mixamorig:LeftForeArm mixamorig:LeftHand mixamorig:RightShoulder mixamorig:RightArm mixamorig:RightForeArm mixamorig:RightHand mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot mixamorig:LeftToeBase mixamorig:RightUpLeg mixamorig:RightLeg mixamorig:RightFoot mixamorig:RightToeBase",
    );
    const { embodiment, indices } = matchJoints(mixamo);
    expect(embodiment).toBe("human");
    const found = (part: string) =>
      mixamo.joints[indices[bodies.human.skeleton.joints.findIndex((j) => j.name === part)]!]?.name;
    expect(found("left_collar")).toBe("mixamorig:LeftShoulder");
    expect(found("left_shoulder")).toBe("mixamorig:LeftArm");
    expect(found("right_ankle")).toBe("mixamorig:RightFoot");
    expect(found("right_foot")).toBe("mixamorig:RightToeBase");
    expect(() => matchJoints(rig("a b c"))).toThrow(/left_hip/);
  });
});

describe.each(kinds)("the %s", (kind) => {
  it("keeps its own motion through retargeting", () => {
    const motion = walk(40, 30, kind);
    const { motion: same, scale, embodiment } = retarget(motion);
    expect(embodiment).toBe(kind);
    expect(scale).toBeCloseTo(1, 5);
    // Twists are not seen in places; places are kept where bones do not twist.
    expect(motionErrors(motion, same).globalMpjpe).toBeLessThan(25);
    const again = retarget(same).motion;
    expect(apart(jointPositions(again), jointPositions(same))).toBeLessThan(5e-4);
  });

  it("has its size measured, wherever it comes from", () => {
    const motion = walk(5, 30, kind);
    const big: MotionSignal = {
      ...motion,
      skeleton: {
        joints: motion.skeleton.joints.map((joint) => ({
          ...joint,
          offset: joint.offset.map((value) => value * 1.7) as [number, number, number],
        })),
      },
      translation: motion.translation.map((value) => value * 1.7),
    };
    const made = retarget(big);
    expect(made.scale).toBeCloseTo(1.7, 4);
    expect(apart(made.motion.translation, motion.translation)).toBeLessThan(1e-5);
    const huge = {
      ...big,
      skeleton: {
        joints: big.skeleton.joints.map((joint) => ({
          ...joint,
          offset: joint.offset.map((v) => v * 1000) as [number, number, number],
        })),
      },
    };
    expect(() => retarget(huge)).toThrow(/units are wrong/);
  });

  it("comes back from features", () => {
    const motion = retarget(walk(60, FEATURE_FPS, kind)).motion;
    const back = fromFeatures(toFeatures(motion, kind), kind, startOf(motion));
    expect(apart(jointPositions(back), jointPositions(motion))).toBeLessThan(1e-3);
  });

  it("has features that do not depend on where it stands and faces", () => {
    const motion = retarget(walk(30, FEATURE_FPS, kind)).motion;
    const turn = [0, Math.sin(0.6), 0, Math.cos(0.6)] as const;
    const translation = motion.translation.slice();
    const rotations = motion.rotations.slice();
    for (let t = 0; t < 30; t++) {
      const [x, y, z] = rotate(turn, [...translation.subarray(t * 3, t * 3 + 3)] as never);
      translation.set([x + 5, y, z - 3], t * 3);
      const root = t * 22 * 4;
      rotations.set(multiply(turn, [...rotations.subarray(root, root + 4)] as never), root);
    }
    const moved = { ...motion, translation, rotations };
    expect(apart(toFeatures(moved, kind), toFeatures(motion, kind))).toBeLessThan(1e-4);
  });

  it("is itself after two mirrors, and mirrors places", () => {
    const motion = walk(10, 30, kind);
    const once = mirrorMotion(motion, kind);
    expect(apart(mirrorMotion(once, kind).rotations, motion.rotations)).toBe(0);
    const [a, b] = [jointPositions(motion), jointPositions(once)];
    const [left, right] = bodies[kind].mirror[3]!;
    expect(b[left * 3]).toBeCloseTo(-a[right * 3]!, 5);
    expect(b[left * 3 + 1]).toBeCloseTo(a[right * 3 + 1]!, 5);
  });
});

describe("places", () => {
  it("make a motion whose bones have their lengths", () => {
    const motion = retarget(walk(20)).motion;
    const places = jointPositions(motion).map((value) => value * 1.2);
    const made = motionFromPlaces(places, 30);
    expect(apart(jointPositions(made), places)).toBeLessThan(2e-3);
  });
});

describe("metrics", () => {
  it("are zero for the same motion and measure a shift by hand", () => {
    const motion = walk(20);
    expect(motionErrors(motion, motion)).toEqual({
      mpjpe: 0,
      globalMpjpe: 0,
      velocity: 0,
      acceleration: 0,
    });
    const shifted = {
      ...motion,
      translation: motion.translation.map((v, i) => (i % 3 === 0 ? v + 0.03 : v)),
    };
    const errors = motionErrors(motion, shifted);
    expect(errors.globalMpjpe).toBeCloseTo(30, 3);
    expect(errors.mpjpe).toBeLessThan(1e-3);
    expect(errors.velocity).toBeLessThan(0.01);
    expect(() => motionErrors(motion, sliceMotion(motion, 0, 10))).toThrow(/10 of 22/);
  });

  it("see a slide and no slide", () => {
    const still = sliceMotion(walk(1), 0, 1);
    const frames = 10;
    const translation = new Float32Array(frames * 3);
    const rotations = new Float32Array(frames * 22 * 4);
    for (let t = 0; t < frames; t++) {
      translation.set([0.1 * t, 0.93, 0], t * 3);
      rotations.set(still.rotations, t * 22 * 4);
    }
    const slide = { ...still, translation, rotations };
    // 0.1 m per frame at 30 frames per second.
    expect(footSkating(slide, "human", 0.2)).toBeCloseTo(3, 4);
    expect(
      footSkating(
        { ...slide, translation: translation.map((v, i) => (i % 3 === 0 ? 0 : v)) },
        "human",
      ),
    ).toBe(0);
    expect(jitter(slide)).toBeLessThan(0.1);
    expect(jitter(anything(1))).toBeGreaterThan(1);
  });
});
