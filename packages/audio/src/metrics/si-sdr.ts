import type { AudioSignal } from "@dtok/core";
import { monoPair } from "./pair.js";

/**
 * Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., arXiv 1811.02508, Eq. 3): the
 * reference, scaled to explain as much of the degraded signal as it can, against what is left. Means are
 * taken off first. Infinity for a scaled copy, -Infinity where nothing of the reference is left.
 */
export function siSdr(reference: AudioSignal, degraded: AudioSignal): number {
  const [s, y] = monoPair(reference, degraded);
  const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [ms, my] = [mean(s), mean(y)];
  let cross = 0;
  let energy = 0;
  for (let i = 0; i < s.length; i++) {
    cross += (s[i]! - ms) * (y[i]! - my);
    energy += (s[i]! - ms) ** 2;
  }
  const scale = energy > 0 ? cross / energy : 0;
  let target = 0;
  let noise = 0;
  for (let i = 0; i < s.length; i++) {
    const wanted = scale * (s[i]! - ms);
    target += wanted ** 2;
    noise += (y[i]! - my - wanted) ** 2;
  }
  if (target === 0) return -Infinity;
  return 10 * Math.log10(target / noise);
}
