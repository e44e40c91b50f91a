/**
 * The worker's half of a modality: files to tokens to media. A modality is one file in modalities/ that
 * exports an `engine` (and one line in the worker's list), and its page's half, a `view`.
 */
import { FsqQuantizer, bitsOf, createQuantizer, saveTokenGrid } from "@dtok/core";
import type { Quantizer, TokenGrid } from "@dtok/core";
import type { Decoded, Encoded, Field, Held, Levels, Media, Fact, RawSound } from "./protocol.js";

/** How work is going on. */
export type Report = (says: string, done: number, total: number) => void;

/** A file as it was read. `source` is the engine's own. */
export interface Source {
  readonly source: unknown;
  readonly media: Media | null;
  readonly facts: readonly Fact[];
  readonly tokenizers: readonly string[];
  readonly note?: string;
}

/** Something encoded: what the page sees of it, and what can be done with codes in its place. */
export interface Coded {
  readonly encoded: Encoded;
  /**
   * Codes [N, Q] to media. Only what depends on codes that differ from the last call's is made anew.
   *
   * @param level of the slider, null where there is none
   */
  decode(codes: Int32Array, level: number | null): Promise<Decoded>;
  /** What the code at flat index `at` holds. */
  describe(codes: Int32Array, at: number, level: number | null): Promise<Held>;
  save(codes: Int32Array): Uint8Array<ArrayBuffer>;
}

export interface Engine {
  /** @throws Error with words for people if the file is none of its kind */
  read(input: Blob | RawSound, name: string, report: Report): Promise<Source>;
  encode(source: unknown, tokenizer: string, report: Report): Promise<Coded>;
  /** Tokens of a file, without the original. */
  restore(
    grid: TokenGrid,
    metadata: Readonly<Record<string, string>>,
    report: Report,
  ): Promise<Coded>;
  /** Whether a token file is of this modality. */
  owns(grid: TokenGrid, metadata: Readonly<Record<string, string>>): boolean;
}

/** Loads each tokenizer once; a failed load may be tried again. */
export function loadOnce<T>(
  load: (name: string, report: Report) => Promise<T>,
): (name: string, report: Report) => Promise<T> {
  const loaded = new Map<string, Promise<T>>();
  return (name, report) => {
    let loading = loaded.get(name);
    if (loading === undefined) {
      loading = load(name, report);
      loaded.set(name, loading);
      loading.catch(() => loaded.delete(name));
    }
    return loading;
  };
}

/** For the `onProgress` of a package's loader. */
export const loading =
  (name: string, report: Report) =>
  ({ bytes, total }: { readonly bytes: number; readonly total: number }) =>
    report(`Loading ${name}`, bytes, total);

/** The same grid with other codes. */
export function regrid(grid: TokenGrid, codes: Int32Array): TokenGrid {
  return { ...grid, codes: { data: codes as Int32Array<ArrayBuffer>, shape: grid.codes.shape } };
}

export function saved(
  grid: TokenGrid,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return saveTokenGrid(grid, { metadata }) as Uint8Array<ArrayBuffer>;
}

export const count = (value: number): string => value.toLocaleString("en");

/** Tokens and bits of a grid, in words; `units` such as pixels or seconds of it. */
export function sizeFacts(grid: TokenGrid, units: number, unit: string): Fact[] {
  const { total } = bitsOf(grid);
  const rate = total / units;
  return [
    { name: "Tokens", value: `${count(grid.codes.data.length)}, each one of ${codebooksOf(grid)}` },
    {
      name: "Size",
      value: `${count(Math.ceil(total / 8))} bytes, ${rate < 10 ? rate.toPrecision(3) : rate.toFixed(0)} bits ${unit}`,
    },
  ];
}

function codebooksOf({ codebookSizes }: TokenGrid): string {
  const sizes = [...new Set(codebookSizes)];
  return sizes.length === 1 ? count(sizes[0]!) : sizes.map(count).join(" or ");
}

/** Vectors [K, D] of every code of a one-codebook quantizer. */
export function codebookVectors(quantizer: Quantizer): { data: Float32Array; dim: number } {
  const size = quantizer.codebookSizes[0]!;
  const codes = Int32Array.from({ length: size }, (_, k) => k);
  const { data } = quantizer.dequantize({ data: codes, shape: [size, 1] });
  return { data, dim: quantizer.dim };
}

/**
 * A colour for each vector [K, D]: its three strongest principal components as red, green and blue, so
 * that codes alike look alike.
 */
export function paletteOf(data: Float32Array, dim: number): Uint8Array {
  const rows = data.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < data.length; i++) mean[i % dim]! += data[i]! / rows;
  const out = new Uint8Array(rows * 3);
  const axes: Float64Array[] = [];
  const step = Math.max(1, Math.floor(rows / 2048));
  for (let c = 0; c < 3; c++) {
    let axis: Float64Array = Float64Array.from({ length: dim }, (_, d) =>
      Math.cos(1 + d * (c + 1)),
    );
    if (c < dim) {
      for (let pass = 0; pass < 12; pass++) {
        const next = new Float64Array(dim);
        for (let r = 0; r < rows; r += step) {
          let dot = 0;
          for (let d = 0; d < dim; d++) dot += (data[r * dim + d]! - mean[d]!) * axis[d]!;
          for (let d = 0; d < dim; d++) next[d]! += dot * (data[r * dim + d]! - mean[d]!);
        }
        for (const known of axes) {
          let dot = 0;
          for (let d = 0; d < dim; d++) dot += next[d]! * known[d]!;
          for (let d = 0; d < dim; d++) next[d]! -= dot * known[d]!;
        }
        const length = Math.hypot(...next) || 1;
        axis = Float64Array.from(next, (v) => v / length);
      }
      axes.push(axis);
    } else axis = axes[0]!;
    const places = new Float32Array(rows);
    for (let r = 0; r < rows; r++) {
      let dot = 0;
      for (let d = 0; d < dim; d++) dot += (data[r * dim + d]! - mean[d]!) * axis[d]!;
      places[r] = dot;
    }
    // By rank: most codes lie near the middle, and would all be grey.
    const order = Array.from(places, (_, r) => r).sort((a, b) => places[a]! - places[b]!);
    const scale = rows > 1 ? 215 / (rows - 1) : 0;
    for (const [rank, r] of order.entries()) out[3 * r + c] = 30 + rank * scale;
  }
  return out;
}

/** Hues that differ from neighbour to neighbour, for codes without an order. */
export function hues(size: number, lightness = 0.62): Uint8Array {
  const out = new Uint8Array(size * 3);
  for (let k = 0; k < size; k++) {
    const hue = (k * 137.508) % 360;
    const chroma = 0.34;
    for (let c = 0; c < 3; c++) {
      const angle = ((hue - 120 * c) * Math.PI) / 180;
      out[3 * k + c] = 255 * Math.max(0, Math.min(1, lightness + chroma * Math.cos(angle)));
    }
  }
  return out;
}

/** FSQ tokens: their digits, and what is left where only the first dimensions are kept. */
export class Digits {
  readonly levels: readonly number[];
  private readonly quantizer: Quantizer;

  constructor(spec: string) {
    this.quantizer = createQuantizer(spec);
    if (!(this.quantizer instanceof FsqQuantizer)) throw new Error(`${spec} is no FSQ.`);
    this.levels = spec
      .slice(spec.indexOf(":") + 1)
      .split(",")
      .map(Number);
  }

  of(code: number): number[] {
    let rest = code;
    return this.levels.map((level) => {
      const digit = rest % level;
      rest = Math.floor(rest / level);
      return digit;
    });
  }

  /** The code with all but its first `kept` digits in the middle. */
  coarse(code: number, kept: number): number {
    let [rest, weight, out] = [code, 1, 0];
    for (const [d, level] of this.levels.entries()) {
      const digit = rest % level;
      rest = Math.floor(rest / level);
      out += weight * (d < kept ? digit : Math.floor(level / 2));
      weight *= level;
    }
    return out;
  }

  vector(code: number): Float32Array {
    return this.quantizer.dequantize({ data: Int32Array.of(code), shape: [1, 1] }).data;
  }

  palette(): Uint8Array {
    const { data, dim } = codebookVectors(this.quantizer);
    return paletteOf(data, dim);
  }

  facts(code: number): Fact[] {
    const digits = this.of(code);
    return [
      {
        name: "FSQ levels",
        value: digits.map((digit, d) => `${digit + 1}/${this.levels[d]}`).join("  "),
      },
    ];
  }

  /** The slider: how many dimensions are decoded. */
  slider(): Levels {
    const { length } = this.levels;
    let states = 1;
    return {
      name: "Dimensions decoded",
      from: 1,
      to: length,
      says: this.levels.map((level, d) => {
        states *= level;
        const bits = Math.log2(states).toFixed(1);
        return d + 1 === length
          ? `all ${length}: ${bits} bits a token`
          : `${d + 1} of ${length}: ${bits} bits a token; the others at their middle (not trained for)`;
      }),
    };
  }
}

/** Flat indices at which two arrays differ. */
export function changes(a: Int32Array, b: Int32Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) out.push(i);
  return out;
}

export function rgbaOf(rgb: ArrayLike<number>, pixels: number): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(pixels * 4);
  for (let i = 0, j = 0; i < out.length; i += 4, j += 3) {
    out[i] = rgb[j]!;
    out[i + 1] = rgb[j + 1]!;
    out[i + 2] = rgb[j + 2]!;
    out[i + 3] = 255;
  }
  return out;
}

/** Mean absolute difference of red, green and blue; 64 of 255 is the top of the scale. */
export function pictureError(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  width: number,
  height: number,
): Field {
  const values = new Uint8ClampedArray(width * height);
  for (let i = 0, p = 0; p < values.length; i += 4, p++) {
    const sum =
      Math.abs(a[i]! - b[i]!) + Math.abs(a[i + 1]! - b[i + 1]!) + Math.abs(a[i + 2]! - b[i + 2]!);
    values[p] = (sum / 3 / 64) * 255;
  }
  return { width, height, values };
}
export const PICTURE_LEGEND = "black: none, yellow: 64 of 255 and more";

/** Decibels of RGBA pictures of one size. */
export function decibels(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 4) {
    for (let c = i; c < i + 3; c++) sum += (a[c]! - b[c]!) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (sum / ((a.length / 4) * 3)));
}

/** As told where there are no differences at all. */
export const inDecibels = (value: number): string =>
  Number.isFinite(value) ? `${value.toFixed(2)} dB` : "no difference";

/** Size that is scaled down, never up, to at most `limit` a side. */
export function fitted(width: number, height: number, limit: number): [number, number] {
  const scale = Math.min(1, limit / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}
