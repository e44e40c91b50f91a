import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { createRandom } from "../math/random.js";
import type { FsqBound } from "./fsq.js";
import { fsq, fsqDigit, fsqFamily } from "./fsq.js";
import { createQuantizer } from "./spec.js";

const bounds: FsqBound[] = ["tanh", "atanh", "clamped"];
const row = (...values: number[]) => ({
  data: Float32Array.from(values),
  shape: [1, values.length] as const,
});

describe("by hand", () => {
  test("levels 3, 2: the first level is least significant", () => {
    // Clamped: channel 0 has values -1, 0, 1 (borders -0.5, 0.5), channel 1 has -1, 0 (border -0.5).
    const q = fsq([3, 2], "clamped");
    expect(q.codebookSizes).toEqual([6]);
    expect(q.quantize(row(0.6, -0.9)).data).toEqual(Int32Array.of(2)); // digits 2, 0
    expect(q.quantize(row(-3, 0.1)).data).toEqual(Int32Array.of(3)); // digits 0, 1: 0 + 3 * 1
    expect(q.dequantize({ data: Int32Array.of(5), shape: [1, 1] }).data).toEqual(
      Float32Array.of(1, 0),
    );
  });

  test("tanh, level 5: h = 1.998, borders at atanh((k - 0.5) / h)", () => {
    const q = fsq([5]);
    const border = Math.atanh(0.5 / 1.998); // 0.2558…, between digits 2 and 3
    expect(q.quantize(row(0.999 * border)).data[0]).toBe(2);
    expect(q.quantize(row(1.001 * border)).data[0]).toBe(3);
    expect(q.quantize(row(-1.001 * border)).data[0]).toBe(1);
    expect(q.quantize(row(30)).data[0]).toBe(4);
  });

  test("exactly between two values the lower digit wins", () => {
    const q = fsq([5], "clamped"); // values -1, -0.5, 0, 0.5, 1
    expect(q.quantize(row(0.25)).data[0]).toBe(2);
    expect(q.quantize(row(-0.25)).data[0]).toBe(1);
  });
});

// Survey Eq. 16 as printed, round(L/2 tanh z), has 9 values for L = 8.
test.each(bounds)("trap: even levels have exactly L values (%s)", (bound) => {
  for (const level of [2, 4, 6, 8, 16, 64, 1000]) {
    const seen = new Set<number>();
    for (let z = -12; z <= 12; z += 1 / 512) seen.add(fsqDigit(z, level, bound));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: level }, (_, i) => i));
  }
});

const anyLevels = (max: number) =>
  fc.array(fc.integer({ min: 2, max }), { minLength: 1, maxLength: 6 });

test("equal to the formula on random and boundary values", () => {
  const random = createRandom(5);
  for (const bound of bounds) {
    for (const level of [2, 3, 4, 5, 7, 8, 16, 17, 100, 1000]) {
      const q = fsq([level], bound);
      const values: number[] = [0, -0, 1e-45, -1e-45, 3.4e38, -3.4e38];
      for (let i = 0; i < 300; i++) values.push(random.normal() * 2);
      // Both sides of every decision: the last float32 below it and the first from it on.
      let digit = 0;
      for (let i = 0; i < (level <= 100 ? 40 : 0); i++) {
        let low = -20;
        let high = 20;
        digit = random.integer(level - 1) + 1;
        while (Math.fround((low + high) / 2) !== low && Math.fround((low + high) / 2) !== high) {
          const middle = Math.fround((low + high) / 2);
          if (fsqDigit(middle, level, bound) >= digit) high = middle;
          else low = middle;
        }
        values.push(low, high);
      }
      const data = Float32Array.from(values);
      const got = q.quantize({ data, shape: [data.length, 1] }).data;
      const expected = Int32Array.from(data, (z) => fsqDigit(z, level, bound));
      expect(got).toEqual(expected);
    }
  }
});

test("digits, indices and big indices are inverse of each other", () => {
  fc.assert(
    fc.property(anyLevels(40), fc.integer(), (levels, seed) => {
      const q = fsq(levels);
      const random = createRandom(seed);
      const digits = {
        data: Int32Array.from({ length: 5 * levels.length }, (_, i) =>
          random.integer(levels[i % levels.length]!),
        ),
        shape: [5, levels.length] as const,
      };
      const codes = q.fromDigits(digits);
      expect(q.toDigits(codes)).toEqual(digits);
      const big = q.toBigIndices(codes);
      expect(q.fromBigIndices(big)).toEqual(codes);
      // The definition, in integers of any size.
      let weight = 1n;
      let index = 0n;
      for (const [i, level] of levels.entries()) {
        index += BigInt(digits.data[i]!) * weight;
        weight *= BigInt(level);
      }
      expect(big[0]).toBe(index);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("clamped: decoded vectors quantize to their own code; decoded values are those of the digits", () => {
  fc.assert(
    fc.property(anyLevels(64), fc.integer(), (levels, seed) => {
      const q = fsq(levels, "clamped");
      const random = createRandom(seed);
      const codes = {
        data: Int32Array.from({ length: 20 * q.codebookSizes.length }, (_, i) =>
          random.integer(q.codebookSizes[i % q.codebookSizes.length]!),
        ),
        shape: [20, q.codebookSizes.length] as const,
      };
      expect(q.idempotent).toBe(true);
      expect(q.quantize(q.dequantize(codes))).toEqual(codes);
    }),
    { seed: 2, numRuns: 100 },
  );
});

test("trap: more than 2^31 entries are split into groups, never truncated", () => {
  const q = fsq(Array.from({ length: 12 }, () => 16)); // 2^48
  expect(q.codebookSizes).toEqual([16 ** 7, 16 ** 5]);
  const top = q.quantize({ data: new Float32Array(12).fill(9), shape: [1, 12] });
  expect(top.data).toEqual(Int32Array.of(16 ** 7 - 1, 16 ** 5 - 1));
  expect(q.toBigIndices(top)).toEqual([2n ** 48n - 1n]);
  expect(fsq(Array.from({ length: 31 }, () => 2)).codebookSizes).toEqual([2 ** 31]);
});

describe("golden indices of a NumPy transcription of the paper's appendix", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../test/golden/fsq.json", import.meta.url), "utf8"),
  ) as { levels: number[]; bound: FsqBound; z: number[]; digits: number[]; indices: number[] }[];
  test.each(golden)("$bound $levels", ({ levels, bound, z, digits, indices }) => {
    const q = fsq(levels, bound);
    const rows = z.length / levels.length;
    const codes = q.quantize({ data: Float32Array.from(z), shape: [rows, levels.length] });
    expect([...q.toDigits(codes).data]).toEqual(digits);
    expect(q.toBigIndices(codes).map(Number)).toEqual(indices);
  });
});

test("bad input", () => {
  const q = fsq([8, 5, 5, 5]);
  expect(() => q.quantize(row(0, 0, Number.NaN, 0))).toThrow(/NaN at row 0, column 2/);
  expect(() => q.quantize(row(0, Infinity, 0, 0))).toThrow(/Infinity at row 0, column 1/);
  expect(() => q.quantize(row(0, 0, 0))).toThrow(/D = 4/);
  expect(() => q.dequantize({ data: Int32Array.of(1000), shape: [1, 1] })).toThrow(/\[0, 1000\)/);
  expect(() => q.dequantize({ data: Int32Array.of(-1), shape: [1, 1] })).toThrow(/code/);
  expect(() => fsq([])).toThrow(/level/);
  expect(() => fsq([1])).toThrow(/level 0/);
  expect(() => fsq([1001])).toThrow(/1000/);
  for (const spec of ["fsq:", "fsq:8,", "fsq:8,,5", "fsq:8;5", "fsq:-8", "fsq:8.5", "fsq:1e3"]) {
    expect(() => fsqFamily.create!(spec)).toThrow(/fsq/);
  }
  expect(q.quantize({ data: new Float32Array(0), shape: [0, 4] })).toEqual({
    data: new Int32Array(0),
    shape: [0, 1],
  });
});

test("the asynchronous path gives the same codes, names the right row, and can be stopped", async () => {
  const q = createQuantizer("fsq:8,5,5,5");
  const data = createRandom(3).fillNormal(new Float32Array(4 * 100_000));
  const latents = { data, shape: [100_000, 4] as const };
  const [slow, fast] = [q.quantize(latents), await q.quantizeAsync(latents)];
  expect(fast.shape).toEqual([100_000, 1]);
  expect(fast.data.every((code, i) => code === slow.data[i])).toBe(true);
  await expect(q.quantizeAsync(latents, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  data[4 * 90_000 + 1] = Number.NaN;
  await expect(q.quantizeAsync(latents)).rejects.toThrow(/row 90000, column 1/);
});
