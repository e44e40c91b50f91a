import { ArgumentError, MismatchError, ShapeError } from "../errors/index.js";
import { checkCodebookSizes, checkCodes, isCount } from "../quantizers/checks.js";
import type { Codes, SideValue, TokenGrid } from "../spec/codes.js";

/** Most axes of a grid: time, height, width. */
const MAX_AXES = 3;

/**
 * A checked token grid.
 *
 * @param parts.codes [N, Q]
 * @param parts.shape extent of the N positions: [t], [h, w] or [t, h, w]; their product is N
 * @param parts.codebookSizes entries of each codebook, length Q
 * @param parts.side scalars and short lists that undo preprocessing
 * @throws ShapeError, CodeRangeError or ArgumentError
 */
export function createTokenGrid(parts: {
  readonly codes: Codes;
  readonly shape: readonly number[];
  readonly codebookSizes: readonly number[];
  readonly side?: Readonly<Record<string, SideValue>>;
  readonly tokenizer?: string;
}): TokenGrid {
  const { codes, shape, codebookSizes, side = {}, tokenizer } = parts;
  checkCodebookSizes(codebookSizes);
  if (
    !Array.isArray(shape) ||
    shape.length < 1 ||
    shape.length > MAX_AXES ||
    !shape.every(isCount)
  ) {
    throw new ShapeError("token grid", {
      expected: "a shape [t], [h, w] or [t, h, w] of non-negative integers",
      got: Array.isArray(shape) ? `[${shape.map(String).join(", ")}]` : typeof shape,
      remedy: "Say how the positions lie in time and space.",
    });
  }
  const rows = checkCodes(codes, codebookSizes);
  const positions = (shape as readonly number[]).reduce((a, b) => a * b, 1);
  if (positions !== rows) {
    throw new ShapeError("token grid", {
      expected: `${rows} positions`,
      got: `shape [${shape.join(", ")}], which has ${positions}`,
      remedy: "Let the product of the shape be the number of rows of the codes.",
    });
  }
  for (const [key, value] of Object.entries(side)) checkSide(key, value);
  if (tokenizer !== undefined && (typeof tokenizer !== "string" || tokenizer === "")) {
    throw new ArgumentError("token grid", {
      expected: "a tokenizer id such as image/photo-8x",
      got: JSON.stringify(tokenizer),
      remedy: "Leave it out if there is none.",
    });
  }
  return {
    codes,
    shape: Object.freeze([...shape]),
    codebookSizes: Object.freeze([...codebookSizes]),
    side,
    ...(tokenizer !== undefined && { tokenizer }),
  };
}

/** Checks a grid that came from elsewhere; returns it. */
export function checkTokenGrid(grid: TokenGrid): TokenGrid {
  if (typeof grid !== "object" || grid === null) {
    throw new ShapeError("token grid", {
      expected: "a TokenGrid",
      got: String(grid),
      remedy: "Make one by createTokenGrid, or load one by loadTokenGrid.",
    });
  }
  createTokenGrid(grid);
  return grid;
}

/** Refuses a grid of another tokenizer, or with other codebooks. A grid without an id passes. */
export function checkTokenizer(
  grid: TokenGrid,
  tokenizer: string,
  codebookSizes: readonly number[],
): void {
  if (grid.tokenizer !== undefined && grid.tokenizer !== tokenizer) {
    throw new MismatchError("token grid", {
      expected: `tokens of ${tokenizer}`,
      got: `tokens of ${grid.tokenizer}`,
      remedy: "Decode them by the tokenizer that made them.",
    });
  }
  const same =
    grid.codebookSizes.length === codebookSizes.length &&
    grid.codebookSizes.every((size, q) => size === codebookSizes[q]);
  if (!same) {
    throw new MismatchError("token grid", {
      expected: `codebooks of ${codebookSizes.join(", ")} entries (${tokenizer})`,
      got: grid.codebookSizes.join(", "),
      remedy: "Decode them by the tokenizer that made them.",
    });
  }
}

function checkSide(key: string, value: unknown): void {
  const scalar =
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value));
  const list =
    Array.isArray(value) && value.every((v) => typeof v === "number" && Number.isFinite(v));
  if (!scalar && !list) {
    throw new ArgumentError(`side value ${JSON.stringify(key)}`, {
      expected: "a finite number, a list of them, a string or a boolean",
      got: Array.isArray(value) ? "a list of other things" : String(value),
      remedy: "Keep only what decoding needs.",
    });
  }
}

/**
 * The first `levels` codebooks of every position, for tokenizers whose prefixes decode.
 * The codes are copied.
 */
export function sliceLevels(grid: TokenGrid, levels: number): TokenGrid {
  const [rows, width] = grid.codes.shape;
  if (!Number.isSafeInteger(levels) || levels < 1 || levels > width) {
    throw new ArgumentError("levels", {
      expected: `an integer in [1, ${width}]`,
      got: String(levels),
      remedy: "Ask for at most as many levels as the grid has.",
    });
  }
  const data = new Int32Array(rows * levels);
  for (let n = 0; n < rows; n++) {
    for (let q = 0; q < levels; q++) data[n * levels + q] = grid.codes.data[n * width + q]!;
  }
  return {
    ...grid,
    codes: { data, shape: [rows, levels] },
    codebookSizes: grid.codebookSizes.slice(0, levels),
  };
}

export interface GridBits {
  /** Information of the codes: N times the sum of log2 of the codebook sizes, fractional. */
  readonly codes: number;
  /** The same in whole bits per codebook, as `packBits` stores them. */
  readonly packedCodes: number;
  /** Side information; see `sideBits`. */
  readonly side: number;
  /** codes + side. */
  readonly total: number;
  /** total / N; NaN without positions. */
  readonly perPosition: number;
}

/** Bits of a grid, with its side information. Divide by pixels or seconds for a rate. */
export function bitsOf(grid: TokenGrid): GridBits {
  const rows = grid.codes.shape[0];
  let each = 0;
  let packedEach = 0;
  for (const size of grid.codebookSizes) {
    each += Math.log2(size);
    packedEach += bitWidth(size);
  }
  const side = sideBits(grid.side);
  const codes = rows * each;
  return {
    codes,
    packedCodes: rows * packedEach,
    side,
    total: codes + side,
    perPosition: rows === 0 ? Number.NaN : (codes + side) / rows,
  };
}

/**
 * Bits of side values in a plain binary form: 1 for a boolean, 8, 16 or 32 for an integer (the
 * smallest that holds it; 64 beyond), 32 for a number that a float32 holds, else 64, 8 per byte of
 * a string. Names are not counted: a decoder of the tokenizer knows them.
 */
export function sideBits(side: TokenGrid["side"]): number {
  let bits = 0;
  for (const value of Object.values(side)) {
    if (typeof value === "boolean") bits += 1;
    else if (typeof value === "string") bits += 8 * new TextEncoder().encode(value).length;
    else if (typeof value === "number") bits += numberBits(value);
    else for (const v of value) bits += numberBits(v);
  }
  return bits;
}

function numberBits(value: number): number {
  if (Number.isInteger(value)) {
    const size = value < 0 ? -value - 1 : value;
    const sign = value < 0 ? 2 : 1;
    if (size * sign < 256) return 8;
    if (size * sign < 65536) return 16;
    if (size * sign < 4294967296) return 32;
    return 64;
  }
  return Math.fround(value) === value ? 32 : 64;
}

/** Whole bits that hold a code of a codebook of `size` entries; 0 for a size of 1. */
export function bitWidth(size: number): number {
  return 32 - Math.clz32(size - 1);
}
