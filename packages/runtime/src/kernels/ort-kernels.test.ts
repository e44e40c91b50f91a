import { createRandom, referenceKernels } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createNodeRuntime } from "../node/runtime.js";
import { createOrtKernels } from "./ort-kernels.js";

const runtime = await createNodeRuntime();
const kernels = createOrtKernels(runtime, { threads: 1, minDim: 1 });
afterAll(async () => {
  await kernels.close();
  await runtime.close();
});

const matrix = (rows: number, dim: number, value: () => number): Matrix => ({
  data: Float32Array.from({ length: rows * dim }, value),
  shape: [rows, dim],
});

test("codes and distances of the definition on hostile input", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: fc.integer({ min: 1, max: 300 }),
        size: fc.constantFrom(1, 3, 64, 65, 300, 2049, 4200),
        dim: fc.constantFrom(1, 2, 7, 24, 200),
        seed: fc.nat(),
        offset: fc.constantFrom(0, 1e4, 1e8, -3e37),
        away: fc.constantFrom(0, 0, 1e3, 1e30),
        scale: fc.constantFrom(1, 1e-20, 1e36),
        grid: fc.constantFrom(0, 1),
      }),
      async ({ rows, size, dim, seed, offset, away, scale, grid }) => {
        const random = createRandom(seed);
        const draw = (): number => scale * (grid === 0 ? random.normal() : random.integer(3));
        const c = matrix(size, dim, () => offset + draw());
        const x = matrix(rows, dim, () => offset + away + draw());
        expect(await kernels.nearest(x, c)).toEqual(referenceKernels.nearest(x, c));
      },
    ),
    { seed: 2, numRuns: 30 },
  );
});

test("bad input, abort and use after close are typed errors", async () => {
  const x = matrix(2, 2, () => 1);
  await expect(
    kernels.nearest(
      x,
      matrix(0, 2, () => 1),
    ),
  ).rejects.toMatchObject({ code: "shape" });
  await expect(
    kernels.nearest(
      matrix(1, 2, () => NaN),
      x,
    ),
  ).rejects.toMatchObject({ code: "value" });
  await expect(
    kernels.nearest(
      x,
      matrix(1, 3, () => 1),
    ),
  ).rejects.toMatchObject({ code: "shape" });
  await expect(kernels.nearest(x, x, AbortSignal.abort())).rejects.toThrow(/abort/i);
  const other = createOrtKernels(runtime);
  await other.close();
  await expect(other.nearest(x, x)).rejects.toThrow(/closed/);
});

test("narrow vectors go to the kernels that the caller names", async () => {
  const asked: number[] = [];
  const narrow = {
    name: "narrow",
    nearest: (x: Matrix, c: Matrix) => {
      asked.push(x.shape[1]);
      return Promise.resolve(referenceKernels.nearest(x, c));
    },
    close: () => Promise.reject(new Error("not ours to close")),
  };
  const own = createOrtKernels(runtime, { threads: 1, narrow });
  const random = createRandom(4);
  for (const dim of [8, 32]) {
    const x = matrix(5, dim, () => random.normal());
    expect(await own.nearest(x, x)).toEqual(referenceKernels.nearest(x, x));
  }
  expect(asked).toEqual([8]);
  await own.close();
});
