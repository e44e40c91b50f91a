import type { Random } from "@dtok/core";
import type { GraphBuilder, Value } from "../graph/builder.js";
import { add } from "../graph/elementwise.js";
import { conv2d, matmul } from "../graph/linear.js";
import { heNormal, zeros } from "./init.js";

export interface ConvLayerOptions {
  readonly kernel: number;
  readonly groups?: number;
  readonly stride?: number;
  /** Variance gain of the initial weights; 0 starts at zero (last layer of a residual branch). */
  readonly gain?: number;
}

/** Named convolution with bias: parameters "<name>.weight" [O, C/groups, k, k] and "<name>.bias" [O]. */
export function convLayer(
  graph: GraphBuilder,
  random: Random,
  name: string,
  x: Value,
  channels: number,
  { kernel, groups = 1, stride = 1, gain = 2 }: ConvLayerOptions,
): Value {
  const perGroup = (x.shape[1] as number) / groups;
  const weight = graph.parameter(
    `${name}.weight`,
    [channels, perGroup, kernel, kernel],
    gain === 0 ? zeros : heNormal(random, perGroup * kernel * kernel, gain),
  );
  const bias = graph.parameter(`${name}.bias`, [channels], zeros);
  return conv2d(x, weight, { bias, groups, stride });
}

/** x [.., C] to [.., D]: parameters "<name>.weight" [C, D] and "<name>.bias" [D]. */
export function linearLayer(
  graph: GraphBuilder,
  random: Random,
  name: string,
  x: Value,
  channels: number,
  gain = 1,
): Value {
  const width = x.shape.at(-1) as number;
  const weight = graph.parameter(
    `${name}.weight`,
    [width, channels],
    gain === 0 ? zeros : heNormal(random, width, gain),
  );
  return add(matmul(x, weight), graph.parameter(`${name}.bias`, [channels], zeros));
}
