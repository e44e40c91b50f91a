/*
 * Additive quantization. Babenko, Lempitsky: "Additive Quantization for Extreme Vector Compression",
 * CVPR 2014 (doi 10.1109/CVPR.2014.124), sections 3.1 and 3.2:
 *
 *   x̂ = Σ_m c_m,code_m;   code = argmin |x - x̂|²  (NP-hard: a fully connected random field)
 *
 * Encoding is a beam search that adds one word at a time, of any codebook not yet used; the same
 * partial tuple reached in two orders counts once. With a beam of (K + 1)^M nothing is dropped and
 * the code is the best there is. Codebooks and codes are fitted in turns, the codebooks by least
 * squares.
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
import {
  AdditiveCodebooks,
  AdditiveQuantizer,
  checkTableSize,
  leastSquaresCodebooks,
  residualStart,
} from "./additive.js";
import { AdditiveSearch, encodeInSteps } from "./additive-search.js";
import { checkInteger } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specError, stateFloats, stateInteger } from "./parse.js";
import { checkIterations, splitCodebook } from "./pq.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "aq:<codebooks>x<K>[,beam=<width>]";
/** The paper's 16 for the data base; 64 there costs four times as much for 1 to 2 % of error. */
const DEFAULT_BEAM = 16;
const MAX_BEAM = 65536;
const MAX_CODEBOOKS = 64;

/** Beam search over the tables of additive codebooks; float32 sums in the order of assembly/additive.ts. */
export class BeamEncoder {
  readonly #books: AdditiveCodebooks;
  readonly #beam: number;
  /** Cost of adding each word to each entry: [beam, M K]. */
  #costs: Float32Array;
  #nextCosts: Float32Array;
  #codes: Int32Array;
  #nextCodes: Int32Array;
  readonly #values: Float64Array;
  readonly #nextValues: Float64Array;
  readonly #heapValues: Float32Array;
  readonly #heapSlots: Float64Array;
  #heapSize = 0;
  /** Places in the heap, best first. */
  readonly #order: Int32Array;
  /** Entries by hash of their code, plus 1; 0 is free. */
  readonly #seen: Int32Array;

  constructor(books: AdditiveCodebooks, beam: number) {
    const { total, codebooks } = books;
    this.#books = books;
    this.#beam = beam;
    this.#costs = new Float32Array(beam * total);
    this.#nextCosts = new Float32Array(beam * total);
    this.#codes = new Int32Array(beam * codebooks);
    this.#nextCodes = new Int32Array(beam * codebooks);
    this.#values = new Float64Array(beam);
    this.#nextValues = new Float64Array(beam);
    // A tuple of t words is reached from up to t tuples of t - 1.
    this.#heapValues = new Float32Array(beam * codebooks);
    this.#heapSlots = new Float64Array(beam * codebooks);
    this.#order = new Int32Array(beam * codebooks);
    this.#seen = new Int32Array(2 ** Math.ceil(Math.log2(4 * beam)));
  }

  /** Best code found for the vector whose unary terms start at `unaryAt`, into out[at…]. */
  encode(unary: Float32Array, unaryAt: number, out: Int32Array, at: number): void {
    const { total, codebooks, size, pairs } = this.#books;
    const beam = this.#beam;
    let entries = 1;
    this.#values[0] = 0;
    this.#codes.fill(-1, 0, codebooks);
    this.#costs.set(unary.subarray(unaryAt, unaryAt + total));
    for (let step = 0; step < codebooks; step++) {
      this.#heapSize = 0;
      const limit = entries === 1 ? beam : beam * (step + 1);
      let worst = Infinity;
      for (let e = 0; e < entries; e++) {
        const base = this.#values[e]!;
        for (let m = 0; m < codebooks; m++) {
          if (this.#codes[e * codebooks + m] !== -1) continue;
          const from = e * total + m * size;
          for (let k = 0; k < size; k++) {
            const value = Math.fround(base + this.#costs[from + k]!);
            if (value < worst) worst = this.#push(value, from + k, limit);
          }
        }
      }
      entries = this.#advance(
        step === codebooks - 1,
        total,
        codebooks,
        size,
        pairs,
        unary,
        unaryAt,
      );
    }
    for (let m = 0; m < codebooks; m++) out[at + m] = this.#codes[m]!;
  }

  /** Takes the best distinct tuples of the heap as the next entries. */
  #advance(
    last: boolean,
    total: number,
    codebooks: number,
    size: number,
    pairs: Float32Array,
    unary: Float32Array,
    unaryAt: number,
  ): number {
    const order = this.#sortHeap();
    this.#seen.fill(0);
    let entries = 0;
    for (let i = 0; i < this.#heapSize && entries < this.#beam; i++) {
      const h = order[i]!;
      const slot = this.#heapSlots[h]!;
      const e = Math.floor(slot / total);
      const word = slot - e * total;
      const m = Math.floor(word / size);
      const to = entries * codebooks;
      for (let c = 0; c < codebooks; c++) {
        this.#nextCodes[to + c] = this.#codes[e * codebooks + c]!;
      }
      this.#nextCodes[to + m] = word - m * size;
      if (this.#beam > 1 && this.#known(entries, codebooks)) continue;
      this.#nextValues[entries] = this.#heapValues[h]!;
      if (!last) {
        const from = e * total;
        const rowAt = word * total;
        const o = entries * total;
        for (let j = 0; j < total; j++) {
          this.#nextCosts[o + j] = this.#costs[from + j]! + pairs[rowAt + j]!;
        }
      } else {
        // The order of additions must not decide between equal codes: one sum for all.
        this.#nextValues[entries] = this.#books.energy(unary, unaryAt, this.#nextCodes, to);
      }
      entries++;
    }
    if (last) {
      let best = 0;
      for (let e = 1; e < entries; e++) {
        if (
          this.#nextValues[e]! < this.#nextValues[best]! ||
          (this.#nextValues[e] === this.#nextValues[best] && this.#before(e, best, codebooks))
        ) {
          best = e;
        }
      }
      this.#nextCodes.copyWithin(0, best * codebooks, (best + 1) * codebooks);
    }
    [this.#codes, this.#nextCodes] = [this.#nextCodes, this.#codes];
    [this.#costs, this.#nextCosts] = [this.#nextCosts, this.#costs];
    this.#values.set(this.#nextValues.subarray(0, entries));
    return entries;
  }

  /** The heap's places by value, then by slot. */
  #sortHeap(): Int32Array {
    const order = this.#order;
    const values = this.#heapValues;
    const slots = this.#heapSlots;
    const size = this.#heapSize;
    for (let i = 0; i < size; i++) order[i] = i;
    if (size > 64) {
      return order
        .subarray(0, size)
        .sort((a, b) => values[a]! - values[b]! || slots[a]! - slots[b]!);
    }
    // A comparator's calls cost more than the shifts of a short insertion.
    for (let i = 1; i < size; i++) {
      const place = order[i]!;
      const value = values[place]!;
      let at = i;
      for (; at > 0; at--) {
        const other = order[at - 1]!;
        const gap = value - values[other]!;
        if (gap > 0 || (gap === 0 && slots[place]! > slots[other]!)) break;
        order[at] = other;
      }
      order[at] = place;
    }
    return order;
  }

  /** True if an entry before this one has the same code; else it is remembered. */
  #known(entry: number, codebooks: number): boolean {
    const codes = this.#nextCodes;
    const from = entry * codebooks;
    const mask = this.#seen.length - 1;
    let hash = 0x811c9dc5;
    for (let c = 0; c < codebooks; c++) hash = Math.imul(hash ^ codes[from + c]!, 0x01000193);
    let at = (hash ^ (hash >>> 15)) & mask;
    for (; this.#seen[at] !== 0; at = (at + 1) & mask) {
      const other = (this.#seen[at]! - 1) * codebooks;
      let c = 0;
      while (c < codebooks && codes[from + c] === codes[other + c]) c++;
      if (c === codebooks) return true;
    }
    this.#seen[at] = entry + 1;
    return false;
  }

  /** True if the code of entry a comes before that of entry b. */
  #before(a: number, b: number, codebooks: number): boolean {
    for (let m = 0; m < codebooks; m++) {
      const d = this.#nextCodes[a * codebooks + m]! - this.#nextCodes[b * codebooks + m]!;
      if (d !== 0) return d < 0;
    }
    return false;
  }

  /** Bounded heap of the smallest values, the largest on top. Returns what a value has to beat. */
  #push(value: number, slot: number, limit: number): number {
    const values = this.#heapValues;
    const slots = this.#heapSlots;
    let at: number;
    if (this.#heapSize < limit) {
      at = this.#heapSize++;
      for (let up = (at - 1) >> 1; at > 0 && value > values[up]!; up = (at - 1) >> 1) {
        values[at] = values[up]!;
        slots[at] = slots[up]!;
        at = up;
      }
    } else {
      at = 0;
      for (let child = 1; child < limit; child = 2 * at + 1) {
        if (child + 1 < limit && values[child + 1]! > values[child]!) child++;
        if (value >= values[child]!) break;
        values[at] = values[child]!;
        slots[at] = slots[child]!;
        at = child;
      }
    }
    values[at] = value;
    slots[at] = slot;
    return this.#heapSize < limit ? Infinity : values[0]!;
  }
}

/** Codes by the `beam` best tuples. */
export function additiveSearch(books: AdditiveCodebooks, beam: number): AdditiveSearch {
  return new AdditiveSearch(books, { kind: "additive", beam }, (normal) => {
    const encoder = new BeamEncoder(normal, beam);
    return (unary, unaryAt, _row, out, at) => encoder.encode(unary, unaryAt, out, at);
  });
}

/** Additive quantizer of latents [N, D] to codes [N, M], encoded by beam search. */
export class AqQuantizer extends AdditiveQuantizer {
  readonly beam: number;
  #search: AdditiveSearch | undefined;

  constructor(books: AdditiveCodebooks, beam = DEFAULT_BEAM) {
    const spec = `aq:${books.codebooks}x${books.size}${beam === DEFAULT_BEAM ? "" : `,beam=${beam}`}`;
    checkTableSize(books.codebooks, books.size, spec);
    super(books, { kind: "aq", spec });
    this.beam = checkInteger(beam, 1, MAX_BEAM, "beam");
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    this.#search ??= additiveSearch(this.books, this.beam);
    this.#search.encode(latents.data, latents.shape[0], out);
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    this.#search ??= additiveSearch(this.books, this.beam);
    return (
      (await this.searchAsync(this.#search, latents, options)) ??
      super.quantizeAsync(latents, options)
    );
  }

  protected stateParts() {
    const { codebooks, size, dim } = this.books;
    return { config: { dim, codebooks, size, beam: this.beam }, tensors: this.bookTensors() };
  }
}

function parse(spec: string): { codebooks: number; size: number; beam: number } {
  const match = /^aq:(\d+)x(\d+)(?:,beam=(\d+))?$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const codebooks = parseCount(match[1]!, MAX_CODEBOOKS, spec, GRAMMAR);
  const size = parseCount(match[2]!, 65536, spec, GRAMMAR);
  const beam =
    match[3] === undefined ? DEFAULT_BEAM : parseCount(match[3], MAX_BEAM, spec, GRAMMAR);
  checkTableSize(codebooks, size, spec);
  return { codebooks, size, beam };
}

/** Fits codebooks and codes in turns; `iterations`: 8 where left out. The best round is kept. */
export async function fitAq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<AqQuantizer> {
  const { codebooks, size, beam } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const total = codebooks * size;
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 8 * dim + 8 * codebooks,
    fixedBytes: 12 * total * total + 24 * total * dim,
  });
  const rows = sample.shape[0];
  const { words, codes } = await residualStart(sample.data, rows, dim, codebooks, size, options);
  let books = new AdditiveCodebooks(codebooks, size, dim, words);
  let best = books;
  let bestError = books.error(sample.data, rows, codes);
  const rounds = options.iterations ?? 8;
  for (let round = 0; round < rounds; round++) {
    await fitStep(options, "codebooks and codes", round, rounds, bestError);
    books = new AdditiveCodebooks(
      codebooks,
      size,
      dim,
      leastSquaresCodebooks(sample.data, rows, dim, codes, codebooks, size),
    );
    const search = additiveSearch(books, beam);
    await encodeInSteps(search, sample, codes, codebooks, options, bestError);
    const error = books.error(sample.data, rows, codes);
    if (error < bestError) {
      best = books;
      bestError = error;
    }
  }
  return new AqQuantizer(best, beam);
}

export const aqFamily: QuantizerFamily = {
  kind: "aq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("aq:"),
  fit: fitAq,
  fromCodebook(spec, codebook): AqQuantizer {
    const { codebooks, size, beam } = parse(spec);
    const { width } = splitCodebook(codebook, codebooks, size, spec);
    return new AqQuantizer(
      new AdditiveCodebooks(codebooks, size, width, codebook.data.slice()),
      beam,
    );
  },
  fromState(state: QuantizerState): AqQuantizer {
    checkState(state, "aq");
    return new AqQuantizer(
      additiveState(state, MAX_CODEBOOKS),
      stateInteger(state, "beam", 1, MAX_BEAM),
    );
  },
};

/** Codebooks of a state. */
export function additiveState(state: QuantizerState, maxCodebooks: number): AdditiveCodebooks {
  const dim = stateInteger(state, "dim", 1, 2 ** 24);
  const codebooks = stateInteger(state, "codebooks", 1, maxCodebooks);
  const size = stateInteger(state, "size", 1, 65536);
  const { data } = stateFloats(state, "codebook", [codebooks, size, dim]);
  return new AdditiveCodebooks(codebooks, size, dim, data);
}

export const techniques: readonly Technique[] = [
  {
    id: "t-aq",
    name: "AQ",
    kind: "aq",
    family: "AQ",
    file: "quantizers/aq.ts",
    use: "aq:8x256",
    source: "doi 10.1109/CVPR.2014.124, sections 3.1 and 3.2",
  },
];
