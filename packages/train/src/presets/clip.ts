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
 * Frames that follow a frame already decoded (the reference), coded together: one grid of cells of
 * 8 x 8 pixels for all of them. Time is folded into channels, so that a group costs about as much as
 * one image. The network writes what is added to the reference, hence a still scene costs nothing to
 * keep and every group corrects the errors of the one before.
 */
export interface ClipModelConfig {
  /** Frames of a group. */
  readonly frames: number;
  /** FSQ levels of one code. */
  readonly levels: readonly number[];
  /** FSQ codes per cell. */
  readonly codes: number;
  /**
   * Largest motion in pixels per group and direction, where cells have a motion code too: the networks
   * then see the reference as moved to each of the frames, and code what is left.
   */
  readonly motion?: number;
  readonly encoder: { readonly width: number; readonly blocks: number };
  /** At 1/8 of the size. */
  readonly decoderEighth: { readonly width: number; readonly blocks: number };
  /** At 1/4 of the size, where the reference joins again in finer detail. */
  readonly decoderQuarter: { readonly width: number; readonly blocks: number };
}

const STRIDE = 8;

/** Groups of four: with one code per cell, and with one of motion before it. */
export const clipConfigs = {
  "clip-8x": {
    frames: 4,
    levels: [8, 8, 8, 6, 5],
    codes: 1,
    encoder: { width: 128, blocks: 2 },
    decoderEighth: { width: 128, blocks: 2 },
    decoderQuarter: { width: 64, blocks: 2 },
  },
  "clip-8x-motion": {
    frames: 4,
    levels: [8, 8, 8, 6, 5],
    codes: 1,
    motion: 15,
    encoder: { width: 128, blocks: 2 },
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

/** Channels of the reference: one frame, or one as moved to each of the group's. */
function referenceChannels(c: ClipModelConfig): number {
  return c.motion === undefined ? 3 : 3 * c.frames;
}

/** The reference for each frame. */
function perFrame(c: ClipModelConfig, reference: Value): Value {
  if (c.motion !== undefined) return reference;
  return concat(
    Array.from({ length: c.frames }, () => reference),
    1,
  );
}

/** One frame of reference: the last, where there is one for each. */
function oneFrame(c: ClipModelConfig, reference: Value): Value {
  const channels = referenceChannels(c);
  return channels === 3 ? reference : slice(reference, [1], [channels - 3], [channels]);
}

/** Frames [B, 3 F, H, W] and reference [B, 3 or 3 F, H, W] to latents [B, Q D, H / 8, W / 8]. */
function encoder(
  g: GraphBuilder,
  random: Random,
  c: ClipModelConfig,
  frames: Value,
  reference: Value,
): Value {
  const { width, blocks } = c.encoder;
  const change = sub(frames, perFrame(c, reference));
  const cells = spaceToDepth(concat([oneFrame(c, reference), change], 1), STRIDE);
  let h = convLayer(g, random, "enc.in", cells, width, { kernel: 1, gain: 1 });
  h = repeat(block, g, random, "enc.8", h, blocks);
  const channels = c.codes * c.levels.length;
  return convLayer(g, random, "enc.out", silu(h), channels, { kernel: 1, gain: 1 });
}

/** Grid points [B, Q D, H / 8, W / 8] and the reference to frames [B, 3 F, H, W] around [-1, 1]. */
function decoder(
  g: GraphBuilder,
  random: Random,
  c: ClipModelConfig,
  z: Value,
  reference: Value,
): Value {
  const coarse = convLayer(g, random, "dec.ref8", spaceToDepth(reference, STRIDE), 64, {
    kernel: 1,
    gain: 1,
  });
  const eighth = c.decoderEighth;
  let h = convLayer(g, random, "dec.in", concat([z, coarse], 1), eighth.width, {
    kernel: 3,
    gain: 1,
  });
  h = repeat(block, g, random, "dec.8", h, eighth.blocks);
  const { width, blocks } = c.decoderQuarter;
  h = depthToSpace(convLayer(g, random, "dec.up8", h, width * 4, { kernel: 1, gain: 1 }), 2);
  const fine = convLayer(g, random, "dec.ref4", spaceToDepth(reference, 4), width, {
    kernel: 1,
    gain: 1,
  });
  h = repeat(gatedBlock, g, random, "dec.4", add(h, fine), blocks);
  const out = convLayer(g, random, "dec.out", silu(h), 48 * c.frames, { kernel: 1, gain: 0.001 });
  return add(perFrame(c, reference), depthToSpace(out, 4));
}

function allLevels(c: ClipModelConfig): number[] {
  return Array.from({ length: c.codes }, () => c.levels).flat();
}

export interface ClipTrainingOptions {
  readonly batch: number;
  /** Pixels a side. */
  readonly size: number;
  /** Groups in a row; each is decoded from the last decoded frame of the one before. */
  readonly groups: number;
  readonly seed: number;
  readonly weights: {
    readonly squared: number;
    readonly absolute: number;
    readonly structural: number;
  };
}

/**
 * Training step on "reference" [B, H, W, 3] (a decoded frame) and "frames" [B, H, W, 3 F groups] (frame
 * after frame, channels interleaved), both uint8. No gradient passes from a group to the one before:
 * the encoder sees the decoded reference and answers for it.
 */
export function clipTraining(
  g: GraphBuilder,
  config: ClipModelConfig,
  { batch, size, groups, seed, weights }: ClipTrainingOptions,
) {
  if (config.motion !== undefined && groups !== 1) {
    throw new ArgumentError("groups", {
      expected:
        "1 where cells have motion: the next group's reference is moved outside of the graph",
      got: String(groups),
      remedy: "Feed the output `last` back as the next reference.",
    });
  }
  const before = referenceChannels(config);
  let reference = normalise(g.input("reference", [batch, size, size, before], "uint8"));
  const channels = 3 * config.frames;
  const x = normalise(g.input("frames", [batch, size, size, channels * groups], "uint8"));
  let loss: Value | undefined;
  const metrics: Record<string, Value> = {};
  for (let i = 0; i < groups; i++) {
    // Parameters of the same name are one.
    const random = new Random(seed);
    const frames = slice(x, [1], [i * channels], [(i + 1) * channels]);
    const latents = encoder(g, random, config, frames, reference);
    const z = fsqLayer(g, latents, allLevels(config), 1);
    const y = decoder(g, random, config, z, reference);
    const error = sub(y, frames);
    const squared = reduceMean(square(error));
    const absolute = reduceMean(abs(error));
    const similarity = boxSimilarity(frames, y);
    const part = add(
      add(mul(squared, weights.squared), mul(absolute, weights.absolute)),
      mul(sub(1, similarity), weights.structural),
    );
    loss = loss ? add(loss, part) : part;
    metrics[`squared${i}`] = squared;
    metrics[`similarity${i}`] = similarity;
    reference = stopGradient(clip(slice(y, [1], [channels - 3], [channels]), -1, 1));
  }
  return { loss: mul(loss as Value, 1 / groups), metrics, outputs: { last: reference } };
}

/**
 * Starts a model with motion from the arrays of one without: those of equal shape as they are, those
 * that read the reference a quarter (for four frames) each, so that it begins with the frames' mean.
 */
export function startWithMotion(
  config: ClipModelConfig,
  from: Readonly<Record<string, Tensor>>,
  into: Readonly<Record<string, Tensor<Float32Array>>>,
): void {
  for (const [name, { data, shape }] of Object.entries(into)) {
    if (name.endsWith(".m") || name.endsWith(".v")) continue;
    const source = from[name.endsWith(".average") ? name : `${name}.average`];
    if (!source) continue;
    const values = source.data as Float32Array;
    if (source.shape.join() === shape.join()) {
      data.set(values);
    } else if (values.length * config.frames === data.length) {
      // Both [out, places x channels, 1, 1], channels innermost: 3 of one frame, then 3 of each.
      const width = 3 * config.frames;
      for (let i = 0; i < data.length; i++) {
        const [place, channel] = [Math.floor(i / width), i % width];
        data[i] = (values[place * 3 + (channel % 3)] as number) / config.frames;
      }
    }
  }
}

/**
 * Receptive radius in cells: tiles with this much context, of codes and of the reference, give exactly
 * the whole frame's result.
 */
export function clipHalo(c: ClipModelConfig): { encoderHalo: number; decoderHalo: number } {
  // A block at 1/4 of the size reaches 4 pixels; a part of a cell needs a whole one.
  const decoderPixels = (1 + c.decoderEighth.blocks) * 8 + c.decoderQuarter.blocks * 4;
  return { encoderHalo: c.encoder.blocks, decoderHalo: Math.ceil(decoderPixels / STRIDE) };
}

export interface ExportedClipModel {
  /** "frames" [B, H, W, 3 F] and "reference" [B, H, W, 3 or 3 F], uint8, to "latents" [B, h, w, Q D]. */
  readonly encoder: Uint8Array;
  /** "latents" (grid points) and "reference" to "pixels" uint8 [B, H, W, 3 F]. */
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
      pixels(e, "reference", referenceChannels(config)),
    ),
    [0, 2, 3, 1],
  );
  const d = new GraphBuilder("clip-decoder");
  const shape: Dim[] = ["batch", "rows", "columns", config.codes * config.levels.length];
  const z = transpose(d.input("latents", shape), [0, 3, 1, 2]);
  const y = decoder(d, new Random(0), config, z, pixels(d, "reference", referenceChannels(config)));
  const scaled = clip(mul(add(y, 1), 127.5), 0, 255);
  const out = cast(roundThrough(transpose(scaled, [0, 2, 3, 1])), "uint8");
  return {
    encoder: e.toOnnx({ latents }, parameters, metadata),
    decoder: d.toOnnx({ pixels: out }, parameters, metadata),
    halo: clipHalo(config),
  };
}
