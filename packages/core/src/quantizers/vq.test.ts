import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { referenceKernels } from "../kernels/reference.js";
import type { Matrix } from "../spec/tensor.js";
import { loadQuantizer, saveQuantizer } from "../formats/quantizer-state.js";
import { fitVq, vq, vqFamily } from "./vq.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});
const normal = (rows: number, dim: number, seed: number): Matrix =>
  matrix(rows, dim, createRandom(seed).fillNormal(new Float32Array(rows * dim)));

test("by hand", () => {
  const q = vq(matrix(3, 2, [0, 0, 1, 0, 4, 4]));
  // (1,1) is 2, 1, 18 away; (2,2) is 8, 5, 8; (0.5,0) is 0.25 from the first two: the first wins.
  const codes = q.quantize(matrix(3, 2, [1, 1, 2, 2, 0.5, 0]));
  expect([...codes.data]).toEqual([1, 1, 0]);
  expect(codes.shape).toEqual([3, 1]);
  expect([...q.dequantize(codes).data]).toEqual([1, 0, 1, 0, 0, 0]);
});

test("quantize(dequantize(c)) = c unless a codeword occurs twice", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 })), {
        minLength: 1,
        maxLength: 40,
      }),
      (words) => {
        const q = vq(matrix(words.length, 2, words.flat()));
        const codes = { data: Int32Array.from(words.keys()), shape: [words.length, 1] as const };
        const again = q.quantize(q.dequantize(codes)).data;
        // Always the first equal codeword; the same code exactly where all differ.
        const first = words.map(([a, b]) => words.findIndex(([c, d]) => a === c && b === d));
        expect([...again]).toEqual(first);
        expect(q.idempotent).toBe(first.every((k, i) => k === i));
      },
    ),
    { seed: 5, numRuns: 100 },
  );
});

test("cosine: scale of neither side matters, the zero vector is code 0", () => {
  const q = vq(matrix(3, 2, [-5, 0, 0.1, 0, 0, 2]), { metric: "cosine" });
  expect([...q.quantize(matrix(4, 2, [9, 1, 1e-30, 0, 0, 0, 1, 9])).data]).toEqual([1, 1, 0, 2]);
  expect(Math.hypot(...q.codebook.data.subarray(0, 2))).toBeCloseTo(1, 6);
});

test("cosine behind a projection: by hand", () => {
  // down keeps the first two of three coordinates, up puts them back.
  const q = vq(matrix(2, 2, [1, 0, 0, 1]), {
    metric: "cosine",
    projection: { down: matrix(2, 3, [1, 0, 0, 0, 1, 0]), up: matrix(3, 2, [1, 0, 0, 1, 0, 0]) },
  });
  expect(q.dim).toBe(3);
  const codes = q.quantize(matrix(2, 3, [3, 1, 100, 1, 3, 100]));
  expect([...codes.data]).toEqual([0, 1]);
  expect([...q.dequantize(codes).data]).toEqual([1, 0, 0, 0, 1, 0]);
  const again = loadQuantizer(saveQuantizer(q));
  expect([...again.quantize(matrix(1, 3, [1, 3, 7])).data]).toEqual([1]);
});

test("fitted, saved, loaded: the same codes; the same seed gives the same codebook", async () => {
  const vectors = normal(600, 5, 1);
  for (const spec of ["vq:16", "vq-cos:16"]) {
    const q = await fitVq(spec, vectors, { seed: 7 });
    const twin = await fitVq(spec, vectors, { seed: 7 });
    expect(twin.codebook).toEqual(q.codebook);
    expect((await fitVq(spec, vectors, { seed: 8 })).codebook).not.toEqual(q.codebook);
    const loaded = loadQuantizer(saveQuantizer(q));
    expect(loaded.spec).toBe(spec);
    expect(loaded.quantize(vectors)).toEqual(q.quantize(vectors));
    expect(await q.quantizeAsync(vectors)).toEqual(q.quantize(vectors));
    const kernels = {
      name: "test",
      nearest: async (a: Matrix, b: Matrix) => referenceKernels.nearest(a, b),
      close: async () => {},
    };
    expect(await q.quantizeAsync(vectors, { kernels })).toEqual(q.quantize(vectors));
  }
});

test("bad input is a typed error", async () => {
  const attempt = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "none";
  };
  const q = vq(normal(4, 3, 2));
  expect(await attempt(() => q.quantize(matrix(1, 3, [1, NaN, 2])))).toBe("value");
  expect(await attempt(() => q.quantize(normal(1, 2, 1)))).toBe("shape");
  expect(await attempt(() => q.dequantize({ data: Int32Array.of(4), shape: [1, 1] }))).toBe(
    "code-range",
  );
  expect(await attempt(() => vq(matrix(0, 3, [])))).toBe("shape");
  expect(await attempt(() => fitVq("vq:8", normal(7, 2, 1)))).toBe("argument");
  expect(await attempt(() => fitVq("vq:8", matrix(0, 2, [])))).toBe("value");
  expect(await attempt(() => fitVq("vq:08", normal(9, 2, 1)))).toBe("argument");
  expect(
    await attempt(() =>
      vqFamily.fromCodebook!("vq:3", { data: new Float32Array(8), shape: [4, 2] }),
    ),
  ).toBe("shape");
  expect(q.quantize(matrix(0, 3, [])).data).toHaveLength(0);
});
