import { HyperbolicVqQuantizer } from "@dtok/core";
import { expect, test } from "vitest";
import { matrix, rms, wave, waves } from "../../test/trajectories.js";
import { HyperbolicActions } from "./hyperbolic.js";

test("by hand", async () => {
  // Two chunks of two steps, up (0 2) and down (2 0), are the codebook; mean 1 and deviation 1.
  const data = matrix(8, 1, [0, 2, 2, 0, 0, 2, 2, 0]);
  const t = await HyperbolicActions.fit([data], { chunk: 2, quantizer: "vq-hyp:2" });
  expect(t.quantizer).toBeInstanceOf(HyperbolicVqQuantizer);
  const up = t.encode(matrix(2, 1, [0, 2])).codes.data[0]!;
  const grid = t.encode(matrix(5, 1, [0, 2, 2, 0, 0.1]));
  // The last row fills its chunk up: (0.1, 0.1) has the same angle to both, and is as near to them.
  expect([...grid.codes.data.subarray(0, 2)]).toEqual([up, 1 - up]);
  expect(grid.shape).toEqual([3]);
  const back = t.decode(t.encode(data));
  for (const [i, value] of data.data.entries()) expect(back.data[i]).toBeCloseTo(value, 5);
});

test("codes come back where chunks are whole; more words are better", async () => {
  const data = waves(6, 200, 2);
  const errors: number[] = [];
  for (const size of [8, 64]) {
    const t = await HyperbolicActions.fit(data, { chunk: 4, quantizer: `vq-hyp:${size}`, seed: 1 });
    const grid = t.encode(data[0]!);
    expect(t.encode(t.decode(grid))).toEqual(grid);
    errors.push(rms(data[0]!, t.decode(grid)));
  }
  expect(errors[1]).toBeLessThan(0.8 * errors[0]!);
});

test("any rows and any quantizer of core; a wrong count of chunks is an error", async () => {
  const t = await HyperbolicActions.fit(waves(4, 100, 2), { chunk: 8, quantizer: "rvq:2x8" });
  for (const rows of [1, 7, 8, 9, 33])
    expect(t.decode(t.encode(wave(rows, 2, rows))).shape).toEqual([rows, 2]);
  const grid = t.encode(wave(33, 2, 1));
  expect(() => t.decode({ ...grid, side: { rows: 50 } })).toThrow(/7 chunks/);
  await expect(HyperbolicActions.fit(waves(1, 20, 2), { quantizer: "vq-hyp:512" })).rejects.toThrow(
    /at least 512/,
  );
});
