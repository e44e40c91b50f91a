import { ArgumentError, CodeRangeError, ShapeError, ValueError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type { Matrix } from "../spec/tensor.js";

/** The largest codebook: codes are int32. */
export const MAX_CODEBOOK_SIZE = 2 ** 31;

/** Of a float32: the exponent's bits, all set in NaN and infinities, and its lowest one. */
const EXPONENT = 0x7f800000;
const ONE = 0x00800000;

/** `toString` tags instead of `instanceof`: arrays of another realm (iframe, worker, vm) count too. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * Shape and type of `matrix` [N, D], not its values. N = 0 is allowed.
 *
 * @param dim D that is asked for; any D >= 1 where left out
 * @param what name of the argument for the message
 * @returns N
 */
export function checkMatrixShape(matrix: Matrix, dim?: number, what = "latents"): number {
  const tag = tagOf(matrix?.data);
  if (tag !== "Float32Array") {
    throw new ShapeError(what, {
      expected: "{ data: Float32Array, shape: [N, D] }",
      got: matrix === null || typeof matrix !== "object" ? tagOf(matrix) : `data of type ${tag}`,
      remedy: "Convert the values by Float32Array.from and say their shape.",
    });
  }
  const shape = matrix.shape as readonly number[] | undefined;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(isCount)) {
    throw new ShapeError(what, {
      expected: "a shape [N, D] of two non-negative integers",
      got: describeShape(shape),
      remedy: "Flatten all leading axes into N; the last axis is D.",
    });
  }
  const rows = shape[0]!;
  const columns = shape[1]!;
  if (dim !== undefined ? columns !== dim : columns < 1) {
    throw new ShapeError(what, {
      expected: dim === undefined ? "D of at least 1" : `D = ${dim}`,
      got: `shape [${shape.join(", ")}]`,
      remedy: "Pass vectors of the width that this quantizer was made for.",
    });
  }
  if (matrix.data.length !== rows * columns) {
    throw new ShapeError(what, {
      expected: `${rows} x ${columns} = ${rows * columns} numbers`,
      got: `${matrix.data.length}`,
      remedy: "Let data.length be the product of the shape.",
    });
  }
  return rows;
}

/**
 * Refuses NaN and infinities; the error names row and column.
 *
 * Works on the bit patterns: adding 1 to an exponent field of all ones carries into the sign bit,
 * so one OR per value decides, with no branch in the loop.
 */
export function checkFinite(matrix: Matrix, what = "latents"): void {
  if (!allFinite(matrix.data)) throw nonFiniteError(matrix, what);
}

/** False if a value is NaN or infinite. */
export function allFinite(data: Float32Array): boolean {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const whole = bits.length & ~7;
  let seen = 0;
  // Eight at a time: half the time of one.
  for (let i = 0; i < whole; i += 8) {
    seen |=
      ((bits[i]! & EXPONENT) + ONE) |
      ((bits[i + 1]! & EXPONENT) + ONE) |
      ((bits[i + 2]! & EXPONENT) + ONE) |
      ((bits[i + 3]! & EXPONENT) + ONE) |
      ((bits[i + 4]! & EXPONENT) + ONE) |
      ((bits[i + 5]! & EXPONENT) + ONE) |
      ((bits[i + 6]! & EXPONENT) + ONE) |
      ((bits[i + 7]! & EXPONENT) + ONE);
  }
  for (let i = whole; i < bits.length; i++) seen |= (bits[i]! & EXPONENT) + ONE;
  // EXPONENT + ONE = 2^31: `|` wraps it to the sign bit.
  return seen >= 0;
}

/** The error of the first NaN or infinity in `matrix`, for kernels that find one on their own. */
export function nonFiniteError(matrix: Matrix, what = "latents"): ValueError {
  const { data, shape } = matrix;
  let at = 0;
  while (at < data.length && Number.isFinite(data[at])) at++;
  const columns = shape[1];
  return new ValueError(what, {
    expected: "finite numbers",
    got: `${data[at]} at row ${Math.floor(at / columns)}, column ${at % columns}`,
    remedy: "Find where the encoder made it, or drop that row.",
  });
}

/** `checkMatrixShape` and `checkFinite`. Returns N. */
export function checkMatrix(matrix: Matrix, dim?: number, what = "latents"): number {
  const rows = checkMatrixShape(matrix, dim, what);
  checkFinite(matrix, what);
  return rows;
}

/**
 * Shape of `codes` [N, Q] and range of every code. N = 0 is allowed.
 *
 * @param codebookSizes entries of each codebook
 * @param options.prefix accept Q smaller than `codebookSizes.length` (at least 1)
 * @returns N
 */
export function checkCodes(
  codes: Codes,
  codebookSizes: readonly number[],
  options: { readonly prefix?: boolean; readonly what?: string } = {},
): number {
  const what = options.what ?? "codes";
  const tag = tagOf(codes?.data);
  if (tag !== "Int32Array") {
    throw new ShapeError(what, {
      expected: "{ data: Int32Array, shape: [N, Q] }",
      got: codes === null || typeof codes !== "object" ? tagOf(codes) : `data of type ${tag}`,
      remedy: "Convert the codes by Int32Array.from and say their shape.",
    });
  }
  const shape = codes.shape as readonly number[] | undefined;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(isCount)) {
    throw new ShapeError(what, {
      expected: "a shape [N, Q] of two non-negative integers",
      got: describeShape(shape),
      remedy: "Flatten all positions into N; the last axis is the codebook.",
    });
  }
  const rows = shape[0]!;
  const width = shape[1]!;
  const full = codebookSizes.length;
  if (options.prefix === true ? width < 1 || width > full : width !== full) {
    throw new ShapeError(what, {
      expected: options.prefix === true ? `1 to ${full} codebooks` : `${full} codebooks`,
      got: `shape [${shape.join(", ")}]`,
      remedy: "Pass the codes of this quantizer, all codebooks of a position side by side.",
    });
  }
  const { data } = codes;
  if (data.length !== rows * width) {
    throw new ShapeError(what, {
      expected: `${rows} x ${width} = ${rows * width} codes`,
      got: `${data.length}`,
      remedy: "Let data.length be the product of the shape.",
    });
  }
  for (let q = 0; q < width; q++) {
    const size = codebookSizes[q]!;
    for (let i = q; i < data.length; i += width) {
      // As unsigned numbers, negative codes are larger than any codebook.
      if (data[i]! >>> 0 >= size) {
        throw new CodeRangeError(what, {
          expected: `codes in [0, ${size}) in codebook ${q}`,
          got: `${data[i]} at position ${(i - q) / width}`,
          remedy: "Check that these codes were made by this tokenizer and are not shifted ids.",
        });
      }
    }
  }
  return rows;
}

/** Level count of `dequantize(codes, { levels })`: in [1, width], `width` where left out. */
export function checkLevels(
  levels: number | undefined,
  width: number,
  prefixDecodable: boolean,
): number {
  if (levels === undefined || levels === width) return width;
  if (!Number.isSafeInteger(levels) || levels < 1 || levels > width || !prefixDecodable) {
    throw new ArgumentError("levels", {
      expected: prefixDecodable
        ? `an integer in [1, ${width}]`
        : `${width}: this quantizer needs all of its codebooks to decode`,
      got: String(levels),
      remedy: "Leave `levels` out to decode from all codes.",
    });
  }
  return levels;
}

/** A non-negative safe integer. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** An integer option in [min, max]. Returns it. */
export function checkInteger(value: unknown, min: number, max: number, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw new ArgumentError(what, {
      expected: `an integer in [${min}, ${max}]`,
      got: typeof value === "number" ? String(value) : tagOf(value),
      remedy: "Correct the value.",
    });
  }
  return value as number;
}

/** Sizes of codebooks: at least one, each an integer in [1, 2^31]. */
export function checkCodebookSizes(sizes: readonly number[], what = "codebookSizes"): void {
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw new ArgumentError(what, {
      expected: "a list of at least one codebook size",
      got: Array.isArray(sizes) ? "an empty list" : tagOf(sizes),
      remedy: "Pass the number of entries of each codebook.",
    });
  }
  for (let q = 0; q < sizes.length; q++) {
    checkInteger(sizes[q], 1, MAX_CODEBOOK_SIZE, `${what}[${q}]`);
  }
}

function describeShape(shape: unknown): string {
  return Array.isArray(shape) ? `[${shape.map(String).join(", ")}]` : tagOf(shape);
}
