/** A place of the sequence that holds the modality's padding token. */
export const PAD_PLACE = -1;
/** A place of the sequence that holds the modality's row token. */
export const ROW_PLACE = -2;

/**
 * One way to write a grid as a sequence. What is at each place depends on the grid's extent alone,
 * so that packing, unpacking and masks all read the same table.
 */
export interface SequenceLayout {
  readonly name: string;
  /**
   * What each place of the sequence holds: n * Q + q for codebook q of position n (each exactly
   * once), `PAD_PLACE` or `ROW_PLACE`.
   *
   * @param shape extent of the grid, [t], [h, w] or [t, h, w]
   * @param levels Q
   */
  order(shape: readonly number[], levels: number): Int32Array;
}

export function positionsOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
