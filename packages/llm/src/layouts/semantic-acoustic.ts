import { ROW_PLACE, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * What is said before how it sounds: the semantic codebooks, the first ones, of all positions, a row
 * token, then the acoustic codebooks interleaved. AudioLM's order (arXiv:2209.03143, section 3.1)
 * for tokenizers that hold both, such as SpeechTokenizer, Mimi and X-Codec. With a chunk, as speech
 * models that answer while they think write them, every so many positions, so that sound starts
 * after the first chunk and the length need not be known.
 *
 *     "semantic-acoustic:1", positions a b c, codebooks 0 1 2:   a0 b0 c0 ROW a1 a2 b1 b2 c1 c2
 *     "semantic-acoustic:1/2", positions a b c d, codebooks 0 1: a0 b0 ROW a1 b1   c0 d0 ROW c1 d1
 *
 * Semantic and acoustic tokens of two tokenizers are two spans, one behind the other.
 *
 * @param semantic codebooks that are semantic
 * @param chunk positions; default all
 */
export function semanticAcoustic(semantic: number, chunk?: number): SequenceLayout {
  return {
    spec: `semantic-acoustic:${semantic}${chunk === undefined ? "" : `/${chunk}`}`,
    ...(chunk !== undefined && { period: chunk }),
    refuses: (levels) =>
      levels > semantic ? undefined : `more than ${semantic} codebooks, the others acoustic`,
    order(shape, levels) {
      const positions = positionsOf(shape);
      const size = chunk ?? positions;
      if (positions === 0) return new Int32Array(0);
      const order = new Int32Array(positions * levels + Math.ceil(positions / size));
      let i = 0;
      for (let from = 0; from < positions; from += size) {
        const end = Math.min(positions, from + size);
        for (let n = from; n < end; n++) {
          for (let q = 0; q < semantic; q++) order[i++] = n * levels + q;
        }
        order[i++] = ROW_PLACE;
        for (let n = from; n < end; n++) {
          for (let q = semantic; q < levels; q++) order[i++] = n * levels + q;
        }
      }
      return order;
    },
  };
}
