import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { ervqFamily, fitErvq } from "./ervq.js";
import { fitRvq } from "./rvq.js";

test("rounds over all levels lower the error of the encoder's codes", async () => {
  const x = correlated(800, 8, 3);
  const start = await fitRvq("rvq:4x16", x, { seed: 1 });
  const error = (q: typeof start) => squaredError(x.data, q.dequantize(q.quantize(x)).data);
  expect((await fitErvq("ervq:4x16", x, { seed: 1, iterations: 0 })).codebooks).toEqual(
    start.codebooks,
  );
  const q = await fitErvq("ervq:4x16", x, { seed: 1 });
  expect(error(q)).toBeLessThan(0.98 * error(start));
  expect(q.spec).toBe("ervq:4x16");
  expect(ervqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
});

test("by hand: the first level takes up what the second leaves", async () => {
  // {0, 1, 8, 9} = {0 or 8} + {0 or 1}, up to a shift: nothing is left.
  const x = { data: Float32Array.of(0, 1, 8, 9), shape: [4, 1] as const };
  const q = await fitErvq("ervq:2x2", x, { seed: 1 });
  expect(squaredError(x.data, q.dequantize(q.quantize(x)).data)).toBeLessThan(1e-10);
});

test("with a beam, and bad specs", async () => {
  const x = correlated(400, 6, 4);
  const start = await fitRvq("rvq:3x8,beam=4", x, { seed: 1 });
  const q = await fitErvq("ervq:3x8,beam=4", x, { seed: 1, iterations: 4 });
  const error = (p: typeof start) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  expect(error(q)).toBeLessThanOrEqual(error(start));
  await expect(fitErvq("ervq:3", x)).rejects.toThrow(/ervq/);
  await expect(fitErvq("rvq:3x8", x)).rejects.toThrow(/ervq/);
});
