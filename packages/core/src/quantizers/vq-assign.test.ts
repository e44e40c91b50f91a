import { expect, test } from "vitest";
import type { Matrix } from "../spec/tensor.js";
import { nearest } from "../kernels/portable.js";
import { softAssign, softDequantize, stochasticAssign } from "./vq-assign.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});
const words = matrix(2, 1, [0, 2]);

test("soft assignment by hand", () => {
  // 0.5 is 0.25 and 2.25 away: odds e^2 to 1 at t = 1.
  const p = softAssign(matrix(1, 1, [0.5]), words);
  const odds = Math.exp(2);
  expect(p.data[0]).toBeCloseTo(odds / (odds + 1), 6);
  expect(softDequantize(p, words).data[0]).toBeCloseTo(2 / (odds + 1), 6);
});

test("far vectors and tiny temperatures give the nearest, not NaN", () => {
  expect([...softAssign(matrix(1, 1, [1e9]), words, 1e-6).data]).toEqual([0, 1]);
});

test("stochastic assignment draws from the soft distribution, by seed; t = 0 is the nearest", () => {
  const many = matrix(20000, 1, new Float32Array(20000).fill(0.5));
  const drawn = stochasticAssign(many, words, { seed: 1 });
  const share = drawn.reduce((a, b) => a + b) / 20000;
  // Standard error 0.0023.
  expect(Math.abs(share - 1 / (Math.exp(2) + 1))).toBeLessThan(0.01);
  expect(stochasticAssign(many, words, { seed: 1 })).toEqual(drawn);
  expect(stochasticAssign(many, words, { seed: 2 })).not.toEqual(drawn);
  expect(stochasticAssign(many, words, { temperature: 0 })).toEqual(nearest(many, words).indices);
});

test("temperatures out of range are typed errors", () => {
  const x = matrix(1, 1, [0]);
  expect(() => softAssign(x, words, 0)).toThrow(/temperature/);
  expect(() => stochasticAssign(x, words, { temperature: -1 })).toThrow(/temperature/);
  expect(() => softDequantize(matrix(1, 3, [1, 0, 0]), words)).toThrow(/vectors/);
});
