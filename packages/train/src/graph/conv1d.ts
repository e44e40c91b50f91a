import { ShapeError } from "@dtok/core";
import { staticShape } from "./builder.js";
import type { Value } from "./builder.js";
import { add } from "./elementwise.js";
import { matmul } from "./linear.js";
import { concat, pad, reshape, slice } from "./shape.js";

export interface Conv1dOptions {
  /** [O]. */
  readonly bias?: Value;
  readonly stride?: number;
  readonly dilation?: number;
  /** All padding at the start, so that no output sees what comes later. Default false: both ends. */
  readonly causal?: boolean;
}

/**
 * x [B, C, T] * weight [O, C, k] to [B, O, ceil(T / stride)], zeros beyond the ends. Static shapes:
 * it is built of shifted slices and one matrix product, and so are its gradients.
 */
export function conv1d(x: Value, weight: Value, options: Conv1dOptions = {}): Value {
  const { bias, stride = 1, dilation = 1, causal = false } = options;
  const [, c, t] = staticShape(x) as [number, number, number];
  const [o, perKernel, k] = staticShape(weight) as [number, number, number];
  if (x.rank !== 3 || c !== perKernel) {
    throw new ShapeError("conv1d", {
      expected: `an input [B, ${perKernel}, T]`,
      got: `[${x.shape.join(", ")}]`,
      remedy: "Match the kernel's second axis.",
    });
  }
  const reach = (k - 1) * dilation;
  const length = Math.ceil(t / stride);
  const before = causal ? reach : Math.floor(reach / 2);
  const after = Math.max(0, (length - 1) * stride + reach + 1 - before - t);
  const wide = pad(x, [0, 0, before], [0, 0, after]);
  const taps: Value[] = [];
  for (let i = 0; i < k; i++) {
    const from = i * dilation;
    taps.push(slice(wide, [2], [from], [from + (length - 1) * stride + 1], [stride]));
  }
  const patches = k === 1 ? (taps[0] as Value) : concat(taps, 1);
  const kernels = concat(
    Array.from({ length: k }, (_, i) => reshape(slice(weight, [2], [i], [i + 1]), [o, c])),
    1,
  );
  const y = matmul(kernels, patches);
  return bias ? add(y, reshape(bias, [o, 1])) : y;
}
