import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { useRelaxedSimd } from "../node/relaxed-simd.js";
import type { Kernels } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { isRelaxed, useModule } from "./module.js";
import { nearest, portableKernels } from "./portable.js";
import { referenceKernels } from "./reference.js";
import { nearestByWasm, wasmKernels } from "./wasm.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});

/** The nearest codeword with no cleverness at all. */
function bruteForce(vectors: Matrix, codebook: Matrix): number[] {
  const [rows, dim] = vectors.shape;
  return Array.from({ length: rows }, (_, n) => {
    let best = 0;
    let least = Infinity;
    for (let k = 0; k < codebook.shape[0]; k++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) {
        sum += (vectors.data[n * dim + d]! - codebook.data[k * dim + d]!) ** 2;
      }
      if (sum < least) {
        least = sum;
        best = k;
      }
    }
    return best;
  });
}

const all: [string, Kernels, () => boolean][] = [
  ["typescript", referenceKernels, () => true],
  ["wasm-simd", wasmKernels, () => useModule("plain")],
  ["wasm-simd, relaxed", wasmKernels, useRelaxedSimd],
];

/** Before all: a module that is not there must not pass for one that works. */
function useOrThrow(use: () => boolean): void {
  if (!use()) throw new Error("no such WebAssembly in this engine");
}

describe.each(all)("nearest: %s", (_, kernels, use) => {
  beforeAll(() => useOrThrow(use));
  test("by hand", () => {
    // |(1,1) - (0,0)|^2 = 2, - (1,0) = 1, - (4,4) = 18; (3,3) is 18, 13, 2 away.
    const result = kernels.nearest(matrix(2, 2, [1, 1, 3, 3]), matrix(3, 2, [0, 0, 1, 0, 4, 4]));
    expect([...result.indices]).toEqual([1, 2]);
    expect([...result.distances]).toEqual([1, 2]);
  });
  test("ties go to the lowest index", () => {
    const words = [5, 1, 1, -1, 1, -1, ...Array.from({ length: 200 }, () => 1)];
    const result = kernels.nearest(matrix(2, 1, [0, 1]), matrix(words.length, 1, words));
    expect([...result.indices]).toEqual([1, 1]);
  });
  test("no vectors give no codes", () => {
    expect(kernels.nearest(matrix(0, 3, []), matrix(1, 3, [1, 2, 3])).indices).toHaveLength(0);
  });
  test("bad input is a typed error", () => {
    const good = matrix(1, 2, [1, 2]);
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "none";
    };
    expect(code(() => kernels.nearest(good, matrix(0, 2, [])))).toBe("shape");
    expect(code(() => kernels.nearest(good, matrix(1, 3, [1, 2, 3])))).toBe("shape");
    expect(code(() => kernels.nearest(matrix(1, 2, [1, NaN]), good))).toBe("value");
    expect(code(() => kernels.nearest(good, matrix(1, 2, [1, Infinity])))).toBe("value");
  });
  test("agrees with brute force", () => {
    const random = createRandom(3);
    for (const [rows, size, dim] of [
      [7, 1, 1],
      [70, 65, 3],
      [33, 200, 17],
    ] as const) {
      const x = matrix(rows, dim, random.fillNormal(new Float32Array(rows * dim)));
      const c = matrix(size, dim, random.fillNormal(new Float32Array(size * dim)));
      expect([...kernels.nearest(x, c).indices]).toEqual(bruteForce(x, c));
    }
  });
});

describe.each(all.slice(1))(
  "%s gives the codes and distances of the definition",
  (name, _, use) => {
    beforeAll(() => useOrThrow(use));
    test("on hostile input", () => {
      const shape = fc.record({
        rows: fc.integer({ min: 1, max: 150 }),
        size: fc.integer({ min: 1, max: 300 }),
        dim: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(100, 128, 200)),
        seed: fc.nat(),
        /** Shared by all: |x|^2 - 2 x·c + |c|^2 of uncentred data would keep no correct digit. */
        offset: fc.constantFrom(0, 1, 1e4, 1e8, -3e37),
        /** Of vectors only: every score is then a near tie. */
        away: fc.constantFrom(0, 0, 1e3, 1e7, 1e30),
        scale: fc.constantFrom(1, 1, 1e-6, 1e-20, 1e-42, 1e15, 1e36),
        /** Few distinct values make exact ties, duplicates among them. */
        grid: fc.constantFrom(0, 1, 2),
        near: fc.boolean(),
        /** Of the last vector, times its length: the steps of a tile fit its longest. */
        far: fc.constantFrom(1, 1, 30, 1e8, 1e17, 1e24),
      });
      fc.assert(
        fc.property(shape, ({ rows, size, dim, seed, offset, away, scale, grid, near, far }) => {
          const random = createRandom(seed);
          const draw = (): number =>
            grid === 0 ? random.normal() : random.integer(2 * grid + 1) - grid;
          const c = matrix(
            size,
            dim,
            Array.from({ length: size * dim }, () => offset + scale * draw()),
          );
          // Halves of two codewords lie on the border between them, but for rounding.
          const x = matrix(
            rows,
            dim,
            Array.from({ length: rows }, () => {
              const a = random.integer(size);
              const b = random.integer(size);
              return Array.from({ length: dim }, (_, d) =>
                near
                  ? (c.data[a * dim + d]! + c.data[b * dim + d]!) / 2
                  : offset + away + scale * draw(),
              );
            }).flat(),
          );
          for (let i = x.data.length - dim; i < x.data.length; i++) {
            const value = Math.fround(x.data[i]! * far);
            if (Number.isFinite(value)) x.data[i] = value;
          }
          const expected = referenceKernels.nearest(x, c);
          const got = wasmKernels.nearest(x, c);
          expect(got.indices).toEqual(expected.indices);
          expect(got.distances).toEqual(expected.distances);
          // A codebook in several chunks, as when it is larger than the kernel's memory.
          expect(nearestByWasm(x, c, Math.ceil((size * dim) / 3))).toEqual(expected);
        }),
        { seed: 11, numRuns: 250 },
      );
    });
    test("on vectors far beyond all others of their tile", () => {
      const random = createRandom(6);
      for (const [size, dim, small, large] of [
        [64, 16, 1e-7, 1e17],
        [64, 16, 1e-11, 1e15],
        [300, 40, 1, 100],
        [300, 100, 1, 1e9],
      ] as const) {
        const c = random.fillNormal(new Float32Array(size * dim), small);
        const x = random.fillNormal(new Float32Array(70 * dim), small);
        for (const row of [7, 8, 69]) x.subarray(row * dim, (row + 1) * dim).fill(large);
        const [vectors, codebook] = [matrix(70, dim, x), matrix(size, dim, c)];
        expect(wasmKernels.nearest(vectors, codebook)).toEqual(
          referenceKernels.nearest(vectors, codebook),
        );
      }
    });
    test("of tens of thousands of numbers, where what shifting takes adds up", () => {
      const [dim, del] = [27_520, 1e-4];
      const random = createRandom(5);
      const side = (): number => (random.float() < 0.5 ? -1 : 1);
      const p = Array.from({ length: dim }, side);
      const q = Array.from({ length: dim }, (_, d) => (d % 64 === 1 ? 0 : side() * 1.008));
      p[0] = q[0] = 0;
      const words = [
        p,
        p.map((v) => -v * (1 + del)),
        q.map((v) => v * (1 + del)),
        q.map((v) => -v),
      ];
      const first = (63 / ((32_768 * 65_200 * 2) / (22.5 * dim))) * 0.968;
      const x = p.map((v, d) => (d === 0 ? first : d % 64 === 1 ? (-v * first) / 63 : 0));
      const [vectors, codebook] = [matrix(1, dim, x), matrix(4, dim, words.flat())];
      expect(wasmKernels.nearest(vectors, codebook)).toEqual(
        referenceKernels.nearest(vectors, codebook),
      );
    });
    test("on many codewords, and on some so close together that bytes tell none apart", () => {
      expect(isRelaxed()).toBe(name.includes("relaxed"));
      const random = createRandom(5);
      for (const [rows, size, dim, spread] of [
        [70, 5000, 24, 0],
        [200, 700, 8, 0],
        [64, 300, 64, 1e-4],
        [64, 300, 300, 3e-3],
        [1, 17, 66, 0],
      ] as const) {
        const c = random.fillNormal(new Float32Array(size * dim));
        // A few far out make the steps of bytes wide.
        if (spread > 0) for (let i = 4 * dim; i < c.length; i++) c[i] = 1 + spread * c[i]!;
        const x = random.fillNormal(new Float32Array(rows * dim));
        if (spread > 0) for (let i = dim; i < x.length; i++) x[i] = 1 + spread * x[i]!;
        const [vectors, codebook] = [matrix(rows, dim, x), matrix(size, dim, c)];
        const expected = referenceKernels.nearest(vectors, codebook);
        expect(wasmKernels.nearest(vectors, codebook)).toEqual(expected);
      }
    });
  },
);

test("the portable kernels are the WebAssembly ones here, and `nearest` is theirs", () => {
  expect(portableKernels().name).toBe("wasm-simd");
  expect([...nearest(matrix(1, 1, [2]), matrix(2, 1, [0, 3])).indices]).toEqual([1]);
});
