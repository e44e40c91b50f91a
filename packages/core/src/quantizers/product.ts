/*
 * What the quantizers of the PQ family share: codebooks that each cover an interval of the
 * coordinates, their Lloyd iteration, and rotations.
 */
import { ArgumentError } from "../errors/index.js";
import { nearest, workFloats } from "../kernels/portable.js";
import { createRandom } from "../math/random.js";
import { products } from "../kernels/products.js";
import type { AsyncKernels, TilePlan } from "../spec/kernels.js";
import type { FitOptions } from "../spec/quantizer.js";
import { fitStep } from "./fit-sample.js";
import { searchPlan } from "./product-plan.js";

/** Vectors that are gathered at a time: a tile of 2048 x 32 floats stays in the second-level cache. */
const TILE = 2048;
/** The same for threads, which prepare the codebook at every call. */
const WIDE_TILE = 1 << 17;
/** Fewer vectors are not worth a message to a thread. */
const MIN_PLANNED = 128;

/** One codebook of a product: `size` words for the coordinates [start, start + width). */
export interface SubCodebook {
  readonly start: number;
  readonly width: number;
  readonly size: number;
  /** [size, width]. */
  readonly words: Float32Array;
}

/** Codebooks over consecutive intervals of the coordinates; together they cover all D. */
export class ProductCodebook {
  readonly dim: number;
  readonly parts: readonly SubCodebook[];
  readonly sizes: readonly number[];
  #plan: TilePlan | null | undefined;
  #rotation: Float32Array | undefined;

  /**
   * @param widths coordinates of each codebook
   * @param words words of each codebook, [K_m, width_m]
   */
  constructor(widths: readonly number[], words: readonly Float32Array[]) {
    let start = 0;
    this.parts = widths.map((width, m) => {
      const part = { start, width, size: words[m]!.length / width, words: words[m]! };
      start += width;
      return part;
    });
    this.dim = start;
    this.sizes = this.parts.map((part) => part.size);
  }

  /**
   * Codes of rows [n, D] into `out`: the code of row i and codebook m is out[at + i * stride + m].
   */
  encode(rows: Float32Array, count: number, out: Int32Array, stride: number, at = 0): void {
    const { dim } = this;
    for (let m = 0; m < this.parts.length; m++) {
      const { start, width, size, words } = this.parts[m]!;
      const tile = new Float32Array(Math.min(TILE, count) * width);
      for (let first = 0; first < count; first += TILE) {
        const n = Math.min(TILE, count - first);
        gather(rows, first, n, dim, start, width, tile);
        nearestWords(tile, n, width, words, size, out, at + first * stride + m, stride);
      }
    }
  }

  /**
   * The same by kernels that use threads, of rows that `rotation` [D, D] turns first, which are all finite.
   */
  async encodeWith(
    kernels: AsyncKernels,
    rows: Float32Array,
    count: number,
    out: Int32Array,
    signal?: AbortSignal,
    rotation?: Float32Array,
  ): Promise<void> {
    const width = this.parts.length;
    const { dim } = this;
    if (this.#plan === undefined || this.#rotation !== rotation) {
      this.#plan = searchPlan(dim, this.parts, rotation && { rotation });
      this.#rotation = rotation;
    }
    if (kernels.runPlan === undefined || this.#plan === null || count < MIN_PLANNED) {
      const turned = rotation === undefined ? rows : rotate(rows, count, rotation, dim);
      if (count < MIN_PLANNED) this.encode(turned, count, out, width);
      else await this.#encodeInParts(kernels, turned, count, out, signal);
      return;
    }
    const vectors = { data: rows.subarray(0, count * dim), shape: [count, dim] as const };
    await kernels.runPlan(this.#plan, vectors, out, signal);
    for (let i = 0; i < count; i++) {
      let known = true;
      for (let m = 0; m < width; m++) known &&= out[i * width + m] !== -1;
      if (known) continue;
      const row = rows.subarray(i * dim, (i + 1) * dim);
      const turned = rotation === undefined ? row : rotate(row, 1, rotation, dim);
      this.encode(turned, 1, out, width, i * width);
    }
  }

  /** By kernels that know no more than the nearest words. */
  async #encodeInParts(
    kernels: AsyncKernels,
    rows: Float32Array,
    count: number,
    out: Int32Array,
    signal?: AbortSignal,
  ): Promise<void> {
    const stride = this.parts.length;
    const step = Math.min(count, WIDE_TILE);
    for (const [m, { start, width, size, words }] of this.parts.entries()) {
      const tile = workFloats(step * width);
      for (let first = 0; first < count; first += step) {
        const n = Math.min(step, count - first);
        gather(rows, first, n, this.dim, start, width, tile);
        const { indices } = await kernels.nearest(
          { data: tile.subarray(0, n * width), shape: [n, width] },
          { data: words, shape: [size, width] },
          signal,
        );
        for (let i = 0, o = first * stride + m; i < n; i++, o += stride) out[o] = indices[i]!;
      }
    }
  }

  /** Adds the words of codes to rows [n, D] of `out`. */
  decode(codes: Int32Array, count: number, out: Float32Array, stride: number, at = 0): void {
    const { dim } = this;
    for (let m = 0; m < this.parts.length; m++) {
      const { start, width, words } = this.parts[m]!;
      for (let i = 0; i < count; i++) {
        const from = codes[at + i * stride + m]! * width;
        const to = i * dim + start;
        for (let d = 0; d < width; d++) out[to + d] = out[to + d]! + words[from + d]!;
      }
    }
  }

  /** ΣK_m. */
  get total(): number {
    return this.sizes.reduce((a, b) => a + b, 0);
  }

  /** Squared distances of every word to one row: ΣK_m numbers into `out` from `at` on. */
  distances(row: Float32Array, rowAt: number, out: Float32Array, at: number): void {
    let o = at;
    for (const { start, width, size, words } of this.parts) {
      for (let k = 0; k < size; k++) {
        let sum = 0;
        for (let d = 0; d < width; d++) {
          const delta = row[rowAt + start + d]! - words[k * width + d]!;
          sum += delta * delta;
        }
        out[o++] = sum;
      }
    }
  }
}

/** Columns [start, start + width) of `n` rows into a dense tile [n, width]. */
export function gather(
  rows: Float32Array,
  first: number,
  n: number,
  dim: number,
  start: number,
  width: number,
  tile: Float32Array,
): void {
  for (let i = 0, o = 0; i < n; i++) {
    const from = (first + i) * dim + start;
    for (let d = 0; d < width; d++) tile[o++] = rows[from + d]!;
  }
}

/** True if no codebook holds the same word twice. */
export function distinctWords(product: ProductCodebook): boolean {
  for (const { words, size, width } of product.parts) {
    const seen = new Set<string>();
    for (let k = 0; k < size; k++) {
      // Adding 0 turns -0 into 0: both are one place.
      seen.add(
        words
          .subarray(k * width, (k + 1) * width)
          .map((v) => v + 0)
          .join(),
      );
    }
    if (seen.size !== size) return false;
  }
  return true;
}

/** |c|² / 2 of each word. */
export function halfNorms(words: Float32Array, size: number, width: number): Float64Array {
  const out = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += words[k * width + d]! * words[k * width + d]!;
    out[k] = sum / 2;
  }
  return out;
}

/**
 * Nearest word of each of `n` dense rows; ties go to the lowest index. Writes out[at + i * stride].
 */
export function nearestWords(
  rows: Float32Array,
  n: number,
  width: number,
  words: Float32Array,
  size: number,
  out: Int32Array,
  at: number,
  stride: number,
): void {
  const { indices } = nearest(
    { data: rows.subarray(0, n * width), shape: [n, width] },
    { data: words, shape: [size, width] },
  );
  spreadOut(indices, out, at, stride);
}

function spreadOut(indices: Int32Array, out: Int32Array, at: number, stride: number): void {
  for (let i = 0, o = at; i < indices.length; i++, o += stride) out[o] = indices[i]!;
}

/** The same by kernels that use threads, where there are any. */
export async function nearestWordsWith(
  { kernels, signal }: FitOptions,
  rows: Float32Array,
  n: number,
  width: number,
  words: Float32Array,
  size: number,
  out: Int32Array,
  at: number,
  stride: number,
): Promise<void> {
  if (kernels === undefined) {
    nearestWords(rows, n, width, words, size, out, at, stride);
    return;
  }
  const { indices } = await kernels.nearest(
    { data: rows.subarray(0, n * width), shape: [n, width] },
    { data: words, shape: [size, width] },
    signal,
  );
  spreadOut(indices, out, at, stride);
}

export interface LloydOptions {
  readonly seed: number;
  /** Stream of the seed: a different one for each codebook. */
  readonly stream: number;
  readonly iterations: number;
  /** First words [K, width]; drawn from the rows where left out. */
  readonly warm?: Float32Array;
}

/**
 * Lloyd's algorithm on dense rows [n, width]: a codebook of `size` words. Words without members move
 * next to the most populated ones (as faiss does). With fewer rows than words the surplus words
 * repeat rows, so every code stays valid.
 */
export function lloyd(
  rows: Float32Array,
  n: number,
  width: number,
  size: number,
  options: LloydOptions,
): Float32Array {
  const codes = new Int32Array(n);
  const steps = lloydSteps(rows, n, width, size, options);
  let step = steps.next();
  while (step.done !== true) {
    nearestWords(rows, n, width, step.value, size, codes, 0, 1);
    step = steps.next(codes);
  }
  return step.value;
}

/** The same by kernels that use threads. */
async function lloydWith(
  kernels: AsyncKernels,
  rows: Float32Array,
  n: number,
  width: number,
  size: number,
  options: LloydOptions,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const steps = lloydSteps(rows, n, width, size, options);
  let step = steps.next();
  while (step.done !== true) {
    const { indices } = await kernels.nearest(
      { data: rows, shape: [n, width] },
      { data: step.value, shape: [size, width] },
      signal,
    );
    step = steps.next(indices);
  }
  return step.value;
}

/** Asks for the codes of words, moves the words, and returns them at last. */
function* lloydSteps(
  rows: Float32Array,
  n: number,
  width: number,
  size: number,
  options: LloydOptions,
): Generator<Float32Array, Float32Array, Int32Array> {
  const random = createRandom(options.seed, options.stream);
  const words = new Float32Array(size * width);
  if (options.warm !== undefined) words.set(options.warm);
  else {
    const picks = random.sample(Math.min(size, n), n);
    for (let k = 0; k < size; k++) {
      const from = picks[k % picks.length]! * width;
      words.set(rows.subarray(from, from + width), k * width);
    }
  }
  if (n <= size && options.warm === undefined) return words;
  const previous = new Int32Array(n).fill(-1);
  const sums = new Float64Array(size * width);
  const counts = new Float64Array(size);
  for (let round = 0; round < options.iterations; round++) {
    const codes = yield words;
    let same = true;
    for (let i = 0; i < n && same; i++) same = codes[i] === previous[i];
    if (same) break;
    previous.set(codes);
    moveWords(rows, n, width, words, size, codes, 1, 0, sums, counts);
  }
  return words;
}

/** Each word to the mean of its rows; words without rows split the fullest ones. */
export function moveWords(
  rows: Float32Array,
  n: number,
  width: number,
  words: Float32Array,
  size: number,
  codes: Int32Array,
  stride: number,
  at: number,
  sums = new Float64Array(size * width),
  counts = new Float64Array(size),
): void {
  sums.fill(0);
  counts.fill(0);
  for (let i = 0, r = 0; i < n; i++) {
    const k = codes[at + i * stride]!;
    counts[k] = counts[k]! + 1;
    for (let d = 0, o = k * width; d < width; d++, o++, r++) sums[o] = sums[o]! + rows[r]!;
  }
  const empty: number[] = [];
  for (let k = 0; k < size; k++) {
    if (counts[k] === 0) {
      empty.push(k);
      continue;
    }
    for (let d = 0, o = k * width; d < width; d++, o++) words[o] = sums[o]! / counts[k]!;
  }
  if (empty.length === 0) return;
  // The fullest first; an empty word moves beside it and takes members in the next round.
  const full = Array.from({ length: size }, (_, k) => k)
    .filter((k) => counts[k]! > 1)
    .sort((a, b) => counts[b]! - counts[a]! || a - b);
  for (let e = 0; e < empty.length && e < full.length; e++) {
    const to = empty[e]! * width;
    const from = full[e]! * width;
    for (let d = 0; d < width; d++) {
      const value = words[from + d]!;
      const shift = (d % 2 === 0 ? 1 : -1) * (Math.abs(value) + 1e-7) * (1 / 1024);
      words[to + d] = value + shift;
    }
  }
}

/** Fits every codebook of a product by Lloyd's algorithm on rows [n, D]. */
export async function fitProduct(
  rows: Float32Array,
  n: number,
  widths: readonly number[],
  sizes: readonly number[],
  options: FitOptions,
  warm?: ProductCodebook,
): Promise<ProductCodebook> {
  const dim = widths.reduce((a, b) => a + b, 0);
  const words: Float32Array[] = [];
  let start = 0;
  for (let m = 0; m < widths.length; m++) {
    await fitStep(options, `codebook ${m + 1}/${widths.length}`, m, widths.length);
    const width = widths[m]!;
    const { kernels, signal } = options;
    const tile = kernels === undefined ? new Float32Array(n * width) : workFloats(n * width);
    gather(rows, 0, n, dim, start, width, tile);
    const lloydOptions = {
      seed: options.seed ?? 0,
      stream: m + 1,
      iterations: options.iterations ?? 25,
      ...(warm !== undefined && { warm: warm.parts[m]!.words }),
    };
    words.push(
      kernels === undefined
        ? lloyd(tile, n, width, sizes[m]!, lloydOptions)
        : await lloydWith(kernels, tile, n, width, sizes[m]!, lloydOptions, signal),
    );
    start += width;
  }
  return new ProductCodebook(widths, words);
}

/** y = R x for rows [n, D]: out[i] = Σ_j R[i, j] (x[j] - mean[j]). */
export function rotate(
  rows: Float32Array,
  n: number,
  rotation: Float32Array,
  dim: number,
  mean?: Float32Array,
): Float32Array {
  const out = new Float32Array(n * dim);
  let x = rows;
  if (mean !== undefined) {
    x = new Float32Array(n * dim);
    for (let i = 0, at = 0; i < n; i++) {
      for (let d = 0; d < dim; d++, at++) x[at] = rows[at]! - mean[d]!;
    }
  }
  products(x, n, dim, rotation, dim, out);
  return out;
}

/** x = R^T y (+ mean) for rows [n, D], summed in float64: what codes decode to stays, whatever computes codes. */
export function rotateBack(
  rows: Float32Array,
  n: number,
  rotation: Float32Array,
  dim: number,
  mean?: Float32Array,
): Float32Array {
  const out = new Float32Array(n * dim);
  const sums = new Float64Array(dim);
  for (let i = 0; i < n; i++) {
    sums.fill(0);
    for (let r = 0, w = 0; r < dim; r++) {
      const y = rows[i * dim + r]!;
      for (let d = 0; d < dim; d++, w++) sums[d]! += y * rotation[w]!;
    }
    out.set(sums, i * dim);
    if (mean !== undefined) {
      for (let d = 0, at = i * dim; d < dim; d++, at++) out[at]! += mean[d]!;
    }
  }
  return out;
}

/** D / M, or an error that says which M fit. */
export function equalWidths(dim: number, codebooks: number, spec: string): number[] {
  if (dim % codebooks !== 0) {
    const fits: number[] = [];
    for (let m = 1; m <= dim; m++) if (dim % m === 0) fits.push(m);
    const near = fits
      .sort((a, b) => Math.abs(a - codebooks) - Math.abs(b - codebooks))
      .slice(0, 3)
      .sort((a, b) => a - b);
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `a dimension that ${codebooks} codebooks divide`,
      got: `D = ${dim}`,
      remedy: `Use ${near.join(" or ")} codebooks, or pad the vectors with zeros to D = ${Math.ceil(dim / codebooks) * codebooks}.`,
    });
  }
  return Array.from({ length: codebooks }, () => dim / codebooks);
}
