import { afterAll, expect, test } from "vitest";
import { correlated } from "../../test/vectors.js";
import { createThreadedKernels } from "../node/threads.js";
import { createRandom } from "../math/random.js";
import { OpqQuantizer } from "./opq.js";
import { PqQuantizer } from "./pq.js";
import { ProductCodebook } from "./product.js";
import { rvq } from "./rvq.js";

const kernels = createThreadedKernels({ threads: 2 });
afterAll(() => kernels.close());

/** Vectors of which some lie where squares leave float32. */
function vectors(rows: number, dim: number) {
  const x = correlated(rows, dim, 3);
  x.data.fill(3e30, 70 * dim, 71 * dim);
  x.data.fill(-2e25, (rows - 1) * dim + 1, rows * dim);
  return x;
}

/** A rotation: a product of reflections. */
function rotation(dim: number): Float32Array {
  const random = createRandom(4);
  const out = Float32Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) === 0 ? 1 : 0));
  for (let turn = 0; turn < 3; turn++) {
    const v = random.fillNormal(new Float32Array(dim));
    const norm = v.reduce((sum, value) => sum + value * value, 0);
    for (let i = 0; i < dim; i++) {
      const row = out.subarray(i * dim, (i + 1) * dim);
      const dot = row.reduce((sum, value, d) => sum + value * v[d]!, 0);
      for (let d = 0; d < dim; d++) row[d]! -= (2 * dot * v[d]!) / norm;
    }
  }
  return out;
}

test.each([
  [12, 4, 37],
  [6, 2, 5],
  [30, 2, 300],
  [9, 3, 16],
])("threads find the codes of one: D = %i, %i codebooks of %i", async (dim, books, size) => {
  const random = createRandom(dim);
  const normal = (length: number) => random.fillNormal(new Float32Array(length));
  const x = vectors(900, dim);
  const width = dim / books;
  const words = Array.from({ length: books }, () => normal(size * width));
  const product = new ProductCodebook(
    words.map(() => width),
    words,
  );
  const residual = { data: normal(books * size * dim), shape: [books, size, dim] };
  for (const quantizer of [
    new PqQuantizer(dim, words),
    new OpqQuantizer(rotation(dim), product),
    rvq(residual),
  ]) {
    const codes = quantizer.quantize(x);
    expect(await quantizer.quantizeAsync(x, { kernels })).toEqual(codes);
    // Kernels that know nothing but the nearest words.
    const { name, nearest, close } = kernels;
    expect(await quantizer.quantizeAsync(x, { kernels: { name, nearest, close } })).toEqual(codes);
  }
});
