import fc from "fast-check";
import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { referenceKernels } from "../kernels/reference.js";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import { AdditiveCodebooks } from "./additive.js";
import { RvqQuantizer, fitRvq, rvq, rvqFamily } from "./rvq.js";

test("by hand: what one level leaves is coded by the next", () => {
  // Level 1: 0 or 10; level 2: -2 or 1. 8.5 -> 10, rest -1.5 -> -2; 0.9 -> 0, rest 0.9 -> 1.
  const q = rvq({ data: Float32Array.of(0, 10, -2, 1), shape: [2, 2, 1] });
  const codes = q.quantize({ data: Float32Array.of(8.5, 0.9), shape: [2, 1] });
  expect([...codes.data]).toEqual([1, 0, 0, 1]);
  expect([...q.dequantize(codes).data]).toEqual([8, 1]);
  expect([...q.dequantize(codes, { levels: 1 }).data]).toEqual([10, 0]);
  expect(q.spec).toBe("rvq:2x2");
});

test("by hand: a beam finds the sum that greed misses", () => {
  // x = 6: greed takes 10 (off by 4), then -1: 9. Two paths: 0 + 5 leaves 1.
  const codebook = { data: Float32Array.of(0, 10, -1, 5), shape: [2, 2, 1] };
  const x = { data: Float32Array.of(6), shape: [1, 1] as const };
  expect([...rvq(codebook).quantize(x).data]).toEqual([1, 0]);
  expect([...rvq(codebook, { beam: 2 }).quantize(x).data]).toEqual([0, 1]);
});

test("ties go to the lowest index", () => {
  const codebook = { data: Float32Array.of(1, -1, 0, 0), shape: [2, 2, 1] };
  const x = { data: Float32Array.of(0), shape: [1, 1] as const };
  for (const beam of [1, 2, 4])
    expect([...rvq(codebook, { beam }).quantize(x).data]).toEqual([0, 0]);
});

/** Beam search written down plainly: every path with its own residual. */
function plainBeam(
  row: number[],
  books: number[][][],
  beam: number,
): { code: number[]; cost: number }[] {
  let paths = [{ code: [] as number[], rest: row }];
  const cost = (rest: number[]) => rest.reduce((sum, v) => sum + v * v, 0);
  for (const book of books) {
    paths = paths
      .flatMap(({ code, rest }) =>
        book.map((word, k) => ({ code: [...code, k], rest: rest.map((v, d) => v - word[d]!) })),
      )
      .sort((a, b) => cost(a.rest) - cost(b.rest))
      .slice(0, beam);
  }
  return paths.map(({ code, rest }) => ({ code, cost: cost(rest) }));
}

test("the codes of a plainly written search, on whole numbers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(1, 2, 3, 8),
      fc.integer({ min: 0, max: 1e6 }),
      (m, k, d, beam, seed) => {
        const random = createRandom(seed);
        const whole = (n: number) =>
          Float32Array.from({ length: n }, () => random.integer(41) - 20);
        const words = whole(m * k * d);
        const x = whole(5 * d);
        const q = rvq({ data: words, shape: [m, k, d] }, { beam });
        const codes = q.quantize({ data: x, shape: [5, d] });
        const books = Array.from({ length: m }, (_, l) =>
          Array.from({ length: k }, (_, j) => [
            ...words.subarray((l * k + j) * d, (l * k + j + 1) * d),
          ]),
        );
        const decoded = q.dequantize(codes).data;
        for (let i = 0; i < 5; i++) {
          const row = [...x.subarray(i * d, (i + 1) * d)];
          const [best] = plainBeam(row, books, beam);
          const own = squaredError(row, decoded.subarray(i * d, (i + 1) * d));
          expect(own).toBe(best!.cost);
          if (beam === 1) expect([...codes.data.subarray(i * m, (i + 1) * m)]).toEqual(best!.code);
        }
      },
    ),
    { seed: 3, numRuns: 120 },
  );
});

test("a beam over more words than a pair table holds finds the same as with one", () => {
  // 3 x 4096 words are past the table; the first two levels alone are within it.
  const random = createRandom(4);
  const words = random.fillNormal(new Float32Array(3 * 4096 * 2));
  words.fill(0, 2 * 4096 * 2);
  const x = { data: random.fillNormal(new Float32Array(20 * 2), 3), shape: [20, 2] as const };
  const big = rvq({ data: words, shape: [3, 4096, 2] }, { beam: 3 }).quantize(x);
  const small = rvq({ data: words.slice(0, 2 * 4096 * 2), shape: [2, 4096, 2] }, { beam: 3 });
  const codes = small.quantize(x);
  for (let i = 0; i < 20; i++) {
    expect([...big.data.subarray(i * 3, i * 3 + 2)]).toEqual([
      ...codes.data.subarray(i * 2, i * 2 + 2),
    ]);
  }
});

test("the error of the training vectors never rises with a level", async () => {
  const x = correlated(600, 6, 5);
  for (const spec of ["rvq:6x8", "rvq:6x8,beam=4"]) {
    const q = await fitRvq(spec, x, { seed: 2 });
    const codes = q.quantize(x);
    if (spec === "rvq:6x8") {
      let last = squaredError(x.data, new Float32Array(x.data.length));
      for (let levels = 1; levels <= 6; levels++) {
        const error = squaredError(x.data, q.dequantize(codes, { levels }).data);
        expect(error).toBeLessThan(last);
        last = error;
      }
    }
    // Codes that were cut decode as the prefix does.
    const cut = { data: new Int32Array(600 * 2), shape: [600, 2] as const };
    for (let i = 0; i < 600; i++) cut.data.set(codes.data.subarray(i * 6, i * 6 + 2), i * 2);
    expect(q.dequantize(cut)).toEqual(q.dequantize(codes, { levels: 2 }));
  }
});

test("a wider beam lowers the error of fitted codebooks", async () => {
  const x = correlated(600, 8, 6);
  const error = async (spec: string) => {
    const q = await fitRvq(spec, x, { seed: 1 });
    return squaredError(x.data, q.dequantize(q.quantize(x)).data);
  };
  expect(await error("rvq:4x16,beam=8")).toBeLessThan(0.95 * (await error("rvq:4x16")));
});

test("reproducible, from states, from streams, by kernels; a code does not depend on its batch", async () => {
  const x = correlated(500, 6, 7);
  const q = await fitRvq("rvq:3x16", x, { seed: 9 });
  expect((await fitRvq("rvq:3x16", x, { seed: 9 })).toState()).toEqual(q.toState());
  expect((await fitRvq("rvq:3x16", x, { seed: 8 })).toState()).not.toEqual(q.toState());
  const stream = {
    dim: 6,
    async *chunks() {
      for (let i = 0; i < 500; i += 70) {
        const n = Math.min(70, 500 - i);
        yield { data: x.data.slice(i * 6, (i + n) * 6), shape: [n, 6] as const };
      }
    },
  };
  expect((await fitRvq("rvq:3x16", stream, { seed: 9 })).toState()).toEqual(q.toState());
  const codes = q.quantize(x);
  const kernels = {
    name: "reference",
    nearest: (a: Matrix, b: Matrix) => Promise.resolve(referenceKernels.nearest(a, b)),
    close: () => Promise.resolve(),
  };
  expect(rvqFamily.fromState(q.toState()).quantize(x)).toEqual(codes);
  expect(await q.quantizeAsync(x, { kernels })).toEqual(codes);
  const wide = await fitRvq("rvq:3x16,beam=4", x, { seed: 9 });
  const all = wide.quantize(x);
  for (const i of [0, 63, 64, 499]) {
    const one = { data: x.data.slice(i * 6, i * 6 + 6), shape: [1, 6] as const };
    expect([...wide.quantize(one).data]).toEqual([...all.data.subarray(i * 3, i * 3 + 3)]);
    expect([...q.quantize(one).data]).toEqual([...codes.data.subarray(i * 3, i * 3 + 3)]);
  }
  expect(rvqFamily.fromState(wide.toState()).spec).toBe("rvq:3x16,beam=4");
});

test("identical vectors and bad input", async () => {
  const same = { data: new Float32Array(40 * 3).fill(2), shape: [40, 3] as const };
  const q = await fitRvq("rvq:2x4", same, { seed: 1 });
  expect(squaredError(same.data, q.dequantize(q.quantize(same)).data)).toBe(0);
  for (const spec of [
    "rvq:2",
    "rvq:0x4",
    "rvq:2x0",
    "rvq:2x4,beam=0",
    "rvq:2x4,beam",
    "rvq:9999x4",
  ]) {
    await expect(fitRvq(spec, same)).rejects.toThrow(/rvq/);
  }
  await expect(fitRvq("rvq:2x64", same)).rejects.toThrow(/64/);
  await expect(fitRvq("rvq:2x4", { data: new Float32Array(0), shape: [0, 3] })).rejects.toThrow();
  expect(() => rvq({ data: new Float32Array(5), shape: [1, 2, 3] })).toThrow(/codebook/);
  expect(() => new RvqQuantizer(new AdditiveCodebooks(1, 1, 1, new Float32Array(1)), 0)).toThrow(
    /beam/,
  );
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await expect(fitRvq("rvq:2x4", same, { signal: stop.signal })).rejects.toThrow("enough");
});
