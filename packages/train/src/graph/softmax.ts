import { staticShape } from "./builder.js";
import type { Value } from "./builder.js";
import { exp, mul, sub } from "./elementwise.js";
import { reduceSum, reshape } from "./shape.js";

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

/** log sum exp(x) along an axis, which goes (or stays as 1, with `keep`). */
export function logSumExp(x: Value, axis = -1, keep = false): Value {
  const at = axis < 0 ? axis + x.rank : axis;
  const y: Value = x.graph.apply({
    op: "ReduceLogSumExp",
    inputs: [x],
    attributes: [
      { name: "axes", value: [at] },
      { name: "keepdims", value: keep ? 1 : 0 },
    ],
    shape: x.shape.flatMap((size, i) => (i === at ? (keep ? [1] : []) : [size])),
    gradient: ([gy]) => {
      const kept = staticShape(x).map((size, i) => (i === at ? 1 : size));
      return [mul(exp(sub(x, reshape(y, kept))), reshape(gy as Value, kept))];
    },
  });
  return y;
}
