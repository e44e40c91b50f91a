import { ArgumentError } from "@dtok/core";

/**
 * Motion of the blocks of a group, and the group as motion alone predicts it: block matching, and
 * overlapped block motion compensation (Orchard and Sullivan 1994, doi:10.1109/83.334974). What a decoder
 * does is arithmetic in whole numbers, so that encoder and decoder agree to the last bit on every machine.
 *
 * A block's code names one vector (dx, dy): where the block of the group's last frame is found in the
 * reference; the frames between lie on the straight way there. Each component is one of `AXIS`:
 * dy's place times AXIS.length, plus dx's place.
 */
export interface BlockGrid {
  /** Blocks. */
  readonly rows: number;
  readonly columns: number;
  /** Pixels of a block's side: a multiple of 8. */
  readonly stride: number;
}

/** Displacements are told in quarters of a pixel. */
const QUARTERS = 4;

/**
 * What a vector's component may be, in quarters of a pixel: every quarter up to 4 pixels, every half up
 * to 12, whole ones up to 32, every second up to 50. The middle is no motion.
 */
export const AXIS: readonly number[] = (() => {
  const out: number[] = [];
  for (const [step, until] of [
    [1, 16],
    [2, 48],
    [4, 128],
    [8, 200],
  ] as const) {
    for (let v = (out.at(-1) ?? 0) + step; v <= until; v += step) out.push(v);
  }
  return [...out.map((v) => -v).toReversed(), 0, ...out];
})();

const MIDDLE = AXIS.length >> 1;
/** Longest component, quarters of a pixel. */
const LONGEST = AXIS.at(-1) as number;

/** Codes that motion has: 123 x 123. */
export const MOTION_CODES = AXIS.length ** 2;

/** The code of no motion. */
export const STILL_CODE = MIDDLE * AXIS.length + MIDDLE;

/** Place on `AXIS` that is nearest to a displacement. */
const NEAREST = (() => {
  const out = new Uint8Array(2 * LONGEST + 1);
  for (let v = -LONGEST, place = 0; v <= LONGEST; v++) {
    while (
      place + 1 < AXIS.length &&
      Math.abs((AXIS[place + 1] as number) - v) < Math.abs((AXIS[place] as number) - v)
    ) {
      place++;
    }
    out[v + LONGEST] = place;
  }
  return out;
})();

/** The search begins on luma of a quarter of the size. */
const COARSE = 4;
/** Longest vector there of which every one is tried. */
const DENSE = 4;
/** Candidates of the coarse search that are looked at in full. */
const KEPT = 3;
/** What a quarter of a pixel of difference from the block before costs, in sums of absolute differences. */
const SMOOTH = 0.5;

/**
 * Block matching: for each block the vector under which the reference differs least from the group's
 * middle and last frames (sum of absolute differences of luma over the block and a quarter of a block
 * around it). Vectors of all lengths are tried at a quarter of the size, the best of them, no motion and
 * the vectors of the blocks before at full size, and around the best of those ever finer ones. Vectors unlike the
 * block's before cost a little, so that flat blocks go with the rest.
 *
 * `reference` and `frames` are RGB of rows x stride by columns x stride pixels. Returns a code per block.
 */
export function estimateMotion(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: BlockGrid,
): Int32Array {
  const { rows, columns, stride } = grid;
  const [width, height] = [columns * stride, rows * stride];
  const count = frames.length;
  if (count === 0 || [reference, ...frames].some((f) => f.length !== width * height * 3)) {
    throw new ArgumentError("frames of a group", {
      expected: `RGB of ${width} x ${height} pixels`,
      got: `${count} frames of ${frames.map((f) => f.length).join(", ")} bytes`,
      remedy: "Pad the frames to whole blocks.",
    });
  }
  const border = LONGEST / QUARTERS + stride;
  const still = luma(reference);
  const fine = plane(still, width, height, border);
  const small = plane(
    shrink(still, width, height),
    width / COARSE,
    height / COARSE,
    border / COARSE,
  );
  // The last frame and the one half-way tell motion from noise; between them lies a straight line.
  const chosen = count > 1 ? [Math.floor(count / 2) - 1, count - 1] : [0];
  const targets = chosen.map((i) => luma(frames[i] as Uint8Array));
  const smallTargets = targets.map((t) => shrink(t, width, height));
  const shares = chosen.map((i) => (i + 1) / count);

  const codes = new Int32Array(rows * columns);
  /** Vectors found so far, quarters of a pixel. */
  const found = new Int16Array(rows * columns * 2);
  const reach = Math.floor(LONGEST / QUARTERS / COARSE);
  const coarseCosts = new Float64Array(KEPT);
  const coarse = new Int16Array(KEPT * 2);
  const kept = new Int16Array(KEPT * 2);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      const window = around(r, c, rows, columns, stride / COARSE);
      coarseCosts.fill(Infinity);
      const look = (x: number, y: number) => {
        const worst = coarseCosts[KEPT - 1] as number;
        let cost = (Math.abs(x) + Math.abs(y)) * 0.5;
        for (let i = 0; i < shares.length && cost < worst; i++) {
          const [share, target] = [shares[i] as number, smallTargets[i] as Uint8Array];
          const [sx, sy] = [Math.round(x * share), Math.round(y * share)];
          cost += whole(small, target, width / COARSE, window, sx, sy, worst - cost);
        }
        if (cost >= worst) return;
        // Kept in order.
        let k = KEPT - 1;
        while (k > 0 && cost < (coarseCosts[k - 1] as number)) {
          coarseCosts[k] = coarseCosts[k - 1] as number;
          coarse[2 * k] = coarse[2 * k - 2] as number;
          coarse[2 * k + 1] = coarse[2 * k - 1] as number;
          k--;
        }
        coarseCosts[k] = cost;
        coarse[2 * k] = x;
        coarse[2 * k + 1] = y;
      };
      // Short ones all, of longer ones every second, then what lies beside the best.
      for (let y = -DENSE; y <= DENSE; y++) for (let x = -DENSE; x <= DENSE; x++) look(x, y);
      for (let y = -reach; y <= reach; y += 2) {
        for (let x = -reach; x <= reach; x += 2) {
          if (Math.abs(x) > DENSE || Math.abs(y) > DENSE) look(x, y);
        }
      }
      kept.set(coarse);
      for (let k = 0; k < KEPT; k++) {
        const [mx, my] = [kept[2 * k] as number, kept[2 * k + 1] as number];
        if (Math.abs(mx) <= DENSE && Math.abs(my) <= DENSE) continue;
        for (let y = Math.max(-reach, my - 1); y <= Math.min(reach, my + 1); y++) {
          for (let x = Math.max(-reach, mx - 1); x <= Math.min(reach, mx + 1); x++) {
            // Those of even places were looked at above.
            if ((x - reach) % 2 !== 0 || (y - reach) % 2 !== 0) look(x, y);
          }
        }
      }

      const near = around(r, c, rows, columns, stride);
      const [leftX, leftY] = before(found, at, c > 0 ? 1 : 0);
      const [aboveX, aboveY] = before(found, at, r > 0 ? columns : 0);
      let best = Infinity;
      let [bx, by] = [0, 0];
      const attempt = (x: number, y: number) => {
        if (Math.abs(x) > LONGEST || Math.abs(y) > LONGEST) return;
        const apart = Math.min(
          Math.abs(x - leftX) + Math.abs(y - leftY),
          Math.abs(x - aboveX) + Math.abs(y - aboveY),
        );
        let cost = Math.min(apart, 16) * SMOOTH;
        for (let i = 0; i < shares.length && cost < best; i++) {
          const [share, target] = [shares[i] as number, targets[i] as Uint8Array];
          cost += between(fine, target, width, near, x * share, y * share, best - cost);
        }
        if (cost < best) [best, bx, by] = [cost, x, y];
      };
      attempt(0, 0);
      attempt(leftX, leftY);
      attempt(aboveX, aboveY);
      const unit = QUARTERS * COARSE;
      for (let k = 0; k < KEPT; k++) {
        if (coarseCosts[k] === Infinity) break;
        attempt((coarse[2 * k] as number) * unit, (coarse[2 * k + 1] as number) * unit);
      }
      for (let step = unit / 2; step >= 1; step >>= 1) {
        // Finer than the axis is at this length leads nowhere.
        if (step < axisStep(bx) && step < axisStep(by)) break;
        const [mx, my] = [bx, by];
        for (let y = -1; y <= 1; y++) {
          for (let x = -1; x <= 1; x++) if (x || y) attempt(mx + x * step, my + y * step);
        }
      }
      const px = NEAREST[bx + LONGEST] as number;
      const py = NEAREST[by + LONGEST] as number;
      found[2 * at] = AXIS[px] as number;
      found[2 * at + 1] = AXIS[py] as number;
      codes[at] = py * AXIS.length + px;
    }
  }
  return codes;
}

function before(found: Int16Array, at: number, back: number): [number, number] {
  if (back === 0) return [0, 0];
  return [found[2 * (at - back)] as number, found[2 * (at - back) + 1] as number];
}

function axisStep(v: number): number {
  const size = Math.abs(v);
  return size < 16 ? 1 : size < 48 ? 2 : size < 128 ? 4 : 8;
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

/** Pixels of a part of a block that the same four blocks' vectors reach. */
const PART = 8;

/**
 * The `count` frames of a group as motion predicts them: frame t (from 1) takes pixels from the reference
 * at t / count of a vector, between pixels by cubic convolution, borders repeated. A pixel is a mean over
 * what the vectors of its own and the three nearest blocks predict, weighted by the distance to their
 * middles, so that there are no edges between blocks. count is 1, 2 or 4.
 */
export function moveReference(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  { rows, columns, stride }: BlockGrid,
): Uint8Array[] {
  const [width, height] = [columns * stride, rows * stride];
  const side = AXIS.length;
  const finer = PHASES / QUARTERS / count;
  const window = overlap(stride);
  const sum = new Int32Array(PART * PART * 3);
  const piece = new Uint8Array(PART * PART * 3);
  const lines = new Int32Array((PART + 3) * PART * 3);
  const half = stride / 2;
  const blockOf = (pixel: number, most: number) =>
    Math.min(most - 1, Math.max(0, Math.floor((pixel + half) / stride) - 1));
  return Array.from({ length: count }, (_, f) => {
    const t = f + 1;
    const out = new Uint8Array(width * height * 3);
    const fetch = (code: number, x: number, y: number, to: Uint8Array, at: number, row: number) => {
      const dx = (AXIS[code % side] as number) * t * finer;
      const dy = (AXIS[Math.floor(code / side)] as number) * t * finer;
      predict(reference, width, height, x, y, dx, dy, lines, to, at, row);
    };
    for (let y = 0; y < height; y += PART) {
      const r0 = blockOf(y, rows);
      const r1 = Math.min(rows - 1, Math.floor((y + half) / stride));
      for (let x = 0; x < width; x += PART) {
        const c0 = blockOf(x, columns);
        const c1 = Math.min(columns - 1, Math.floor((x + half) / stride));
        const [a, b] = [codes[r0 * columns + c0] as number, codes[r0 * columns + c1] as number];
        const [d, e] = [codes[r1 * columns + c0] as number, codes[r1 * columns + c1] as number];
        if (a === b && a === d && a === e) {
          fetch(a, x, y, out, (y * width + x) * 3, width * 3);
          continue;
        }
        sum.fill(2048);
        // Offsets from the middle of the upper left block.
        const ox = (x + half) % stride;
        const oy = (y + half) % stride;
        const corners = [a, b, d, e];
        for (let k = 0; k < 4; k++) {
          const code = corners[k] as number;
          // The weights of blocks with one vector add up.
          if (corners.indexOf(code) < k) continue;
          fetch(code, x, y, piece, 0, PART * 3);
          const [ua, ub] = [a === code ? 1 : 0, b === code ? 1 : 0];
          const [ud, ue] = [d === code ? 1 : 0, e === code ? 1 : 0];
          for (let v = 0, i = 0; v < PART; v++) {
            const low = window[oy + v] as number;
            // Of the left and of the right, at this height.
            const lefts = ua * low + ud * (64 - low);
            const rights = ub * low + ue * (64 - low);
            for (let u = 0; u < PART; u++, i += 3) {
              const left = window[ox + u] as number;
              const weight = lefts * left + rights * (64 - left);
              sum[i] = (sum[i] as number) + weight * (piece[i] as number);
              sum[i + 1] = (sum[i + 1] as number) + weight * (piece[i + 1] as number);
              sum[i + 2] = (sum[i + 2] as number) + weight * (piece[i + 2] as number);
            }
          }
        }
        for (let v = 0, i = 0; v < PART; v++) {
          let to = ((y + v) * width + x) * 3;
          for (let u = 0; u < PART * 3; u++) out[to++] = (sum[i++] as number) >> 12;
        }
      }
    }
    return out;
  });
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
