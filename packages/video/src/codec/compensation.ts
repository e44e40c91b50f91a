import { AXIS_X, AXIS_Y, BLOCK, QUARTERS } from "./motion.js";
import type { BlockGrid, KnownFrames } from "./motion.js";
import { clamp } from "./planes.js";

/**
 * Overlapped block motion compensation (Orchard and Sullivan 1994, doi:10.1109/83.334974). What a decoder
 * does is arithmetic in whole numbers, so that encoder and decoder agree to the last bit on every machine.
 * In plain TypeScript: what `motion-wasm.ts` is compared with, and what runs where there is no SIMD.
 */

/** Sub-pixel places between two pixels: quarters of a vector of quarters. */
export const PHASES = 16;
/** Cubic convolution (Keys 1981, a = -1/2) at each place, in 1/64, summing to 64. */
export const TAPS: readonly Int32Array[] = Array.from({ length: PHASES }, (_, p) => {
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
export const PART = BLOCK / 2;

/** `moveReference` of motion-kernels.ts. */
export function moveByDefinition(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  { rows, columns }: BlockGrid,
  known?: KnownFrames,
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
export function overlap(stride: number): Int32Array {
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
