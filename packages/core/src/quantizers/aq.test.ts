import fc from "fast-check";
import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { AdditiveCodebooks, choleskySolve, leastSquaresCodebooks } from "./additive.js";
import { AqQuantizer, aqFamily, fitAq } from "./aq.js";

test("by hand: the jointly best pair, where choosing one by one fails", () => {
  // Codebooks {(0,0), (3,0)} and {(0,0), (1,1)}; x = (2,1). Alone (1,1) leaves 1, (3,0) leaves 2.
  // (3,0) + (1,1) = (4,1) leaves 4. The best code is (0,0) + (1,1).
  const books = new AdditiveCodebooks(2, 2, 2, Float32Array.of(0, 0, 3, 0, 0, 0, 1, 1));
  const x = { data: Float32Array.of(2, 1, 4, 1), shape: [2, 2] as const };
  const q = new AqQuantizer(books, 9);
  expect([...q.quantize(x).data]).toEqual([0, 1, 1, 1]);
  expect([...q.dequantize(q.quantize(x)).data]).toEqual([1, 1, 4, 1]);
});

const books = (m: number, k: number, d: number, seed: number) =>
  new AdditiveCodebooks(m, k, d, createRandom(seed).fillNormal(new Float32Array(m * k * d)));

test("a beam of (K + 1)^M finds the best of all codes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 1e6 }),
      (m, k, d, seed) => {
        const b = books(m, k, d, seed);
        const q = new AqQuantizer(b, (k + 1) ** m);
        const x = createRandom(seed + 1).fillNormal(new Float32Array(3 * d), 2);
        const found = q.dequantize(q.quantize({ data: x, shape: [3, d] })).data;
        for (let i = 0; i < 3; i++) {
          const row = x.subarray(i * d, (i + 1) * d);
          let least = Infinity;
          for (let code = 0; code < k ** m; code++) {
            const digits = Int32Array.from({ length: m }, (_, j) => Math.floor(code / k ** j) % k);
            const sum = new Float32Array(d);
            b.decode(digits, 1, sum);
            least = Math.min(least, squaredError(row, sum));
          }
          const error = squaredError(row, found.subarray(i * d, (i + 1) * d));
          expect(error).toBeLessThanOrEqual(least + 1e-4 * (1 + least));
        }
      },
    ),
    { seed: 2, numRuns: 60 },
  );
});

test("unary terms and pairs add up to the error", () => {
  const b = books(3, 6, 7, 9);
  const x = createRandom(10).fillNormal(new Float32Array(5 * 7));
  const unary = new Float32Array(5 * b.total);
  b.unary(x, 0, 5, unary);
  for (let i = 0; i < 5; i++) {
    const code = Int32Array.of(i % 6, (i + 2) % 6, 5 - i);
    const sum = new Float32Array(7);
    b.decode(code, 1, sum);
    const row = x.subarray(i * 7, i * 7 + 7);
    const norm = squaredError(row, new Float32Array(7));
    expect(norm + b.energy(unary, i * b.total, code, 0)).toBeCloseTo(squaredError(row, sum), 3);
  }
});

test("Cholesky solves, with and without a diagonal block; codebooks are the least squares", () => {
  const random = createRandom(3);
  for (const [n, diagonal] of [
    [1, 1],
    [7, 1],
    [13, 5],
  ] as const) {
    const f = Float64Array.from({ length: n * n }, () => random.normal());
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (i !== j && i < diagonal && j < diagonal) continue;
        for (let k = 0; k < n; k++) a[i * n + j]! += f[i * n + k]! * f[j * n + k]!;
      }
      a[i * n + i]! += 20 * n;
    }
    const x = Float64Array.from({ length: n * 2 }, () => random.normal());
    const b = new Float64Array(n * 2);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let c = 0; c < 2; c++) b[i * 2 + c]! += a[i * n + j]! * x[j * 2 + c]!;
      }
    }
    choleskySolve(a.slice(), n, b, 2, diagonal);
    for (let i = 0; i < b.length; i++) expect(b[i]).toBeCloseTo(x[i]!, 9);
  }
  // Vectors that are sums of words: the codes alone give them back.
  const b = books(3, 4, 5, 1);
  const codes = Int32Array.from({ length: 3 * 200 }, () => random.integer(4));
  const rows = new Float32Array(200 * 5);
  b.decode(codes, 200, rows);
  const words = leastSquaresCodebooks(rows, 200, 5, codes, 3, 4, 1e-6);
  expect(new AdditiveCodebooks(3, 4, 5, words).error(rows, 200, codes)).toBeLessThan(1e-8);
});

test("past some hundred words, conjugate gradients find the codebooks of Cholesky", () => {
  const [m, k, d, n, lambda] = [3, 150, 4, 1200, 0.5];
  const random = createRandom(6);
  const rows = random.fillNormal(new Float32Array(n * d), 1).map((v, i) => v + (i % d));
  const codes = Int32Array.from({ length: m * n }, () => random.integer(k));
  const gram = new Float64Array((m * k) ** 2);
  const right = new Float64Array(m * k * d);
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < m; a++) {
      const j = a * k + codes[i * m + a]!;
      for (let b = 0; b < m; b++) gram[j * m * k + b * k + codes[i * m + b]!]!++;
      for (let c = 0; c < d; c++) right[j * d + c]! += rows[i * d + c]!;
    }
  }
  for (let j = 0; j < m * k; j++) gram[j * m * k + j]! += lambda;
  choleskySolve(gram, m * k, right, d, k);
  const objective = (words: Float32Array): number =>
    new AdditiveCodebooks(m, k, d, words).error(rows, n, codes) * n +
    lambda * words.reduce((sum, v) => sum + v * v, 0);
  const far = random.fillNormal(new Float32Array(m * k * d), 3);
  for (const start of [undefined, far]) {
    const words = leastSquaresCodebooks(rows, n, d, codes, m, k, lambda, start);
    const gap = words.reduce((most, v, i) => Math.max(most, Math.abs(v - right[i]!)), 0);
    expect(gap).toBeLessThan(0.02);
    expect(objective(words)).toBeLessThan(1.00001 * objective(Float32Array.from(right)));
  }
});

test("fit: the same for a seed; wider beams and more rounds lower the error", async () => {
  const x = correlated(300, 8, 4);
  const error = (q: AqQuantizer) => squaredError(x.data, q.dequantize(q.quantize(x)).data);
  const q = await fitAq("aq:3x16,beam=8", x, { seed: 3, iterations: 4 });
  const again = await fitAq("aq:3x16,beam=8", x, { seed: 3, iterations: 4 });
  expect(again.toState()).toEqual(q.toState());
  const start = await fitAq("aq:3x16,beam=8", x, { seed: 3, iterations: 0 });
  expect(error(q)).toBeLessThan(error(start));
  const { codebook } = q.toState().tensors;
  const narrow = aqFamily.fromCodebook!("aq:3x16,beam=1", codebook as never) as AqQuantizer;
  expect(error(q)).toBeLessThan(error(narrow));
  expect(q.spec).toBe("aq:3x16,beam=8");
  expect(aqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
});

test("bad input: specs, tables that would not fit, empty and odd data", async () => {
  const x = correlated(5, 4, 1);
  for (const spec of ["aq:2", "aq:0x4", "aq:2x4,beam=0", "aq:2x4,b=3", "aq:65x2"]) {
    await expect(fitAq(spec, x)).rejects.toThrow(/aq/);
  }
  await expect(fitAq("aq:64x256", x)).rejects.toThrow(/pairs/);
  const q = await fitAq("aq:2x16", x, { iterations: 2 });
  expect(q.quantize(x).shape).toEqual([5, 2]);
  x.data[3] = -Infinity;
  await expect(fitAq("aq:2x4", x)).rejects.toThrow(/-Infinity at row 0, column 3/);
  expect(() => q.dequantize({ data: new Int32Array(1), shape: [1, 1] })).toThrow(/2 codebooks/);
});
