import { ShapeError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { checkImage, toRgb } from "../signal/image.js";

/** One channel of numbers, rows packed. */
export interface Plane {
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

/** Two pictures of one size as RGB; a typed error otherwise. */
export function pairOf(
  a: ImageSignal,
  b: ImageSignal,
): { a: Uint8Array; b: Uint8Array; width: number; height: number } {
  checkImage(a, Infinity);
  checkImage(b, Infinity);
  if (a.width !== b.width || a.height !== b.height) {
    throw new ShapeError("pictures to compare", {
      expected: `one size, ${a.width} x ${a.height}`,
      got: `${b.width} x ${b.height}`,
      remedy: "Scale or crop one of them first.",
    });
  }
  return { a: toRgb(a), b: toRgb(b), width: a.width, height: a.height };
}

/** A metric that halves or filters says below which size it has nothing to measure. */
export function checkSides(metric: string, width: number, height: number, smallest: number): void {
  if (Math.min(width, height) >= smallest) return;
  throw new ShapeError(metric, {
    expected: `at least ${smallest} pixels a side`,
    got: `${width} x ${height}`,
    remedy: "Use PSNR for pictures this small.",
  });
}

/** A weighted sum of R, G and B. */
export function planeOf(
  rgb: Uint8Array,
  width: number,
  height: number,
  weights: readonly [number, number, number],
): Plane {
  const data = new Float64Array(width * height);
  const [r, g, b] = weights;
  for (let i = 0, p = 0; p < data.length; i += 3, p++) {
    data[p] = r * (rgb[i] as number) + g * (rgb[i + 1] as number) + b * (rgb[i + 2] as number);
  }
  return { data, width, height };
}

/** BT.601 luma, in 0..255. */
export const LUMA = [0.299, 0.587, 0.114] as const;

export function combine(a: Plane, b: Plane, f: (x: number, y: number) => number): Plane {
  const data = new Float64Array(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = f(a.data[i] as number, b.data[i] as number);
  return { data, width: a.width, height: a.height };
}

/** Correlation with a symmetric separable kernel, inside only: sizes shrink by its length - 1. */
export function filterInside({ data, width, height }: Plane, kernel: Float64Array): Plane {
  const k = kernel.length;
  const [w, h] = [width - k + 1, height - k + 1];
  const rows = new Float64Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      const at = y * width + x;
      for (let i = 0; i < k; i++) sum += (kernel[i] as number) * (data[at + i] as number);
      rows[y * w + x] = sum;
    }
  }
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let i = 0; i < k; i++) {
      const weight = kernel[i] as number;
      const from = (y + i) * w;
      for (let x = 0; x < w; x++)
        out[y * w + x] = (out[y * w + x] as number) + weight * (rows[from + x] as number);
    }
  }
  return { data: out, width: w, height: h };
}

/** Means of 2 x 2 pixels, odd last rows and columns left out. */
export function halve({ data, width, height }: Plane): Plane {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = 2 * y * width + 2 * x;
      out[y * w + x] =
        ((data[at] as number) +
          (data[at + 1] as number) +
          (data[at + width] as number) +
          (data[at + width + 1] as number)) /
        4;
    }
  }
  return { data: out, width: w, height: h };
}

/**
 * Every second pixel in both directions of the plane under a 2 x 2 mean that takes in the next row and
 * column, zeros outside: how GMSD's and HaarPSI's authors halve, odd last rows and columns included.
 */
export function subsample({ data, width, height }: Plane): Plane {
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = 2 * y * width + 2 * x;
      const right = 2 * x + 1 < width;
      let sum = data[at] as number;
      if (right) sum += data[at + 1] as number;
      if (2 * y + 1 < height) {
        sum += data[at + width] as number;
        if (right) sum += data[at + width + 1] as number;
      }
      out[y * w + x] = sum / 4;
    }
  }
  return { data: out, width: w, height: h };
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
