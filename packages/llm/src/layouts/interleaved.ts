import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * All codebooks of a position, then the next position in raster order. As each codebook has ids of
 * its own, these are AudioLM's flattened levels with offsets (arXiv:2209.03143, section 3.2: code +
 * q K); MusicGen calls it the flattening pattern (arXiv:2306.05284, section 2.2), and SpeechTokenizer's
 * and RQ-Transformer's depth order is the same.
 *
 *     positions a b c, codebooks 0 1:   a0 a1 b0 b1 c0 c1
 */
export const interleaved: SequenceLayout = {
  spec: "interleaved",
  period: 1,
  order: (shape, levels) => identity(positionsOf(shape) * levels),
};
