import { ShapeError } from "@dtok/core";
import { staticShape } from "./builder.js";
import type { Value } from "./builder.js";
import { cast } from "./elementwise.js";
import { expand, reshape } from "./shape.js";

/** Rows of a table [K, D] by int64 indices [...], as [..., D]; the gradient adds up per row. */
export function gather(table: Value, indices: Value): Value {
  if (table.rank !== 2) {
    throw new ShapeError("gather", {
      expected: "a table [K, D]",
      got: `[${table.shape.join(", ")}]`,
      remedy: "Reshape it to two axes.",
    });
  }
  return table.graph.apply({
    op: "Gather",
    inputs: [table, indices],
    attributes: [{ name: "axis", value: 0 }],
    shape: [...indices.shape, table.shape[1] as number],
    dtype: table.dtype,
    gradient: ([gy]) => {
      const [rows, width] = staticShape(table) as [number, number];
      const flat = reshape(gy as Value, [-1, width]);
      return [scatterAdd(flat, reshape(indices, [-1]), rows), undefined];
    },
  });
}

/** Sums of the rows of x [N, D] by int64 index [N]: [count, D], rows without an index are zero. */
export function scatterAdd(x: Value, indices: Value, count: number): Value {
  const [n, width] = staticShape(x) as [number, number];
  const { graph } = x;
  // ScatterElements adds in order, so that the same step gives the same bits.
  return graph.apply({
    op: "ScatterElements",
    inputs: [
      expand(reshape(graph.scalar(0), [1, 1]), [count, width]),
      expandInt(reshape(indices, [n, 1]), [n, width]),
      x,
    ],
    attributes: [
      { name: "axis", value: 0 },
      { name: "reduction", value: "add" },
    ],
    shape: [count, width],
    gradient: ([gy]) => [undefined, undefined, gather(gy as Value, indices)],
  });
}

/** One element of each row: x [B, K] at int64 indices [B], as [B]. */
export function pick(x: Value, indices: Value): Value {
  const { graph } = x;
  const [rows] = staticShape(x) as [number, number];
  const at = reshape(indices, [rows, 1]);
  const found = graph.apply({
    op: "GatherElements",
    inputs: [x, at],
    attributes: [{ name: "axis", value: 1 }],
    shape: [rows, 1],
    dtype: x.dtype,
    gradient: ([gy]) => [
      graph.apply({
        op: "ScatterElements",
        inputs: [expand(reshape(graph.scalar(0), [1, 1]), staticShape(x)), at, gy as Value],
        attributes: [{ name: "axis", value: 1 }],
        shape: x.shape,
      }),
      undefined,
    ],
  });
  return reshape(found, [rows]);
}

function expandInt(x: Value, shape: readonly number[]): Value {
  return x.graph.apply({
    op: "Expand",
    inputs: [x, x.graph.int64s(shape)],
    shape,
    dtype: "int64",
  });
}

function argOf(op: "ArgMin" | "ArgMax", x: Value, axis: number): Value {
  const at = axis < 0 ? axis + x.rank : axis;
  return x.graph.apply({
    op,
    inputs: [x],
    attributes: [
      { name: "axis", value: at },
      { name: "keepdims", value: 0 },
    ],
    shape: x.shape.filter((_, i) => i !== at),
    dtype: "int64",
  });
}

/** Index (int64) of the smallest value along an axis, the first of equal ones; no gradient. */
export function argMin(x: Value, axis = -1): Value {
  return argOf("ArgMin", x, axis);
}

/** Index (int64) of the largest value along an axis, the first of equal ones; no gradient. */
export function argMax(x: Value, axis = -1): Value {
  return argOf("ArgMax", x, axis);
}

/** int64 indices [...] to [..., depth], 1 at the index and 0 elsewhere; no gradient. */
export function oneHot(indices: Value, depth: number): Value {
  const { graph } = indices;
  const places = graph.constant({
    data: BigInt64Array.from({ length: depth }, (_, k) => BigInt(k)),
    shape: [depth],
  });
  const last = graph.apply({
    op: "Unsqueeze",
    inputs: [indices, graph.int64s([-1])],
    shape: [...indices.shape, 1],
    dtype: "int64",
  });
  const hits = graph.apply({
    op: "Equal",
    inputs: [last, places],
    shape: [...indices.shape, depth],
    dtype: "bool",
  });
  return cast(hits, "float32");
}
