import type { GraphBuilder, Parameter, Value } from "../graph/builder.js";
import { add, div, mul, sqrt, square, sub } from "../graph/elementwise.js";
import { reduceSum } from "../graph/shape.js";

export interface AdamOptions {
  /** Decay of the first and second moments. */
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
  /** Decoupled (AdamW, arXiv 1711.05101); acts on kernels and matrices only. Default 0: plain Adam. */
  readonly weightDecay?: number;
  /** Largest global norm of the gradient; larger ones are scaled down. Default: none. */
  readonly clipNorm?: number;
  /** Decay of the weight average that is kept beside the weights. Default: none. */
  readonly averageDecay?: number;
}

export interface AdamStep {
  /** New values by state name: "<p>", "<p>.m", "<p>.v", and "<p>.average" where asked. */
  readonly next: Record<string, Value>;
  readonly gradientNorm: Value;
}

/**
 * One Adam step (arXiv 1412.6980, algorithm 1, in the form with bias corrections folded into the
 * rate) as operators. Inputs of the graph: "learning_rate" (already corrected), "epsilon" (likewise),
 * "decay_rate" (uncorrected rate times decay), "average_decay" (warmed up).
 */
export function adamStep(
  graph: GraphBuilder,
  updates: readonly (readonly [Parameter, Value])[],
  options: AdamOptions,
): AdamStep {
  const [beta1, beta2] = options.betas ?? [0.9, 0.999];
  const rate = graph.input("learning_rate", []);
  const epsilon = graph.input("epsilon", []);
  const decay = options.weightDecay ? graph.input("decay_rate", []) : undefined;
  const averageDecay = options.averageDecay ? graph.input("average_decay", []) : undefined;

  const squares = updates.map(([, gradient]) => reduceSum(square(gradient)));
  const gradientNorm = sqrt(squares.reduce((a, b) => add(a, b)));
  const scale = options.clipNorm
    ? graph.apply({
        op: "Min",
        inputs: [graph.scalar(1), div(options.clipNorm, add(gradientNorm, 1e-6))],
        shape: [],
      })
    : undefined;

  const next: Record<string, Value> = {};
  for (const [{ value, shape, decay: decays }, raw] of updates) {
    const gradient = scale ? mul(raw, scale) : raw;
    const m = graph.input(`${value.name}.m`, shape);
    const v = graph.input(`${value.name}.v`, shape);
    const mNext = add(mul(m, beta1), mul(gradient, 1 - beta1));
    const vNext = add(mul(v, beta2), mul(square(gradient), 1 - beta2));
    let updated = sub(value, div(mul(mNext, rate), add(sqrt(vNext), epsilon)));
    if (decay && decays) updated = sub(updated, mul(value, decay));
    next[value.name] = updated;
    next[`${value.name}.m`] = mNext;
    next[`${value.name}.v`] = vNext;
    if (averageDecay) {
      const average = graph.input(`${value.name}.average`, shape);
      next[`${value.name}.average`] = add(updated, mul(sub(average, updated), averageDecay));
    }
  }
  return { next, gradientNorm };
}

/** Scalars for step `t` (from 1) at a given rate; see `adamStep`. */
export function adamScalars(t: number, rate: number, options: AdamOptions): Record<string, number> {
  const [beta1, beta2] = options.betas ?? [0.9, 0.999];
  const root = Math.sqrt(1 - beta2 ** t);
  return {
    learning_rate: (rate * root) / (1 - beta1 ** t),
    epsilon: (options.epsilon ?? 1e-8) * root,
    ...(options.weightDecay ? { decay_rate: rate * options.weightDecay } : {}),
    // Young averages forget faster, so that the first steps do not linger.
    ...(options.averageDecay
      ? { average_decay: Math.min(options.averageDecay, (1 + t) / (10 + t)) }
      : {}),
  };
}
