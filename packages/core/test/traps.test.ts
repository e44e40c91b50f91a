/*
 * The traps in the survey's formulas, each with a test that fails where the formula is taken as printed.
 * Those of FSQ's and BSQ's finer points are beside these quantizers (`fsq.test.ts`, `bsq.test.ts`), VQGAN's
 * weight is in @dtok/train (`losses/adaptive-weight.test.ts`), GART's sizes in @dtok/graph
 * (`tokens/vocabulary.test.ts`).
 */
import { expect, test } from "vitest";
import {
  EmaCodebook,
  bitsOf,
  bsq,
  createRandom,
  createTokenGrid,
  flattenGrid,
  fsq,
  fsqDigit,
  lfq,
  packBits,
  packRadix,
  quantizerFamilies,
  unflattenIds,
  unpackBits,
  unpackRadix,
  vq,
} from "../src/index.js";
import type { Matrix } from "../src/index.js";

const one = (...data: number[]): Matrix => ({
  data: Float32Array.from(data),
  shape: [1, data.length],
});

test("FSQ, Eq. 16: round(L/2 tanh z) has L + 1 values for even L, ours L", () => {
  const [printed, ours] = [new Set<number>(), new Set<number>()];
  for (let z = -10; z <= 10; z += 1 / 64) {
    printed.add(Math.round(4 * Math.tanh(z)) + 0);
    ours.add(fsqDigit(z, 8));
  }
  expect(printed.size).toBe(9);
  expect([...ours].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("EMA, Eq. 13: a code that is never used is not 0 / 0", () => {
  const start = { data: Float32Array.of(0, 99), shape: [2, 1] as const };
  for (const decay of [0, 0.5, 0.99]) {
    const ema = new EmaCodebook(start, { decay });
    for (let step = 0; step < 2000; step++) ema.update(one(0.25));
    expect(ema.codebook.data.every((v) => Number.isFinite(v))).toBe(true);
    expect(ema.codebook.data[0]).toBeCloseTo(0.25, 2);
  }
});

test("LFQ and BSQ, Eq. 18 to 20: the value of zero and its index bit agree", () => {
  for (const q of [lfq(3), bsq(3)]) {
    const codes = q.quantize(one(0, 2, -0));
    expect([...codes.data]).toEqual([2]);
    const decoded = q.dequantize(codes);
    expect(decoded.data[0]).toBeLessThan(0);
    expect(q.quantize(decoded)).toEqual(codes);
  }
});

test("BSQ: the zero vector has no direction, and a code all the same", () => {
  const q = bsq(4);
  const codes = q.quantize(one(0, 0, 0, 0));
  expect([...codes.data]).toEqual([0]);
  expect([...q.dequantize(codes).data]).toEqual([-0.5, -0.5, -0.5, -0.5]);
});

test("Eq. 9 is an argmin, whatever the text calls it", () => {
  const q = vq({ data: Float32Array.of(-9, 1, 4), shape: [3, 1] });
  expect([...q.quantize({ data: Float32Array.of(0, 3), shape: [2, 1] }).data]).toEqual([1, 2]);
});

/** Families that take a codebook, with one whose words are all alike. */
const alike: readonly (readonly [string, readonly number[]])[] = [
  ["vq:4", [4, 2]],
  ["vq-cos:4", [4, 2]],
  ["kmeans:4", [4, 2]],
  ["rvq:3x4", [3, 4, 2]],
  ["rvq:3x4,beam=5", [3, 4, 2]],
  ["ervq:3x4", [3, 4, 2]],
  ["irvq:3x4,beam=5", [3, 4, 2]],
  ["group-rvq:2x2x4", [2, 2, 4, 1]],
  ["group-rvq:2x2x4,beam=3", [2, 2, 4, 1]],
  ["ms-rvq:4,map=1x2,scales=1-1x2", [4, 1]],
  ["pq:2x4", [2, 4, 1]],
  ["opq:2x4", [2, 4, 1]],
  ["online-pq:2x4", [2, 4, 1]],
  ["aq:3x4", [3, 4, 2]],
  ["lsq:3x4", [3, 4, 2]],
  ["cq:3x4", [3, 4, 2]],
];

test.each(alike)("ties go to the lowest index: %s", (spec, shape) => {
  const family = quantizerFamilies.find((f) => f.matches(spec))!;
  const size = shape.reduce((a, b) => a * b, 1);
  const codebook = { data: new Float32Array(size).fill(0.5), shape };
  const q = family.fromCodebook!(spec, codebook);
  const random = createRandom(8);
  const x = { data: random.fillNormal(new Float32Array(20 * q.dim)), shape: [20, q.dim] as const };
  expect(new Set(q.quantize(x).data)).toEqual(new Set([0]));
});

test("every family that takes a codebook is in that list", () => {
  const kinds = new Set(
    alike.map(([spec]) => quantizerFamilies.find((f) => f.matches(spec))!.kind),
  );
  const able = quantizerFamilies.filter((f) => f.fromCodebook !== undefined).map((f) => f.kind);
  expect(able.filter((kind) => !kinds.has(kind))).toEqual([]);
});

test("index sizes past 2^31 and 2^53 are tuples, and nothing wraps", () => {
  // 8 x 4096 is 2^96; the highest code of each is where 32-bit arithmetic goes wrong.
  const sizes = Array.from({ length: 8 }, () => 4096);
  const codes = { data: new Int32Array(16).fill(4095), shape: [2, 8] as const };
  expect(unpackBits(packBits(codes, sizes), 2, sizes)).toEqual(codes);
  expect(unpackRadix(packRadix(codes, sizes), 2, sizes)).toEqual(codes);
  const grid = createTokenGrid({ codes, shape: [2], codebookSizes: sizes });
  expect(bitsOf(grid).perPosition).toBe(96);
  const ids = flattenGrid(grid, "interleaved");
  expect(unflattenIds(ids, sizes, "interleaved")).toEqual(codes);
  // L^D and 2^D: split, never cut off.
  const wide = lfq(70);
  expect(wide.codebookSizes.every((size) => size <= 2 ** 31)).toBe(true);
  expect(wide.codebookSizes.reduce((bits, size) => bits + Math.log2(size), 0)).toBe(70);
  const high = wide.quantize({ data: new Float32Array(70).fill(1), shape: [1, 70] });
  expect([...high.data]).toEqual(wide.codebookSizes.map((size) => size - 1));
  expect(new Set(wide.dequantize(high).data)).toEqual(new Set([1]));
  const many = fsq(Array.from({ length: 24 }, () => 8));
  expect(many.codebookSizes.reduce((bits, size) => bits + Math.log2(size), 0)).toBe(72);
  const top = many.quantize({ data: new Float32Array(24).fill(50), shape: [1, 24] });
  expect([...top.data]).toEqual(many.codebookSizes.map((size) => size - 1));
});
