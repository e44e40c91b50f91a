import { positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Flattened levels: all positions of codebook 0, then all of codebook 1, …, each with its own range
 * of ids. A model that stops early has a whole coarse grid. VALL-E predicts its levels in this order
 * (arXiv:2301.02111), HiTVideo and SPAE write coarse grids before fine ones.
 *
 *     positions a b c, codebooks 0 1:   a0 b0 c0 a1 b1 c1
 */
export const levelMajor: SequenceLayout = {
  spec: "level-major",
  order(shape, levels) {
    const positions = positionsOf(shape);
    const order = new Int32Array(positions * levels);
    for (let q = 0, i = 0; q < levels; q++) {
      for (let n = 0; n < positions; n++) order[i++] = n * levels + q;
    }
    return order;
  },
};
