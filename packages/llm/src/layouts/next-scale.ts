import { ROW_PLACE } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * A pyramid of token maps, the smallest first: VAR writes 1 x 1, 2 x 2, 3 x 3, … 16 x 16 codes of one
 * codebook, 680 in all (arXiv:2404.02905, section 3.2); TokenFlow and SPAE write pyramids too. The
 * tokenizer's grid is one axis, scale after scale, each scale in raster order; here a row token stands
 * behind each scale. All spans have the same extent, so that none is written.
 *
 *     "next-scale:1,2", positions a, b c / d e:   a ROW b c d e ROW
 *
 * @param sides side of each scale, in positions
 */
export function nextScale(sides: readonly number[]): SequenceLayout {
  const ends: number[] = [];
  for (const side of sides) ends.push((ends.at(-1) ?? 0) + side * side);
  const total = ends.at(-1) ?? 0;
  return {
    spec: `next-scale:${sides.join(",")}`,
    extent: [total],
    refuses: (_levels, axes) => (axes === 1 ? undefined : `one axis of ${total} positions`),
    order(_shape, levels) {
      const order = new Int32Array(total * levels + sides.length);
      let i = 0;
      let cell = 0;
      for (const end of ends) {
        for (; cell < end * levels; cell++) order[i++] = cell;
        order[i++] = ROW_PLACE;
      }
      return order;
    },
    // Half a scale refines nothing.
    decodable: (steps) => ends.findLast((end) => end <= steps) ?? 0,
  };
}
