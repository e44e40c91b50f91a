import { createRandom, wasmKernels } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { afterAll, expect, test } from "vitest";
import { createNodeKernels } from "./node-kernels.js";

const kernels = createNodeKernels({ threads: 2, minDim: 1 });
afterAll(() => kernels.close());

test.each([
  { dim: 7, size: 300, rows: 2100, offset: 0, scale: 1, spread: 0 },
  { dim: 64, size: 1300, rows: 300, offset: 0, scale: 1, spread: 0 },
  { dim: 33, size: 1025, rows: 300, offset: 1e4, scale: 1, spread: 0 },
  { dim: 64, size: 100, rows: 700, offset: 0, scale: 1e-20, spread: 0 },
  { dim: 64, size: 100, rows: 700, offset: 0, scale: 1e17, spread: 0 },
  // Duplicates and ties.
  { dim: 50, size: 70, rows: 1300, offset: 3, scale: 0, spread: 0 },
  // Lengths that differ a millionfold, among vectors and among codewords.
  { dim: 48, size: 200, rows: 500, offset: 0, scale: 1, spread: 6 },
])("codes and distances of core's kernels: %o", async ({ dim, size, rows, ...how }) => {
  const random = createRandom(dim);
  const draw = (n: number): Matrix => {
    const data = new Float32Array(n * dim);
    for (let i = 0; i < n; i++) {
      const length = how.scale * 10 ** (-how.spread * random.float());
      for (let d = 0; d < dim; d++) data[i * dim + d] = how.offset + length * random.normal();
    }
    return { data, shape: [n, dim] };
  };
  const x = draw(rows);
  const c = draw(size);
  expect(await kernels.nearest(x, c)).toEqual(wasmKernels.nearest(x, c));
});

test("NaN and wrong shapes are typed errors", async () => {
  const random = createRandom(1);
  const data = random.fillNormal(new Float32Array(700 * 64));
  const c: Matrix = { data: data.slice(0, 100 * 64), shape: [100, 64] };
  const x: Matrix = { data: data.slice(), shape: [700, 64] };
  x.data[5000] = NaN;
  await expect(kernels.nearest(x, c)).rejects.toMatchObject({ code: "value" });
  await expect(kernels.nearest({ data, shape: [701, 64] }, c)).rejects.toMatchObject({
    code: "shape",
  });
});
