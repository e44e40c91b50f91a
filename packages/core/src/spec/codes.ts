/**
 * Discrete codes of N positions over Q codebooks, shape [N, Q], row-major:
 * `data[n * Q + q]` indexes codebook q and lies in [0, codebookSizes[q]).
 */
export interface Codes {
  readonly data: Int32Array;
  readonly shape: readonly [positions: number, codebooks: number];
}

/** A scalar, or a short list of scalars, that undoes preprocessing (sizes, gain, length, orientation). */
export type SideValue = number | readonly number[] | string | boolean;

/**
 * What a tokenizer emits: codes, and how their N positions lie in space and time.
 * `shape` is [t], [h, w] or [t, h, w]; its product is N; positions are in raster order (last axis
 * fastest). `side` counts in the bit rate.
 */
export interface TokenGrid {
  readonly codes: Codes;
  readonly shape: readonly number[];
  /** Entries of each codebook, length Q. */
  readonly codebookSizes: readonly number[];
  readonly side: Readonly<Record<string, SideValue>>;
  /** Id of the tokenizer that made it ("image/…"); a tokenizer refuses another's grid. */
  readonly tokenizer?: string;
}
