import { ShapeError } from "../errors/index.js";
import { checkMatrix } from "../quantizers/checks.js";
import type { Matrix } from "../spec/tensor.js";

/**
 * Checks the arguments of `nearest`: shapes, finite values, at least one codeword.
 *
 * @returns N, K and D
 */
export function checkNearest(
  vectors: Matrix,
  codebook: Matrix,
): { readonly rows: number; readonly size: number; readonly dim: number } {
  const size = checkMatrix(codebook, undefined, "codebook");
  if (size < 1) {
    throw new ShapeError("codebook", {
      expected: "at least one codeword",
      got: "shape [0, D]",
      remedy: "Pass a codebook [K, D] with K of at least 1.",
    });
  }
  const dim = codebook.shape[1];
  return { rows: checkMatrix(vectors, dim, "vectors"), size, dim };
}
