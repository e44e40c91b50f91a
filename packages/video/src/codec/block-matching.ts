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
import type { BlockGrid, MotionSearch } from "./motion.js";
import { matchOverlapped } from "./overlapped.js";
import { COARSE, planesOf } from "./planes.js";
import type { Plane, SearchPlanes } from "./planes.js";

/** From a place that is nearest to a displacement to the next one outward. */
function gap(values: readonly number[], places: Uint8Array, v: number): number {
  const place = places[Math.abs(v) + (values.at(-1) as number)] as number;
  const next = Math.min(place + 1, values.length - 1);
  return (values[next] as number) - (values[next - 1] as number);
}

/** Longest vector, at a quarter of the size, of which every one is tried. */
const DENSE = 4;
/** Candidates of the coarse search that are looked at in full. */
export const KEPT = 3;
/** What a quarter of a pixel of difference from the block before costs, in sums of absolute differences. */
const SMOOTH = 0.5;

/** Vectors that the search found for blocks, quarters of a pixel, and what it looked at. */
interface Search extends SearchPlanes {
  /** How far on the way the frames are. */
  readonly shares: readonly number[];
  /** Per block (dx, dy). */
  readonly found: Int16Array;
  /** Per block the best KEPT of the coarse search. */
  readonly coarse: Int16Array;
}

/**
 * Block matching: for each block the vector under which the reference differs least from the group's
 * frames (sum of absolute differences of luma over the block and a quarter of a block
 * around it). Vectors of all lengths are tried at a quarter of the size, the best of them, no motion and
 * the vectors of the blocks before at full size, and around the best of those ever finer ones. Vectors unlike the
 * block's before cost a little, so that flat blocks go with the rest. In the end each is judged together
 * with its neighbours (`matchOverlapped`).
 *
 * In plain TypeScript: what `motion-wasm.ts` is compared with, and what runs where there is no SIMD.
 */
export class BlockMatching implements MotionSearch {
  readonly codes: Int32Array;
  private readonly search: Search;

  /** `reference` and `frames` are RGB of rows x 16 by columns x 16 pixels. */
  constructor(
    reference: Uint8Array,
    frames: readonly Uint8Array[],
    private readonly grid: BlockGrid,
  ) {
    const { rows, columns } = grid;
    this.search = {
      ...planesOf(reference, frames, grid),
      shares: frames.map((_, i) => (i + 1) / frames.length),
      found: new Int16Array(rows * columns * 2),
      coarse: new Int16Array(rows * columns * KEPT * 2),
    };
    for (let at = 0; at < rows * columns; at++) {
      const [r, c] = [Math.floor(at / columns), at % columns];
      this.lookClosely(r, c, this.lookCoarsely(r, c));
    }
    const { found, coarse } = this.search;
    matchOverlapped(this.search, grid, found, coarse);
    this.codes = Int32Array.from({ length: rows * columns }, (_, at) => {
      const px = NEAREST_X[(found[2 * at] as number) + LONGEST_X] as number;
      const py = NEAREST_Y[(found[2 * at + 1] as number) + LONGEST_Y] as number;
      return py * AXIS_X.length + px;
    });
  }

  /** The best of whole displacements at a quarter of the size, into `coarse`; their costs, in order. */
  private lookCoarsely(r: number, c: number): Float64Array {
    const { rows, columns } = this.grid;
    const { small, smallTargets, chosen, shares } = this.search;
    const at = r * columns + c;
    const coarse = this.search.coarse.subarray(at * KEPT * 2, (at + 1) * KEPT * 2);
    const [reachX, reachY] = [LONGEST_X, LONGEST_Y].map((v) =>
      Math.floor(v / QUARTERS / COARSE),
    ) as [number, number];
    const window = around(r, c, rows, columns, BLOCK / COARSE);
    const wide = (columns * BLOCK) / COARSE;
    const costs = new Float64Array(KEPT).fill(Infinity);
    const look = (x: number, y: number) => {
      const worst = costs[KEPT - 1] as number;
      let cost = (Math.abs(x) + Math.abs(y)) * 0.5;
      for (let i = 0; i < chosen.length && cost < worst; i++) {
        const share = shares[chosen[i] as number] as number;
        const target = smallTargets[i] as Uint8Array;
        const [sx, sy] = [Math.round(x * share), Math.round(y * share)];
        cost += whole(small, target, wide, window, sx, sy, worst - cost);
      }
      if (cost >= worst) return;
      // Kept in order.
      let k = KEPT - 1;
      while (k > 0 && cost < (costs[k - 1] as number)) {
        costs[k] = costs[k - 1] as number;
        coarse[2 * k] = coarse[2 * k - 2] as number;
        coarse[2 * k + 1] = coarse[2 * k - 1] as number;
        k--;
      }
      costs[k] = cost;
      coarse[2 * k] = x;
      coarse[2 * k + 1] = y;
    };
    // Short ones all, of longer ones every second, then what lies beside the best.
    for (let y = -DENSE; y <= DENSE; y++) for (let x = -DENSE; x <= DENSE; x++) look(x, y);
    const [evenX, evenY] = [reachX - (reachX % 2), reachY - (reachY % 2)];
    for (let y = -evenY; y <= evenY; y += 2) {
      for (let x = -evenX; x <= evenX; x += 2) {
        if (Math.abs(x) > DENSE || Math.abs(y) > DENSE) look(x, y);
      }
    }
    const kept = coarse.slice();
    for (let k = 0; k < KEPT; k++) {
      const [mx, my] = [kept[2 * k] as number, kept[2 * k + 1] as number];
      if (Math.abs(mx) <= DENSE && Math.abs(my) <= DENSE) continue;
      for (let y = Math.max(-reachY, my - 1); y <= Math.min(reachY, my + 1); y++) {
        for (let x = Math.max(-reachX, mx - 1); x <= Math.min(reachX, mx + 1); x++) {
          // Those of even places were looked at above.
          if (x % 2 !== 0 || y % 2 !== 0) look(x, y);
        }
      }
    }
    return costs;
  }

  /** The best vector of a block at full size, into `found`. */
  private lookClosely(r: number, c: number, costs: Float64Array): void {
    const { rows, columns } = this.grid;
    const { found, coarse } = this.search;
    const at = r * columns + c;
    const left = before(found, at, c > 0 ? 1 : 0);
    const above = before(found, at, r > 0 ? columns : 0);
    const unit = QUARTERS * COARSE;
    const candidates = [[0, 0], left, above];
    for (let k = 0; k < KEPT && costs[k] !== Infinity; k++) {
      const from = (at * KEPT + k) * 2;
      candidates.push([(coarse[from] as number) * unit, (coarse[from + 1] as number) * unit]);
    }
    const window = around(r, c, rows, columns, BLOCK);
    this.refine(window, candidates, unit / 2, [left, above], found, 2 * at);
  }

  quarters(wanted: ArrayLike<number>): Int32Array {
    const { rows, columns } = this.grid;
    const { found, coarse } = this.search;
    const codes = new Int32Array(rows * columns * 4);
    const own = new Int16Array(8);
    for (let at = 0; at < rows * columns; at++) {
      codes.fill(this.codes[at] as number, at * 4, at * 4 + 4);
      if (!wanted[at]) continue;
      const [r, c] = [Math.floor(at / columns), at % columns];
      const candidates: number[][] = [[0, 0]];
      for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++) {
        for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++) {
          candidates.push(before(found, y * columns + x, 0, true));
        }
      }
      for (let k = 0; k < KEPT; k++) {
        const from = (at * KEPT + k) * 2;
        const unit = QUARTERS * COARSE;
        candidates.push([(coarse[from] as number) * unit, (coarse[from + 1] as number) * unit]);
      }
      const block = before(found, at, 0, true);
      for (let q = 0; q < 4; q++) {
        const window = around(2 * r + (q >> 1), 2 * c + (q & 1), 2 * rows, 2 * columns, BLOCK / 2);
        codes[at * 4 + q] = this.refine(window, candidates, 16, [block], own, 2 * q);
        candidates.push([own[2 * q] as number, own[2 * q + 1] as number]);
      }
    }
    return codes;
  }

  /** The best of candidates and of ever finer steps around it, written at `to`; its code. */
  private refine(
    window: Window,
    candidates: readonly (readonly number[])[],
    from: number,
    likes: readonly (readonly number[])[],
    into: Int16Array,
    to: number,
  ): number {
    const { fine, targets, shares } = this.search;
    const width = this.grid.columns * BLOCK;
    let best = Infinity;
    let [bx, by] = [0, 0];
    const attempt = (x: number, y: number) => {
      if (Math.abs(x) > LONGEST_X || Math.abs(y) > LONGEST_Y) return;
      let apart = Infinity;
      for (const like of likes) {
        apart = Math.min(
          apart,
          Math.abs(x - (like[0] as number)) + Math.abs(y - (like[1] as number)),
        );
      }
      let cost = Math.min(apart, 16) * SMOOTH;
      for (let i = 0; i < shares.length && cost < best; i++) {
        const [share, target] = [shares[i] as number, targets[i] as Uint8Array];
        cost += between(fine, target, width, window, x * share, y * share, best - cost);
      }
      if (cost < best) [best, bx, by] = [cost, x, y];
    };
    // Neighbours often moved alike: each vector once.
    const seen = new Set<number>();
    for (const [x, y] of candidates) {
      const key = (x as number) * 4096 + (y as number);
      if (seen.has(key)) continue;
      seen.add(key);
      attempt(x as number, y as number);
    }
    for (let step = from; step >= 1; step >>= 1) {
      // Finer than the axes are at this length leads nowhere.
      if (step < gap(AXIS_X, NEAREST_X, bx) && step < gap(AXIS_Y, NEAREST_Y, by)) break;
      const [mx, my] = [bx, by];
      for (let y = -1; y <= 1; y++) {
        for (let x = -1; x <= 1; x++) if (x || y) attempt(mx + x * step, my + y * step);
      }
    }
    const px = NEAREST_X[bx + LONGEST_X] as number;
    const py = NEAREST_Y[by + LONGEST_Y] as number;
    into[to] = AXIS_X[px] as number;
    into[to + 1] = AXIS_Y[py] as number;
    return py * AXIS_X.length + px;
  }
}

/** The vector `back` blocks before one; none where that is the block itself, unless it is `asked` for. */
function before(found: Int16Array, at: number, back: number, asked = false): [number, number] {
  if (back === 0 && !asked) return [0, 0];
  return [found[2 * (at - back)] as number, found[2 * (at - back) + 1] as number];
}

interface Window {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** A block and a quarter of a block around it, within the frame. */
function around(r: number, c: number, rows: number, columns: number, size: number): Window {
  const more = size >> 2;
  return {
    x0: Math.max(0, c * size - more),
    x1: Math.min(columns * size, (c + 1) * size + more),
    y0: Math.max(0, r * size - more),
    y1: Math.min(rows * size, (r + 1) * size + more),
  };
}

/** Sum of absolute differences at a whole displacement; what exceeds the limit need not be exact. */
function whole(
  from: Plane,
  target: Uint8Array,
  width: number,
  { x0, x1, y0, y1 }: Window,
  dx: number,
  dy: number,
  limit: number,
): number {
  const { data, border } = from;
  let sum = 0;
  for (let y = y0; y < y1; y++) {
    let a = y * width + x0;
    let b = (y + dy + border) * from.width + x0 + dx + border;
    for (const end = a + x1 - x0; a < end; a++, b++) {
      const e = (target[a] as number) - (data[b] as number);
      sum += e < 0 ? -e : e;
    }
    if (sum >= limit) return sum;
  }
  return sum;
}

/** The same at a displacement in quarters of a pixel, bilinearly. Of every second pixel and row. */
function between(
  from: Plane,
  target: Uint8Array,
  width: number,
  window: Window,
  dx: number,
  dy: number,
  limit: number,
): number {
  const [ix, iy] = [Math.floor(dx / QUARTERS), Math.floor(dy / QUARTERS)];
  const [fx, fy] = [dx / QUARTERS - ix, dy / QUARTERS - iy];
  const { data, border, width: wide } = from;
  const { x0, x1, y0, y1 } = window;
  if (fx === 0 && fy === 0) {
    let sum = 0;
    for (let y = y0; y < y1; y += 2) {
      let a = y * width + x0;
      let b = (y + iy + border) * wide + x0 + ix + border;
      for (const end = a + x1 - x0; a < end; a += 2, b += 2) {
        const e = (target[a] as number) - (data[b] as number);
        sum += e < 0 ? -e : e;
      }
      if (sum >= limit) return sum;
    }
    return sum;
  }
  const w11 = Math.round(fx * fy * 64);
  const w01 = Math.round(fx * 64) - w11;
  const w10 = Math.round(fy * 64) - w11;
  const w00 = 64 - w01 - w10 - w11;
  let sum = 0;
  for (let y = y0; y < y1; y += 2) {
    let a = y * width + x0;
    let b = (y + iy + border) * wide + x0 + ix + border;
    for (const end = a + x1 - x0; a < end; a += 2, b += 2) {
      const value =
        ((data[b] as number) * w00 +
          (data[b + 1] as number) * w01 +
          (data[b + wide] as number) * w10 +
          (data[b + wide + 1] as number) * w11 +
          32) >>
        6;
      const e = (target[a] as number) - value;
      sum += e < 0 ? -e : e;
    }
    if (sum >= limit) return sum;
  }
  return sum;
}
