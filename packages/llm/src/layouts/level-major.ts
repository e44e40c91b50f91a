import type { SequenceLayout } from "./layout.js";

/**
 * All positions of codebook 0, then all of codebook 1, …: coarse first. AudioLM writes coarse before
 * fine stages so; a model that stops early has a whole coarse grid.
 *
 *     positions a b c, codebooks 0 1:   a0 b0 c0 a1 b1 c1
 */
export const levelMajor: SequenceLayout = {
  name: "level-major",
  order(shape, levels) {
    const positions = shape.reduce((a, b) => a * b, 1);
    const order = new Int32Array(positions * levels);
    for (let q = 0, i = 0; q < levels; q++) {
      for (let n = 0; n < positions; n++) order[i++] = n * levels + q;
    }
    return order;
  },
};
