import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { CodeIndex } from "../search/code-index.js";
import { AdditiveCodebooks } from "./additive.js";
import { CqQuantizer, compositeObjective, cq, cqFamily, dictionaryProducts, fitCq } from "./cq.js";
import { fitPq } from "./pq.js";

test("by hand: the penalty forbids the sum that is nearest", () => {
  // Words 0 or 2, and 0 or 2; x = 4 is 2 + 2, whose p is 2 · 2 · 2 = 8.
  const codebook = { data: Float32Array.of(0, 2, 0, 2), shape: [2, 2, 1] };
  const x = { data: Float32Array.of(4), shape: [1, 1] as const };
  expect([...cq(codebook).quantize(x).data]).toEqual([1, 1]);
  // With ξ = 0 and μ = 1 that costs 0 + 64, one word alone (4 - 2)² + 0.
  const bound = cq(codebook, { constant: 0, penalty: 1 });
  const codes = bound.quantize(x);
  expect([...bound.dequantize(codes).data]).toEqual([2]);
});

test("coordinate descent ends where no single change helps", () => {
  const random = createRandom(3);
  const words = random.fillNormal(new Float32Array(3 * 6 * 4));
  const constraint = { constant: 0.5, penalty: 0.3 };
  const q = cq({ data: words, shape: [3, 6, 4] }, constraint);
  const x = random.fillNormal(new Float32Array(40 * 4), 2);
  const codes = q.quantize({ data: x, shape: [40, 4] }).data;
  const books = new AdditiveCodebooks(3, 6, 4, words);
  const objective = (row: number, code: Int32Array): number => {
    const decoded = new Float32Array(4);
    books.decode(code, 1, decoded);
    const off = dictionaryProducts(books, code, 1)[0]! - constraint.constant;
    return squaredError(x.subarray(row * 4, row * 4 + 4), decoded) + constraint.penalty * off * off;
  };
  for (let i = 0; i < 40; i++) {
    const code = codes.slice(i * 3, i * 3 + 3);
    const own = objective(i, code);
    for (let m = 0; m < 3; m++) {
      for (let k = 0; k < 6; k++) {
        const other = code.slice();
        other[m] = k;
        expect(objective(i, other)).toBeGreaterThan(own - 1e-4);
      }
    }
  }
});

test("the gradient is that of finite differences", () => {
  const random = createRandom(9);
  const rows = random.fillNormal(new Float32Array(20 * 3));
  const words = Float64Array.from(random.fillNormal(new Float32Array(2 * 4 * 3)));
  const codes = Int32Array.from({ length: 40 }, () => random.integer(4));
  const constraint = { constant: 0.4, penalty: 0.7 };
  const gradient = new Float64Array(words.length);
  const value = (w: Float64Array, g: Float64Array) =>
    compositeObjective(rows, 20, codes, w, 2, 4, 3, constraint, g);
  value(words, gradient);
  const scratch = new Float64Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const [up, down] = [words.slice(), words.slice()];
    up[i]! += 1e-5;
    down[i]! -= 1e-5;
    const difference = (value(up, scratch) - value(down, scratch)) / 2e-5;
    expect(Math.abs(gradient[i]! - difference)).toBeLessThan(1e-5 * (1 + Math.abs(difference)));
  }
});

test("below the error of PQ, products nearly constant, search without norms", async () => {
  const x = correlated(800, 8, 3);
  const q = await fitCq("cq:4x16", x, { seed: 1 });
  const pq = await fitPq("pq:4x16", x, { seed: 1 });
  const codes = q.quantize(x);
  const error = squaredError(x.data, q.dequantize(codes).data);
  expect(error).toBeLessThan(0.9 * squaredError(x.data, pq.dequantize(pq.quantize(x)).data));
  // Off by p - ξ: far less than the error of the vectors themselves.
  const { codebook } = q.toState().tensors;
  const books = new AdditiveCodebooks(4, 16, 8, codebook!.data as Float32Array);
  let off = 0;
  for (const p of dictionaryProducts(books, codes.data, 800)) {
    off += (p - q.constraint.constant) ** 2;
  }
  expect(Math.sqrt(off / 800)).toBeLessThan(0.6 * (error / 800));
  // The tables give the true distances up to that.
  const tables = q.distanceTables({ data: x.data.slice(0, 8 * 8), shape: [8, 8] });
  expect(tables.norms).toBe(false);
  const decoded = q.dequantize(codes).data;
  for (let i = 0; i < 8; i++) {
    for (const n of [0, 100, 799]) {
      let sum = tables.bias[i]!;
      for (let m = 0; m < 4; m++) sum += tables.data[i * 64 + m * 16 + codes.data[n * 4 + m]!]!;
      const [p] = dictionaryProducts(books, codes.data.slice(n * 4, n * 4 + 4), 1);
      const real = squaredError(x.data.slice(i * 8, i * 8 + 8), decoded.slice(n * 8, n * 8 + 8));
      expect(sum + (p! - q.constraint.constant)).toBeCloseTo(real, 3);
    }
  }
  const found = new CodeIndex(q, codes).search({ data: x.data, shape: x.shape }, 10);
  let hits = 0;
  for (let i = 0; i < 800; i++) {
    if (found.indices.subarray(i * 10, i * 10 + 10).includes(i)) hits++;
  }
  expect(hits).toBeGreaterThan(600);
});

test("reproducible, states, existing codebooks, bad input", async () => {
  const x = correlated(300, 6, 7);
  const q = await fitCq("cq:2x8", x, { seed: 5, iterations: 3 });
  expect((await fitCq("cq:2x8", x, { seed: 5, iterations: 3 })).toState()).toEqual(q.toState());
  expect(cqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  const { data, shape } = q.toState().tensors["codebook"]!;
  const free = cqFamily.fromCodebook!("cq:2x8", { data: data as Float32Array, shape });
  const error = (p: typeof free) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  expect(error(free)).toBeLessThanOrEqual(error(q));
  for (const spec of ["cq:2", "cq:0x4", "cq:7x4", "cq:64x256"]) {
    await expect(fitCq(spec, x)).rejects.toThrow(/cq/);
  }
  await expect(fitCq("cq:2x8", x, { penalty: 0 })).rejects.toThrow(/penalty/);
  const books = new AdditiveCodebooks(1, 1, 1, new Float32Array(1));
  expect(() => new CqQuantizer(books, { constant: NaN, penalty: 1 })).toThrow(/constraint/);
  const state = q.toState();
  expect(() => cqFamily.fromState({ ...state, config: { ...state.config, penalty: -1 } })).toThrow(
    /penalty/,
  );
});
