/**
 * Motion of the blocks of a group: `block-matching.ts` finds it, `compensation.ts` shows what it predicts.
 *
 * A block's code names one vector (dx, dy): where the block of the group's last frame is found in the
 * reference; the frames between lie on the straight way there. dx is one of `AXIS_X` and dy one of
 * `AXIS_Y`: dy's place times AXIS_X.length, plus dx's place. A block that parts of it leave on ways of
 * their own has a vector for each of its quarters.
 */
export interface BlockGrid {
  /** Blocks. */
  readonly rows: number;
  readonly columns: number;
}

/** What block matching found in a group. */
export interface MotionSearch {
  /** A code per block. */
  readonly codes: Int32Array;
  /**
   * A vector for each quarter of the blocks that `wanted` names, sought among the vectors of the blocks
   * around. A code per quarter, row after row: [blocks, 4]; of other blocks their own code.
   */
  quarters(wanted: ArrayLike<number>): Int32Array;
}

/** Frames of a group that motion predicts, with the codes of quarters [blocks, 4] that do. */
export interface KnownFrames {
  readonly codes: Int32Array;
  readonly frames: readonly Uint8Array[];
}

/** Pixels of a block's side. */
export const BLOCK = 16;

/** Displacements are told in quarters of a pixel. */
export const QUARTERS = 4;

/** No motion in the middle; on both sides of it each step up to its length, in quarters of a pixel. */
function axis(steps: readonly (readonly [step: number, until: number])[]): readonly number[] {
  const out: number[] = [];
  for (const [step, until] of steps) {
    for (let v = (out.at(-1) ?? 0) + step; v <= until; v += step) out.push(v);
  }
  return [...out.map((v) => -v).toReversed(), 0, ...out];
}

/**
 * What a vector's horizontal component may be, in quarters of a pixel: every quarter up to 2 pixels, every
 * half up to 5, whole ones up to 14, every second up to 32, every fourth up to 72.
 */
export const AXIS_X = axis([
  [1, 8],
  [2, 20],
  [4, 56],
  [8, 128],
  [16, 288],
]);

/** The same of the vertical one, which is rarely as long: up to 46 pixels. */
export const AXIS_Y = axis([
  [1, 6],
  [2, 16],
  [4, 40],
  [8, 88],
  [16, 184],
]);

/** Longest components, quarters of a pixel. */
export const [LONGEST_X, LONGEST_Y] = [AXIS_X.at(-1) as number, AXIS_Y.at(-1) as number];

/** Codes that motion has: 59 x 85. */
export const MOTION_CODES = AXIS_Y.length * AXIS_X.length;

/** The code of no motion. */
export const STILL_CODE = (AXIS_Y.length >> 1) * AXIS_X.length + (AXIS_X.length >> 1);

/** Place on an axis that is nearest to each displacement from its shortest to its longest. */
function nearest(values: readonly number[]): Uint8Array {
  const longest = values.at(-1) as number;
  const out = new Uint8Array(2 * longest + 1);
  for (let v = -longest, place = 0; v <= longest; v++) {
    while (
      place + 1 < values.length &&
      Math.abs((values[place + 1] as number) - v) < Math.abs((values[place] as number) - v)
    ) {
      place++;
    }
    out[v + longest] = place;
  }
  return out;
}
export const [NEAREST_X, NEAREST_Y] = [nearest(AXIS_X), nearest(AXIS_Y)];
