import { createTokenGrid, deduplicate, expand, MismatchError } from "@dtok/core";
import type { RunLengthUnits, TokenGrid } from "@dtok/core";

/** Units of one sound without repetition, and what is needed to get the sound back. */
export interface SoundUnits extends RunLengthUnits {
  readonly side: TokenGrid["side"];
  readonly codebookSizes: readonly number[];
  readonly tokenizer?: string;
}

/**
 * Merges runs of one unit, as speech language models read them (arXiv 2102.01192); `fromUnits` is the
 * exact inverse.
 *
 * @param grid of one codebook and one channel, such as units-50hz makes
 * @param maxDuration frames; longer runs are split
 */
export function toUnits(
  grid: TokenGrid,
  { maxDuration }: { readonly maxDuration?: number } = {},
): SoundUnits {
  const { codes, codebookSizes, shape, side, tokenizer } = grid;
  if (codebookSizes.length !== 1 || shape.length !== 1) {
    throw new MismatchError("token grid", {
      expected: "one codebook and one channel, [t]",
      got: `${codebookSizes.length} codebooks, shape [${shape.join(", ")}]`,
      remedy: 'Encode by a tokenizer of units, without channels: "keep".',
    });
  }
  const runs = deduplicate(codes.data, maxDuration === undefined ? {} : { maxDuration });
  return { ...runs, side, codebookSizes, ...(tokenizer !== undefined && { tokenizer }) };
}

/** The grid that `toUnits` was given. */
export function fromUnits(units: SoundUnits): TokenGrid {
  const data = expand(units);
  const { side, codebookSizes, tokenizer } = units;
  return createTokenGrid({
    codes: { data, shape: [data.length, 1] },
    shape: [data.length],
    codebookSizes,
    side,
    ...(tokenizer !== undefined && { tokenizer }),
  });
}
