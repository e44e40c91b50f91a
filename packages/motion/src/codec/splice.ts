import { ArgumentError, MismatchError, checkTokenGrid, createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";

/** Frames per code and frames per second of the features, see `MotionCodec`. */
const SECONDS_PER_CODE = 0.2;

/** A part of a motion's tokens. */
export interface Cut {
  readonly grid: TokenGrid;
  /** Seconds, inclusive; rounded to codes of 0.2 s. Default: the beginning. */
  readonly from?: number;
  /** Seconds, exclusive. Default: the end. */
  readonly to?: number;
}

/**
 * Cuts tokens of motions and joins them to one. Ways and turns are relative, so each part goes on where
 * the one before it stands, facing as it faces; the decoder's memory smooths the seam. Body, size and
 * rate are those of the first part.
 *
 * @throws MismatchError where the parts are of different tokenizers or bodies
 */
export function spliceGrids(cuts: readonly Cut[]): TokenGrid {
  const first = cuts[0]?.grid;
  if (!first) {
    throw new ArgumentError("parts", {
      expected: "at least one grid of tokens",
      got: "none",
      remedy: "Name the token files to join.",
    });
  }
  const width = first.codes.shape[1];
  const parts = cuts.map(({ grid, from = 0, to }, i) => {
    checkTokenGrid(grid);
    if (grid.tokenizer !== first.tokenizer || grid.side.body !== first.side.body) {
      throw new MismatchError(`part ${i + 1}`, {
        expected: `tokens of ${first.tokenizer} of a ${String(first.side.body)}`,
        got: `${grid.tokenizer} of a ${String(grid.side.body)}`,
        remedy: "Encode all parts by the same tokenizer.",
      });
    }
    const total = grid.codes.shape[0];
    const start = Math.round(from / SECONDS_PER_CODE);
    const end = to === undefined ? total : Math.round(to / SECONDS_PER_CODE);
    if (!(start >= 0 && start < end && end <= total)) {
      throw new ArgumentError(`part ${i + 1}`, {
        expected: `0 <= from < to <= ${(total * SECONDS_PER_CODE).toFixed(1)} seconds, at least 0.2 apart`,
        got: `${from} to ${to ?? "the end"}`,
        remedy: "Choose a span within the motion.",
      });
    }
    return grid.codes.data.slice(start * width, end * width);
  });
  const data = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  const count = data.length / width;
  const fps = first.side.fps as number;
  // The most frames that so many codes stand for: the last lies at (4 count - 1) / 20 seconds.
  const frames = Math.floor(((count * 4 - 1) * fps) / 20 + 1e-6) + 1;
  return createTokenGrid({
    codes: { data, shape: [count, width] },
    shape: [count],
    codebookSizes: first.codebookSizes,
    side: { ...first.side, frames },
    ...(first.tokenizer !== undefined && { tokenizer: first.tokenizer }),
  });
}
