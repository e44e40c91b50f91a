/*
 * Finite scalar quantization. Mentzer, Minnen, Agustsson, Tschannen: "Finite Scalar Quantization:
 * VQ-VAE Made Simple", arXiv 2309.15505, section 3.1 and appendix A.1.
 *
 * Channel i has L_i values. A bounding function takes z_i to (-L_i/2, L_i/2), which is rounded:
 *
 *   h = (L - 1)(1 - 1e-3) / 2,  o = 1/2 for even L else 0,  s = tan(o / h)
 *   q = round(tanh(z + s) h - o),  digit = q + floor(L / 2),  decoded value = q / floor(L / 2)
 *
 * The half-step offset o matters: the survey's equation 16, round(L/2 tanh z), reaches L + 1 values
 * for even L. The index of a vector is the mixed-radix number of its digits, the first level least
 * significant: index = d_0 + L_0 (d_1 + L_1 (d_2 + …)).
 */
import { ArgumentError, CodeRangeError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type { Quantizer, QuantizerFamily, QuantizerState } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { MAX_CODEBOOK_SIZE, checkCodes, checkInteger, checkMatrixShape } from "./checks.js";
import { checkState, parseCount, specBody, specError, stateIntegers, stateWord } from "./parse.js";
import { ScalarTable, quantizeScalars, smallestFloat } from "./scalar-table.js";
import {
  BLOCK_BYTES,
  CODES_AT,
  INPUT_AT,
  TABLE_AT,
  TABLE_BYTES,
  scalarKernels,
} from "./scalar-wasm.js";
import type { Technique } from "./technique.js";

/**
 * How a channel is bounded before rounding.
 * - `tanh`: as the paper's appendix prints it.
 * - `atanh`: h = (L - 1)(1 + 1e-3) / 2 and s = atanh(o / h), as vector-quantize-pytorch and the many
 *   models trained with it do. z = 0 is the middle value exactly, also for L = 2, where the paper's
 *   tan gives s = 1.56.
 * - `clamped`: q = clamp(round(z floor(L/2))), no squashing: decoded vectors quantize to themselves.
 */
export type FsqBound = "tanh" | "atanh" | "clamped";

const EPSILON = 1e-3;
/** From 1,002 levels on, h of the paper's formula is too small to reach the outermost values. */
const MAX_TANH_LEVEL = 1000;
const MAX_CLAMPED_LEVEL = 65536;
const MAX_CHANNELS = 65536;
/** Entries of a decoding table: it stays in the second-level cache. */
const CHUNK_SIZE = 4096;
/** Values of all channels together: a hostile state must not ask for gigabytes. */
const MAX_VALUES = 2 ** 20;

const PREFIXES: Readonly<Record<FsqBound, string>> = {
  tanh: "fsq",
  atanh: "fsq-atanh",
  clamped: "fsq-clamped",
};
const BOUNDS: readonly FsqBound[] = ["tanh", "atanh", "clamped"];
const GRAMMAR = "fsq:<L1>,<L2>,… (or fsq-atanh:, fsq-clamped:)";

/**
 * The digit of one number, by the formula itself: what the fast path is tested against.
 * Exactly between two values the lower digit wins.
 */
export function fsqDigit(z: number, level: number, bound: FsqBound = "tanh"): number {
  const half = Math.floor(level / 2);
  const digit = Math.ceil(boundChannel(z, level, bound) - 0.5) + half;
  return Math.min(level - 1, Math.max(0, digit));
}

function boundChannel(z: number, level: number, bound: FsqBound): number {
  if (bound === "clamped") return z * Math.floor(level / 2);
  const h = ((level - 1) * (bound === "tanh" ? 1 - EPSILON : 1 + EPSILON)) / 2;
  const o = level % 2 === 0 ? 0.5 : 0;
  const shift = bound === "tanh" ? Math.tan(o / h) : Math.atanh(o / h);
  return Math.tanh(z + shift) * h - o;
}

/** Decoded vectors of one run of channels [first, first + channels) of a codebook. */
interface Chunk {
  readonly book: number;
  readonly first: number;
  /** Weight of the run's first digit in the codebook's index. */
  readonly divisor: number;
  /** Product of the run's levels. */
  readonly size: number;
  readonly channels: number;
  /** [size, channels]. */
  readonly values: Float32Array;
}

/** Finite scalar quantizer of latents [N, D], D = number of levels, to indices [N, Q]. */
export class FsqQuantizer extends BaseQuantizer {
  /** Values of each channel, length D. */
  readonly levels: readonly number[];
  readonly bound: FsqBound;
  /**
   * Channels of each codebook. One codebook holds all of them unless their product passes 2^31;
   * then each takes as many consecutive channels as fit.
   */
  readonly groups: readonly (readonly [first: number, end: number])[];
  readonly #table: ScalarTable;
  #chunks: Chunk[] | undefined;

  constructor(levels: readonly number[], bound: FsqBound = "tanh") {
    if (!BOUNDS.includes(bound)) {
      throw new ArgumentError("FSQ bound", {
        expected: `one of ${BOUNDS.join(", ")}`,
        got: String(bound),
        remedy: "Leave it out for the paper's formula.",
      });
    }
    if (!Array.isArray(levels) || levels.length === 0 || levels.length > MAX_CHANNELS) {
      throw new ArgumentError("FSQ levels", {
        expected: `a list of 1 to ${MAX_CHANNELS} level counts`,
        got: Array.isArray(levels) ? `${levels.length} of them` : typeof levels,
        remedy: "For example [8, 5, 5, 5].",
      });
    }
    const most = bound === "clamped" ? MAX_CLAMPED_LEVEL : MAX_TANH_LEVEL;
    for (const [i, level] of levels.entries()) checkInteger(level, 2, most, `FSQ level ${i}`);
    const count = levels.reduce((a, b) => a + b, 0);
    checkInteger(count, 2, MAX_VALUES, "sum of the FSQ levels");

    const groups: [number, number][] = [];
    const sizes: number[] = [];
    for (const [i, level] of levels.entries()) {
      const last = sizes.length - 1;
      if (last >= 0 && sizes[last]! * level <= MAX_CODEBOOK_SIZE) {
        sizes[last]! *= level;
        groups[last]![1] = i + 1;
      } else {
        sizes.push(level);
        groups.push([i, i + 1]);
      }
    }
    super({
      kind: "fsq",
      spec: `${PREFIXES[bound]}:${levels.join(",")}`,
      dim: levels.length,
      codebookSizes: sizes,
      idempotent: bound === "clamped",
      prefixDecodable: false,
    });
    this.levels = Object.freeze([...levels]);
    this.bound = bound;
    this.groups = groups;
    this.#table = new ScalarTable(thresholdsOf(levels, bound), groups);
  }

  /** Shape only: `encode` looks for NaN and infinities in its own pass. */
  protected override check(latents: Matrix): number {
    return checkMatrixShape(latents, this.dim);
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    quantizeScalars(this.#table, latents, out);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    this.#chunks ??= this.#makeChunks();
    gatherChunks(this.#chunks, codes, this.dim, out);
  }

  /** Runs of channels within a codebook whose decoded vectors fit a small table. */
  #makeChunks(): Chunk[] {
    const chunks: Chunk[] = [];
    for (const [book, [begin, end]] of this.groups.entries()) {
      let divisor = 1;
      for (let first = begin; first < end;) {
        let size = this.levels[first]!;
        let last = first + 1;
        while (last < end && size * this.levels[last]! <= CHUNK_SIZE) size *= this.levels[last++]!;
        const channels = last - first;
        const values = new Float32Array(size * channels);
        for (let code = 0; code < size; code++) {
          let rest = code;
          for (let i = first; i < last; i++) {
            const level = this.levels[i]!;
            const half = Math.floor(level / 2);
            values[code * channels + i - first] = ((rest % level) - half) / half;
            rest = Math.floor(rest / level);
          }
        }
        chunks.push({ book, first, divisor, size, channels, values });
        divisor *= size;
        first = last;
      }
    }
    return chunks;
  }

  /** Indices [N, Q] to the digit of every channel, [N, D]; digit i lies in [0, levels[i]). */
  toDigits(codes: Codes): Codes {
    const rows = checkCodes(codes, this.codebookSizes);
    const { groups, levels, dim } = this;
    const data = new Int32Array(rows * dim);
    for (let n = 0; n < rows; n++) {
      for (let q = 0; q < groups.length; q++) {
        let rest = codes.data[n * groups.length + q]!;
        const [first, end] = groups[q]!;
        for (let i = first; i < end; i++) {
          const quotient = Math.floor(rest / levels[i]!);
          data[n * dim + i] = rest - quotient * levels[i]!;
          rest = quotient;
        }
      }
    }
    return { data, shape: [rows, dim] };
  }

  /** Digits [N, D] to indices [N, Q]: the inverse of `toDigits`. */
  fromDigits(digits: Codes): Codes {
    const rows = checkCodes(digits, this.levels, { what: "digits" });
    const { groups, levels, dim } = this;
    const data = new Int32Array(rows * groups.length);
    for (let n = 0; n < rows; n++) {
      for (let q = 0; q < groups.length; q++) {
        const [first, end] = groups[q]!;
        let index = 0;
        for (let i = end - 1; i >= first; i--)
          index = index * levels[i]! + digits.data[n * dim + i]!;
        data[n * groups.length + q] = index;
      }
    }
    return { data, shape: [rows, groups.length] };
  }

  /**
   * The whole vector's index as one number, also where it is split into groups: codes [N, Q] to N
   * integers of any size.
   */
  toBigIndices(codes: Codes): bigint[] {
    const rows = checkCodes(codes, this.codebookSizes);
    const width = this.groups.length;
    return Array.from({ length: rows }, (_, n) => {
      let index = 0n;
      for (let q = width - 1; q >= 0; q--) {
        index = index * BigInt(this.codebookSizes[q]!) + BigInt(codes.data[n * width + q]!);
      }
      return index;
    });
  }

  /** The inverse of `toBigIndices`. */
  fromBigIndices(indices: readonly bigint[]): Codes {
    const width = this.groups.length;
    const size = this.codebookSizes.reduce((a, b) => a * BigInt(b), 1n);
    const data = new Int32Array(indices.length * width);
    for (const [n, index] of indices.entries()) {
      if (index < 0n || index >= size) {
        throw new CodeRangeError("indices", {
          expected: `integers in [0, ${size})`,
          got: `${index} at position ${n}`,
          remedy: "Check that the indices belong to these levels.",
        });
      }
      let rest = index;
      for (let q = 0; q < width; q++) {
        const k = BigInt(this.codebookSizes[q]!);
        data[n * width + q] = Number(rest % k);
        rest /= k;
      }
    }
    return { data, shape: [indices.length, width] };
  }

  protected stateParts() {
    return { config: { levels: [...this.levels], bound: this.bound }, tensors: {} };
  }
}

/** Decodes by table look-ups: a digit of each chunk is code / divisor mod size. */
function gatherChunks(
  chunks: readonly Chunk[],
  codes: Codes,
  dim: number,
  out: Float32Array,
): void {
  const { data } = codes;
  const [rows, width] = codes.shape;
  const kernels = scalarKernels();
  const tables = chunks.reduce((a, chunk) => a + chunk.values.length, 0);
  // Laying out the tables pays off from about as many numbers on as they hold.
  const fits = tables * 4 <= TABLE_BYTES && Math.max(dim, width) * 64 <= BLOCK_BYTES;
  if (kernels === undefined || !fits || rows * dim < tables) {
    gatherChunksPlain(chunks, codes, dim, out);
    return;
  }
  const { floats, ints } = kernels;
  let tableAt = TABLE_AT;
  const tableOf = chunks.map((chunk) => {
    const at = tableAt;
    floats.set(chunk.values, at >> 2);
    tableAt += chunk.values.byteLength;
    return at;
  });
  const step = Math.floor(BLOCK_BYTES / (4 * Math.max(dim, width)));
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    ints.set(data.subarray(row * width, end * width), CODES_AT >> 2);
    for (const [c, { book, first, divisor, size, channels }] of chunks.entries()) {
      kernels.gatherRows(
        CODES_AT + 4 * book,
        4 * width,
        end - row,
        divisor,
        size,
        tableOf[c]!,
        channels,
        INPUT_AT + 4 * first,
        4 * dim,
      );
    }
    const length = (end - row) * dim;
    out.set(floats.subarray(INPUT_AT >> 2, (INPUT_AT >> 2) + length), row * dim);
  }
}

/** `gatherChunks` in plain TypeScript. */
function gatherChunksPlain(
  chunks: readonly Chunk[],
  codes: Codes,
  dim: number,
  out: Float32Array,
): void {
  const { data } = codes;
  const width = codes.shape[1];
  for (const { book, first, divisor, size, channels, values } of chunks) {
    // An integer plus a half is so far from every multiple of the divisor that its product with the
    // rounded inverse has the right integer part: codes have 31 bits, a double 53.
    const inverse = 1 / divisor;
    const inverseSize = 1 / size;
    let to = first;
    for (let from = book; from < data.length; from += width) {
      const rest = ((data[from]! + 0.5) * inverse) | 0;
      let at = (rest - (((rest + 0.5) * inverseSize) | 0) * size) * channels;
      for (let i = 0; i < channels; i++) out[to + i] = values[at++]!;
      to += dim;
    }
  }
}

/** For each channel the smallest float32 that reaches digit 1, 2, …, L - 1. */
function thresholdsOf(levels: readonly number[], bound: FsqBound): Float32Array[] {
  const known = new Map<number, Float32Array>();
  return levels.map((level) => {
    let thresholds = known.get(level);
    if (thresholds === undefined) {
      thresholds = Float32Array.from({ length: level - 1 }, (_, k) =>
        smallestFloat((z) => fsqDigit(z, level, bound) > k),
      );
      known.set(level, thresholds);
    }
    return thresholds;
  });
}

/** From levels: `fsq([8, 5, 5, 5])`. */
export function fsq(levels: readonly number[], bound: FsqBound = "tanh"): FsqQuantizer {
  return new FsqQuantizer(levels, bound);
}

export const fsqFamily: QuantizerFamily = {
  kind: "fsq",
  grammar: GRAMMAR,
  matches: (spec) => BOUNDS.some((bound) => spec.startsWith(`${PREFIXES[bound]}:`)),
  create(spec): FsqQuantizer {
    const bound = BOUNDS.find((b) => spec.startsWith(`${PREFIXES[b]}:`));
    if (bound === undefined) throw specError(spec, GRAMMAR);
    const levels = specBody(spec, PREFIXES[bound], GRAMMAR)
      .split(",")
      .map((text) => parseCount(text, MAX_CLAMPED_LEVEL, spec, GRAMMAR));
    return new FsqQuantizer(levels, bound);
  },
  fromState(state: QuantizerState): Quantizer {
    checkState(state, "fsq");
    const bound = stateWord(state, "bound", BOUNDS);
    const most = bound === "clamped" ? MAX_CLAMPED_LEVEL : MAX_TANH_LEVEL;
    return new FsqQuantizer(stateIntegers(state, "levels", 2, most), bound);
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-fsq",
    name: "FSQ",
    kind: "fsq",
    family: "FSQ",
    file: "quantizers/fsq.ts",
    use: "fsq:8,5,5,5",
    source:
      "arXiv 2309.15505, section 3.1 and appendix A.1; survey Eq. 16 with the half-step offset",
  },
  {
    id: "t-fsq-atanh",
    name: "FSQ with atanh shift, as vector-quantize-pytorch (z = 0 is the middle value)",
    kind: "fsq",
    family: "FSQ",
    file: "quantizers/fsq.ts",
    use: "fsq-atanh:8,5,5,5",
    source: "arXiv 2309.15505 with h = (L - 1)(1 + 1e-3) / 2 and s = atanh(o / h)",
  },
  {
    id: "t-fsq-clamped",
    name: "FSQ without squashing: decoded vectors keep their codes",
    kind: "fsq",
    family: "FSQ",
    file: "quantizers/fsq.ts",
    use: "fsq-clamped:8,5,5,5",
    source: "arXiv 2309.15505, values; rounding to the nearest of them, clamped",
  },
];
