import type { ImageSignal } from "@dtok/core";
import { checkSides, LUMA, pairOf, planeOf, subsample } from "./planes.js";
import type { Plane } from "./planes.js";

/** The paper's two constants. */
const C = 30;
const ALPHA = 4.2;

/**
 * Sums over size x size windows around each pixel, zeros outside, by a summed-area table. A window of
 * even size covers (x - size/2, x + size/2], as MATLAB's convolution cut to the same size does.
 */
function haar(
  { data, width, height }: Plane,
  size: number,
): { vertical: Float64Array; horizontal: Float64Array; average: Float64Array } {
  const table = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += data[y * width + x] as number;
      table[(y + 1) * (width + 1) + x + 1] = (table[y * (width + 1) + x + 1] as number) + row;
    }
  }
  const clampX = (x: number) => Math.max(0, Math.min(width, x));
  const clampY = (y: number) => Math.max(0, Math.min(height, y));
  const box = (x0: number, y0: number, x1: number, y1: number) => {
    const [l, r] = [clampX(x0), clampX(x1)];
    const [t, b] = [clampY(y0) * (width + 1), clampY(y1) * (width + 1)];
    return (
      (table[b + r] as number) -
      (table[b + l] as number) -
      (table[t + r] as number) +
      (table[t + l] as number)
    );
  };
  const half = size / 2;
  const [vertical, horizontal, average] = [0, 1, 2].map(() => new Float64Array(data.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [l, t, r, b] = [x - half + 1, y - half + 1, x + half + 1, y + half + 1];
      const all = box(l, t, r, b);
      const upper = box(l, t, r, y + 1);
      const left = box(l, t, x + 1, b);
      const i = y * width + x;
      vertical[i] = Math.abs(all - 2 * upper) / size;
      horizontal[i] = Math.abs(all - 2 * left) / size;
      average[i] = Math.abs(all) / (size * size);
    }
  }
  return { vertical, horizontal, average };
}

const alike = (x: number, y: number) => (2 * x * y + C) / (x * x + y * y + C);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-ALPHA * x));

/**
 * Haar wavelet perceptual similarity index with colour (Reisenhofer, Bosse, Kutyniok, Wiegand 2018;
 * arXiv 1607.06140, equations 8 to 13): 1 for equal pictures, towards 0 as they differ.
 */
export function haarPsi(original: ImageSignal, other: ImageSignal): number {
  const { a, b, width, height } = pairOf(original, other);
  checkSides("HaarPSI", width, height, 2);
  const channels = [LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]] as const;
  const [ya, ia, qa] = channels.map((w) => subsample(planeOf(a, width, height, w))) as [
    Plane,
    Plane,
    Plane,
  ];
  const [yb, ib, qb] = channels.map((w) => subsample(planeOf(b, width, height, w))) as [
    Plane,
    Plane,
    Plane,
  ];
  const luma = [2, 4, 8].map((size) => [haar(ya, size), haar(yb, size)] as const);
  const chroma = [
    [haar(ia, 2).average, haar(ib, 2).average],
    [haar(qa, 2).average, haar(qb, 2).average],
  ] as const;
  let top = 0;
  let bottom = 0;
  for (let i = 0; i < ya.data.length; i++) {
    let weights = 0;
    for (const side of ["vertical", "horizontal"] as const) {
      let local = 0;
      for (const [x, y] of luma.slice(0, 2))
        local += alike(x[side][i] as number, y[side][i] as number) / 2;
      const [x, y] = luma[2] as (typeof luma)[number];
      const weight = Math.max(x[side][i] as number, y[side][i] as number);
      top += sigmoid(local) * weight;
      weights += weight;
    }
    let colour = 0;
    for (const [x, y] of chroma) colour += alike(x[i] as number, y[i] as number) / 2;
    top += (sigmoid(colour) * weights) / 2;
    bottom += 1.5 * weights;
  }
  // Pictures without any edge: nothing is lost.
  if (bottom === 0) return 1;
  const score = top / bottom;
  return (Math.log(score / (1 - score)) / ALPHA) ** 2;
}
