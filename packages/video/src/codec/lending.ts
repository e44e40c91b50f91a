import { AXIS_X, AXIS_Y, MOTION_CODES, STILL_CODE } from "./motion.js";

/**
 * Which blocks of a group lend their codes: one whose prediction will do, to one whose own codes leave
 * much. Every block has as many codes, and yet what moves gets more of them than what stands still.
 *
 * A lender's first code says its motion, a short one; its second who gets the others, as a displacement
 * of at most REACH blocks: (dy + REACH) (2 REACH + 1) + dx + REACH. Those are shapes, added to all else
 * that the borrower's codes say.
 */
export const REACH = 61;

/** Places on an axis, from the middle, of motions that a lender may have. */
const SHORT = 8;
const SIDE = 2 * SHORT + 1;

/** Motions of lenders. */
export const LENDER_CODES = SIDE * SIDE;

const [MIDDLE_X, MIDDLE_Y] = [AXIS_X.length >> 1, AXIS_Y.length >> 1];

/** A motion as lenders count them, -1 where it is too long for one. */
export function lenderMotion(motion: number): number {
  const x = (motion % AXIS_X.length) - MIDDLE_X;
  const y = Math.floor(motion / AXIS_X.length) - MIDDLE_Y;
  if (Math.abs(x) > SHORT || Math.abs(y) > SHORT) return -1;
  return (y + SHORT) * SIDE + x + SHORT;
}

/** The inverse; no motion for what is none. */
export function motionOfLender(code: number): number {
  if (!(code >= 0 && code < LENDER_CODES)) return STILL_CODE;
  const x = (code % SIDE) - SHORT + MIDDLE_X;
  const y = Math.floor(code / SIDE) - SHORT + MIDDLE_Y;
  const motion = y * AXIS_X.length + x;
  return motion < MOTION_CODES ? motion : STILL_CODE;
}

/** The code that names block `to` seen from block `from`, -1 where it is too far. */
export function addressOf(from: number, to: number, columns: number): number {
  const dy = Math.floor(to / columns) - Math.floor(from / columns);
  const dx = (to % columns) - (from % columns);
  if (Math.abs(dy) > REACH || Math.abs(dx) > REACH) return -1;
  return (dy + REACH) * (2 * REACH + 1) + dx + REACH;
}

/** The inverse: a block, -1 where the code names none. */
export function blockAt(from: number, code: number, rows: number, columns: number): number {
  const row = Math.floor(from / columns) + Math.floor(code / (2 * REACH + 1)) - REACH;
  const column = (from % columns) + (code % (2 * REACH + 1)) - REACH;
  const inside =
    code < (2 * REACH + 1) ** 2 && row >= 0 && row < rows && column >= 0 && column < columns;
  return inside ? row * columns + column : -1;
}

/** What a lender's loss is weighed with: a block that is refined now needs less later. */
const THRIFT = 1.3;

/** Ways from a block to those within REACH, the shortest first: pairs (dy, dx). */
const NEAREST: readonly (readonly [dy: number, dx: number])[] = Array.from(
  { length: (2 * REACH + 1) ** 2 },
  (_, i): [number, number] => [
    Math.floor(i / (2 * REACH + 1)) - REACH,
    (i % (2 * REACH + 1)) - REACH,
  ],
).toSorted(([ay, ax], [by, bx]) => ay * ay + ax * ax - (by * by + bx * bx));

/**
 * The borrower of each block, -1 of those that lend nothing. Who lends and who borrows how often is settled by
 * gains and losses; who to whom makes no difference to what comes out, and is settled by distance, so that
 * a difference in one place (another machine's rounding) changes few codes elsewhere.
 *
 * @param losses of each block without its own codes, squared error; Infinity where it cannot lend
 * @param gains of each block by a first, second, … loan [blocks, loans]
 */
export function lend(
  losses: ArrayLike<number>,
  gains: Float64Array,
  columns: number,
): Int32Array<ArrayBuffer> {
  const blocks = losses.length;
  const loans = gains.length / blocks;
  const lenders = Array.from({ length: blocks }, (_, i) => i)
    .filter((i) => Number.isFinite(losses[i]))
    .toSorted((a, b) => (losses[a] as number) - (losses[b] as number));
  const wishes = Array.from({ length: gains.length }, (_, i) => i).toSorted(
    (a, b) => (gains[b] as number) - (gains[a] as number),
  );
  const lends = new Uint8Array(blocks);
  const borrows = new Uint8Array(blocks);
  let next = 0;
  for (const wish of wishes) {
    const to = Math.floor(wish / loans);
    // Loans come in order; a lender borrows nothing.
    if (lends[to] === 1 || borrows[to] !== wish % loans) continue;
    while (next < lenders.length && (borrows[lenders[next] as number] as number) > 0) next++;
    const from = lenders[next];
    if (from === undefined) break;
    if ((gains[wish] as number) <= THRIFT * (losses[from] as number)) break;
    if (from === to) continue;
    lends[from] = 1;
    borrows[to] = (borrows[to] as number) + 1;
    next++;
  }
  return pair(lends, borrows, columns);
}

/** The nearest pairs first; of what is out of reach nothing comes. `lends` and `borrows` are used up. */
function pair(lends: Uint8Array, borrows: Uint8Array, columns: number): Int32Array<ArrayBuffer> {
  const blocks = lends.length;
  const rows = blocks / columns;
  const borrowers = new Int32Array(blocks).fill(-1);
  let asking = Array.from({ length: blocks }, (_, i) => i).filter((i) => borrows[i] !== 0);
  for (const [dy, dx] of NEAREST) {
    if (asking.length === 0) break;
    if (Math.abs(dy) >= rows || Math.abs(dx) >= columns) continue;
    let served = false;
    for (const to of asking) {
      const [y, x] = [Math.floor(to / columns) + dy, (to % columns) + dx];
      if (y < 0 || y >= rows || x < 0 || x >= columns) continue;
      const from = y * columns + x;
      if (lends[from] === 0) continue;
      lends[from] = 0;
      borrowers[from] = to;
      borrows[to] = (borrows[to] as number) - 1;
      served ||= borrows[to] === 0;
    }
    if (served) asking = asking.filter((i) => borrows[i] !== 0);
  }
  return borrowers;
}
