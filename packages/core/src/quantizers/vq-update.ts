/*
 * Online learning of a VQ codebook, batch by batch, and its remedies against collapse.
 *
 * EMA (van den Oord et al., arXiv 1711.00937, appendix A.1; survey Eq. 11-13), n_k the vectors of a
 * batch in cluster k and s_k their sum:
 *
 *   N_k <- g N_k + (1 - g) n_k        M_k <- g M_k + (1 - g) s_k        c_k = M_k / N_k
 *
 * The printed formula divides by zero for a code that was never used. Counts are smoothed instead,
 * N'_k = (N_k + e) / (N + K e) N with N = sum of N_k, as the reference implementation does, and M is
 * started at N_k c_k, so that a code which sees nothing decays to no other place.
 *
 * Dead codes. HQA (Williams et al., arXiv 2002.08111) re-seeds an unused code next to the busiest:
 * a copy with noise, the pair sharing its count. CVQ-VAE (Zheng and Vedaldi, arXiv 2307.15139, Eq.
 * 4-6) moves every code toward an anchor vector of the batch, by a weight that fades with its usage:
 *
 *   a_k = exp(-N_k K 10 / (1 - g) - e)      c_k <- (1 - a_k) c_k + a_k z_k
 *
 * with N_k the running share of all vectors, from 0 at the start (so that codes which the first batches
 * do not use move at once), and z_k the batch's vector nearest to code k, or one at random.
 */
import { ArgumentError } from "../errors/index.js";
import { nearest } from "../kernels/portable.js";
import { exactDistance } from "../kernels/reference.js";
import { Random, createRandom } from "../math/random.js";
import type { NearestResult } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { checkCodes, checkInteger, checkMatrix } from "./checks.js";
import type { Technique } from "./technique.js";

/** Vectors of an average code before codes count as dead: by chance, e^-10 of them have none. */
const GRACE = 10;

export type DeadCodeReset =
  | { readonly kind: "none" }
  /**
   * HQA: codes that get fewer than `threshold` vectors a batch (running mean) move beside busy ones, once
   * an average code has had `GRACE` vectors: before, a code may be unused by chance.
   */
  | { readonly kind: "split"; readonly threshold?: number; readonly noise?: number }
  /** CVQ-VAE: usage-weighted anchors, the nearest vector of the batch or a random one. */
  | { readonly kind: "anchors"; readonly anchor?: "nearest" | "random" };

export interface EmaOptions {
  /** g. Default 0.99. */
  readonly decay?: number;
  /** e of the smoothed counts. Default 1e-5. */
  readonly epsilon?: number;
  /** Default none. */
  readonly reset?: DeadCodeReset;
  /** Default 0. */
  readonly seed?: number;
}

/** A codebook that follows a stream of batches. */
export class EmaCodebook {
  readonly #decay: number;
  readonly #epsilon: number;
  readonly #reset: DeadCodeReset;
  readonly #random: Random;
  readonly #size: number;
  readonly #dim: number;
  /** N_k, vectors per batch. */
  readonly #counts: Float64Array;
  /** M_k. */
  readonly #sums: Float64Array;
  /** Running vectors per batch from 0: what the resets go by. N_k itself remembers its start for long. */
  readonly #usage: Float64Array;
  /** Sum of the running means' weights: 1 - g^t. */
  #seenWeight = 0;
  #seenVectors = 0;
  #words: Float32Array;

  /** @param codebook [K, D] to start from; it is copied */
  constructor(codebook: Matrix, options: EmaOptions = {}) {
    this.#size = checkMatrix(codebook, undefined, "codebook");
    checkInteger(this.#size, 1, 2 ** 31, "rows of the codebook");
    this.#dim = codebook.shape[1];
    this.#decay = inRange(options.decay ?? 0.99, 0, 1, "decay");
    this.#epsilon = inRange(options.epsilon ?? 1e-5, Number.MIN_VALUE, 1, "epsilon");
    this.#reset = options.reset ?? { kind: "none" };
    if (!["none", "split", "anchors"].includes(this.#reset.kind)) {
      throw new ArgumentError("reset", {
        expected: 'a kind of "none", "split" or "anchors"',
        got: String(this.#reset.kind),
        remedy: "Leave it out for none.",
      });
    }
    this.#random = createRandom(options.seed ?? 0, 3);
    this.#words = codebook.data.slice();
    this.#counts = new Float64Array(this.#size).fill(1);
    this.#sums = Float64Array.from(codebook.data);
    this.#usage = new Float64Array(this.#size);
  }

  /** A copy of the codebook as it is now, [K, D]. */
  get codebook(): Matrix {
    return { data: this.#words.slice(), shape: [this.#size, this.#dim] };
  }

  /** Smoothed counts N_k, vectors per batch. */
  get counts(): Float64Array {
    return this.#counts.slice();
  }

  /**
   * One step on a batch [n, D]; an empty one changes nothing.
   *
   * @param assigned codes of the batch, length n, where they are not the nearest (`stochasticAssign`)
   * @returns codes of the batch by the codebook before the step, and their mean squared error
   */
  update(
    batch: Matrix,
    assigned?: Int32Array,
  ): { readonly indices: Int32Array; readonly error: number } {
    const rows = checkMatrix(batch, this.#dim, "batch");
    if (rows === 0) return { indices: new Int32Array(0), error: 0 };
    const [size, dim] = [this.#size, this.#dim];
    const { indices, distances } =
      assigned === undefined
        ? nearest(batch, { data: this.#words, shape: [size, dim] })
        : this.#given(batch, rows, assigned);
    const counts = new Float64Array(size);
    const sums = new Float64Array(size * dim);
    let error = 0;
    for (let n = 0, from = 0; n < rows; n++) {
      counts[indices[n]!]!++;
      error += distances[n]!;
      for (let d = 0, at = indices[n]! * dim; d < dim; d++) sums[at++]! += batch.data[from++]!;
    }
    const g = this.#decay;
    let total = 0;
    for (let k = 0; k < size; k++) {
      this.#counts[k] = g * this.#counts[k]! + (1 - g) * counts[k]!;
      this.#usage[k] = g * this.#usage[k]! + (1 - g) * counts[k]!;
      total += this.#counts[k]!;
    }
    for (let i = 0; i < sums.length; i++) this.#sums[i] = g * this.#sums[i]! + (1 - g) * sums[i]!;
    this.#seenWeight = g * this.#seenWeight + (1 - g);
    this.#seenVectors += rows;
    const share = total / (total + size * this.#epsilon);
    for (let k = 0; k < size; k++) {
      // A code that has decayed to nothing keeps its place.
      if (this.#counts[k]! < 1e-12) continue;
      const smoothed = (this.#counts[k]! + this.#epsilon) * share;
      for (let d = 0, at = k * dim; d < dim; d++, at++) {
        this.#words[at] = this.#sums[at]! / smoothed;
      }
    }
    if (this.#reset.kind === "split") this.#split(this.#reset);
    else if (this.#reset.kind === "anchors") this.#anchor(batch, rows, this.#reset);
    return { indices, error: error / rows };
  }

  /** Distances to codes that the caller chose. */
  #given(batch: Matrix, rows: number, indices: Int32Array): NearestResult {
    checkCodes({ data: indices, shape: [rows, 1] }, [this.#size], { what: "assigned codes" });
    const distances = Float32Array.from(indices, (k, n) =>
      exactDistance(batch.data, n, this.#words, k, this.#dim),
    );
    return { indices, distances };
  }

  #split({ threshold = 0.01, noise = 0.01 }: { threshold?: number; noise?: number }): void {
    const [size, dim] = [this.#size, this.#dim];
    if (this.#seenVectors < GRACE * size) return;
    const usage = this.#usage;
    const least = threshold * this.#seenWeight;
    for (let k = 0; k < size; k++) {
      if (usage[k]! >= least) continue;
      let busy = 0;
      for (let j = 1; j < size; j++) if (usage[j]! > usage[busy]!) busy = j;
      if (busy === k || usage[busy]! < 2 * least) return;
      let norm = 0;
      for (let d = 0; d < dim; d++) norm += this.#words[busy * dim + d]! ** 2;
      const scale = noise * Math.sqrt(norm / dim) || noise;
      for (let d = 0; d < dim; d++) {
        this.#words[k * dim + d] = this.#words[busy * dim + d]! + scale * this.#random.normal();
      }
      usage[k] = usage[busy] = usage[busy]! / 2;
      const half = this.#counts[busy]! / 2;
      this.#place(k, half);
      this.#place(busy, half);
    }
  }

  #anchor(batch: Matrix, rows: number, { anchor = "nearest" }: { anchor?: string }): void {
    const [size, dim] = [this.#size, this.#dim];
    const codebook: Matrix = { data: this.#words, shape: [size, dim] };
    const picks =
      anchor === "random"
        ? Int32Array.from({ length: size }, () => this.#random.integer(rows))
        : nearest(codebook, batch).indices;
    for (let k = 0; k < size; k++) {
      const usage = this.#usage[k]! / rows;
      const weight = Math.exp((-usage * size * 10) / (1 - this.#decay) - 1e-3);
      if (!(weight > 1e-9)) continue;
      const from = picks[k]! * dim;
      for (let d = 0, at = k * dim; d < dim; d++, at++) {
        this.#words[at] = this.#words[at]! * (1 - weight) + batch.data[from + d]! * weight;
      }
      this.#place(k, this.#counts[k]!);
    }
  }

  /** Makes M_k agree with a word that was moved. */
  #place(k: number, count: number): void {
    this.#counts[k] = count;
    for (let d = 0, at = k * this.#dim; d < this.#dim; d++, at++) {
      this.#sums[at] = this.#words[at]! * count;
    }
  }
}

function inRange(value: number, low: number, high: number, what: string): number {
  if (!(value >= low && value < high)) {
    throw new ArgumentError(what, {
      expected: `a number in [${low}, ${high})`,
      got: String(value),
      remedy: "Leave it out for the default.",
    });
  }
  return value;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-vq-ema",
    name: "EMA codebook with smoothed counts",
    family: "VQ",
    file: "quantizers/vq-update.ts",
    use: "new EmaCodebook(codebook, { decay: 0.99 })",
    source: "arXiv 1711.00937, appendix A.1; survey Eq. 11-13",
  },
  {
    id: "t-vq-reset-hqa",
    name: "Dead codes re-seeded beside busy ones (HQA)",
    family: "VQ",
    file: "quantizers/vq-update.ts",
    use: 'reset: { kind: "split" }',
    source: "arXiv 2002.08111",
  },
  {
    id: "t-vq-reset-cvq",
    name: "Usage-weighted anchors (CVQ-VAE)",
    family: "VQ",
    file: "quantizers/vq-update.ts",
    use: 'reset: { kind: "anchors" }',
    source: "arXiv 2307.15139, Eq. 4-6",
  },
];
