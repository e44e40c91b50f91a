import { ShapeError } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { staticShape } from "../graph/builder.js";
import type { GraphBuilder, Value } from "../graph/builder.js";
import {
  add,
  cast,
  div,
  exp,
  greater,
  log,
  mul,
  neg,
  sqrt,
  square,
  stopGradient,
  straightThrough,
  sub,
  where,
} from "../graph/elementwise.js";
import { argMin, gather, scatterAdd } from "../graph/indices.js";
import { matmul } from "../graph/linear.js";
import { expand, reduceMean, reduceSum, reshape } from "../graph/shape.js";
import type { Initialiser } from "./init.js";
import { sinkhornAssign } from "./sinkhorn.js";
import type { SinkhornAssignOptions } from "./sinkhorn.js";

export interface VqLayerOptions {
  /** K. */
  readonly size: number;
  /** First codebook, K x D numbers; vectors of the data are a good one. */
  readonly initial: Initialiser;
  /**
   * "ema" (default): running means of the vectors of each code, as `EmaCodebook` of @dtok/core.
   * "gradient": the codebook is a parameter that follows `codebookLoss`.
   */
  readonly update?: "ema" | "gradient";
  /** EMA only. Default 0.99. */
  readonly decay?: number;
  /** Of the smoothed counts; EMA only. Default 1e-5. */
  readonly epsilon?: number;
  /** A code whose running count (vectors per batch) falls below it moves to a vector of the batch. Default: never. EMA only. */
  readonly resetBelow?: number;
  /**
   * Codewords stay of length 1, so that the nearest of them has the largest cosine (ViT-VQGAN, arXiv
   * 2110.04627, section 3.2). Bring z and the first codebook to length 1 (`unit`). EMA only.
   */
  readonly cosine?: boolean;
  /** Codes of a batch by optimal transport, so that all are used alike, instead of the nearest ones. */
  readonly sinkhorn?: SinkhornAssignOptions;
}

export interface VqLayerResult {
  /** Codewords [N, D]; their gradient goes to z unchanged. */
  readonly quantized: Value;
  /** int64 [N]. */
  readonly indices: Value;
  /** mean |z - sg(c)|^2 over numbers; add it to the loss with a weight (0.25 in the paper). */
  readonly commitmentLoss: Value;
  /** mean |sg(z) - c|^2; part of the loss where `update` is "gradient", worth watching else. */
  readonly codebookLoss: Value;
  /** exp of the entropy of the batch's code frequencies: codes in use. */
  readonly perplexity: Value;
  /** [K, D]; with "gradient" a loss may act on it. */
  readonly codebook: Value;
}

/**
 * Vector quantization (van den Oord et al., arXiv 1711.00937) of rows z [N, D] by the nearest of K
 * codewords, straight-through. Arrays: "<name>.codebook" [K, D], and with EMA "<name>.counts" [K]
 * and "<name>.sums" [K, D], which the trainer carries from step to step.
 */
export function vqLayer(
  graph: GraphBuilder,
  name: string,
  z: Value,
  options: VqLayerOptions,
): VqLayerResult {
  const { size, update = "ema", decay = 0.99, epsilon = 1e-5, resetBelow } = options;
  if (z.rank !== 2) {
    throw new ShapeError("vqLayer", {
      expected: "rows [N, D]",
      got: `[${z.shape.join(", ")}]`,
      remedy: "Move the channels last and reshape to [-1, D].",
    });
  }
  const [rows, dim] = staticShape(z) as [number, number];
  let start: Float32Array | undefined;
  const initial = (length: number) => (start ??= options.initial(length));
  const codebook = graph.parameter(`${name}.codebook`, [size, dim], initial, { decay: false });
  const frozenZ = stopGradient(z);
  const words = stopGradient(codebook);

  // |z|^2 is the same for every code.
  const norms = reshape(reduceSum(square(words), [1]), [1, size]);
  const distances = sub(norms, mul(matmul(frozenZ, words, { transposeB: true }), 2));
  const indices =
    options.sinkhorn === undefined
      ? argMin(distances, 1)
      : sinkhornAssign(add(distances, reduceSum(square(frozenZ), [1], true)), options.sinkhorn);
  const chosen = gather(codebook, indices);
  const frozenChosen = stopGradient(chosen);

  const hits = scatterAdd(
    graph.constant({ data: new Float32Array(rows).fill(1), shape: [rows, 1] }),
    indices,
    size,
  );
  const share = mul(hits, 1 / rows);
  const perplexity = exp(neg(reduceSum(mul(share, log(add(share, 1e-10))))));

  if (update === "ema") {
    const counts = graph.parameter(
      `${name}.counts`,
      [size],
      (length) => new Float32Array(length).fill(1),
      { decay: false },
    );
    const sums = graph.parameter(`${name}.sums`, [size, dim], initial, { decay: false });
    const blend = (old: Value, fresh: Value) => add(mul(old, decay), mul(fresh, 1 - decay));
    let nextCounts = blend(reshape(counts, [size, 1]), hits);
    let nextSums = blend(sums, scatterAdd(frozenZ, indices, size));
    const total = reduceSum(nextCounts, [0, 1], true);
    const smoothed = mul(add(nextCounts, epsilon), div(total, add(total, size * epsilon)));
    // A code that has decayed to nothing keeps its place.
    let next = where(
      expandMask(greater(nextCounts, 1e-12), [size, dim]),
      div(nextSums, smoothed),
      words,
    );
    if (resetBelow !== undefined) {
      // Rows far apart, so that the new codes are not neighbours of one picture; the batch differs
      // from step to step.
      const picks: Tensor = {
        data: BigInt64Array.from({ length: size }, (_, k) =>
          BigInt(Math.floor(((k * 0.6180339887498949) % 1) * rows)),
        ),
        shape: [size],
      };
      const fresh = gather(frozenZ, graph.constant(picks));
      const alive = greater(nextCounts, resetBelow);
      const mask = expandMask(alive, [size, dim]);
      next = where(mask, next, fresh);
      nextSums = where(mask, nextSums, fresh);
      nextCounts = where(alive, nextCounts, expand(reshape(graph.scalar(1), [1, 1]), [size, 1]));
    }
    graph.update(codebook, options.cosine ? unit(next) : next);
    graph.update(counts, reshape(nextCounts, [size]));
    graph.update(sums, nextSums);
  }
  return {
    quantized: straightThrough(frozenChosen, z),
    indices,
    commitmentLoss: reduceMean(square(sub(z, frozenChosen))),
    codebookLoss: reduceMean(square(sub(frozenZ, chosen))),
    perplexity,
    codebook,
  };
}

/** Rows of [N, D] at length 1. */
export function unit(x: Value): Value {
  return div(x, sqrt(add(reduceSum(square(x), [1], true), 1e-12)));
}

/** A bool [K, 1] as [K, D]. */
function expandMask(mask: Value, shape: readonly number[]): Value {
  return greater(expand(cast(mask, "float32"), shape), 0.5);
}
