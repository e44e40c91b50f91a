/*
 * What the quantizers of the AQ family share. A vector is the sum of one full-width word of each of
 * M codebooks. With U[j] = |c_j|² - 2 x·c_j for every word j and G[i, j] = 2 c_i·c_j,
 *
 *   |x - Σ c_m|² = |x|² + Σ_m U[j_m] + Σ_{m < m'} G[j_m, j_m']
 *
 * so that encoding needs the unary terms of x and one table of all pairs, and no vectors.
 */
import type { DistanceTables, TableQuantizer } from "../search/tables.js";
import type { Codes } from "../spec/codes.js";
import type { AsyncKernels } from "../spec/kernels.js";
import type { AsyncOptions, FitOptions } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { products } from "../kernels/products.js";
import { BaseQuantizer, type QuantizerTraits } from "./base.js";
import { checkCodes, checkMatrix } from "./checks.js";
import { fitStep } from "./fit-sample.js";
import { kmeans } from "./kmeans.js";
import { lloyd, nearestWords, halfNorms } from "./product.js";

/** M x K that a pair table is made for: 8192² floats are 256 MiB. */
export const MAX_WORDS = 8192;
/** Vectors whose unary terms are held at a time. */
const TILE = 64;

/** M codebooks of K words of D numbers. */
export class AdditiveCodebooks {
  readonly total: number;
  readonly norms: Float64Array;
  #pairs: Float32Array | undefined;
  #bias: Float32Array | undefined;
  #normal: { readonly books: AdditiveCodebooks; readonly scale: number } | undefined;

  /** @param words [M, K, D] */
  constructor(
    readonly codebooks: number,
    readonly size: number,
    readonly dim: number,
    readonly words: Float32Array,
  ) {
    this.total = codebooks * size;
    this.norms = halfNorms(words, this.total, dim).map((half) => 2 * half);
  }

  /** G [M K, M K]; computed once. */
  get pairs(): Float32Array {
    if (this.#pairs !== undefined) return this.#pairs;
    const { total, words, dim } = this;
    const pairs = new Float32Array(total * total);
    products(words, total, dim, words, total, pairs, { factor: 2 });
    this.#pairs = pairs;
    return pairs;
  }

  /** U of `n` rows from row `first` on, [n, M K]. */
  unary(rows: Float32Array, first: number, n: number, out: Float32Array): void {
    const { total, words, dim } = this;
    const part = rows.subarray(first * dim, (first + n) * dim);
    this.#bias ??= Float32Array.from(this.norms);
    products(part, n, dim, words, total, out, { bias: this.#bias, factor: -2 });
  }

  /**
   * The same codebooks times the power of two that takes their greatest number into [1, 2): their squares
   * neither leave float32 nor vanish in it, and codes stay as they are.
   */
  get normal(): { readonly books: AdditiveCodebooks; readonly scale: number } {
    if (this.#normal !== undefined) return this.#normal;
    let most = 0;
    for (let i = 0; i < this.words.length; i++) most = Math.max(most, Math.abs(this.words[i]!));
    const scale = most === 0 ? 1 : 2 ** -exponentOf(most);
    const { codebooks, size, dim, words } = this;
    const books =
      scale === 1
        ? this
        : new AdditiveCodebooks(
            codebooks,
            size,
            dim,
            words.map((value) => value * scale),
          );
    this.#normal = { books, scale };
    return this.#normal;
  }

  /** The squared error less |x|², from tables: doubles over float32 entries, in a fixed order. */
  energy(unary: Float32Array, unaryAt: number, codes: Int32Array, at: number): number {
    const { codebooks, size, total, pairs } = this;
    let sum = 0;
    for (let m = 0; m < codebooks; m++) {
      const j = m * size + codes[at + m]!;
      sum += unary[unaryAt + j]!;
      for (let o = 0; o < m; o++) sum += pairs[j * total + o * size + codes[at + o]!]!;
    }
    return sum;
  }

  /** Runs `visit` over tiles of unary terms. */
  forTiles(
    rows: Float32Array,
    count: number,
    visit: (unary: Float32Array, first: number, n: number) => void,
  ): void {
    const unary = new Float32Array(Math.min(TILE, count) * this.total);
    for (let first = 0; first < count; first += TILE) {
      const n = Math.min(TILE, count - first);
      this.unary(rows, first, n, unary);
      visit(unary, first, n);
    }
  }

  /** Adds the words of the first `levels` of codes [n, stride] to rows [n, D] of `out`. */
  decode(
    codes: Int32Array,
    count: number,
    out: Float32Array,
    levels = this.codebooks,
    stride = this.codebooks,
  ): void {
    const { size, dim, words } = this;
    for (let i = 0; i < count; i++) {
      for (let m = 0; m < levels; m++) {
        const from = (m * size + codes[i * stride + m]!) * dim;
        for (let d = 0, o = i * dim; d < dim; d++, o++) out[o] = out[o]! + words[from + d]!;
      }
    }
  }

  /** Mean squared error per vector of codes [n, M] of rows [n, D]. */
  error(rows: Float32Array, count: number, codes: Int32Array): number {
    const decoded = new Float32Array(count * this.dim);
    this.decode(codes, count, decoded);
    let sum = 0;
    for (let i = 0; i < decoded.length; i++) sum += (rows[i]! - decoded[i]!) ** 2;
    return sum / count;
  }
}

/** Exponent of a float64 > 0: 2^e <= value < 2^(e + 1). */
export function exponentOf(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return ((view.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

/** Base of quantizers that decode by a sum of words. */
export abstract class AdditiveQuantizer extends BaseQuantizer implements TableQuantizer {
  protected readonly books: AdditiveCodebooks;

  constructor(
    books: AdditiveCodebooks,
    traits: Pick<QuantizerTraits, "kind" | "spec"> & Partial<QuantizerTraits>,
  ) {
    super({
      // Another code may have the same sum, and the search is not exhaustive.
      idempotent: false,
      prefixDecodable: false,
      ...traits,
      dim: books.dim,
      codebookSizes: Array.from({ length: books.codebooks }, () => books.size),
    });
    this.books = books;
  }

  /** Codes by the threads of `options.kernels`, or undefined where they cannot run this search. */
  protected async searchAsync(
    search: {
      runsOn(kernels: AsyncKernels | undefined, count: number): boolean;
      encodeWith(
        kernels: AsyncKernels | undefined,
        rows: Float32Array,
        count: number,
        out: Int32Array,
        stride?: number,
        signal?: AbortSignal,
      ): Promise<void>;
    },
    latents: Matrix,
    { kernels, signal }: AsyncOptions,
  ): Promise<Codes | undefined> {
    signal?.throwIfAborted();
    if (!search.runsOn(kernels, latents.shape[0])) return undefined;
    const rows = this.check(latents);
    const { codebooks } = this.books;
    const data = new Int32Array(rows * codebooks);
    await search.encodeWith(kernels, latents.data, rows, data, codebooks, signal);
    return { data, shape: [rows, codebooks] };
  }

  protected decode(codes: Codes, levels: number, out: Float32Array): void {
    this.books.decode(codes.data, codes.shape[0], out, levels, codes.shape[1]);
  }

  /** |q|² and -2 q·c of every word; the norms of the stored vectors are added by the index. */
  distanceTables(queries: Matrix): DistanceTables {
    const n = checkMatrix(queries, this.dim, "queries");
    const { total, words } = this.books;
    const data = new Float32Array(n * total);
    products(queries.data, n, this.dim, words, total, data, { factor: -2 });
    const bias = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      for (let d = 0; d < this.dim; d++) bias[i] = bias[i]! + queries.data[i * this.dim + d]! ** 2;
    }
    return { queries: n, sizes: this.codebookSizes, data, bias, norms: true };
  }

  distanceTablesOfCodes(codes: Codes): DistanceTables {
    return this.distanceTables(this.dequantize(codes));
  }

  /** |x̂|² of codes [N, M]. */
  codeNorms(codes: Codes): Float32Array {
    const n = checkCodes(codes, this.codebookSizes);
    const out = new Float32Array(n);
    const { dim } = this;
    const row = new Float32Array(dim);
    const width = this.codebookSizes.length;
    for (let i = 0; i < n; i++) {
      row.fill(0);
      this.books.decode(codes.data.subarray(i * width, (i + 1) * width), 1, row);
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += row[d]! * row[d]!;
      out[i] = sum;
    }
    return out;
  }

  protected bookTensors() {
    const { codebooks, size, dim, words } = this.books;
    return { codebook: { data: words, shape: [codebooks, size, dim] } };
  }
}

/** Refuses pair tables past `MAX_WORDS`². */
export function checkTableSize(codebooks: number, size: number, spec: string): void {
  if (codebooks * size > MAX_WORDS) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `at most ${MAX_WORDS} words in all codebooks: encoding holds a table of all pairs`,
      got: `${codebooks} x ${size} = ${codebooks * size}`,
      remedy:
        "Use fewer or smaller codebooks, or residual quantization, which needs no such table.",
    });
  }
}

/**
 * First codebooks and codes by greedy residual k-means, on rows [n, D].
 *
 * @returns codebooks [M, K, D] and codes [n, M]
 */
export async function residualStart(
  rows: Float32Array,
  n: number,
  dim: number,
  codebooks: number,
  size: number,
  options: FitOptions,
): Promise<{ readonly words: Float32Array; readonly codes: Int32Array }> {
  const words = new Float32Array(codebooks * size * dim);
  const codes = new Int32Array(n * codebooks);
  const rest = rows.slice(0, n * dim);
  for (let m = 0; m < codebooks; m++) {
    await fitStep(options, `first codebook ${m + 1}/${codebooks}`, m, codebooks);
    const book = await startingWords(rest, n, dim, size, m, options);
    words.set(book, m * size * dim);
    nearestWords(rest, n, dim, book, size, codes, m, codebooks);
    for (let i = 0; i < n; i++) {
      const from = codes[i * codebooks + m]! * dim;
      for (let d = 0, o = i * dim; d < dim; d++, o++) rest[o] = rest[o]! - book[from + d]!;
    }
  }
  return { words, codes };
}

/** k-means where there are vectors enough, else rows as they are. */
async function startingWords(
  rest: Float32Array,
  n: number,
  dim: number,
  size: number,
  level: number,
  { seed = 0, kernels, signal }: FitOptions,
): Promise<Float32Array> {
  if (n <= size) return lloyd(rest, n, dim, size, { seed, stream: level + 1, iterations: 0 });
  const { centroids } = await kmeans(
    { data: rest, shape: [n, dim] },
    {
      clusters: size,
      maxSamples: n,
      iterations: 8,
      // Levels must not start at the same rows.
      seed: (seed + level * 0x9e3779b1) % 2 ** 32,
      ...(kernels && { kernels }),
      ...(signal && { signal }),
    },
  );
  return centroids.data;
}

/** Words up to which the normal equations are solved directly. */
const MAX_DIRECT_WORDS = 384;
/**
 * Steps, and the share of the right side's length that may be left of it: what more of them gain lies along
 * directions that hardly change the sums of words, and codes change before the next solution anyway.
 */
const [MAX_GRADIENT_STEPS, GRADIENT_TOLERANCE] = [40, 1e-3];

/**
 * The codebooks of least squared error for given codes: (BᵀB + λ) C = BᵀX, with B [n, M K] the
 * one-hot codes. LSQ++ (Martinez, Zakhmi, Hoos, Little, ECCV 2018, section 4.1) solves them by Cholesky's
 * decomposition, at (M K)³ / 3; past some hundred words conjugate gradients, whose step costs 2 n M D, are
 * there much sooner (B holds M ones a row).
 *
 * @param rows [n, D]
 * @param codes [n, M]
 * @param start words [M, K, D] to start from, such as those that the codes are of
 * @returns [M, K, D]
 */
export function leastSquaresCodebooks(
  rows: Float32Array,
  n: number,
  dim: number,
  codes: Int32Array,
  codebooks: number,
  size: number,
  lambda = 1e-2,
  start?: Float32Array,
): Float32Array {
  const total = codebooks * size;
  const words = new Int32Array(n * codebooks);
  for (let i = 0; i < words.length; i++) words[i] = (i % codebooks) * size + codes[i]!;
  if (total > MAX_DIRECT_WORDS) {
    return conjugateGradients(rows, n, dim, words, codebooks, total, lambda, start);
  }
  const gram = new Float64Array(total * total);
  const right = new Float64Array(total * dim);
  for (let i = 0; i < n; i++) {
    for (let m = 0; m < codebooks; m++) {
      const j = words[i * codebooks + m]!;
      for (let o = 0; o <= m; o++) {
        const at = j * total + words[i * codebooks + o]!;
        gram[at] = gram[at]! + 1;
      }
      for (let d = 0, r = i * dim, at = j * dim; d < dim; d++, r++, at++) {
        right[at] = right[at]! + rows[r]!;
      }
    }
  }
  for (let j = 0; j < total; j++) gram[j * total + j] = gram[j * total + j]! + lambda;
  choleskySolve(gram, total, right, dim, size);
  return Float32Array.from(right);
}

/**
 * (BᵀB + λ) C = BᵀX by conjugate gradients, preconditioned by the diagonal: all columns of C side by side,
 * each with steps of its own. `words` [n, M]: the columns of B's ones.
 */
function conjugateGradients(
  rows: Float32Array,
  n: number,
  dim: number,
  words: Int32Array,
  codebooks: number,
  total: number,
  lambda: number,
  start: Float32Array | undefined,
): Float32Array {
  const counts = new Float64Array(total).fill(lambda);
  for (let i = 0; i < words.length; i++) counts[words[i]!]!++;
  const solution = start === undefined ? new Float64Array(total * dim) : Float64Array.from(start);
  const sum = new Float64Array(dim);
  /** out += Bᵀ (X - B V), or out += Bᵀ B V without X. */
  const apply = (v: Float64Array, out: Float64Array, x: Float32Array | undefined): void => {
    for (let i = 0; i < n; i++) {
      const first = i * codebooks;
      if (x === undefined) sum.fill(0);
      else for (let d = 0, at = i * dim; d < dim; d++, at++) sum[d] = -x[at]!;
      for (let m = first; m < first + codebooks; m++) {
        for (let d = 0, at = words[m]! * dim; d < dim; d++, at++) sum[d]! += v[at]!;
      }
      for (let m = first; m < first + codebooks; m++) {
        for (let d = 0, at = words[m]! * dim; d < dim; d++, at++) out[at]! += sum[d]!;
      }
    }
  };
  const residual = new Float64Array(total * dim);
  apply(solution, residual, rows);
  for (let i = 0; i < residual.length; i++) residual[i] = -residual[i]! - lambda * solution[i]!;
  // The right side's length, for when to stop.
  const target = new Float64Array(dim);
  const right = new Float64Array(total * dim);
  apply(new Float64Array(total * dim), right, rows);
  const direction = new Float64Array(total * dim);
  const image = new Float64Array(total * dim);
  const rho = new Float64Array(dim);
  const next = new Float64Array(dim);
  const curve = new Float64Array(dim);
  for (let j = 0, at = 0; j < total; j++) {
    const inverse = 1 / counts[j]!;
    for (let d = 0; d < dim; d++, at++) {
      direction[at] = residual[at]! * inverse;
      rho[d]! += residual[at]! * direction[at]!;
      target[d]! += right[at]! * right[at]! * inverse;
    }
  }
  for (let step = 0; step < MAX_GRADIENT_STEPS; step++) {
    let open = false;
    for (let d = 0; d < dim; d++) open ||= rho[d]! > GRADIENT_TOLERANCE ** 2 * target[d]!;
    if (!open) break;
    image.fill(0);
    apply(direction, image, undefined);
    curve.fill(0);
    for (let i = 0, d = 0; i < image.length; i++) {
      image[i]! += lambda * direction[i]!;
      curve[d]! += image[i]! * direction[i]!;
      if (++d === dim) d = 0;
    }
    next.fill(0);
    for (let d = 0; d < dim; d++) curve[d] = curve[d]! > 0 ? rho[d]! / curve[d]! : 0;
    for (let j = 0, at = 0; j < total; j++) {
      const inverse = 1 / counts[j]!;
      for (let d = 0; d < dim; d++, at++) {
        solution[at]! += curve[d]! * direction[at]!;
        const rest = residual[at]! - curve[d]! * image[at]!;
        residual[at] = rest;
        next[d]! += rest * rest * inverse;
      }
    }
    for (let d = 0; d < dim; d++) {
      const ratio = rho[d]! > 0 ? next[d]! / rho[d]! : 0;
      rho[d] = next[d]!;
      next[d] = ratio;
    }
    for (let j = 0, at = 0; j < total; j++) {
      const inverse = 1 / counts[j]!;
      for (let d = 0; d < dim; d++, at++) {
        direction[at] = residual[at]! * inverse + next[d]! * direction[at]!;
      }
    }
  }
  return Float32Array.from(solution);
}

/**
 * Solves A X = B in place for a symmetric positive definite A [n, n] (lower triangle, overwritten)
 * and B [n, columns]. The leading block of `diagonal` rows is known to be diagonal.
 */
export function choleskySolve(
  a: Float64Array,
  n: number,
  b: Float64Array,
  columns: number,
  diagonal = 1,
): void {
  for (let i = 0; i < n; i++) {
    const ri = i * n;
    const easy = Math.min(i, diagonal);
    for (let j = 0; j < easy; j++) a[ri + j] = a[ri + j]! / a[j * n + j]!;
    let j = easy;
    for (; j + 4 <= i; j += 4) {
      // Four columns share the loads of row i; the triangle among the four is settled after.
      const j0 = j * n;
      const j1 = j0 + n;
      const j2 = j1 + n;
      const j3 = j2 + n;
      let s0 = a[ri + j]!;
      let s1 = a[ri + j + 1]!;
      let s2 = a[ri + j + 2]!;
      let s3 = a[ri + j + 3]!;
      for (let k = 0; k < j; k++) {
        const v = a[ri + k]!;
        s0 -= v * a[j0 + k]!;
        s1 -= v * a[j1 + k]!;
        s2 -= v * a[j2 + k]!;
        s3 -= v * a[j3 + k]!;
      }
      s0 /= a[j0 + j]!;
      s1 = (s1 - s0 * a[j1 + j]!) / a[j1 + j + 1]!;
      s2 = (s2 - s0 * a[j2 + j]! - s1 * a[j2 + j + 1]!) / a[j2 + j + 2]!;
      s3 = (s3 - s0 * a[j3 + j]! - s1 * a[j3 + j + 1]! - s2 * a[j3 + j + 2]!) / a[j3 + j + 3]!;
      a[ri + j] = s0;
      a[ri + j + 1] = s1;
      a[ri + j + 2] = s2;
      a[ri + j + 3] = s3;
    }
    for (; j < i; j++) {
      let s = a[ri + j]!;
      for (let k = 0; k < j; k++) s -= a[ri + k]! * a[j * n + k]!;
      a[ri + j] = s / a[j * n + j]!;
    }
    let pivot = a[ri + i]!;
    for (let k = 0; k < i; k++) pivot -= a[ri + k]! * a[ri + k]!;
    // λ keeps it positive; rounding may not take it below the smallest that λ allows.
    a[ri + i] = Math.sqrt(Math.max(pivot, 1e-12));
  }
  for (let i = 0; i < n; i++) {
    const bi = i * columns;
    for (let k = i < diagonal ? i : 0; k < i; k++) {
      const v = a[i * n + k]!;
      if (v === 0) continue;
      for (let c = 0, bk = k * columns; c < columns; c++) b[bi + c] = b[bi + c]! - v * b[bk + c]!;
    }
    for (let c = 0; c < columns; c++) b[bi + c] = b[bi + c]! / a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const bi = i * columns;
    for (let c = 0; c < columns; c++) b[bi + c] = b[bi + c]! / a[i * n + i]!;
    for (let k = i < diagonal ? i : 0; k < i; k++) {
      const v = a[i * n + k]!;
      if (v === 0) continue;
      for (let c = 0, bk = k * columns; c < columns; c++) b[bk + c] = b[bk + c]! - v * b[bi + c]!;
    }
  }
}
