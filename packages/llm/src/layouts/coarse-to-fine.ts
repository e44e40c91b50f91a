import { positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * The codebooks in stages: the first stage's codebooks of all positions, interleaved, then the next
 * stage's. AudioLM writes 4 coarse codebooks before 8 fine ones (arXiv:2209.03143, section 3.3);
 * "coarse-to-fine:1,7" is VALL-E's first level and the rest.
 *
 *     "coarse-to-fine:1,2", positions a b, codebooks 0 1 2:   a0 b0   a1 a2 b1 b2
 *
 * @param stages codebooks of each stage
 */
export function coarseToFine(stages: readonly number[]): SequenceLayout {
  const total = stages.reduce((a, b) => a + b, 0);
  return {
    spec: `coarse-to-fine:${stages.join(",")}`,
    refuses: (levels) => (levels === total ? undefined : `${total} codebooks`),
    order(shape, levels) {
      const positions = positionsOf(shape);
      const order = new Int32Array(positions * levels);
      let i = 0;
      let from = 0;
      for (const stage of stages) {
        for (let n = 0; n < positions; n++) {
          for (let q = from; q < from + stage; q++) order[i++] = n * levels + q;
        }
        from += stage;
      }
      return order;
    },
  };
}
