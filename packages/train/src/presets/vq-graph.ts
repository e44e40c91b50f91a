/*
 * Neighbourhoods of nodes as codes: VQGraph (Yang et al., arXiv 2308.02117, section 4.1), a graph encoder,
 * vector quantization by cosine, decoders of features and of edges. The encoder is GraphSAGE's mean
 * aggregator (Hamilton et al., arXiv 1706.02216), toward successors and predecessors apart:
 *
 *   h_v = gelu(W [x_v, mean of x over out(v), mean of x over in(v)])
 *   z_v = W' [h_v, mean of h over out(v), mean of h over in(v)], at length 1;   q_v = nearest codeword
 *   loss = |x_v - x'(q_v)|² + BCE of u(q_i) . w(q_j) over edges and non-edges + beta |z - sg(q)|²
 *
 * Training sees sampled neighbours of the second layer, inference all of them. An edge has a direction, so
 * the decoder has a vector for each end.
 */
import { Random } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/builder.js";
import {
  abs,
  add,
  div,
  exp,
  gelu,
  log,
  mul,
  neg,
  relu,
  square,
  sub,
} from "../graph/elementwise.js";
import { matmul } from "../graph/linear.js";
import { concat, reduceMean, reduceSum, reshape, slice } from "../graph/shape.js";
import { linearLayer } from "../layers/layers.js";
import { unit, vqLayer } from "../layers/vq.js";

export interface VqGraphConfig {
  /** Numbers per node. */
  readonly dim: number;
  /** Within. */
  readonly width: number;
  /** Of the latents that are quantized. */
  readonly latent: number;
  /** Codes. */
  readonly size: number;
  /** Of the two vectors of a node that edges are decoded from. */
  readonly edge: number;
}

/** Mean and deviation of each feature. */
export interface NodeFeatureScale {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** [.., 3 F] of a node and its neighbours' means to [.., width]. */
function local(g: GraphBuilder, random: Random, config: VqGraphConfig, x: Value): Value {
  return gelu(linearLayer(g, random, "local", x, config.width, 2));
}

/** [n, 3 width] to latents of length 1. */
function context(g: GraphBuilder, random: Random, config: VqGraphConfig, h: Value): Value {
  const wide = gelu(linearLayer(g, random, "context.0", h, config.width, 2));
  return unit(linearLayer(g, random, "context.1", wide, config.latent));
}

/** Codewords to features, and to the vectors of an edge's source and target. */
function decoder(g: GraphBuilder, random: Random, config: VqGraphConfig, q: Value) {
  const wide = gelu(linearLayer(g, random, "dec.0", q, config.width, 2));
  return {
    features: linearLayer(g, random, "dec.features", wide, config.dim),
    source: linearLayer(g, random, "dec.source", wide, config.edge),
    target: linearLayer(g, random, "dec.target", wide, config.edge),
  };
}

/** log(1 + exp(x)) without overflow. */
function softplus(x: Value): Value {
  return add(relu(x), log(add(exp(neg(abs(x))), 1)));
}

export interface VqGraphTrainingOptions {
  /** Edges per step; three nodes each: source, target, one at random. */
  readonly batch: number;
  /** Neighbours that are sampled on either side. */
  readonly neighbours: number;
  readonly seed: number;
  /** First codebook [size, latent], of length 1. Left out: nothing is quantized. */
  readonly codebook?: Tensor<Float32Array>;
  /** Weight of the edges' loss against the features'. */
  readonly edgeWeight: number;
  readonly beta: number;
}

/**
 * The training graph. Inputs: "nodes" [3 batch, 3 F], sources, targets, others; "near" [3 batch, 2 S, 3 F],
 * S out-neighbours, then S in-neighbours of each; "shares" [3 batch, 2 S], weights of the means. All features
 * are standardised.
 */
export function vqGraphTraining(
  g: GraphBuilder,
  config: VqGraphConfig,
  options: VqGraphTrainingOptions,
) {
  const { batch, neighbours: s } = options;
  const rows = 3 * batch;
  const random = new Random(options.seed, 1);
  const nodes = g.input("nodes", [rows, 3 * config.dim]);
  const near = g.input("near", [rows, 2 * s, 3 * config.dim]);
  const shares = g.input("shares", [rows, 2 * s]);
  const own = local(g, random, config, nodes);
  const others = local(g, random, config, reshape(near, [rows * 2 * s, 3 * config.dim]));
  const weighted = mul(
    reshape(others, [rows, 2 * s, config.width]),
    reshape(shares, [rows, 2 * s, 1]),
  );
  const side = (from: number) => reduceSum(slice(weighted, [1], [from], [from + s]), [1]);
  const z = context(g, random, config, concat([own, side(0), side(s)], 1));
  const metrics: Record<string, Value> = {};
  let q = z;
  let commitment: Value | undefined;
  if (options.codebook) {
    const words = options.codebook.data;
    const vq = vqLayer(g, "vq", z, {
      size: config.size,
      initial: () => words.slice(),
      decay: 0.97,
      cosine: true,
      resetBelow: rows / config.size / 20,
    });
    q = vq.quantized;
    commitment = mul(vq.commitmentLoss, config.latent);
    metrics.perplexity = vq.perplexity;
  }
  const out = decoder(g, random, config, q);
  const x = slice(nodes, [1], [0], [config.dim]);
  const part = (v: Value, at: number) => slice(v, [0], [at * batch], [(at + 1) * batch]);
  // Targets of edges are hubs so often that their features would drown all others.
  const missed = (at: number) => reduceMean(square(sub(part(out.features, at), part(x, at))));
  const features = mul(add(missed(0), missed(2)), 0.5);
  const bias = g.parameter("dec.bias", [1], () => Float32Array.of(-1));
  const linked = add(reduceSum(mul(part(out.source, 0), part(out.target, 1)), [1]), bias);
  const apart = [
    add(matmul(part(out.source, 0), part(out.target, 2), { transposeB: true }), bias),
    add(matmul(part(out.source, 2), part(out.target, 1), { transposeB: true }), bias),
  ];
  const misses = apart.map((scores) => reduceMean(softplus(scores)));
  const edges = add(
    reduceMean(softplus(neg(linked))),
    mul(add(misses[0] as Value, misses[1] as Value), 0.5),
  );
  let loss = add(features, mul(edges, options.edgeWeight));
  if (commitment) loss = add(loss, mul(commitment, options.beta));
  return { loss, metrics: { features, edges, ...metrics } };
}

export interface ExportedVqGraph {
  /** "features" [n, 3 F], raw: a node's and its neighbours' means, to "hidden" [n, width]. */
  readonly local: Uint8Array;
  /** "hidden" [n, 3 width] to "latents" [n, latent] of length 1. */
  readonly encoder: Uint8Array;
  /** "latents" to "features" [n, F], "sources" and "targets" [n, edge + 1], whose products are logits. */
  readonly decoder: Uint8Array;
  /** [size, latent]; empty before anything was quantized. */
  readonly codebook: Matrix;
}

/** Inference graphs that scale features themselves; kernels stored in float16. */
export function exportVqGraph(
  config: VqGraphConfig,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  { mean, deviation }: NodeFeatureScale,
  metadata: Readonly<Record<string, string>> = {},
): ExportedVqGraph {
  const parameters = Object.fromEntries(
    Object.entries(trained).map(([name, tensor]) => [
      name,
      tensor.shape.length > 1 ? toFloat16(tensor) : tensor,
    ]),
  );
  const random = new Random(0);
  const thrice = (values: Float32Array) => Float32Array.from([...values, ...values, ...values]);
  const first = new GraphBuilder("vq-graph-local");
  const row = (g: GraphBuilder, data: Float32Array) =>
    g.constant({ data, shape: [data.length] }, "scale");
  const raw = first.input("features", ["n", 3 * config.dim]);
  const scaled = div(sub(raw, row(first, thrice(mean))), row(first, thrice(deviation)));
  const hidden = local(first, random, config, scaled);
  const second = new GraphBuilder("vq-graph-encoder");
  const latents = context(second, random, config, second.input("hidden", ["n", 3 * config.width]));
  const third = new GraphBuilder("vq-graph-decoder");
  const out = decoder(third, random, config, third.input("latents", ["n", config.latent]));
  const features = add(mul(out.features, row(third, deviation)), row(third, mean));
  // The bias as one more number of either end, so that a product alone is the logit.
  const ones = add(mul(slice(out.source, [1], [0], [1]), 0), 1);
  const bias = mul(
    ones,
    third.parameter("dec.bias", [1], () => new Float32Array(1)),
  );
  const words = trained["vq.codebook"];
  return {
    local: first.toOnnx({ hidden }, parameters, metadata),
    encoder: second.toOnnx({ latents }, parameters, metadata),
    decoder: third.toOnnx(
      {
        features,
        sources: concat([out.source, ones], 1),
        targets: concat([out.target, bias], 1),
      },
      parameters,
      metadata,
    ),
    codebook: {
      data: words?.data ?? new Float32Array(0),
      shape: [words ? config.size : 0, config.latent],
    },
  };
}
