// Nearest codewords as nearest.ts finds them, for engines with relaxed SIMD: its product of int8 with 7-bit
// numbers, summed in pairs, does twice the work of an int16 product in one instruction (pmaddubsw on x86).
// Scores stay in int16, eight codewords to a register. The codes are the same.
//
// Codewords are rounded to int8 and vectors to 7 bits, 64 for zero. What the 64 adds to a product depends on
// the codeword alone and is taken off where its sum begins. Sums are modulo 2^16; scales are such that
// what they stand for fits. No product of the instruction leaves int16 (2 * 127 * 127), so nothing of it
// depends on the machine.
//
// A score stands for x'·c' - |c'|^2 / 2 + r |c'|, r the most that rounding took from a vector of the tile:
// rounding vectors cannot bring it below what it would be without r and rounding, so that what rounding took
// from codewords is all that is left to be wary of.
//
// Where codewords lie too close together for bytes, all of this is left to nearest.ts (search.ts).

import { estimate, exact, greatestLane, shareOf, sumOf, tinyOf } from "./nearest";

const PANEL: i32 = 8;
/** Float64 numbers at `state`: R, the scale of codewords, and the most that rounding took from one. */
const RADIUS: usize = 0;
const CODE_SCALE: usize = 8;
const CODE_ERROR: usize = 16;
/** Of the tile: the unit of scores, a step of vectors' scores towards |x'|^2 - |x - c|^2. */
const UNIT: usize = 32;
/** Greatest length of 64 coordinates of a codeword. */
const CHUNK_RADIUS: usize = 40;
/** Of the tile: what is added to scores so that they fit int16; by how many bits sums of 64 products are shifted. */
const SHIFT: usize = 48;
const BITS: usize = 56;
/** Of the tile: r. */
const REST: usize = 64;
/** Where the biases lie. */
const BIASES: usize = 72;
/** Whether bytes are fine enough for the codebook. */
const IS_FINE: usize = 80;
/** Of the tile: length beyond which a vector is compared with all codewords one by one. */
const FAR: usize = 88;

/** Times the harmonic mean of |x'| + R at which a vector is far, and most of the tile that may be: a share. */
const FAR_REACH: f64 = 4;
const FAR_SHARE: i32 = 8;

/** Numbers whose product is summed in int16. */
const CHUNK: i32 = 64;
const CHUNK_BYTES: usize = 256;
/** Of more numbers, what shifting takes from each 64 of them adds up. */
const MOST_NUMBERS: i32 = 16384;
/** Width of the range of a score, and greatest product of 64 numbers. */
const SCORE_RANGE: f64 = 65200;
const CHUNK_RANGE: f64 = 32600;
/** Where the scales of vectors and codewords lose about as much: the root of CHUNK_RANGE, about. */
const BALANCE: f64 = 180;

// @ts-ignore: a decorator
@inline
function product(words: v128, vector: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(words, vector);
}

/** |row - mean|^2, the greatest square of 64 coordinates, and the greatest magnitudes of all rows. */
let square: f64 = 0;
let chunkSquare: f64 = 0;
let magnitudes: v128 = i32x4.splat(0);

/** Measures one row [pad]: its square within a relative (pad / 4 + 4) 2^-24. */
// @ts-ignore: a decorator
@inline
function measure(row: usize, mean: usize, pad: i32): void {
  let most = magnitudes;
  square = 0;
  chunkSquare = 0;
  const end = row + (<usize>pad << 2);
  while (row < end) {
    const last = min<usize>(row + CHUNK_BYTES, end);
    let sum = f32x4.splat(0);
    for (; row < last; row += 16, mean += 16) {
      const v = f32x4.sub(v128.load(row), v128.load(mean));
      sum = f32x4.add(sum, f32x4.mul(v, v));
      most = f32x4.pmax(most, f32x4.abs(v));
    }
    const part = <f64>sumOf(sum);
    square += part;
    chunkSquare = max<f64>(chunkSquare, part);
  }
  magnitudes = most;
}

// @ts-ignore: a decorator
@inline
function panelsOf(size: i32): i32 {
  return ((size + 2 * PANEL - 1) / (2 * PANEL)) * 2;
}

// @ts-ignore: a decorator
@inline
function chunksOf(pad: i32): i32 {
  return (pad + CHUNK - 1) / CHUNK;
}

/** Whether the functions below are for the codebook of `state`. */
// @ts-ignore: a decorator
@inline
export function isFine(state: usize): bool {
  return load<f64>(state, IS_FINE) !== 0;
}

/** Codewords whose neighbours are looked at, and most that these are compared with. */
const SAMPLE: i32 = 8;
const NEIGHBOURS: i32 = 1024;
/** |x - c|^2 of a vector and its codeword, as a share of |c - c2|^2 of that and the next codeword, about. */
const SPACING: f64 = 0.5;
/**
 * Nanoseconds that bytes save a number of a codeword, and that a candidate costs: for itself and a number. As
 * measured; what is off here costs time only.
 */
const SAVED: f64 = 0.0145;
const CANDIDATE: f64 = 12;
const CANDIDATE_NUMBER: f64 = 0.5;
/** Rounding is off by 1 / sqrt(12) of a step, in the mean. */
const MEAN_ERROR: f64 = 0.29;

/**
 * Whether rounding to bytes leaves few codewords that may be nearest, so that looking at them takes less time
 * than products of bytes save: about as many as lie around a codeword, up to what rounding may hide
 * beyond its own neighbour.
 */
function fewAround(c: usize, size: i32, pad: i32, most: f64, norm: f64, lost: f64): bool {
  const padBytes = <usize>pad << 2;
  const rest = (MEAN_ERROR * Math.sqrt(<f64>pad) * most) / 63;
  const window = 2 * norm * (rest + lost);
  const samples = min<i32>(SAMPLE, size);
  const step = max<i32>(1, size / NEIGHBOURS);
  let near: i32 = 0;
  for (let i = 0; i < samples; i++) {
    const own = <i32>((<i64>i * size) / samples);
    const row = c + <usize>own * padBytes;
    let least: f64 = Infinity;
    for (let k = 0; k < size; k += step) {
      if (k !== own) least = min<f64>(least, <f64>estimate(row, c + <usize>k * padBytes, pad));
    }
    const reach = SPACING * least + window;
    for (let k = 0; k < size; k += step) {
      if (k !== own) near += i32(<f64>estimate(row, c + <usize>k * padBytes, pad) <= reach);
    }
  }
  const around = (<f64>near * <f64>step) / <f64>samples;
  const numbers = <f64>size * <f64>pad;
  return around * (CANDIDATE + CANDIDATE_NUMBER * <f64>pad) < SAVED * numbers;
}

/**
 * Packs codewords [size, pad] at `c` into panels [panels, pad / 2, 8] of pairs of int8 and, behind them,
 * [panels, chunks, 8] of int16: -64 times the sums of their numbers. Writes their |c'|^2 to `norms`, and to
 * `state` whether bytes are fine enough for them. Returns R, the greatest |c'|.
 */
export function packCodebook(
  c: usize,
  size: i32,
  pad: i32,
  mean: usize,
  panels: usize,
  norms: usize,
  state: usize,
): f64 {
  let greatest: f64 = 0;
  let chunk: f64 = 0;
  let total: f64 = 0;
  const padBytes = <usize>pad << 2;
  magnitudes = f32x4.splat(0);
  for (let k = 0; k < size; k++) {
    measure(c + <usize>k * padBytes, mean, pad);
    total += square;
    greatest = max<f64>(greatest, square);
    chunk = max<f64>(chunk, chunkSquare);
    store<f32>(norms + (<usize>k << 2), <f32>square);
  }
  const most = greatestLane(magnitudes);
  const radius = Math.sqrt(greatest);
  const chunkRadius = Math.sqrt(chunk);
  let scale: f64 = 1;
  if (most > 1e-30 && radius < 1e18) {
    // What vectors of the codewords' size leave of the range, or about as fine as those.
    const left = (CHUNK_RANGE * <f64>most) / (63 * chunk);
    scale = min<f64>(127 / <f64>most, max<f64>(left, BALANCE / chunkRadius));
  }
  const count = panelsOf(size);
  const panelBytes = <usize>pad << 3;
  const chunks = <usize>chunksOf(pad);
  const biases = panels + <usize>count * panelBytes;
  memory.fill(panels, 0, <usize>count * (panelBytes + (chunks << 4)));
  const by = f32x4.splat(<f32>scale);
  const back = f32x4.splat(<f32>(1 / scale));
  let lost: f32 = 0;
  for (let k = 0; k < count * PANEL; k++) {
    if (k >= size) {
      store<f32>(norms + (<usize>k << 2), f32.MAX_VALUE);
      continue;
    }
    const lane = <usize>(k & 7) << 1;
    let row = c + <usize>k * padBytes;
    const end = row + padBytes;
    let centre = mean;
    let to = panels + <usize>(k >> 3) * panelBytes + lane;
    let bias = biases + <usize>(k >> 3) * (chunks << 4) + lane;
    let left = f32x4.splat(0);
    while (row < end) {
      const last = min<usize>(row + CHUNK_BYTES, end);
      let sum = i32x4.splat(0);
      for (; row < last; row += 16, centre += 16, to += 32) {
        const v = f32x4.sub(v128.load(row), v128.load(centre));
        const whole = f32x4.nearest(f32x4.mul(v, by));
        const rest = f32x4.sub(v, f32x4.mul(whole, back));
        left = f32x4.add(left, f32x4.mul(rest, rest));
        const wide = i32x4.trunc_sat_f32x4_s(whole);
        sum = i32x4.add(sum, wide);
        const half = i16x8.narrow_i32x4_s(wide, wide);
        const bytes = i8x16.narrow_i16x8_s(half, half);
        v128.store16_lane(to, bytes, 0);
        v128.store16_lane(to, bytes, 1, 16);
      }
      sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
      const all = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1);
      store<i16>(bias, <i16>(-64 * all));
      bias += 16;
    }
    lost = max<f32>(lost, sumOf(left));
  }
  store<f64>(state, radius, RADIUS);
  store<f64>(state, scale, CODE_SCALE);
  // 1.01 and 1.2e-19 stand for the rounding of this very sum, subnormal squares among it.
  const error = 1.01 * Math.sqrt(<f64>lost) + 1.2e-19 * <f64>pad;
  const norm = Math.sqrt(total / <f64>size);
  const fine = pad <= MOST_NUMBERS && fewAround(c, size, pad, <f64>most, norm, error);
  store<f64>(state, fine ? 1 : 0, IS_FINE);
  store<f64>(state, error, CODE_ERROR);
  store<f64>(state, <f64>biases, BIASES);
  store<f64>(state, chunkRadius, CHUNK_RADIUS);
  return radius;
}

/**
 * The scale for vectors of this greatest |x'|, coordinate and length of 64 coordinates; writes UNIT, SHIFT and
 * BITS to `state`.
 */
function scaleFor(pad: i32, state: usize, longest: f64, most: f64, longestChunk: f64): f64 {
  const radius = load<f64>(state, RADIUS);
  const codeScale = load<f64>(state, CODE_SCALE);
  const chunks = chunksOf(pad);
  const numbers = min<i32>(pad, CHUNK);
  // Rounding moves 64 numbers by up to half the root of their count.
  const half = 0.51 * Math.sqrt(<f64>numbers);
  const code = codeScale * load<f64>(state, CHUNK_RADIUS) + half;
  let scale = min<f64>(63 / most, 1e18);
  scale = min<f64>(scale, (CHUNK_RANGE / code - half) / longestChunk);
  // Scores reach from -low to high, before they are shifted by bits.
  const whole = 0.51 * Math.sqrt(<f64>pad);
  const wholeCode = codeScale * radius + whole;
  let bits = 0;
  let shift: f64 = 0;
  for (;;) {
    const unit = scale * codeScale;
    const vector = scale * longest + whole;
    const low = vector * wholeCode + 0.5 * unit * radius * radius;
    // Beyond |x'|^2 / 2: what rounding adds to the product, (whole) of either, and r |c'|.
    const high = 0.5 * unit * longest * longest + whole * (vector + 2 * wholeCode);
    const fits = <f64>(1 << bits);
    const range = (low + high) / fits + <f64>chunks + 4;
    if (range <= SCORE_RANGE) {
      // A step less for each chunk is what shifting may take.
      shift = nearest<f64>((0.5 * (low - high)) / fits + 0.5 * <f64>chunks);
      break;
    }
    if (chunks > 1 && bits < 15) bits++;
    else scale *= 0.96;
  }
  store<f64>(state, (2 * <f64>(1 << bits)) / (scale * codeScale), UNIT);
  store<f64>(state, shift, SHIFT);
  store<f64>(state, <f64>bits, BITS);
  return scale;
}

/** What scores begin with, [panels, 8] int16 at `whole`; with the biases where there is but one. */
function beginnings(pad: i32, state: usize, norms: usize, whole: usize, size: i32): void {
  const unit = load<f64>(state, UNIT);
  const ofSquare = f32x4.splat(<f32>(-1 / unit));
  const ofRoot = f32x4.splat(<f32>((2 * load<f64>(state, REST)) / unit));
  const shift = i32x4.splat(<i32>load<f64>(state, SHIFT));
  const isOne = chunksOf(pad) === 1;
  const biases = <usize>load<f64>(state, BIASES);
  const padded = panelsOf(size) * PANEL;
  for (let k = 0; k < padded; k += 8) {
    const from = norms + (<usize>k << 2);
    const n0 = v128.load(from);
    const n1 = v128.load(from, 16);
    const s0 = f32x4.add(f32x4.mul(n0, ofSquare), f32x4.mul(f32x4.sqrt(n0), ofRoot));
    const s1 = f32x4.add(f32x4.mul(n1, ofSquare), f32x4.mul(f32x4.sqrt(n1), ofRoot));
    let both = i16x8.narrow_i32x4_s(
      i32x4.add(i32x4.trunc_sat_f32x4_s(s0), shift),
      i32x4.add(i32x4.trunc_sat_f32x4_s(s1), shift),
    );
    if (isOne) both = i16x8.add(both, v128.load(biases + (<usize>k << 1)));
    v128.store(whole + (<usize>k << 1), both);
  }
  for (let k = size; k < padded; k++) store<i16>(whole + (<usize>k << 1), i16.MIN_VALUE);
}

/** Length beyond which vectors are far: Infinity where none is, or too many are. */
function farFrom(lengths: usize, rows: i32, radius: f64): f64 {
  let sum: f64 = 0;
  for (let n = 0; n < rows; n++) sum += 1 / (load<f64>(lengths + (<usize>n << 4)) + radius);
  const far = (FAR_REACH * <f64>rows) / sum - radius;
  let count = 0;
  for (let n = 0; n < rows; n++) count += i32(load<f64>(lengths + (<usize>n << 4)) > far);
  return count > 0 && count * FAR_SHARE <= rows ? far : Infinity;
}

/**
 * Packs vectors [rows, pad] at `x` into [ceil(rows / 4), pad / 2, 4] of pairs of 7-bit numbers at `packed`
 * and writes to `lengths` two float64 a row: |x'|, and by how much, in squared distance, rounding may bring a
 * score too low. `whole` takes what scores begin with. Returns the greatest |x'|; nothing is packed where
 * that and R are 1e18 or more, or no number.
 */
export function packVectors(
  x: usize,
  rows: i32,
  pad: i32,
  mean: usize,
  packed: usize,
  lengths: usize,
  state: usize,
  norms: usize,
  whole: usize,
  size: i32,
): f64 {
  let greatest: f64 = 0;
  let chunk: f64 = 0;
  const padBytes = <usize>pad << 2;
  magnitudes = f32x4.splat(0);
  for (let n = 0; n < rows; n++) {
    measure(x + <usize>n * padBytes, mean, pad);
    // max() keeps what is no number, and then nothing is packed.
    greatest = max<f64>(greatest, square);
    chunk = max<f64>(chunk, chunkSquare);
    store<f64>(lengths + (<usize>n << 4), Math.sqrt(square));
  }
  const longest = Math.sqrt(greatest);
  const radius = load<f64>(state, RADIUS);
  if (!(longest + radius < 1e18)) return longest;
  const far = farFrom(lengths, rows, radius);
  store<f64>(state, far, FAR);
  if (longest > far) {
    // A few far ones would make the steps of all others coarse.
    greatest = 0;
    chunk = 0;
    magnitudes = f32x4.splat(0);
    for (let n = 0; n < rows; n++) {
      if (load<f64>(lengths + (<usize>n << 4)) > far) continue;
      measure(x + <usize>n * padBytes, mean, pad);
      greatest = max<f64>(greatest, square);
      chunk = max<f64>(chunk, chunkSquare);
    }
  }
  const most = <f64>greatestLane(magnitudes);
  const scale = scaleFor(pad, state, Math.sqrt(greatest), most, Math.sqrt(chunk));
  // A step for each chunk that is shifted, one for truncation and one to spare.
  const unit = load<f64>(state, UNIT) * (<f64>chunksOf(pad) + 2);
  const by = f32x4.splat(<f32>scale);
  // Where a step is longer than any number all are rounded to 0.
  const back = f32x4.splat(<f32>min<f64>(1 / scale, 1e38));
  const middle = i32x4.splat(64);
  const quadRows = (rows + 3) & -4;
  let greatestLeft: f32 = 0;
  for (let n = 0; n < quadRows; n++) {
    let to = packed + <usize>(n >> 2) * (<usize>pad << 2) + (<usize>(n & 3) << 1);
    if (n >= rows || load<f64>(lengths + (<usize>n << 4)) > far) {
      for (let pair = 0; pair < pad >> 1; pair++, to += 8) store<i16>(to, 0);
      continue;
    }
    const row = x + <usize>n * padBytes;
    let left = f32x4.splat(0);
    for (let d: usize = 0; d < padBytes; d += 16, to += 16) {
      const v = f32x4.sub(v128.load(row + d), v128.load(mean + d));
      const near = f32x4.nearest(f32x4.mul(v, by));
      const rest = f32x4.sub(v, f32x4.mul(near, back));
      left = f32x4.add(left, f32x4.mul(rest, rest));
      const wide = i32x4.add(i32x4.trunc_sat_f32x4_s(near), middle);
      const half = i16x8.narrow_i32x4_s(wide, wide);
      const bytes = i8x16.narrow_i16x8_s(half, half);
      v128.store16_lane(to, bytes, 0);
      v128.store16_lane(to, bytes, 1, 8);
    }
    greatestLeft = max<f32>(greatestLeft, sumOf(left));
  }
  // As that of codewords.
  const rest = 1.01 * Math.sqrt(<f64>greatestLeft) + 1.2e-19 * <f64>pad;
  const lost = load<f64>(state, CODE_ERROR);
  for (let n = 0; n < rows; n++) {
    const at = lengths + (<usize>n << 4);
    store<f64>(at, 2 * lost * (rest + load<f64>(at)) + unit, 8);
  }
  store<f64>(state, rest, REST);
  beginnings(pad, state, norms, whole, size);
  return longest;
}

/** Keeps the two greatest scores of a lane; a score's last bits are the number of its panel in the block. */
// @ts-ignore: a decorator
@inline
function keep(kept: usize, a: v128, b: v128, clear: v128, idA: v128, idB: v128): void {
  const s = v128.or(v128.and(a, clear), idA);
  const t = v128.or(v128.and(b, clear), idB);
  const high = i16x8.max_s(s, t);
  const first = v128.load(kept);
  v128.store(kept, i16x8.max_s(first, high));
  v128.store(
    kept,
    i16x8.max_s(
      v128.load(kept, 16),
      i16x8.max_s(i16x8.min_s(first, high), i16x8.min_s(s, t)),
    ),
    16,
  );
}

/** Up to 64 numbers. */
// @ts-ignore: a decorator
@inline
function shortMaxima(
  packed: usize,
  quads: i32,
  pad: i32,
  panels: usize,
  whole: usize,
  panelCount: i32,
  maxima: usize,
): void {
  const panelBytes = <usize>pad << 3;
  const quadBytes = <usize>pad << 2;
  const block = blockOf(panelCount);
  const clear = i16x8.splat(<i16>-block);
  const two = i16x8.splat(2);
  let to = maxima;
  for (let first = 0; first < panelCount; first += block) {
    const last = min<i32>(first + block, panelCount);
    let x = packed;
    for (let quad = 0; quad < quads; quad++) {
      for (let i: usize = 0; i < 128; i += 16) v128.store(to + i, i16x8.splat(i16.MIN_VALUE));
      let c = panels + <usize>first * panelBytes;
      let norm = whole + (<usize>first << 4);
      let idA = i16x8.splat(0);
      let idB = i16x8.splat(1);
      for (let panel = first; panel < last; panel += 2) {
        let a0 = v128.load(norm);
        let b0 = v128.load(norm, 16);
        let a1 = a0;
        let b1 = b0;
        let a2 = a0;
        let b2 = b0;
        let a3 = a0;
        let b3 = b0;
        let at = x;
        const end = c + panelBytes;
        for (; c < end; c += 16, at += 8) {
          const ca = v128.load(c);
          const cb = v128.load(c + panelBytes);
          const x0 = v128.load16_splat(at);
          a0 = i16x8.add(a0, product(ca, x0));
          b0 = i16x8.add(b0, product(cb, x0));
          const x1 = v128.load16_splat(at, 2);
          a1 = i16x8.add(a1, product(ca, x1));
          b1 = i16x8.add(b1, product(cb, x1));
          const x2 = v128.load16_splat(at, 4);
          a2 = i16x8.add(a2, product(ca, x2));
          b2 = i16x8.add(b2, product(cb, x2));
          const x3 = v128.load16_splat(at, 6);
          a3 = i16x8.add(a3, product(ca, x3));
          b3 = i16x8.add(b3, product(cb, x3));
        }
        c += panelBytes;
        keep(to, a0, b0, clear, idA, idB);
        keep(to + 32, a1, b1, clear, idA, idB);
        keep(to + 64, a2, b2, clear, idA, idB);
        keep(to + 96, a3, b3, clear, idA, idB);
        idA = i16x8.add(idA, two);
        idB = i16x8.add(idB, two);
        norm += 32;
      }
      to += 128;
      x += quadBytes;
    }
  }
}

/** Adds to scores at `to` what 64 numbers gave. */
// @ts-ignore: a decorator
@inline
function gather(to: usize, v: v128, bits: i32): void {
  v128.store(to, i16x8.add(v128.load(to), i16x8.shr_s(v, bits)));
}

/** More than 64 numbers: what each 64 give is shifted by `bits`, so that the sum fits. */
// @ts-ignore: a decorator
@inline
function longMaxima(
  packed: usize,
  quads: i32,
  pad: i32,
  panels: usize,
  whole: usize,
  panelCount: i32,
  maxima: usize,
  sums: usize,
  bits: i32,
): void {
  const panelBytes = <usize>pad << 3;
  const quadBytes = <usize>pad << 2;
  const chunkBytes = <usize>CHUNK << 3;
  const biasBytes = <usize>chunksOf(pad) << 4;
  const biases = panels + <usize>panelCount * panelBytes;
  const block = blockOf(panelCount);
  const clear = i16x8.splat(<i16>-block);
  let to = maxima;
  for (let first = 0; first < panelCount; first += block) {
    const last = min<i32>(first + block, panelCount);
    let x = packed;
    for (let quad = 0; quad < quads; quad++) {
      for (let i: usize = 0; i < 128; i += 16) v128.store(to + i, i16x8.splat(i16.MIN_VALUE));
      let c = panels + <usize>first * panelBytes;
      let norm = whole + (<usize>first << 4);
      let bias = biases + <usize>first * biasBytes;
      for (let panel = first; panel < last; panel += 2) {
        for (let i: usize = 0; i < 64; i += 16) {
          v128.store(sums + i, v128.load(norm));
          v128.store(sums + i, v128.load(norm, 16), 64);
        }
        let at = x;
        const end = c + panelBytes;
        while (c < end) {
          let a0 = v128.load(bias);
          let b0 = v128.load(bias + biasBytes);
          let a1 = a0;
          let b1 = b0;
          let a2 = a0;
          let b2 = b0;
          let a3 = a0;
          let b3 = b0;
          const stop = min<usize>(c + chunkBytes, end);
          for (; c < stop; c += 16, at += 8) {
            const ca = v128.load(c);
            const cb = v128.load(c + panelBytes);
            const x0 = v128.load16_splat(at);
            a0 = i16x8.add(a0, product(ca, x0));
            b0 = i16x8.add(b0, product(cb, x0));
            const x1 = v128.load16_splat(at, 2);
            a1 = i16x8.add(a1, product(ca, x1));
            b1 = i16x8.add(b1, product(cb, x1));
            const x2 = v128.load16_splat(at, 4);
            a2 = i16x8.add(a2, product(ca, x2));
            b2 = i16x8.add(b2, product(cb, x2));
            const x3 = v128.load16_splat(at, 6);
            a3 = i16x8.add(a3, product(ca, x3));
            b3 = i16x8.add(b3, product(cb, x3));
          }
          bias += 16;
          gather(sums, a0, bits);
          gather(sums + 16, a1, bits);
          gather(sums + 32, a2, bits);
          gather(sums + 48, a3, bits);
          gather(sums + 64, b0, bits);
          gather(sums + 80, b1, bits);
          gather(sums + 96, b2, bits);
          gather(sums + 112, b3, bits);
        }
        c += panelBytes;
        bias += biasBytes;
        const idA = i16x8.splat(<i16>(panel - first));
        const idB = i16x8.splat(<i16>(panel - first + 1));
        for (let i: usize = 0; i < 4; i++) {
          const own = sums + (i << 4);
          keep(to + (i << 5), v128.load(own), v128.load(own, 64), clear, idA, idB);
        }
        norm += 32;
      }
      to += 128;
      x += quadBytes;
    }
  }
}

/** Panels whose codewords of a lane share two scores: a power of 2. */
// @ts-ignore: a decorator
@inline
function blockOf(panelCount: i32): i32 {
  return panelCount > 512 ? 32 : 16;
}

/**
 * Greatest scores. `maxima` [blocks, 4 quads, 2, 8] takes int16 for each block of panels and row: the two
 * greatest of each lane, whose last bits tell the panel. `sums`: room for 128 bytes.
 */
export function groupMaxima(
  packed: usize,
  quads: i32,
  pad: i32,
  panels: usize,
  whole: usize,
  panelCount: i32,
  maxima: usize,
  sums: usize,
  state: usize,
): void {
  if (pad <= CHUNK) {
    shortMaxima(packed, quads, pad, panels, whole, panelCount, maxima);
  } else {
    const bits = <i32>load<f64>(state, BITS);
    longMaxima(packed, quads, pad, panels, whole, panelCount, maxima, sums, bits);
  }
}

/** The nearest codeword so far, its distance in float32 and, once it was needed, exactly. */
let index: i32 = 0;
let near: f32 = 0;
let best: f64 = 0;
let isExact: bool = false;
/** What a distance in float32 is sure to within, relative and absolute. */
let limit: f32 = 0;
let least: f32 = 0;

/** Weighs codeword `k` against the nearest so far. */
// @ts-ignore: a decorator
@inline
function weigh(k: i32, vector: usize, c: usize, pad: i32): void {
  const t = estimate(vector, c + ((<usize>k * <usize>pad) << 2), pad);
  if (t > near * limit + least) return;
  if (near > t * limit + least) {
    near = t;
    index = k;
    isExact = false;
    return;
  }
  if (!isExact) best = exact(vector, c + ((<usize>index * <usize>pad) << 2), pad);
  isExact = true;
  const distance = exact(vector, c + ((<usize>k * <usize>pad) << 2), pad);
  if (distance < best || (distance === best && k < index)) {
    best = distance;
    index = k;
    near = t;
  }
}

/** Begins a row with codeword `k`. */
// @ts-ignore: a decorator
@inline
function begin(k: i32, vector: usize, c: usize, pad: i32): void {
  index = k;
  near = estimate(vector, c + ((<usize>k * <usize>pad) << 2), pad);
  isExact = false;
}

/** Writes what was found for row `n`. */
// @ts-ignore: a decorator
@inline
function settle(n: i32, vector: usize, c: usize, pad: i32, indices: usize, distances: usize): void {
  if (!isExact) best = exact(vector, c + ((<usize>index * <usize>pad) << 2), pad);
  store<i32>(indices + (<usize>n << 2), index);
  store<f32>(distances + (<usize>n << 2), <f32>best);
}

/** Lanes of up to 8 blocks that score at least `bound`, 8 bits a block. */
// @ts-ignore: a decorator
@inline
function lanesAt(at: usize, end: usize, step: usize, bound: v128): i64 {
  let lanes: i64 = 0;
  for (let by: i64 = 0; by < 64 && at < end; by += 8, at += step) {
    lanes |= (<i64>i16x8.bitmask(i16x8.ge_s(v128.load(at), bound))) << by;
  }
  return lanes;
}

/**
 * Nearest codewords from the greatest scores. A score less the shift, times the unit, is at most eps below
 * |x'|^2 - |x - c|^2: what `packVectors` says of the row, and the rounding of float32 as in `finish` of
 * nearest.ts. (How far it may be above matters to nothing.) The codeword of the greatest score comes first:
 * its distance says from which score on others may be nearer. Where the second of a lane may, so may a third,
 * and the lane's codewords are looked through.
 *
 * Writes int32 to `indices` and float32 to `distances`.
 */
export function finishBlocks(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  lengths: usize,
  panelCount: i32,
  maxima: usize,
  c: usize,
  size: i32,
  state: usize,
  indices: usize,
  distances: usize,
): void {
  const share = shareOf(dim);
  const tiny = tinyOf(dim);
  const padBytes = <usize>pad << 2;
  const radius = load<f64>(state, RADIUS);
  const perUnit = 1 / load<f64>(state, UNIT);
  const shift = load<f64>(state, SHIFT) - 1;
  const far = load<f64>(state, FAR);
  const step = <usize>((rows + 3) >> 2) << 7;
  const block = blockOf(panelCount);
  const blocks = (panelCount + block - 1) / block;
  const clear = -block;
  limit = <f32>(1 + 4 * share);
  least = <f32>(2 * tiny);
  for (let n = 0; n < rows; n++) {
    const vector = x + <usize>n * padBytes;
    if (load<f64>(lengths + (<usize>n << 4)) > far) {
      begin(0, vector, c, pad);
      for (let k = 1; k < size; k++) {
        weigh(k, vector, c, pad);
      }
      settle(n, vector, c, pad, indices, distances);
      continue;
    }
    const own = maxima + (<usize>n << 5);
    const end = own + <usize>blocks * step;
    let high = v128.load(own);
    for (let at = own + step; at < end; at += step) high = i16x8.max_s(high, v128.load(at));
    high = i16x8.max_s(high, v128.shuffle<i32>(high, high, 2, 3, 0, 1));
    high = i16x8.max_s(high, v128.shuffle<i32>(high, high, 1, 0, 3, 2));
    high = i16x8.max_s(high, v128.shuffle<i16>(high, high, 1, 0, 3, 2, 5, 4, 7, 6));
    let at = own;
    let first = 0;
    let mask = lanesAt(at, end, step, high);
    for (; mask === 0; mask = lanesAt(at, end, step, high)) {
      at += step << 3;
      first += block << 3;
    }
    const bit = <i32>ctz(mask);
    const id = i16x8.extract_lane_s(high, 0) & (block - 1);
    const leader = ((first + (bit >> 3) * block + id) << 3) + (bit & 7);
    begin(leader, vector, c, pad);
    // The least score of a codeword that may be as near.
    const place = lengths + (<usize>n << 4);
    const length = load<f64>(place);
    const reach = length + radius;
    const eps = load<f64>(place, 8) + share * reach * reach + tiny;
    const most = <f64>(near * limit + least);
    const score = (length * length - most - 1.000001 * eps) * perUnit + shift;
    // Not below what codewords score that fill up the last panel.
    const lowest = <i32>max<f64>(min<f64>(Math.floor(score), 32767), -32767) & clear;
    const bound = max<i32>(lowest, -32768 + block);
    const bounds = i16x8.splat(<i16>bound);
    first = 0;
    for (at = own; at < end; at += step << 3, first += block << 3) {
      mask = lanesAt(at, end, step, bounds);
      while (mask !== 0) {
        const bit = <i32>ctz(mask);
        mask &= mask - 1;
        const lane = bit & 7;
        const start = first + (bit >> 3) * block;
        const scores = at + <usize>(bit >> 3) * step + (<usize>lane << 1);
        let k = ((start + (load<i16>(scores) & (block - 1))) << 3) + lane;
        if (load<i16>(scores, 16) < bound) {
          if (k !== leader) weigh(k, vector, c, pad);
          continue;
        }
        const past = min<i32>((start + block) << 3, size);
        for (k = (start << 3) + lane; k < past; k += PANEL) {
          if (k !== index) weigh(k, vector, c, pad);
        }
      }
    }
    settle(n, vector, c, pad, indices, distances);
  }
}
