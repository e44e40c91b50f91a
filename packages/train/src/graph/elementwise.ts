import { ShapeError } from "@dtok/core";
import { sizeOf, staticShape } from "./builder.js";
import type { Dim, Value } from "./builder.js";
import { reduceSum, reshape } from "./shape.js";

/** Either operand may be a number. */
export type Operand = Value | number;

function pair(a: Operand, b: Operand): [Value, Value] {
  if (typeof a === "number") {
    const right = b as Value;
    return [right.graph.scalar(a), right];
  }
  return [a, typeof b === "number" ? a.graph.scalar(b) : b];
}

function broadcastShape(a: Value, b: Value): Dim[] {
  const rank = Math.max(a.rank, b.rank);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a.shape[i - (rank - a.rank)] ?? 1;
    const right = b.shape[i - (rank - b.rank)] ?? 1;
    if (left === right || right === 1) out.push(left);
    else if (left === 1) out.push(right);
    else if (typeof left === "string" || typeof right === "string") {
      out.push(typeof left === "string" ? left : right);
    } else {
      throw new ShapeError("broadcast", {
        expected: `shapes that broadcast with [${a.shape.join(", ")}]`,
        got: `[${b.shape.join(", ")}]`,
        remedy: "Sizes must be equal or 1, aligned at the last axis.",
      });
    }
  }
  return out;
}

/** Sums a gradient over the axes along which `like` was broadcast. */
export function sumTo(gradient: Value, like: Value): Value {
  const from = staticShape(gradient);
  const to = staticShape(like);
  if (from.join() === to.join()) return gradient;
  const lead = from.length - to.length;
  const axes = from
    .map((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? axis : -1))
    .filter((axis) => axis >= 0);
  return reshape(axes.length > 0 ? reduceSum(gradient, axes, true) : gradient, to);
}

function binary(
  op: string,
  a: Value,
  b: Value,
  rule: (gy: Value, a: Value, b: Value) => readonly [() => Value, () => Value],
): Value {
  return a.graph.apply({
    op,
    inputs: [a, b],
    shape: broadcastShape(a, b),
    dtype: a.dtype,
    gradient: ([gy]) => {
      const [ga, gb] = rule(gy as Value, a, b);
      // Constants never need theirs; sumTo would only grow the graph.
      return [
        isConstant(a) ? undefined : sumTo(ga(), a),
        isConstant(b) ? undefined : sumTo(gb(), b),
      ];
    },
  });
}

function isConstant(value: Value): boolean {
  return value.node === undefined && value.name in value.graph.initializers;
}

export function add(a: Operand, b: Operand): Value {
  return binary("Add", ...pair(a, b), (gy) => [() => gy, () => gy]);
}

export function sub(a: Operand, b: Operand): Value {
  return binary("Sub", ...pair(a, b), (gy) => [() => gy, () => neg(gy)]);
}

export function mul(a: Operand, b: Operand): Value {
  return binary("Mul", ...pair(a, b), (gy, x, y) => [() => mul(gy, y), () => mul(gy, x)]);
}

export function div(a: Operand, b: Operand): Value {
  return binary("Div", ...pair(a, b), (gy, x, y) => [
    () => div(gy, y),
    () => neg(div(mul(gy, x), square(y))),
  ]);
}

function unary(op: string, x: Value, rule: (gy: Value, y: Value) => Value | undefined): Value {
  const y: Value = x.graph.apply({
    op,
    inputs: [x],
    shape: x.shape,
    gradient: ([gy]) => [rule(gy as Value, y)],
  });
  return y;
}

export const neg = (x: Value): Value => unary("Neg", x, (gy) => neg(gy));
export const abs = (x: Value): Value => unary("Abs", x, (gy) => mul(gy, sign(x)));
/** Its gradient is zero by definition. */
export const sign = (x: Value): Value => unary("Sign", x, () => undefined);
export const square = (x: Value): Value => mul(x, x);
export const sqrt = (x: Value): Value => unary("Sqrt", x, (gy, y) => div(mul(gy, 0.5), y));
export const exp = (x: Value): Value => unary("Exp", x, (gy, y) => mul(gy, y));
export const log = (x: Value): Value => unary("Log", x, (gy) => div(gy, x));
export const tanh = (x: Value): Value => unary("Tanh", x, (gy, y) => mul(gy, sub(1, square(y))));
export const sigmoid = (x: Value): Value =>
  unary("Sigmoid", x, (gy, y) => mul(gy, mul(y, sub(1, y))));
export const erf = (x: Value): Value =>
  unary("Erf", x, (gy) => mul(gy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))));
export const relu = (x: Value): Value => unary("Relu", x, (gy, y) => mul(gy, sign(y)));

/** x for x > 0, else slope * x. */
export function leakyRelu(x: Value, slope = 0.1): Value {
  return x.graph.apply({
    op: "LeakyRelu",
    inputs: [x],
    attributes: [{ name: "alpha", value: slope, type: "float" }],
    shape: x.shape,
    gradient: ([gy]) => {
      // (1 + s)/2 + (1 - s)/2 sign(x) is 1 above zero and s below.
      const gain = add(mul(sign(x), (1 - slope) / 2), (1 + slope) / 2);
      return [mul(gy as Value, gain)];
    },
  });
}

/** x * sigmoid(x) (arXiv 1702.03118). */
export function silu(x: Value): Value {
  const s = sigmoidNoGradient(x);
  return x.graph.apply({
    op: "Mul",
    inputs: [x, s],
    shape: x.shape,
    // d/dx = s + y (1 - s), which reuses both saved arrays.
    gradient: ([gy]) => [mul(gy as Value, mul(s, add(mul(x, sub(1, s)), 1))), undefined],
  });
}

function sigmoidNoGradient(x: Value): Value {
  return x.graph.apply({ op: "Sigmoid", inputs: [x], shape: x.shape });
}

/** Exact GELU, x/2 (1 + erf(x / sqrt 2)) (arXiv 1606.08415). */
export function gelu(x: Value): Value {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}

/** max(x, low) and min(., high); no gradient outside. */
export function clip(x: Value, low: number, high: number): Value {
  const { graph } = x;
  return graph.apply({
    op: "Clip",
    inputs: [x, graph.scalar(low), graph.scalar(high)],
    shape: x.shape,
    gradient: ([gy]) => {
      const inside = cast(equal(x, clip(x, low, high)), "float32");
      return [mul(gy as Value, inside), undefined, undefined];
    },
  });
}

export function equal(a: Value, b: Value): Value {
  return a.graph.apply({ op: "Equal", inputs: [a, b], shape: broadcastShape(a, b), dtype: "bool" });
}

export function greater(a: Operand, b: Operand): Value {
  const [x, y] = pair(a, b);
  return x.graph.apply({
    op: "Greater",
    inputs: [x, y],
    shape: broadcastShape(x, y),
    dtype: "bool",
  });
}

/** Elementwise choice; no gradient to the condition. */
export function where(condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShape(a, b);
  return a.graph.apply({
    op: "Where",
    inputs: [condition, a, b],
    shape,
    gradient: ([gy]) => {
      const zero = a.graph.scalar(0);
      return [
        undefined,
        sumTo(where(condition, gy as Value, zero), a),
        sumTo(where(condition, zero, gy as Value), b),
      ];
    },
  });
}

const ONNX_CODES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

/** Changes the element type; no gradient passes. */
export function cast(x: Value, dtype: keyof typeof ONNX_CODES): Value {
  return x.graph.apply({
    op: "Cast",
    inputs: [x],
    attributes: [{ name: "to", value: ONNX_CODES[dtype] }],
    shape: x.shape,
    dtype,
  });
}

/** The value, with no gradient (sg[.] of the papers). */
export function stopGradient(x: Value): Value {
  return x.graph.apply({ op: "Identity", inputs: [x], shape: x.shape, dtype: x.dtype });
}

/** Forward: `hard`; backward: the gradient goes to `soft` unchanged (arXiv 1308.3432). */
export function straightThrough(hard: Value, soft: Value): Value {
  if (sizeOf(hard.shape) !== sizeOf(soft.shape) && !Number.isNaN(sizeOf(hard.shape))) {
    throw new ShapeError("straightThrough", {
      expected: `two values of one shape, [${soft.shape.join(", ")}]`,
      got: `[${hard.shape.join(", ")}]`,
      remedy: "Quantize without changing the shape.",
    });
  }
  // soft + sg(hard - soft) would round differently from `hard`; the forward value must be exact.
  const { graph } = hard;
  return graph.apply({
    op: "Where",
    inputs: [
      graph.constant({ data: Uint8Array.of(1), shape: [], dtype: "bool" }, "true"),
      hard,
      soft,
    ],
    shape: hard.shape,
    gradient: ([gy]) => [undefined, undefined, gy],
  });
}

/** Nearest integer, ties to even, with the straight-through gradient. */
export function roundThrough(x: Value): Value {
  return x.graph.apply({
    op: "Round",
    inputs: [x],
    shape: x.shape,
    gradient: ([gy]) => [gy],
  });
}
