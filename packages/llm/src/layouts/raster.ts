import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * The last axis fastest, one codebook: how DALL-E, VQGAN transformers, LlamaGen and Chameleon read
 * an image, and VideoGPT a clip.
 *
 *     2 x 3 positions   a b c   :   a b c d e f
 *                       d e f
 */
export const raster: SequenceLayout = {
  spec: "raster",
  refuses: (levels) => (levels === 1 ? undefined : "one codebook; interleaved takes several"),
  order: (shape) => identity(positionsOf(shape)),
};
