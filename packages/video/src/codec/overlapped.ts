import { overlap } from "./compensation.js";
import {
  AXIS_X,
  AXIS_Y,
  BLOCK,
  LONGEST_X,
  LONGEST_Y,
  NEAREST_X,
  NEAREST_Y,
  QUARTERS,
} from "./motion.js";
import type { BlockGrid } from "./motion.js";
import type { SearchPlanes } from "./planes.js";

/**
 * Vectors of blocks anew, given those around: block matching sees a block alone, yet what is shown is a
 * weighted mean over neighbours (overlapped block motion compensation), so that a vector is judged by what
 * the mean leaves with it (iterated conditional modes; Orchard and Sullivan 1994,
 * doi:10.1109/83.334974). Of luma, every second pixel and row, between pixels bilinearly.
 */

/** Times that all blocks are gone through. */
export const PASSES = 2;

/** Samples of a side of the 32 x 32 pixels that a block's vector has a share in. */
export const SIDE = BLOCK;

/** Mean squared error, in 8-bit steps squared (36 dB), up to which a block's vector will do. */
export const ENOUGH = 16;

/** What is left of a sample is kept in 1/4096 (two weights in 1/64), and squared in 1/4. */
export const [UNITS, SHIFT] = [4096, 10];

/** Steps around the best of the candidates, quarters of a pixel. */
const STEPS = [4, 2, 1];

/**
 * Weights in 1/64 of a block along one axis, at each sample; at a frame's border a block has its missing
 * neighbour's, too.
 */
export function shares(first: boolean, last: boolean): Int32Array {
  const window = overlap(BLOCK);
  return Int32Array.from({ length: SIDE }, (_, i) => {
    const before = i < SIDE / 2;
    const outside = before ? first && i < SIDE / 4 : last && i >= SIDE - SIDE / 4;
    if (outside) return 0;
    if (before ? first : last) return 64;
    const falling = window[(2 * i) % BLOCK] as number;
    return before ? 64 - falling : falling;
  });
}

/** Betters `found` [blocks, 2] in place. `coarse` [blocks, n, 2] are candidates at a quarter of the size. */
export function matchOverlapped(
  { fine, targets }: SearchPlanes,
  { rows, columns }: BlockGrid,
  found: Int16Array,
  coarse: Int16Array,
): void {
  const [width, height] = [columns * BLOCK, rows * BLOCK];
  const wide = width / 2;
  const count = targets.length;
  /** Sixteenths of a pixel in the first frame. */
  const finer = QUARTERS / count;
  const kept = coarse.length / found.length;
  const across = Array.from({ length: columns }, (_, c) => shares(c === 0, c === columns - 1));
  const along = Array.from({ length: rows }, (_, r) => shares(r === 0, r === rows - 1));
  const rests = targets.map((target) =>
    Int32Array.from({ length: wide * (height / 2) }, (_, i) => {
      const y = Math.floor(i / wide);
      return (target[2 * y * width + 2 * (i % wide)] as number) * UNITS;
    }),
  );

  /** Each sample that a block has a share in, with what its vector gives it. */
  const visit = (
    at: number,
    f: number,
    [x, y]: readonly [number, number],
    each: (place: number, share: number) => void,
  ) => {
    const [r, c] = [Math.floor(at / columns), at % columns];
    const [dx, dy] = [x * (f + 1) * finer, y * (f + 1) * finer];
    const [fx, fy] = [dx & 15, dy & 15];
    const w11 = (fx * fy + 2) >> 2;
    const [w01, w10] = [4 * fx - w11, 4 * fy - w11];
    const w00 = 64 - w01 - w10 - w11;
    const { data, border } = fine;
    const [left, top] = [c * BLOCK - BLOCK / 2, r * BLOCK - BLOCK / 2];
    for (let v = 0; v < SIDE; v++) {
      for (let u = 0; u < SIDE; u++) {
        const weight =
          ((along[r] as Int32Array)[v] as number) * ((across[c] as Int32Array)[u] as number);
        if (weight === 0) continue;
        const b =
          (top + 2 * v + (dy >> 4) + border) * fine.width + left + 2 * u + (dx >> 4) + border;
        const value =
          ((data[b] as number) * w00 +
            (data[b + 1] as number) * w01 +
            (data[b + fine.width] as number) * w10 +
            (data[b + fine.width + 1] as number) * w11 +
            32) >>
          6;
        each((top / 2 + v) * wide + left / 2 + u, weight * value);
      }
    }
  };
  const take = (at: number, vector: readonly [number, number], sign: 1 | -1) => {
    for (const [f, rest] of rests.entries()) {
      visit(at, f, vector, (place, share) => {
        rest[place] = (rest[place] as number) - sign * share;
      });
    }
  };
  /** What is left with a vector of a block that has none; or, `own`, with that which it has. */
  const left = (at: number, vector: readonly [number, number], own = false) => {
    let sum = 0;
    for (const [f, rest] of rests.entries()) {
      visit(at, f, vector, (place, share) => {
        const e = ((rest[place] as number) - (own ? 0 : share)) >> SHIFT;
        sum += e * e;
      });
    }
    return sum;
  };

  const vectorOf = (at: number) => [found[2 * at] as number, found[2 * at + 1] as number] as const;
  const least = ENOUGH * (UNITS >> SHIFT) ** 2 * count * SIDE * SIDE;
  for (let at = 0; at < rows * columns; at++) take(at, vectorOf(at), 1);
  const better = (at: number) => {
    const [r, c] = [Math.floor(at / columns), at % columns];
    let best = vectorOf(at);
    let error = left(at, best, true);
    if (error < least) return;
    take(at, best, -1);
    const attempt = (x: number, y: number) => {
      if (Math.abs(x) > LONGEST_X || Math.abs(y) > LONGEST_Y) return;
      const vector = [
        AXIS_X[NEAREST_X[x + LONGEST_X] as number] as number,
        AXIS_Y[NEAREST_Y[y + LONGEST_Y] as number] as number,
      ] as const;
      const sum = left(at, vector);
      if (sum < error) [error, best] = [sum, vector];
    };
    attempt(0, 0);
    for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++) {
      for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++) {
        attempt(...vectorOf(y * columns + x));
      }
    }
    for (let k = at * kept; k < (at + 1) * kept; k++) {
      attempt((coarse[2 * k] as number) * BLOCK, (coarse[2 * k + 1] as number) * BLOCK);
    }
    for (const step of STEPS) {
      const [mx, my] = best;
      for (let y = -1; y <= 1; y++) {
        for (let x = -1; x <= 1; x++) if (x || y) attempt(mx + x * step, my + y * step);
      }
    }
    take(at, best, 1);
    found.set(best, 2 * at);
  };
  for (let pass = 0; pass < PASSES; pass++) {
    for (let at = 0; at < rows * columns; at++) better(at);
  }
}
