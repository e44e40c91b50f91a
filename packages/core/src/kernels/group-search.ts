import type { Matrix } from "../spec/tensor.js";
import { checkNearest } from "./check.js";
import { Layout, instance } from "./module.js";
import { MAX_REACH, codebookMean, copyRows } from "./wasm.js";

const MAX_CHUNK = 2048;

/**
 * Codewords of which only the least score is kept. Larger groups leave fewer scores to read (three passes
 * over K / G of them), smaller ones fewer distances to take anew (G vectors of D numbers): the least sum,
 * in vector instructions.
 */
function groupFor(size: number, dim: number): number {
  let [best, least] = [16, Infinity];
  for (const group of [1, 2, 4, 8, 16]) {
    const work = (3 * size) / group + 1.5 * group * dim;
    if (work < least) [best, least] = [group, work];
  }
  return best;
}

/**
 * Nearest codewords where something else computes the matrix product (ONNX Runtime, a GPU):
 *
 *   1. `centre` turns a tile of vectors into A [n, D + 1], rows (x', 1);
 *   2. elsewhere, for each chunk W [D + 1, C] of `chunks`: S = A W seen as [n, G, C / G], and its
 *      least values over the middle axis, in `minima` [n, chunks C / G], chunk after chunk;
 *   3. `finish` takes the distances in the groups that may win anew, exactly.
 *
 * float32 products in any order of summation will do (not TF32 or bfloat16): codes and distances are
 * those of the reference kernels.
 */
export class GroupSearch {
  /** G: 1, 2, 4, 8 or 16 codewords of which only the least score is kept. */
  readonly group: number;
  /** C, codewords of a chunk. */
  readonly chunkSize: number;
  /** Each [D + 1, C]: -2 c' of its codewords as columns, and |c'|^2 below. */
  readonly chunks: readonly Float32Array[];
  /** [tile, D + 1]; `centre` fills the first rows. */
  readonly centred: Float32Array;
  /** [tile, groups]; to be filled before `finish`, row after row of `groups` values. */
  readonly minima: Float32Array;
  readonly groups: number;
  readonly #own: ReturnType<typeof instance>;
  readonly #at: Record<
    "mean" | "x" | "a" | "lengths" | "scratch" | "indices" | "distances" | "minima" | "c",
    number
  >;
  readonly #size: number;
  readonly #dim: number;
  readonly #pad: number;
  readonly #radius: number;

  /** @param tile most vectors of one step */
  constructor(
    codebook: Matrix,
    readonly tile: number,
  ) {
    const { size, dim } = checkNearest(
      { data: new Float32Array(0), shape: [0, codebook.shape[1]] },
      codebook,
    );
    const pad = (dim + 3) & ~3;
    const group = groupFor(size, dim);
    this.group = group;
    this.#size = size;
    this.#dim = dim;
    this.#pad = pad;
    this.chunkSize = Math.min(MAX_CHUNK, Math.ceil(size / 64) * 64);
    const count = Math.ceil(size / this.chunkSize);
    this.groups = (count * this.chunkSize) / group;
    const layout = new Layout();
    this.#at = {
      mean: layout.take(pad * 4),
      x: layout.take(tile * pad * 4),
      a: layout.take(tile * (dim + 1) * 4),
      lengths: layout.take(tile * 16),
      scratch: layout.take(group * 4),
      indices: layout.take(tile * 4),
      distances: layout.take(tile * 4),
      minima: layout.take(tile * this.groups * 4),
      c: layout.take(size * pad * 4),
    };
    this.#own = instance(layout.at, true);
    const { buffer } = this.#own.memory;
    const mean = codebookMean(codebook);
    new Float32Array(buffer, this.#at.mean, dim).set(mean);
    copyRows(codebook.data, 0, size, dim, pad, new Float32Array(buffer, this.#at.c, size * pad));
    this.centred = new Float32Array(buffer, this.#at.a, tile * (dim + 1));
    this.minima = new Float32Array(buffer, this.#at.minima, tile * this.groups);
    let greatest = 0;
    this.chunks = Array.from({ length: count }, (_, chunk) => {
      const columns = this.chunkSize;
      const out = new Float32Array((dim + 1) * columns);
      out.fill(3.4e38, dim * columns);
      const end = Math.min(size, (chunk + 1) * columns);
      for (let k = chunk * columns, j = 0; k < end; k++, j++) {
        let norm = 0;
        for (let d = 0; d < dim; d++) {
          const value = Math.fround(codebook.data[k * dim + d]! - mean[d]!);
          out[d * columns + j] = -2 * value;
          norm += value * value;
        }
        out[dim * columns + j] = norm;
        greatest = Math.max(greatest, norm);
      }
      return out;
    });
    this.#radius = Math.sqrt(greatest);
  }

  /**
   * Takes rows [first, end) of the vectors, at most `tile`, as the tile to work on.
   *
   * @returns false if their squares may leave float32; search such rows by the portable kernels
   */
  centre(vectors: Matrix, first: number, end: number): boolean {
    const { memory } = this.#own;
    const { x, mean, a, lengths } = this.#at;
    const [rows, dim, pad] = [end - first, this.#dim, this.#pad];
    copyRows(vectors.data, first, end, dim, pad, new Float32Array(memory.buffer, x, rows * pad));
    const longest = this.#own.centreVectors(x, rows, dim, pad, mean, a, dim + 1, lengths);
    return longest + this.#radius < MAX_REACH;
  }

  /** Codes and squared distances of the tile's first `rows` vectors into the arrays, from `at` on. */
  finish(rows: number, indices: Int32Array, distances: Float32Array, at: number): void {
    const place = this.#at;
    const lanes = this.chunkSize / this.group;
    this.#own.finish(
      place.x,
      rows,
      this.#dim,
      this.#pad,
      place.lengths,
      place.minima,
      this.groups,
      place.c,
      this.#size,
      this.#radius,
      lanes,
      this.chunkSize,
      lanes,
      this.group,
      place.scratch,
      place.indices,
      place.distances,
    );
    const { buffer } = this.#own.memory;
    indices.set(new Int32Array(buffer, place.indices, rows), at);
    distances.set(new Float32Array(buffer, place.distances, rows), at);
  }
}
