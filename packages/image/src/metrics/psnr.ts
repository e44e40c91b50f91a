import type { ImageSignal } from "@dtok/core";
import { pairOf } from "./planes.js";

/** Peak signal-to-noise ratio over all RGB samples, in decibels; Infinity for equal pictures. */
export function psnr(original: ImageSignal, other: ImageSignal): number {
  const { a, b } = pairOf(original, other);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}
