/*
 * Products of vectors with words, in float32 and in one order of summation whatever runs them: chunks of
 * 64 numbers from left to right, each chunk's sum added to the total.
 */
import { Layout, hasWasmKernels, instance } from "./module.js";

/** As in assembly/additive.ts. */
const CHUNK = 64;
const TILE = 256;
/** Multiplications below which WebAssembly is not worth its copies. */
const MIN_WORK = 1 << 12;
/** Bytes of panels above which words are taken in parts. */
const MAX_PANEL_BYTES = 1 << 26;

/**
 * out[i, j] = bias[j] + factor x_i·w_j of x [rows, dim] and words [total, dim], into rows of `total`
 * numbers.
 */
export function products(
  x: Float32Array,
  rows: number,
  dim: number,
  words: Float32Array,
  total: number,
  out: Float32Array,
  { bias, factor = 1 }: { readonly bias?: Float32Array; readonly factor?: number } = {},
): void {
  if (rows * total * dim < MIN_WORK || !hasWasmKernels()) {
    productsByDefinition(x, rows, dim, words, total, out, bias, factor);
    return;
  }
  const most = Math.max(8, Math.floor(MAX_PANEL_BYTES / (4 * dim)) & ~7);
  for (let from = 0; from < total; from += most) {
    const count = Math.min(most, total - from);
    const whole = (count + 7) & ~7;
    const tile = Math.min(rows, TILE);
    const layout = new Layout();
    const place = {
      x: layout.take(tile * dim * 4),
      words: layout.take(count * dim * 4),
      panels: layout.take(whole * dim * 4),
      bias: layout.take(whole * 4),
      out: layout.take(tile * whole * 4),
    };
    const own = instance(layout.at);
    const floats = new Float32Array(own.memory.buffer);
    floats.set(words.subarray(from * dim, (from + count) * dim), place.words >> 2);
    own.packPanels(place.words, count, dim, place.panels);
    const at = place.bias >> 2;
    floats.fill(0, at, at + whole);
    if (bias !== undefined) floats.set(bias.subarray(from, from + count), at);
    for (let first = 0; first < rows; first += tile) {
      const n = Math.min(tile, rows - first);
      floats.set(x.subarray(first * dim, (first + n) * dim), place.x >> 2);
      own.products(place.x, n, dim, place.panels, count, place.bias, factor, place.out);
      if (whole === total) {
        const begin = place.out >> 2;
        out.set(floats.subarray(begin, begin + n * whole), first * total);
        continue;
      }
      for (let i = 0; i < n; i++) {
        const begin = (place.out >> 2) + i * whole;
        out.set(floats.subarray(begin, begin + count), (first + i) * total + from);
      }
    }
  }
}

/** The same in TypeScript. */
export function productsByDefinition(
  x: Float32Array,
  rows: number,
  dim: number,
  words: Float32Array,
  total: number,
  out: Float32Array,
  bias: Float32Array | undefined,
  factor: number,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < total; j++) {
      let sum = 0;
      for (let first = 0; first < dim; first += CHUNK) {
        const end = Math.min(dim, first + CHUNK);
        let part = 0;
        for (let d = first, a = i * dim + first, b = j * dim + first; d < end; d++, a++, b++) {
          part = Math.fround(part + Math.fround(x[a]! * words[b]!));
        }
        sum = first === 0 ? part : Math.fround(sum + part);
      }
      out[i * total + j] = (bias === undefined ? 0 : bias[j]!) + Math.fround(factor * sum);
    }
  }
}
