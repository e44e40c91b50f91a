/*
 * Codecs of sound: blocks of samples, a causal convolutional encoder, residual vector quantization or
 * FSQ, a causal decoder.
 *
 *   SoundStream (Zeghidour et al., arXiv 2107.03312) and EnCodec (Défossez et al., arXiv 2210.13438):
 *   residual codebooks on the latents of a causal network, quantizer dropout, mel spectrogram losses.
 *
 * Unlike theirs, no layer runs at the full sample rate: 40 samples make one vector at 400 Hz, and a
 * layer writes 40 samples from three such vectors. That is what two cores can train in half an hour.
 * There is no adversary. Nothing is quantized at first; then codebooks start from residual k-means of
 * the latents.
 *
 *   Gains by time and frequency (as masks of speech enhancement, e.g. Wang and Chen, arXiv 1708.07524),
 *   where `window` says so: sums of a network's outputs never cancel to nothing, so a band that is to be
 *   silent is not. Behind the decoder a short-time spectrum of what it wrote is multiplied by gains that a
 *   network tells from it and from the decoder's own vectors, and added up again.
 */
import { ArgumentError, Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Dim, Value } from "../graph/builder.js";
import {
  abs,
  add,
  clip,
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
import { argMin, gather } from "../graph/indices.js";
import { matmul } from "../graph/linear.js";
import { concat, pad, reduceMean, reshape, slice } from "../graph/shape.js";
import { fsqLayer } from "../layers/fsq.js";
import { heNormal, zeros } from "../layers/init.js";
import type { Initialiser } from "../layers/init.js";
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
  /**
   * Samples of the spectrum whose bins the decoder weighs at last, four times a multiple of `block`; its
   * sound comes three quarters of it later. Left out: none.
   */
  readonly window?: number;
  /** Samples of the spectra that the encoder hears beside the samples themselves. Left out: none. */
  readonly hears?: number;
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
    window: 640,
    hears: 320,
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

/** Samples by which a decoder's sound is late. */
export function audioDelay({ window = 0 }: AudioModelConfig): number {
  return (window * 3) / 4;
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
  /** Weights that stay as they are; names that are missing are trained. */
  readonly fixed?: Readonly<Record<string, Tensor>>;
  /** Where training starts; names that are missing start by chance. */
  readonly initial?: Readonly<Record<string, Tensor>>;
}

function weights(
  { g, fixed, initial }: Context,
  name: string,
  shape: readonly number[],
  byChance: Initialiser,
): Value {
  const kept = fixed?.[name];
  if (kept) return g.constant(kept, name);
  const given = initial?.[name];
  return g.parameter(name, shape, given ? () => given.data as Float32Array : byChance);
}

interface ConvOptions {
  readonly kernel: number;
  readonly dilation?: number;
  readonly gain?: number;
}

/** Causal convolution over time of [B, T, C] as one matrix product of shifted copies side by side. */
function conv(
  context: Context,
  name: string,
  x: Value,
  channels: number,
  { kernel, dilation = 1, gain = 1 }: ConvOptions,
): Value {
  const inner = x.shape[2] as number;
  const byChance = heNormal(context.random, inner * kernel, gain);
  const weight = weights(context, `${name}.weight`, [kernel * inner, channels], byChance);
  const bias = weights(context, `${name}.bias`, [channels], zeros);
  if (kernel === 1) return add(matmul(x, weight), bias);
  return add(matmul(concat(delayed(context, x, kernel, dilation), 2), weight), bias);
}

/** [B, T, C] as it was `(count - 1) dilation` steps before, …, and as it is. */
function delayed({ g, memory }: Context, x: Value, count: number, dilation: number): Value[] {
  const [batch, time, inner] = x.shape as [Dim, Dim, number];
  const reach = (count - 1) * dilation;
  const wide = memory ? memory.extend(x, reach) : pad(x, [0, reach, 0], [0, 0, 0]);
  return Array.from({ length: count }, (_, i) => {
    const from = i * dilation;
    if (typeof time === "number") return slice(wide, [1], [from], [from + time]);
    const end = from === reach ? Number.MAX_SAFE_INTEGER : from - reach;
    return g.apply({
      op: "Slice",
      inputs: [wide, g.int64s([from]), g.int64s([end]), g.int64s([1]), g.int64s([1])],
      shape: [batch, time, inner],
    });
  });
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

/** Width of the network that tells gains. */
const GAIN_CHANNELS = 256;

/**
 * What short-time spectra of `size` samples say, [B, T, width] at the rate of codes: how loud a band is, a network of
 * samples has to learn at length.
 */
function heard(c: Context, config: AudioModelConfig, size: number, samples: Value): Value {
  const { real, imaginary } = spectrum(c, size, samples);
  const loudness = sub(loudnessOf(add(square(real), square(imaginary))), 0.7);
  const bins = (size / 2 + 1) * ((audioStride(config) * 4) / size);
  const width = config.encoder.at(-1) as number;
  const inner = conv(c, "enc.hears.a", regroup(c.g, loudness, bins), width, { kernel: 2 });
  return conv(c, "enc.hears.b", leakyRelu(inner), width, { kernel: 1, gain: 0.1 });
}

/** The fourth root of magnitudes: in place of a logarithm, see `weighed`. */
function loudnessOf(power: Value): Value {
  return sqrt(sqrt(sqrt(add(power, 1e-8))));
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
    if (i === strides.length - 1 && config.hears !== undefined) {
      h = add(h, heard(c, config, config.hears, mul(samples, GAIN)));
    }
    h = blocks(c, `enc.${i + 1}`, h, dilations);
  }
  return conv(c, "enc.out", leakyRelu(h), latent, { kernel: 1 });
}

interface Decoded {
  /** [B, T strides, block], or the same in longer blocks; late by `audioDelay`. */
  readonly samples: Value;
  /** Of each window and bin: the power of what was written, and its gain, [B, T, bins]. */
  readonly power?: Value;
  readonly gain?: Value;
}

/** Latents [B, T, latent] to samples. */
function decoder(c: Context, config: AudioModelConfig, latents: Value): Decoded {
  const { decoder: widths, strides, dilations, block } = config;
  let h = conv(c, "dec.in", latents, widths.at(-1) as number, { kernel: 3 });
  let slow = h;
  for (let i = strides.length; i > 0; i--) {
    h = blocks(c, `dec.${i}`, h, dilations);
    if (i === strides.length) slow = leakyRelu(h);
    const width = widths[i - 1] as number;
    const up = conv(c, `dec.${i}.up`, h, width * (strides[i - 1] as number), { kernel: 1 });
    h = regroup(c.g, up, width);
  }
  h = blocks(c, "dec.0", h, dilations);
  const seen = leakyRelu(h);
  const written = conv(c, "dec.out", seen, block, { kernel: 3, gain: 0.1 });
  const { window } = config;
  if (window === undefined) return { samples: mul(written, 1 / GAIN) };
  const { samples, ...bins } = weighed(c, window, written, seen, slow, audioStride(config));
  return { samples: mul(samples, 1 / GAIN), ...bins };
}

/**
 * Cosines, or sines, of 2 pi r s / size for r < rows and s < columns, [rows, columns]. The graph makes the table
 * from one row of `size` numbers, so that a file need not hold it.
 */
function waves(
  g: GraphBuilder,
  wave: (angle: number) => number,
  size: number,
  rows: number,
  columns: number,
): Value {
  const counts = (n: number, shape: readonly number[]) =>
    g.constant({ data: BigInt64Array.from({ length: n }, (_, i) => BigInt(i)), shape });
  const products = g.apply({
    op: "Mul",
    inputs: [counts(rows, [rows, 1]), counts(columns, [1, columns])],
    shape: [rows, columns],
    dtype: "int64",
  });
  const at = g.apply({
    op: "Mod",
    inputs: [products, g.int64s([size])],
    shape: [rows, columns],
    dtype: "int64",
  });
  const table = Float32Array.from({ length: size }, (_, i) => wave((2 * Math.PI * i) / size));
  return g.apply({
    op: "Gather",
    inputs: [g.constant({ data: table, shape: [size] }), at],
    attributes: [{ name: "axis", type: "int", value: 0 }],
    shape: [rows, columns],
  });
}

/**
 * Blocks of samples, [B, T, block], weighed in windows of `size` samples, a quarter of that apart, by a gain for
 * each bin, [B, T block / hop, hop] and three hops later. Hann windows before and after: their products
 * add up to 1.5. Gains are an eighth power in place of an exponential, and loudness is an eighth root in
 * place of a logarithm: both are made of operations that round correctly, so that pieces of any length
 * give the same numbers as the whole.
 */
function weighed(
  c: Context,
  size: number,
  samples: Value,
  seen: Value,
  slow: Value,
  stride: number,
): Required<Decoded> {
  const { g } = c;
  const hop = size / 4;
  const bins = size / 2 + 1;
  const { real, imaginary, window } = spectrum(c, size, samples);
  const power = add(square(real), square(imaginary));
  const loudness = loudnessOf(power);
  const channels = ((seen.shape[2] as number) * hop) / (samples.shape[2] as number);
  const known = concat([stopGradient(loudness), regroup(g, seen, channels)], 2);
  const perCode = stride / hop;
  const told = conv(c, "dec.gain.slow", slow, perCode * GAIN_CHANNELS, { kernel: 1, gain: 0.1 });
  let inner = add(
    conv(c, "dec.gain.in", known, GAIN_CHANNELS, { kernel: 2 }),
    regroup(g, told, GAIN_CHANNELS),
  );
  inner = leakyRelu(blocks(c, "dec.gain", inner, [1]));
  // The eighth root of a magnitude: a share of what was written, and what is to stand there in its place.
  const root = sqrt(loudness);
  const raw = conv(c, "dec.gain.out", inner, bins, { kernel: 1, gain: 0 });
  const target = conv(c, "dec.gain.target", inner, bins, { kernel: 1, gain: 0 });
  const share = add(clip(mul(raw, 4), -1, 0.5), 1);
  // From -84 to 60 dB; any codes at all give finite numbers.
  const ratio = clip(add(share, div(target, root)), 0.3, 2.4);
  const gain = square(square(square(ratio)));
  const back = (part: Value, wave: (angle: number) => number) => {
    const shares = Float32Array.from(
      { length: bins },
      (_, k) => (k % (bins - 1) === 0 ? 1 : 2) / size / 1.5,
    );
    const weighted = mul(mul(part, gain), g.constant({ data: shares, shape: [bins] }, "shares"));
    return matmul(weighted, waves(g, wave, size, bins, size));
  };
  const sounds = mul(add(back(real, Math.cos), back(imaginary, Math.sin)), window);
  let sum: Value | undefined;
  for (const [i, frame] of delayed(c, sounds, 4, 1).entries()) {
    const piece = columns(frame, (3 - i) * hop, (4 - i) * hop);
    sum = sum ? add(sum, piece) : piece;
  }
  return { samples: sum as Value, power, gain };
}

/** Hann windows of blocks of samples, a quarter of `size` apart, as spectra [B, T, size / 2 + 1]. */
function spectrum(c: Context, size: number, samples: Value) {
  const { g } = c;
  const hann = Float32Array.from(
    { length: size },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size),
  );
  const window = g.constant({ data: hann, shape: [size] }, "hann");
  const frames = mul(concat(delayed(c, regroup(g, samples, size / 4), 4, 1), 2), window);
  const real = matmul(frames, waves(g, Math.cos, size, size, size / 2 + 1));
  const imaginary = matmul(frames, waves(g, Math.sin, size, size, size / 2 + 1));
  return { real, imaginary, window };
}

/** Channels from (inclusive) to (exclusive) of x [B, T, C], whatever the first two are. */
function columns(x: Value, from: number, to: number): Value {
  const { graph: g } = x;
  const width = x.shape[2] as number;
  return g.apply({
    op: "Slice",
    inputs: [x, g.int64s([from]), g.int64s([to]), g.int64s([2])],
    shape: [...x.shape.slice(0, 2), to - from],
    gradient: ([gy]) => [
      pad(gy as Value, [0, 0, from], [0, 0, width - to]),
      undefined,
      undefined,
      undefined,
    ],
  });
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

/**
 * Windows of 2 to 128 ms at 16 kHz: those of the measure (`melDistance` of @dtok/audio), of half its overlap,
 * since pieces for training begin anywhere.
 */
const RESOLUTIONS: readonly Resolution[] = [5, 10, 20, 40, 80, 160, 320].map((bands, i) => ({
  size: 32 << i,
  hop: 16 << i,
  bands,
}));

/** Natural logarithms of mel magnitudes, above the measure's floor, [B, F, bands] of samples [B, L]. */
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
  const magnitude = sqrt(add(add(square(real), square(imaginary)), 1e-10));
  const bank = g.constant({ data: melBank(rate, size, bands), shape: [bins, bands] }, "mel");
  return log(add(matmul(magnitude, bank), 1e-5));
}

export interface AudioTrainingOptions {
  readonly batch: number;
  /** Codes per sample of the batch. */
  readonly frames: number;
  readonly seed: number;
  /** Weight of the waveform's error over its loudness beside the mel distance. Default 1. */
  readonly waveform?: number;
  /** Of the commitment loss. Default 0.02. */
  readonly beta?: number;
  /** First codebooks [levels, size, latent] of RVQ; left out: a plain autoencoder. */
  readonly codebooks?: Tensor<Float32Array>;
  /** First weights by name; those that are missing start by chance. */
  readonly initial?: Readonly<Record<string, Tensor>>;
  /**
   * "encoder": its `initial` weights and the codebooks stay as they are, and with them all tokens. "all but gains":
   * so does the decoder, but for the network of gains, whose loss is the mean absolute error of the
   * logarithms of magnitudes by bin.
   */
  readonly frozen?: "encoder" | "all but gains";
  /** Codes at the beginning of a sample whose sound does not count: what stood before them is missing. Default 0. */
  readonly warmup?: number;
}

/**
 * The training step. Inputs: "samples" [batch, frames x stride]; "noise" [batch, (frames - warmup) x stride], what
 * rounding to 16 bits adds to decoded sound; with residual codebooks "levels" [batch, levels], 1 for the
 * levels that the decoder gets of a sample (quantizer dropout).
 */
export function audioTraining(g: GraphBuilder, c: AudioModelConfig, o: AudioTrainingOptions) {
  const context: Context = {
    g,
    random: new Random(o.seed),
    ...(o.initial && { initial: o.initial }),
  };
  const frozen = o.frozen !== undefined;
  const stride = audioStride(c);
  const length = o.frames * stride;
  const samples = g.input("samples", [o.batch, length]);
  const z = encoder(
    frozen && o.initial ? { ...context, fixed: o.initial } : context,
    c,
    reshape(samples, [o.batch, length / c.block, c.block]),
  );
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
      const given = slice(taking, [2], [l], [l + 1]);
      if (frozen) {
        const word = nearest(g, left, { data: words, shape: [size, c.latent] });
        left = sub(left, word);
        const part = mul(reshape(word, z.shape as number[]), given);
        sum = sum ? add(sum, part) : part;
        continue;
      }
      const vq = vqLayer(g, `level.${l}`, left, {
        size,
        initial: () => words,
        decay: 0.98,
        resetBelow: (o.batch * o.frames) / size / 40,
      });
      const word = stopGradient(vq.quantized);
      // Every level learns from the same residuals, whether the decoder gets it in this step or not.
      left = sub(left, word);
      const part = mul(reshape(word, z.shape as number[]), given);
      sum = sum ? add(sum, part) : part;
      commitment = add(commitment, vq.commitmentLoss);
      if (l === 0 || l === levels - 1) metrics[`perplexity.${l}`] = vq.perplexity;
    }
    latents = frozen ? (sum as Value) : straightThrough(sum as Value, z);
    if (!frozen) metrics.commitment = commitment;
  }
  // Behind the end stands what decoding puts there: zeros.
  const behind = Math.ceil(audioDelay(c) / stride);
  const from = (o.warmup ?? 0) * stride;
  const late = from + audioDelay(c);
  const decoded = decoder(
    o.frozen === "all but gains"
      ? {
          ...context,
          fixed: Object.fromEntries(
            Object.entries(o.initial ?? {}).filter(([name]) => !name.startsWith("dec.gain.")),
          ),
        }
      : context,
    c,
    pad(latents, [0, 0, 0], [0, behind, 0]),
  );
  if (o.frozen === "all but gains") {
    const loss = gainLoss(context, c, decoded, samples, o.warmup ?? 0);
    return { loss, metrics: { gains: loss } };
  }
  const flat = reshape(decoded.samples, [o.batch, length + behind * stride]);
  const y = slice(flat, [1], [late], [late + length - from]);
  const x = slice(samples, [1], [from], [length]);
  const rounded = add(y, g.input("noise", [o.batch, length - from]));
  // Per sample of the batch, so that quiet ones count as much as loud ones.
  const loudness = add(reduceMean(abs(x), [1]), 1e-3);
  const waveform = reduceMean(div(reduceMean(abs(sub(y, x)), [1]), loudness));
  metrics.waveform = waveform;
  let mel: Value | undefined;
  for (const resolution of RESOLUTIONS) {
    const wanted = stopGradient(logMel(g, x, c.sampleRate, resolution));
    const error = reduceMean(abs(sub(logMel(g, rounded, c.sampleRate, resolution), wanted)));
    mel = mel ? add(mel, error) : error;
  }
  // Of decimal logarithms, summed over windows: the measure itself, up to its frames.
  mel = mul(mel as Value, 1 / Math.LN10);
  metrics.mel = mel;
  let loss = add(mul(waveform, o.waveform ?? 1), mel);
  if (decoded.gain) {
    metrics.gains = gainLoss(context, c, decoded, samples, o.warmup ?? 0);
    loss = add(loss, metrics.gains);
  }
  return { loss: add(loss, mul(commitment, o.beta ?? 0.02)), metrics };
}

/** Power that rounding to 16 bits adds to a bin of `size` samples under a Hann window. */
const roundingPower = (size: number) => ((GAIN / 32_768) ** 2 / 12) * 0.375 * size;

/** How far logarithms of magnitudes are off behind the gains: the mean over windows and bins. */
function gainLoss(
  c: Context,
  config: AudioModelConfig,
  { power, gain }: Decoded,
  samples: Value,
  warmup: number,
): Value {
  const { window, block } = config;
  if (window === undefined || !power || !gain) {
    throw new ArgumentError("gains", {
      expected: "a model with a window",
      got: "none",
      remedy: "Give its configuration one, or train all of it.",
    });
  }
  const [batch, length] = samples.shape as [number, number];
  const blocked = reshape(mul(samples, GAIN), [batch, length / block, block]);
  const { real, imaginary } = spectrum(c, window, blocked);
  const wanted = add(square(real), square(imaginary));
  const [from, to] = [(warmup * audioStride(config) * 4) / window, (length * 4) / window];
  const logs = (p: Value) =>
    mul(log(add(slice(p, [1], [from], [to]), roundingPower(window))), 0.5 / Math.LN10);
  const found = mul(power, square(gain));
  return reduceMean(abs(sub(logs(found), stopGradient(logs(wanted)))));
}

/** Of rows [N, D] the nearest of words [K, D] that stay as they are. */
function nearest(g: GraphBuilder, rows: Value, words: Tensor<Float32Array>): Value {
  const [size, dim] = words.shape as [number, number];
  const norms = Float32Array.from({ length: size }, (_, k) =>
    words.data.subarray(k * dim, (k + 1) * dim).reduce((sum, v) => sum + v * v, 0),
  );
  const table = g.constant(words, "words");
  const distances = sub(
    g.constant({ data: norms, shape: [1, size] }, "norms"),
    mul(matmul(rows, table, { transposeB: true }), 2),
  );
  return gather(table, argMin(distances, 1));
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
  /**
   * "latents" and "state" [batch, decoderState] to "samples" [batch, codes x stride], late by
   * `audioDelay`, and "next".
   */
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
  const { samples: written } = decoder({ g: down, random: new Random(0), memory: says }, c, z);
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
