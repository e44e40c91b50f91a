import { FormatError, LimitError } from "../errors/index.js";
import { checkCodebookSizes, checkCodes, checkInteger } from "../quantizers/checks.js";
import type { Codes } from "../spec/codes.js";
import { bitWidth } from "./grid.js";

/** Bytes of `rows` positions packed by `packBits`. */
export function packedByteLength(rows: number, codebookSizes: readonly number[]): number {
  return Math.ceil((rows * codebookSizes.reduce((a, size) => a + bitWidth(size), 0)) / 8);
}

/**
 * Codes [N, Q] as a bit stream: each code in the fewest whole bits of its codebook, position after
 * position, least significant bit first within code and byte; the last byte is filled by zeros.
 */
export function packBits(codes: Codes, codebookSizes: readonly number[]): Uint8Array {
  checkCodebookSizes(codebookSizes);
  const rows = checkCodes(codes, codebookSizes);
  const out = new Uint8Array(packedByteLength(rows, codebookSizes));
  const widths = codebookSizes.map(bitWidth);
  const { data } = codes;
  let pending = 0; // bits not written yet, fewer than 8 between codes
  let held = 0;
  let at = 0;
  let i = 0;
  for (let n = 0; n < rows; n++) {
    for (const width of widths) {
      // A product instead of a shift: 7 + 31 bits pass 2^32.
      let value = pending + data[i++]! * 2 ** held;
      held += width;
      while (held >= 8) {
        out[at++] = value % 256;
        value = Math.floor(value / 256);
        held -= 8;
      }
      pending = value;
    }
  }
  if (held > 0) out[at] = pending;
  return out;
}

/**
 * The inverse of `packBits`.
 *
 * @throws FormatError if the length is not that of `rows` positions or a filling bit is set,
 *   CodeRangeError if a code lies outside its codebook
 */
export function unpackBits(
  bytes: Uint8Array,
  rows: number,
  codebookSizes: readonly number[],
): Codes {
  checkCodebookSizes(codebookSizes);
  checkRows(rows, codebookSizes);
  checkLength(bytes, packedByteLength(rows, codebookSizes));
  const widths = codebookSizes.map(bitWidth);
  const data = new Int32Array(rows * widths.length);
  let pending = 0;
  let held = 0;
  let at = 0;
  let i = 0;
  for (let n = 0; n < rows; n++) {
    for (const width of widths) {
      while (held < width) {
        pending += bytes[at++]! * 2 ** held;
        held += 8;
      }
      const modulus = 2 ** width;
      data[i++] = pending % modulus;
      pending = Math.floor(pending / modulus);
      held -= width;
    }
  }
  if (pending !== 0) throw fillError();
  const codes: Codes = { data, shape: [rows, widths.length] };
  checkCodes(codes, codebookSizes);
  return codes;
}

/** Codes of one block are one big integer: long enough to waste little, short enough to be quick. */
const BLOCK_BITS = 2048;

/**
 * Codes [N, Q] at their fractional rate: runs of codes become one integer each, in mixed radix with
 * the first code least significant. Of 1,000-entry codebooks, whole bits take 10 bits a code, this
 * 9.97; of 5-entry ones 3 and 2.33. Slower than `packBits`; a stream of powers of two gains nothing.
 */
export function packRadix(codes: Codes, codebookSizes: readonly number[]): Uint8Array {
  checkCodebookSizes(codebookSizes);
  const rows = checkCodes(codes, codebookSizes);
  const parts: Uint8Array[] = [];
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const { value, span } = combine(codes.data, codebookSizes, first, end);
    const bytes = new Uint8Array(byteLengthOf(span));
    let hex = value.toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    for (let i = 0; i < hex.length / 2 && i < bytes.length; i++) {
      bytes[i] = Number.parseInt(hex.slice(hex.length - 2 * i - 2, hex.length - 2 * i), 16);
    }
    parts.push(bytes);
  }
  const out = new Uint8Array(parts.reduce((a, part) => a + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes of `rows` positions packed by `packRadix`. */
export function radixByteLength(rows: number, codebookSizes: readonly number[]): number {
  const spans = new Map<string, number>();
  let total = 0;
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const key = `${first % codebookSizes.length} ${end - first}`;
    let bytes = spans.get(key);
    if (bytes === undefined) {
      bytes = byteLengthOf(spanOf(codebookSizes, first, end));
      spans.set(key, bytes);
    }
    total += bytes;
  }
  return total;
}

/** The inverse of `packRadix`. Errors as `unpackBits`. */
export function unpackRadix(
  bytes: Uint8Array,
  rows: number,
  codebookSizes: readonly number[],
): Codes {
  checkCodebookSizes(codebookSizes);
  checkRows(rows, codebookSizes);
  // A lower bound first, so that an absurd `rows` costs nothing.
  const bits = rows * codebookSizes.reduce((a, size) => a + Math.log2(size), 0);
  if (bits > bytes.length * 8 * (1 + 1e-9) + 1) checkLength(bytes, Math.ceil(bits / 8));
  checkLength(bytes, radixByteLength(rows, codebookSizes));
  const data = new Int32Array(rows * codebookSizes.length);
  let at = 0;
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const span = spanOf(codebookSizes, first, end);
    const length = byteLengthOf(span);
    let hex = "";
    for (let i = length - 1; i >= 0; i--) hex += bytes[at + i]!.toString(16).padStart(2, "0");
    at += length;
    const value = length === 0 ? 0n : BigInt(`0x${hex}`);
    if (value >= span) throw fillError();
    split(value, data, codebookSizes, first, end);
  }
  return { data, shape: [rows, codebookSizes.length] };
}

/** Runs [first, end) of codes in row-major order whose sizes multiply to about 2^BLOCK_BITS. */
function* radixBlocks(
  rows: number,
  codebookSizes: readonly number[],
): Generator<readonly [number, number]> {
  const width = codebookSizes.length;
  const perRow = codebookSizes.reduce((a, size) => a + Math.log2(size), 0);
  const total = rows * width;
  const step =
    perRow >= BLOCK_BITS
      ? Math.max(1, Math.floor((width * BLOCK_BITS) / perRow))
      : width * Math.min(rows, Math.max(1, Math.floor(BLOCK_BITS / Math.max(perRow, 1e-3))));
  for (let first = 0; first < total; first += step) yield [first, Math.min(total, first + step)];
}

/** Halving keeps the factors of each product equally long, which big integers multiply best. */
function combine(
  data: Int32Array,
  sizes: readonly number[],
  first: number,
  end: number,
): { value: bigint; span: bigint } {
  if (end - first === 1) {
    return { value: BigInt(data[first]!), span: BigInt(sizes[first % sizes.length]!) };
  }
  const middle = (first + end) >>> 1;
  const low = combine(data, sizes, first, middle);
  const high = combine(data, sizes, middle, end);
  return { value: low.value + low.span * high.value, span: low.span * high.span };
}

function spanOf(sizes: readonly number[], first: number, end: number): bigint {
  if (end - first === 1) return BigInt(sizes[first % sizes.length]!);
  const middle = (first + end) >>> 1;
  return spanOf(sizes, first, middle) * spanOf(sizes, middle, end);
}

function split(
  value: bigint,
  data: Int32Array,
  sizes: readonly number[],
  first: number,
  end: number,
): void {
  if (end - first === 1) {
    data[first] = Number(value);
    return;
  }
  const middle = (first + end) >>> 1;
  const span = spanOf(sizes, first, middle);
  split(value % span, data, sizes, first, middle);
  split(value / span, data, sizes, middle, end);
}

/** Bytes that hold every integer below `span`. */
function byteLengthOf(span: bigint): number {
  return span <= 1n ? 0 : Math.ceil((span - 1n).toString(16).length / 2);
}

/** Codebooks of one entry take no bits, so the length of the stream does not bound their number. */
function checkRows(rows: number, codebookSizes: readonly number[]): void {
  checkInteger(rows, 0, Number.MAX_SAFE_INTEGER, "rows");
  if (codebookSizes.every((size) => size === 1) && rows * codebookSizes.length > 2 ** 24) {
    throw new LimitError("packed codes", {
      expected: "at most 2^24 codes that carry no information",
      got: String(rows * codebookSizes.length),
      remedy: "The number of positions is damaged.",
    });
  }
}

function checkLength(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    throw new FormatError("packed codes", {
      expected: `${expected} bytes`,
      got: `${bytes.length}`,
      remedy: "The stream is cut short, or the number of positions or the codebook sizes differ.",
    });
  }
}

function fillError(): FormatError {
  return new FormatError("packed codes", {
    expected: "unused room to be zero",
    got: "a bit that is set",
    remedy: "The stream is damaged, or the codebook sizes differ.",
  });
}
