import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { referenceKernels } from "../kernels/reference.js";
import { workFloats } from "../kernels/portable.js";
import { wasmKernels } from "../kernels/wasm.js";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import { createThreadedKernels } from "./threads.js";

const kernels = createThreadedKernels({ threads: 2 });
afterAll(() => kernels.close());

const matrix = (rows: number, dim: number, value: () => number): Matrix => ({
  data: Float32Array.from({ length: rows * dim }, value),
  shape: [rows, dim],
});
const normal = (rows: number, dim: number, seed: number): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});

test("codes and distances of the definition on hostile input", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: fc.integer({ min: 1, max: 200 }),
        dim: fc.constantFrom(1, 3, 8, 21),
        seed: fc.nat(),
        offset: fc.constantFrom(0, 1e4, 1e8, -3e37),
        away: fc.constantFrom(0, 0, 1e3, 1e30),
        scale: fc.constantFrom(1, 1e-20, 1e36),
        grid: fc.boolean(),
      }),
      async ({ rows, dim, seed, offset, away, scale, grid }) => {
        // Enough codewords that the threads are used.
        const size = Math.ceil(2 ** 22 / (rows * dim)) % 50_000;
        fc.pre(size > 0);
        const random = createRandom(seed);
        const draw = (): number => scale * (grid ? random.integer(3) : random.normal());
        const c = matrix(size, dim, () => offset + draw());
        const x = matrix(rows, dim, () => offset + away + draw());
        expect(await kernels.nearest(x, c)).toEqual(referenceKernels.nearest(x, c));
      },
    ),
    { seed: 3, numRuns: 12 },
  );
});

test("several slices, small problems and overlapping calls", async () => {
  const c = normal(300, 64, 1);
  const x = normal(9000, 64, 2);
  const y = normal(1500, 5, 3);
  const d = normal(700, 5, 4);
  const [a, b] = await Promise.all([kernels.nearest(x, c), kernels.nearest(y, d)]);
  expect(a).toEqual(wasmKernels.nearest(x, c));
  expect(b).toEqual(wasmKernels.nearest(y, d));
  expect((await kernels.nearest(matrix(0, 5, Number), d)).indices).toHaveLength(0);
});

test("takes codewords off, of vectors in shared memory and of others", async () => {
  const c = normal(300, 24, 5);
  const x = normal(3000, 24, 6);
  const found = wasmKernels.nearest(x, c);
  const left = x.data.map((value, i) => {
    const word = found.indices[Math.floor(i / 24)]!;
    return value - c.data[word * 24 + (i % 24)]!;
  });
  const shared = workFloats(x.data.length);
  shared.set(x.data);
  for (const data of [x.data.slice(), shared]) {
    expect(await kernels.takeOff!({ data, shape: x.shape }, c)).toEqual(found);
    expect(Float32Array.from(data)).toEqual(left);
  }
});

test("tiles beyond float32's squares are taken by the definition, between ones that are not", async () => {
  const c = normal(600, 16, 1);
  const x = normal(640, 16, 2);
  x.data.fill(3e30, 70 * 16, 71 * 16);
  x.data.fill(-3e30, 639 * 16);
  expect(await kernels.nearest(x, c)).toEqual(referenceKernels.nearest(x, c));
});

test.each([0, 63, 300])("what is no number is found, in row %i of many", async (row) => {
  const x = normal(640, 16, 2);
  x.data[row * 16 + 3] = NaN;
  await expect(kernels.nearest(x, normal(600, 16, 1))).rejects.toMatchObject({ code: "value" });
});

test("bad input, abort, and use after close are typed errors", async () => {
  const x = normal(100, 4, 1);
  expect(() => createThreadedKernels({ threads: 0 })).toThrow(/threads/);
  await expect(kernels.nearest(x, normal(3, 5, 1))).rejects.toMatchObject({ code: "shape" });
  const broken = matrix(1, 4, () => NaN);
  await expect(kernels.nearest(broken, x)).rejects.toMatchObject({ code: "value" });
  await expect(kernels.nearest(x, x, AbortSignal.abort())).rejects.toThrow(/abort/i);
  const other = createThreadedKernels({ threads: 1 });
  await other.nearest(normal(5000, 8, 1), normal(200, 8, 1));
  await other.close();
  await expect(other.nearest(x, x)).rejects.toMatchObject({ code: "closed" });
});
