import { ArgumentError } from "@dtok/core";

/**
 * Motion of the cells of a group, and the group as motion alone predicts it. All arithmetic is in whole
 * numbers, so that encoder and decoder agree to the last bit on every machine.
 *
 * A cell's code names one vector (dx, dy), whole pixels from -radius to radius, row after row:
 * (dy + radius) (2 radius + 1) + dx + radius. It is where the cell of the group's last frame is found in
 * the reference; the frames between lie on the straight way there, in quarters of a pixel for four
 * frames.
 */
export interface CellGrid {
  /** Cells. */
  readonly rows: number;
  readonly columns: number;
  /** Pixels of a cell's side. */
  readonly stride: number;
}

/** Codes that a radius has: (2 radius + 1) squared. */
export function motionCodes(radius: number): number {
  return (2 * radius + 1) ** 2;
}

/** The code of no motion, which key frames carry. */
export function stillCode(radius: number): number {
  return (motionCodes(radius) - 1) / 2;
}

/** The search begins on luma of half the size. */
const COARSE = 2;
/** Longest vector there of which every one is tried; of longer ones, every second. */
const DENSE = 8;

/**
 * Block matching: for each cell the vector whose frames differ least from the given ones (sum of
 * absolute differences of luma over the cell and half a cell around it). Even vectors are tried at
 * half the size (every fourth where there are many), then the neighbours of the best there, then those at full size. Longer vectors cost a little, so that
 * flat cells stay where they are.
 *
 * `reference` and `frames` are RGB of rows x stride by columns x stride pixels. Returns a code per cell.
 */
export function estimateMotion(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: CellGrid,
  radius: number,
): Int32Array {
  const { rows, columns, stride } = grid;
  const [width, height] = [columns * stride, rows * stride];
  const count = frames.length;
  if (count === 0 || [reference, ...frames].some((f) => f.length !== width * height * 3)) {
    throw new ArgumentError("frames of a group", {
      expected: `RGB of ${width} x ${height} pixels`,
      got: `${count} frames of ${frames.map((f) => f.length).join(", ")} bytes`,
      remedy: "Pad the frames to whole cells.",
    });
  }
  const fine = plane(luma(reference), width, height, radius + stride);
  // The last frame and the one half-way tell motion from noise; between them lies a straight line.
  const chosen = count > 1 ? [Math.floor(count / 2) - 1, count - 1] : [0];
  const targets = chosen.map((i) => luma(frames[i] as Uint8Array));
  const coarse = plane(
    halve(luma(reference), width, height),
    width / COARSE,
    height / COARSE,
    Math.ceil((radius + stride) / COARSE),
  );
  const small = targets.map((t) => halve(t, width, height));
  const side = 2 * radius + 1;
  const codes = new Int32Array(rows * columns);
  const found = new Int16Array(rows * columns * 2);
  const reach = Math.floor(radius / COARSE);
  const skip = reach > DENSE ? 2 : 1;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      // At half the size. What the neighbours found comes first: a good bound ends most trials early.
      let best = Infinity;
      let [bx, by] = [0, 0];
      const window = around(r, c, rows, columns, stride / COARSE);
      const attempt = (x: number, y: number) => {
        let cost = (Math.abs(x) + Math.abs(y)) * COARSE;
        for (let i = 0; i < chosen.length && cost < best; i++) {
          const t = (chosen[i] as number) + 1;
          const [sx, sy] = [divide(x * t, count), divide(y * t, count)];
          const target = small[i] as Uint8Array;
          cost += difference(coarse, target, width / COARSE, window, sx, sy, 1, best - cost);
        }
        if (cost < best) [best, bx, by] = [cost, x, y];
      };
      attempt(0, 0);
      const at = r * columns + c;
      for (const before of [c > 0 ? at - 1 : -1, r > 0 ? at - columns : -1]) {
        if (before >= 0) attempt(found[2 * before] as number, found[2 * before + 1] as number);
      }
      for (let y = -reach; y <= reach; y += skip) {
        for (let x = -reach; x <= reach; x += skip) attempt(x, y);
      }
      const [mx, my] = [bx, by];
      for (let y = Math.max(-reach, my - 1); y <= Math.min(reach, my + 1); y++) {
        for (let x = Math.max(-reach, mx - 1); x <= Math.min(reach, mx + 1); x++) attempt(x, y);
      }
      found[2 * at] = bx;
      found[2 * at + 1] = by;
      [bx, by] = [bx * COARSE, by * COARSE];
      // At full size, every second pixel of every second row.
      const near = around(r, c, rows, columns, stride);
      best = Infinity;
      let [fx, fy] = [0, 0];
      const candidates: [number, number][] = [[0, 0]];
      for (let y = -1; y <= 1; y++) for (let x = -1; x <= 1; x++) candidates.push([bx + x, by + y]);
      for (const [x, y] of candidates) {
        if (Math.abs(x) > radius || Math.abs(y) > radius) continue;
        let cost = (Math.abs(x) + Math.abs(y)) * COARSE;
        for (let i = 0; i < chosen.length && cost < best; i++) {
          const t = (chosen[i] as number) + 1;
          const [sx, sy] = [divide(x * t, count), divide(y * t, count)];
          cost += difference(fine, targets[i] as Uint8Array, width, near, sx, sy, 2, best - cost);
        }
        if (cost < best) [best, fx, fy] = [cost, x, y];
      }
      codes[r * columns + c] = (fy + radius) * side + fx + radius;
    }
  }
  return codes;
}

/**
 * The `count` frames of a group as motion predicts them: frame t (from 1) takes each cell's pixels from
 * the reference at t / count of the cell's vector, bilinearly between pixels, borders repeated.
 */
export function moveReference(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  { rows, columns, stride }: CellGrid,
  radius: number,
): Uint8Array[] {
  const [width, height] = [columns * stride, rows * stride];
  const side = 2 * radius + 1;
  const square = count * count;
  const half = square >> 1;
  return Array.from({ length: count }, (_, f) => {
    const t = f + 1;
    const out = new Uint8Array(width * height * 3);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const code = codes[r * columns + c] as number;
        const dx = ((code % side) - radius) * t;
        const dy = (Math.floor(code / side) - radius) * t;
        const [ix, iy] = [Math.floor(dx / count), Math.floor(dy / count)];
        const [fx, fy] = [dx - ix * count, dy - iy * count];
        const w00 = (count - fx) * (count - fy);
        const w01 = fx * (count - fy);
        const w10 = (count - fx) * fy;
        const w11 = fx * fy;
        const [left, top] = [c * stride + ix, r * stride + iy];
        if (
          fx === 0 &&
          fy === 0 &&
          left >= 0 &&
          top >= 0 &&
          left + stride <= width &&
          top + stride <= height
        ) {
          for (let y = 0; y < stride; y++) {
            const from = ((top + y) * width + left) * 3;
            const to = ((r * stride + y) * width + c * stride) * 3;
            out.set(reference.subarray(from, from + stride * 3), to);
          }
          continue;
        }
        for (let y = r * stride; y < (r + 1) * stride; y++) {
          const y0 = clamp(y + iy, height) * width;
          const y1 = clamp(y + iy + 1, height) * width;
          let to = (y * width + c * stride) * 3;
          for (let x = c * stride; x < (c + 1) * stride; x++) {
            const x0 = clamp(x + ix, width);
            const x1 = clamp(x + ix + 1, width);
            const [a, b] = [(y0 + x0) * 3, (y0 + x1) * 3];
            const [d, e] = [(y1 + x0) * 3, (y1 + x1) * 3];
            for (let k = 0; k < 3; k++) {
              const sum =
                (reference[a + k] as number) * w00 +
                (reference[b + k] as number) * w01 +
                (reference[d + k] as number) * w10 +
                (reference[e + k] as number) * w11;
              out[to++] = ((sum + half) / square) | 0;
            }
          }
        }
      }
    }
    return out;
  });
}

function clamp(at: number, length: number): number {
  return at < 0 ? 0 : at >= length ? length - 1 : at;
}

/** Nearest whole number, halves away from zero: the same for a vector and its opposite. */
function divide(a: number, b: number): number {
  const size = Math.floor((2 * Math.abs(a) + b) / (2 * b));
  return a < 0 ? -size : size;
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

function halve(y: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h);
  for (let r = 0, o = 0; r < h; r++) {
    for (let c = 0, i = 2 * r * width; c < w; c++, i += 2) {
      out[o++] =
        ((y[i] as number) +
          (y[i + 1] as number) +
          (y[i + width] as number) +
          (y[i + width + 1] as number) +
          2) >>
        2;
    }
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
  const wide = width + 2 * border;
  const data = new Uint8Array(wide * (height + 2 * border));
  for (let r = 0; r < height + 2 * border; r++) {
    const from = clamp(r - border, height) * width;
    const to = r * wide;
    data.fill(y[from] as number, to, to + border);
    data.set(y.subarray(from, from + width), to + border);
    data.fill(y[from + width - 1] as number, to + border + width, to + wide);
  }
  return { data, width: wide, border };
}

interface Window {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** A cell and half a cell around it, within the frame. */
function around(r: number, c: number, rows: number, columns: number, cell: number): Window {
  const more = cell >> 1;
  return {
    x0: Math.max(0, c * cell - more),
    x1: Math.min(columns * cell, (c + 1) * cell + more),
    y0: Math.max(0, r * cell - more),
    y1: Math.min(rows * cell, (r + 1) * cell + more),
  };
}

function difference(
  from: Plane,
  target: Uint8Array,
  width: number,
  { x0, x1, y0, y1 }: Window,
  dx: number,
  dy: number,
  step: number,
  limit: number,
): number {
  const { data, border } = from;
  let sum = 0;
  for (let y = y0; y < y1; y += step) {
    let a = y * width + x0;
    let b = (y + dy + border) * from.width + x0 + dx + border;
    for (let x = x0; x < x1; x += step) {
      const e = (target[a] as number) - (data[b] as number);
      sum += e < 0 ? -e : e;
      a += step;
      b += step;
    }
    // Too much already: whatever is left, this vector is not the best.
    if (sum >= limit) return sum;
  }
  return sum;
}
