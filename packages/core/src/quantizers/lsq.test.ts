import fc from "fast-check";
import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { AdditiveCodebooks } from "./additive.js";
import { IlsEncoder, LsqQuantizer, fitLsq, lsqFamily } from "./lsq.js";

test("by hand: ICM settles one codebook after the other", () => {
  // {0, 4} and {0, 3}: x = 7 is 4 + 3, x = 3.4 is 0 + 3.
  const books = new AdditiveCodebooks(2, 2, 1, Float32Array.of(0, 4, 0, 3));
  const encoder = new IlsEncoder(books);
  const unary = new Float32Array(4);
  const code = Int32Array.of(0, 0);
  books.unary(Float32Array.of(7), 0, 1, unary);
  encoder.improve(unary, 0, 0, 1, code, 0);
  expect([...code]).toEqual([1, 1]);
  // From (0, 0) ICM moves to 4 first (0.36 < 11.56) and stays: 4 + 3 leaves 12.96. A local minimum.
  code.fill(0);
  books.unary(Float32Array.of(3.4), 0, 1, unary);
  encoder.improve(unary, 0, 0, 1, code, 0);
  expect([...code]).toEqual([1, 0]);
  // Random changes get out of it: 3 leaves 0.16.
  encoder.improve(unary, 0, 20, 1, code, 0);
  expect([...code]).toEqual([0, 1]);
  const q = new LsqQuantizer(books);
  expect([...q.quantize({ data: Float32Array.of(3.4, 7), shape: [2, 1] }).data]).toEqual([
    0, 1, 1, 1,
  ]);
});

test("local search never raises the error, and ICM's result has no better neighbour", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 1e6 }),
      (m, k, d, seed) => {
        const random = createRandom(seed);
        const books = new AdditiveCodebooks(
          m,
          k,
          d,
          random.fillNormal(new Float32Array(m * k * d)),
        );
        const unary = new Float32Array(books.total);
        books.unary(random.fillNormal(new Float32Array(d), 2), 0, 1, unary);
        const encoder = new IlsEncoder(books);
        const code = Int32Array.from({ length: m }, () => random.integer(k));
        let last = books.energy(unary, 0, code, 0);
        for (const rounds of [0, 1, 4]) {
          encoder.improve(unary, 0, rounds, seed, code, 0);
          const now = books.energy(unary, 0, code, 0);
          expect(now).toBeLessThanOrEqual(last);
          last = now;
        }
        for (let c = 0; c < m; c++) {
          for (let j = 0; j < k; j++) {
            const neighbour = code.slice();
            neighbour[c] = j;
            const other = books.energy(unary, 0, neighbour, 0);
            expect(other).toBeGreaterThanOrEqual(last - 1e-9 * (1 + Math.abs(last)));
          }
        }
      },
    ),
    { seed: 5, numRuns: 80 },
  );
});

test("a vector's code does not depend on its batch", async () => {
  const x = correlated(150, 6, 8);
  const q = await fitLsq("lsq:3x8,ils=2", x, { iterations: 2 });
  const all = q.quantize(x);
  for (const i of [0, 63, 64, 149]) {
    const one = q.quantize({ data: x.data.slice(i * 6, i * 6 + 6), shape: [1, 6] });
    expect([...one.data]).toEqual([...all.data.subarray(i * 3, i * 3 + 3)]);
  }
  expect((await q.quantizeAsync(x)).data).toEqual(all.data);
});

test("fit: the same for a seed; every relaxation improves on the start", async () => {
  const x = correlated(400, 8, 4);
  const error = (q: LsqQuantizer) => squaredError(x.data, q.dequantize(q.quantize(x)).data);
  const start = await fitLsq("lsq:3x16", x, { seed: 3, iterations: 0 });
  for (const relaxation of ["sr-d", "sr-c", "none"] as const) {
    const q = await fitLsq("lsq:3x16", x, { seed: 3, iterations: 12, relaxation });
    expect(error(q)).toBeLessThan(error(start));
    const again = await fitLsq("lsq:3x16", x, { seed: 3, iterations: 12, relaxation });
    expect(again.toState()).toEqual(q.toState());
    expect(lsqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  }
});

test("bad input", async () => {
  const x = correlated(5, 4, 1);
  for (const spec of ["lsq:2", "lsq:0x4", "lsq:2x4,ils=", "lsq:2x4,ils=99999", "lsq:64x1024"]) {
    await expect(fitLsq(spec, x)).rejects.toThrow(/lsq/);
  }
  await expect(fitLsq("lsq:2x4", x, { relaxation: "x" as never })).rejects.toThrow(/relaxation/);
  const q = await fitLsq("lsq:2x16", x, { iterations: 2 });
  expect(q.spec).toBe("lsq:2x16");
  expect(
    lsqFamily.fromCodebook!("lsq:2x16,ils=0", q.toState().tensors["codebook"] as never).spec,
  ).toBe("lsq:2x16,ils=0");
});
