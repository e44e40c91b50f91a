/*
 * Local search quantization. Martinez, Clement, Hoos, Little: "Revisiting Additive Quantization",
 * ECCV 2016 (doi 10.1007/978-3-319-46475-6_9), and Martinez, Zakhmi, Hoos, Little: "LSQ++: Lower
 * Running Time and Higher Recall in Multi-Codebook Quantization", ECCV 2018
 * (doi 10.1007/978-3-030-01270-0_30).
 *
 * Encoding, ILS: from a code, change a few entries at random, then iterate conditional modes (ICM):
 * choose the best word of one codebook while all others stay, in turns, until nothing changes. The
 * result replaces the code where the error is lower. ICM never raises the error, so neither does ILS.
 * The random changes follow from the vector's own bits: a vector has one code, whatever its batch.
 *
 * Fitting: codes and codebooks in turns. LSQ++ solves the codebooks directly from the regularised
 * normal equations (`leastSquaresCodebooks`), and adds noise that fades out: SR-C to the vectors that
 * the codebooks are solved for, SR-D to the codebooks, divided by M. Round i of I has the temperature
 * (1 - i / I)^(1/2). The noise here has the spread of the residuals at the start, not of the vectors; a few rounds without noise follow, since the start here, by residual k-means, is
 * better than the papers' random one and the last gains come from plain descent.
 */
import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { createRandom } from "../math/random.js";
import {
  AdditiveCodebooks,
  AdditiveQuantizer,
  checkTableSize,
  leastSquaresCodebooks,
  residualStart,
} from "./additive.js";
import { AdditiveSearch, encodeInSteps } from "./additive-search.js";
import { BeamEncoder, additiveState } from "./aq.js";
import { checkInteger } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specError, stateInteger } from "./parse.js";
import { checkIterations, splitCodebook } from "./pq.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "lsq:<codebooks>x<K>[,ils=<rounds>]";
const DEFAULT_ROUNDS = 8;
const MAX_ROUNDS = 4096;
const MAX_CODEBOOKS = 64;
/** Sweeps of ICM after which it stops even if codes still change. */
const MAX_SWEEPS = 8;
/** Beam of the code that local search starts from: random changes alone stay far above it. */
const START_BEAM = 8;
/** Share of the rounds of fitting that have noise. */
const NOISY_SHARE = 0.6;

export interface LsqFitOptions extends FitOptions {
  /** Stochastic relaxation of LSQ++: noise on the codebooks ("sr-d"), on the vectors ("sr-c"), or none. Default "sr-d". */
  readonly relaxation?: "sr-d" | "sr-c" | "none";
  /** ILS rounds a vector gets in each round of fitting. Default 4. */
  readonly trainRounds?: number;
}

/** Iterated local search over the tables of additive codebooks. */
export class IlsEncoder {
  readonly #books: AdditiveCodebooks;
  readonly #sums: Float32Array;
  readonly #trial: Int32Array;
  readonly #dirty: Uint8Array;
  readonly #start: BeamEncoder;
  readonly #perturbed: number;
  #state = 1;

  constructor(books: AdditiveCodebooks) {
    this.#books = books;
    this.#sums = new Float32Array(books.size);
    this.#trial = new Int32Array(books.codebooks);
    this.#dirty = new Uint8Array(books.codebooks);
    this.#start = new BeamEncoder(books, START_BEAM);
    // The papers change 4 of 7 or 8 entries.
    this.#perturbed = Math.max(1, Math.min(4, books.codebooks >> 1));
  }

  /**
   * A code for one vector, from scratch: a narrow beam search, then local search.
   *
   * @param seed 32 bits that the random changes follow from
   */
  encode(
    unary: Float32Array,
    unaryAt: number,
    rounds: number,
    seed: number,
    out: Int32Array,
    at: number,
  ): void {
    this.#start.encode(unary, unaryAt, out, at);
    this.improve(unary, unaryAt, rounds, seed, out, at);
  }

  /** Local search from the code in out[at…]; its error never rises. */
  improve(
    unary: Float32Array,
    unaryAt: number,
    rounds: number,
    seed: number,
    out: Int32Array,
    at: number,
  ): void {
    const { codebooks, size } = this.#books;
    const trial = this.#trial;
    // Xorshift has one fixed point, zero.
    this.#state = seed | 0 || 0x9e3779b9;
    for (let m = 0; m < codebooks; m++) trial[m] = out[at + m]!;
    this.#dirty.fill(1);
    let best = this.#books.energy(unary, unaryAt, out, at);
    for (let round = 0; round <= rounds; round++) {
      if (round > 0) {
        for (let m = 0; m < codebooks; m++) trial[m] = out[at + m]!;
        this.#dirty.fill(0);
        for (let p = 0; p < this.#perturbed; p++) {
          const m = this.#random(codebooks);
          const k = this.#random(size);
          if (trial[m] !== k) {
            trial[m] = k;
            this.#dirty.fill(1);
          }
        }
      }
      this.#icm(unary, unaryAt);
      const value = this.#books.energy(unary, unaryAt, trial, 0);
      if (value < best) {
        best = value;
        for (let m = 0; m < codebooks; m++) out[at + m] = trial[m]!;
      }
    }
  }

  #icm(unary: Float32Array, unaryAt: number): void {
    const { codebooks, size, total, pairs } = this.#books;
    const sums = this.#sums;
    const trial = this.#trial;
    const dirty = this.#dirty;
    for (let visit = 0, clean = 0; visit < MAX_SWEEPS * codebooks && clean < codebooks; visit++) {
      const m = visit % codebooks;
      if (dirty[m] === 0) {
        clean++;
        continue;
      }
      dirty[m] = 0;
      const column = m * size;
      for (let k = 0, u = unaryAt + column; k < size; k++, u++) sums[k] = unary[u]!;
      // Float32 sums in the order of assembly/additive.ts.
      for (let o = 0; o < codebooks; o++) {
        if (o === m) continue;
        for (let k = 0, g = (o * size + trial[o]!) * total + column; k < size; k++, g++) {
          sums[k] = sums[k]! + pairs[g]!;
        }
      }
      const current = trial[m]!;
      let best = current;
      let bestValue = sums[current]!;
      for (let k = 0; k < size; k++) {
        if (sums[k]! < bestValue) {
          bestValue = sums[k]!;
          best = k;
        }
      }
      if (best === current) clean++;
      else {
        trial[m] = best;
        dirty.fill(1);
        dirty[m] = 0;
        clean = 1;
      }
    }
  }

  /** Uniform in [0, bound) up to 2^-32: xorshift32 (Marsaglia, 2003). */
  #random(bound: number): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s;
    return Math.floor(((s >>> 0) / 4294967296) * bound);
  }
}

/** 32 bits that follow from a row's values: FNV-1a over words, with a final mix. */
export function rowSeed(bits: Int32Array, at: number, dim: number, salt: number): number {
  let h = 0x811c9dc5 ^ salt;
  for (let d = 0; d < dim; d++) h = Math.imul(h ^ bits[at + d]!, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}

/** Codes by a beam search and `rounds` of local search; `salt` tells its random changes from others. */
export function localSearch(
  books: AdditiveCodebooks,
  rounds: number,
  salt: number,
): AdditiveSearch {
  return new AdditiveSearch(books, { kind: "local", beam: START_BEAM, rounds, salt }, (normal) => {
    const encoder = new IlsEncoder(normal);
    return (unary, unaryAt, row, out, at) => {
      const bits = new Int32Array(row.buffer, row.byteOffset, row.length);
      encoder.encode(unary, unaryAt, rounds, rowSeed(bits, 0, row.length, salt), out, at);
    };
  });
}

/** Additive quantizer of latents [N, D] to codes [N, M], encoded by iterated local search. */
export class LsqQuantizer extends AdditiveQuantizer {
  /** ILS rounds that a vector gets. */
  readonly rounds: number;
  #search: AdditiveSearch | undefined;

  constructor(books: AdditiveCodebooks, rounds = DEFAULT_ROUNDS) {
    const spec = `lsq:${books.codebooks}x${books.size}${rounds === DEFAULT_ROUNDS ? "" : `,ils=${rounds}`}`;
    checkTableSize(books.codebooks, books.size, spec);
    super(books, { kind: "lsq", spec });
    this.rounds = checkInteger(rounds, 0, MAX_ROUNDS, "ils");
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    this.#search ??= localSearch(this.books, this.rounds, 0);
    this.#search.encode(latents.data, latents.shape[0], out);
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    this.#search ??= localSearch(this.books, this.rounds, 0);
    const codes = await this.searchAsync(this.#search, latents, options);
    return codes ?? super.quantizeAsync(latents, options);
  }

  protected stateParts() {
    const { codebooks, size, dim } = this.books;
    return { config: { dim, codebooks, size, rounds: this.rounds }, tensors: this.bookTensors() };
  }
}

function parse(spec: string): { codebooks: number; size: number; rounds: number } {
  const match = /^lsq:(\d+)x(\d+)(?:,ils=(\d+))?$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const codebooks = parseCount(match[1]!, MAX_CODEBOOKS, spec, GRAMMAR);
  const size = parseCount(match[2]!, 65536, spec, GRAMMAR);
  const rounds =
    match[3] === undefined
      ? DEFAULT_ROUNDS
      : match[3] === "0"
        ? 0
        : parseCount(match[3], MAX_ROUNDS, spec, GRAMMAR);
  checkTableSize(codebooks, size, spec);
  return { codebooks, size, rounds };
}

/** Fits by the rounds of LSQ++; `iterations`: 12 where left out. The best round is kept. */
export async function fitLsq(
  spec: string,
  vectors: VectorSource,
  options: LsqFitOptions = {},
): Promise<LsqQuantizer> {
  const { codebooks, size, rounds } = parse(spec);
  checkIterations(options);
  const relaxation = options.relaxation ?? "sr-d";
  if (!["sr-c", "sr-d", "none"].includes(relaxation)) {
    throw new ArgumentError("relaxation", {
      expected: '"sr-d", "sr-c" or "none"',
      got: String(relaxation),
      remedy: "Leave it out for sr-d.",
    });
  }
  const trainRounds = checkInteger(options.trainRounds ?? 4, 0, MAX_ROUNDS, "trainRounds");
  const dim = sourceDim(vectors);
  const total = codebooks * size;
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 12 * dim + 8 * codebooks,
    fixedBytes: 12 * total * total + 24 * total * dim,
  });
  const n = sample.shape[0];
  const { data } = sample;
  const start = await residualStart(data, n, dim, codebooks, size, options);
  const { codes } = start;
  let books = new AdditiveCodebooks(codebooks, size, dim, start.words);
  let solvedWords = start.words;
  // By the same search as later: residual codes alone would make the first round look better than it is.
  const first = localSearch(books, trainRounds, 0);
  await encodeInSteps(first, sample, codes, codebooks, options, Infinity);
  let best = books;
  let bestError = books.error(data, n, codes);
  const rest = new Float32Array(n * dim);
  books.decode(codes, n, rest);
  for (let i = 0; i < rest.length; i++) rest[i] = data[i]! - rest[i]!;
  const spread = deviations(rest, n, dim);
  const steps = options.iterations ?? 12;
  const noisy = Math.ceil(steps * NOISY_SHARE);
  const random = createRandom(options.seed ?? 0, 0x15a);
  for (let step = 0; step < steps; step++) {
    await fitStep(options, "codebooks and codes", step, steps, bestError);
    const temperature = Math.sqrt(Math.max(0, 1 - (step + 1) / noisy));
    let target = data;
    if (relaxation === "sr-c" && temperature > 0) {
      target = data.map((v, i) => v + temperature * spread[i % dim]! * random.normal());
    }
    const words = leastSquaresCodebooks(
      target,
      n,
      dim,
      codes,
      codebooks,
      size,
      undefined,
      solvedWords,
    );
    solvedWords = words;
    const solved = new AdditiveCodebooks(codebooks, size, dim, words);
    books = solved;
    if (relaxation === "sr-d" && temperature > 0) {
      const shaken = words.map(
        (v, i) => v + ((temperature * spread[i % dim]!) / codebooks) * random.normal(),
      );
      books = new AdditiveCodebooks(codebooks, size, dim, shaken);
    }
    const search = localSearch(books, trainRounds, step + 1);
    await encodeInSteps(search, sample, codes, codebooks, options, bestError);
    // Codes as the encoder finds them: those that the codebooks were solved for may be out of its reach.
    if (books === solved && target === data) {
      const after = books.error(data, n, codes);
      if (after < bestError) {
        best = books;
        bestError = after;
      }
    }
  }
  return new LsqQuantizer(best, rounds);
}

/** Standard deviation of each column of rows [n, D]. */
function deviations(rows: Float32Array, n: number, dim: number): Float64Array {
  const mean = new Float64Array(dim);
  const out = new Float64Array(dim);
  for (let i = 0; i < n * dim; i++) mean[i % dim] = mean[i % dim]! + rows[i]! / n;
  for (let i = 0; i < n * dim; i++) out[i % dim] = out[i % dim]! + (rows[i]! - mean[i % dim]!) ** 2;
  return out.map((v) => Math.sqrt(v / n));
}

export const lsqFamily: QuantizerFamily = {
  kind: "lsq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("lsq:"),
  fit: fitLsq,
  fromCodebook(spec, codebook): LsqQuantizer {
    const { codebooks, size, rounds } = parse(spec);
    const { width } = splitCodebook(codebook, codebooks, size, spec);
    return new LsqQuantizer(
      new AdditiveCodebooks(codebooks, size, width, codebook.data.slice()),
      rounds,
    );
  },
  fromState(state: QuantizerState): LsqQuantizer {
    checkState(state, "lsq");
    return new LsqQuantizer(
      additiveState(state, MAX_CODEBOOKS),
      stateInteger(state, "rounds", 0, MAX_ROUNDS),
    );
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-lsq",
    name: "LSQ",
    kind: "lsq",
    family: "AQ",
    file: "quantizers/lsq.ts",
    use: "lsq:8x256",
    source: "doi 10.1007/978-3-319-46475-6_9, sections 3.1 and 3.2",
  },
  {
    id: "t-lsq-plusplus",
    name: "LSQ++",
    kind: "lsq",
    family: "AQ",
    file: "quantizers/lsq.ts",
    use: 'lsq:8x256, relaxation: "sr-d"',
    source: "doi 10.1007/978-3-030-01270-0_30, section 4",
  },
];
