import { isDtokError } from "@dtok/core";
import { BvhParser, joinPieces, jointPositions, readBvh, writeBvh } from "@dtok/motion";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anything, apart } from "./make.js";

const GOOD = `HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 1 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
0 1 0 0 0 0 0 0 0
1 1 0 90 0 0 90 0 0
`;

describe("BVH", () => {
  it("reads a file worked by hand", () => {
    const motion = readBvh(GOOD, { unit: "m" });
    expect(motion.fps).toBeCloseTo(20);
    expect(motion.skeleton.joints.map(({ name }) => name)).toEqual(["Hips", "Chest", "Chest_end"]);
    const places = jointPositions(motion);
    expect([...places.subarray(0, 9)]).toEqual([0, 1, 0, 0, 2, 0, 0, 3, 0]);
    // A quarter turn about z brings up to -x; a second one brings it down.
    const last = [...places.subarray(9)].map((value) => Math.round(value * 1e5) / 1e5 + 0);
    expect(last).toEqual([1, 1, 0, 0, 1, 0, 0, 0, 0]);
  });

  it("applies rotations in the order of the channels", () => {
    const file = (order: string, values: string) =>
      GOOD.replace(/Zrotation Xrotation Yrotation\n {2}JOINT/, `${order}\n  JOINT`)
        .replace("Frames: 2", "Frames: 1")
        .replace(/0 1 0 0 0 0 0 0 0\n.*\n/, `0 0 0 ${values} 0 0 0\n`);
    const up = (text: string) =>
      [...jointPositions(readBvh(text, { unit: "m" })).subarray(3, 6)].map(
        (v) => Math.round(v) + 0,
      );
    // Rz(90) Rx(90) up: x brings it to z, z leaves it there.
    expect(up(file("Zrotation Xrotation Yrotation", "90 90 0"))).toEqual([0, 0, 1]);
    // Rx(90) Rz(90) up: z brings it to -x, x leaves it there.
    expect(up(file("Xrotation Zrotation Yrotation", "90 90 0"))).toEqual([-1, 0, 0]);
  });

  it("writes what it reads back, in every order of channels", () => {
    const orders = ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...orders), (seed, order) => {
        const motion = anything(seed);
        const back = readBvh(writeBvh(motion, { order, unit: "cm" }), { unit: "cm" });
        const own = back.skeleton.joints.flatMap(({ end }, j) => (end ? [] : [j]));
        expect(own.length).toBe(motion.skeleton.joints.length);
        // The writer goes from branch to branch: compare by name.
        const [a, b] = [jointPositions(motion), jointPositions(back)];
        const [m, n] = [motion.skeleton.joints.length, back.skeleton.joints.length];
        for (const j of own) {
          const k = motion.skeleton.joints.findIndex(
            ({ name }) => name === back.skeleton.joints[j]!.name,
          );
          for (let t = 0; t < 5; t++) {
            const [from, to] = [(t * m + k) * 3, (t * n + j) * 3];
            expect(apart(a.subarray(from, from + 3), b.subarray(to, to + 3))).toBeLessThan(1e-4);
          }
        }
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  it("keeps bones that change their length", () => {
    const file = GOOD.replace(
      "OFFSET 0 1 0\n    CHANNELS 3",
      "OFFSET 0 1 0\n    CHANNELS 6 Xposition Yposition Zposition",
    )
      .replace("0 1 0 0 0 0 0 0 0\n", "0 1 0 0 0 0 0 2 0 0 0 0\n")
      .replace("1 1 0 90 0 0 90 0 0\n", "0 1 0 0 0 0 0 3 0 0 0 0\n");
    const motion = readBvh(file, { unit: "m" });
    expect(jointPositions(motion)[4]).toBe(3);
    expect(jointPositions(motion)[13]).toBe(4);
    const back = readBvh(writeBvh(motion), { unit: "cm" });
    expect(apart(jointPositions(back), jointPositions(motion))).toBeLessThan(1e-5);
  });

  it("reads pieces cut anywhere as the whole", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }), (cuts) => {
        const parser = new BvhParser({ unit: "m" });
        const pieces = [];
        let at = 0;
        for (const cut of [...cuts, GOOD.length]) {
          const piece = parser.push(GOOD.slice(at, at + cut));
          if (piece) pieces.push(piece);
          at += cut;
        }
        const last = parser.end();
        if (last) pieces.push(last);
        expect(joinPieces(pieces)).toEqual(readBvh(GOOD, { unit: "m" }));
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  const bad: [string, string, RegExp][] = [
    ["an empty file", "", /line 0.*HIERARCHY/],
    ["another format", "solid cube", /line 1.*HIERARCHY/],
    ["no hierarchy", GOOD.replace("HIERARCHY", ""), /HIERARCHY/],
    [
      "a missing brace",
      GOOD.replace("  {\n    OFFSET 0 1 0\n    CHAN", "    OFFSET 0 1 0\n    CHAN"),
      /line 7.*"\{"/,
    ],
    ["a hierarchy that is cut short", GOOD.slice(0, 120), /end of the file/],
    [
      "a hierarchy that closes too early",
      GOOD.replace("OFFSET 0 1 0\n    }", "OFFSET 0 1 0\n    }\n}}"),
      /line \d+/,
    ],
    ["a second root", GOOD.replace("MOTION", "ROOT More"), /line 16.*one ROOT/],
    [
      "an unknown channel",
      GOOD.replace("Xrotation Yrotation\n  JOINT", "Wrotation Yrotation\n  JOINT"),
      /line 5.*Wrotation/,
    ],
    ["fewer channels than counted", GOOD.replace("CHANNELS 3", "CHANNELS 4"), /line 9/],
    ["no channels at all", GOOD.replaceAll(/ +CHANNELS.*\n/g, ""), /channels/],
    ["an offset that is no number", GOOD.replace("OFFSET 0 1 0", "OFFSET 0 x 0"), /line 8.*"x"/],
    ["a joint without an offset", GOOD.replace("    OFFSET 0 1 0\n    CHAN", "    CHAN"), /OFFSET/],
    ["zero frames", GOOD.replace("Frames: 2", "Frames: 0"), /line 17.*frames/],
    ["half a frame", GOOD.replace("Frames: 2", "Frames: 1.5"), /line 17/],
    ["a frame time of 0", GOOD.replace("0.05", "0"), /line 18.*frame time/],
    ["a negative frame time", GOOD.replace("0.05", "-1"), /line 18/],
    ["no frame time", GOOD.replace("Frame Time: 0.05\n", ""), /line 18.*Frame Time/],
    ["NaN", GOOD.replace("1 1 0 90", "1 NaN 0 90"), /line 20.*"NaN"/],
    ["a word among the numbers", GOOD.replace("1 1 0 90", "1 oh 0 90"), /line 20.*"oh"/],
    [
      "missing channels in a frame",
      GOOD.replace("90 0 0 90 0 0", "90 0 0"),
      /line 20.*9 numbers.*got 6/,
    ],
    ["too many channels in a frame", GOOD.replace("90 0 0 90", "90 0 0 0 90"), /line 20.*got 10/],
    ["missing frames", GOOD.replace("1 1 0 90 0 0 90 0 0\n", ""), /2 frames.*got 1/],
    ["a billion frames", GOOD.replace("Frames: 2", "Frames: 1000000000"), /line 17/],
  ];
  it.each(bad)("refuses %s, and says where", (_, text, message) => {
    let error: unknown;
    try {
      readBvh(text, { unit: "m", name: "test.bvh" });
    } catch (caught) {
      error = caught;
    }
    expect(isDtokError(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses ten thousand joints", () => {
    const open = Array.from(
      { length: 10_000 },
      (_, j) => `JOINT j${j}\n{\nOFFSET 0 1 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n`,
    );
    const text = `HIERARCHY\n${open.join("").replace("JOINT", "ROOT")}${"}\n".repeat(10_000)}MOTION\n`;
    expect(() => readBvh(text)).toThrow(/1024 joints/);
  });

  it("refuses sizes that show wrong units, and takes them when told", () => {
    const odd = GOOD.replaceAll("OFFSET 0 1 0", "OFFSET 0 8.5 0");
    expect(() => readBvh(odd)).toThrow(/unit/);
    expect(readBvh(odd, { unit: 0.056444 }).skeleton.joints[1]!.offset[1]).toBeCloseTo(0.4798, 3);
    const centimetres = GOOD.replaceAll("OFFSET 0 1 0", "OFFSET 0 85 0");
    expect(readBvh(centimetres).skeleton.joints[1]!.offset[1]).toBeCloseTo(0.85);
  });
});
