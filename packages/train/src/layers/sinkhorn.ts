/*
 * Codes of a batch by optimal transport instead of nearest neighbours, so that every code gets the same
 * share: uniform semantic mapping of LC-Rec (Zheng et al., arXiv 2311.09049, section 3.1.3), Sinkhorn's
 * iteration (Cuturi, arXiv 1306.0895):
 *
 *   P = argmin <P, D> - epsilon H(P),   rows sum to 1/N, columns to 1/K;   code_n = argmax over k of P_nk
 *
 * In logarithms one iteration is a log-softmax over the codes and one over the batch.
 */
import { ArgumentError } from "@dtok/core";
import { staticShape } from "../graph/builder.js";
import type { Value } from "../graph/builder.js";
import { div, mul, neg, stopGradient, sub } from "../graph/elementwise.js";
import { argMax } from "../graph/indices.js";
import { logSoftmax } from "../graph/softmax.js";
import { reduceMax, reshape } from "../graph/shape.js";

export interface SinkhornAssignOptions {
  /**
   * Weight of the entropy, in units of the distances' range. Default 0.005; smaller follows the
   * distances more closely, larger spreads more evenly.
   */
  readonly epsilon?: number;
  /** Default 30. */
  readonly iterations?: number;
}

/** Distances [N, K] to codes int64 [N]; no gradient. */
export function sinkhornAssign(distances: Value, options: SinkhornAssignOptions = {}): Value {
  const { epsilon = 0.005, iterations = 30 } = options;
  if (!(epsilon > 0 && Number.isFinite(epsilon)) || !(iterations >= 1 && iterations <= 1000)) {
    throw new ArgumentError("sinkhorn", {
      expected: "epsilon above 0 and 1 to 1000 iterations",
      got: `epsilon ${epsilon}, ${iterations} iterations`,
      remedy: "Leave them out for the defaults.",
    });
  }
  staticShape(distances);
  const d = stopGradient(distances);
  const high = reshape(reduceMax(d), [1, 1]);
  const low = neg(reshape(reduceMax(neg(d)), [1, 1]));
  const range = sub(high, low);
  let plan = div(mul(sub(d, high), -1 / epsilon), maximum(range, 1e-30));
  for (let i = 0; i < iterations; i++) plan = logSoftmax(logSoftmax(plan, 1), 0);
  return argMax(plan, 1);
}

function maximum(x: Value, least: number): Value {
  return x.graph.apply({ op: "Max", inputs: [x, x.graph.scalar(least)], shape: x.shape });
}
