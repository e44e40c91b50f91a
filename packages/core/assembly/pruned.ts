// Nearest codewords of few coordinates, or of vectors that lie near few directions: codewords are sorted
// into blocks of 32 that lie close together, and a vector looks only into blocks whose bounding box is no
// farther than the nearest codeword found so far. src/kernels/pruned.ts lays out memory; codes are those
// of src/kernels/reference.ts.
//
// With a basis of `width` orthonormal directions a vector x' = x - mean has coordinates
// Y = (B x', |x' - BᵀB x'|), and |x - c|^2 >= |Y_x - Y_c|^2, for the rests are at least as far from each
// other as their lengths are. Without one Y is x'.

import { estimate, exact, packCodebook, packVectors, shareOf, tinyOf } from "./nearest";
import { products } from "./additive";
import { at } from "./params";

const X: usize = 0;
const DIM: usize = 4;
const PAD: usize = 8;
const MEAN: usize = 12;
const CENTRED: usize = 16;
/** Directions of the basis, or 0. */
const WIDTH: usize = 20;
const BASIS: usize = 24;
const BIAS: usize = 28;
const TURNED: usize = 32;
const Y: usize = 36;
const DIM_Y: usize = 40;
const PAD_Y: usize = 44;
const ZEROS: usize = 48;
const PACKED: usize = 52;
const LENGTHS: usize = 56;
const STATE: usize = 60;
const NORMS: usize = 64;
const WHOLE: usize = 68;
const PANELS: usize = 72;
const SIZE: usize = 76;
/** Blocks, up to a multiple of 8. */
const BLOCKS: usize = 80;
/** [blocks / 8, pairs, 4 registers]: low ends of 4 and 4 blocks, high ends of 4 and 4. */
const BOXES: usize = 84;
/** Codewords as they came, [size, pad], and their indices in the order of blocks. */
const C: usize = 88;
const ORDER: usize = 92;
const QUERY: usize = 96;
const SCORES: usize = 100;
const INDICES: usize = 104;
const DISTANCES: usize = 108;
/** Coordinates [size, padY] of codewords as they came and in the order of blocks; only while preparing. */
const RAW_Y: usize = 112;
const SORTED_Y: usize = 116;
/** Boxes of 8 blocks each, laid out as those of blocks. */
const OUTER: usize = 120;
const OUTER_BOUNDS: usize = 124;
/** Float64: steps of a box a unit; greatest rest of a codeword. */
const BOX_SCALE: usize = 128;
const REST: usize = 136;

const BLOCK: i32 = 32;
const BLOCK_PANELS: usize = 4;
const MOST: f32 = 4090;
const MIDDLE: f32 = 4096;
const ULP: f64 = 5.9604644775390625e-8;

/** Rows [rows, pad] at `from` less the mean as [rows, dim], and their Y. Returns the greatest rest. */
function coordinates(p: usize, from: usize, rows: i32, centred: usize, turned: usize, y: usize): f64 {
  const dim = <i32>at(p, DIM);
  const pad = at(p, PAD);
  const mean = at(p, MEAN);
  const width = <i32>at(p, WIDTH);
  const padY = at(p, PAD_Y);
  if (width === 0) {
    for (let n = 0; n < rows; n++) {
      const row = from + ((<usize>n * pad) << 2);
      const to = y + ((<usize>n * pad) << 2);
      for (let d: usize = 0; d < pad << 2; d += 16) {
        v128.store(to + d, f32x4.sub(v128.load(row + d), v128.load(mean + d)));
      }
    }
    return 0;
  }
  const whole = (<usize>width + 7) & ~7;
  let greatest: f64 = 0;
  for (let n = 0; n < rows; n++) {
    const row = from + ((<usize>n * pad) << 2);
    const to = centred + ((<usize>n * <usize>dim) << 2);
    for (let d: usize = 0; d < <usize>dim << 2; d += 4) {
      store<f32>(to + d, load<f32>(row + d) - load<f32>(mean + d));
    }
  }
  products(centred, rows, dim, at(p, BASIS), width, at(p, BIAS), 1, turned);
  for (let n = 0; n < rows; n++) {
    const row = centred + ((<usize>n * <usize>dim) << 2);
    const from = turned + ((<usize>n * whole) << 2);
    const to = y + ((<usize>n * padY) << 2);
    let all: f64 = 0;
    for (let d: usize = 0; d < <usize>dim << 2; d += 4) {
      const v = <f64>load<f32>(row + d);
      all += v * v;
    }
    let seen: f64 = 0;
    for (let d: usize = 0; d < <usize>width << 2; d += 4) {
      const v = load<f32>(from + d);
      store<f32>(to + d, v);
      seen += <f64>v * <f64>v;
    }
    const rest = Math.sqrt(max<f64>(all - seen, 0));
    greatest = max<f64>(greatest, rest);
    store<f32>(to + (<usize>width << 2), <f32>rest);
    for (let d = (<usize>width + 1) << 2; d < padY << 2; d += 4) store<f32>(to + d, 0);
  }
  return greatest;
}

// @ts-ignore: a decorator
@inline
function valueAt(y: usize, order: usize, padY: usize, i: i32, d: usize): f32 {
  return load<f32>(y + (<usize>load<i32>(order + (<usize>i << 2)) * padY + d) * 4);
}

/** Sorts `order` [a, b) into blocks: halves at the middle of the widest coordinate, again and again. */
function sortBlocks(y: usize, padY: usize, dimY: i32, order: usize, a: i32, b: i32): void {
  if (b - a <= BLOCK) return;
  let axis: usize = 0;
  let widest: f32 = -1;
  for (let d: usize = 0; d < <usize>dimY; d++) {
    let low: f32 = Infinity;
    let high: f32 = -Infinity;
    let sum: f64 = 0;
    let squares: f64 = 0;
    // Of many a share tells enough.
    const step = max<i32>(1, (b - a) >> 9);
    for (let i = a; i < b; i += step) {
      const value = valueAt(y, order, padY, i, d);
      low = min<f32>(low, value);
      high = max<f32>(high, value);
      sum += <f64>value;
      squares += <f64>value * <f64>value;
    }
    const count = <f64>((b - a + step - 1) / step);
    const spread = <f32>(squares - (sum * sum) / count);
    if (spread > widest && high > low) {
      widest = spread;
      axis = d;
    }
  }
  const middle = a + (((b - a) / 2 + BLOCK - 1) & -BLOCK);
  let left = a;
  let right = b - 1;
  while (left < right) {
    const pivot = valueAt(y, order, padY, (left + right) >> 1, axis);
    let i = left;
    let j = right;
    do {
      while (valueAt(y, order, padY, i, axis) < pivot) i++;
      while (pivot < valueAt(y, order, padY, j, axis)) j--;
      if (i <= j) {
        const one = order + (<usize>i << 2);
        const other = order + (<usize>j << 2);
        const swap = load<i32>(one);
        store<i32>(one, load<i32>(other));
        store<i32>(other, swap);
        i++;
        j--;
      }
    } while (i <= j);
    if (j < middle) left = i;
    if (middle < i) right = j;
  }
  sortBlocks(y, padY, dimY, order, a, middle);
  sortBlocks(y, padY, dimY, order, middle, b);
}

/** Bounding boxes of `count` runs of `length` codewords; runs behind the last have its box. */
function boxesOf(
  y: usize,
  padY: usize,
  size: i32,
  length: i32,
  count: i32,
  scale: f32,
  boxes: usize,
): void {
  const pairs = padY >> 1;
  for (let run = 0; run < count; run++) {
    const first = min<i32>(run * length, ((size - 1) / length) * length);
    const last = min<i32>(first + length, size);
    const base = boxes + ((<usize>(run >> 3) * pairs) << 6) + (<usize>(run & 7) << 2);
    for (let d: usize = 0; d < padY; d++) {
      let low: f32 = Infinity;
      let high: f32 = -Infinity;
      for (let k = first; k < last; k++) {
        const value = load<f32>(y + ((<usize>k * padY + d) << 2));
        low = min<f32>(low, value);
        high = max<f32>(high, value);
      }
      const to = base + ((d >> 1) << 6) + ((d & 1) << 1);
      store<i16>(to, <i16>(Mathf.floor(low * scale) - 1 + MIDDLE));
      store<i16>(to, <i16>(Mathf.ceil(high * scale) + 1 + MIDDLE), 32);
    }
  }
}

/** Prepares the codewords. Returns R as `packCodebook`, of the whole codewords. */
export function pruneCodebook(p: usize): f64 {
  const size = <i32>at(p, SIZE);
  const pad = at(p, PAD);
  const dimY = <i32>at(p, DIM_Y);
  const padY = at(p, PAD_Y);
  const order = at(p, ORDER);
  const rawY = at(p, RAW_Y);
  const raw = at(p, C);
  // CENTRED holds a tile; codewords go through it in tiles of 64.
  let rest: f64 = 0;
  for (let k = 0; k < size; k += 64) {
    const rows = min<i32>(64, size - k);
    const from = raw + ((<usize>k * pad) << 2);
    const to = rawY + ((<usize>k * padY) << 2);
    rest = max<f64>(rest, coordinates(p, from, rows, at(p, CENTRED), at(p, TURNED), to));
  }
  store<f64>(p + REST, rest);
  for (let k = 0; k < size; k++) store<i32>(order + (<usize>k << 2), k);
  sortBlocks(rawY, padY, dimY, order, 0, size);
  const y = at(p, SORTED_Y);
  for (let k = 0; k < size; k++) {
    const from = <usize>load<i32>(order + (<usize>k << 2));
    memory.copy(y + ((<usize>k * padY) << 2), rawY + ((from * padY) << 2), padY << 2);
  }
  const blocks = <i32>at(p, BLOCKS);
  for (let k = 0; k < blocks * BLOCK; k++) {
    store<i32>(at(p, WHOLE) + (<usize>k << 2), i32.MIN_VALUE);
  }
  const radius = packCodebook(
    y,
    size,
    <i32>padY,
    at(p, ZEROS),
    at(p, PANELS),
    at(p, NORMS),
    at(p, STATE),
  );
  let most: f32 = 0;
  for (let i: usize = 0; i < (<usize>size * padY) << 2; i += 4) {
    most = max<f32>(most, Mathf.abs(load<f32>(y + i)));
  }
  const scale: f32 = most > 1e-30 ? MOST / most : 1;
  store<f64>(p + BOX_SCALE, <f64>scale);
  const full = ((size + 7) >> 3) * <i32>(padY << 4);
  memory.fill(at(p, PANELS) + full, 0, ((<usize>(blocks * BLOCK) * padY) << 1) - full);
  boxesOf(y, padY, size, BLOCK, blocks, scale, at(p, BOXES));
  boxesOf(y, padY, size, BLOCK * 8, (blocks / 8 + 7) & -8, scale, at(p, OUTER));
  return radius;
}

/** The vector that is looked for, and what it has found. */
let best: f64 = 0;
let bestIndex: i32 = 0;
let vector: usize = 0;
let values: usize = 0;
/** |Y|^2 less all that rounding may do to a score, the same to a distance, and the unit of scores. */
let base: f64 = 0;
let slack: f64 = 0;
let unit: f64 = 0;
let share: f64 = 0;
let tiny: f64 = 0;
/** Scores below are too far, boxes beyond as well. */
let threshold: i32 = 0;
let reachable: i32 = 0;
let boxSquare: f64 = 0;
let visits: i32 = 0;
let looks: i32 = 0;
let evaluated: i32 = 0;
/** The codebook. */
let codewords: usize = 0;
let order: usize = 0;
let pad: i32 = 0;
let pairs: usize = 0;
let panels: usize = 0;
let whole: usize = 0;
let boxes: usize = 0;
let query: usize = 0;
let scores: usize = 0;

function tryWord(k: i32): void {
  evaluated++;
  const own = load<i32>(order + (<usize>k << 2));
  const word = codewords + ((<usize>own * <usize>pad) << 2);
  if (<f64>estimate(vector, word, pad) > (best + tiny) * (1 + 3 * share) + tiny) return;
  const distance = exact(vector, word, pad);
  if (distance < best) {
    best = distance;
    bestIndex = own;
    const least = (base - distance) / unit - 1;
    threshold =
      least > -2147483647
        ? least < 2147483647
          ? <i32>Math.floor(least)
          : i32.MAX_VALUE
        : -2147483647;
    const limit = (distance + slack) * boxSquare + 2;
    reachable = limit < 2147483647 ? <i32>limit : i32.MAX_VALUE;
  } else if (distance === best && own < bestIndex) {
    bestIndex = own;
  }
}

/** Greatest score of a block's panel pair for vectors of 8 numbers, and all of its scores. */
// @ts-ignore: a decorator
@inline
function scoreEight(panel: usize, start: usize, to: usize, v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const a = i32x4.add(
    i32x4.add(
      i32x4.add(v128.load(start), i32x4.dot_i16x8_s(v0, v128.load(panel))),
      i32x4.dot_i16x8_s(v1, v128.load(panel, 32)),
    ),
    i32x4.add(
      i32x4.dot_i16x8_s(v2, v128.load(panel, 64)),
      i32x4.dot_i16x8_s(v3, v128.load(panel, 96)),
    ),
  );
  const b = i32x4.add(
    i32x4.add(
      i32x4.add(v128.load(start, 16), i32x4.dot_i16x8_s(v0, v128.load(panel, 16))),
      i32x4.dot_i16x8_s(v1, v128.load(panel, 48)),
    ),
    i32x4.add(
      i32x4.dot_i16x8_s(v2, v128.load(panel, 80)),
      i32x4.dot_i16x8_s(v3, v128.load(panel, 112)),
    ),
  );
  v128.store(to, a);
  v128.store(to, b, 16);
  return i32x4.max_s(a, b);
}

/** Looks into block `own`. */
function visit(own: i32): void {
  visits++;
  const panelBytes = pairs << 5;
  let panel = panels + <usize>own * (BLOCK_PANELS * panelBytes);
  let start = whole + (<usize>own << 7);
  let top = i32x4.splat(i32.MIN_VALUE);
  if (pairs === 4) {
    const v0 = v128.load32_splat(values);
    const v1 = v128.load32_splat(values, 16);
    const v2 = v128.load32_splat(values, 32);
    const v3 = v128.load32_splat(values, 48);
    const t0 = scoreEight(panel, start, scores, v0, v1, v2, v3);
    const t1 = scoreEight(panel + 128, start + 32, scores + 32, v0, v1, v2, v3);
    const t2 = scoreEight(panel + 256, start + 64, scores + 64, v0, v1, v2, v3);
    const t3 = scoreEight(panel + 384, start + 96, scores + 96, v0, v1, v2, v3);
    top = i32x4.max_s(i32x4.max_s(t0, t1), i32x4.max_s(t2, t3));
  } else {
    for (let to = scores; to < scores + 128; to += 64, start += 64) {
      let a0 = v128.load(start);
      let b0 = v128.load(start, 16);
      let a1 = v128.load(start, 32);
      let b1 = v128.load(start, 48);
      let from = values;
      const end = panel + panelBytes;
      for (; panel < end; panel += 32, from += 16) {
        const v = v128.load32_splat(from);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v, v128.load(panel)));
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(v, v128.load(panel, 16)));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v, v128.load(panel + panelBytes)));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(v, v128.load(panel + panelBytes, 16)));
      }
      panel += panelBytes;
      v128.store(to, a0);
      v128.store(to, b0, 16);
      v128.store(to, a1, 32);
      v128.store(to, b1, 48);
      top = i32x4.max_s(top, i32x4.max_s(i32x4.max_s(a0, b0), i32x4.max_s(a1, b1)));
    }
  }
  if (!v128.any_true(i32x4.ge_s(top, i32x4.splat(threshold)))) return;
  const first = own << 5;
  // The greatest score first: its distance rules out most of the others.
  const high = i32x4.splat(
    max<i32>(
      max<i32>(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)),
      max<i32>(i32x4.extract_lane(top, 2), i32x4.extract_lane(top, 3)),
    ),
  );
  let leader = -1;
  for (let i: usize = 0; i < 128; i += 16) {
    const hit = i32x4.bitmask(i32x4.eq(v128.load(scores + i), high));
    if (hit === 0) continue;
    leader = first + <i32>(i >> 2) + ctz(hit);
    break;
  }
  tryWord(leader);
  for (let i: usize = 0; i < 128; i += 16) {
    let hit = i32x4.bitmask(i32x4.ge_s(v128.load(scores + i), i32x4.splat(threshold)));
    while (hit !== 0) {
      const k = first + <i32>(i >> 2) + ctz(hit);
      hit &= hit - 1;
      if (k !== leader) tryWord(k);
    }
  }
}

// @ts-ignore: a decorator
@inline
function gap(box: usize, q: v128): v128 {
  const t = v128.or(
    i16x8.sub_sat_u(v128.load(box), q),
    i16x8.sub_sat_u(q, v128.load(box, 32)),
  );
  return i32x4.dot_i16x8_s(t, t);
}

/** Looks into the 8 blocks from 8 octet on, the nearest first if `isHome`. */
function visitOctet(octet: i32, isHome: bool): void {
  looks++;
  let a = i32x4.splat(0);
  let b = a;
  let box = boxes + ((<usize>octet * pairs) << 6);
  for (let pair: usize = 0; pair < pairs; pair++, box += 64) {
    const q = v128.load32_splat(query + (pair << 2));
    a = i32x4.add(a, gap(box, q));
    b = i32x4.add(b, gap(box + 16, q));
  }
  const first = octet << 3;
  let done = -1;
  if (isHome) {
    const low = i32x4.min_s(a, b);
    const nearest = i32x4.splat(
      min<i32>(
        min<i32>(i32x4.extract_lane(low, 0), i32x4.extract_lane(low, 1)),
        min<i32>(i32x4.extract_lane(low, 2), i32x4.extract_lane(low, 3)),
      ),
    );
    done = ctz(i32x4.bitmask(i32x4.eq(a, nearest)) | (i32x4.bitmask(i32x4.eq(b, nearest)) << 4));
    visit(first + done);
  }
  const bound = i32x4.splat(reachable);
  let mask = i32x4.bitmask(i32x4.le_s(a, bound)) | (i32x4.bitmask(i32x4.le_s(b, bound)) << 4);
  if (mask === 0) return;
  v128.store(scores + 128, a);
  v128.store(scores + 128, b, 16);
  while (mask !== 0) {
    const lane = ctz(mask);
    mask &= mask - 1;
    if (lane !== done && load<i32>(scores + 128 + (<usize>lane << 2)) <= reachable) {
      visit(first + lane);
    }
  }
}

/**
 * Nearest codewords of the vectors at X. Returns about how many vector instructions that took, or -1
 * where squares may leave float32 (nothing is found then).
 */
export function prunedTile(p: usize, rows: i32): f64 {
  const dim = <i32>at(p, DIM);
  const padY = <i32>at(p, PAD_Y);
  const width = <f64>load<i32>(p + WIDTH);
  const x = at(p, X);
  const y = at(p, Y);
  const packed = at(p, PACKED);
  const lengths = at(p, LENGTHS);
  const state = at(p, STATE);
  const outer = at(p, OUTER);
  const bounds = at(p, OUTER_BOUNDS);
  pad = <i32>at(p, PAD);
  whole = at(p, WHOLE);
  panels = at(p, PANELS);
  codewords = at(p, C);
  order = at(p, ORDER);
  query = at(p, QUERY);
  scores = at(p, SCORES);
  boxes = at(p, BOXES);
  pairs = <usize>padY >> 1;
  const octets = <i32>at(p, BLOCKS) >> 3;
  const wholeOctets = (octets + 7) & -8;
  coordinates(p, x, rows, at(p, CENTRED), at(p, TURNED), y);
  const longest = packVectors(
    y,
    rows,
    padY,
    at(p, ZEROS),
    packed,
    lengths,
    state,
    at(p, NORMS),
    whole,
    <i32>at(p, SIZE),
  );
  const radius = load<f64>(state);
  if (!(radius + longest < 1e18)) return -1;
  unit = load<f64>(state, 32);
  share = shareOf(dim);
  tiny = tinyOf(dim);
  // What float32 may move a product with a direction of the basis, a share of the length.
  const turn: f64 = width > 0 ? <f64>(dim + 16) * 4 * Math.sqrt(width + 1) * ULP : 0;
  const rest = load<f64>(p + REST);
  const boxScale = load<f64>(p + BOX_SCALE);
  const boxStep = f32x4.splat(<f32>boxScale);
  boxSquare = boxScale * boxScale * 1.000001;
  const most = f32x4.splat(4095);
  const least = f32x4.splat(-4095);
  const middle = i32x4.splat(4096);
  visits = 0;
  looks = 0;
  evaluated = 0;
  for (let n = 0; n < rows; n++) {
    const row = y + ((<usize>n * <usize>padY) << 2);
    for (let d: usize = 0; d < <usize>padY; d += 4) {
      const v = f32x4.nearest(f32x4.mul(v128.load(row + (d << 2)), boxStep));
      const clamped = f32x4.pmax(f32x4.pmin(v, most), least);
      const wide = i32x4.add(i32x4.trunc_sat_f32x4_s(clamped), middle);
      v128.store64_lane(query + (d << 1), i16x8.narrow_i32x4_s(wide, wide), 0);
    }
    let nearest4 = i32x4.splat(i32.MAX_VALUE);
    let box = outer;
    for (let octet = 0; octet < wholeOctets; octet += 8) {
      let a = i32x4.splat(0);
      let b = a;
      for (let pair: usize = 0; pair < pairs; pair++, box += 64) {
        const q = v128.load32_splat(query + (pair << 2));
        a = i32x4.add(a, gap(box, q));
        b = i32x4.add(b, gap(box + 16, q));
      }
      v128.store(bounds + (<usize>octet << 2), a);
      v128.store(bounds + (<usize>octet << 2), b, 16);
      nearest4 = i32x4.min_s(nearest4, i32x4.min_s(a, b));
    }
    const nearest = i32x4.splat(
      min<i32>(
        min<i32>(i32x4.extract_lane(nearest4, 0), i32x4.extract_lane(nearest4, 1)),
        min<i32>(i32x4.extract_lane(nearest4, 2), i32x4.extract_lane(nearest4, 3)),
      ),
    );
    vector = x + ((<usize>n * <usize>pad) << 2);
    values = packed + <usize>(n >> 2) * (<usize>padY << 3) + (<usize>(n & 3) << 2);
    const length = load<f64>(lengths + (<usize>n << 4));
    const reach = length + radius;
    slack = load<f64>(lengths + (<usize>n << 4), 8) + share * reach * reach + tiny;
    if (width > 0) {
      // Coordinates are off by turn / 4 of the length, so their squares by turn reach^2; the square of a
      // rest as well, and the rest itself by no more than the root of that.
      const own = <f64>load<f32>(row + (<usize>width << 2));
      const off = Math.sqrt(turn) * reach;
      slack += turn * reach * reach + off * (2 * max<f64>(own, rest) + off);
    }
    base = length * length - slack;
    best = Infinity;
    bestIndex = i32.MAX_VALUE;
    threshold = i32.MIN_VALUE;
    reachable = i32.MAX_VALUE;
    let home: usize = 0;
    let hit = 0;
    for (;;) {
      hit = i32x4.bitmask(i32x4.eq(v128.load(bounds + home), nearest));
      if (hit !== 0) break;
      home += 16;
    }
    home += <usize>ctz(hit) << 2;
    visitOctet(<i32>(home >> 2), true);
    store<i32>(bounds + home, i32.MAX_VALUE);
    // The near ones first, so that the others are compared with less.
    for (let pass = 0; pass < 2; pass++) {
      for (let octet = 0; octet < octets; octet += 4) {
        const limit = pass === 0 ? reachable >> 2 : reachable;
        let mask = i32x4.bitmask(
          i32x4.le_s(v128.load(bounds + (<usize>octet << 2)), i32x4.splat(limit)),
        );
        while (mask !== 0) {
          const own = octet + ctz(mask);
          mask &= mask - 1;
          const bound = load<i32>(bounds + (<usize>own << 2));
          if (own >= octets || bound > reachable || bound === i32.MAX_VALUE) continue;
          visitOctet(own, false);
          store<i32>(bounds + (<usize>own << 2), i32.MAX_VALUE);
        }
      }
    }
    store<i32>(at(p, INDICES) + (<usize>n << 2), bestIndex);
    store<f32>(at(p, DISTANCES) + (<usize>n << 2), <f32>best);
  }
  return (
    (<f64>rows * <f64>wholeOctets + <f64>looks * 8) * (<f64>pairs * 1.5 + 1) +
    <f64>visits * (<f64>pairs * 16 + 90) +
    <f64>evaluated * (<f64>pad * 2 + 20) +
    <f64>rows * width * <f64>dim * 0.6
  );
}
