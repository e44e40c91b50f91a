import type { Value } from "./builder.js";
import { exp, mul, neg, sub } from "./elementwise.js";
import { pick } from "./indices.js";
import { reduceSum } from "./shape.js";

/** exp(x) / sum exp(x) along an axis. */
export function softmax(x: Value, axis = -1): Value {
  const at = axis < 0 ? axis + x.rank : axis;
  const y: Value = x.graph.apply({
    op: "Softmax",
    inputs: [x],
    attributes: [{ name: "axis", value: at }],
    shape: x.shape,
    gradient: ([gy]) => {
      const weighted = mul(gy as Value, y);
      return [sub(weighted, mul(y, reduceSum(weighted, [at], true)))];
    },
  });
  return y;
}

/** x - log sum exp(x) along an axis. */
export function logSoftmax(x: Value, axis = -1): Value {
  const at = axis < 0 ? axis + x.rank : axis;
  const y: Value = x.graph.apply({
    op: "LogSoftmax",
    inputs: [x],
    attributes: [{ name: "axis", value: at }],
    shape: x.shape,
    gradient: ([gy]) => [sub(gy as Value, mul(exp(y), reduceSum(gy as Value, [at], true)))],
  });
  return y;
}

/** Cross-entropy per row, [B]: -log softmax(x)[b, targets[b]] of scores x [B, K], int64 targets [B]. */
export function crossEntropy(x: Value, targets: Value): Value {
  return neg(pick(logSoftmax(x, 1), targets));
}
