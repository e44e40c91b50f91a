/*
 * Tokenizers of motion: features per frame, a causal convolutional encoder that keeps every fourth step,
 * vector quantization, a causal decoder.
 *
 *   T2M-GPT (Zhang et al., arXiv 2301.06052): one codebook of 512, running means, reset of idle codes.
 *   MoMask (Guo et al., arXiv 2312.00063): six codebooks on residuals, quantizer dropout.
 *   MotionGlot (Harithas & Sridhar, arXiv 2410.16623): a head per body before and after what all share.
 *
 * Unlike theirs the networks are causal, so that a stream gives the same tokens as the whole recording,
 * and small enough to be trained in minutes on two cores. Nothing is quantized at first; then codebooks
 * start from k-means of the latents, level by level.
 */
import { ArgumentError, Random, kmeans, nearest } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder, scaledDim } from "../graph/builder.js";
import type { Dim, Value } from "../graph/builder.js";
import {
  add,
  mul,
  silu,
  sqrt,
  square,
  stopGradient,
  straightThrough,
  sub,
} from "../graph/elementwise.js";
import { matmul } from "../graph/linear.js";
import { concat, pad, reduceMean, reshape, slice } from "../graph/shape.js";
import { heNormal, zeros } from "../layers/init.js";
import { vqLayer } from "../layers/vq.js";

export interface MotionModelConfig {
  /** Numbers per frame. */
  readonly dim: number;
  /** Channels within. */
  readonly width: number;
  /** Width of the latents that are quantized. */
  readonly latent: number;
  readonly levels: number;
  /** Codes per level. */
  readonly size: number;
  /** Heads: 1, or one per body. */
  readonly bodies: number;
}

/** Each step halves the rate twice: a code stands for four frames. */
export const MOTION_STRIDE = 4;
/** Of the residual blocks at each rate. */
const DILATIONS = [1, 3, 1] as const;

/** Mean and deviation per feature and body, [bodies, dim]. */
export interface FeatureScale {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * Frames (encoder) and codes (decoder) that one output looks back upon. Windows that start so much
 * earlier give the same result as the whole.
 */
export const MOTION_REACH = (() => {
  const blocks = DILATIONS.reduce((sum, d) => sum + 2 * d, 0);
  // Frames: the first kernel, blocks at half the rate, blocks at a quarter.
  const encoder = 2 + blocks * 2 + blocks * 4 + 3;
  // Codes: the first kernel and blocks; blocks at twice the rate; the last kernel.
  const decoder = 2 + blocks + Math.ceil(blocks / 2) + 2;
  return { encoder: Math.ceil(encoder / MOTION_STRIDE) * MOTION_STRIDE, decoder };
})();

interface ConvOptions {
  readonly kernel: number;
  readonly dilation?: number;
  readonly gain?: number;
}

/**
 * Causal convolution over time of [B, T, C] as one matrix product of shifted copies side by side: the
 * form in which gradients toward the kernel are one product too. T may be symbolic.
 */
function conv(
  g: GraphBuilder,
  random: Random,
  name: string,
  x: Value,
  channels: number,
  { kernel, dilation = 1, gain = 1 }: ConvOptions,
): Value {
  const [batch, time, inner] = x.shape as [Dim, Dim, number];
  const weight = g.parameter(
    `${name}.weight`,
    [kernel * inner, channels],
    heNormal(random, inner * kernel, gain),
  );
  const bias = g.parameter(`${name}.bias`, [channels], zeros);
  if (kernel === 1) return add(matmul(x, weight), bias);
  const reach = (kernel - 1) * dilation;
  const wide = pad(x, [0, reach, 0], [0, 0, 0]);
  const taps = Array.from({ length: kernel }, (_, i) => {
    const from = i * dilation;
    if (typeof time === "number") return slice(wide, [1], [from], [from + time]);
    // Counted from the end where the length is not known.
    const end = from === reach ? Number.MAX_SAFE_INTEGER : from - reach;
    return g.apply({
      op: "Slice",
      inputs: [wide, g.int64s([from]), g.int64s([end]), g.int64s([1]), g.int64s([1])],
      shape: [batch, time, inner],
    });
  });
  return add(matmul(concat(taps, 2), weight), bias);
}

/** Neighbouring frames side by side, [B, T, C] to [B, T / by, C by], or back where `by` is 1 / n. */
function regroup(g: GraphBuilder, x: Value, by: number): Value {
  const [batch, time, width] = x.shape as [Dim, Dim, number];
  const channels = width * by;
  const shape = [batch, by > 1 ? scaledDim(time, 1, by) : scaledDim(time, 1 / by, 1), channels];
  if (shape.every((size) => typeof size === "number")) return reshape(x, shape as number[]);
  // 0 keeps an axis, -1 takes what is left.
  return g.apply({ op: "Reshape", inputs: [x, g.int64s([0, -1, channels])], shape });
}

function blocks(g: GraphBuilder, random: Random, name: string, x: Value): Value {
  const width = x.shape[2] as number;
  for (const [i, dilation] of DILATIONS.entries()) {
    const inner = conv(g, random, `${name}.${i}.a`, silu(x), width, {
      kernel: 3,
      dilation,
      gain: 2,
    });
    x = add(x, conv(g, random, `${name}.${i}.b`, silu(inner), width, { kernel: 1, gain: 0.02 }));
  }
  return x;
}

/** Of several heads the one that a body has; `body` [B, bodies] is 1 at its place, else 0. */
function heads(
  c: MotionModelConfig,
  body: Value | undefined,
  head: (index: number) => Value,
): Value {
  if (!body) return head(0);
  let sum: Value | undefined;
  for (let b = 0; b < c.bodies; b++) {
    const share = reshapeBody(body, b);
    const part = mul(head(b), share);
    sum = sum ? add(sum, part) : part;
  }
  return sum as Value;
}

/** Column b of [B, bodies] as [B, 1, 1]. */
function reshapeBody(body: Value, b: number): Value {
  const column = slice(body, [1], [b], [b + 1]);
  const { graph } = body;
  return graph.apply({
    op: "Unsqueeze",
    inputs: [column, graph.int64s([2])],
    shape: [column.shape[0] as Dim, 1, 1],
  });
}

function row(g: GraphBuilder, c: MotionModelConfig, values: Float32Array, b: number): Value {
  const data = values.slice(b * c.dim, (b + 1) * c.dim);
  return g.constant({ data, shape: [c.dim] }, "scale");
}

/** Features [B, T, dim] to the same over their deviation, by body. */
function standardised(
  g: GraphBuilder,
  c: MotionModelConfig,
  x: Value,
  body: Value | undefined,
  { mean, deviation }: FeatureScale,
): Value {
  const inverse = deviation.map((d) => 1 / d);
  return heads(c, body, (b) => mul(sub(x, row(g, c, mean, b)), row(g, c, inverse, b)));
}

function encoder(
  g: GraphBuilder,
  random: Random,
  c: MotionModelConfig,
  x: Value,
  body: Value | undefined,
): Value {
  let h = heads(c, body, (b) => conv(g, random, `enc.in.${b}`, x, c.width, { kernel: 3 }));
  for (const stage of ["half", "quarter"]) {
    h = conv(g, random, `enc.${stage}.down`, regroup(g, h, 2), c.width, { kernel: 1 });
    h = blocks(g, random, `enc.${stage}`, h);
  }
  return conv(g, random, "enc.out", silu(h), c.latent, { kernel: 1 });
}

/** Latents [B, T, latent] to standardised features [B, 4 T, dim]. */
function decoder(
  g: GraphBuilder,
  random: Random,
  c: MotionModelConfig,
  z: Value,
  body: Value | undefined,
): Value {
  let h = conv(g, random, "dec.in", z, c.width, { kernel: 3 });
  for (const stage of ["quarter", "half"]) {
    h = blocks(g, random, `dec.${stage}`, h);
    h = regroup(g, conv(g, random, `dec.${stage}.up`, h, 2 * c.width, { kernel: 1 }), 0.5);
  }
  const last = silu(h);
  return heads(c, body, (b) =>
    conv(g, random, `dec.out.${b}`, last, c.dim, { kernel: 3, gain: 0.5 }),
  );
}

export interface MotionTrainingOptions {
  readonly batch: number;
  /** Frames per sample, a multiple of 4. */
  readonly frames: number;
  readonly seed: number;
  readonly scale: FeatureScale;
  /** Weight of each feature's error, [dim]. */
  readonly weights: Float32Array;
  /** Features, from one to before another, that must not tremble: places, at the same weight again. */
  readonly steady: readonly [from: number, to: number];
  /** Weight of the way that errors of the first three features (turn, x, z) add up to. Default 0.3. */
  readonly drift?: number;
  /** Of the commitment loss. Default 0.02, T2M-GPT's. */
  readonly beta?: number;
  /** First codebooks [levels, size, latent]; left out: a plain autoencoder. */
  readonly codebooks?: Tensor<Float32Array>;
}

/**
 * The training step. Inputs: "features" [batch, frames, dim]; "body" [batch, bodies] where there are
 * several; "levels" [levels], 1 for the levels that take part in this step (quantizer dropout).
 */
export function motionTraining(g: GraphBuilder, c: MotionModelConfig, o: MotionTrainingOptions) {
  const random = new Random(o.seed);
  const raw = g.input("features", [o.batch, o.frames, c.dim]);
  const body = c.bodies > 1 ? g.input("body", [o.batch, c.bodies]) : undefined;
  const x = standardised(g, c, raw, body, o.scale);
  const z = encoder(g, random, c, x, body);
  const metrics: Record<string, Value> = {};
  let latents = z;
  let commitment = g.scalar(0);
  if (o.codebooks) {
    const taking = g.input("levels", [c.levels]);
    const flat = reshape(z, [-1, c.latent]);
    let left = flat;
    let sum: Value | undefined;
    for (let l = 0; l < c.levels; l++) {
      const words = o.codebooks.data.slice(l * c.size * c.latent, (l + 1) * c.size * c.latent);
      const vq = vqLayer(g, `level.${l}`, left, {
        size: c.size,
        initial: () => words,
        decay: 0.97,
        resetBelow: (o.batch * o.frames) / MOTION_STRIDE / c.size / 40,
      });
      const word = mul(stopGradient(vq.quantized), slice(taking, [0], [l], [l + 1]));
      left = sub(left, word);
      sum = sum ? add(sum, word) : word;
      commitment = add(commitment, vq.commitmentLoss);
      metrics[`perplexity.${l}`] = vq.perplexity;
    }
    latents = reshape(straightThrough(sum as Value, flat), z.shape as number[]);
    metrics.commitment = commitment;
  }
  const y = decoder(g, random, c, latents, body);
  const error = sub(y, x);
  const weights = g.constant({ data: o.weights, shape: [c.dim] }, "weights");
  const rough = (e: Value) => sqrt(add(square(e), 1e-4));
  let loss = reduceMean(mul(rough(error), weights));
  // What places do from frame to frame: an error that trembles is worse than one that stays.
  const later = slice(error, [1], [1], [o.frames]);
  const steps = sub(later, slice(error, [1], [0], [o.frames - 1]));
  const places = o.weights.map((_, d) => (d >= o.steady[0] && d < o.steady[1] ? 2 : 0));
  const steady = g.constant({ data: places, shape: [c.dim] }, "steady");
  loss = add(loss, reduceMean(mul(rough(steps), steady)));
  metrics.features = reduceMean(square(error));
  // In the features' own units: what integrating them is off by.
  const turns = slice(
    body
      ? heads(c, body, (b) => mul(error, row(g, c, o.scale.deviation, b)))
      : mul(error, row(g, c, o.scale.deviation, 0)),
    [2],
    [0],
    [3],
  );
  const adding = new Float32Array(o.frames * o.frames);
  for (let t = 0; t < o.frames; t++) adding.fill(1, t * o.frames, t * o.frames + t + 1);
  const sums = matmul(g.constant({ data: adding, shape: [o.frames, o.frames] }), turns);
  const drift = reduceMean(rough(sums));
  metrics.drift = drift;
  loss = add(loss, mul(drift, (o.drift ?? 0.3) / 0.15));
  return { loss: add(loss, mul(commitment, o.beta ?? 0.02)), metrics };
}

/** Latents of feature windows by the weights so far, to start codebooks from. */
export function motionLatents(
  c: MotionModelConfig,
  scale: FeatureScale,
  parameters: Readonly<Record<string, Tensor>>,
): Uint8Array {
  const g = new GraphBuilder("motion-encoder");
  return g.toOnnx({ latents: inferenceEncoder(g, c, scale) }, parameters);
}

function inferenceEncoder(g: GraphBuilder, c: MotionModelConfig, scale: FeatureScale): Value {
  const raw = g.input("features", ["batch", "frames", c.dim]);
  const body = c.bodies > 1 ? g.input("body", ["batch", c.bodies]) : undefined;
  return encoder(g, new Random(0), c, standardised(g, c, raw, body, scale), body);
}

/** k-means of latents [N, D], level by level on what is left: [levels, size, latent]. */
export async function residualCodebooks(
  latents: Matrix,
  c: MotionModelConfig,
  seed = 0,
): Promise<Tensor<Float32Array>> {
  const [rows, dim] = latents.shape;
  const left: Matrix = { data: latents.data.slice(), shape: latents.shape };
  const data = new Float32Array(c.levels * c.size * dim);
  for (let l = 0; l < c.levels; l++) {
    const { centroids } = await kmeans(left, {
      clusters: c.size,
      seed: seed + l,
      iterations: 12,
    });
    data.set(centroids.data, l * c.size * dim);
    const { indices } = nearest(left, centroids);
    for (let n = 0; n < rows; n++) {
      const word = indices[n]! * dim;
      for (let d = 0; d < dim; d++)
        left.data[n * dim + d] = left.data[n * dim + d]! - centroids.data[word + d]!;
    }
  }
  return { data, shape: [c.levels, c.size, dim] };
}

export interface ExportedMotionModel {
  /** "features" [batch, frames, dim] (and "body" [batch, bodies]) to "latents" [batch, frames / 4, latent]. */
  readonly encoder: Uint8Array;
  /** "latents" (sums of codewords; and "body") to "features". */
  readonly decoder: Uint8Array;
  /** [levels, size, latent]. */
  readonly codebooks: Tensor<Float32Array>;
}

/** Inference graphs with free batch and length; kernels stored in float16 and computed in float32. */
export function exportMotionModel(
  c: MotionModelConfig,
  scale: FeatureScale,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  metadata: Readonly<Record<string, string>> = {},
): ExportedMotionModel {
  const parameters = Object.fromEntries(
    Object.entries(trained).map(([name, tensor]) => [
      name,
      tensor.shape.length > 1 ? toFloat16(tensor) : tensor,
    ]),
  );
  const up = new GraphBuilder("motion-encoder");
  const latents = inferenceEncoder(up, c, scale);
  const down = new GraphBuilder("motion-decoder");
  const z = down.input("latents", ["batch", "codes", c.latent]);
  const body = c.bodies > 1 ? down.input("body", ["batch", c.bodies]) : undefined;
  const y = decoder(down, new Random(0), c, z, body);
  const features = heads(c, body, (b) =>
    add(mul(y, row(down, c, scale.deviation, b)), row(down, c, scale.mean, b)),
  );
  const data = new Float32Array(c.levels * c.size * c.latent);
  for (let l = 0; l < c.levels; l++) {
    const words = trained[`level.${l}.codebook`];
    if (!words) {
      throw new ArgumentError("checkpoint", {
        expected: `a codebook of level ${l}`,
        got: "none",
        remedy: "Train beyond the first phase.",
      });
    }
    data.set(words.data, l * c.size * c.latent);
  }
  return {
    encoder: up.toOnnx({ latents }, parameters, metadata),
    decoder: down.toOnnx({ features }, parameters, metadata),
    codebooks: { data, shape: [c.levels, c.size, c.latent] },
  };
}
