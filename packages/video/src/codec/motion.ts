import { ArgumentError } from "@dtok/core";

/**
 * Motion of the blocks of a group, and the group as motion alone predicts it: block matching, and
 * overlapped block motion compensation (Orchard and Sullivan 1994, doi:10.1109/83.334974). What a decoder
 * does is arithmetic in whole numbers, so that encoder and decoder agree to the last bit on every machine.
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

/** Pixels of a block's side. */
export const BLOCK = 16;

/** Displacements are told in quarters of a pixel. */
const QUARTERS = 4;

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
const [LONGEST_X, LONGEST_Y] = [AXIS_X.at(-1) as number, AXIS_Y.at(-1) as number];

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
const [NEAREST_X, NEAREST_Y] = [nearest(AXIS_X), nearest(AXIS_Y)];

/** From a place that is nearest to a displacement to the next one outward. */
function gap(values: readonly number[], places: Uint8Array, v: number): number {
  const place = places[Math.abs(v) + (values.at(-1) as number)] as number;
  const next = Math.min(place + 1, values.length - 1);
  return (values[next] as number) - (values[next - 1] as number);
}

/** The search begins on luma of a quarter of the size. */
const COARSE = 4;
/** Longest vector there of which every one is tried. */
const DENSE = 4;
/** Candidates of the coarse search that are looked at in full. */
const KEPT = 3;
/** What a quarter of a pixel of difference from the block before costs, in sums of absolute differences. */
const SMOOTH = 0.5;

/** Vectors that the search found for blocks, quarters of a pixel, and what it looked at. */
interface Search {
  readonly fine: Plane;
  /** Luma of the frames, and how far on the way they are. */
  readonly targets: readonly Uint8Array[];
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
 * block's before cost a little, so that flat blocks go with the rest.
 *
 * `reference` and `frames` are RGB of rows x 16 by columns x 16 pixels. Returns a code per block.
 */
export function estimateMotion(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: BlockGrid,
): Int32Array {
  return new MotionSearch(reference, frames, grid).codes;
}

/** The search behind `estimateMotion`, which can go on to the quarters of blocks. */
export class MotionSearch {
  /** A code per block. */
  readonly codes: Int32Array;
  private readonly search: Search;

  constructor(
    reference: Uint8Array,
    frames: readonly Uint8Array[],
    private readonly grid: BlockGrid,
  ) {
    const { rows, columns } = grid;
    const [width, height] = [columns * BLOCK, rows * BLOCK];
    const count = frames.length;
    if (count === 0 || [reference, ...frames].some((f) => f.length !== width * height * 3)) {
      throw new ArgumentError("frames of a group", {
        expected: `RGB of ${width} x ${height} pixels`,
        got: `${count} frames of ${frames.map((f) => f.length).join(", ")} bytes`,
        remedy: "Pad the frames to whole blocks.",
      });
    }
    const border = LONGEST_X / QUARTERS + BLOCK;
    const still = luma(reference);
    this.search = {
      fine: plane(still, width, height, border),
      targets: frames.map((frame) => luma(frame)),
      shares: frames.map((_, i) => (i + 1) / count),
      found: new Int16Array(rows * columns * 2),
      coarse: new Int16Array(rows * columns * KEPT * 2),
    };
    const small = plane(
      shrink(still, width, height),
      width / COARSE,
      height / COARSE,
      border / COARSE,
    );
    // From afar, the last frame and the one half-way tell motion from noise.
    const chosen = count > 1 ? [Math.floor(count / 2) - 1, count - 1] : [0];
    const smallTargets = chosen.map((i) => ({
      share: (i + 1) / count,
      target: shrink(this.search.targets[i] as Uint8Array, width, height),
    }));
    this.codes = new Int32Array(rows * columns);
    for (let at = 0; at < this.codes.length; at++) {
      const [r, c] = [Math.floor(at / columns), at % columns];
      const costs = this.lookCoarsely(small, smallTargets, r, c);
      this.codes[at] = this.lookClosely(r, c, costs);
    }
  }

  /** The best of whole displacements at a quarter of the size, into `coarse`; their costs, in order. */
  private lookCoarsely(
    small: Plane,
    targets: readonly { readonly share: number; readonly target: Uint8Array }[],
    r: number,
    c: number,
  ): Float64Array {
    const { rows, columns } = this.grid;
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
      for (let i = 0; i < targets.length && cost < worst; i++) {
        const { share, target } = targets[i] as (typeof targets)[number];
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

  /** The best vector of a block at full size, into `found`; its code. */
  private lookClosely(r: number, c: number, costs: Float64Array): number {
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
    return this.refine(window, candidates, unit / 2, [left, above], found, 2 * at);
  }

  /**
   * A vector for each quarter of the blocks that `wanted` names, sought among the vectors of the blocks
   * around. A code per quarter, row after row: [blocks, 4]; of other blocks their own code.
   */
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

/** Sub-pixel places between two pixels: quarters of a vector of quarters. */
const PHASES = 16;
/** Cubic convolution (Keys 1981, a = -1/2) at each place, in 1/64, summing to 64. */
const TAPS: readonly Int32Array[] = Array.from({ length: PHASES }, (_, p) => {
  const t = p / PHASES;
  const raw = [
    -0.5 * t + t ** 2 - 0.5 * t ** 3,
    1 - 2.5 * t ** 2 + 1.5 * t ** 3,
    0.5 * t + 2 * t ** 2 - 1.5 * t ** 3,
    -0.5 * t ** 2 + 0.5 * t ** 3,
  ];
  const taps = Int32Array.from(raw, (w) => Math.round(w * 64));
  const rest = 64 - taps.reduce((a, b) => a + b, 0);
  taps[t < 0.5 ? 1 : 2] = (taps[t < 0.5 ? 1 : 2] as number) + rest;
  return taps;
});

/** Pixels of a quarter's side: all of them lie between the same four quarters. */
const PART = BLOCK / 2;

/**
 * The `count` frames of a group as motion predicts them: frame t (from 1) takes pixels from the reference
 * at t / count of a vector, between pixels by cubic convolution, borders repeated. A pixel is a mean over
 * what the vectors of its own and the three nearest blocks predict, weighted by the distance to their
 * middles, so that there are no edges between blocks. `codes` has one per block, or one per quarter of
 * each ([blocks, 4]); of a block beside, it is the nearest quarter that counts. count is 1, 2 or 4.
 *
 * `known` are the frames of other codes of quarters: only what differs is made anew.
 */
export function moveReference(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  { rows, columns }: BlockGrid,
  known?: { readonly codes: Int32Array; readonly frames: readonly Uint8Array[] },
): Uint8Array[] {
  const [width, height] = [columns * BLOCK, rows * BLOCK];
  const each = codes.length / (rows * columns);
  const side = AXIS_X.length;
  const finer = PHASES / QUARTERS / count;
  const window = overlap(BLOCK);
  const sum = new Int32Array(PART * PART * 3);
  const piece = new Uint8Array(PART * PART * 3);
  const lines = new Int32Array((PART + 3) * PART * 3);
  const half = BLOCK / 2;
  /** Place in `codes` of a quarter by its row and column among all quarters. */
  const quarter = (v: number, u: number) => {
    const block = (v >> 1) * columns + (u >> 1);
    return each === 1 ? block : block * 4 + (v & 1) * 2 + (u & 1);
  };
  const out = Array.from({ length: count }, (_, f) =>
    known ? (known.frames[f] as Uint8Array).slice() : new Uint8Array(width * height * 3),
  );
  for (let v = 0; v < 2 * rows; v++) {
    // Of the two rows of quarters that meet where the blocks do, or at the frame's border one.
    const [v0, v1] = [Math.max(0, v - 1 + (v & 1)), Math.min(2 * rows - 1, v + (v & 1))];
    for (let u = 0; u < 2 * columns; u++) {
      const [u0, u1] = [Math.max(0, u - 1 + (u & 1)), Math.min(2 * columns - 1, u + (u & 1))];
      const places = [quarter(v0, u0), quarter(v0, u1), quarter(v1, u0), quarter(v1, u1)];
      if (known && places.every((place) => codes[place] === known.codes[place])) continue;
      const [a, b, d, e] = places.map((place) => codes[place] as number) as [
        number,
        number,
        number,
        number,
      ];
      const [x, y] = [u * PART, v * PART];
      for (let f = 0; f < count; f++) {
        const t = f + 1;
        const frame = out[f] as Uint8Array;
        const fetch = (code: number, to: Uint8Array, at: number, row: number) => {
          const dx = (AXIS_X[code % side] as number) * t * finer;
          const dy = (AXIS_Y[Math.floor(code / side)] as number) * t * finer;
          predict(reference, width, height, x, y, dx, dy, lines, to, at, row);
        };
        if (a === b && a === d && a === e) {
          fetch(a, frame, (y * width + x) * 3, width * 3);
          continue;
        }
        sum.fill(2048);
        // Offsets from the middle of the upper left block.
        const ox = (x + half) % BLOCK;
        const oy = (y + half) % BLOCK;
        const corners = [a, b, d, e];
        for (let k = 0; k < 4; k++) {
          const code = corners[k] as number;
          // The weights of blocks with one vector add up.
          if (corners.indexOf(code) < k) continue;
          fetch(code, piece, 0, PART * 3);
          const [ua, ub] = [a === code ? 1 : 0, b === code ? 1 : 0];
          const [ud, ue] = [d === code ? 1 : 0, e === code ? 1 : 0];
          for (let w = 0, i = 0; w < PART; w++) {
            const low = window[oy + w] as number;
            // Of the left and of the right, at this height.
            const lefts = ua * low + ud * (64 - low);
            const rights = ub * low + ue * (64 - low);
            for (let z = 0; z < PART; z++, i += 3) {
              const left = window[ox + z] as number;
              const weight = lefts * left + rights * (64 - left);
              sum[i] = (sum[i] as number) + weight * (piece[i] as number);
              sum[i + 1] = (sum[i + 1] as number) + weight * (piece[i + 1] as number);
              sum[i + 2] = (sum[i + 2] as number) + weight * (piece[i + 2] as number);
            }
          }
        }
        for (let w = 0, i = 0; w < PART; w++) {
          let to = ((y + w) * width + x) * 3;
          for (let z = 0; z < PART * 3; z++) frame[to++] = (sum[i++] as number) >> 12;
        }
      }
    }
  }
  return out;
}

/** Weight in 1/64 of the block to the left (or above) at each pixel from its middle to the next one's. */
function overlap(stride: number): Int32Array {
  return Int32Array.from({ length: stride }, (_, i) =>
    Math.round(64 * Math.cos(((i + 0.5) / stride) * (Math.PI / 2)) ** 2),
  );
}

/** PART x PART pixels at (x, y) moved by (dx, dy) sixteenths of a pixel. */
function predict(
  from: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  dx: number,
  dy: number,
  lines: Int32Array,
  to: Uint8Array,
  at: number,
  row: number,
): void {
  const [left, top] = [x + (dx >> 4), y + (dy >> 4)];
  const [fx, fy] = [dx & 15, dy & 15];
  const inside = left >= 1 && top >= 1 && left + PART + 2 <= width && top + PART + 2 <= height;
  if (fx === 0 && fy === 0) {
    for (let v = 0; v < PART; v++) {
      const line = clamp(top + v, height) * width;
      if (left >= 0 && left + PART <= width) {
        const start = (line + left) * 3;
        for (let i = 0; i < PART * 3; i++) to[at + v * row + i] = from[start + i] as number;
        continue;
      }
      for (let u = 0, o = at + v * row; u < PART; u++) {
        const start = (line + clamp(left + u, width)) * 3;
        for (let k = 0; k < 3; k++) to[o++] = from[start + k] as number;
      }
    }
    return;
  }
  const taps = TAPS[fx] as Int32Array;
  const [h0, h1, h2, h3] = [
    taps[0] as number,
    taps[1] as number,
    taps[2] as number,
    taps[3] as number,
  ];
  for (let v = 0, o = 0; v < PART + 3; v++) {
    const line = clamp(top + v - 1, height) * width;
    if (inside) {
      const start = (line + left) * 3;
      if (fx === 0) {
        for (let i = 0; i < PART * 3; i++) lines[o++] = (from[start + i] as number) * 64;
        continue;
      }
      for (let i = start; i < start + PART * 3; i++) {
        lines[o++] =
          (from[i - 3] as number) * h0 +
          (from[i] as number) * h1 +
          (from[i + 3] as number) * h2 +
          (from[i + 6] as number) * h3;
      }
      continue;
    }
    for (let u = 0; u < PART; u++) {
      const p0 = (line + clamp(left + u - 1, width)) * 3;
      const p1 = (line + clamp(left + u, width)) * 3;
      const p2 = (line + clamp(left + u + 1, width)) * 3;
      const p3 = (line + clamp(left + u + 2, width)) * 3;
      for (let k = 0; k < 3; k++) {
        lines[o++] =
          (from[p0 + k] as number) * h0 +
          (from[p1 + k] as number) * h1 +
          (from[p2 + k] as number) * h2 +
          (from[p3 + k] as number) * h3;
      }
    }
  }
  const down = TAPS[fy] as Int32Array;
  const [v0, v1, v2, v3] = [
    down[0] as number,
    down[1] as number,
    down[2] as number,
    down[3] as number,
  ];
  const step = PART * 3;
  for (let v = 0; v < PART; v++) {
    let o = at + v * row;
    for (let i = v * step; i < (v + 1) * step; i++) {
      const value =
        ((lines[i] as number) * v0 +
          (lines[i + step] as number) * v1 +
          (lines[i + 2 * step] as number) * v2 +
          (lines[i + 3 * step] as number) * v3 +
          2048) >>
        12;
      to[o++] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

function clamp(at: number, length: number): number {
  return at < 0 ? 0 : at >= length ? length - 1 : at;
}

/** Luma of RGB, weights of BT.601 in 1/256. */
function luma(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, o = 0; o < out.length; i += 3, o++) {
    out[o] =
      ((rgb[i] as number) * 77 + (rgb[i + 1] as number) * 150 + (rgb[i + 2] as number) * 29) >> 8;
  }
  return out;
}

/** Means over COARSE x COARSE pixels. */
function shrink(y: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width / COARSE, height / COARSE];
  const out = new Uint8Array(w * h);
  const row = new Int32Array(w);
  for (let r = 0; r < h; r++) {
    row.fill((COARSE * COARSE) >> 1);
    for (let v = 0; v < COARSE; v++) {
      for (let c = 0, i = (r * COARSE + v) * width; c < w; c++, i += COARSE) {
        row[c] =
          (row[c] as number) +
          (y[i] as number) +
          (y[i + 1] as number) +
          (y[i + 2] as number) +
          (y[i + 3] as number);
      }
    }
    for (let c = 0; c < w; c++) out[r * w + c] = (row[c] as number) >> 4;
  }
  return out;
}

/** A plane with its borders repeated outward, so that the search needs no bounds. */
interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly border: number;
}

function plane(y: Uint8Array, width: number, height: number, border: number): Plane {
  const edge = Math.ceil(border) + 1;
  const wide = width + 2 * edge;
  const data = new Uint8Array(wide * (height + 2 * edge));
  for (let r = 0; r < height + 2 * edge; r++) {
    const from = clamp(r - edge, height) * width;
    const to = r * wide;
    data.fill(y[from] as number, to, to + edge);
    data.set(y.subarray(from, from + width), to + edge);
    data.fill(y[from + width - 1] as number, to + edge + width, to + wide);
  }
  return { data, width: wide, border: edge };
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
