/*
 * Item embeddings from interactions: a truncated singular value decomposition of the user-item matrix
 * with rows and columns scaled by the square roots of their sums (spectral co-clustering, Dhillon, KDD
 * 2001; the one-step case of graph filters for recommendation, Shen et al., arXiv 2108.07567), by
 * randomised subspace iteration (Halko, Martinsson, Tropp, arXiv 0909.4061):
 *
 *   A = D_u^(-1/2) R D_i^(-1/2),   A ~ U S V^T,   items: rows of V S
 *
 * Items that the same users take are near each other.
 */
import { ArgumentError, createRandom } from "@dtok/core";
import type { Matrix } from "@dtok/core";

export interface Interactions {
  /** Index of the user of each interaction, from 0. */
  readonly users: Int32Array;
  /** Index of the item of each interaction, in [0, items). */
  readonly items: Int32Array;
  /** Strength of each, above 0. Default 1. */
  readonly weights?: Float32Array;
}

export interface CollaborativeOptions {
  /** D. Default 64, or less where there are fewer users or items. */
  readonly dim?: number;
  /** Rounds of subspace iteration. Default 8. */
  readonly iterations?: number;
  readonly seed?: number;
}

/**
 * Vectors [items, D]; rows of length 1, but for items without interactions, which are zero.
 *
 * @param items N of the catalogue
 */
export function collaborativeFeatures(
  interactions: Interactions,
  items: number,
  options: CollaborativeOptions = {},
): Matrix {
  const { users, items: taken, weights } = interactions;
  const { iterations = 8, seed = 0 } = options;
  const count = users.length;
  if (taken.length !== count || (weights !== undefined && weights.length !== count)) {
    throw new ArgumentError("interactions", {
      expected: `${count} items and weights, one per user entry`,
      got: `${taken.length} items, ${weights?.length ?? "no"} weights`,
      remedy: "Give all three lists the same length.",
    });
  }
  let userCount = 0;
  for (let i = 0; i < count; i++) {
    const weight = weights?.[i] ?? 1;
    if (
      users[i]! < 0 ||
      taken[i]! < 0 ||
      taken[i]! >= items ||
      !(weight > 0 && weight < Infinity)
    ) {
      throw new ArgumentError(`interaction ${i}`, {
        expected: `a user from 0, an item in [0, ${items}), a finite weight above 0`,
        got: `user ${users[i]}, item ${taken[i]}, weight ${weight}`,
        remedy: "Leave interactions with unknown items out.",
      });
    }
    userCount = Math.max(userCount, users[i]! + 1);
  }
  const dim = options.dim ?? Math.max(1, Math.min(64, items, userCount));
  if (!Number.isSafeInteger(dim) || dim < 1 || dim > Math.max(1, Math.min(items, userCount))) {
    throw new ArgumentError("dim", {
      expected: `an integer in [1, ${Math.min(items, userCount)}], the smaller of items and users`,
      got: String(dim),
      remedy: "Ask for fewer numbers per item.",
    });
  }
  const perUser = new Float64Array(userCount);
  const perItem = new Float64Array(items);
  for (let i = 0; i < count; i++) {
    perUser[users[i]!]! += weights?.[i] ?? 1;
    perItem[taken[i]!]! += weights?.[i] ?? 1;
  }
  const values = Float64Array.from(
    { length: count },
    (_, i) => (weights?.[i] ?? 1) / Math.sqrt(perUser[users[i]!]! * perItem[taken[i]!]!),
  );
  /** out [.., D] = sum over interactions of value * x, rows gathered and scattered. */
  const spread = (x: Float64Array, from: Int32Array, to: Int32Array, rows: number) => {
    const out = new Float64Array(rows * dim);
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      for (let d = 0, a = from[i]! * dim, b = to[i]! * dim; d < dim; d++) {
        out[b++]! += value * x[a++]!;
      }
    }
    return out;
  };
  let basis = createRandom(seed).fillNormal(new Float64Array(items * dim));
  orthonormalise(basis, items, dim);
  const lengths = new Float64Array(dim);
  for (let round = 0; round < iterations; round++) {
    basis = spread(spread(basis, taken, users, userCount), users, taken, items);
    // Columns' lengths become the eigenvalues of A^T A, largest first.
    lengths.set(orthonormalise(basis, items, dim));
  }
  const data = new Float32Array(items * dim);
  for (let n = 0; n < items; n++) {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += basis[n * dim + d]! ** 2 * lengths[d]!;
    const scale = sum > 0 && perItem[n]! > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let d = 0; d < dim; d++) {
      data[n * dim + d] = basis[n * dim + d]! * Math.sqrt(lengths[d]!) * scale;
    }
  }
  return { data, shape: [items, dim] };
}

/** Modified Gram-Schmidt on columns, in place; returns their lengths before scaling. */
function orthonormalise(x: Float64Array, rows: number, columns: number): Float64Array {
  const lengths = new Float64Array(columns);
  for (let c = 0; c < columns; c++) {
    for (let b = 0; b < c; b++) {
      let dot = 0;
      for (let at = 0; at < x.length; at += columns) dot += x[at + b]! * x[at + c]!;
      for (let at = 0; at < x.length; at += columns) x[at + c]! -= dot * x[at + b]!;
    }
    let sum = 0;
    for (let n = 0; n < rows; n++) sum += x[n * columns + c]! ** 2;
    const length = Math.sqrt(sum);
    lengths[c] = length;
    // A column that the others span is noise: nothing of it is kept.
    const scale = length > 1e-12 ? 1 / length : 0;
    if (scale === 0) lengths[c] = 0;
    for (let n = 0; n < rows; n++) x[n * columns + c]! *= scale;
  }
  return lengths;
}
