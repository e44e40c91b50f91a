import { ShapeError } from "@dtok/core";
import { scaledDim, sizeOf, staticShape } from "./builder.js";
import type { Dim, Value } from "./builder.js";

/** -1 stands for the size that is left; symbolic sizes are kept where the count is the same. */
export function reshape(x: Value, shape: readonly number[]): Value {
  const known = shape.filter((size) => size !== -1).reduce((a, b) => a * b, 1);
  const total = sizeOf(x.shape);
  const out = shape.map((size) => (size === -1 ? rest(x.shape, total, known) : size));
  if (!Number.isNaN(total) && sizeOf(out) !== total) {
    throw new ShapeError("reshape", {
      expected: `${total} elements`,
      got: `shape [${shape.join(", ")}]`,
      remedy: "Keep the number of elements.",
    });
  }
  return x.graph.apply({
    op: "Reshape",
    inputs: [x, x.graph.int64s(shape)],
    shape: out,
    dtype: x.dtype,
    gradient: ([gy]) => [reshape(gy as Value, staticShape(x))],
  });
}

/** What -1 stands for; one symbolic size stays, times or divided by what moves. */
function rest(shape: readonly Dim[], total: number, known: number): Dim {
  const symbolic = shape.filter((size) => typeof size === "string");
  if (symbolic.length !== 1) return total / known;
  const fixed = sizeOf(shape.filter((size) => typeof size === "number"));
  return fixed === known ? (symbolic[0] as string) : scaledDim(symbolic[0] as string, fixed, known);
}

export function transpose(x: Value, order: readonly number[]): Value {
  return x.graph.apply({
    op: "Transpose",
    inputs: [x],
    attributes: [{ name: "perm", value: order }],
    shape: order.map((axis) => x.shape[axis] as Dim),
    dtype: x.dtype,
    gradient: ([gy]) => {
      const back: number[] = [];
      for (const [to, from] of order.entries()) back[from] = to;
      return [transpose(gy as Value, back)];
    },
  });
}

export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0] as Value;
  const at = axis < 0 ? axis + first.rank : axis;
  const shape = [...first.shape];
  shape[at] = values.reduce((sum, value) => sum + (value.shape[at] as number), 0);
  return first.graph.apply({
    op: "Concat",
    inputs: values,
    attributes: [{ name: "axis", value: at }],
    shape,
    dtype: first.dtype,
    gradient: ([gy]) => {
      let start = 0;
      return values.map((value) => {
        const end = start + (value.shape[at] as number);
        const part = slice(gy as Value, [at], [start], [end]);
        start = end;
        return part;
      });
    },
  });
}

/** Elements start (inclusive) to end (exclusive) by step (positive) of each of the axes. */
export function slice(
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  const { graph } = x;
  const shape = [...x.shape];
  for (const [i, axis] of axes.entries()) {
    shape[axis] = Math.ceil(((ends[i] as number) - (starts[i] as number)) / (steps[i] as number));
  }
  return graph.apply({
    op: "Slice",
    inputs: [x, graph.int64s(starts), graph.int64s(ends), graph.int64s(axes), graph.int64s(steps)],
    shape,
    dtype: x.dtype,
    gradient: ([gy]) => {
      const sizes = staticShape(x);
      let back = gy as Value;
      const before = sizes.map(() => 0);
      const after = sizes.map(() => 0);
      for (const [i, axis] of axes.entries()) {
        const step = steps[i] as number;
        if (step !== 1) back = spread(back, axis, step);
        const start = starts[i] as number;
        before[axis] = start;
        after[axis] = (sizes[axis] as number) - start - (back.shape[axis] as number);
      }
      // A stepped slice may spread past the end; those are zeros and are cut off.
      return [pad(back, before, after), ...Array<undefined>(4).fill(undefined)];
    },
  });
}

/** Puts step - 1 zeros after each element of an axis but the last. */
function spread(x: Value, axis: number, step: number): Value {
  const sizes = staticShape(x);
  const widened = reshape(x, [...sizes.slice(0, axis + 1), 1, ...sizes.slice(axis + 1)]);
  const after = widened.shape.map((_, i) => (i === axis + 1 ? step - 1 : 0));
  const zeros = pad(
    widened,
    widened.shape.map(() => 0),
    after,
  );
  const count = sizes[axis] as number;
  const flat = reshape(zeros, [...sizes.slice(0, axis), count * step, ...sizes.slice(axis + 1)]);
  return slice(flat, [axis], [0], [(count - 1) * step + 1]);
}

/** Zeros before and after each axis (negative counts cut). */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const shape = x.shape.map((size, i) =>
    typeof size === "number" ? size + (before[i] as number) + (after[i] as number) : size,
  );
  return x.graph.apply({
    op: "Pad",
    inputs: [x, x.graph.int64s([...before, ...after])],
    shape,
    dtype: x.dtype,
    gradient: ([gy]) => [
      pad(
        gy as Value,
        before.map((n) => -n),
        after.map((n) => -n),
      ),
      undefined,
    ],
  });
}

function reduced(shape: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
}

function allAxes(x: Value): number[] {
  return x.shape.map((_, axis) => axis);
}

/** Sum over the axes (all by default). */
export function reduceSum(x: Value, axes: readonly number[] = allAxes(x), keep = false): Value {
  return x.graph.apply({
    op: "ReduceSum",
    inputs: [x, x.graph.int64s(axes)],
    attributes: [{ name: "keepdims", value: keep ? 1 : 0 }],
    shape: reduced(x.shape, axes, keep),
    gradient: ([gy]) => [expandLike(gy as Value, x, axes), undefined],
  });
}

/** Mean over the axes (all by default). */
export function reduceMean(x: Value, axes: readonly number[] = allAxes(x), keep = false): Value {
  return x.graph.apply({
    op: "ReduceMean",
    inputs: [x],
    attributes: [
      { name: "axes", value: axes },
      { name: "keepdims", value: keep ? 1 : 0 },
    ],
    shape: reduced(x.shape, axes, keep),
    gradient: ([gy]) => {
      const count = axes.reduce((product, axis) => product * (staticShape(x)[axis] as number), 1);
      return [expandLike(scale(gy as Value, 1 / count), x, axes)];
    },
  });
}

/** Largest value over the axes; places that tie for it share the gradient. */
export function reduceMax(x: Value, axes: readonly number[] = allAxes(x), keep = false): Value {
  const y: Value = x.graph.apply({
    op: "ReduceMax",
    inputs: [x],
    attributes: [
      { name: "axes", value: axes },
      { name: "keepdims", value: keep ? 1 : 0 },
    ],
    shape: reduced(x.shape, axes, keep),
    gradient: ([gy]) => {
      const { graph } = x;
      const sizes = staticShape(x);
      const hits = graph.apply({
        op: "Cast",
        inputs: [
          graph.apply({
            op: "Equal",
            inputs: [x, expandLike(y, x, axes)],
            shape: sizes,
            dtype: "bool",
          }),
        ],
        attributes: [{ name: "to", value: 1 }],
        shape: sizes,
      });
      const ties = reduceSum(hits, axes, true);
      const apply = (op: string, a: Value, b: Value) =>
        graph.apply({ op, inputs: [a, b], shape: sizes });
      return [apply("Mul", expandLike(gy as Value, x, axes), apply("Div", hits, ties))];
    },
  });
  return y;
}

/** Not `mul`, which builds on this file. */
function scale(x: Value, factor: number): Value {
  return x.graph.apply({ op: "Mul", inputs: [x, x.graph.scalar(factor)], shape: x.shape });
}

function expandLike(gradient: Value, like: Value, axes: readonly number[]): Value {
  const sizes = staticShape(like);
  const kept = sizes.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return expand(reshape(gradient, kept), sizes);
}

/** Repeats along axes of size 1; the rank stays. */
export function expand(x: Value, shape: readonly number[]): Value {
  return x.graph.apply({
    op: "Expand",
    inputs: [x, x.graph.int64s(shape)],
    shape,
    gradient: ([gy]) => {
      const sizes = staticShape(x);
      const axes = sizes.flatMap((size, axis) => (size === 1 && shape[axis] !== 1 ? [axis] : []));
      return [axes.length > 0 ? reduceSum(gy as Value, axes, true) : gy, undefined];
    },
  });
}

/** [B, C, H, W] to [B, C b b, H/b, W/b]: ONNX SpaceToDepth (block offset slowest). */
export function spaceToDepth(x: Value, block: number): Value {
  const [b, c, h, w] = x.shape as [Dim, Dim, Dim, Dim];
  return x.graph.apply({
    op: "SpaceToDepth",
    inputs: [x],
    attributes: [{ name: "blocksize", value: block }],
    shape: [b, scaledDim(c, block * block, 1), scaledDim(h, 1, block), scaledDim(w, 1, block)],
    gradient: ([gy]) => [depthToSpace(gy as Value, block)],
  });
}

/** [B, C b b, H, W] to [B, C, H b, W b]: ONNX DepthToSpace in DCR order, inverse of `spaceToDepth`. */
export function depthToSpace(x: Value, block: number): Value {
  const [b, c, h, w] = x.shape as [Dim, Dim, Dim, Dim];
  return x.graph.apply({
    op: "DepthToSpace",
    inputs: [x],
    attributes: [{ name: "blocksize", value: block }],
    shape: [b, scaledDim(c, 1, block * block), scaledDim(h, block, 1), scaledDim(w, block, 1)],
    gradient: ([gy]) => [spaceToDepth(gy as Value, block)],
  });
}

/** Means of non-overlapping k x k windows: [B, C, H, W] to [B, C, H/k, W/k]. */
export function averagePool(x: Value, k: number): Value {
  const [b, c, h, w] = x.shape as [Dim, Dim, Dim, Dim];
  return x.graph.apply({
    op: "AveragePool",
    inputs: [x],
    attributes: [
      { name: "kernel_shape", value: [k, k] },
      { name: "strides", value: [k, k] },
    ],
    shape: [b, c, scaledDim(h, 1, k), scaledDim(w, 1, k)],
    gradient: ([gy]) => {
      const [n, m, rows, columns] = staticShape(gy as Value) as [number, number, number, number];
      const cells = reshape(scale(gy as Value, 1 / (k * k)), [n, m, rows, 1, columns, 1]);
      return [reshape(expand(cells, [n, m, rows, k, columns, k]), [n, m, rows * k, columns * k])];
    },
  });
}
