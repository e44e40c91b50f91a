import { ArgumentError, ShapeError } from "@dtok/core";
import { staticShape } from "./builder.js";
import type { Dim, Value } from "./builder.js";
import { mul, sumTo } from "./elementwise.js";
import { concat, pad, reduceSum, reshape, slice, transpose } from "./shape.js";

interface MatMulOptions {
  /** Use the transpose of the last two axes of a (b). */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Matrix product over the last two axes, broadcast over the others. */
export function matmul(a: Value, b: Value, options: MatMulOptions = {}): Value {
  const { transposeA = false, transposeB = false } = options;
  const [am, ak] = lastTwo(a, transposeA);
  const [bk, bn] = lastTwo(b, transposeB);
  if (typeof ak === "number" && typeof bk === "number" && ak !== bk) {
    throw new ShapeError("matmul", {
      expected: `inner sizes that agree`,
      got: `[${a.shape.join(", ")}] x [${b.shape.join(", ")}]`,
      remedy: "Transpose one of them, or fix the layer's width.",
    });
  }
  const leadA = a.shape.slice(0, -2);
  const leadB = b.shape.slice(0, -2);
  const lead = leadA.length >= leadB.length ? leadA : leadB;
  const plain = !transposeA && !transposeB;
  const flops = [...lead, am, ak, bn].reduce<number>(
    (product, size) => (typeof size === "number" ? product * size : 0),
    2,
  );
  return a.graph.apply({
    op: plain ? "MatMul" : "FusedMatMul",
    ...(plain ? {} : { domain: "com.microsoft" }),
    inputs: [a, b],
    attributes: plain
      ? []
      : [
          { name: "transA", value: transposeA ? 1 : 0 },
          { name: "transB", value: transposeB ? 1 : 0 },
        ],
    shape: [...lead, am, bn],
    flops,
    gradient: ([g]) => {
      const gy = g as Value;
      const ga = transposeA
        ? matmul(b, gy, { transposeA: transposeB, transposeB: true })
        : matmul(gy, b, { transposeB: !transposeB });
      // A shared right operand: fold the leading axes into the rows, one product instead of a sum of many.
      if (!transposeA && !transposeB && b.rank === 2 && a.rank > 2) {
        const [k, n] = staticShape(b) as [number, number];
        const gb = matmul(reshape(a, [-1, k]), reshape(gy, [-1, n]), { transposeA: true });
        return [ga, gb];
      }
      const gb = transposeB
        ? matmul(gy, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, gy, { transposeA: !transposeA });
      return [sumTo(ga, a), sumTo(gb, b)];
    },
  });
}

function lastTwo(value: Value, transposed: boolean): [Dim, Dim] {
  const rows = value.shape.at(-2) as Dim;
  const columns = value.shape.at(-1) as Dim;
  return transposed ? [columns, rows] : [rows, columns];
}

export interface Conv2dOptions {
  readonly bias?: Value;
  readonly stride?: number;
  /** Zeros at each border; default keeps the size at stride 1 (odd kernels). */
  readonly padding?: number;
  /** 1, or the number of channels (depthwise). */
  readonly groups?: number;
}

/** x [B, C, H, W] * weight [O, C / groups, k, k] to [B, O, H', W']. */
export function conv2d(x: Value, weight: Value, options: Conv2dOptions = {}): Value {
  const [o, perGroup, k] = staticShape(weight) as [number, number, number, number];
  const { bias, stride = 1, padding = (k - 1) / 2, groups = 1 } = options;
  if (!Number.isInteger(padding)) {
    throw new ArgumentError("conv2d padding", {
      expected: "whole zeros at each border",
      got: `${padding} for a kernel of ${k} x ${k}`,
      remedy: "Give padding with an even kernel; the default is for odd ones.",
    });
  }
  const [b, c, h, w] = x.shape as [Dim, number, Dim, Dim];
  if (c !== perGroup * groups) {
    throw new ShapeError("conv2d", {
      expected: `${perGroup * groups} input channels`,
      got: String(c),
      remedy: "Match the kernel's second axis times the groups.",
    });
  }
  const extent = (size: Dim): Dim =>
    typeof size === "number"
      ? Math.floor((size + 2 * padding - k) / stride) + 1
      : stride === 1 && 2 * padding === k - 1
        ? size
        : `(${size}+${2 * padding - k})/${stride}+1`;
  const shape: Dim[] = [b, o, extent(h), extent(w)];
  const flops = [b, shape[2] as Dim, shape[3] as Dim].reduce<number>(
    (product, size) => (typeof size === "number" ? product * size : 0),
    2 * o * perGroup * k * k,
  );
  return x.graph.apply({
    op: "Conv",
    inputs: bias ? [x, weight, bias] : [x, weight],
    attributes: [
      { name: "kernel_shape", value: [k, k] },
      { name: "strides", value: [stride, stride] },
      { name: "pads", value: [padding, padding, padding, padding] },
      { name: "group", value: groups },
    ],
    shape,
    flops,
    gradient: ([g]) => {
      const gy = g as Value;
      const geometry = { k, stride, padding, groups };
      return [
        towardInput(x, weight, gy, geometry),
        towardWeight(x, weight, gy, geometry),
        ...(bias ? [reduceSum(gy, [0, 2, 3])] : []),
      ];
    },
  });
}

interface Geometry {
  readonly k: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

function towardInput(x: Value, weight: Value, gy: Value, { k, stride, padding, groups }: Geometry) {
  const [, , h, w] = staticShape(x) as [number, number, number, number];
  if (stride === 1) {
    // The same convolution with the kernel turned by 180 degrees and its channel axes swapped.
    const turned = k === 1 ? weight : flipSpatial(weight);
    const swapped = groups === 1 ? transpose(turned, [1, 0, 2, 3]) : turned;
    return conv2d(gy, swapped, { padding: k - 1 - padding, groups });
  }
  const [, , oh, ow] = staticShape(gy) as [number, number, number, number];
  const left = (size: number, out: number) => size - ((out - 1) * stride - 2 * padding + k);
  return x.graph.apply({
    op: "ConvTranspose",
    inputs: [gy, weight],
    attributes: [
      { name: "kernel_shape", value: [k, k] },
      { name: "strides", value: [stride, stride] },
      { name: "pads", value: [padding, padding, padding, padding] },
      { name: "output_padding", value: [left(h, oh), left(w, ow)] },
      { name: "group", value: groups },
    ],
    shape: x.shape,
    flops:
      2 * (gy.shape as number[]).reduce((p, n) => p * n, 1) * (weight.shape[1] as number) * k * k,
  });
}

function flipSpatial(weight: Value): Value {
  const { graph } = weight;
  return graph.apply({
    op: "Slice",
    inputs: [
      weight,
      graph.int64s([-1, -1]),
      graph.int64s([-(2 ** 31), -(2 ** 31)]),
      graph.int64s([2, 3]),
      graph.int64s([-1, -1]),
    ],
    shape: weight.shape,
  });
}

function towardWeight(
  x: Value,
  weight: Value,
  gy: Value,
  { k, stride, padding, groups }: Geometry,
) {
  const [o, perGroup] = staticShape(weight) as [number, number, number, number];
  const [, , oh, ow] = staticShape(gy) as [number, number, number, number];
  const border = [0, 0, padding, padding];
  const wide = padding > 0 ? pad(x, border, border) : x;
  const ends = (at: number, out: number) => at + (out - 1) * stride + 1;
  if (groups > 1) {
    if (perGroup !== 1 || o !== groups) {
      throw new ShapeError("gradient of a grouped convolution", {
        expected: "groups equal to the channels (depthwise)",
        got: `${groups} groups of ${perGroup} channels`,
        remedy: "Use a plain or a depthwise convolution.",
      });
    }
    const sums: Value[] = [];
    for (let dy = 0; dy < k; dy++) {
      for (let dx = 0; dx < k; dx++) {
        const shifted = slice(
          wide,
          [2, 3],
          [dy, dx],
          [ends(dy, oh), ends(dx, ow)],
          [stride, stride],
        );
        sums.push(reshape(reduceSum(mul(shifted, gy), [0, 2, 3]), [o, 1]));
      }
    }
    return reshape(concat(sums, 1), [o, 1, k, k]);
  }
  // One matrix product: positions x (k k C) patches, transposed, times positions x O. Channels last,
  // so that a patch is k k contiguous runs.
  const rows = transpose(wide, [0, 2, 3, 1]);
  const patches: Value[] = [];
  for (let dy = 0; dy < k; dy++) {
    for (let dx = 0; dx < k; dx++) {
      patches.push(
        k === 1 && stride === 1
          ? rows
          : slice(rows, [1, 2], [dy, dx], [ends(dy, oh), ends(dx, ow)], [stride, stride]),
      );
    }
  }
  const columns = patches.length === 1 ? (patches[0] as Value) : concat(patches, 3);
  const flatGradient = reshape(transpose(gy, [0, 2, 3, 1]), [-1, o]);
  const product = matmul(flatGradient, reshape(columns, [-1, k * k * perGroup]), {
    transposeA: true,
  });
  return transpose(reshape(product, [o, k, k, perGroup]), [0, 3, 1, 2]);
}
