import fc from "fast-check";
import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { fitPq } from "./pq.js";
import { ProductCodebook } from "./product.js";
import { VaqQuantizer, allocateBits, fitVaq, vaqFamily } from "./vaq.js";

test("by hand: mean (1, 1), the diagonal first; four words there, two across", () => {
  const h = Math.SQRT1_2;
  const q = new VaqQuantizer({
    mean: Float32Array.of(1, 1),
    rotation: Float32Array.of(h, h, -h, h),
    product: new ProductCodebook([1, 1], [Float32Array.of(-3, -1, 1, 3), Float32Array.of(-1, 1)]),
  });
  expect(q.codebookSizes).toEqual([4, 2]);
  // x - mean = (2, 2): 2.83 along the diagonal, 0 across (a tie: the first word).
  const codes = q.quantize({ data: Float32Array.of(3, 3), shape: [1, 2] });
  expect([...codes.data]).toEqual([3, 0]);
  const back = q.dequantize(codes).data; // (1, 1) + 3 (h, h) - (-h, h)
  expect(back[0]).toBeCloseTo(1 + 4 * h, 5);
  expect(back[1]).toBeCloseTo(1 + 2 * h, 5);
});

test("the allocation is the best of all that are allowed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 3, max: 15 }),
      (variances, total) => {
        const cost = (bits: readonly number[]) =>
          bits.reduce((sum, b, m) => sum + variances[m]! * 2 ** (-2 * b), 0);
        const bits = allocateBits(variances, 3, total, 1, 6);
        expect(bits.reduce((a, b) => a + b)).toBe(total);
        let least = Infinity;
        for (let a = 1; a <= 6; a++) {
          for (let b = 1; b <= 6; b++) {
            const c = total - a - b;
            if (c >= 1 && c <= 6) least = Math.min(least, cost([a, b, c]));
          }
        }
        expect(cost(bits)).toBeLessThanOrEqual(least * (1 + 1e-9));
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

test("uneven variances: more bits where they count, less error than PQ, the same budget", async () => {
  const x = correlated(1200, 8, 5);
  const q = await fitVaq("vaq:4x16", x, { seed: 1 });
  expect(q.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0)).toBe(16);
  expect(q.codebookSizes[0]).toBeGreaterThan(q.codebookSizes[3]!);
  const pq = await fitPq("pq:4x16", x, { seed: 1 });
  const error = (p: typeof q | typeof pq) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  expect(error(q)).toBeLessThan(error(pq));
  expect(q.spec).toBe("vaq:4x16");
  expect(vaqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect((await fitVaq("vaq:4x16", x, { seed: 1 })).toState()).toEqual(q.toState());
});

test("bad input", async () => {
  const x = correlated(20, 8, 5);
  for (const spec of ["vaq:4", "vaq:4x100", "vaq:4x1", "vaq:3x16", "vaq:4x16384"]) {
    await expect(fitVaq(spec, x)).rejects.toThrow(/vaq/);
  }
  const state = (await fitVaq("vaq:4x4", x)).toState();
  expect(() => vaqFamily.fromState({ ...state, config: { dim: 8, bits: [2, 2, 2, 3] } })).toThrow(
    /bits/,
  );
});
