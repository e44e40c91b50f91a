import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * A sequence on one axis whose length only the end token tells: speech units, motion, actions, and
 * 1-D image tokens of which any prefix decodes (TiTok, arXiv:2406.07550; FlexTok, One-D-Piece,
 * HiMTok). Where all have the same length, let the vocabulary say it: extent [32].
 *
 *     positions a b c, one codebook:   a b c
 *     with two:                        a0 a1 b0 b1 c0 c1
 */
export const sequence: SequenceLayout = {
  spec: "sequence",
  extent: "open",
  period: 1,
  refuses: (_levels, axes) => (axes === 1 ? undefined : "one axis"),
  order: (shape, levels) => identity(positionsOf(shape) * levels),
};
