import { ShapeError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { combine, filterInside, mean, pairOf, planeOf } from "./planes.js";
import type { Plane } from "./planes.js";

const SIZE = 11;
const KERNEL = gaussian(SIZE, 1.5);
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

function gaussian(size: number, sigma: number): Float64Array {
  const kernel = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((value) => value / sum);
}

/** Means of the similarity map, and of its contrast-structure part, over all whole windows. */
export function similarity(a: Plane, b: Plane): { ssim: number; contrast: number } {
  if (a.width < SIZE || a.height < SIZE) {
    throw new ShapeError("SSIM", {
      expected: `at least ${SIZE} x ${SIZE} pixels`,
      got: `${a.width} x ${a.height}`,
      remedy: "Use PSNR for pictures this small.",
    });
  }
  const blur = (plane: Plane) => filterInside(plane, KERNEL).data;
  const [ma, mb] = [blur(a), blur(b)];
  const aa = blur(combine(a, a, (x, y) => x * y));
  const bb = blur(combine(b, b, (x, y) => x * y));
  const ab = blur(combine(a, b, (x, y) => x * y));
  const full = new Float64Array(ma.length);
  const part = new Float64Array(ma.length);
  for (let i = 0; i < full.length; i++) {
    const [x, y] = [ma[i] as number, mb[i] as number];
    const spread = (aa[i] as number) - x * x + (bb[i] as number) - y * y;
    const contrast = (2 * ((ab[i] as number) - x * y) + C2) / (spread + C2);
    part[i] = contrast;
    full[i] = (contrast * (2 * x * y + C1)) / (x * x + y * y + C1);
  }
  return { ssim: mean(full), contrast: mean(part) };
}

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004): Gaussian windows of 11 x 11 with
 * sigma 1.5, mean over windows and over R, G, B. As scikit-image computes it with gaussian_weights
 * and without sample covariance.
 */
export function ssim(original: ImageSignal, other: ImageSignal): number {
  const { a, b, width, height } = pairOf(original, other);
  let sum = 0;
  for (const weights of [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const) {
    sum += similarity(planeOf(a, width, height, weights), planeOf(b, width, height, weights)).ssim;
  }
  return sum / 3;
}
