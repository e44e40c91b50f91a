import { expect, test } from "vitest";
import { squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { LopqQuantizer, fitLopq, lopqFamily } from "./lopq.js";
import { fitOpq } from "./opq.js";
import { ProductCodebook } from "./product.js";

test("by hand: two cells, one of them turned", () => {
  const product = () =>
    new ProductCodebook([1, 1], [Float32Array.of(-1, 1), Float32Array.of(-2, 2)]);
  const q = new LopqQuantizer(Float32Array.of(0, 0, 10, 0), [
    { rotation: Float32Array.of(1, 0, 0, 1), product: product() },
    { rotation: Float32Array.of(0, 1, -1, 0), product: product() },
  ]);
  const x = { data: Float32Array.of(0.8, -1.5, 11.5, 0.8), shape: [2, 2] as const };
  const codes = q.quantize(x);
  // Second: r = (1.5, 0.8), R r = (0.8, -1.5).
  expect([...codes.data]).toEqual([0, 1, 0, 1, 1, 0]);
  expect([...q.dequantize(codes).data]).toEqual([1, -2, 12, 1]); // (10, 0) + Rᵀ (1, -2)
});

test("clusters that are stretched differently: better than one rotation for all", async () => {
  const random = createRandom(5);
  const data = new Float32Array(1200 * 4);
  for (let i = 0; i < 1200; i++) {
    // One cluster lies along (1, 1, 0, 0), the other along (1, -1, 0, 0).
    const a = 3 * random.normal();
    const side = i % 2 === 0 ? 1 : -1;
    data[i * 4] = 10 * side + a;
    data[i * 4 + 1] = side * a;
    for (let d = 0; d < 4; d++) data[i * 4 + d]! += 0.3 * random.normal();
  }
  const x = { data, shape: [1200, 4] as const };
  const options = { seed: 1, iterations: 6 };
  const q = await fitLopq("lopq:2,2x8", x, options);
  const opq = await fitOpq("opq:2x8", x, { seed: 1 });
  const error = (p: typeof q | typeof opq) => squaredError(data, p.dequantize(p.quantize(x)).data);
  expect(error(q)).toBeLessThan(0.8 * error(opq));
  expect(q.spec).toBe("lopq:2,2x8");
  expect(q.codebookSizes).toEqual([2, 8, 8]);
  expect(lopqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect((await fitLopq("lopq:2,2x8", x, options)).toState()).toEqual(q.toState());
});

test("bad input, and cells of hardly any vectors", async () => {
  const x = {
    data: createRandom(1).fillNormal(new Float32Array(40)),
    shape: [10, 4] as const,
  };
  const q = await fitLopq("lopq:8,2x16", x, { iterations: 1 });
  expect(q.quantize(x).shape).toEqual([10, 3]);
  for (const spec of ["lopq:8", "lopq:0,2x4", "lopq:2,2", "lopq:2,3x4"]) {
    await expect(fitLopq(spec, x)).rejects.toThrow(/lopq/);
  }
});
