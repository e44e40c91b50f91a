import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { loadQuantizer, saveQuantizer } from "../formats/quantizer-state.js";
import type { Matrix } from "../spec/tensor.js";
import { fitHyperbolicVq, hyperbolicVq, hyperbolicVqFamily } from "./vq-hyp.js";
import { vq } from "./vq.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});
const normal = (rows: number, dim: number, seed: number): Matrix =>
  matrix(rows, dim, createRandom(seed).fillNormal(new Float32Array(rows * dim)));

/** The distance as the paper has it, by way of the ball. */
function poincare(v: readonly number[], w: readonly number[], c: number): number {
  const exp = (x: readonly number[]) => {
    const r = Math.sqrt(c) * Math.hypot(...x);
    return x.map((value) => (r === 0 ? 0 : (Math.tanh(r) * value) / r));
  };
  const [x, y] = [exp(v), exp(w)];
  const square = (z: readonly number[]) => z.reduce((sum, value) => sum + value * value, 0);
  const apart = square(x.map((value, d) => value - y[d]!));
  const ratio = (2 * c * apart) / ((1 - c * square(x)) * (1 - c * square(y)));
  return Math.acosh(1 + ratio) / Math.sqrt(c);
}

test("by hand: far apart in the ball, the centre is nearer", () => {
  // c = 1/4: |v| is the distance to the centre. (4, 0) and the word 4 (cos 0.9, sin 0.9) are about
  // 4 + 4 + 2 ln sin 0.45 = 6.3 apart, the word at the centre 4; flat, they are 3.48 apart.
  const words = matrix(2, 2, [0, 0, 4 * Math.cos(0.9), 4 * Math.sin(0.9)]);
  const q = hyperbolicVq(words, { curvature: 0.25 });
  const point = matrix(1, 2, [4, 0]);
  expect([...q.quantize(point).data]).toEqual([0]);
  expect([...vq(words).quantize(point).data]).toEqual([1]);
  // On one ray the geometry is flat: 1.5 of 1 and 3 is nearer to 1; 2 is as far from both.
  const ray = hyperbolicVq(matrix(2, 1, [1, 3]), { curvature: 0.25 });
  expect([...ray.quantize(matrix(4, 1, [1.5, 2, 2.5, -9])).data]).toEqual([0, 0, 1, 0]);
  expect([...ray.dequantize(ray.quantize(matrix(1, 1, [2.5]))).data]).toEqual([3]);
  // tanh(√c |v|) / √c = 2 tanh(0.5), 2 tanh(1.5)
  expect(ray.ball.data[0]).toBeCloseTo(2 * Math.tanh(0.5), 6);
  expect(ray.ball.data[1]).toBeCloseTo(2 * Math.tanh(1.5), 6);
});

test("codes are the nearest by the distance of the Poincaré ball", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0.05, 0.5, 2), (seed, c) => {
      const words = normal(9, 3, seed);
      const points = normal(20, 3, seed + 1);
      const q = hyperbolicVq(words, { curvature: c });
      const row = (m: Matrix, n: number) => [...m.data.subarray(n * 3, n * 3 + 3)];
      for (const [n, code] of q.quantize(points).data.entries()) {
        const away = Array.from({ length: 9 }, (_, k) =>
          poincare(row(points, n), row(words, k), c),
        );
        expect(away[code]! - Math.min(...away)).toBeLessThan(1e-5);
      }
    }),
    { seed: 3, numRuns: 30 },
  );
});

test("curvature towards 0 is vq", () => {
  const words = normal(16, 4, 1);
  const points = normal(500, 4, 2);
  const q = hyperbolicVq(words, { curvature: 1e-8 });
  expect([...q.quantize(points).data]).toEqual([...vq(words).quantize(points).data]);
});

test("quantize(dequantize(c)) = c where words are distinct, at any radius", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(1e-12, 1, 50), (seed, scale) => {
      const words = normal(32, 3, seed);
      const q = hyperbolicVq(
        matrix(
          32,
          3,
          words.data.map((v) => v * scale),
        ),
        { curvature: 1 },
      );
      expect(q.idempotent).toBe(true);
      const codes = { data: Int32Array.from({ length: 32 }, (_, k) => k), shape: [32, 1] as const };
      expect([...q.quantize(q.dequantize(codes)).data]).toEqual([...codes.data]);
    }),
    { seed: 4, numRuns: 40 },
  );
  expect(hyperbolicVq(matrix(2, 1, [1, 1]), { curvature: 1 }).idempotent).toBe(false);
});

test("fitting: more passes are never worse, and every code of a fit is used", async () => {
  const points = normal(600, 3, 7);
  const cost = async (iterations: number) => {
    const q = await fitHyperbolicVq("vq-hyp:12", points, { iterations, curvature: 0.5, seed: 2 });
    const codes = q.quantize(points);
    expect(new Set(codes.data).size).toBe(12);
    const back = q.dequantize(codes).data;
    let sum = 0;
    for (let n = 0; n < 600; n++) {
      const at = (data: Float32Array) => [...data.subarray(n * 3, n * 3 + 3)];
      sum += Math.sinh((Math.sqrt(0.5) * poincare(at(points.data), at(back), 0.5)) / 2) ** 2;
    }
    return sum;
  };
  const costs = [await cost(0), await cost(1), await cost(3), await cost(10), await cost(30)];
  for (let i = 1; i < costs.length; i++) expect(costs[i]).toBeLessThanOrEqual(costs[i - 1]! + 1e-6);
  expect(costs.at(-1)).toBeLessThan(0.8 * costs[0]!);
});

test("one word is the Lorentzian centroid; far points do not overflow", async () => {
  // cosh and sinh of 1 at (±1, 0): the sum is (2 cosh 1, 0), the centre.
  const middle = await fitHyperbolicVq("vq-hyp:1", matrix(2, 2, [1, 0, -1, 0]), {
    curvature: 0.25,
  });
  expect(Math.hypot(...middle.codebook.data)).toBeLessThan(1e-6);
  // Three points that are one: the centroid is the point itself, near the centre and at the rim.
  for (const r of [1e-3, 1, 30, 120]) {
    const same = matrix(3, 2, [0, r, 0, r, 0, r]);
    const q = await fitHyperbolicVq("vq-hyp:1", same, { curvature: 1 });
    expect(q.codebook.data[1]! / r).toBeCloseTo(1, 5);
  }
  const far = hyperbolicVq(matrix(2, 1, [1, -1]), { curvature: 1 });
  expect([...far.quantize(matrix(2, 1, [1e30, -1e30])).data]).toEqual([0, 1]);
});

test("state and typed errors", async () => {
  const q = await fitHyperbolicVq("vq-hyp:8", normal(100, 5, 1));
  const again = loadQuantizer(saveQuantizer(q));
  expect(again.toState()).toEqual(q.toState());
  const state = q.toState();
  for (const curvature of [0, -1, Number.NaN, "1"]) {
    expect(() =>
      hyperbolicVqFamily.fromState({ ...state, config: { ...state.config, curvature } }),
    ).toThrow(/curvature/);
  }
  expect(() => hyperbolicVq(matrix(1, 1, [1]), { curvature: Infinity })).toThrow(/above 0/);
  await expect(fitHyperbolicVq("vq-hyp:9", normal(8, 2, 1))).rejects.toThrow(/at least 9 vectors/);
  await expect(fitHyperbolicVq("vq-hyp:x", normal(8, 2, 1))).rejects.toThrow(/vq-hyp:<K>/);
  expect(() => q.quantize(matrix(1, 5, [0, 0, Number.NaN, 0, 0]))).toThrow(/row 0, column 2/);
});
