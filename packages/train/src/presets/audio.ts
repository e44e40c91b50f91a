/*
 * Codecs of sound: blocks of samples, a causal convolutional encoder, residual vector quantization or
 * FSQ, a causal decoder.
 *
 *   SoundStream (Zeghidour et al., arXiv 2107.03312) and EnCodec (Défossez et al., arXiv 2210.13438):
 *   residual codebooks on the latents of a causal network, quantizer dropout, mel spectrogram losses.
 *
 * Unlike theirs, no layer runs at the full sample rate: 40 samples make one vector at 400 Hz, and the
 * last layer writes 40 samples from three such vectors. That is what two cores can train in half an
 * hour. There is no adversary. Nothing is quantized at first; then codebooks start from residual
 * k-means of the latents.
 */
import { ArgumentError, Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Dim, Value } from "../graph/builder.js";
import {
  abs,
  add,
  div,
  leakyRelu,
  log,
  mul,
  sqrt,
  square,
  stopGradient,
  straightThrough,
  sub,
} from "../graph/elementwise.js";
import { matmul } from "../graph/linear.js";
import { concat, pad, reduceMean, reshape, slice } from "../graph/shape.js";
import { fsqLayer } from "../layers/fsq.js";
import { heNormal, zeros } from "../layers/init.js";
import { vqLayer } from "../layers/vq.js";

export interface AudioModelConfig {
  /** Hertz. */
  readonly sampleRate: number;
  /** Samples of one vector of the fastest stage. */
  readonly block: number;
  /** Vectors that each further stage puts together; block x all of them = samples per code. */
  readonly strides: readonly number[];
  /** Channels of each stage, fastest first: one more than `strides`. */
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
  /** Dilations of the residual blocks of every stage. */
  readonly dilations: readonly number[];
  /** Width of what is quantized; the number of levels for FSQ. */
  readonly latent: number;
  readonly quantizer:
    | { readonly kind: "rvq"; readonly levels: number; readonly size: number }
    | { readonly kind: "fsq"; readonly levels: readonly number[] };
}

export const audioConfigs = {
  /** 50 codes of 12 x 1024 a second: 0.5 to 6 kbit/s. */
  "sound-16k": {
    sampleRate: 16_000,
    block: 40,
    strides: [8],
    encoder: [96, 256],
    decoder: [128, 320],
    dilations: [1, 3, 1],
    latent: 64,
    quantizer: { kind: "rvq", levels: 12, size: 1024 },
  },
  /** 40 codes of 32,768 a second: 600 bit/s, one codebook. */
  "speech-40hz": {
    sampleRate: 16_000,
    block: 40,
    strides: [10],
    encoder: [96, 320],
    decoder: [128, 448],
    dilations: [1, 3, 1],
    latent: 5,
    quantizer: { kind: "fsq", levels: [8, 8, 8, 8, 8] },
  },
} as const satisfies Record<string, AudioModelConfig>;

/** Samples per code. */
export function audioStride({ block, strides }: AudioModelConfig): number {
  return strides.reduce((a, b) => a * b, block);
}

/**
 * What causal convolutions remember between two pieces of a signal: for each of them its last inputs,
 * all in one array [batch, size]. Zeros are the silence before the beginning.
 */
class Memory {
  readonly #input: Value;
  readonly #next: Value[] = [];
  size = 0;

  constructor(private readonly g: GraphBuilder) {
    this.#input = g.input("state", ["batch", "memory"]);
  }

  /** x [B, T, C] behind the last `reach` steps before it. */
  extend(x: Value, reach: number): Value {
    const [batch, , width] = x.shape as [Dim, Dim, number];
    const { g } = this;
    const [from, to] = [this.size, this.size + reach * width];
    this.size = to;
    const flat = g.apply({
      op: "Slice",
      inputs: [this.#input, g.int64s([from]), g.int64s([to]), g.int64s([1])],
      shape: [batch, reach * width],
    });
    const past = g.apply({
      op: "Reshape",
      inputs: [flat, g.int64s([0, reach, width])],
      shape: [batch, reach, width],
    });
    const wide = g.apply({
      op: "Concat",
      inputs: [past, x],
      attributes: [{ name: "axis", type: "int", value: 1 }],
      shape: [batch, g.fresh("time"), width],
    });
    const last = g.apply({
      op: "Slice",
      inputs: [wide, g.int64s([-reach]), g.int64s([Number.MAX_SAFE_INTEGER]), g.int64s([1])],
      shape: [batch, reach, width],
    });
    this.#next.push(
      g.apply({
        op: "Reshape",
        inputs: [last, g.int64s([0, -1])],
        shape: [batch, reach * width],
      }),
    );
    return wide;
  }

  /** The memory behind the piece. */
  get next(): Value {
    return this.g.apply({
      op: "Concat",
      inputs: this.#next,
      attributes: [{ name: "axis", type: "int", value: 1 }],
      shape: ["batch", this.size],
    });
  }
}

interface Context {
  readonly g: GraphBuilder;
  readonly random: Random;
  /** Left out in training: zeros stand before every sample. */
  readonly memory?: Memory;
}

interface ConvOptions {
  readonly kernel: number;
  readonly dilation?: number;
  readonly gain?: number;
}

/** Causal convolution over time of [B, T, C] as one matrix product of shifted copies side by side. */
function conv(
  { g, random, memory }: Context,
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
  const wide = memory ? memory.extend(x, reach) : pad(x, [0, reach, 0], [0, 0, 0]);
  const taps = Array.from({ length: kernel }, (_, i) => {
    const from = i * dilation;
    if (typeof time === "number") return slice(wide, [1], [from], [from + time]);
    const end = from === reach ? Number.MAX_SAFE_INTEGER : from - reach;
    return g.apply({
      op: "Slice",
      inputs: [wide, g.int64s([from]), g.int64s([end]), g.int64s([1]), g.int64s([1])],
      shape: [batch, time, inner],
    });
  });
  return add(matmul(concat(taps, 2), weight), bias);
}

/** [B, T, C] to [B, T C / width, width]: neighbouring steps side by side, or back. */
function regroup(g: GraphBuilder, x: Value, width: number): Value {
  const [batch, time, channels] = x.shape as [Dim, Dim, number];
  if (typeof batch === "number" && typeof time === "number") {
    return reshape(x, [batch, (time * channels) / width, width]);
  }
  return g.apply({
    op: "Reshape",
    inputs: [x, g.int64s([0, -1, width])],
    shape: [batch, g.fresh("time"), width],
  });
}

/** Residual blocks. Leaky ReLU is exact, so pieces of any length give the same numbers as the whole. */
function blocks(c: Context, name: string, x: Value, dilations: readonly number[]): Value {
  const width = x.shape[2] as number;
  for (const [i, dilation] of dilations.entries()) {
    const options = { kernel: 3, dilation, gain: 2 };
    const inner = conv(c, `${name}.${i}.a`, leakyRelu(x), width, options);
    x = add(x, conv(c, `${name}.${i}.b`, leakyRelu(inner), width, { kernel: 1, gain: 0.02 }));
  }
  return x;
}

/** Sound lies around 0.1; networks like 1. */
const GAIN = 8;

/** Blocks of samples [B, T, block] to latents [B, T / strides, latent]. */
function encoder(c: Context, config: AudioModelConfig, samples: Value): Value {
  const { encoder: widths, strides, dilations, latent } = config;
  let h = conv(c, "enc.in", mul(samples, GAIN), widths[0] as number, { kernel: 3 });
  h = blocks(c, "enc.0", h, dilations);
  for (const [i, stride] of strides.entries()) {
    const wide = regroup(c.g, h, (widths[i] as number) * stride);
    h = conv(c, `enc.${i}.down`, wide, widths[i + 1] as number, { kernel: 1 });
    h = blocks(c, `enc.${i + 1}`, h, dilations);
  }
  return conv(c, "enc.out", leakyRelu(h), latent, { kernel: 1 });
}

/** Latents [B, T, latent] to blocks of samples [B, T strides, block]. */
function decoder(c: Context, config: AudioModelConfig, latents: Value): Value {
  const { decoder: widths, strides, dilations, block } = config;
  let h = conv(c, "dec.in", latents, widths.at(-1) as number, { kernel: 3 });
  for (let i = strides.length; i > 0; i--) {
    h = blocks(c, `dec.${i}`, h, dilations);
    const width = widths[i - 1] as number;
    const up = conv(c, `dec.${i}.up`, h, width * (strides[i - 1] as number), { kernel: 1 });
    h = regroup(c.g, up, width);
  }
  h = blocks(c, "dec.0", h, dilations);
  return mul(conv(c, "dec.out", leakyRelu(h), block, { kernel: 3, gain: 0.1 }), 1 / GAIN);
}

/** Triangles of equal area on Slaney's mel scale, [bins, bands]; bins of a transform of `size` samples. */
function melBank(sampleRate: number, size: number, bands: number): Float32Array {
  const mel = (f: number) =>
    f < 1000 ? (3 * f) / 200 : 15 + (27 * Math.log(f / 1000)) / Math.log(6.4);
  const hertz = (m: number) => (m < 15 ? (200 * m) / 3 : 1000 * 6.4 ** ((m - 15) / 27));
  const bins = size / 2 + 1;
  const top = mel(sampleRate / 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) => hertz((top * i) / (bands + 1)));
  const out = new Float32Array(bins * bands);
  for (let b = 0; b < bands; b++) {
    const [low, centre, high] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    for (let k = 0; k < bins; k++) {
      const f = (k * sampleRate) / size;
      const rise = (f - low) / (centre - low);
      const fall = (high - f) / (high - centre);
      out[k * bands + b] = (Math.max(0, Math.min(rise, fall)) * 2) / (high - low);
    }
  }
  return out;
}

interface Resolution {
  readonly size: number;
  readonly hop: number;
  readonly bands: number;
}

/** Windows of 16 to 128 ms at 16 kHz. */
const RESOLUTIONS: readonly Resolution[] = [
  { size: 256, hop: 64, bands: 32 },
  { size: 512, hop: 128, bands: 64 },
  { size: 1024, hop: 512, bands: 80 },
  { size: 2048, hop: 1024, bands: 128 },
];

/** Log-mel spectrogram [B, F, bands] of samples [B, L]. */
function logMel(g: GraphBuilder, x: Value, rate: number, { size, hop, bands }: Resolution): Value {
  const [batch, length] = x.shape as [number, number];
  const parts = size / hop;
  const frames = Math.floor((length - size) / hop) + 1;
  const used = (frames + parts - 1) * hop;
  const rows = reshape(slice(x, [1], [0], [used]), [batch, frames + parts - 1, hop]);
  const framed = concat(
    Array.from({ length: parts }, (_, i) => slice(rows, [1], [i], [i + frames])),
    2,
  );
  const bins = size / 2 + 1;
  const basis = new Float32Array(size * 2 * bins);
  for (let n = 0; n < size; n++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size);
    for (let k = 0; k < bins; k++) {
      const angle = (2 * Math.PI * ((n * k) % size)) / size;
      basis[n * 2 * bins + k] = window * Math.cos(angle);
      basis[n * 2 * bins + bins + k] = window * Math.sin(angle);
    }
  }
  const spectrum = matmul(framed, g.constant({ data: basis, shape: [size, 2 * bins] }, "dft"));
  const real = slice(spectrum, [2], [0], [bins]);
  const imaginary = slice(spectrum, [2], [bins], [2 * bins]);
  const magnitude = sqrt(add(add(square(real), square(imaginary)), 1e-7));
  const bank = g.constant({ data: melBank(rate, size, bands), shape: [bins, bands] }, "mel");
  return log(add(matmul(magnitude, bank), 1e-4));
}

export interface AudioTrainingOptions {
  readonly batch: number;
  /** Codes per sample of the batch. */
  readonly frames: number;
  readonly seed: number;
  /** Weight of the waveform's error over its loudness beside that of log-mel spectrograms. Default 1. */
  readonly waveform?: number;
  /** Of the commitment loss. Default 0.02. */
  readonly beta?: number;
  /** First codebooks [levels, size, latent] of RVQ; left out: a plain autoencoder. */
  readonly codebooks?: Tensor<Float32Array>;
}

/**
 * The training step. Inputs: "samples" [batch, frames x stride]; with residual codebooks "levels"
 * [batch, levels], 1 for the levels that the decoder gets of a sample (quantizer dropout).
 */
export function audioTraining(g: GraphBuilder, c: AudioModelConfig, o: AudioTrainingOptions) {
  const context: Context = { g, random: new Random(o.seed) };
  const length = o.frames * audioStride(c);
  const x = g.input("samples", [o.batch, length]);
  const z = encoder(context, c, reshape(x, [o.batch, length / c.block, c.block]));
  const metrics: Record<string, Value> = {};
  let latents = z;
  let commitment = g.scalar(0);
  if (c.quantizer.kind === "fsq") latents = fsqLayer(g, z, c.quantizer.levels, 2);
  else if (o.codebooks) {
    const { levels, size } = c.quantizer;
    const taking = reshape(g.input("levels", [o.batch, levels]), [o.batch, 1, levels]);
    const flat = reshape(z, [-1, c.latent]);
    let left = flat;
    let sum: Value | undefined;
    for (let l = 0; l < levels; l++) {
      const words = o.codebooks.data.slice(l * size * c.latent, (l + 1) * size * c.latent);
      const vq = vqLayer(g, `level.${l}`, left, {
        size,
        initial: () => words,
        decay: 0.98,
        resetBelow: (o.batch * o.frames) / size / 40,
      });
      const word = stopGradient(vq.quantized);
      // Every level learns from the same residuals, whether the decoder gets it in this step or not.
      left = sub(left, word);
      const given = mul(reshape(word, z.shape as number[]), slice(taking, [2], [l], [l + 1]));
      sum = sum ? add(sum, given) : given;
      commitment = add(commitment, vq.commitmentLoss);
      if (l === 0 || l === levels - 1) metrics[`perplexity.${l}`] = vq.perplexity;
    }
    latents = straightThrough(sum as Value, z);
    metrics.commitment = commitment;
  }
  const y = reshape(decoder(context, c, latents), [o.batch, length]);
  // Per sample of the batch, so that quiet ones count as much as loud ones.
  const loudness = add(reduceMean(abs(x), [1]), 1e-3);
  const waveform = reduceMean(div(reduceMean(abs(sub(y, x)), [1]), loudness));
  metrics.waveform = waveform;
  let mel: Value | undefined;
  for (const resolution of RESOLUTIONS) {
    const wanted = stopGradient(logMel(g, x, c.sampleRate, resolution));
    const error = reduceMean(abs(sub(logMel(g, y, c.sampleRate, resolution), wanted)));
    mel = mel ? add(mel, error) : error;
  }
  mel = mul(mel as Value, 1 / RESOLUTIONS.length);
  metrics.mel = mel;
  const loss = add(mul(waveform, o.waveform ?? 1), mel);
  return { loss: add(loss, mul(commitment, o.beta ?? 0.02)), metrics };
}

function stored(trained: Readonly<Record<string, Tensor<Float32Array>>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(trained).map(([name, tensor]) => [
      name,
      tensor.shape.length > 1 ? toFloat16(tensor) : tensor,
    ]),
  );
}

/** An encoder of whole signals by the weights so far ("samples" [batch, length] to "latents"), to start codebooks from. */
export function audioLatents(
  c: AudioModelConfig,
  trained: Readonly<Record<string, Tensor>>,
  length: number,
  batch: number,
): Uint8Array {
  const g = new GraphBuilder("audio-encoder");
  const x = g.input("samples", [batch, length]);
  const blocked = reshape(x, [batch, length / c.block, c.block]);
  const latents = encoder({ g, random: new Random(0) }, c, blocked);
  return g.toOnnx({ latents }, trained);
}

export interface ExportedAudioModel {
  /**
   * "samples" [batch, codes x stride] and "state" [batch, encoderState] to "latents" [batch, codes,
   * latent] and "next", the state behind them. State zero is the silence before the beginning.
   */
  readonly encoder: Uint8Array;
  /** "latents" and "state" [batch, decoderState] to "samples" [batch, codes x stride] and "next". */
  readonly decoder: Uint8Array;
  /** [levels, size, latent] of RVQ. */
  readonly codebooks?: Tensor<Float32Array>;
  readonly encoderState: number;
  readonly decoderState: number;
}

/** Inference graphs with free batch and length; kernels stored in float16 and computed in float32. */
export function exportAudioModel(
  c: AudioModelConfig,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  metadata: Readonly<Record<string, string>> = {},
): ExportedAudioModel {
  const parameters = stored(trained);
  const up = new GraphBuilder("audio-encoder");
  const samples = up.input("samples", ["batch", "length"]);
  const blocked = up.apply({
    op: "Reshape",
    inputs: [samples, up.int64s([0, -1, c.block])],
    shape: ["batch", "blocks", c.block],
  });
  const hears = new Memory(up);
  const latents = encoder({ g: up, random: new Random(0), memory: hears }, c, blocked);
  const encoderBytes = up.toOnnx({ latents, next: hears.next }, parameters, metadata);

  const down = new GraphBuilder("audio-decoder");
  const z = down.input("latents", ["batch", "codes", c.latent]);
  const says = new Memory(down);
  const written = decoder({ g: down, random: new Random(0), memory: says }, c, z);
  const flat = down.apply({
    op: "Reshape",
    inputs: [written, down.int64s([0, -1])],
    shape: ["batch", "length"],
  });
  const decoderBytes = down.toOnnx({ samples: flat, next: says.next }, parameters, metadata);
  const exported = {
    encoder: encoderBytes,
    decoder: decoderBytes,
    encoderState: hears.size,
    decoderState: says.size,
  };
  if (c.quantizer.kind === "fsq") return exported;
  const { levels, size } = c.quantizer;
  const data = new Float32Array(levels * size * c.latent);
  for (let l = 0; l < levels; l++) {
    const words = trained[`level.${l}.codebook`];
    if (!words) {
      throw new ArgumentError("checkpoint", {
        expected: `a codebook of level ${l}`,
        got: "none",
        remedy: "Train beyond the first phase.",
      });
    }
    data.set(words.data, l * size * c.latent);
  }
  return { ...exported, codebooks: { data, shape: [levels, size, c.latent] } };
}
