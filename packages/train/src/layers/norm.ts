import { ArgumentError } from "@dtok/core";
import type { GraphBuilder, Value } from "../graph/builder.js";
import { add, div, mul, sqrt, square, sub } from "../graph/elementwise.js";
import { reduceMean, reshape } from "../graph/shape.js";
import { staticShape } from "../graph/builder.js";
import { ones, zeros } from "./init.js";

const EPSILON = 1e-5;

function standardised(x: Value, axes: readonly number[]): Value {
  const centred = sub(x, reduceMean(x, axes, true));
  return div(centred, sqrt(add(reduceMean(square(centred), axes, true), EPSILON)));
}

function affine(graph: GraphBuilder, name: string, x: Value, axis: number): Value {
  const channels = x.shape[axis] as number;
  const shape = [channels, ...Array<number>(x.rank - 1 - axis).fill(1)];
  const gain = graph.parameter(`${name}.gain`, shape, ones, { decay: false });
  return add(mul(x, gain), graph.parameter(`${name}.bias`, shape, zeros, { decay: false }));
}

/** Layer norm (arXiv 1607.06450) of [..., C] over the last axis: "<name>.gain" and "<name>.bias". */
export function layerNorm(graph: GraphBuilder, name: string, x: Value): Value {
  const last = x.rank - 1;
  return affine(graph, name, standardised(x, [last]), last);
}

/** RMS norm (arXiv 1910.07467) of [..., C] over the last axis: "<name>.gain". */
export function rmsNorm(graph: GraphBuilder, name: string, x: Value): Value {
  const root = sqrt(add(reduceMean(square(x), [x.rank - 1], true), EPSILON));
  const channels = x.shape.at(-1) as number;
  return mul(div(x, root), graph.parameter(`${name}.gain`, [channels], ones, { decay: false }));
}

/**
 * Layer norm over the channels of each place of [B, C, ...]. Needs no reshape and sees one place at
 * a time, so that it exports with symbolic sizes and tiles give the same values as the whole.
 */
export function channelNorm(graph: GraphBuilder, name: string, x: Value): Value {
  return affine(graph, name, standardised(x, [1]), 1);
}

/** Group norm (arXiv 1803.08494) of [B, C, ...] with static sizes. */
export function groupNorm(graph: GraphBuilder, name: string, x: Value, groups: number): Value {
  const shape = staticShape(x);
  const [batch, channels] = shape as [number, number];
  if (!(groups >= 1) || channels % groups !== 0) {
    throw new ArgumentError("groupNorm", {
      expected: `a number of groups that divides ${channels}`,
      got: String(groups),
      remedy: "Choose another number of groups.",
    });
  }
  const grouped = standardised(reshape(x, [batch, groups, -1]), [2]);
  return affine(graph, name, reshape(grouped, shape), 1);
}
