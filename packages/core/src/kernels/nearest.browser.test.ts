import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import { isRelaxed, useModule } from "./module.js";
import { referenceKernels } from "./reference.js";
import { wasmKernels } from "./wasm.js";

const random = createRandom(9);
const normal = (rows: number, dim: number): Matrix => ({
  data: random.fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});

test("Chromium has relaxed SIMD", () => {
  expect(isRelaxed()).toBe(true);
});

test.each(["relaxed", "plain"] as const)("the codes of the definition, %s SIMD", (kind) => {
  expect(useModule(kind)).toBe(true);
  for (const [rows, size, dim] of [
    [300, 256, 8],
    [100, 1000, 64],
    [70, 130, 300],
    [700, 2100, 3],
  ] as const) {
    const [x, c] = [normal(rows, dim), normal(size, dim)];
    expect(wasmKernels.nearest(x, c)).toEqual(referenceKernels.nearest(x, c));
  }
});
