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
  // Bits not written yet, fewer than 8 between steps; a step adds at most 16, so 32 bits suffice.
  let pending = 0;
  let held = 0;
  let at = 0;
  let i = 0;
  for (let n = 0; n < rows; n++) {
    for (let q = 0; q < widths.length; q++) {
      let code = data[i++]!;
      for (let left = widths[q]!; left > 0; left -= 16) {
        pending |= (code & 0xffff) << held;
        held += left < 16 ? left : 16;
        code >>>= 16;
        while (held >= 8) {
          out[at++] = pending;
          pending >>>= 8;
          held -= 8;
        }
      }
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
    for (let q = 0; q < widths.length; q++) {
      const width = widths[q]!;
      let code = 0;
      for (let done = 0; done < width; done += 16) {
        const take = width - done < 16 ? width - done : 16;
        while (held < take) {
          pending |= bytes[at++]! << held;
          held += 8;
        }
        code |= (pending & ((1 << take) - 1)) << done;
        pending >>>= take;
        held -= take;
      }
      data[i++] = code;
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
  const spanOf = spanCache(codebookSizes);
  const out = new Uint8Array(radixByteLength(rows, codebookSizes));
  let at = 0;
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const span = spanOf(first, end);
    const length = byteLengthOf(span.product);
    const hex = combine(codes.data, span, first)
      .toString(16)
      .padStart(2 * length, "0");
    for (let i = 0; i < length; i++) {
      out[at + i] = Number.parseInt(hex.slice(2 * (length - i) - 2, 2 * (length - i)), 16);
    }
    at += length;
  }
  return out;
}

/** Bytes of `rows` positions packed by `packRadix`. */
export function radixByteLength(rows: number, codebookSizes: readonly number[]): number {
  const spanOf = spanCache(codebookSizes);
  const lengths = new Map<Span, number>();
  let total = 0;
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const span = spanOf(first, end);
    let length = lengths.get(span);
    if (length === undefined) lengths.set(span, (length = byteLengthOf(span.product)));
    total += length;
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
  const spanOf = spanCache(codebookSizes);
  let at = 0;
  for (const [first, end] of radixBlocks(rows, codebookSizes)) {
    const span = spanOf(first, end);
    const length = byteLengthOf(span.product);
    let hex = "0";
    for (let i = length - 1; i >= 0; i--) hex += HEX[bytes[at + i]!]!;
    at += length;
    const value = BigInt(`0x${hex}`);
    if (value >= span.product) throw fillError();
    split(value, data, span, first);
  }
  return { data, shape: [rows, codebookSizes.length] };
}

const HEX = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

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

/** Sizes of a run of codes, halved again and again: factors of equal length multiply fastest. */
interface Span {
  /** Product of the sizes: codes of the run make integers below it. */
  readonly product: bigint;
  /** Codes in the run. */
  readonly count: number;
  /** The first half and the rest; absent where `count` is 1. */
  readonly halves?: readonly [Span, Span];
}

/** Runs of the same sizes share their span: all blocks but the last do. */
function spanCache(sizes: readonly number[]): (first: number, end: number) => Span {
  const known = new Map<string, Span>();
  const make = (first: number, end: number): Span => {
    const key = `${first % sizes.length} ${end - first}`;
    let span = known.get(key);
    if (span === undefined) {
      if (end - first === 1) {
        span = { product: BigInt(sizes[first % sizes.length]!), count: 1 };
      } else {
        const middle = (first + end) >>> 1;
        const halves = [make(first, middle), make(middle, end)] as const;
        span = { product: halves[0].product * halves[1].product, count: end - first, halves };
      }
      known.set(key, span);
    }
    return span;
  };
  return make;
}

function combine(data: Int32Array, span: Span, first: number): bigint {
  if (span.halves === undefined) return BigInt(data[first]!);
  const [low, high] = span.halves;
  return combine(data, low, first) + low.product * combine(data, high, first + low.count);
}

function split(value: bigint, data: Int32Array, span: Span, first: number): void {
  if (span.halves === undefined) {
    data[first] = Number(value);
    return;
  }
  const [low, high] = span.halves;
  const quotient = value / low.product;
  split(value - quotient * low.product, data, low, first);
  split(quotient, data, high, first + low.count);
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
