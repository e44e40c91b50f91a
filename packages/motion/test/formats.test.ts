import { isDtokError, writeNpy } from "@dtok/core";
import {
  BODY_JOINTS,
  jointPositions,
  motionErrors,
  placesFromHumanMl3d,
  readCsvTrajectory,
  readDeepMimic,
  readGltf,
  readNpyMotion,
  resample,
  retarget,
  writeGlb,
} from "@dtok/motion";
import type { MotionSignal } from "@dtok/motion";
import { describe, expect, it } from "vitest";
import { anything, apart, walk } from "./make.js";

const typed = (work: () => unknown, message: RegExp) => {
  let error: unknown;
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  expect(isDtokError(error)).toBe(true);
  expect((error as Error).message).toMatch(message);
};

const onBody = (motion: MotionSignal) => jointPositions(retarget(motion).motion);

describe("glTF", () => {
  it("writes a .glb that reads back as the motion", async () => {
    const motion = walk(20);
    const back = await readGltf(await writeGlb(motion));
    // Joints come branch by branch: retargeting finds them by their names.
    expect(onBody(back)).toHaveLength(onBody(motion).length);
    expect(apart(onBody(back), onBody(motion))).toBeLessThan(1e-4);
  });

  it("samples at the rate asked for", async () => {
    const motion = walk(31);
    const back = await readGltf(await writeGlb(motion), { fps: 60 });
    expect(apart(onBody(back), onBody(resample(motion, 60)))).toBeLessThan(1e-4);
  });

  it("refuses bytes that are none, and animations that are not there", async () => {
    const caught = async (work: Promise<unknown>) => {
      const error: unknown = await work.catch((reason: unknown) => reason);
      expect(isDtokError(error)).toBe(true);
      return (error as Error).message;
    };
    expect(await caught(readGltf(new Uint8Array(10)))).toMatch(/glb/);
    const bytes = await writeGlb(walk(5));
    expect(await caught(readGltf(bytes, { animation: "run" }))).toMatch(/motion/);
    expect(await caught(readGltf(bytes.subarray(0, 200)))).toMatch(/glb/);
    const outside = new TextEncoder().encode(
      '{"asset":{"version":"2.0"},"buffers":[{"uri":"../../etc/passwd"}]}',
    );
    expect(await caught(readGltf(outside))).toMatch(/another file/);
  });
});

describe("DeepMimic", () => {
  const row = (seconds: number, knee = 0) => [
    seconds,
    1,
    0.9,
    2,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    knee,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
  ];
  const file = (rows: unknown[]) => JSON.stringify({ Loop: "wrap", Frames: rows });

  it("stands facing +z where the file faces +x, left at +x", () => {
    const motion = readDeepMimic(file([row(0.1), row(0.1)]));
    expect(motion.fps).toBeCloseTo(10);
    const places = jointPositions(motion);
    const at = (name: string) => {
      const j = motion.skeleton.joints.findIndex((joint) => joint.name === name);
      return [...places.subarray(j * 3, j * 3 + 3)].map((v) => Math.round(v * 1e4) / 1e4 + 0);
    };
    expect(at("root")).toEqual([-2, 0.9, 1]);
    expect(at("left_hip")[0]).toBeGreaterThan(at("right_hip")[0]!);
    expect(at("left_foot")[2]).toBeGreaterThan(at("left_ankle")[2]!);
    expect(retarget(motion).embodiment).toBe("human");
  });

  it("bends a knee backwards by a negative angle", () => {
    const motion = readDeepMimic(file([row(0.1, -1.2)]));
    const places = jointPositions(motion);
    const j = motion.skeleton.joints.findIndex(({ name }) => name === "right_ankle");
    expect(places[j * 3 + 2]!).toBeLessThan(places[2]! - 0.3);
  });

  it("refuses what is none", () => {
    expect.hasAssertions();
    typed(() => readDeepMimic("nonsense"), /JSON/);
    typed(() => readDeepMimic("{}"), /Frames/);
    typed(() => readDeepMimic(file([])), /empty/);
    typed(() => readDeepMimic(file([[1, 2]])), /frame 0.*44/);
    typed(() => readDeepMimic(file([row(0.1), row(0), row(0.1)])), /frame 1.*duration/);
    typed(() => readDeepMimic(file([row(0.1), [...row(0.1).slice(0, 43), null]])), /frame 1/);
  });
});

describe("NumPy", () => {
  it("reads places of HumanML3D's joints", () => {
    const places = jointPositions(retarget(walk(12)).motion);
    const bytes = writeNpy({ data: places, shape: [12, BODY_JOINTS, 3] });
    const motion = readNpyMotion(bytes);
    expect(motion.fps).toBe(20);
    expect(apart(jointPositions(motion), places)).toBeLessThan(2e-3);
  });

  it("integrates HumanML3D's vectors: half turns and ways of the frame before", () => {
    const features = new Float32Array(3 * 263);
    for (let t = 0; t < 3; t++) {
      features[t * 263 + 3] = 1;
      features[t * 263 + 4] = 0.5;
    }
    // A quarter turn to the right (half of it is stored), then a metre ahead.
    features[0] = Math.PI / 4;
    features[263 + 2] = 1;
    const places = placesFromHumanMl3d(features);
    const at = (t: number, j: number) =>
      [...places.subarray((t * 22 + j) * 3, (t * 22 + j) * 3 + 3)].map(
        (v) => Math.round(v * 1e4) / 1e4 + 0,
      );
    expect(at(0, 0)).toEqual([0, 1, 0]);
    expect(at(1, 0)).toEqual([0, 1, 0]);
    expect(at(1, 1)).toEqual([0, 0, 0.5]);
    expect(at(2, 0)).toEqual([-1, 1, 0]);
  });

  it("refuses other shapes and gaps", () => {
    expect.hasAssertions();
    typed(() => readNpyMotion(writeNpy({ data: new Float32Array(10), shape: [2, 5] })), /263/);
    typed(() => readNpyMotion(writeNpy({ data: new Float32Array(0), shape: [0, 263] })), /T >= 1/);
    const gap = new Float32Array(263).fill(0);
    gap[5] = NaN;
    typed(() => readNpyMotion(writeNpy({ data: gap, shape: [1, 263] })), /frame 0/);
  });
});

describe("trajectories", () => {
  const schema = {
    time: { column: "ms", seconds: 0.001 },
    columns: [
      { column: "knee", unit: "degrees" as const },
      { column: "x", unit: "millimetres" as const },
    ],
  };

  it("reads a CSV by its schema, in radians and metres", () => {
    const made = readCsvTrajectory("ms,x,knee\n0,1000,180\n20,2000,90\n40,0,0\n", schema);
    expect(made.rate).toBeCloseTo(50);
    expect(made.values.shape).toEqual([3, 2]);
    expect(made.values.data[0]).toBeCloseTo(Math.PI);
    expect(made.values.data[3]).toBeCloseTo(2);
  });

  it("reads columns of spaces without a header", () => {
    const made = readCsvTrajectory("  0 1 2\n  1 3 4\n", { rate: 10, columns: [{ column: "2" }] });
    expect([...made.values.data]).toEqual([2, 4]);
  });

  it("says the line of what is wrong", () => {
    expect.hasAssertions();
    typed(() => readCsvTrajectory("", schema), /no|none/);
    typed(() => readCsvTrajectory("ms,x\n0,1\n", schema), /"knee"/);
    typed(() => readCsvTrajectory("ms,x,knee\n0,1,2\n5,1\n", schema), /line 3.*3 columns/);
    typed(() => readCsvTrajectory("ms,x,knee\n0,1,2\n5,oh,1\n", schema), /line 3, column x/);
    typed(() => readCsvTrajectory("ms,x,knee\n5,1,2\n5,1,1\n", schema), /time/);
    typed(() => readCsvTrajectory("x\n1\n", { columns: [{ column: "x" }] }), /rate/);
  });
});

it("errors between motions of any skeleton are zero for itself", () => {
  const motion = anything(4);
  expect(motionErrors(motion, motion).mpjpe).toBe(0);
});
