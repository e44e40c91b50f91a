import { checkCodec, checkStreamingCodec } from "@dtok/conformance";
import type { ModelRuntime } from "@dtok/core";
import {
  frameCount,
  joinPieces,
  jointPositions,
  largestSpeed,
  loadMotionTokenizer,
  motionErrors,
  plugins,
  renderMotionGif,
  renderMotionPage,
  retarget,
  sliceMotion,
  spliceGrids,
} from "@dtok/motion";
import type { MotionSignal, MotionTokenizerName } from "@dtok/motion";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { describe, expect, it } from "vitest";
import { apart, walk } from "./make.js";

const names = Object.keys(plugins) as MotionTokenizerName[];
const failed = <T extends { status: string }>(results: readonly T[]) =>
  results.filter(({ status }) => status === "fail");

describe.each([
  ["onnxruntime-node", () => createRuntime()],
  ["onnxruntime-web", () => createWebRuntime()],
] as [string, () => Promise<ModelRuntime>][])("on %s", (_, open) => {
  it.each(names)("%s passes the conformance checks, as a whole and as a stream", async (name) => {
    const runtime = await open();
    const codec = await loadMotionTokenizer(name, { runtime });
    const split = (motion: MotionSignal, size: number) =>
      Array.from({ length: Math.ceil(frameCount(motion) / size) }, (_unused, i) =>
        sliceMotion(motion, i * size, Math.min(frameCount(motion), (i + 1) * size)),
      );
    const streamed = await checkStreamingCodec(codec, walk(100, 30), {
      split,
      join: joinPieces,
      difference: (a, b) => apart(jointPositions(a), jointPositions(b)),
      sizes: [7, 33],
      tolerance: 1e-3,
    });
    expect(failed(streamed)).toEqual([]);
    const results = await checkCodec(codec, [walk(50, 30), walk(1, 30), walk(41, 120)], {
      sameExtent: (a, b) => frameCount(a) === frameCount(b) && a.fps === b.fps,
    });
    expect(failed(results)).toEqual([]);
    await runtime.close();
  });
});

describe("motion tokenizers", () => {
  it("gives long motions in windows the codes of one run", async () => {
    const codec = await loadMotionTokenizer("human-vq");
    // 60 s: more than one window of 256 codes.
    const motion = walk(1200, 20);
    const whole = await codec.encode(motion);
    const first = await codec.encode(sliceMotion(motion, 0, 800));
    expect([...whole.codes.data.subarray(0, 200)]).toEqual([...first.codes.data]);
    await codec.close();
  });

  it("keeps a quadruped a quadruped, and refuses it where only people are known", async () => {
    const dog = walk(60, 30, "quadruped");
    const both = await loadMotionTokenizer("bodies-rvq");
    const grid = await both.encode(dog);
    expect(grid.side.body).toBe("quadruped");
    const back = await both.decode(grid);
    const original = retarget(dog).motion;
    expect(motionErrors(original, back).mpjpe).toBeLessThan(250);
    await both.close();
    const human = await loadMotionTokenizer("human-vq");
    await expect(human.encode(dog)).rejects.toThrow(/human/);
    await human.close();
  });

  it("decodes better with more levels", async () => {
    const codec = await loadMotionTokenizer("human-rvq");
    const motion = retarget(walk(120, 20)).motion;
    const grid = await codec.encode(motion);
    const error = async (levels: number) =>
      motionErrors(motion, await codec.decode(grid, { levels })).mpjpe;
    expect(await error(6)).toBeLessThan(await error(1));
    await codec.close();
  });

  it("splices without a jump faster than the parts", async () => {
    const codec = await loadMotionTokenizer("human-rvq");
    const [a, b] = [await codec.encode(walk(120, 30)), await codec.encode(walk(90, 30))];
    const joined = spliceGrids([
      { grid: a, from: 0.4, to: 2 },
      { grid: b, from: 1 },
    ]);
    expect(joined.shape[0]).toBe(8 + b.codes.shape[0] - 5);
    const speed = async (grid: typeof a) => largestSpeed(await codec.decode(grid));
    const parts = Math.max(await speed(a), await speed(b));
    expect(await speed(joined)).toBeLessThan(1.5 * parts);
    expect(() => spliceGrids([{ grid: a, from: 3, to: 2 }])).toThrow(/from < to/);
    expect(() => spliceGrids([])).toThrow(/at least one/);
    await codec.close();
  });
});

describe("views", () => {
  it("draw a GIF and a page", () => {
    const shown = [{ title: "a <b>", motion: walk(30) }];
    const gif = renderMotionGif(shown, { size: 64 });
    expect(new TextDecoder().decode(gif.subarray(0, 6))).toBe("GIF89a");
    expect([gif[6], gif[8]]).toEqual([64, 64]);
    const page = renderMotionPage(shown, "T & T");
    expect(page).toContain("T &amp; T");
    expect(page).not.toContain("a <b>");
    expect(() => renderMotionGif(shown, { fps: 0 })).toThrow(/fps/);
    expect(() => renderMotionPage([], "")).toThrow(/at least one/);
  });
});
