import { ArgumentError } from "@dtok/core";
import type { GraphBuilder, Value } from "../graph/builder.js";
import { add, mul, roundThrough, sub, tanh } from "../graph/elementwise.js";

/** As in the reference of arXiv 2309.15505: keeps tanh's ends off the outermost decision. */
const EPSILON = 1e-3;

/**
 * Finite scalar quantization (arXiv 2309.15505) of channels, with the straight-through gradient.
 * `z` has the D = levels.length channels at `axis`; the result lies in [-1, 1] on D-dimensional grid
 * points, the same that @dtok/core's FSQ decodes to.
 */
export function fsqLayer(
  graph: GraphBuilder,
  z: Value,
  levels: readonly number[],
  axis: number,
): Value {
  if (z.shape[axis] !== levels.length) {
    throw new ArgumentError("fsqLayer", {
      expected: `${levels.length} channels on axis ${axis}`,
      got: `shape [${z.shape.join(", ")}]`,
      remedy: "Project to as many channels as there are levels.",
    });
  }
  const shape = z.shape.map((_, i) => (i === axis ? levels.length : 1));
  const perChannel = (f: (level: number) => number): Value =>
    graph.constant({ data: Float32Array.from(levels, f), shape }, "fsq");
  const half = (level: number) => ((level - 1) * (1 + EPSILON)) / 2;
  const offset = (level: number) => (level % 2 === 0 ? 0.5 : 0);
  const bounded = sub(
    mul(
      tanh(
        add(
          z,
          perChannel((l) => Math.atanh(offset(l) / half(l))),
        ),
      ),
      perChannel(half),
    ),
    perChannel(offset),
  );
  return mul(
    roundThrough(bounded),
    perChannel((level) => 1 / Math.floor(level / 2)),
  );
}
