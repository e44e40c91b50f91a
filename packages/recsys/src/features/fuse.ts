import { ArgumentError, ShapeError, checkMatrix } from "@dtok/core";
import type { Matrix } from "@dtok/core";

export interface FusePart {
  /** [N, D_i]. */
  readonly vectors: Matrix;
  /** Share of the squared length of the fused vectors that this part has, relative to the others'. Default 1. */
  readonly weight?: number;
}

export interface FuseOptions {
  /**
   * Centre and scale by the data at hand (default). False only multiplies by the root of the weight:
   * then a row does not depend on the others, as later items of a fitted model need it.
   */
  readonly standardise?: boolean;
}

/**
 * Several vectors per item side by side, [N, D_1 + D_2 + …]: each part is centred and scaled so that
 * its mean squared length is its weight. For separate codebooks per part, see
 * `fitSeparate`.
 *
 * Rows of zeros (items that a part says nothing about) stay zero, and count in neither mean.
 */
export function fuse(parts: readonly FusePart[], { standardise = true }: FuseOptions = {}): Matrix {
  if (parts.length === 0) {
    throw new ArgumentError("parts", {
      expected: "at least one matrix",
      got: "none",
      remedy: "Pass { vectors, weight } for each.",
    });
  }
  const rows = parts[0]!.vectors.shape[0];
  const width = parts.reduce((sum, { vectors }) => sum + vectors.shape[1], 0);
  const data = new Float32Array(rows * width);
  let offset = 0;
  for (const [i, { vectors, weight = 1 }] of parts.entries()) {
    checkMatrix(vectors, undefined, `part ${i}`);
    const dim = vectors.shape[1];
    if (vectors.shape[0] !== rows) {
      throw new ShapeError(`part ${i}`, {
        expected: `${rows} rows, as part 0 has`,
        got: String(vectors.shape[0]),
        remedy: "Give each item one row in every part, zeros where a part knows nothing.",
      });
    }
    if (!(weight >= 0 && weight < Infinity)) {
      throw new ArgumentError(`weight of part ${i}`, {
        expected: "a finite number from 0",
        got: String(weight),
        remedy: "Leave it out for 1.",
      });
    }
    const known: number[] = [];
    const mean = new Float64Array(dim);
    for (let n = 0; n < rows; n++) {
      const row = vectors.data.subarray(n * dim, (n + 1) * dim);
      if (row.every((value) => value === 0)) continue;
      known.push(n);
      for (let d = 0; d < dim; d++) mean[d]! += row[d]!;
    }
    for (let d = 0; d < dim; d++) {
      mean[d] = standardise ? mean[d]! / Math.max(1, known.length) : 0;
    }
    let energy = 0;
    for (const n of known) {
      for (let d = 0; d < dim; d++) energy += (vectors.data[n * dim + d]! - mean[d]!) ** 2;
    }
    const fitted = energy > 0 ? Math.sqrt((weight * known.length) / energy) : 0;
    const scale = standardise ? fitted : Math.sqrt(weight);
    for (const n of known) {
      for (let d = 0; d < dim; d++) {
        data[n * width + offset + d] = (vectors.data[n * dim + d]! - mean[d]!) * scale;
      }
    }
    offset += dim;
  }
  return { data, shape: [rows, width] };
}
