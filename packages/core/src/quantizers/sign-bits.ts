import { ArgumentError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type { Matrix } from "../spec/tensor.js";
import { checkCodes, checkInteger, nonFiniteError } from "./checks.js";
import type { ScalarKernels } from "./scalar-wasm.js";
import {
  BLOCK_BYTES,
  CODES_AT,
  INPUT_AT,
  STREAM_AT,
  TABLE_AT,
  scalarKernels,
} from "./scalar-wasm.js";

/** Bits of one int32 code that is never negative. */
const MAX_GROUP_BITS = 31;
const MAX_BITS = 65536;

/** One bit per channel, cut into codebooks of at most 31 bits: what LFQ and BSQ share. */
export interface BitGroups {
  /** Channels, D. */
  readonly bits: number;
  /** Bits of each codebook. */
  readonly widths: readonly number[];
  /** 2^bits of each codebook. */
  readonly sizes: readonly number[];
  /** How a spec says it: "18", or "2x9" where it is not the split that "18" stands for. */
  readonly text: string;
}

/**
 * @param bits channels
 * @param groups codebooks of nearly equal width, wider ones first. Default: the fewest that have at
 *   most 31 bits each
 */
export function bitGroups(bits: number, groups?: number): BitGroups {
  checkInteger(bits, 1, MAX_BITS, "bits");
  const fewest = Math.ceil(bits / MAX_GROUP_BITS);
  const count = groups ?? fewest;
  checkInteger(count, fewest, bits, "groups");
  const widths = Array.from(
    { length: count },
    (_, q) => Math.floor(bits / count) + (q < bits % count ? 1 : 0),
  );
  if (groups !== undefined && bits % groups !== 0) {
    throw new ArgumentError("groups", {
      expected: `a divisor of ${bits} bits`,
      got: String(groups),
      remedy: "Give all groups the same width, or leave the split to the quantizer.",
    });
  }
  const text = count === fewest ? `${bits}` : `${count}x${bits / count}`;
  return { bits, widths, sizes: widths.map((width) => 2 ** width), text };
}

/** "18" or "2x9" to groups; undefined if it is neither. */
export function parseBitGroups(text: string): BitGroups | undefined {
  const match = /^(?:([1-9]\d{0,4})x)?([1-9]\d{0,4})$/.exec(text);
  if (match === null) return undefined;
  const width = Number(match[2]);
  if (match[1] === undefined) return width <= MAX_BITS ? bitGroups(width) : undefined;
  const count = Number(match[1]);
  return width <= MAX_GROUP_BITS && width * count <= MAX_BITS
    ? bitGroups(width * count, count)
    : undefined;
}

/**
 * Signs of [N, D] to little-endian codes [N, Q]: bit i of a codebook has weight 2^i and is set by a
 * value > 0. Looks for NaN and infinities in the same pass.
 *
 * A float is > 0 exactly if its pattern, read as an int32, is: so this is integer arithmetic.
 *
 * @throws ValueError that names row and column
 */
export function encodeSigns(groups: BitGroups, latents: Matrix, out: Int32Array): void {
  const kernels = scalarKernels();
  if (kernels === undefined || groups.bits * 4 > BLOCK_BYTES || latents.data.length < 256) {
    encodeSignsPlain(groups, latents, out);
    return;
  }
  const { floats, ints } = kernels;
  const { bits: dim, widths } = groups;
  const rows = latents.shape[0];
  const count = widths.length;
  const table = tableWidths(kernels, widths);
  const step = Math.floor(BLOCK_BYTES / (4 * dim));
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    const length = (end - row) * dim;
    floats.set(latents.data.subarray(row * dim, end * dim), INPUT_AT >> 2);
    const padded = (length + 15) & ~15;
    floats.fill(0, (INPUT_AT >> 2) + length, (INPUT_AT >> 2) + padded);
    if (kernels.signBits(INPUT_AT, padded, STREAM_AT) !== 0) throw nonFiniteError(latents);
    const codes = (end - row) * count;
    kernels.cutBits(STREAM_AT, codes, TABLE_AT, table, CODES_AT);
    out.set(ints.subarray(CODES_AT >> 2, (CODES_AT >> 2) + codes), row * count);
  }
}

/** Lays the widths of a cycle of codes into the table; one width for all is a cycle of one. */
function tableWidths(kernels: ScalarKernels, widths: readonly number[]): number {
  const cycle = widths.every((width) => width === widths[0]) ? 1 : widths.length;
  for (let q = 0; q < cycle; q++) kernels.ints[(TABLE_AT >> 2) + q] = widths[q]!;
  return cycle;
}

/** `encodeSigns` in plain TypeScript: the reference, and what runs without WebAssembly. */
export function encodeSignsPlain(groups: BitGroups, latents: Matrix, out: Int32Array): void {
  const { data, shape } = latents;
  const { widths } = groups;
  const rows = shape[0];
  const count = widths.length;
  const patterns = new Int32Array(data.buffer, data.byteOffset, data.length);
  let seen = 0;
  let at = 0;
  let to = 0;
  for (let n = 0; n < rows; n++) {
    for (let q = 0; q < count; q++) {
      const width = widths[q]!;
      let code = 0;
      for (let i = 0; i < width; i++) {
        const b = patterns[at + i]!;
        seen |= (b & 0x7f800000) + 0x00800000;
        // -b and ~b are both negative exactly if b > 0.
        code |= ((-b & ~b) >>> 31) << i;
      }
      at += width;
      out[to++] = code;
    }
  }
  if (seen < 0) throw nonFiniteError(latents);
}

/** Codes [N, Q] to `low` (bit 0) and `high` (bit 1) in [N, D]. */
export function decodeSigns(
  groups: BitGroups,
  codes: Codes,
  low: number,
  high: number,
  out: Float32Array | Int32Array,
): void {
  const kernels = scalarKernels();
  const { widths, bits: dim } = groups;
  if (
    kernels === undefined ||
    !(out instanceof Float32Array) ||
    dim * 4 > BLOCK_BYTES ||
    out.length < 256
  ) {
    decodeSignsPlain(groups, codes, low, high, out);
    return;
  }
  const { floats, ints } = kernels;
  const rows = codes.shape[0];
  const count = widths.length;
  const table = tableWidths(kernels, widths);
  const step = Math.floor(BLOCK_BYTES / (4 * dim));
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    ints.set(codes.data.subarray(row * count, end * count), CODES_AT >> 2);
    kernels.bitValues(CODES_AT, (end - row) * count, TABLE_AT, table, low, high, INPUT_AT);
    const length = (end - row) * dim;
    out.set(floats.subarray(INPUT_AT >> 2, (INPUT_AT >> 2) + length), row * dim);
  }
}

/** `decodeSigns` in plain TypeScript. */
export function decodeSignsPlain(
  groups: BitGroups,
  codes: Codes,
  low: number,
  high: number,
  out: Float32Array | Int32Array,
): void {
  const { widths } = groups;
  const total = codes.shape[0] * widths.length;
  const values = [low, high];
  let at = 0;
  for (let k = 0; k < total; k++) {
    const code = codes.data[k]!;
    const width = widths[k % widths.length]!;
    for (let i = 0; i < width; i++) out[at + i] = values[(code >>> i) & 1]!;
    at += width;
  }
}

/** Codes [N, Q] to bits [N, D] of 0 and 1, channel order. */
export function codesToBits(groups: BitGroups, codes: Codes): Codes {
  const rows = checkCodes(codes, groups.sizes);
  const data = new Int32Array(rows * groups.bits);
  decodeSigns(groups, codes, 0, 1, data);
  return { data, shape: [rows, groups.bits] };
}

/** Bits [N, D] to codes [N, Q]: the inverse of `codesToBits`. */
export function bitsToCodes(groups: BitGroups, bits: Codes): Codes {
  const rows = checkCodes(
    bits,
    Array.from({ length: groups.bits }, () => 2),
    { what: "bits" },
  );
  const { widths } = groups;
  const data = new Int32Array(rows * widths.length);
  let at = 0;
  for (let k = 0; k < data.length; k++) {
    let code = 0;
    const width = widths[k % widths.length]!;
    for (let i = 0; i < width; i++) code |= bits.data[at + i]! << i;
    at += width;
    data[k] = code;
  }
  return { data, shape: [rows, widths.length] };
}

/** All D bits of each position as one little-endian integer. */
export function codesToBigInts(groups: BitGroups, codes: Codes): bigint[] {
  const rows = checkCodes(codes, groups.sizes);
  const { widths } = groups;
  return Array.from({ length: rows }, (_, n) => {
    let index = 0n;
    for (let q = widths.length - 1; q >= 0; q--) {
      index = (index << BigInt(widths[q]!)) | BigInt(codes.data[n * widths.length + q]!);
    }
    return index;
  });
}
