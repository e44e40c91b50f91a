import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createThreadedKernels } from "../node/threads.js";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import { findBasis, prunedSearch } from "./pruned.js";
import { referenceKernels } from "./reference.js";
import { codebookMean, wasmKernels } from "./wasm.js";

const kernels = createThreadedKernels({ threads: 2 });
afterAll(() => kernels.close());

/** Rows near few directions: `inner` of them, and noise of `noise` in all. */
function near(rows: number, dim: number, inner: number, noise: number, seed: number): Matrix {
  const basis = createRandom(77).fillNormal(new Float32Array(inner * dim));
  const random = createRandom(seed);
  const data = random.fillNormal(new Float32Array(rows * dim), noise);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < inner; k++) {
      const weight = random.normal();
      for (let d = 0; d < dim; d++) data[n * dim + d]! += weight * basis[k * dim + d]!;
    }
  }
  return { data, shape: [rows, dim] };
}

test("few coordinates: the codes and distances of the definition on hostile input", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: fc.constantFrom(700, 1300),
        size: fc.oneof(fc.integer({ min: 512, max: 1500 }), fc.integer({ min: 2048, max: 2200 })),
        dim: fc.integer({ min: 1, max: 16 }),
        seed: fc.nat(),
        offset: fc.constantFrom(0, 0, 1e4, 1e8, -3e37),
        away: fc.constantFrom(0, 0, 1e3, 1e30),
        scale: fc.constantFrom(1, 1, 1e-20, 1e-42, 1e15, 1e36),
        grid: fc.constantFrom(0, 1, 2),
        near: fc.boolean(),
      }),
      async ({ rows, size, dim, seed, offset, away, scale, grid, near: isNear }) => {
        fc.pre(rows * size * dim >= 2 ** 22);
        const random = createRandom(seed);
        const draw = () =>
          scale * (grid === 0 ? random.normal() : random.integer(2 * grid + 1) - grid);
        const c: Matrix = {
          data: Float32Array.from({ length: size * dim }, () => offset + draw()),
          shape: [size, dim],
        };
        const x: Matrix = { data: new Float32Array(rows * dim), shape: [rows, dim] };
        for (let n = 0; n < rows; n++) {
          const [a, b] = [random.integer(size), random.integer(size)];
          for (let d = 0; d < dim; d++) {
            x.data[n * dim + d] = isNear
              ? (c.data[a * dim + d]! + c.data[b * dim + d]!) / 2
              : offset + away + draw();
          }
        }
        const expected = referenceKernels.nearest(x, c);
        expect(await kernels.nearest(x, c)).toEqual(expected);
        expect(wasmKernels.nearest(x, c)).toEqual(expected);
      },
    ),
    { seed: 4, numRuns: 10 },
  );
}, 60_000);

test.each([
  [48, 4, 0.01, 0],
  [48, 12, 0.1, 300],
  [70, 6, 0, 0],
])(
  "vectors of %i numbers near %i directions, noise %f, off by %f",
  async (dim, inner, noise, offset) => {
    const c = near(2100, dim, inner, noise, 1);
    const x = near(33_000, dim, inner, noise, 2);
    for (let i = 0; i < c.data.length; i++) c.data[i]! += offset;
    for (let i = 0; i < x.data.length; i++) x.data[i]! += offset;
    // Some far from all directions, codewords themselves, one beyond float32's squares, equal codewords.
    createRandom(3).fillNormal(x.data.subarray(0, 200 * dim), 5);
    x.data.set(c.data.subarray(0, 300 * dim), 300 * dim);
    x.data.fill(1e30, 1000 * dim, 1001 * dim);
    c.data.copyWithin(650 * dim, 100 * dim, 150 * dim);
    expect(prunedSearch(33_000, c, codebookMean(c))?.basis).toBeDefined();
    const got = await kernels.nearest(x, c);
    // The definition for a part of them; it is slow.
    const part: Matrix = { data: x.data.subarray(0, 1500 * dim), shape: [1500, dim] };
    const expected = referenceKernels.nearest(part, c);
    expect(got.indices.subarray(0, 1500)).toEqual(expected.indices);
    expect(got.distances.subarray(0, 1500)).toEqual(expected.distances);
    expect(wasmKernels.nearest(x, c)).toEqual(got);
  },
);

test("no basis for noise in all directions, for points, or for few vectors", () => {
  const noise = near(1000, 64, 1, 1, 5);
  createRandom(1).fillNormal(noise.data);
  expect(findBasis(noise, codebookMean(noise))).toBeUndefined();
  const point: Matrix = { data: new Float32Array(600 * 64).fill(3), shape: [600, 64] };
  expect(findBasis(point, codebookMean(point))).toBeUndefined();
  const flat = near(1000, 64, 5, 0.01, 6);
  const basis = findBasis(flat, codebookMean(flat))!;
  for (let i = 0; i < 19; i++) {
    let dot = 0;
    for (let d = 0; d < 64; d++) dot += basis[i * 64 + d]! * basis[(i === 0 ? 18 : 0) * 64 + d]!;
    expect(dot).toBeCloseTo(i === 0 ? 0 : dot, 5);
  }
  expect(prunedSearch(1000, flat, codebookMean(flat))).toBeUndefined();
});
