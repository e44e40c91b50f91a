/** A place of the sequence that holds the modality's padding token. */
export const PAD_PLACE = -1;
/** A place of the sequence that holds the modality's row token. */
export const ROW_PLACE = -2;

/**
 * One way to write a grid as a sequence. What is at each place depends on the grid's extent alone,
 * so that packing, unpacking and masks all read the same table.
 */
export interface SequenceLayout {
  /** As vocabularies name it, with its parameters: "delay", "coarse-to-fine:4,8". */
  readonly spec: string;
  /** Where a span's extent is told, if the vocabulary does not say: default "written". */
  readonly extent?: SpanExtent;
  /**
   * Positions after which a span without extent may end: `order([period], Q)` repeats. Absent where
   * a place cannot be told without the extent.
   */
  readonly period?: number;
  /** Why a modality cannot be written so; undefined where it can. */
  refuses?(levels: number, axes: number): string | undefined;
  /**
   * What each place of the sequence holds: n * Q + q for codebook q of position n (each exactly
   * once), `PAD_PLACE` or `ROW_PLACE`.
   *
   * @param shape extent of the grid, [t], [h, w] or [t, h, w]
   * @param levels Q
   */
  order(shape: readonly number[], levels: number): Int32Array;
  /**
   * Of the first `steps` steps of the first axis, all known, how many decode. Default: all.
   */
  decodable?(steps: number): number;
  /** Codes are rewritten before they are laid out: runs of equal rows as one row and a duration. */
  readonly durations?: number;
}

/**
 * Where a span's extent is told:
 * - "written": two size tokens per axis behind the begin token.
 * - "open": nowhere; the end token ends the grid. One axis. A model need not know the length first.
 * - a list: in the vocabulary; all grids have that extent.
 */
export type SpanExtent = "written" | "open" | readonly number[];

export function positionsOf(shape: readonly number[]): number {
  let product = 1;
  for (const extent of shape) product *= extent;
  return product;
}

/** 0, 1, … length - 1. */
export function identity(length: number): Int32Array {
  const order = new Int32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return order;
}
