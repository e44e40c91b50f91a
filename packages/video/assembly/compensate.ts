// Overlapped block motion compensation in AssemblyScript with SIMD128, one thread; src/codec/
// motion-wasm.ts lays out memory and calls. The pixels are those of src/codec/compensation.ts.

import { at, int } from "./params";

const ROWS: usize = 0;
const COLUMNS: usize = 4;
/** Frames of the group: 1, 2 or 4. */
const COUNT: usize = 8;
/** RGB of the reference, and room for it with EDGE_X pixels to the left and right, EDGE_Y above and below. */
const REFERENCE: usize = 12;
const PADDED: usize = 16;
const EDGE_X: usize = 20;
const EDGE_Y: usize = 24;
/** Int32 [blocks, 4]: a code per quarter; the same of frames that are known, or 0. */
const CODES: usize = 28;
const KNOWN: usize = 32;
/** RGB frames, one after the other. */
const OUT: usize = 36;
/** Int16: displacements of a vector's axes. */
const AXIS_X: usize = 40;
const AXIS_Y: usize = 44;
const PLACES_X: usize = 48;
/** Int16 [16, 4]: a filter for each sixteenth between two pixels. */
const TAPS: usize = 52;
/** Int16 [row of quarters odd, column odd, corner 4, 8, 24]: weights in 1/4096 of the four vectors. */
const WEIGHTS: usize = 56;
/** 16-byte aligned. */
const SCRATCH: usize = 60;

const BLOCK: i32 = 16;
const PART: i32 = 8;
/** Bytes of a part's row, and of a part; the same of int16. */
const ROW: usize = 24;
const PIECE: usize = 192;
const WIDE_ROW: usize = 48;
const WIDE_PIECE: usize = 384;

/** In SCRATCH: rows filtered across, a part, sums of parts (int32), weights of up to four parts. */
const LINES: usize = 0;
const PIXELS: usize = 528;
const SUMS: usize = 720;
const MIXED: usize = 1488;

/** The reference with its borders repeated outward. */
export function padReference(p: usize): void {
  const height = int(p, ROWS) * BLOCK;
  const row = <usize>(int(p, COLUMNS) * BLOCK * 3);
  const edge = at(p, EDGE_X) * 3;
  const edgeY = int(p, EDGE_Y);
  const wide = row + 2 * edge;
  const padded = at(p, PADDED);
  for (let y = 0; y < height; y++) {
    const from = at(p, REFERENCE) + <usize>y * row;
    const to = padded + <usize>(y + edgeY) * wide;
    memory.copy(to + edge, from, row);
    const last = from + row - 3;
    for (let i: usize = 0; i < edge; i += 3) {
      store<u16>(to + i, load<u16>(from));
      store<u8>(to + i + 2, load<u8>(from, 2));
      store<u16>(to + edge + row + i, load<u16>(last));
      store<u8>(to + edge + row + i + 2, load<u8>(last, 2));
    }
  }
  const first = padded + <usize>edgeY * wide;
  const end = padded + <usize>(edgeY + height) * wide;
  for (let y = 0; y < edgeY; y++) {
    memory.copy(padded + <usize>y * wide, first, wide);
    memory.copy(end + <usize>y * wide, end - wide, wide);
  }
}

/** Eight samples filtered by four taps `step` bytes apart, in 1/64. */
// @ts-ignore: a decorator
@inline
function filtered(q: usize, step: usize, t0: v128, t1: v128, t2: v128, t3: v128): v128 {
  return i16x8.add(
    i16x8.add(
      i16x8.mul(v128.load8x8_u(q), t0),
      i16x8.mul(v128.load8x8_u(q + step), t1),
    ),
    i16x8.add(
      i16x8.mul(v128.load8x8_u(q + 2 * step), t2),
      i16x8.mul(v128.load8x8_u(q + 3 * step), t3),
    ),
  );
}

// @ts-ignore: a decorator
@inline
function rounded(v: v128): v128 {
  return i16x8.shr_s(i16x8.add(v, i16x8.splat(32)), 6);
}

/** Eight samples of four lines of int16, weights in pairs: in 1/4096, rounded. */
// @ts-ignore: a decorator
@inline
function down(q: usize, first: v128, second: v128): v128 {
  const l0 = v128.load(q);
  const l1 = v128.load(q + WIDE_ROW);
  const l2 = v128.load(q + 2 * WIDE_ROW);
  const l3 = v128.load(q + 3 * WIDE_ROW);
  const half = i32x4.splat(2048);
  const low = i32x4.add(
    i32x4.dot_i16x8_s(v128.shuffle<i16>(l0, l1, 0, 8, 1, 9, 2, 10, 3, 11), first),
    i32x4.dot_i16x8_s(v128.shuffle<i16>(l2, l3, 0, 8, 1, 9, 2, 10, 3, 11), second),
  );
  const high = i32x4.add(
    i32x4.dot_i16x8_s(v128.shuffle<i16>(l0, l1, 4, 12, 5, 13, 6, 14, 7, 15), first),
    i32x4.dot_i16x8_s(v128.shuffle<i16>(l2, l3, 4, 12, 5, 13, 6, 14, 7, 15), second),
  );
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, half), 12),
    i32x4.shr_s(i32x4.add(high, half), 12),
  );
}

// @ts-ignore: a decorator
@inline
function storeRow(to: usize, a: v128, b: v128, c: v128): void {
  v128.store(to, i8x16.narrow_i16x8_u(a, b));
  v128.store64_lane(to + 16, i8x16.narrow_i16x8_u(c, c), 0);
}

/** A part whose pixels begin at `q` (rows of `wide` bytes), moved by sixteenths (fx, fy) more. */
function interpolate(p: usize, q: usize, wide: usize, fx: i32, fy: i32, to: usize, row: usize): void {
  if (fx === 0 && fy === 0) {
    for (let v = 0; v < PART; v++, q += wide, to += row) {
      v128.store(to, v128.load(q));
      store<u64>(to, load<u64>(q, 16), 16);
    }
    return;
  }
  const across = at(p, TAPS) + (<usize>fx << 3);
  const along = at(p, TAPS) + (<usize>fy << 3);
  if (fx === 0 || fy === 0) {
    const taps = fy === 0 ? across : along;
    const step: usize = fy === 0 ? 3 : wide;
    const t0 = v128.load16_splat(taps);
    const t1 = v128.load16_splat(taps + 2);
    const t2 = v128.load16_splat(taps + 4);
    const t3 = v128.load16_splat(taps + 6);
    q -= step;
    for (let v = 0; v < PART; v++, q += wide, to += row) {
      storeRow(
        to,
        rounded(filtered(q, step, t0, t1, t2, t3)),
        rounded(filtered(q + 8, step, t0, t1, t2, t3)),
        rounded(filtered(q + 16, step, t0, t1, t2, t3)),
      );
    }
    return;
  }
  const t0 = v128.load16_splat(across);
  const t1 = v128.load16_splat(across + 2);
  const t2 = v128.load16_splat(across + 4);
  const t3 = v128.load16_splat(across + 6);
  let line = at(p, SCRATCH) + LINES;
  q -= wide + 3;
  for (let v = 0; v < PART + 3; v++, q += wide, line += WIDE_ROW) {
    v128.store(line, filtered(q, 3, t0, t1, t2, t3));
    v128.store(line + 16, filtered(q + 8, 3, t0, t1, t2, t3));
    v128.store(line + 32, filtered(q + 16, 3, t0, t1, t2, t3));
  }
  const first = v128.load32_splat(along);
  const second = v128.load32_splat(along + 4);
  line = at(p, SCRATCH) + LINES;
  for (let v = 0; v < PART; v++, line += WIDE_ROW, to += row) {
    storeRow(
      to,
      down(line, first, second),
      down(line + 16, first, second),
      down(line + 32, first, second),
    );
  }
}

/** The part at (x, y) as vector `code` predicts it in frame `t`, from 1. */
function fetch(p: usize, code: i32, t: i32, x: i32, y: i32, to: usize, row: usize): void {
  const places = int(p, PLACES_X);
  const finer = 4 / int(p, COUNT);
  const dx = <i32>load<i16>(at(p, AXIS_X) + (<usize>(code % places) << 1)) * t * finer;
  const dy = <i32>load<i16>(at(p, AXIS_Y) + (<usize>(code / places) << 1)) * t * finer;
  const edgeX = int(p, EDGE_X);
  const wide = (int(p, COLUMNS) * BLOCK + 2 * edgeX) * 3;
  const left = x + (dx >> 4) + edgeX;
  const top = y + (dy >> 4) + int(p, EDGE_Y);
  const q = at(p, PADDED) + <usize>top * <usize>wide + <usize>(left * 3);
  interpolate(p, q, <usize>wide, dx & 15, dy & 15, to, row);
}

// @ts-ignore: a decorator
@inline
function codeOf(codes: usize, columns: i32, v: i32, u: i32): usize {
  return codes + <usize>(((((v >> 1) * columns + (u >> 1)) << 2) + ((v & 1) << 1) + (u & 1)) << 2);
}

/** Weights of every vector for the corners that share it, [4, 8, 24] at MIXED. */
function mixWeights(p: usize, from: usize, a: i32, b: i32, d: i32, e: i32): void {
  for (let k = 0; k < 4; k++) {
    const code = k === 0 ? a : k === 1 ? b : k === 2 ? d : e;
    const to = at(p, SCRATCH) + MIXED + <usize>k * WIDE_PIECE;
    const ua = i16x8.splat(code === a ? -1 : 0);
    const ub = i16x8.splat(code === b ? -1 : 0);
    const ud = i16x8.splat(code === d ? -1 : 0);
    const ue = i16x8.splat(code === e ? -1 : 0);
    for (let i: usize = 0; i < WIDE_PIECE; i += 16) {
      const upper = i16x8.add(
        v128.and(ua, v128.load(from + i)),
        v128.and(ub, v128.load(from + i + WIDE_PIECE)),
      );
      const lower = i16x8.add(
        v128.and(ud, v128.load(from + i + 2 * WIDE_PIECE)),
        v128.and(ue, v128.load(from + i + 3 * WIDE_PIECE)),
      );
      v128.store(to + i, i16x8.add(upper, lower));
    }
  }
}

/** OUT from PADDED and CODES; where KNOWN is, only parts whose codes differ. */
export function compensate(p: usize): void {
  const rows = int(p, ROWS);
  const columns = int(p, COLUMNS);
  const count = int(p, COUNT);
  const codes = at(p, CODES);
  const known = at(p, KNOWN);
  const width = columns * BLOCK;
  const row = <usize>(width * 3);
  const bytes = row * <usize>(rows * BLOCK);
  const scratch = at(p, SCRATCH);
  const pixels = scratch + PIXELS;
  const sums = scratch + SUMS;
  for (let v = 0; v < 2 * rows; v++) {
    // Of the two rows of quarters that meet where the blocks do, or at the frame's border one.
    const v0 = max<i32>(0, v - 1 + (v & 1));
    const v1 = min<i32>(2 * rows - 1, v + (v & 1));
    for (let u = 0; u < 2 * columns; u++) {
      const u0 = max<i32>(0, u - 1 + (u & 1));
      const u1 = min<i32>(2 * columns - 1, u + (u & 1));
      const atA = codeOf(codes, columns, v0, u0);
      const atB = codeOf(codes, columns, v0, u1);
      const atD = codeOf(codes, columns, v1, u0);
      const atE = codeOf(codes, columns, v1, u1);
      const a = load<i32>(atA);
      const b = load<i32>(atB);
      const d = load<i32>(atD);
      const e = load<i32>(atE);
      if (known !== 0) {
        const same =
          a === load<i32>(atA - codes + known) &&
          b === load<i32>(atB - codes + known) &&
          d === load<i32>(atD - codes + known) &&
          e === load<i32>(atE - codes + known);
        if (same) continue;
      }
      const x = u * PART;
      const y = v * PART;
      let to = at(p, OUT) + <usize>y * row + <usize>(x * 3);
      if (a === b && a === d && a === e) {
        for (let t = 1; t <= count; t++, to += bytes) fetch(p, a, t, x, y, to, row);
        continue;
      }
      mixWeights(p, at(p, WEIGHTS) + <usize>((v & 1) * 2 + (u & 1)) * 4 * WIDE_PIECE, a, b, d, e);
      for (let t = 1; t <= count; t++, to += bytes) {
        for (let i: usize = 0; i < PIECE; i += 4) {
          v128.store(sums + (i << 2), i32x4.splat(2048));
        }
        for (let k = 0; k < 4; k++) {
          const code = k === 0 ? a : k === 1 ? b : k === 2 ? d : e;
          // The weights of blocks with one vector add up.
          if (k > 0 && code === a) continue;
          if (k > 1 && code === b) continue;
          if (k > 2 && code === d) continue;
          fetch(p, code, t, x, y, pixels, ROW);
          const weights = scratch + MIXED + <usize>k * WIDE_PIECE;
          for (let i: usize = 0; i < PIECE; i += 8) {
            const weight = v128.load(weights + (i << 1));
            const pixel = v128.load8x8_u(pixels + i);
            const sum = sums + (i << 2);
            v128.store(
              sum,
              i32x4.add(v128.load(sum), i32x4.extmul_low_i16x8_s(weight, pixel)),
            );
            v128.store(
              sum,
              i32x4.add(v128.load(sum, 16), i32x4.extmul_high_i16x8_s(weight, pixel)),
              16,
            );
          }
        }
        for (let w: usize = 0; w < <usize>PART; w++) {
          const sum = sums + w * 96;
          const one = i16x8.narrow_i32x4_s(
            i32x4.shr_s(v128.load(sum), 12),
            i32x4.shr_s(v128.load(sum, 16), 12),
          );
          const two = i16x8.narrow_i32x4_s(
            i32x4.shr_s(v128.load(sum, 32), 12),
            i32x4.shr_s(v128.load(sum, 48), 12),
          );
          const three = i16x8.narrow_i32x4_s(
            i32x4.shr_s(v128.load(sum, 64), 12),
            i32x4.shr_s(v128.load(sum, 80), 12),
          );
          storeRow(to + w * row, one, two, three);
        }
      }
    }
  }
}
