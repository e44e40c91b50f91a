/* A small GPT on packed sequences: the network for training, and one step of it with a cache. */
import { Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import {
  add,
  concat,
  gather,
  GraphBuilder,
  linearLayer,
  logSoftmax,
  matmul,
  mul,
  neg,
  oneHot,
  reduceSum,
  reshape,
  rmsNorm,
  silu,
  softmax,
  transpose,
} from "@dtok/train";
import type { Value } from "@dtok/train";

export interface GptShape {
  readonly vocabulary: number;
  /** Ids of a sequence that the network sees. */
  readonly length: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

function embed(g: GraphBuilder, random: Random, { vocabulary, length, width }: GptShape) {
  const normal = (n: number) => random.fillNormal(new Float32Array(n), 0.02);
  return {
    table: g.parameter("tokens", [vocabulary, width], normal),
    places: g.parameter("places", [length, width], normal),
  };
}

const HEADS_OF = ["q", "k", "v"] as const;

function feedForward(g: GraphBuilder, random: Random, l: number, x: Value, width: number): Value {
  const inner = linearLayer(g, random, `${l}.up`, rmsNorm(g, `${l}.norm2`, x), width * 4, 2);
  return add(x, linearLayer(g, random, `${l}.down`, silu(inner), width, 0.1));
}

/** Logits [B T, V] of every place of ids [B T], each from the ids up to it. */
export function logitsOf(g: GraphBuilder, random: Random, batch: number, shape: GptShape): Value {
  const { length, width, layers, heads } = shape;
  const { table, places } = embed(g, random, shape);
  const ids = g.input("ids", [batch * length], "int64");
  let x = add(reshape(gather(table, ids), [batch, length, width]), places);
  const size = width / heads;
  const future = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e9 : 0,
  );
  const mask = g.constant({ data: future, shape: [length, length] });
  for (let l = 0; l < layers; l++) {
    const h = rmsNorm(g, `${l}.norm1`, x);
    const [q, k, v] = HEADS_OF.map((name) =>
      transpose(
        reshape(linearLayer(g, random, `${l}.${name}`, h, width), [batch, length, heads, size]),
        [0, 2, 1, 3],
      ),
    ) as [Value, Value, Value];
    const scores = add(mul(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(size)), mask);
    const mixed = transpose(matmul(softmax(scores), v), [0, 2, 1, 3]);
    const flat = reshape(mixed, [batch, length, width]);
    x = add(x, linearLayer(g, random, `${l}.out`, flat, width, 0.1));
    x = feedForward(g, random, l, x, width);
  }
  const hidden = reshape(rmsNorm(g, "norm", x), [batch * length, width]);
  return matmul(hidden, table, { transposeB: true });
}

/** Inputs "targets" [B T] and "weights" [B T]; the weighted sum of nats. */
export function lossOf(g: GraphBuilder, random: Random, batch: number, shape: GptShape): Value {
  const n = batch * shape.length;
  const scores = logSoftmax(logitsOf(g, random, batch, shape));
  const targets = g.input("targets", [n], "int64");
  const weights = g.input("weights", [n]);
  const each = reduceSum(mul(scores, oneHot(targets, shape.vocabulary)), [1]);
  return neg(reduceSum(mul(each, weights)));
}

/** Nats of each target [B T], for measuring. */
export function natsOf(g: GraphBuilder, batch: number, shape: GptShape): Value {
  const scores = logSoftmax(logitsOf(g, new Random(0), batch, shape));
  const targets = g.input("targets", [batch * shape.length], "int64");
  return neg(reduceSum(mul(scores, oneHot(targets, shape.vocabulary)), [1]));
}

/**
 * One id further, for one sequence: inputs id [1], place [1], unseen [1, length + 1] (0 where the
 * cache or the new id counts, -1e9 elsewhere) and the cache `k.<layer>`, `v.<layer>` [heads, length,
 * width / heads]; outputs logits [1, V] and the new rows `new.k.<layer>`, `new.v.<layer>` [heads, 1, …],
 * which the caller writes into its cache.
 */
export function stepOnnx(
  shape: GptShape,
  parameters: Readonly<Record<string, Tensor>>,
): Uint8Array {
  const { length, width, layers, heads } = shape;
  const g = new GraphBuilder("gpt-step");
  const random = new Random(0);
  const { table, places } = embed(g, random, shape);
  let x = add(
    gather(table, g.input("id", [1], "int64")),
    gather(places, g.input("place", [1], "int64")),
  );
  const unseen = g.input("unseen", [1, length + 1]);
  const size = width / heads;
  const outputs: Record<string, Value> = {};
  for (let l = 0; l < layers; l++) {
    const h = rmsNorm(g, `${l}.norm1`, x);
    const [q, k, v] = HEADS_OF.map((name) =>
      reshape(linearLayer(g, random, `${l}.${name}`, h, width), [heads, 1, size]),
    ) as [Value, Value, Value];
    const keys = concat([g.input(`k.${l}`, [heads, length, size]), k], 1);
    const values = concat([g.input(`v.${l}`, [heads, length, size]), v], 1);
    const scores = add(mul(matmul(q, keys, { transposeB: true }), 1 / Math.sqrt(size)), unseen);
    const flat = reshape(matmul(softmax(scores), values), [1, width]);
    x = add(x, linearLayer(g, random, `${l}.out`, flat, width, 0.1));
    x = feedForward(g, random, l, x, width);
    outputs[`new.k.${l}`] = k;
    outputs[`new.v.${l}`] = v;
  }
  outputs.logits = matmul(rmsNorm(g, "norm", x), table, { transposeB: true });
  return g.toOnnx(outputs, parameters);
}
