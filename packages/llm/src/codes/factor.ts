import { ArgumentError, MismatchError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";

/**
 * One code of a large codebook as several of small ones, so that a small model need not hold a row
 * for each of the large one's: code = f0 + F0 (f1 + F1 (f2 + …)), mixed radix with the first factor
 * least significant, as FSQ's own digits are. Open-MAGVIT2 factorises its 2^18 codes into 2^6 and
 * 2^12 so (arXiv:2409.04410, section 3.2).
 *
 *     code 700 of 15,360, factors 512 x 30:   188, 1
 */
export function factorCodes(
  grid: TokenGrid,
  factors: readonly number[],
  tokenizer: string,
): TokenGrid {
  const size = grid.codebookSizes[0];
  if (grid.codebookSizes.length !== 1 || checkFactors(factors) !== size) {
    throw new ArgumentError("factors", {
      expected: `one codebook, and factors whose product is its size, ${size}`,
      got: `${grid.codebookSizes.length} codebooks, factors ${factors.join(" x ")}`,
      remedy: "An FSQ codebook factors into the products of its levels.",
    });
  }
  const rows = grid.codes.data.length;
  const width = factors.length;
  const data = new Int32Array(rows * width);
  for (let n = 0, i = 0; n < rows; n++) {
    let rest = grid.codes.data[n]!;
    for (const factor of factors) {
      const digit = rest % factor;
      data[i++] = digit;
      rest = (rest - digit) / factor;
    }
  }
  return {
    codes: { data, shape: [rows, width] },
    shape: grid.shape,
    codebookSizes: [...factors],
    side: grid.side,
    tokenizer,
  };
}

/** The inverse of `factorCodes`. */
export function joinFactors(grid: TokenGrid, tokenizer: string): TokenGrid {
  const factors = grid.codebookSizes;
  const size = checkFactors(factors);
  const [rows, width] = grid.codes.shape;
  if (width !== factors.length || grid.codes.data.length !== rows * width) {
    throw new MismatchError("token grid", {
      expected: `codes [N, ${factors.length}]`,
      got: `[${rows}, ${width}]`,
      remedy: "Pass what factorCodes gave.",
    });
  }
  const data = new Int32Array(rows);
  for (let n = 0; n < rows; n++) {
    let code = 0;
    for (let q = width - 1; q >= 0; q--)
      code = code * factors[q]! + grid.codes.data[n * width + q]!;
    data[n] = code;
  }
  return {
    codes: { data, shape: [rows, 1] },
    shape: grid.shape,
    codebookSizes: [size],
    side: grid.side,
    tokenizer,
  };
}

function checkFactors(factors: readonly number[]): number {
  const fits = factors.length > 0 && factors.every((f) => Number.isSafeInteger(f) && f >= 1);
  const size = fits ? factors.reduce((a, b) => a * b, 1) : 0;
  if (size < 1 || size > 2 ** 31 - 1) {
    throw new ArgumentError("factors", {
      expected: "positive integers with a product below 2^31",
      got: factors.join(" x ").slice(0, 80),
      remedy: "Take the levels of the FSQ codebook, or products of them.",
    });
  }
  return size;
}
