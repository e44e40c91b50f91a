/*
 * Multi-scale residual quantization. Tian, Jiang, Yuan, Peng, Wang: "Visual Autoregressive Modeling:
 * Scalable Image Generation via Next-Scale Prediction", arXiv 2404.02905, algorithms 1 and 2: one codebook
 * for all scales, each of which codes what the coarser ones leave of the whole map f [H, W, d]:
 *
 *   r_k = down_k(f);   code_k = argmin |r_k - c_j|²;   f <- f - up_k(c_code_k);   f̂ = Σ_k up_k(c_code_k)
 *
 * down is area averaging, up bicubic interpolation (a = -0.75, pixel centres, borders repeated), as in
 * the paper's software. Its φ_k, small trained convolutions behind `up`, need back-propagation and are
 * the identity here.
 *
 * A latent is a whole map, D = H W d, row by row with the d channels of a cell side by side. Codes are
 * [N, Σ h_k w_k], coarse to fine, each scale row by row. Any prefix decodes; cells cut off add nothing.
 */
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { ArgumentError, ShapeError } from "../errors/index.js";
import { BaseQuantizer } from "./base.js";
import { checkInteger, checkMatrix } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { kmeans } from "./kmeans.js";
import {
  checkState,
  parseCount,
  specError,
  stateError,
  stateFloats,
  stateInteger,
  stateIntegers,
} from "./parse.js";
import { checkIterations } from "./pq.js";
import { moveWords, nearestWords } from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "ms-rvq:<K>,map=<H>x<W>,scales=<h>x<w>-<h>x<w>-… (or <n>-… for squares)";
const MAX_SIDE = 4096;
const MAX_SCALES = 64;
/** Rounds of codes and codebook in a fit; `iterations` where given. */
const ROUNDS = 8;
/** The constant of the bicubic kernel (Keys, 1981) that common image software uses. */
const CUBIC = -0.75;

/** Height and width, in cells. */
export type Scale = readonly [height: number, width: number];

/** What area averaging and bicubic interpolation do to one axis, as matrices. */
interface Resampling {
  readonly scale: Scale;
  /** First code of the scale. */
  readonly at: number;
  /** [h, H] and [w, W]. */
  readonly downRows: Float64Array;
  readonly downColumns: Float64Array;
  /** [H, h] and [W, w]. */
  readonly upRows: Float64Array;
  readonly upColumns: Float64Array;
}

/** Residual quantizer over growing resolutions: maps [N, H W d] to codes [N, Σ h_k w_k]. */
export class MultiScaleRvqQuantizer extends BaseQuantizer {
  readonly map: Scale;
  readonly scales: readonly Scale[];
  readonly #codebook: Matrix;
  readonly #steps: readonly Resampling[];

  /** @param codebook [K, d], shared by all scales; copied */
  constructor(codebook: Matrix, map: Scale, scales: readonly Scale[]) {
    const size = checkMatrix(codebook, undefined, "codebook");
    checkInteger(size, 1, 65536, "rows of the codebook");
    checkScales(map, scales);
    const spec = `ms-rvq:${size},map=${map.join("x")},scales=${scales.map(nameOf).join("-")}`;
    super({
      kind: "ms-rvq",
      spec,
      dim: map[0] * map[1] * codebook.shape[1],
      codebookSizes: Array.from(
        { length: scales.reduce((sum, [h, w]) => sum + h * w, 0) },
        () => size,
      ),
      // The words of one scale blur into the next.
      idempotent: false,
      prefixDecodable: true,
    });
    this.map = map;
    this.scales = scales;
    this.#codebook = { data: codebook.data.slice(), shape: codebook.shape };
    this.#steps = resamplings(map, scales);
  }

  /** A copy of the codebook, [K, d]. */
  get codebook(): Matrix {
    return { data: this.#codebook.data.slice(), shape: this.#codebook.shape };
  }

  /** Codes of each scale's end: `levels` of a decoding that stops behind a whole scale. */
  get scaleEnds(): readonly number[] {
    return this.#steps.map(({ scale: [h, w], at }) => at + h * w);
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const rest = new Float32Array(this.dim);
    const stride = this.codebookSizes.length;
    for (let i = 0; i < latents.shape[0]; i++) {
      rest.set(latents.data.subarray(i * this.dim, (i + 1) * this.dim));
      encodeMap(rest, this.#codebook, this.map, this.#steps, out, i * stride);
    }
  }

  protected decode(codes: Codes, levels: number, out: Float32Array): void {
    const [rows, stride] = codes.shape;
    for (let i = 0; i < rows; i++) {
      const map = out.subarray(i * this.dim, (i + 1) * this.dim);
      for (const step of this.#steps) {
        const count = Math.min(levels - step.at, step.scale[0] * step.scale[1]);
        if (count < 1) break;
        addScale(map, this.#codebook, step, codes.data, i * stride + step.at, count, 1);
      }
    }
  }

  protected stateParts() {
    const [size, channels] = this.#codebook.shape;
    return {
      config: { map: [...this.map], scales: this.scales.flat(), size, channels },
      tensors: { codebook: { data: this.#codebook.data, shape: [size, channels] } },
    };
  }
}

function nameOf([h, w]: Scale): string {
  return h === w ? String(h) : `${h}x${w}`;
}

function checkScales(map: Scale, scales: readonly Scale[]): void {
  checkInteger(map[0], 1, MAX_SIDE, "height of the map");
  checkInteger(map[1], 1, MAX_SIDE, "width of the map");
  checkInteger(scales.length, 1, MAX_SCALES, "number of scales");
  for (const [h, w] of scales) {
    checkInteger(h, 1, map[0], "height of a scale");
    checkInteger(w, 1, map[1], "width of a scale");
  }
}

function resamplings(map: Scale, scales: readonly Scale[]): Resampling[] {
  let at = 0;
  return scales.map((scale) => {
    const step: Resampling = {
      scale,
      at,
      downRows: areaMatrix(map[0], scale[0]),
      downColumns: areaMatrix(map[1], scale[1]),
      upRows: cubicMatrix(scale[0], map[0]),
      upColumns: cubicMatrix(scale[1], map[1]),
    };
    at += scale[0] * scale[1];
    return step;
  });
}

/**
 * Averages over the cells that each new cell touches, [to, from]: cell i covers
 * [floor(i from / to), ceil((i + 1) from / to)).
 */
export function areaMatrix(from: number, to: number): Float64Array {
  const out = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const first = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    for (let j = first; j < end; j++) out[i * from + j] = 1 / (end - first);
  }
  return out;
}

/** Bicubic interpolation at pixel centres, [to, from]; what lies outside repeats the border. */
export function cubicMatrix(from: number, to: number): Float64Array {
  const out = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    if (from === to) {
      out[i * from + i] = 1;
      continue;
    }
    const x = ((i + 0.5) * from) / to - 0.5;
    const base = Math.floor(x);
    for (let tap = -1; tap <= 2; tap++) {
      const j = Math.min(from - 1, Math.max(0, base + tap));
      const o = i * from + j;
      out[o] = out[o]! + cubic(Math.abs(x - base - tap));
    }
  }
  return out;
}

function cubic(t: number): number {
  if (t <= 1) return ((CUBIC + 2) * t - (CUBIC + 3)) * t * t + 1;
  if (t < 2) return ((CUBIC * t - 5 * CUBIC) * t + 8 * CUBIC) * t - 4 * CUBIC;
  return 0;
}

/** rows · map · columnsᵀ of a map [H, W, d]: [h, w, d]. */
function resample(
  map: ArrayLike<number>,
  [height, width]: Scale,
  channels: number,
  rows: Float64Array,
  columns: Float64Array,
): Float64Array {
  const [h, w] = [rows.length / height, columns.length / width];
  const half = new Float64Array(h * width * channels);
  const line = width * channels;
  for (let y = 0; y < h; y++) {
    for (let v = 0; v < height; v++) {
      const weight = rows[y * height + v]!;
      if (weight === 0) continue;
      for (let i = 0, o = y * line, m = v * line; i < line; i++, o++, m++) {
        half[o] = half[o]! + weight * map[m]!;
      }
    }
  }
  const out = new Float64Array(h * w * channels);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let u = 0; u < width; u++) {
        const weight = columns[x * width + u]!;
        if (weight === 0) continue;
        const from = y * line + u * channels;
        const to = (y * w + x) * channels;
        for (let c = 0; c < channels; c++) out[to + c] = out[to + c]! + weight * half[from + c]!;
      }
    }
  }
  return out;
}

/** Adds sign times the first `count` words of a scale, interpolated, to a map. */
function addScale(
  map: Float32Array,
  codebook: Matrix,
  { scale, upRows, upColumns }: Resampling,
  codes: Int32Array,
  at: number,
  count: number,
  sign: 1 | -1,
): void {
  const channels = codebook.shape[1];
  const words = new Float32Array(scale[0] * scale[1] * channels);
  for (let i = 0; i < count; i++) {
    const from = codes[at + i]! * channels;
    words.set(codebook.data.subarray(from, from + channels), i * channels);
  }
  const up = resample(words, scale, channels, upRows, upColumns);
  for (let i = 0; i < map.length; i++) map[i] = map[i]! + sign * up[i]!;
}

/**
 * Codes of one map, which becomes what is left of it.
 *
 * @param seen takes the vectors that the codes stand for, [Σ h_k w_k, d]
 */
function encodeMap(
  rest: Float32Array,
  codebook: Matrix,
  map: Scale,
  steps: readonly Resampling[],
  out: Int32Array,
  at: number,
  seen?: Float32Array,
): void {
  const [size, channels] = codebook.shape;
  for (const step of steps) {
    const cells = step.scale[0] * step.scale[1];
    const down = resample(rest, map, channels, step.downRows, step.downColumns);
    const small = Float32Array.from(down);
    nearestWords(small, cells, channels, codebook.data, size, out, at + step.at, 1);
    seen?.set(small, step.at * channels);
    addScale(rest, codebook, step, out, at + step.at, cells, -1);
  }
}

function parse(spec: string): { size: number; map: Scale; scales: readonly Scale[] } {
  const match = /^ms-rvq:(\d+),map=(\d+)x(\d+),scales=([\dx-]+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const count = (text: string, max: number) => parseCount(text, max, spec, GRAMMAR);
  const map: Scale = [count(match[2]!, MAX_SIDE), count(match[3]!, MAX_SIDE)];
  const scales = match[4]!.split("-").map((name): Scale => {
    const [h = "", w = h, ...more] = name.split("x");
    if (more.length > 0) throw specError(spec, GRAMMAR);
    return [count(h, map[0]), count(w, map[1])];
  });
  if (scales.length > MAX_SCALES) throw specError(spec, `${GRAMMAR}, at most ${MAX_SCALES} scales`);
  return { size: count(match[1]!, 65536), map, scales };
}

/** d of maps of `dim` numbers. */
function channelsOf(dim: number, [h, w]: Scale, spec: string): number {
  if (dim % (h * w) !== 0) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `whole maps: D a multiple of ${h} x ${w} = ${h * w}`,
      got: `D = ${dim}`,
      remedy: "One row is one map, its channels innermost.",
    });
  }
  return dim / (h * w);
}

/**
 * Fits `ms-rvq:…` to maps [N, H W d]. The start is k-means on what each scale sees while the coarser ones
 * are not yet quantized; then codes of all scales and the words, means of what they stand for, in turns
 * (`iterations`: 8 where left out). The codebook of least decoding error is kept.
 */
export async function fitMultiScaleRvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<MultiScaleRvqQuantizer> {
  const { size, map, scales } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const channels = channelsOf(dim, map, spec);
  const steps = resamplings(map, scales);
  const tokens = scales.reduce((sum, [h, w]) => sum + h * w, 0);
  const sample = await sampleVectors(vectors, {
    ...options,
    // Every map gives `tokens` vectors to a codebook of `size`.
    codewords: Math.ceil(size / tokens),
    bytesPerSample: 8 * tokens * channels + 4 * tokens,
    fixedBytes: 24 * size * channels + 64 * dim,
  });
  const n = sample.shape[0];
  const seen = new Float32Array(n * tokens * channels);
  for (let i = 0; i < n; i++) {
    const rest = sample.data.slice(i * dim, (i + 1) * dim);
    for (const { scale, at, downRows, downColumns, upRows, upColumns } of steps) {
      const small = resample(rest, map, channels, downRows, downColumns);
      seen.set(small, (i * tokens + at) * channels);
      const up = resample(small, scale, channels, upRows, upColumns);
      for (let d = 0; d < dim; d++) rest[d] = rest[d]! - up[d]!;
    }
    if (i % 64 === 63) await fitStep(options, "scales", i, n);
  }
  const { iterations, maxBytes: _spent, maxSamples: _taken, ...others } = options;
  const all: Matrix = { data: seen, shape: [n * tokens, channels] };
  const start = await kmeans(all, { ...others, maxSamples: n * tokens, clusters: size });
  let words = start.centroids.data;
  let best = words;
  let bestError = Infinity;
  const rounds = iterations ?? ROUNDS;
  const codes = new Int32Array(n * tokens);
  // The last round only takes the error of the codebook that the one before made.
  for (let round = 0; round <= rounds; round++) {
    let error = 0;
    const codebook: Matrix = { data: words, shape: [size, channels] };
    for (let i = 0; i < n; i++) {
      if (i % 64 === 0) {
        const known = bestError === Infinity ? undefined : bestError;
        await fitStep(options, `round ${round + 1}/${rounds + 1}`, i, n, known);
      }
      const rest = sample.data.slice(i * dim, (i + 1) * dim);
      const own = seen.subarray(i * tokens * channels, (i + 1) * tokens * channels);
      encodeMap(rest, codebook, map, steps, codes, i * tokens, own);
      for (let d = 0; d < dim; d++) error += rest[d]! * rest[d]!;
    }
    error /= n;
    if (error < bestError) {
      best = words;
      bestError = error;
    }
    words = words.slice();
    moveWords(seen, n * tokens, channels, words, size, codes, 1, 0);
  }
  return new MultiScaleRvqQuantizer({ data: best, shape: [size, channels] }, map, scales);
}

export const multiScaleRvqFamily: QuantizerFamily = {
  kind: "ms-rvq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("ms-rvq:"),
  fit: fitMultiScaleRvq,
  /** Codebook [K, d]. */
  fromCodebook(spec, { data, shape }: Tensor<Float32Array>): MultiScaleRvqQuantizer {
    const { size, map, scales } = parse(spec);
    if (!(data instanceof Float32Array) || shape.length !== 2 || shape[0] !== size) {
      throw new ShapeError(`codebook of ${spec}`, {
        expected: `float32 [${size}, channels]`,
        got: `[${shape?.join(", ")}]`,
        remedy: "Let K of the spec be the number of rows.",
      });
    }
    return new MultiScaleRvqQuantizer({ data, shape: [shape[0]!, shape[1]!] }, map, scales);
  },
  fromState(state: QuantizerState): MultiScaleRvqQuantizer {
    checkState(state, "ms-rvq");
    const map = stateIntegers(state, "map", 1, MAX_SIDE);
    const flat = stateIntegers(state, "scales", 1, MAX_SIDE);
    const size = stateInteger(state, "size", 1, 65536);
    const channels = stateInteger(state, "channels", 1, 2 ** 24);
    const scales = Array.from({ length: flat.length / 2 }, (_, k): Scale => [
      flat[2 * k]!,
      flat[2 * k + 1]!,
    ]);
    const fits =
      map.length === 2 &&
      flat.length % 2 === 0 &&
      scales.length <= MAX_SCALES &&
      scales.every(([h, w]) => h <= map[0]! && w <= map[1]!);
    if (!fits) throw stateError(state, "a map and scales that fit into it", flat);
    const { data } = stateFloats(state, "codebook", [size, channels]);
    return new MultiScaleRvqQuantizer(
      { data, shape: [size, channels] },
      [map[0]!, map[1]!],
      scales,
    );
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-multi-scale-residual-vq",
    name: "Multi-scale residual VQ (next scale, VAR)",
    kind: "ms-rvq",
    family: "RVQ",
    file: "quantizers/multi-scale-rvq.ts",
    use: "ms-rvq:4096,map=16x16,scales=1-2-4-8-16",
    source: "arXiv 2404.02905, algorithms 1 and 2",
  },
];
