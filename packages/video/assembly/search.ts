// Block matching in AssemblyScript with SIMD128, one thread; src/codec/motion-wasm.ts lays out memory and
// calls. The vectors are those of src/codec/motion-search.ts: all costs are whole numbers (here twice
// theirs, for those count halves), so that sums may be taken in any order and given up at any point.

import { at, int } from "./params";

const ROWS: usize = 0;
const COLUMNS: usize = 4;
/** Frames of the group: 1, 2 or 4. */
const COUNT: usize = 8;
/** Luma of the reference with its borders: address of its first byte, bytes of a row, pixels of an edge. */
const FINE: usize = 12;
const FINE_WIDE: usize = 16;
const FINE_EDGE: usize = 20;
/** Luma of the frames, one after the other. */
const TARGETS: usize = 24;
/** The same at a quarter of the size; of one frame or of the one half-way and the last. */
const SMALL: usize = 28;
const SMALL_WIDE: usize = 32;
const SMALL_EDGE: usize = 36;
const SMALL_TARGETS: usize = 40;
/** Int16: displacements of a vector's axes; bytes: their place that is nearest to each displacement. */
const AXIS_X: usize = 44;
const AXIS_Y: usize = 48;
const NEAREST_X: usize = 52;
const NEAREST_Y: usize = 56;
/** Places on the axes. */
const PLACES_X: usize = 60;
const PLACES_Y: usize = 64;
/** Int16 [blocks, 2] and [blocks, KEPT, 2]: vectors found, and the best of the coarse search. */
const FOUND: usize = 68;
const COARSE: usize = 72;
/** Int32: a code per block; of `searchQuarters` one per quarter. */
const CODES: usize = 76;
/** A byte per block: whether its quarters are sought. */
const WANTED: usize = 80;
/** 16-byte aligned. */
const SCRATCH: usize = 84;

const BLOCK: i32 = 16;
const UNIT: i32 = 16;
const DENSE: i32 = 4;
const KEPT: i32 = 3;
const FAR: i32 = 0x3fffffff;

/** In SCRATCH: rows of a block at a quarter of the size, in pairs, of up to two frames; their masks. */
const PAIRS: usize = 0;
const PAIR_MASKS: usize = 96;
/** Candidates, int16 [32, 2]. */
const CANDIDATES: usize = 144;
/** Samples of a window, int16 [frames, 12 rows, 16]. */
const SAMPLES: usize = 272;
const SAMPLE_ROW: usize = 32;
const SAMPLE_FRAME: usize = 384;

// @ts-ignore: a decorator
@inline
function sumOf(v: v128): i32 {
  const pairs = i32x4.extadd_pairwise_i16x8_s(v);
  const halves = i32x4.add(pairs, v128.shuffle<i32>(pairs, pairs, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}

// The coarse search of one block.

let worst0: i32 = 0;
let worst1: i32 = 0;
let worst2: i32 = 0;

// @ts-ignore: a decorator
@inline
function pairDifference(a: usize, wide: usize, target: usize, mask: usize): v128 {
  const rows = v128.load64_lane(a + wide, v128.load64_zero(a), 1);
  const wanted = v128.load(target);
  const apart = v128.or(i8x16.sub_sat_u(rows, wanted), i8x16.sub_sat_u(wanted, rows));
  return i16x8.extadd_pairwise_i8x16_u(v128.and(apart, v128.load(mask)));
}

/** Six rows of eight pixels at `a`, of which masks tell what counts. */
// @ts-ignore: a decorator
@inline
function coarseDifference(a: usize, wide: usize, target: usize, masks: usize): i32 {
  const one = pairDifference(a, wide, target, masks);
  const two = pairDifference(a + 2 * wide, wide, target + 16, masks + 16);
  const three = pairDifference(a + 4 * wide, wide, target + 32, masks + 32);
  return sumOf(i16x8.add(i16x8.add(one, two), three));
}

/** Tries one displacement; `a` is the window's first pixel in the reference. */
function lookAt(a: usize, wide: i32, scratch: usize, two: bool, x: i32, y: i32, kept: usize): void {
  const masks = scratch + PAIR_MASKS;
  let cost = abs<i32>(x) + abs<i32>(y);
  if (cost >= worst2) return;
  if (two) {
    // The frame half-way; halves are rounded upward.
    const half = a + <usize>(((y + 1) >> 1) * wide + ((x + 1) >> 1));
    cost += 2 * coarseDifference(half, <usize>wide, scratch + PAIRS, masks);
    if (cost >= worst2) return;
  }
  const last = scratch + PAIRS + (two ? 48 : 0);
  cost += 2 * coarseDifference(a + <usize>(y * wide + x), <usize>wide, last, masks);
  if (cost >= worst2) return;
  const vector = (x & 0xffff) | (y << 16);
  // Kept in order.
  if (cost < worst0) {
    worst2 = worst1;
    store<i32>(kept, load<i32>(kept, 4), 8);
    worst1 = worst0;
    store<i32>(kept, load<i32>(kept), 4);
    worst0 = cost;
    store<i32>(kept, vector);
  } else if (cost < worst1) {
    worst2 = worst1;
    store<i32>(kept, load<i32>(kept, 4), 8);
    worst1 = cost;
    store<i32>(kept, vector, 4);
  } else {
    worst2 = cost;
    store<i32>(kept, vector, 8);
  }
}

function lookCoarsely(p: usize, r: i32, c: i32): void {
  const rows = int(p, ROWS) * 4;
  const columns = int(p, COLUMNS) * 4;
  const wide = int(p, SMALL_WIDE);
  const edge = int(p, SMALL_EDGE);
  const scratch = at(p, SCRATCH);
  const two = int(p, COUNT) > 1;
  const y0 = max<i32>(0, r * 4 - 1);
  const y1 = min<i32>(rows, r * 4 + 5);
  const x0 = max<i32>(0, c * 4 - 1);
  const x1 = min<i32>(columns, c * 4 + 5);
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  const inside = i8x16.lt_s(lanes, i8x16.splat(<i8>(x1 - x0)));
  const upper = v128.and(inside, i64x2(-1, 0));
  for (let i = 0; i < 3; i++) {
    const left = y1 - y0 - 2 * i;
    const mask = left >= 2 ? inside : left === 1 ? upper : i64x2(0, 0);
    store<v128>(scratch + PAIR_MASKS + (<usize>i << 4), mask);
  }
  const targets = at(p, SMALL_TARGETS);
  const frames = two ? 2 : 1;
  for (let f = 0; f < frames; f++) {
    for (let i = 0; i < 3; i++) {
      const to = scratch + PAIRS + <usize>(f * 48 + i * 16);
      const y = y0 + 2 * i;
      const from = targets + <usize>((f * rows + y) * columns + x0);
      let pair = i64x2(0, 0);
      if (y < y1) pair = v128.load64_zero(from);
      if (y + 1 < y1) pair = v128.load64_lane(from + <usize>columns, pair, 1);
      store<v128>(to, pair);
    }
  }

  const a = at(p, SMALL) + <usize>((y0 + edge) * wide + x0 + edge);
  const kept = at(p, COARSE) + <usize>((r * int(p, COLUMNS) + c) * KEPT * 4);
  worst0 = worst1 = worst2 = FAR;
  store<i32>(kept, 0);
  store<i32>(kept, 0, 4);
  store<i32>(kept, 0, 8);
  const longestX = load<i16>(at(p, AXIS_X) + ((int(p, PLACES_X) - 1) << 1));
  const longestY = load<i16>(at(p, AXIS_Y) + ((int(p, PLACES_Y) - 1) << 1));
  const reachX = <i32>longestX / UNIT;
  const reachY = <i32>longestY / UNIT;
  // Short ones all, of longer ones every second, then what lies beside the best.
  for (let y = -DENSE; y <= DENSE; y++) {
    for (let x = -DENSE; x <= DENSE; x++) lookAt(a, wide, scratch, two, x, y, kept);
  }
  const evenX = reachX & ~1;
  const evenY = reachY & ~1;
  for (let y = -evenY; y <= evenY; y += 2) {
    for (let x = -evenX; x <= evenX; x += 2) {
      if (abs<i32>(x) > DENSE || abs<i32>(y) > DENSE) lookAt(a, wide, scratch, two, x, y, kept);
    }
  }
  const k0 = load<i32>(kept);
  const k1 = load<i32>(kept, 4);
  const k2 = load<i32>(kept, 8);
  for (let k = 0; k < KEPT; k++) {
    const vector = k === 0 ? k0 : k === 1 ? k1 : k2;
    const mx = (vector << 16) >> 16;
    const my = vector >> 16;
    if (abs<i32>(mx) <= DENSE && abs<i32>(my) <= DENSE) continue;
    for (let y = max<i32>(-reachY, my - 1); y <= min<i32>(reachY, my + 1); y++) {
      for (let x = max<i32>(-reachX, mx - 1); x <= min<i32>(reachX, mx + 1); x++) {
        // Those of even places were looked at above.
        if ((x & 1) !== 0 || (y & 1) !== 0) lookAt(a, wide, scratch, two, x, y, kept);
      }
    }
  }
}

// The search at full size, of a window of up to 24 x 24 pixels, every second pixel and row of it.

let windowX: i32 = 0;
let windowY: i32 = 0;
/** Rows and columns of samples. */
let sampleRows: i32 = 0;
let sampleColumns: i32 = 0;
let candidates: i32 = 0;
let best: i32 = 0;
let bestX: i32 = 0;
let bestY: i32 = 0;
/** What a vector should be like: one or two. */
let likeX0: i32 = 0;
let likeY0: i32 = 0;
let likeX1: i32 = 0;
let likeY1: i32 = 0;

/** Every second of 16 bytes as int16. */
// @ts-ignore: a decorator
@inline
function evens(v: v128): v128 {
  return v128.and(v, i16x8.splat(0xff));
}

/** A window of `size` pixels and a quarter of it around, within the frame: its samples to SCRATCH. */
function openWindow(p: usize, r: i32, c: i32, size: i32): void {
  const height = int(p, ROWS) * BLOCK;
  const width = int(p, COLUMNS) * BLOCK;
  const more = size >> 2;
  const y0 = max<i32>(0, r * size - more);
  const y1 = min<i32>(height, (r + 1) * size + more);
  const x0 = max<i32>(0, c * size - more);
  const x1 = min<i32>(width, (c + 1) * size + more);
  windowX = x0;
  windowY = y0;
  sampleRows = (y1 - y0 + 1) >> 1;
  sampleColumns = (x1 - x0 + 1) >> 1;
  const count = int(p, COUNT);
  for (let f = 0; f < count; f++) {
    const plane = at(p, TARGETS) + <usize>(f * width * height);
    let to = at(p, SCRATCH) + SAMPLES + <usize>f * SAMPLE_FRAME;
    for (let i = 0; i < sampleRows; i++, to += SAMPLE_ROW) {
      const from = plane + <usize>((y0 + 2 * i) * width + x0);
      store<v128>(to, evens(v128.load(from)));
      if (sampleColumns > 8) store<v128>(to + 16, evens(v128.load(from, 16)));
    }
  }
}

/** Eight samples between pixels: bilinearly, weights in 1/64. */
// @ts-ignore: a decorator
@inline
function between(q: usize, wide: usize, w00: v128, w01: v128, w10: v128, w11: v128): v128 {
  const above = v128.load(q);
  const below = v128.load(q + wide);
  const sum = i16x8.add(
    i16x8.add(i16x8.mul(evens(above), w00), i16x8.mul(i16x8.shr_u(above, 8), w01)),
    i16x8.add(i16x8.mul(evens(below), w10), i16x8.mul(i16x8.shr_u(below, 8), w11)),
  );
  return i16x8.shr_u(i16x8.add(sum, i16x8.splat(32)), 6);
}

/** Sum of absolute differences of one frame at a displacement in sixteenths of a pixel. */
function difference(p: usize, frame: i32, dx: i32, dy: i32): i32 {
  const wide = at(p, FINE_WIDE);
  const edge = int(p, FINE_EDGE);
  const y = windowY + (dy >> 4) + edge;
  const x = windowX + (dx >> 4) + edge;
  let q = at(p, FINE) + <usize>y * wide + <usize>x;
  let t = at(p, SCRATCH) + SAMPLES + <usize>frame * SAMPLE_FRAME;
  const fx = dx & 15;
  const fy = dy & 15;
  const lanes = i16x8(0, 1, 2, 3, 4, 5, 6, 7);
  const first = i16x8.lt_s(lanes, i16x8.splat(<i16>sampleColumns));
  const second = i16x8.lt_s(lanes, i16x8.splat(<i16>(sampleColumns - 8)));
  let sum = i16x8.splat(0);
  const end = t + <usize>sampleRows * SAMPLE_ROW;
  const step: usize = 2 * wide;
  if (fx === 0 && fy === 0) {
    for (; t < end; t += SAMPLE_ROW, q += step) {
      const e = i16x8.abs(i16x8.sub(v128.load(t), evens(v128.load(q))));
      sum = i16x8.add(sum, v128.and(e, first));
      if (sampleColumns <= 8) continue;
      const g = i16x8.abs(i16x8.sub(v128.load(t, 16), evens(v128.load(q, 16))));
      sum = i16x8.add(sum, v128.and(g, second));
    }
    return sumOf(sum);
  }
  // 64 fx fy / 256, rounded half up.
  const both = (fx * fy + 2) >> 2;
  const w11 = i16x8.splat(<i16>both);
  const w01 = i16x8.splat(<i16>(4 * fx - both));
  const w10 = i16x8.splat(<i16>(4 * fy - both));
  const w00 = i16x8.splat(<i16>(64 - 4 * fx - 4 * fy + both));
  for (; t < end; t += SAMPLE_ROW, q += step) {
    const e = i16x8.abs(i16x8.sub(v128.load(t), between(q, wide, w00, w01, w10, w11)));
    sum = i16x8.add(sum, v128.and(e, first));
    if (sampleColumns <= 8) continue;
    const g = i16x8.abs(i16x8.sub(v128.load(t, 16), between(q + 16, wide, w00, w01, w10, w11)));
    sum = i16x8.add(sum, v128.and(g, second));
  }
  return sumOf(sum);
}

function attempt(p: usize, x: i32, y: i32): void {
  const longestX = <i32>load<i16>(at(p, AXIS_X) + ((int(p, PLACES_X) - 1) << 1));
  const longestY = <i32>load<i16>(at(p, AXIS_Y) + ((int(p, PLACES_Y) - 1) << 1));
  if (abs<i32>(x) > longestX || abs<i32>(y) > longestY) return;
  const apart = min<i32>(
    abs<i32>(x - likeX0) + abs<i32>(y - likeY0),
    abs<i32>(x - likeX1) + abs<i32>(y - likeY1),
  );
  let cost = min<i32>(apart, 16);
  const count = int(p, COUNT);
  // Sixteenths of a pixel in the first frame.
  const finer = 4 / count;
  // The last frame, which moves most, soonest tells what is wrong.
  for (let f = count; f > 0; f--) {
    if (cost >= best) return;
    cost += 2 * difference(p, f - 1, x * f * finer, y * f * finer);
  }
  if (cost < best) {
    best = cost;
    bestX = x;
    bestY = y;
  }
}

/** From a place that is nearest to a displacement to the next one outward. */
function gap(axis: usize, places: usize, count: i32, v: i32): i32 {
  const longest = <i32>load<i16>(axis + ((count - 1) << 1));
  const place = <i32>load<u8>(places + <usize>(abs<i32>(v) + longest));
  const next = <usize>min<i32>(place + 1, count - 1);
  return <i32>load<i16>(axis + (next << 1)) - <i32>load<i16>(axis + ((next - 1) << 1));
}

function addCandidate(p: usize, vector: i32): void {
  const list = at(p, SCRATCH) + CANDIDATES;
  for (let i = 0; i < candidates; i++) if (load<i32>(list + (<usize>i << 2)) === vector) return;
  store<i32>(list + (<usize>candidates << 2), vector);
  candidates++;
}

// @ts-ignore: a decorator
@inline
function scaled(vector: i32): i32 {
  return ((((vector << 16) >> 16) * UNIT) & 0xffff) | ((vector >> 16) * UNIT << 16);
}

/** The best of the candidates and of ever finer steps around it, stored at `into`; its code. */
function refine(p: usize, from: i32, into: usize): i32 {
  best = FAR;
  bestX = 0;
  bestY = 0;
  const list = at(p, SCRATCH) + CANDIDATES;
  for (let i = 0; i < candidates; i++) {
    attempt(p, <i32>load<i16>(list + (<usize>i << 2)), <i32>load<i16>(list + (<usize>i << 2), 2));
  }
  const axisX = at(p, AXIS_X);
  const axisY = at(p, AXIS_Y);
  const nearestX = at(p, NEAREST_X);
  const nearestY = at(p, NEAREST_Y);
  const placesX = int(p, PLACES_X);
  const placesY = int(p, PLACES_Y);
  for (let step = from; step >= 1; step >>= 1) {
    // Finer than the axes are at this length leads nowhere.
    if (step < gap(axisX, nearestX, placesX, bestX) && step < gap(axisY, nearestY, placesY, bestY)) {
      break;
    }
    const mx = bestX;
    const my = bestY;
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) if (x !== 0 || y !== 0) attempt(p, mx + x * step, my + y * step);
    }
  }
  const longestX = <i32>load<i16>(axisX + ((placesX - 1) << 1));
  const longestY = <i32>load<i16>(axisY + ((placesY - 1) << 1));
  const px = <i32>load<u8>(nearestX + <usize>(bestX + longestX));
  const py = <i32>load<u8>(nearestY + <usize>(bestY + longestY));
  store<i16>(into, load<i16>(axisX + (<usize>px << 1)));
  store<i16>(into, load<i16>(axisY + (<usize>py << 1)), 2);
  return py * placesX + px;
}

/** FOUND, COARSE and CODES of every block. */
export function searchBlocks(p: usize): void {
  const rows = int(p, ROWS);
  const columns = int(p, COLUMNS);
  const found = at(p, FOUND);
  const coarse = at(p, COARSE);
  for (let r = 0, block = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, block++) {
      lookCoarsely(p, r, c);
      const own = found + (<usize>block << 2);
      const left = c > 0 ? load<i32>(own - 4) : 0;
      const above = r > 0 ? load<i32>(own - (<usize>columns << 2)) : 0;
      candidates = 0;
      addCandidate(p, 0);
      addCandidate(p, left);
      addCandidate(p, above);
      for (let k = 0; k < KEPT; k++) {
        addCandidate(p, scaled(load<i32>(coarse + <usize>((block * KEPT + k) << 2))));
      }
      likeX0 = (left << 16) >> 16;
      likeY0 = left >> 16;
      likeX1 = (above << 16) >> 16;
      likeY1 = above >> 16;
      openWindow(p, r, c, BLOCK);
      store<i32>(at(p, CODES) + (<usize>block << 2), refine(p, UNIT / 2, own));
    }
  }
}

/** CODES [blocks, 4] of those that are WANTED, from FOUND and COARSE; others are left as they are. */
export function searchQuarters(p: usize): void {
  const rows = int(p, ROWS);
  const columns = int(p, COLUMNS);
  const found = at(p, FOUND);
  const coarse = at(p, COARSE);
  const wanted = at(p, WANTED);
  // The quarter's own vector, behind the samples of four frames.
  const own = at(p, SCRATCH) + SAMPLES + 4 * SAMPLE_FRAME;
  for (let r = 0, block = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, block++) {
      if (load<u8>(wanted + <usize>block) === 0) continue;
      candidates = 0;
      addCandidate(p, 0);
      for (let y = max<i32>(0, r - 1); y <= min<i32>(rows - 1, r + 1); y++) {
        for (let x = max<i32>(0, c - 1); x <= min<i32>(columns - 1, c + 1); x++) {
          addCandidate(p, load<i32>(found + (<usize>(y * columns + x) << 2)));
        }
      }
      for (let k = 0; k < KEPT; k++) {
        addCandidate(p, scaled(load<i32>(coarse + <usize>((block * KEPT + k) << 2))));
      }
      const vector = load<i32>(found + (<usize>block << 2));
      likeX0 = likeX1 = (vector << 16) >> 16;
      likeY0 = likeY1 = vector >> 16;
      for (let q = 0; q < 4; q++) {
        openWindow(p, 2 * r + (q >> 1), 2 * c + (q & 1), BLOCK / 2);
        const code = refine(p, 16, own);
        store<i32>(at(p, CODES) + (<usize>(block * 4 + q) << 2), code);
        addCandidate(p, load<i32>(own));
      }
    }
  }
}
