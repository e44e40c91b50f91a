/*
 * Composite quantization. Zhang, Du, Wang: "Composite Quantization for Approximate Nearest Neighbor
 * Search", ICML 2014 (PMLR 32); survey Eq. 15:
 *
 *   min Σ_n |x_n - Σ_m c_m,n|²   subject to   p_n = Σ_{m ≠ l} c_m,n · c_l,n = ξ for all n
 *
 * With a constant p, |q - x̂|² = Σ_m |q - c_m|² - (M - 1) |q|² + ξ: distances are sums of table entries and
 * no norm is stored. The constraint becomes the penalty μ (p_n - ξ)² (the paper's section 4), minimised
 * in turns over codes (coordinate descent, 3 sweeps in the paper, here until nothing changes), ξ (the mean
 * of p) and codebooks (L-BFGS). The start is product quantization, which has p = 0.
 *
 * The paper picks μ by validation. Here it is `penalty` / E, with E the mean squared error of the start:
 * then it does not depend on the scale of the vectors.
 */
import type { DistanceTables } from "../search/tables.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { lbfgs } from "../math/lbfgs.js";
import { AdditiveCodebooks, AdditiveQuantizer, checkTableSize } from "./additive.js";
import { BeamEncoder, additiveState } from "./aq.js";
import { checkMatrix } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specError, stateError } from "./parse.js";
import { checkIterations, splitCodebook } from "./pq.js";
import { fitProduct } from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "cq:<codebooks>x<K>";
const MAX_CODEBOOKS = 64;
const START_BEAM = 8;
/** Sweeps of coordinate descent after which it stops even if codes still change. */
const MAX_SWEEPS = 10;
/** Rounds of codes, ξ and codebooks; `iterations` where given. */
const ROUNDS = 10;
/** Steps of L-BFGS in a round. */
const SOLVER_STEPS = 8;

export interface CqFitOptions extends FitOptions {
  /** μ in units of 1 / (mean squared error of the start). Default 0.5. */
  readonly penalty?: number;
}

/** The constraint of a composite quantizer. */
export interface CompositeConstraint {
  /** ξ. */
  readonly constant: number;
  /** μ; 0 leaves products free, as in additive quantization. */
  readonly penalty: number;
}

/** Coordinate descent on |x - x̂|² + μ (p - ξ)². */
export class CompositeEncoder {
  readonly #books: AdditiveCodebooks;
  readonly #constraint: CompositeConstraint;
  readonly #sums: Float64Array;
  readonly #start: BeamEncoder;

  constructor(books: AdditiveCodebooks, constraint: CompositeConstraint) {
    this.#books = books;
    this.#constraint = constraint;
    this.#sums = new Float64Array(books.size);
    this.#start = new BeamEncoder(books, START_BEAM);
  }

  /** A code from scratch: beam search without the constraint, then descent with it. */
  encode(unary: Float32Array, unaryAt: number, out: Int32Array, at: number): void {
    this.#start.encode(unary, unaryAt, out, at);
    this.improve(unary, unaryAt, out, at);
  }

  /** Descent from the code in out[at…]; the objective never rises. Ties to the lowest index. */
  improve(unary: Float32Array, unaryAt: number, out: Int32Array, at: number): void {
    const { codebooks, size, total, pairs } = this.#books;
    const { constant, penalty } = this.#constraint;
    const sums = this.#sums;
    for (let visit = 0, clean = 0; visit < MAX_SWEEPS * codebooks && clean < codebooks; visit++) {
      const m = visit % codebooks;
      // Products of the other words among themselves, and with each word of codebook m.
      let others = 0;
      sums.fill(0);
      for (let o = 0; o < codebooks; o++) {
        if (o === m) continue;
        const row = (o * size + out[at + o]!) * total;
        for (let l = 0; l < o; l++) if (l !== m) others += pairs[row + l * size + out[at + l]!]!;
        for (let k = 0, g = row + m * size; k < size; k++, g++) sums[k] = sums[k]! + pairs[g]!;
      }
      const current = out[at + m]!;
      const cost = (k: number): number => {
        const off = others + sums[k]! - constant;
        return unary[unaryAt + m * size + k]! + sums[k]! + penalty * off * off;
      };
      let best = current;
      let bestCost = cost(current);
      for (let k = 0; k < size; k++) {
        const value = cost(k);
        if (value < bestCost) {
          bestCost = value;
          best = k;
        }
      }
      if (best === current) clean++;
      else {
        out[at + m] = best;
        clean = 1;
      }
    }
  }
}

/** Composite quantizer of latents [N, D] to codes [N, M]. */
export class CqQuantizer extends AdditiveQuantizer {
  readonly constraint: CompositeConstraint;
  #encoder: CompositeEncoder | undefined;

  constructor(books: AdditiveCodebooks, constraint: CompositeConstraint) {
    const spec = `cq:${books.codebooks}x${books.size}`;
    checkTableSize(books.codebooks, books.size, spec);
    super(books, { kind: "cq", spec });
    const { constant, penalty } = constraint;
    if (!Number.isFinite(constant) || !(penalty >= 0 && penalty < Infinity)) {
      throw new ArgumentError("constraint", {
        expected: "a finite constant and a penalty from 0",
        got: `${constant}, ${penalty}`,
        remedy: "Use the constraint that the codebooks were fitted with.",
      });
    }
    this.constraint = { constant, penalty };
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const { codebooks, total } = this.books;
    const encoder = (this.#encoder ??= new CompositeEncoder(this.books, this.constraint));
    this.books.forTiles(latents.data, latents.shape[0], (unary, first, n) => {
      for (let i = 0; i < n; i++) encoder.encode(unary, i * total, out, (first + i) * codebooks);
    });
  }

  /**
   * |q - c|² of every word, and ξ - (M - 1) |q|². A distance is off by p - ξ of the stored vector, which
   * the penalty keeps small; without a penalty the tables are the exact ones of additive codes.
   */
  override distanceTables(queries: Matrix): DistanceTables {
    if (this.constraint.penalty === 0) return super.distanceTables(queries);
    const n = checkMatrix(queries, this.dim, "queries");
    const { total, codebooks } = this.books;
    const data = new Float32Array(n * total);
    this.books.unary(queries.data, 0, n, data);
    const bias = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let norm = 0;
      for (let d = 0; d < this.dim; d++) norm += queries.data[i * this.dim + d]! ** 2;
      for (let j = i * total; j < (i + 1) * total; j++) data[j] = data[j]! + norm;
      bias[i] = this.constraint.constant - (codebooks - 1) * norm;
    }
    return { queries: n, sizes: this.codebookSizes, data, bias, norms: false };
  }

  protected stateParts() {
    const { codebooks, size, dim } = this.books;
    return { config: { dim, codebooks, size, ...this.constraint }, tensors: this.bookTensors() };
  }
}

/** p of codes [n, M]. */
export function dictionaryProducts(
  books: AdditiveCodebooks,
  codes: Int32Array,
  n: number,
): Float64Array {
  const { codebooks, size, total, pairs } = books;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let m = 0; m < codebooks; m++) {
      const row = (m * size + codes[i * codebooks + m]!) * total;
      for (let l = 0; l < m; l++)
        out[i] = out[i]! + pairs[row + l * size + codes[i * codebooks + l]!]!;
    }
  }
  return out;
}

/** A CQ quantizer of existing codebooks [M, K, D]; without a constraint products are free. */
export function cq(
  codebook: { readonly data: Float32Array; readonly shape: readonly number[] },
  constraint: CompositeConstraint = { constant: 0, penalty: 0 },
): CqQuantizer {
  const [codebooks = 0, size = 0] = codebook.shape;
  const { width } = splitCodebook(codebook, codebooks, size, "cq");
  const books = new AdditiveCodebooks(codebooks, size, width, codebook.data.slice());
  return new CqQuantizer(books, constraint);
}

function parse(spec: string): { codebooks: number; size: number } {
  const match = /^cq:(\d+)x(\d+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const codebooks = parseCount(match[1]!, MAX_CODEBOOKS, spec, GRAMMAR);
  const size = parseCount(match[2]!, 65536, spec, GRAMMAR);
  checkTableSize(codebooks, size, spec);
  return { codebooks, size };
}

/**
 * Objective and its gradient with respect to codebooks [M, K, D], for given codes and ξ:
 * ∂/∂c_m = 2 (x̂ - x) + 4 μ (p - ξ) (x̂ - c_m), summed over the vectors that use the word.
 */
export function compositeObjective(
  rows: Float32Array,
  n: number,
  codes: Int32Array,
  words: Float64Array,
  codebooks: number,
  size: number,
  dim: number,
  { constant, penalty }: CompositeConstraint,
  gradient: Float64Array,
): number {
  gradient.fill(0);
  const sum = new Float64Array(dim);
  let value = 0;
  for (let i = 0; i < n; i++) {
    sum.fill(0);
    let squares = 0;
    for (let m = 0; m < codebooks; m++) {
      const from = (m * size + codes[i * codebooks + m]!) * dim;
      for (let d = 0; d < dim; d++) {
        const c = words[from + d]!;
        sum[d] = sum[d]! + c;
        squares += c * c;
      }
    }
    let off = -squares - constant;
    for (let d = 0, r = i * dim; d < dim; d++, r++) {
      const s = sum[d]!;
      off += s * s;
      value += (s - rows[r]!) ** 2;
    }
    value += penalty * off * off;
    const pull = 4 * penalty * off;
    for (let m = 0; m < codebooks; m++) {
      const from = (m * size + codes[i * codebooks + m]!) * dim;
      for (let d = 0, r = i * dim; d < dim; d++, r++) {
        const g = 2 * (sum[d]! - rows[r]!) + pull * (sum[d]! - words[from + d]!);
        gradient[from + d] = gradient[from + d]! + g;
      }
    }
  }
  return value;
}

/** Fits `cq:<M>x<K>`; `iterations`: rounds over codes, ξ and codebooks, 10 where left out. */
export async function fitCq(
  spec: string,
  vectors: VectorSource,
  options: CqFitOptions = {},
): Promise<CqQuantizer> {
  const { codebooks, size } = parse(spec);
  checkIterations(options);
  const weight = options.penalty ?? 0.5;
  if (!(weight > 0 && weight < Infinity)) {
    throw new ArgumentError("penalty", {
      expected: "a finite number above 0",
      got: String(weight),
      remedy: "Use aq or lsq for codebooks without a constraint.",
    });
  }
  const dim = sourceDim(vectors);
  if (codebooks > dim) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `at most D = ${dim} codebooks: the start gives each a coordinate or more`,
      got: String(codebooks),
      remedy: "Use fewer codebooks.",
    });
  }
  const total = codebooks * size;
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 8 * dim + 8 * codebooks,
    fixedBytes: 4 * total * total + 8 * 24 * total * dim,
  });
  const n = sample.shape[0];
  const { data } = sample;
  const { iterations, ...rest } = options;
  const start = await startByProduct(data, n, dim, codebooks, size, rest);
  let words = start.words;
  const { codes } = start;
  let books = new AdditiveCodebooks(codebooks, size, dim, Float32Array.from(words));
  const scale = books.error(data, n, codes) || 1;
  const penalty = weight / scale;
  let constant = 0;
  const unary = new Float32Array(64 * total);
  const rounds = iterations ?? ROUNDS;
  let error: number | undefined;
  for (let round = 0; round < rounds; round++) {
    await fitStep(options, "codebooks and codes", round, rounds, error);
    const constraint = { constant, penalty };
    const value = (x: Float64Array, gradient: Float64Array): number =>
      compositeObjective(data, n, codes, x, codebooks, size, dim, constraint, gradient);
    // A word has about n / K vectors: without a penalty this step would take it to their mean.
    words = lbfgs(words, value, { steps: SOLVER_STEPS, rate: size / (2 * n) });
    books = new AdditiveCodebooks(codebooks, size, dim, Float32Array.from(words));
    const encoder = new CompositeEncoder(books, constraint);
    for (let first = 0, tile = 1; first < n; first += 64, tile++) {
      const count = Math.min(64, n - first);
      books.unary(data, first, count, unary);
      for (let i = 0; i < count; i++) {
        encoder.improve(unary, i * total, codes, (first + i) * codebooks);
      }
      if (tile % 32 === 0) await fitStep(options, "codes", first, n, error);
    }
    constant = dictionaryProducts(books, codes, n).reduce((sum, p) => sum + p, 0) / n;
    error = books.error(data, n, codes);
  }
  return new CqQuantizer(books, { constant, penalty });
}

/** Product codebooks as full-width words, zero outside of their interval: all products are 0. */
async function startByProduct(
  rows: Float32Array,
  n: number,
  dim: number,
  codebooks: number,
  size: number,
  options: FitOptions,
): Promise<{ readonly words: Float64Array; readonly codes: Int32Array }> {
  const widths = Array.from(
    { length: codebooks },
    (_, m) => Math.floor(((m + 1) * dim) / codebooks) - Math.floor((m * dim) / codebooks),
  );
  const product = await fitProduct(
    rows,
    n,
    widths,
    widths.map(() => size),
    options,
  );
  const codes = new Int32Array(n * codebooks);
  product.encode(rows, n, codes, codebooks);
  const words = new Float64Array(codebooks * size * dim);
  product.parts.forEach((part, m) => {
    for (let k = 0; k < size; k++) {
      const from = part.words.subarray(k * part.width, (k + 1) * part.width);
      words.set(from, (m * size + k) * dim + part.start);
    }
  });
  return { words, codes };
}

export const cqFamily: QuantizerFamily = {
  kind: "cq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("cq:"),
  fit: fitCq,
  /** Codebooks [M, K, D] without a constraint: products are free, search adds stored norms. */
  fromCodebook(spec, codebook): CqQuantizer {
    const { codebooks, size } = parse(spec);
    const { width } = splitCodebook(codebook, codebooks, size, spec);
    return new CqQuantizer(new AdditiveCodebooks(codebooks, size, width, codebook.data.slice()), {
      constant: 0,
      penalty: 0,
    });
  },
  fromState(state: QuantizerState): CqQuantizer {
    checkState(state, "cq");
    const { constant, penalty } = state.config;
    if (!Number.isFinite(constant) || !Number.isFinite(penalty) || (penalty as number) < 0) {
      throw stateError(state, "a finite constant and a penalty from 0", { constant, penalty });
    }
    return new CqQuantizer(additiveState(state, MAX_CODEBOOKS), {
      constant: constant as number,
      penalty: penalty as number,
    });
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-cq",
    name: "CQ (constant products between dictionaries)",
    kind: "cq",
    family: "PQ",
    file: "quantizers/cq.ts",
    use: "cq:8x256",
    source: "ICML 2014, PMLR 32, sections 3 and 4; survey Eq. 15",
  },
];
