import { ArgumentError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

/** Bounds of each of D dimensions. */
export interface Bounds {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/**
 * Quantiles of each dimension over all rows: [0, 1] is the smallest and the largest, [0.01, 0.99]
 * leaves outliers out. Between two values it interpolates. A dimension that never moves gets a
 * width of 1 around its value, so that nothing is divided by 0.
 */
export function boundsOf(
  trajectories: readonly Matrix[],
  [from, to]: readonly [number, number],
): Bounds {
  if (!(from >= 0 && from < to && to <= 1)) {
    throw new ArgumentError("quantiles", {
      expected: "[from, to] with 0 <= from < to <= 1",
      got: `[${from}, ${to}]`,
      remedy: "Pass [0, 1], or [0.01, 0.99] to leave outliers out.",
    });
  }
  const dim = trajectories[0]!.shape[1];
  const rows = trajectories.reduce((sum, { shape }) => sum + shape[0], 0);
  const low = new Float32Array(dim);
  const high = new Float32Array(dim);
  const column = new Float32Array(rows);
  for (let d = 0; d < dim; d++) {
    let n = 0;
    for (const { data } of trajectories) {
      for (let i = d; i < data.length; i += dim) column[n++] = data[i]!;
    }
    column.sort();
    low[d] = quantile(column, from);
    high[d] = quantile(column, to);
    if (!(high[d]! > low[d]!)) {
      const middle = low[d]!;
      const half = Math.max(0.5, Math.abs(middle) * 1e-3);
      low[d] = middle - half;
      high[d] = middle + half;
    }
  }
  return { low, high };
}

function quantile(sorted: Float32Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/** Mean and deviation of each dimension; a deviation of 0 becomes 1. */
export function momentsOf(matrices: readonly Matrix[]): {
  mean: Float32Array;
  deviation: Float32Array;
} {
  const dim = matrices[0]!.shape[1];
  const rows = matrices.reduce((sum, { shape }) => sum + shape[0], 0);
  const mean = new Float64Array(dim);
  const square = new Float64Array(dim);
  for (const { data } of matrices)
    for (let i = 0; i < data.length; i++) mean[i % dim]! += data[i]! / rows;
  for (const { data } of matrices)
    for (let i = 0; i < data.length; i++)
      square[i % dim]! += (data[i]! - mean[i % dim]!) ** 2 / rows;
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(square, (value) => Math.sqrt(value) || 1),
  };
}
