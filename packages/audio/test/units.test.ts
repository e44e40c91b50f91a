import { fileURLToPath } from "node:url";
import { createTokenGrid, isDtokError } from "@dtok/core";
import { fromUnits, loadAudioTokenizer, melDistance, readAudio, toUnits } from "@dtok/audio";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { speechLike } from "./signals.js";

const grid = (codes: readonly number[], size = 500) =>
  createTokenGrid({
    codes: { data: Int32Array.from(codes), shape: [codes.length, 1] },
    shape: [codes.length],
    codebookSizes: [size],
    side: { sampleRate: 16_000, length: codes.length * 320 },
    tokenizer: "audio/units-50hz",
  });

describe("units", () => {
  it("are worked by hand", () => {
    const { units, durations } = toUnits(grid([7, 7, 7, 2, 9, 9]));
    expect([Array.from(units), Array.from(durations)]).toEqual([
      [7, 2, 9],
      [3, 1, 2],
    ]);
  });

  it("come back exactly, with runs bounded or not", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        (codes, maxDuration) => {
          const before = grid(codes);
          const runs = toUnits(before, maxDuration === undefined ? {} : { maxDuration });
          expect(fromUnits(runs)).toEqual(before);
          for (const d of runs.durations) expect(d).toBeLessThanOrEqual(maxDuration ?? Infinity);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it("of a grid of several codebooks are refused", () => {
    const wide = createTokenGrid({
      codes: { data: new Int32Array(4), shape: [2, 2] },
      shape: [2],
      codebookSizes: [4, 4],
      side: {},
    });
    try {
      toUnits(wide);
      expect.unreachable();
    } catch (error) {
      expect(isDtokError(error) && error.code).toBe("mismatch");
    }
  });

  it("bring sound back through merged runs, better than noise of its level by far", async () => {
    const tokenizer = await loadAudioTokenizer("units-50hz");
    const original = speechLike(16_000, 2);
    const tokens = await tokenizer.encode(original);
    const runs = toUnits(tokens);
    expect(runs.units.length).toBeLessThan(tokens.codes.data.length);
    const back = await tokenizer.decode(fromUnits(runs));
    expect(back.samples[0]).toHaveLength(32_000);
    const noisy = {
      samples: [original.samples[0]!.map((_, i) => 0.1 * Math.sin(i * i))],
      sampleRate: 16_000,
    };
    expect(melDistance(original, back)).toBeLessThan(0.7 * melDistance(original, noisy));
    await tokenizer.close();
  });

  it("are made of files too", async () => {
    const tokenizer = await loadAudioTokenizer("units-50hz");
    const path = fileURLToPath(new URL("fixtures/tone.opus", import.meta.url));
    const tokens = await tokenizer.encode(path);
    expect(tokens.shape).toEqual([25]);
    expect((await readAudio(path)).samples[0]!.length).toBe(tokens.side.length);
    await tokenizer.close();
  });
});
