import { ROW_PLACE } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Interleaved, with a row token after each row (the last axis), as Emu3 and Lumina-mGPT mark where
 * a line of an image ends.
 *
 *     2 x 2 positions a b / c d, one codebook:   a b ROW c d ROW
 */
export const rowSeparated: SequenceLayout = {
  name: "row-separated",
  order(shape, levels) {
    const row = shape[shape.length - 1]! * levels;
    const total = shape.reduce((a, b) => a * b, levels);
    if (total === 0) return new Int32Array(0);
    const order = new Int32Array(total + total / row);
    for (let cell = 0, i = 0; cell < total; cell++) {
      order[i++] = cell;
      if ((cell + 1) % row === 0) order[i++] = ROW_PLACE;
    }
    return order;
  },
};
