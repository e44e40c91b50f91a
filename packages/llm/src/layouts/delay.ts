import { PAD_PLACE, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Codebook q is late by some steps, so that a step's codes depend on coarser codes of the same
 * position that came in earlier steps (MusicGen, arXiv:2306.05284, section 2.2; Parler-TTS). Written
 * here as one sequence, the codebooks of a step side by side; gaps hold the padding token. Length
 * (N + largest delay) Q.
 *
 *     positions a b c, codebooks 0 1:   step 0: a0 PAD   step 1: b0 a1   step 2: c0 b1   step 3: PAD c1
 *
 * "delay" makes codebook q late by q; "delay:0,0,1,1" says each codebook's delay, here that of
 * MusicGen's stereo models with two codebooks a side.
 */
export function delay(delays?: readonly number[]): SequenceLayout {
  return {
    spec: delays === undefined ? "delay" : `delay:${delays.join(",")}`,
    refuses: (levels) =>
      delays === undefined || delays.length === levels
        ? undefined
        : `${delays.length} codebooks, one for each delay`,
    order: (shape, levels) =>
      delayedOrder(positionsOf(shape), delays ?? Array.from({ length: levels }, (_, q) => q)),
  };
}

/** Step by step, codebook q of position step - delays[q]. */
export function delayedOrder(positions: number, delays: readonly number[]): Int32Array {
  if (positions === 0) return new Int32Array(0);
  const levels = delays.length;
  const steps = positions + Math.max(...delays);
  const order = new Int32Array(steps * levels);
  for (let s = 0, i = 0; s < steps; s++) {
    for (let q = 0; q < levels; q++) {
      const n = s - delays[q]!;
      order[i++] = n >= 0 && n < positions ? n * levels + q : PAD_PLACE;
    }
  }
  return order;
}
