import type { Matrix } from "../spec/tensor.js";
import { nonFiniteError } from "./checks.js";
import {
  BLOCK_BYTES,
  CODES_AT,
  INPUT_AT,
  STREAM_AT,
  TABLE_AT,
  TABLE_BYTES,
  scalarKernels,
} from "./scalar-wasm.js";

const scratch = /* @__PURE__ */ (() => {
  const word = new Int32Array(1);
  return { word, asFloat: new Float32Array(word.buffer) };
})();

/** The float32 whose place in the order of all finite float32 is `rank`; 0 is +0. */
function floatOfRank(rank: number): number {
  const { word, asFloat } = scratch;
  // Patterns of positive floats grow with their value, those of negative ones shrink.
  word[0] = rank >= 0 ? rank : (-1 - rank) | 0x80000000;
  return asFloat[0]!;
}

const LARGEST_RANK = 0x7f7fffff;

/**
 * The smallest float32 for which a monotone test holds, by bisection over all float32 (32 steps);
 * Infinity where it holds for none.
 */
export function smallestFloat(holds: (value: number) => boolean): number {
  let low = -LARGEST_RANK - 2; // holds nowhere up to here
  let high = LARGEST_RANK + 1; // holds from here on
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(floatOfRank(middle))) high = middle;
    else low = middle;
  }
  return high > LARGEST_RANK ? Infinity : floatOfRank(high);
}

/** Widest bucket table of one channel. */
const MAX_BUCKETS = 1 << 16;

/**
 * Decision thresholds of D scalar channels, prepared for a pass without transcendental functions.
 *
 * The line from the first to the last threshold is cut into equal buckets, so fine that none holds
 * two thresholds. The bucket of z gives all thresholds below it, one comparison settles the rest.
 * Where that needs too many buckets a bisection remains.
 */
export class ScalarTable {
  readonly dim: number;
  readonly thresholds: readonly Float32Array[];
  /** Channels [first, end) of each codebook. */
  readonly groups: readonly (readonly [number, number])[];
  /** Weight of a channel's digit within its codebook. */
  readonly weights: Int32Array;
  /** Per channel: z to bucket is (z - origin) * scale, clipped to [0, last]. */
  readonly origin: Float64Array;
  readonly scale: Float64Array;
  readonly last: Int32Array;
  /** Where a channel's buckets begin in `digits` and `bounds`; -1 where there are none. */
  readonly start: Int32Array;
  /** Digit of every z of a bucket that lies below its bound. */
  readonly digits: Int32Array;
  /** From this value on the digit is one more. */
  readonly bounds: Float32Array;
  /** The same for the WebAssembly kernel; undefined where it does not take it. */
  readonly lanes: Int32Array | undefined;

  constructor(
    thresholds: readonly Float32Array[],
    groups: readonly (readonly [first: number, end: number])[],
  ) {
    const dim = thresholds.length;
    this.dim = dim;
    this.thresholds = thresholds;
    this.groups = groups;
    this.weights = new Int32Array(dim);
    for (const [first, end] of groups) {
      let weight = 1;
      for (let i = first; i < end; i++) {
        this.weights[i] = weight;
        weight *= thresholds[i]!.length + 1;
      }
    }
    this.origin = new Float64Array(dim);
    this.scale = new Float64Array(dim);
    this.last = new Int32Array(dim);
    this.start = new Int32Array(dim);
    const digits: number[] = [];
    const bounds: number[] = [];
    const known = new Map<Float32Array, number>();
    for (const [i, own] of thresholds.entries()) {
      const twin = known.get(own);
      if (twin !== undefined) {
        this.origin[i] = this.origin[twin]!;
        this.scale[i] = this.scale[twin]!;
        this.last[i] = this.last[twin]!;
        this.start[i] = this.start[twin]!;
        continue;
      }
      known.set(own, i);
      const origin = own[0]!;
      const span = own[own.length - 1]! - origin;
      let buckets = 1;
      while (buckets < MAX_BUCKETS && !separates(own, origin, scaleOf(buckets, span), buckets)) {
        buckets *= 2;
      }
      const scale = scaleOf(buckets, span);
      if (!separates(own, origin, scale, buckets)) {
        this.start[i] = -1;
        continue;
      }
      this.origin[i] = origin;
      this.scale[i] = scale;
      this.last[i] = buckets - 1;
      this.start[i] = digits.length;
      let below = 0;
      for (let bucket = 0; bucket < buckets; bucket++) {
        while (below < own.length && bucketOf(own[below]!, origin, scale, buckets) < bucket)
          below++;
        digits.push(below);
        bounds.push(below < own.length ? own[below]! : Infinity);
      }
    }
    this.digits = Int32Array.from(digits);
    this.bounds = Float32Array.from(bounds);
    this.lanes = lanesOf(this);
  }
}

function scaleOf(buckets: number, span: number): number {
  return span > 0 ? (buckets - 1) / span : 0;
}

/** Monotone in z, whatever the rounding: that is all that the table relies on. */
function bucketOf(z: number, origin: number, scale: number, buckets: number): number {
  const at = (z - origin) * scale;
  return at >= buckets - 1 ? buckets - 1 : at > 0 ? Math.floor(at) : 0;
}

function separates(own: Float32Array, origin: number, scale: number, buckets: number): boolean {
  for (let k = 1; k < own.length; k++) {
    if (
      bucketOf(own[k]!, origin, scale, buckets) === bucketOf(own[k - 1]!, origin, scale, buckets)
    ) {
      return false;
    }
  }
  return true;
}

/**
 * Latents [N, D] to mixed-radix indices [N, Q] in one pass, which also looks for NaN and infinities.
 *
 * @throws ValueError that names row and column
 */
export function quantizeScalars(table: ScalarTable, latents: Matrix, out: Int32Array): void {
  const kernels = scalarKernels();
  if (kernels === undefined || table.lanes === undefined || latents.data.length < 256) {
    quantizeScalarsPlain(table, latents, out);
    return;
  }
  const { floats, ints } = kernels;
  const { dim, lanes } = table;
  const rows = latents.shape[0];
  const width = table.groups.length;
  ints.set(lanes, TABLE_AT >> 2);
  const step = Math.floor(BLOCK_BYTES / (4 * dim)) & ~15;
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    floats.set(latents.data.subarray(row * dim, end * dim), INPUT_AT >> 2);
    const padded = (end - row + 15) & ~15;
    floats.fill(0, (INPUT_AT >> 2) + (end - row) * dim, (INPUT_AT >> 2) + padded * dim);
    const wrong = kernels.thresholdIndices(
      INPUT_AT,
      padded,
      dim,
      TABLE_AT,
      width,
      CODES_AT,
      STREAM_AT,
    );
    if (wrong !== 0) throw nonFiniteError(latents);
    const codes = (end - row) * width;
    out.set(ints.subarray(CODES_AT >> 2, (CODES_AT >> 2) + codes), row * width);
  }
}

/** Most thresholds of a channel for which comparing with each beats the bucket table. */
const MAX_COMPARED = 64;

/**
 * The table of assembly/scalar.ts, as int32: for each channel its number of thresholds, its weight,
 * whether it begins a codebook, a gap, and each threshold four times. Undefined where it would be
 * slow or too large.
 */
function lanesOf(table: ScalarTable): Int32Array | undefined {
  const { thresholds, groups, weights, dim } = table;
  const length = thresholds.reduce((a, own) => a + 4 + 4 * own.length, 0);
  const most = Math.max(...thresholds.map((own) => own.length));
  if (most > MAX_COMPARED || length * 4 > TABLE_BYTES || dim * 64 > BLOCK_BYTES) return undefined;
  const ints = new Int32Array(length);
  const floats = new Float32Array(ints.buffer);
  let at = 0;
  for (const [first, end] of groups) {
    for (let i = first; i < end; i++) {
      const own = thresholds[i]!;
      ints.set([own.length, weights[i]!, i === first ? 1 : 0, 0], at);
      at += 4;
      for (const threshold of own) {
        floats.fill(threshold, at, at + 4);
        at += 4;
      }
    }
  }
  return ints;
}

/** `quantizeScalars` in plain TypeScript: the reference, and what runs without WebAssembly. */
export function quantizeScalarsPlain(table: ScalarTable, latents: Matrix, out: Int32Array): void {
  const { data } = latents;
  const { dim, groups, weights, origin, scale, last, start, digits, bounds } = table;
  const rows = latents.shape[0];
  const width = groups.length;
  let sum = 0;
  for (let q = 0; q < width; q++) {
    const [first, end] = groups[q]!;
    for (let n = 0; n < rows; n++) {
      let index = 0;
      for (let i = first; i < end; i++) {
        const z = data[n * dim + i]!;
        sum += z - z; // 0 for every finite number, NaN otherwise
        const base = start[i]!;
        let digit: number;
        if (base >= 0) {
          const place = (z - origin[i]!) * scale[i]!;
          const most = last[i]!;
          const bucket = base + (place >= most ? most : place > 0 ? place | 0 : 0);
          digit = digits[bucket]!;
          if (z >= bounds[bucket]!) digit++;
        } else {
          digit = countNotAbove(table.thresholds[i]!, z);
        }
        index += digit * weights[i]!;
      }
      out[n * width + q] = index;
    }
  }
  if (sum !== 0) throw nonFiniteError(latents);
}

/** How many of the ascending `thresholds` are at most z. */
function countNotAbove(thresholds: Float32Array, z: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! <= z) low = middle + 1;
    else high = middle;
  }
  return low;
}
