import { ROW_PLACE, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Interleaved, with a row token after each row (the last axis), as Emu3 and Lumina-mGPT mark where
 * a line of an image ends.
 *
 *     2 x 2 positions a b / c d, one codebook:   a b ROW c d ROW
 */
export const rowSeparated: SequenceLayout = {
  spec: "row-separated",
  order(shape, levels) {
    const row = shape[shape.length - 1]! * levels;
    const total = positionsOf(shape) * levels;
    if (total === 0) return new Int32Array(0);
    const order = new Int32Array(total + total / row);
    for (let cell = 0, i = 0; cell < total;) {
      for (const end = cell + row; cell < end; cell++) order[i++] = cell;
      order[i++] = ROW_PLACE;
    }
    return order;
  },
};
