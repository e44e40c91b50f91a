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
/** Int16 [4, 16]: weights of a block's samples along an axis; + 1 of the first block, + 2 of the last. */
const SHARES: usize = 88;
/** Int32 [frames, height / 2 + 8, width / 2 + 8]: what is left of each sample, with 4 around. */
const RESTS: usize = 92;
/** Times that all blocks are gone through, and what of a window is no reason to. */
const PASSES: usize = 96;
const ENOUGH: usize = 100;

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

/** Weights in 1/64 of the four pixels around a place; y first. */
let corner00: v128 = i16x8.splat(0);
let corner01: v128 = i16x8.splat(0);
let corner10: v128 = i16x8.splat(0);
let corner11: v128 = i16x8.splat(0);

/** Those of a place `fx` and `fy` sixteenths beyond a pixel. */
// @ts-ignore: a decorator
@inline
function weighCorners(fx: i32, fy: i32): void {
  // 64 fx fy / 256, rounded half up.
  const both = (fx * fy + 2) >> 2;
  corner00 = i16x8.splat(<i16>(64 - 4 * fx - 4 * fy + both));
  corner01 = i16x8.splat(<i16>(4 * fx - both));
  corner10 = i16x8.splat(<i16>(4 * fy - both));
  corner11 = i16x8.splat(<i16>both);
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
  weighCorners(fx, fy);
  const w00 = corner00;
  const w01 = corner01;
  const w10 = corner10;
  const w11 = corner11;
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

// Vectors of blocks given those around: src/codec/overlapped.ts.

const SIDE: i32 = 16;
const MARGIN: i32 = 4;
const SHIFT: i32 = 10;

/** Of the block in hand: where its samples and weights begin. */
let blockX: i32 = 0;
let blockY: i32 = 0;
let weightsX: usize = 0;
let weightsY: usize = 0;
let restAt: usize = 0;

// @ts-ignore: a decorator
@inline
function restRow(p: usize): usize {
  return <usize>(int(p, COLUMNS) * SIDE / 2 + 2 * MARGIN) << 2;
}

// @ts-ignore: a decorator
@inline
function restFrame(p: usize): usize {
  return <usize>(int(p, ROWS) * SIDE / 2 + 2 * MARGIN) * restRow(p);
}

/** The frames' samples, times the sum of all weights. */
function openRests(p: usize): void {
  const height = int(p, ROWS) * BLOCK;
  const width = int(p, COLUMNS) * BLOCK;
  const row = restRow(p);
  memory.fill(at(p, RESTS), 0, restFrame(p) * at(p, COUNT));
  for (let f = 0; f < int(p, COUNT); f++) {
    for (let y = 0; y < height; y += 2) {
      let from = at(p, TARGETS) + <usize>((f * height + y) * width);
      let to =
        at(p, RESTS) + <usize>f * restFrame(p) + <usize>((y >> 1) + MARGIN) * row + (MARGIN << 2);
      for (let x = 0; x < width; x += 16, from += 16, to += 32) {
        const samples = evens(v128.load(from));
        v128.store(to, i32x4.shl(i32x4.extend_low_i16x8_u(samples), 12));
        v128.store(to, i32x4.shl(i32x4.extend_high_i16x8_u(samples), 12), 16);
      }
    }
  }
}

function openBlock(p: usize, r: i32, c: i32): void {
  const shares = at(p, SHARES);
  const kindX = (c === 0 ? 1 : 0) + (c === int(p, COLUMNS) - 1 ? 2 : 0);
  const kindY = (r === 0 ? 1 : 0) + (r === int(p, ROWS) - 1 ? 2 : 0);
  weightsX = shares + <usize>(kindX << 5);
  weightsY = shares + <usize>(kindY << 5);
  blockX = c * BLOCK - BLOCK / 2;
  blockY = r * BLOCK - BLOCK / 2;
  // A window begins four samples before its block, as the margin does before the frame.
  restAt = at(p, RESTS) + <usize>(r * (SIDE / 2)) * restRow(p) + (<usize>(c * (SIDE / 2)) << 2);
}

/** Takes from what is left of one frame what a vector shows, times its weights, or adds it again. */
function takeFrame(p: usize, f: i32, x: i32, y: i32, back: bool): void {
  const finer = 4 / int(p, COUNT);
  const dx = x * (f + 1) * finer;
  const dy = y * (f + 1) * finer;
  const wide = at(p, FINE_WIDE);
  const edge = int(p, FINE_EDGE);
  let q = at(p, FINE) + <usize>(blockY + (dy >> 4) + edge) * wide + <usize>(blockX + (dx >> 4) + edge);
  const fx = dx & 15;
  const fy = dy & 15;
  weighCorners(fx, fy);
  const w00 = corner00;
  const w01 = corner01;
  const w10 = corner10;
  const w11 = corner11;
  const row = restRow(p);
  let to = restAt + <usize>f * restFrame(p);
  const sign: i16 = back ? -1 : 1;
  for (let v = 0; v < SIDE; v++, q += 2 * wide, to += row) {
    const weight = i16x8.splat(load<i16>(weightsY + (<usize>v << 1)) * sign);
    for (let u: usize = 0; u < 2; u++) {
      const weights = i16x8.mul(v128.load(weightsX + (u << 4)), weight);
      const value = between(q + (u << 4), wide, w00, w01, w10, w11);
      const at = to + (u << 5);
      v128.store(at, i32x4.sub(v128.load(at), i32x4.extmul_low_i16x8_s(weights, value)));
      v128.store(at, i32x4.sub(v128.load(at, 16), i32x4.extmul_high_i16x8_s(weights, value)), 16);
    }
  }
}

function take(p: usize, x: i32, y: i32, back: bool): void {
  for (let f = 0; f < int(p, COUNT); f++) takeFrame(p, f, x, y, back);
}

// @ts-ignore: a decorator
@inline
function squares(low: v128, high: v128, weights: v128): v128 {
  const e = i16x8.narrow_i32x4_s(i32x4.shr_s(low, SHIFT), i32x4.shr_s(high, SHIFT));
  const counted = v128.and(e, i16x8.ne(weights, i16x8.splat(0)));
  return i32x4.dot_i16x8_s(counted, counted);
}

// @ts-ignore: a decorator
@inline
function total(v: v128): i32 {
  const halves = i32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}

/** Squared error of the block's window as it is. */
function errorNow(p: usize): i32 {
  const row = restRow(p);
  let sum = i32x4.splat(0);
  for (let f = 0; f < int(p, COUNT); f++) {
    let q = restAt + <usize>f * restFrame(p);
    for (let v = 0; v < SIDE; v++, q += row) {
      const weight = i16x8.splat(load<i16>(weightsY + (<usize>v << 1)));
      for (let u: usize = 0; u < 2; u++) {
        const weights = i16x8.mul(v128.load(weightsX + (u << 4)), weight);
        const at = q + (u << 5);
        sum = i32x4.add(sum, squares(v128.load(at), v128.load(at, 16), weights));
      }
    }
  }
  return total(sum);
}

/** The same of one frame, with a vector for the block, which has none. */
function errorWith(p: usize, f: i32, x: i32, y: i32): i32 {
  const finer = 4 / int(p, COUNT);
  const dx = x * (f + 1) * finer;
  const dy = y * (f + 1) * finer;
  const wide = at(p, FINE_WIDE);
  const edge = int(p, FINE_EDGE);
  let q = at(p, FINE) + <usize>(blockY + (dy >> 4) + edge) * wide + <usize>(blockX + (dx >> 4) + edge);
  const fx = dx & 15;
  const fy = dy & 15;
  weighCorners(fx, fy);
  const w00 = corner00;
  const w01 = corner01;
  const w10 = corner10;
  const w11 = corner11;
  const row = restRow(p);
  let from = restAt + <usize>f * restFrame(p);
  let sum = i32x4.splat(0);
  for (let v = 0; v < SIDE; v++, q += 2 * wide, from += row) {
    const weight = i16x8.splat(load<i16>(weightsY + (<usize>v << 1)));
    for (let u: usize = 0; u < 2; u++) {
      const weights = i16x8.mul(v128.load(weightsX + (u << 4)), weight);
      const value = between(q + (u << 4), wide, w00, w01, w10, w11);
      const at = from + (u << 5);
      const low = i32x4.sub(v128.load(at), i32x4.extmul_low_i16x8_s(weights, value));
      const high = i32x4.sub(v128.load(at, 16), i32x4.extmul_high_i16x8_s(weights, value));
      sum = i32x4.add(sum, squares(low, high, weights));
    }
  }
  return total(sum);
}

function attemptOverlapped(p: usize, x: i32, y: i32): void {
  const axisX = at(p, AXIS_X);
  const axisY = at(p, AXIS_Y);
  const longestX = <i32>load<i16>(axisX + ((int(p, PLACES_X) - 1) << 1));
  const longestY = <i32>load<i16>(axisY + ((int(p, PLACES_Y) - 1) << 1));
  if (abs<i32>(x) > longestX || abs<i32>(y) > longestY) return;
  const placeX = <usize>load<u8>(at(p, NEAREST_X) + <usize>(x + longestX));
  const placeY = <usize>load<u8>(at(p, NEAREST_Y) + <usize>(y + longestY));
  x = <i32>load<i16>(axisX + (placeX << 1));
  y = <i32>load<i16>(axisY + (placeY << 1));
  if (x === bestX && y === bestY) return;
  let error = 0;
  // The last frame, which moves most, soonest tells what is wrong.
  for (let f = int(p, COUNT) - 1; f >= 0; f--) {
    error += errorWith(p, f, x, y);
    if (error >= best) return;
  }
  best = error;
  bestX = x;
  bestY = y;
}

function betterBlock(p: usize, r: i32, c: i32): void {
  const rows = int(p, ROWS);
  const columns = int(p, COLUMNS);
  const found = at(p, FOUND);
  const block = r * columns + c;
  const own = found + (<usize>block << 2);
  openBlock(p, r, c);
  best = errorNow(p);
  if (best < int(p, ENOUGH)) return;
  bestX = <i32>load<i16>(own);
  bestY = <i32>load<i16>(own, 2);
  take(p, bestX, bestY, true);
  candidates = 0;
  addCandidate(p, 0);
  for (let y = max<i32>(0, r - 1); y <= min<i32>(rows - 1, r + 1); y++) {
    for (let x = max<i32>(0, c - 1); x <= min<i32>(columns - 1, c + 1); x++) {
      addCandidate(p, load<i32>(found + (<usize>(y * columns + x) << 2)));
    }
  }
  for (let k = 0; k < KEPT; k++) {
    addCandidate(p, scaled(load<i32>(at(p, COARSE) + <usize>((block * KEPT + k) << 2))));
  }
  const list = at(p, SCRATCH) + CANDIDATES;
  for (let i = 0; i < candidates; i++) {
    const vector = list + (<usize>i << 2);
    attemptOverlapped(p, <i32>load<i16>(vector), <i32>load<i16>(vector, 2));
  }
  for (let step = 4; step >= 1; step >>= 1) {
    const mx = bestX;
    const my = bestY;
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        if (x !== 0 || y !== 0) attemptOverlapped(p, mx + x * step, my + y * step);
      }
    }
  }
  take(p, bestX, bestY, false);
  store<i16>(own, <i16>bestX);
  store<i16>(own, <i16>bestY, 2);
}

/** FOUND once more, in place, and CODES. */
export function matchOverlapped(p: usize): void {
  const rows = int(p, ROWS);
  const columns = int(p, COLUMNS);
  openRests(p);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const own = at(p, FOUND) + (<usize>(r * columns + c) << 2);
      openBlock(p, r, c);
      take(p, <i32>load<i16>(own), <i32>load<i16>(own, 2), false);
    }
  }
  for (let pass = 0; pass < int(p, PASSES); pass++) {
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) betterBlock(p, r, c);
  }
  const longestX = <i32>load<i16>(at(p, AXIS_X) + ((int(p, PLACES_X) - 1) << 1));
  const longestY = <i32>load<i16>(at(p, AXIS_Y) + ((int(p, PLACES_Y) - 1) << 1));
  for (let block = 0; block < rows * columns; block++) {
    const own = at(p, FOUND) + (<usize>block << 2);
    const px = <i32>load<u8>(at(p, NEAREST_X) + <usize>(<i32>load<i16>(own) + longestX));
    const py = <i32>load<u8>(at(p, NEAREST_Y) + <usize>(<i32>load<i16>(own, 2) + longestY));
    store<i32>(at(p, CODES) + (<usize>block << 2), py * int(p, PLACES_X) + px);
  }
}

/** FOUND and COARSE of every block. */
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
      refine(p, UNIT / 2, own);
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
