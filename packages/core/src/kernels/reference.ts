/*
 * The definition of "nearest codeword", which every other kernel must meet code for code:
 *
 *   dist(x, c) = (s0 + s1) + (s2 + s3),   sj = sum over d = j, j+4, j+8, … of (x_d - c_d)^2
 *
 * in float64 (the inputs are float32, so only sums and squares round), in this order; the nearest is
 * the codeword of least `dist`, of equal ones the first. The difference is taken before the square:
 * |x|^2 - 2 x·c + |c|^2 would cancel for data far from the origin. The four sums are the lanes of
 * two SIMD registers.
 */
import type { Kernels, NearestResult } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { checkNearest } from "./check.js";

/** Numbers of a tile of the codebook: 32 KiB, so that it stays in the first-level cache. */
const TILE_NUMBERS = 8192;
/** Vectors that go over one tile of the codebook before the next is loaded. */
const TILE_VECTORS = 64;

/** dist(x, c) of the definition, for row `a` of `x` and row `b` of `c`. */
export function exactDistance(
  x: Float32Array,
  a: number,
  c: Float32Array,
  b: number,
  dim: number,
): number {
  let i = a * dim;
  let j = b * dim;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = i + (dim & ~3);
  for (; i < whole; i += 4, j += 4) {
    const d0 = x[i]! - c[j]!;
    const d1 = x[i + 1]! - c[j + 1]!;
    const d2 = x[i + 2]! - c[j + 2]!;
    const d3 = x[i + 3]! - c[j + 3]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  const rest = dim & 3;
  if (rest > 0) {
    const d0 = x[i]! - c[j]!;
    s0 += d0 * d0;
  }
  if (rest > 1) {
    const d1 = x[i + 1]! - c[j + 1]!;
    s1 += d1 * d1;
  }
  if (rest > 2) {
    const d2 = x[i + 2]! - c[j + 2]!;
    s2 += d2 * d2;
  }
  return s0 + s1 + (s2 + s3);
}

/** Nearest codewords by the definition, tile by tile; for arguments that are checked already. */
export function nearestByDefinition(vectors: Matrix, codebook: Matrix): NearestResult {
  const [rows, dim] = vectors.shape;
  const size = codebook.shape[0];
  const x = vectors.data;
  const c = codebook.data;
  const indices = new Int32Array(rows);
  const best = new Float64Array(rows).fill(Infinity);
  const tile = Math.max(1, Math.floor(TILE_NUMBERS / dim));
  for (let row = 0; row < rows; row += TILE_VECTORS) {
    const rowEnd = Math.min(rows, row + TILE_VECTORS);
    for (let first = 0; first < size; first += tile) {
      const end = Math.min(size, first + tile);
      for (let n = row; n < rowEnd; n++) {
        let least = best[n]!;
        let index = indices[n]!;
        for (let k = first; k < end; k++) {
          const distance = exactDistance(x, n, c, k, dim);
          if (distance < least) {
            least = distance;
            index = k;
          }
        }
        best[n] = least;
        indices[n] = index;
      }
    }
  }
  return { indices, distances: Float32Array.from(best) };
}

/** The plain TypeScript kernels: the definition, and the fallback where WebAssembly is missing. */
export const referenceKernels: Kernels = {
  name: "typescript",
  nearest(vectors, codebook) {
    checkNearest(vectors, codebook);
    return nearestByDefinition(vectors, codebook);
  },
};
