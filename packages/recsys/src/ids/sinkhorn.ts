/*
 * Entropic optimal transport by Sinkhorn's iteration (Cuturi, arXiv 1306.0895), in logarithms, so that
 * small epsilons do not underflow. LC-Rec (arXiv 2311.09049, section 3.1.3) spreads items that share
 * all codes but the last evenly over the last level's codewords with it:
 *
 *   P = argmin <P, C> - epsilon H(P)   over plans with row sums 1/m and column sums 1/K
 */
import { ArgumentError, ShapeError, ValueError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

export interface SinkhornOptions {
  /** Weight of the entropy, in units of the largest cost. Default 0.01; smaller is sharper and slower. */
  readonly epsilon?: number;
  /** Most iterations. Default 200. */
  readonly iterations?: number;
  /** Stops once no row's sum is off by more than this share. Default 1e-3. */
  readonly tolerance?: number;
}

/**
 * The plan [m, K] for costs [m, K], both marginals uniform. Column sums are exact, row sums as close
 * as `tolerance` or `iterations` allow.
 */
export function sinkhorn(costs: Matrix, options: SinkhornOptions = {}): Matrix {
  const { epsilon = 0.01, iterations = 200, tolerance = 1e-3 } = options;
  const { data, shape } = costs;
  const [rows, columns] = shape;
  if (!(rows >= 1 && columns >= 1) || data.length !== rows * columns) {
    throw new ShapeError("sinkhorn", {
      expected: "costs [m, K] with m and K from 1",
      got: `[${shape.join(", ")}] with ${data.length} numbers`,
      remedy: "Pass one row per item and one column per code.",
    });
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon)) || !(iterations >= 1) || !(tolerance >= 0)) {
    throw new ArgumentError("sinkhorn", {
      expected: "epsilon above 0, at least 1 iteration, a tolerance from 0",
      got: `epsilon ${epsilon}, iterations ${iterations}, tolerance ${tolerance}`,
      remedy: "Leave them out for the defaults.",
    });
  }
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const cost = data[i]!;
    if (!Number.isFinite(cost)) {
      throw new ValueError("sinkhorn", {
        expected: "finite costs",
        got: `${cost} at [${Math.floor(i / columns)}, ${i % columns}]`,
        remedy: "Check the vectors that the costs were computed from.",
      });
    }
    if (cost < low) low = cost;
    if (cost > high) high = cost;
  }
  // Only differences count; with equal costs the plan is uniform at once.
  const scale = high > low ? 1 / ((high - low) * epsilon) : 0;
  const kernel = Float64Array.from(data, (cost) => -(cost - low) * scale);
  const f = new Float64Array(rows);
  const g = new Float64Array(columns);
  const [logRow, logColumn] = [-Math.log(rows), -Math.log(columns)];
  for (let step = 0; step < iterations; step++) {
    let off = 0;
    for (let i = 0; i < rows; i++) {
      const at = i * columns;
      let top = -Infinity;
      for (let k = 0; k < columns; k++) top = Math.max(top, kernel[at + k]! + g[k]!);
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += Math.exp(kernel[at + k]! + g[k]! - top);
      const next = logRow - top - Math.log(sum);
      // exp(f - next) is this row's sum over what it should be.
      if (step > 0) off = Math.max(off, Math.abs(Math.expm1(f[i]! - next)));
      f[i] = next;
    }
    for (let k = 0; k < columns; k++) {
      let top = -Infinity;
      for (let i = 0; i < rows; i++) top = Math.max(top, kernel[i * columns + k]! + f[i]!);
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += Math.exp(kernel[i * columns + k]! + f[i]! - top);
      g[k] = logColumn - top - Math.log(sum);
    }
    if (step > 0 && off <= tolerance) break;
  }
  const plan = new Float32Array(data.length);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let k = 0; k < columns; k++, at++) plan[at] = Math.exp(kernel[at]! + f[i]! + g[k]!);
  }
  return { data: plan, shape: [rows, columns] };
}
