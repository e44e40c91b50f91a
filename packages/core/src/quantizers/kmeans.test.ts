import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import type { FitOptions } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { kmeans } from "./kmeans.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});
const sorted = (m: Matrix): number[] => [...m.data].sort((a, b) => a - b);
const inits = ["kmeans++", "random", "uniform"] as const satisfies FitOptions["init"][];

test("by hand: two clusters on a line", async () => {
  const vectors = matrix(5, 1, [0, 1, 2, 10, 12]);
  for (const init of inits) {
    const result = await kmeans(vectors, { clusters: 2, init, tolerance: 0 });
    // Means 1 and 11; errors 1 + 0 + 1 + 1 + 1 = 4 over 5 vectors.
    expect(sorted(result.centroids)).toEqual([1, 11]);
    expect(result.error).toBeCloseTo(0.8, 6);
    expect([...result.counts].sort()).toEqual([2, 3]);
  }
});

test("an empty cluster takes the farthest vector", async () => {
  const start = matrix(3, 1, [0, 100, 200]);
  const result = await kmeans(matrix(4, 1, [0, 1, 2, 9]), { clusters: 3, centroids: start });
  expect(sorted(result.centroids).at(-1)).toBe(9);
  expect(Math.min(...result.counts)).toBeGreaterThan(0);
});

test("the objective never rises with more passes; it is that of the centroids returned", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(...inits),
      async (seed, clusters, init) => {
        const data = createRandom(seed).fillNormal(new Float32Array(100 * 3));
        const vectors = matrix(100, 3, data);
        let before = Infinity;
        for (const iterations of [0, 1, 4, 20]) {
          const result = await kmeans(vectors, { clusters, init, iterations, seed });
          expect(result.error).toBeLessThanOrEqual(before);
          before = result.error;
          let sum = 0;
          for (let n = 0; n < 100; n++) {
            let least = Infinity;
            for (let k = 0; k < clusters; k++) {
              let d2 = 0;
              for (let d = 0; d < 3; d++) {
                d2 += (data[n * 3 + d]! - result.centroids.data[k * 3 + d]!) ** 2;
              }
              least = Math.min(least, d2);
            }
            sum += least;
          }
          expect(result.error).toBeCloseTo(sum / 100, 4);
          expect(result.counts.reduce((a, b) => a + b)).toBe(100);
        }
      },
    ),
    { seed: 3, numRuns: 15 },
  );
});

test("duplicates only: defined, with error 0", async () => {
  for (const init of inits) {
    const result = await kmeans(matrix(8, 1, [3, 3, 3, 3, 3, 3, 3, 3]), { clusters: 4, init });
    expect(result.error).toBe(0);
    expect([...result.centroids.data]).toEqual([3, 3, 3, 3]);
  }
});

test("a stream gives what its matrix gives; a bounded sample is a sample", async () => {
  const data = createRandom(9).fillNormal(new Float32Array(500 * 2));
  const whole = matrix(500, 2, data);
  const stream = {
    dim: 2,
    *chunks() {
      for (let row = 0; row < 500; row += 120) {
        const end = Math.min(500, row + 120);
        yield matrix(end - row, 2, data.subarray(row * 2, end * 2));
      }
    },
  };
  const options = { clusters: 7, seed: 4 };
  expect(await kmeans(stream, options)).toEqual(await kmeans(whole, options));
  const part = await kmeans(stream, { ...options, maxSamples: 50 });
  expect(part.counts.reduce((a, b) => a + b)).toBe(50);
});

test("mini-batches come close to Lloyd's objective and repeat for a seed", async () => {
  const vectors = matrix(2000, 4, createRandom(2).fillNormal(new Float32Array(8000)));
  const full = await kmeans(vectors, { clusters: 16, seed: 1 });
  const options = { clusters: 16, seed: 1, batchSize: 200 };
  const mini = await kmeans(vectors, options);
  expect(mini.error).toBeLessThan(full.error * 1.1);
  expect(await kmeans(vectors, options)).toEqual(mini);
});

test("progress is told, an abort is obeyed, bad options are typed errors", async () => {
  const vectors = matrix(50, 1, createRandom(1).fillNormal(new Float32Array(50)));
  const controller = new AbortController();
  const steps: number[] = [];
  const run = kmeans(vectors, {
    clusters: 5,
    tolerance: 0,
    signal: controller.signal,
    onProgress: ({ step }) => {
      steps.push(step);
      if (step === 2) controller.abort();
    },
  });
  await expect(run).rejects.toThrow(/abort/i);
  expect(steps).toEqual([1, 2]);
  for (const options of [
    { clusters: 0 },
    { clusters: 51 },
    { clusters: 2, init: "best" as "random" },
    { clusters: 2, tolerance: -1 },
    { clusters: 2, iterations: 0.5 },
    { clusters: 2, batchSize: 0 },
  ]) {
    await expect(kmeans(vectors, options)).rejects.toMatchObject({ code: "argument" });
  }
});
