import type { AudioSignal } from "@dtok/core";
import { MelSpectrogram } from "../signal/mel.js";
import { monoPair } from "./pair.js";

/** Windows and bands of the published codecs' measure. */
const SCALES = [5, 10, 20, 40, 80, 160, 320].map((bands, i) => ({ bands, size: 32 << i }));
const FLOOR = 1e-5;

/**
 * Multi-resolution mel distance (Kumar et al., arXiv 2306.06546): mean absolute difference of log10
 * mel magnitudes, summed over windows of 32 to 2048 samples. 0 for equal signals; magnitudes below 1e-5
 * count as that.
 */
export function melDistance(reference: AudioSignal, degraded: AudioSignal): number {
  const [a, b] = monoPair(reference, degraded);
  if (a.length === 0) return 0;
  let total = 0;
  for (const { bands, size } of SCALES) {
    const spectrogram = new MelSpectrogram(reference.sampleRate, size, size / 4, bands);
    const x = spectrogram.of(a);
    const y = spectrogram.of(b);
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      sum += Math.abs(Math.log10(Math.max(x[i]!, FLOOR)) - Math.log10(Math.max(y[i]!, FLOOR)));
    }
    total += sum / x.length;
  }
  return total;
}
