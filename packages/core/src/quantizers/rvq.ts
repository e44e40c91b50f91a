/*
 * Residual vector quantization. Chen, Guan, Wang: "Approximate Nearest Neighbor Search by Residual
 * Vector Quantization", Sensors 10 (2010), doi 10.3390/s101211259; survey section 2.2:
 *
 *   r_1 = x;   code_m = argmin over k of |r_m - c_mk|²;   r_m+1 = r_m - c_m,code_m;   x̂ = Σ_m c_m,code_m
 *
 * Any prefix of the levels decodes. With `beam=B` the B best partial sums are kept at each level
 * (multi-path encoding; Liu, Lu, Shao, arXiv 1509.05195, section 3.2), which lowers the error for about
 * B times the work of adding levels.
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
import { AdditiveCodebooks, AdditiveQuantizer, MAX_WORDS } from "./additive.js";
import { AdditiveSearch } from "./additive-search.js";
import { additiveState } from "./aq.js";
import { workFloats } from "../kernels/portable.js";
import { products } from "../kernels/products.js";
import type { TilePlan } from "../spec/kernels.js";
import { type PlannedPart, searchPlan } from "./product-plan.js";
import { checkInteger, checkMatrix } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { kmeans } from "./kmeans.js";
import { checkState, parseCount, specError, stateInteger } from "./parse.js";
import { checkIterations, splitCodebook } from "./pq.js";
import { nearestWords, nearestWordsWith } from "./product.js";
import type { Technique } from "./technique.js";

const MAX_LEVELS = 4096;
const MAX_BEAM = 1024;
/** Numbers of residuals that are held at a time: 4 MiB, a tile of the nearest-codeword kernels. */
const TILE_VALUES = 1 << 20;

/** Wider vectors go level by level, where kernels may have faster products. */
const MAX_PLANNED_DIM = 96;
/** Fewer vectors are not worth a message to a thread. */
const MIN_PLANNED = 128;

/** What an RVQ spec says behind its kind. */
export interface ResidualSpec {
  readonly levels: number;
  readonly size: number;
  readonly beam: number;
}

/** Residual quantizer of latents [N, D] to codes [N, M], coarse to fine. */
export class RvqQuantizer extends AdditiveQuantizer {
  readonly beam: number;
  #search: AdditiveSearch | undefined;
  #plan: TilePlan | null | undefined;

  /**
   * @param books M codebooks [K, D]
   * @param beam paths that encoding keeps; 1 is greedy
   * @param kind the family that fitted it
   */
  constructor(books: AdditiveCodebooks, beam = 1, kind = "rvq") {
    super(books, {
      kind,
      spec: `${kind}:${books.codebooks}x${books.size}${beam === 1 ? "" : `,beam=${beam}`}`,
      prefixDecodable: true,
    });
    this.beam = checkInteger(beam, 1, MAX_BEAM, "beam");
  }

  /** A copy of the codebooks, [M, K, D]. */
  get codebooks(): Float32Array {
    return this.books.words.slice();
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    if (this.beam === 1) encodeGreedily(this.books, latents.data, latents.shape[0], out);
    else {
      this.#search ??= residualSearch(this.books, this.beam);
      this.#search.encode(latents.data, latents.shape[0], out);
    }
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    const { kernels, signal } = options;
    if (this.beam > 1) {
      this.#search ??= residualSearch(this.books, this.beam);
      const codes = await this.searchAsync(this.#search, latents, options);
      return codes ?? super.quantizeAsync(latents, options);
    }
    if (kernels === undefined) return super.quantizeAsync(latents, options);
    signal?.throwIfAborted();
    const rows = checkMatrix(latents, this.dim);
    const { codebooks, size, dim, words } = this.books;
    const data = new Int32Array(rows * codebooks);
    if (kernels.runPlan !== undefined && dim <= MAX_PLANNED_DIM && rows >= MIN_PLANNED) {
      this.#plan ??= searchPlan(dim, levelParts(this.books), { residual: true });
      if (this.#plan !== null) {
        await kernels.runPlan(this.#plan, latents, data, signal);
        for (let i = 0; i < rows; i++) {
          const codes = data.subarray(i * codebooks, (i + 1) * codebooks);
          if (!codes.includes(-1)) continue;
          encodeGreedily(this.books, latents.data.subarray(i * dim, (i + 1) * dim), 1, codes);
        }
        return { data, shape: [rows, codebooks] };
      }
    }
    // Large tiles: the kernels prepare the codebook at every call.
    const tile = Math.min(rows, Math.max(1, Math.floor((8 * TILE_VALUES) / dim)));
    const work = workFloats(tile * dim);
    for (let first = 0; first < rows; first += tile) {
      const n = Math.min(tile, rows - first);
      work.set(latents.data.subarray(first * dim, (first + n) * dim));
      const rest: Matrix = { data: work.subarray(0, n * dim), shape: [n, dim] };
      for (let m = 0; m < codebooks; m++) {
        const own = words.subarray(m * size * dim, (m + 1) * size * dim);
        const book: Matrix = { data: own, shape: [size, dim] };
        const isLast = m + 1 === codebooks;
        const takesOff = !isLast && kernels.takeOff !== undefined;
        const { indices } = await (takesOff
          ? kernels.takeOff!(rest, book, signal)
          : kernels.nearest(rest, book, signal));
        for (let i = 0; i < n; i++) data[(first + i) * codebooks + m] = indices[i]!;
        if (!isLast && !takesOff) {
          subtract(rest.data, n, dim, own, data, first * codebooks + m, codebooks);
        }
      }
    }
    return { data, shape: [rows, codebooks] };
  }

  protected stateParts() {
    const { codebooks, size, dim } = this.books;
    return { config: { dim, codebooks, size, beam: this.beam }, tensors: this.bookTensors() };
  }
}

/** An RVQ quantizer of existing codebooks [M, K, D]. */
export function rvq(
  codebook: { readonly data: Float32Array; readonly shape: readonly number[] },
  options: { readonly beam?: number } = {},
): RvqQuantizer {
  const [levels = 0, size = 0] = codebook.shape;
  const { width } = splitCodebook(codebook, levels, size, "rvq");
  return new RvqQuantizer(
    new AdditiveCodebooks(levels, size, width, codebook.data.slice()),
    options.beam ?? 1,
  );
}

/** Each level as a search in all coordinates. */
function levelParts({ codebooks, size, dim, words }: AdditiveCodebooks): PlannedPart[] {
  return Array.from({ length: codebooks }, (_, m) => ({
    start: 0,
    width: dim,
    size,
    words: words.subarray(m * size * dim, (m + 1) * size * dim),
  }));
}

/** Greedy codes of rows [n, D] into out [n, stride], by the first `levels` codebooks. */
export function encodeGreedily(
  books: AdditiveCodebooks,
  rows: Float32Array,
  count: number,
  out: Int32Array,
  levels = books.codebooks,
  stride = books.codebooks,
): void {
  const { size, dim, words } = books;
  const tile = Math.max(1, Math.floor(TILE_VALUES / dim));
  for (let first = 0; first < count; first += tile) {
    const n = Math.min(tile, count - first);
    const rest = rows.slice(first * dim, (first + n) * dim);
    for (let m = 0; m < levels; m++) {
      const book = words.subarray(m * size * dim, (m + 1) * size * dim);
      nearestWords(rest, n, dim, book, size, out, first * stride + m, stride);
      if (m + 1 < levels) subtract(rest, n, dim, book, out, first * stride + m, stride);
    }
  }
}

/** rest [n, D] less the word of each row's code at out[at + i * stride]. */
export function subtract(
  rest: Float32Array,
  n: number,
  dim: number,
  book: Float32Array,
  codes: Int32Array,
  at: number,
  stride: number,
): void {
  for (let i = 0, o = 0; i < n; i++) {
    const from = codes[at + i * stride]! * dim;
    for (let d = 0; d < dim; d++, o++) rest[o] = rest[o]! - book[from + d]!;
  }
}

/** Residual codes by the `beam` best partial sums. */
export function residualSearch(books: AdditiveCodebooks, beam: number): AdditiveSearch {
  return new AdditiveSearch(books, { kind: "residual", beam }, (normal) => {
    const search = new BeamSearch(normal, beam);
    return (unary, unaryAt, _row, out, at) => search.encode(unary, unaryAt, out, at);
  });
}

/**
 * The B best partial sums, level by level. A path p that ends in word k of level m costs
 * value(p) + |c|² - 2 x·c + 2 x̂_p·c: the middle terms are one matrix product for a tile of vectors, the
 * last is a sum of table rows where all pairs of words fit, and a product otherwise. Sums are float32, in
 * the order of assembly/additive.ts.
 */
class BeamSearch {
  readonly #books: AdditiveCodebooks;
  readonly #beam: number;
  readonly #sums: Float32Array;
  readonly #products: Float32Array;
  readonly #cost: Float32Array;
  #codes: Int32Array;
  #nextCodes: Int32Array;
  #values: Float32Array;
  #nextValues: Float32Array;
  readonly #slots: Float64Array;

  constructor(books: AdditiveCodebooks, beam: number) {
    const { codebooks, size, dim } = books;
    this.#books = books;
    this.#beam = beam;
    this.#sums = new Float32Array(dim);
    this.#products = new Float32Array(size);
    this.#cost = new Float32Array(size);
    this.#codes = new Int32Array(beam * codebooks);
    this.#nextCodes = new Int32Array(beam * codebooks);
    this.#values = new Float32Array(beam);
    this.#nextValues = new Float32Array(beam);
    this.#slots = new Float64Array(beam);
  }

  encode(unary: Float32Array, unaryAt: number, out: Int32Array, at: number): void {
    const { codebooks: levels, size } = this.#books;
    const cost = this.#cost;
    let paths = 1;
    this.#values[0] = 0;
    for (let m = 0; m < levels; m++) {
      let kept = 0;
      for (let p = 0; p < paths; p++) {
        this.#costs(unary, unaryAt + m * size, p, m);
        const value = this.#values[p]!;
        for (let k = 0; k < size; k++) {
          const total = Math.fround(value + cost[k]!);
          if (kept === this.#beam && !(total < this.#nextValues[kept - 1]!)) continue;
          // Sorted insertion; of equal ones the earlier path and the lower code come first.
          let place = kept < this.#beam ? kept++ : kept - 1;
          for (; place > 0 && total < this.#nextValues[place - 1]!; place--) {
            this.#nextValues[place] = this.#nextValues[place - 1]!;
            this.#slots[place] = this.#slots[place - 1]!;
          }
          this.#nextValues[place] = total;
          this.#slots[place] = p * size + k;
        }
      }
      for (let e = 0; e < kept; e++) {
        const p = Math.floor(this.#slots[e]! / size);
        for (let l = 0; l < m; l++) {
          this.#nextCodes[e * levels + l] = this.#codes[p * levels + l]!;
        }
        this.#nextCodes[e * levels + m] = this.#slots[e]! - p * size;
      }
      paths = kept;
      [this.#codes, this.#nextCodes] = [this.#nextCodes, this.#codes];
      [this.#values, this.#nextValues] = [this.#nextValues, this.#values];
    }
    for (let m = 0; m < levels; m++) out[at + m] = this.#codes[m]!;
  }

  /** |c|² - 2 x·c + 2 x̂_p·c for every word c of level m into #cost. */
  #costs(unary: Float32Array, from: number, path: number, m: number): void {
    const { codebooks, size, dim, total, words } = this.#books;
    const cost = this.#cost;
    for (let k = 0; k < size; k++) cost[k] = unary[from + k]!;
    if (m === 0) return;
    if (total <= MAX_WORDS) {
      const { pairs } = this.#books;
      for (let l = 0; l < m; l++) {
        const row = (l * size + this.#codes[path * codebooks + l]!) * total + m * size;
        for (let k = 0; k < size; k++) cost[k] = cost[k]! + pairs[row + k]!;
      }
      return;
    }
    const sum = this.#sums.fill(0);
    for (let l = 0; l < m; l++) {
      const word = (l * size + this.#codes[path * codebooks + l]!) * dim;
      for (let d = 0; d < dim; d++) sum[d] = sum[d]! + words[word + d]!;
    }
    const book = words.subarray(m * size * dim, (m + 1) * size * dim);
    products(sum, 1, dim, book, size, this.#products, { factor: 2 });
    for (let k = 0; k < size; k++) cost[k] = cost[k]! + this.#products[k]!;
  }
}

/** One level's codebook [K, D] of residuals [n, D]. */
export type LevelFit = (rest: Matrix, level: number) => Promise<Float32Array>;

/**
 * Codebooks level by level, each on what the levels before leave of rows [n, D].
 *
 * @returns codebooks [M, K, D] and the codes [n, M] of the rows
 */
export async function fitLevels(
  rows: Float32Array,
  n: number,
  dim: number,
  { levels, size, beam }: ResidualSpec,
  options: FitOptions,
  fit: LevelFit,
): Promise<{ readonly books: AdditiveCodebooks; readonly codes: Int32Array }> {
  const words = new Float32Array(levels * size * dim);
  const books = new AdditiveCodebooks(levels, size, dim, words);
  const codes = new Int32Array(n * levels);
  // Threads read it where it lies.
  const rest = options.kernels === undefined ? new Float32Array(n * dim) : workFloats(n * dim);
  rest.set(rows.subarray(0, n * dim));
  for (let m = 0; m < levels; m++) {
    await fitStep(options, `level ${m + 1}/${levels}`, m, levels);
    const book = await fit({ data: rest, shape: [n, dim] }, m);
    words.set(book, m * size * dim);
    if (beam === 1) {
      await nearestWordsWith(options, rest, n, dim, book, size, codes, m, levels);
      subtract(rest, n, dim, book, codes, m, levels);
      continue;
    }
    // Another path may win with this level: what is left is that of the new winner.
    const sofar = new AdditiveCodebooks(m + 1, size, dim, words.subarray(0, (m + 1) * size * dim));
    const search = residualSearch(sofar, beam);
    await search.encodeWith(options.kernels, rows, n, codes, levels, options.signal);
    rest.set(rows.subarray(0, n * dim));
    for (let l = 0; l <= m; l++) {
      subtract(rest, n, dim, words.subarray(l * size * dim), codes, l, levels);
    }
  }
  // Norms are taken when codebooks are made.
  return { books: new AdditiveCodebooks(levels, size, dim, books.words), codes };
}

/** A sample of the source that fits `maxBytes` with the codebooks of `spec`. */
export function sampleForLevels(
  vectors: VectorSource,
  { levels, size, beam }: ResidualSpec,
  options: FitOptions,
): Promise<Matrix> {
  const dim = sourceDim(vectors);
  const total = levels * size;
  return sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 4 * dim + 4 * levels + 8,
    fixedBytes:
      8 * total * dim + 24 * size * dim + (beam > 1 ? 4 * Math.min(total, MAX_WORDS) ** 2 : 0),
  });
}

/** A seed for each level, so that levels do not start at the same rows. */
export function levelSeed(options: FitOptions, level: number): number {
  return ((options.seed ?? 0) + level * 0x9e3779b1) % 2 ** 32;
}

/** `<kind>:<levels>x<K>[,beam=<B>]`. */
export function parseResidual(spec: string, kind: string): ResidualSpec {
  const grammar = `${kind}:<levels>x<K>[,beam=<paths>]`;
  const match = /^[a-z]+:(\d+)x(\d+)(?:,beam=(\d+))?$/.exec(spec);
  if (match === null || !spec.startsWith(`${kind}:`)) throw specError(spec, grammar);
  return {
    levels: parseCount(match[1]!, MAX_LEVELS, spec, grammar),
    size: parseCount(match[2]!, 65536, spec, grammar),
    beam: match[3] === undefined ? 1 : parseCount(match[3], MAX_BEAM, spec, grammar),
  };
}

/** Fits `rvq:<levels>x<K>` by k-means on residuals; `iterations` of each k-means, 25 where left out. */
export async function fitRvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<RvqQuantizer> {
  const parsed = parseResidual(spec, "rvq");
  checkIterations(options);
  const sample = await sampleForLevels(vectors, parsed, options);
  const { books } = await fitLevels(
    sample.data,
    sample.shape[0],
    sample.shape[1],
    parsed,
    options,
    kmeansLevel(parsed, options),
  );
  return new RvqQuantizer(books, parsed.beam);
}

/** k-means of one level, reported as such. */
export function kmeansLevel({ levels, size }: ResidualSpec, options: FitOptions): LevelFit {
  const { maxBytes: _spent, maxSamples: _taken, ...rest } = options;
  return async (residuals, level) => {
    const { centroids } = await kmeans(residuals, {
      ...rest,
      // The rows are a sample already.
      maxSamples: residuals.shape[0],
      clusters: size,
      seed: levelSeed(options, level),
      stage: `level ${level + 1}/${levels}`,
    });
    return centroids.data;
  };
}

/** A family whose quantizers are RVQ and whose codebooks are learned in another way. */
export function residualFamily(
  kind: string,
  fit: (spec: string, vectors: VectorSource, options?: FitOptions) => Promise<RvqQuantizer>,
): QuantizerFamily {
  return {
    kind,
    grammar: `${kind}:<levels>x<K>[,beam=<paths>]`,
    matches: (spec) => spec.startsWith(`${kind}:`),
    fit,
    fromCodebook(spec, codebook): RvqQuantizer {
      const { levels, size, beam } = parseResidual(spec, kind);
      const { width } = splitCodebook(codebook, levels, size, spec);
      const books = new AdditiveCodebooks(levels, size, width, codebook.data.slice());
      return new RvqQuantizer(books, beam, kind);
    },
    fromState(state: QuantizerState): RvqQuantizer {
      checkState(state, kind);
      const beam = stateInteger(state, "beam", 1, MAX_BEAM);
      return new RvqQuantizer(additiveState(state, MAX_LEVELS), beam, kind);
    },
  };
}

export const rvqFamily = /* @__PURE__ */ residualFamily("rvq", fitRvq);

export const techniques: readonly Technique[] = [
  {
    id: "t-rvq",
    name: "RVQ",
    kind: "rvq",
    family: "RVQ",
    file: "quantizers/rvq.ts",
    use: "rvq:8x1024",
    source: "doi 10.3390/s101211259; survey section 2.2",
  },
];
