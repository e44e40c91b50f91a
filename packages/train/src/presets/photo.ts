import { Random } from "@dtok/core";
import type { Dim, GraphBuilder, Value } from "../graph/builder.js";
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
  sub,
} from "../graph/elementwise.js";
import {
  averagePool,
  depthToSpace,
  reduceMean,
  slice,
  spaceToDepth,
  transpose,
} from "../graph/shape.js";
import { convLayer } from "../layers/layers.js";
import { fsqLayer } from "../layers/fsq.js";

/** Widths and depths of one photograph tokenizer; tooling/recipes/image/README.md says how they were chosen. */
export interface PhotoModelConfig {
  /** Pixels per latent cell and axis: 8 or 16. */
  readonly stride: 8 | 16;
  readonly levels: readonly number[];
  /** Residual blocks and their width at 1/8 of the size, before a 1/16 stage. */
  readonly encoderEighth: { readonly width: number; readonly blocks: number };
  readonly encoderSixteenth?: { readonly width: number; readonly blocks: number };
  readonly decoderSixteenth?: { readonly width: number; readonly blocks: number };
  readonly decoderEighth: { readonly width: number; readonly blocks: number };
  /** At 1/4 of the size, before the last 4x4 pixels per cell are written out. */
  readonly decoderQuarter: { readonly width: number; readonly blocks: number };
}

export const photoConfigs = {
  "photo-8x": {
    stride: 8,
    levels: [8, 8, 8, 6, 5],
    encoderEighth: { width: 96, blocks: 2 },
    decoderEighth: { width: 128, blocks: 3 },
    decoderQuarter: { width: 64, blocks: 1 },
  },
  "photo-16x": {
    stride: 16,
    levels: [8, 8, 8, 6, 5],
    encoderEighth: { width: 64, blocks: 1 },
    encoderSixteenth: { width: 192, blocks: 2 },
    decoderSixteenth: { width: 224, blocks: 3 },
    decoderEighth: { width: 96, blocks: 2 },
    decoderQuarter: { width: 48, blocks: 1 },
  },
} as const satisfies Record<string, PhotoModelConfig>;

/**
 * x + conv1x1(silu(conv3x3(x))). The last kernel starts at zero, so that depth costs nothing at the
 * start and no normalisation is needed (nothing depends on the size of the image).
 */
function block(g: GraphBuilder, random: Random, name: string, x: Value): Value {
  const width = x.shape[1] as number;
  const inner = silu(convLayer(g, random, `${name}.a`, x, width, { kernel: 3 }));
  return add(x, convLayer(g, random, `${name}.b`, inner, width, { kernel: 1, gain: 0.02 }));
}

function blocks(g: GraphBuilder, random: Random, name: string, x: Value, count: number): Value {
  for (let i = 0; i < count; i++) x = block(g, random, `${name}.${i}`, x);
  return x;
}

/** Pixels uint8 [B, H, W, 3] to [B, 3, H, W] in [-1, 1]. */
function normalise(pixels: Value): Value {
  return sub(div(transpose(cast(pixels, "float32"), [0, 3, 1, 2]), 127.5), 1);
}

/** [B, 3, H, W] in [-1, 1] to pre-quantization channels [B, D, H / stride, W / stride]. */
function encoder(g: GraphBuilder, random: Random, c: PhotoModelConfig, x: Value): Value {
  const { width, blocks: count } = c.encoderEighth;
  let h = convLayer(g, random, "enc.in", spaceToDepth(x, 8), width, { kernel: 1, gain: 1 });
  h = blocks(g, random, "enc.8", h, count);
  if (c.encoderSixteenth) {
    const { width: wide, blocks: deep } = c.encoderSixteenth;
    h = convLayer(g, random, "enc.down", spaceToDepth(h, 2), wide, { kernel: 1, gain: 1 });
    h = blocks(g, random, "enc.16", h, deep);
  }
  return convLayer(g, random, "enc.out", silu(h), c.levels.length, { kernel: 1, gain: 1 });
}

/** Grid points in [-1, 1], [B, D, h, w], to [B, 3, h stride, w stride] around [-1, 1]. */
function decoder(g: GraphBuilder, random: Random, c: PhotoModelConfig, z: Value): Value {
  let h = z;
  if (c.decoderSixteenth) {
    const { width, blocks: count } = c.decoderSixteenth;
    h = convLayer(g, random, "dec.in", h, width, { kernel: 3, gain: 1 });
    h = blocks(g, random, "dec.16", h, count);
    const next = c.decoderEighth.width;
    h = depthToSpace(convLayer(g, random, "dec.up16", h, next * 4, { kernel: 1, gain: 1 }), 2);
  } else {
    h = convLayer(g, random, "dec.in", h, c.decoderEighth.width, { kernel: 3, gain: 1 });
  }
  h = blocks(g, random, "dec.8", h, c.decoderEighth.blocks);
  const { width, blocks: count } = c.decoderQuarter;
  h = depthToSpace(convLayer(g, random, "dec.up8", h, width * 4, { kernel: 1, gain: 1 }), 2);
  h = blocks(g, random, "dec.4", h, count);
  return depthToSpace(convLayer(g, random, "dec.out", silu(h), 48, { kernel: 3, gain: 0.1 }), 4);
}

/**
 * Mean structural similarity over 8 x 8 boxes in steps of 4, on images in [-1, 1]: a cheap stand-in
 * while training, not the metric of the card.
 */
export function boxSimilarity(a: Value, b: Value): Value {
  const box = (x: Value) => {
    const cells = averagePool(x, 4);
    const [, , rows, columns] = cells.shape as number[] as [number, number, number, number];
    const corner = (y: number, z: number) =>
      slice(cells, [2, 3], [y, z], [rows - 1 + y, columns - 1 + z]);
    return mul(add(add(corner(0, 0), corner(0, 1)), add(corner(1, 0), corner(1, 1))), 0.25);
  };
  const [ma, mb] = [box(a), box(b)];
  const va = sub(box(square(a)), square(ma));
  const vb = sub(box(square(b)), square(mb));
  const cov = sub(box(mul(a, b)), mul(ma, mb));
  const c1 = 4 * 0.01 ** 2;
  const c2 = 4 * 0.03 ** 2;
  const top = mul(add(mul(mul(ma, mb), 2), c1), add(mul(cov, 2), c2));
  const bottom = mul(add(add(square(ma), square(mb)), c1), add(add(va, vb), c2));
  return reduceMean(div(top, bottom));
}

export interface PhotoLossWeights {
  readonly squared: number;
  readonly absolute: number;
  readonly structural: number;
}

export function photoTraining(
  g: GraphBuilder,
  config: PhotoModelConfig,
  {
    batch,
    size,
    seed,
    weights,
  }: { batch: number; size: number; seed: number; weights: PhotoLossWeights },
) {
  const random = new Random(seed);
  const x = normalise(g.input("pixels", [batch, size, size, 3], "uint8"));
  const z = fsqLayer(g, encoder(g, random, config, x), config.levels, 1);
  const y = decoder(g, random, config, z);
  const error = sub(y, x);
  const squared = reduceMean(square(error));
  const absolute = reduceMean(abs(error));
  let loss = add(mul(squared, weights.squared), mul(absolute, weights.absolute));
  const metrics: Record<string, Value> = { squared, absolute };
  if (weights.structural > 0) {
    const similarity = boxSimilarity(x, y);
    metrics.similarity = similarity;
    loss = add(loss, mul(sub(1, similarity), weights.structural));
  }
  return { loss, metrics };
}

/**
 * Inference graphs with free batch and size. The encoder ends where the quantizer of @dtok/core
 * begins: latents [B, h, w, D] before rounding. The decoder takes grid points [B, h, w, D].
 */
export function photoEncoder(g: GraphBuilder, config: PhotoModelConfig): Value {
  const pixels = g.input("pixels", ["batch", "height", "width", 3] as Dim[], "uint8");
  return transpose(encoder(g, new Random(0), config, normalise(pixels)), [0, 2, 3, 1]);
}

export function photoDecoder(g: GraphBuilder, config: PhotoModelConfig): Value {
  const shape: Dim[] = ["batch", "rows", "columns", config.levels.length];
  const z = transpose(g.input("latents", shape), [0, 3, 1, 2]);
  const y = decoder(g, new Random(0), config, z);
  const scaled = clip(mul(add(y, 1), 127.5), 0, 255);
  return cast(roundThrough(transpose(scaled, [0, 2, 3, 1])), "uint8");
}

/**
 * Receptive radius in latent cells: every 3 x 3 kernel reaches one cell of its own scale further.
 * Tiles with this much context give exactly the whole picture's result.
 */
export function photoHalo(c: PhotoModelConfig): { encoderHalo: number; decoderHalo: number } {
  // In pixels; the stages before a cell boundary add up, and a part of a cell needs a whole one.
  const encoder = c.encoderEighth.blocks * 8 + (c.encoderSixteenth?.blocks ?? 0) * 16;
  const decoder =
    (c.decoderSixteenth ? (1 + c.decoderSixteenth.blocks) * 16 : 8) +
    c.decoderEighth.blocks * 8 +
    (c.decoderQuarter.blocks + 1) * 4;
  return {
    encoderHalo: Math.ceil(encoder / c.stride),
    decoderHalo: Math.ceil(decoder / c.stride),
  };
}
