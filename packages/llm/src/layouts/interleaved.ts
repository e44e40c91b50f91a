import type { SequenceLayout } from "./layout.js";

/**
 * All codebooks of a position, then the next position in raster order; with one codebook the raster
 * order of most image models (DALL-E, Chameleon, Emu3 without its row tokens).
 *
 *     positions a b c, codebooks 0 1:   a0 a1 b0 b1 c0 c1
 */
export const interleaved: SequenceLayout = {
  name: "interleaved",
  order: (shape, levels) =>
    Int32Array.from({ length: shape.reduce((a, b) => a * b, levels) }, (_, i) => i),
};
