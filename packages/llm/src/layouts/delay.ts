import { PAD_PLACE } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Codebook q is q steps late, so that a step's codes depend on coarser codes of the same position
 * that came in earlier steps (MusicGen, arXiv:2306.05284, section 2.2). Written here as one
 * sequence, the codebooks of a step side by side; gaps hold the padding token. Length (N + Q - 1) Q.
 *
 *     positions a b c, codebooks 0 1:   step 0: a0 PAD   step 1: b0 a1   step 2: c0 b1   step 3: PAD c1
 */
export const delay: SequenceLayout = {
  name: "delay",
  order(shape, levels) {
    const positions = shape.reduce((a, b) => a * b, 1);
    if (positions === 0) return new Int32Array(0);
    const steps = positions + levels - 1;
    const order = new Int32Array(steps * levels);
    for (let s = 0, i = 0; s < steps; s++) {
      for (let q = 0; q < levels; q++) {
        const n = s - q;
        order[i++] = n >= 0 && n < positions ? n * levels + q : PAD_PLACE;
      }
    }
    return order;
  },
};
