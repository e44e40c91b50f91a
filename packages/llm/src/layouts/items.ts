import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Items of a catalogue by their semantic IDs, one after another: a user's history, or the items that
 * a recommender writes (TIGER, arXiv:2305.05065; LC-Rec, LETTER). The end token ends the list; a
 * mask with the catalogue's trie lets a model write IDs of items only.
 *
 *     items a b, IDs of 3 codes:   a0 a1 a2 b0 b1 b2
 */
export const items: SequenceLayout = {
  spec: "items",
  extent: "open",
  period: 1,
  refuses: (_levels, axes) => (axes === 1 ? undefined : "one axis, that of the list"),
  order: (shape, levels) => identity(positionsOf(shape) * levels),
};
