import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { AdditiveCodebooks } from "./additive.js";
import { RvpqQuantizer, fitRvpq, rvpqFamily } from "./rvpq.js";

test("by hand: two subspaces of one number, two levels each", () => {
  const q = new RvpqQuantizer([
    new AdditiveCodebooks(2, 2, 1, Float32Array.of(0, 10, -1, 1)),
    new AdditiveCodebooks(2, 2, 1, Float32Array.of(0, -4, 0, 2)),
  ]);
  const codes = q.quantize({ data: Float32Array.of(8.8, -1.9, 0.7, 2), shape: [2, 2] });
  expect([...codes.data]).toEqual([1, 0, 1, 1, 0, 1, 0, 1]);
  expect([...q.dequantize(codes).data]).toEqual([9, -2, 1, 2]);
});

test("joint rounds lower the error of the greedy start; the same for a seed; states", async () => {
  const x = correlated(300, 6, 3);
  const error = (p: RvpqQuantizer) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  const q = await fitRvpq("rvpq:2x2x8", x, { seed: 1 });
  expect(error(q)).toBeLessThan(error(await fitRvpq("rvpq:2x2x8", x, { seed: 1, iterations: 0 })));
  expect((await fitRvpq("rvpq:2x2x8", x, { seed: 1 })).toState()).toEqual(q.toState());
  expect(rvpqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect(q.spec).toBe("rvpq:2x2x8");
});

test("bad input", async () => {
  const x = correlated(10, 6, 3);
  for (const spec of ["rvpq:2x2", "rvpq:0x2x2", "rvpq:4x2x2", "rvpq:2x64x256"]) {
    await expect(fitRvpq(spec, x)).rejects.toThrow(/rvpq/);
  }
});
