import { ArgumentError, Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Dim, Value } from "../graph/builder.js";
import {
  abs,
  add,
  cast,
  clip,
  div,
  mul,
  roundThrough,
  silu,
  square,
  stopGradient,
  sub,
} from "../graph/elementwise.js";
import { matmul } from "../graph/linear.js";
import {
  concat,
  depthToSpace,
  reduceMean,
  slice,
  spaceToDepth,
  transpose,
} from "../graph/shape.js";
import { convLayer } from "../layers/layers.js";
import { fsqLayer } from "../layers/fsq.js";
import { boxSimilarity } from "./photo.js";

/**
 * Frames that follow a frame already decoded, coded together: one grid of blocks of 16 x 16 pixels for all
 * of them. Time is folded into channels, so that a group costs about as much as one image. What the
 * network sees beside the frames is a prediction of each of them (the last decoded frame, moved block by
 * block), and what it writes is added to the prediction: what is predicted well costs nothing to keep,
 * and every group corrects the errors of the one before.
 */
export interface ClipModelConfig {
  /** Frames of a group. */
  readonly frames: number;
  /** FSQ levels of one code. */
  readonly levels: readonly number[];
  /** FSQ codes per block. */
  readonly codes: number;
  /** At 1/8 of the size. */
  readonly encoder: { readonly width: number; readonly blocks: number };
  /** At 1/16 of the size, where codes are made and read. */
  readonly sixteenth: { readonly width: number; readonly blocks: number };
  readonly decoderEighth: { readonly width: number; readonly blocks: number };
  /** At 1/4 of the size, where the prediction joins again in finer detail. */
  readonly decoderQuarter: { readonly width: number; readonly blocks: number };
}

const STRIDE = 16;

/** Groups of four: what a block's motion (a code of its own) leaves. */
export const clipConfigs = {
  "clip-8x": {
    frames: 4,
    levels: [8, 8, 8, 6, 5],
    codes: 3,
    encoder: { width: 128, blocks: 2 },
    sixteenth: { width: 192, blocks: 1 },
    decoderEighth: { width: 128, blocks: 2 },
    decoderQuarter: { width: 64, blocks: 2 },
  },
} as const satisfies Record<string, ClipModelConfig>;

/** x + conv1x1(silu(conv3x3(x))), the last kernel near zero at the start. */
function block(g: GraphBuilder, random: Random, name: string, x: Value): Value {
  const width = x.shape[1] as number;
  const inner = silu(convLayer(g, random, `${name}.a`, x, width, { kernel: 3 }));
  return add(x, convLayer(g, random, `${name}.b`, inner, width, { kernel: 1, gain: 0.02 }));
}

/**
 * x + conv1x1(silu(u) * v) with u, v = conv3x3(x): a product of neighbourhoods, so that codes can choose
 * which neighbour of the reference a pixel is taken from (motion).
 */
function gatedBlock(g: GraphBuilder, random: Random, name: string, x: Value): Value {
  const width = x.shape[1] as number;
  const both = convLayer(g, random, `${name}.a`, x, width * 2, { kernel: 3, gain: 1.5 });
  const gate = silu(slice(both, [1], [0], [width]));
  const inner = mul(gate, slice(both, [1], [width], [2 * width]));
  return add(x, convLayer(g, random, `${name}.b`, inner, width, { kernel: 1, gain: 0.02 }));
}

function repeat(
  part: typeof block,
  g: GraphBuilder,
  random: Random,
  name: string,
  x: Value,
  count: number,
): Value {
  for (let i = 0; i < count; i++) x = part(g, random, `${name}.${i}`, x);
  return x;
}

/** Pixels uint8 [B, H, W, C] to [B, C, H, W] in [-1, 1]. */
function normalise(pixels: Value): Value {
  return sub(div(transpose(cast(pixels, "float32"), [0, 3, 1, 2]), 127.5), 1);
}

/** Channels that the coarse part of the decoder gets from codes beside their own values. */
const DEEP = 32;

/** Frames [B, 3 F, H, W] and their prediction [B, 3 F, H, W] to latents [B, Q D, H / 16, W / 16]. */
function encoder(
  g: GraphBuilder,
  random: Random,
  c: ClipModelConfig,
  frames: Value,
  predicted: Value,
): Value {
  const { width, blocks } = c.encoder;
  const change = sub(frames, predicted);
  const cells = spaceToDepth(concat([lastFrame(c, predicted), change], 1), 8);
  let h = convLayer(g, random, "enc.in", cells, width, { kernel: 1, gain: 1 });
  h = repeat(block, g, random, "enc.8", h, blocks);
  h = spaceToDepth(h, 2);
  const channels = c.codes * c.levels.length;
  const near = convLayer(g, random, "enc.out", silu(h), channels, { kernel: 1, gain: 1 });
  const { width: wide, blocks: deep } = c.sixteenth;
  let far = convLayer(g, random, "enc.down", h, wide, { kernel: 1, gain: 1 });
  far = repeat(block, g, random, "enc.16", far, deep);
  return add(near, convLayer(g, random, "enc.far", silu(far), channels, { kernel: 1, gain: 0.02 }));
}

/** Of predictions, that of the group's last frame. */
function lastFrame(c: ClipModelConfig, predicted: Value): Value {
  return slice(predicted, [1], [3 * c.frames - 3], [3 * c.frames]);
}

/** Grid points [B, Q D, H / 16, W / 16] and the prediction to frames [B, 3 F, H, W] around [-1, 1]. */
function decoder(
  g: GraphBuilder,
  random: Random,
  c: ClipModelConfig,
  z: Value,
  predicted: Value,
): Value {
  const dims = c.levels.length;
  const spread = depthToSpace(convLayer(g, random, "dec.spread", z, 4 * dims, { kernel: 1 }), 2);
  const sixteenth = c.sixteenth;
  let deep = convLayer(g, random, "dec.deep", z, sixteenth.width, { kernel: 3, gain: 1 });
  deep = repeat(block, g, random, "dec.16", deep, sixteenth.blocks);
  deep = convLayer(g, random, "dec.up16", silu(deep), 4 * DEEP, { kernel: 1, gain: 1 });
  deep = depthToSpace(deep, 2);
  const coarse = convLayer(g, random, "dec.ref8", spaceToDepth(predicted, 8), 64, {
    kernel: 1,
    gain: 1,
  });
  const eighth = c.decoderEighth;
  let h = convLayer(g, random, "dec.in", concat([spread, coarse, deep], 1), eighth.width, {
    kernel: 3,
    gain: 1,
  });
  h = repeat(block, g, random, "dec.8", h, eighth.blocks);
  const { width, blocks } = c.decoderQuarter;
  h = depthToSpace(convLayer(g, random, "dec.up8", h, width * 4, { kernel: 1, gain: 1 }), 2);
  const fine = convLayer(g, random, "dec.ref4", spaceToDepth(predicted, 4), width, {
    kernel: 1,
    gain: 1,
  });
  h = repeat(gatedBlock, g, random, "dec.4", add(h, fine), blocks);
  const out = convLayer(g, random, "dec.out", silu(h), 48 * c.frames, { kernel: 1, gain: 0.001 });
  return add(predicted, depthToSpace(out, 4));
}

function allLevels(c: ClipModelConfig): number[] {
  return Array.from({ length: c.codes }, () => c.levels).flat();
}

export interface ClipTrainingOptions {
  readonly batch: number;
  /** Pixels a side. */
  readonly size: number;
  readonly seed: number;
  readonly weights: {
    readonly squared: number;
    readonly absolute: number;
    readonly structural: number;
  };
}

/**
 * Training step on "predicted" and "frames", both uint8 [B, H, W, 3 F], channels of frame after frame
 * interleaved. The output `decoded` [B, 3 F, H, W] in [-1, 1] is what the next group is predicted from.
 */
export function clipTraining(
  g: GraphBuilder,
  config: ClipModelConfig,
  { batch, size, seed, weights }: ClipTrainingOptions,
) {
  const random = new Random(seed);
  const shape: Dim[] = [batch, size, size, 3 * config.frames];
  const predicted = normalise(g.input("predicted", shape, "uint8"));
  const frames = normalise(g.input("frames", shape, "uint8"));
  const z = fsqLayer(g, encoder(g, random, config, frames, predicted), allLevels(config), 1);
  const y = decoder(g, random, config, z, predicted);
  const error = sub(y, frames);
  const squared = reduceMean(square(error));
  const similarity = boxSimilarity(frames, y);
  const loss = add(
    add(mul(squared, weights.squared), mul(reduceMean(abs(error)), weights.absolute)),
    mul(sub(1, similarity), weights.structural),
  );
  const before = reduceMean(square(sub(predicted, frames)));
  return {
    loss,
    metrics: { squared, similarity, before },
    outputs: { decoded: clip(stopGradient(y), -1, 1) },
  };
}

/**
 * Receptive radius in blocks: tiles with this much context, of codes and of the prediction, give exactly
 * the whole frame's result.
 */
export function clipHalo(c: ClipModelConfig): { encoderHalo: number; decoderHalo: number } {
  const encoder = c.encoder.blocks * 8 + c.sixteenth.blocks * 16;
  // A block at 1/4 of the size reaches 4 pixels.
  const decoder =
    (1 + c.sixteenth.blocks) * 16 + (1 + c.decoderEighth.blocks) * 8 + c.decoderQuarter.blocks * 4;
  return {
    encoderHalo: Math.ceil(encoder / STRIDE),
    decoderHalo: Math.ceil(decoder / STRIDE),
  };
}

export interface ExportedClipModel {
  /** "frames" and "predicted" [B, H, W, 3 F], uint8, to "latents" [B, h, w, Q D]. */
  readonly encoder: Uint8Array;
  /** "latents" (grid points) and "predicted" to "pixels" uint8 [B, H, W, 3 F]. */
  readonly decoder: Uint8Array;
  readonly halo: { readonly encoderHalo: number; readonly decoderHalo: number };
}

/** Inference graphs of free batch and size from a checkpoint's running averages; kernels in float16. */
export function exportClipModel(
  config: ClipModelConfig,
  state: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): ExportedClipModel {
  const parameters: Record<string, Tensor> = {};
  for (const [key, tensor] of Object.entries(state)) {
    if (!key.endsWith(".average")) continue;
    const weights = tensor as Tensor<Float32Array>;
    parameters[key.slice(0, -".average".length)] =
      tensor.shape.length > 1 ? toFloat16(weights) : weights;
  }
  if (Object.keys(parameters).length === 0) {
    throw new ArgumentError("checkpoint", {
      expected: "running averages of the weights",
      got: "none",
      remedy: "Train with averageDecay.",
    });
  }
  const pixels = (g: GraphBuilder, name: string, channels: number) =>
    normalise(g.input(name, ["batch", "height", "width", channels] as Dim[], "uint8"));
  const e = new GraphBuilder("clip-encoder");
  const latents = transpose(
    encoder(
      e,
      new Random(0),
      config,
      pixels(e, "frames", 3 * config.frames),
      pixels(e, "predicted", 3 * config.frames),
    ),
    [0, 2, 3, 1],
  );
  const d = new GraphBuilder("clip-decoder");
  const shape: Dim[] = ["batch", "rows", "columns", config.codes * config.levels.length];
  const z = transpose(d.input("latents", shape), [0, 3, 1, 2]);
  const y = decoder(d, new Random(0), config, z, pixels(d, "predicted", 3 * config.frames));
  const scaled = clip(mul(add(y, 1), 127.5), 0, 255);
  const out = cast(roundThrough(transpose(scaled, [0, 2, 3, 1])), "uint8");
  return {
    encoder: e.toOnnx({ latents }, parameters, metadata),
    decoder: d.toOnnx({ pixels: out }, parameters, metadata),
    halo: clipHalo(config),
  };
}

/**
 * A dictionary of shapes [S, L] as a graph: "residuals" [N, L] to "correlations" [N, S] with its "shapes"
 * [S, L], which it gives as well. Each is kept in 8 bits a number, and has length 1 as it is kept.
 */
export function exportShapes(
  shapes: Tensor<Float32Array>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const [count, length] = shapes.shape as [number, number];
  const data = new Int8Array(count * length);
  const scales = new Float32Array(count);
  for (let k = 0; k < count; k++) {
    const row = shapes.data.subarray(k * length, (k + 1) * length);
    const most = row.reduce((max, v) => Math.max(max, Math.abs(v)), 1e-12);
    let sum = 0;
    for (const [i, v] of row.entries()) {
      const value = Math.round((v / most) * 127);
      data[k * length + i] = value;
      sum += value * value;
    }
    scales[k] = 1 / Math.sqrt(sum);
  }
  const g = new GraphBuilder("shapes");
  const residuals = g.input("residuals", ["blocks", length]);
  const kept = cast(g.constant({ data, shape: [count, length] }, "shapes"), "float32");
  const scale = (shape: number[]) => g.constant({ data: scales, shape }, "scales");
  // Scaled afterwards: a product with a constant is faster, and what a graph gives does not become one.
  const products = matmul(residuals, transpose(kept, [1, 0]));
  const correlations = mul(products, scale([1, count]));
  return g.toOnnx({ correlations, shapes: mul(kept, scale([count, 1])) }, {}, metadata);
}
