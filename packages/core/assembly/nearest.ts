// Nearest codewords in AssemblyScript with SIMD128, one thread; src/kernels/wasm.ts lays out memory
// and calls. Three steps, of which only the second is of order N K D:
//
//   1. Vectors and codewords are centred (x' = x - mean, c' = c - mean), rounded to int16 in steps of
//      1 / 32,000 of the longest and packed for step 2. SIMD128 has no fused multiply-add; its product
//      of int16 with the sum of pairs does twice the work of a float32 instruction, in half of them.
//   2. Scores |c'|^2 - 2 x'·c' in int32, of which only the least of each group of up to 16
//      codewords is kept.
//   3. Rounding cannot have moved a score by more than eps (see `finish`), so the nearest codeword
//      lies in a group whose least score is within 2 eps of the least of all. The distances in those
//      groups are taken anew as the definition (src/kernels/reference.ts) says.

/** Codewords of a panel: two registers. There is an even number of panels, which relaxed.ts wants. */
const PANEL: i32 = 8;
/**
 * Float64 numbers at `state`, which `packCodebook` writes and the others read: R, the greatest |c'|;
 * the scale of codewords (int16 = round(c' scale)); the greatest |c' - int16 / scale|; the scale of
 * vectors and the unit 2 / (scale scale) of the last `packVectors`.
 */
const RADIUS: usize = 0;
const CODE_SCALE: usize = 8;
const CODE_ERROR: usize = 16;
const VECTOR_SCALE: usize = 24;
const UNIT: usize = 32;

/**
 * Greatest norm in int16 steps. A score is at most MOST (MOST + sqrt(dim)) + MOST^2 < 2^31 on the way
 * (Cauchy-Schwarz, for the products and for |c'|^2 / 2).
 */
const MOST: f64 = 32000;

/** What rounding of float32 may move a distance of `dim` numbers: a share of it, and subnormal numbers. */
// @ts-ignore: a decorator
@inline
export function shareOf(dim: i32): f64 {
  return <f64>(dim + 16) * 5.9604644775390625e-8;
}

// @ts-ignore: a decorator
@inline
export function tinyOf(dim: i32): f64 {
  return <f64>(dim + 16) * 7.52316384526264e-37;
}

// @ts-ignore: a decorator
@inline
export function sumOf(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) +
    f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: a decorator
@inline
export function greatestLane(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Greatest magnitude of the last `centredSquare`. */
let greatestMagnitude: f32 = 0;

/** |row - mean|^2 of one row [pad] within a relative (pad / 4 + 4) 2^-24. */
// @ts-ignore: a decorator
@inline
function centredSquare(row: usize, mean: usize, pad: i32): f64 {
  // Two sums, for one alone would wait for its own last addition.
  let a = f32x4.splat(0);
  let b = a;
  let most = a;
  const end = row + (<usize>pad << 2);
  for (; row + 16 < end; row += 32, mean += 32) {
    const v = f32x4.sub(v128.load(row), v128.load(mean));
    const w = f32x4.sub(v128.load(row, 16), v128.load(mean, 16));
    a = f32x4.add(a, f32x4.mul(v, v));
    b = f32x4.add(b, f32x4.mul(w, w));
    most = f32x4.pmax(most, f32x4.pmax(f32x4.abs(v), f32x4.abs(w)));
  }
  if (row < end) {
    const v = f32x4.sub(v128.load(row), v128.load(mean));
    a = f32x4.add(a, f32x4.mul(v, v));
    most = f32x4.pmax(most, f32x4.abs(v));
  }
  greatestMagnitude = greatestLane(most);
  return <f64>sumOf(f32x4.add(a, b));
}

/** The same without the greatest magnitude. */
// @ts-ignore: a decorator
@inline
function plainSquare(row: usize, mean: usize, pad: i32): f64 {
  let a = f32x4.splat(0);
  let b = a;
  const end = row + (<usize>pad << 2);
  for (; row + 16 < end; row += 32, mean += 32) {
    const v = f32x4.sub(v128.load(row), v128.load(mean));
    const w = f32x4.sub(v128.load(row, 16), v128.load(mean, 16));
    a = f32x4.add(a, f32x4.mul(v, v));
    b = f32x4.add(b, f32x4.mul(w, w));
  }
  if (row < end) {
    const v = f32x4.sub(v128.load(row), v128.load(mean));
    a = f32x4.add(a, f32x4.mul(v, v));
  }
  return <f64>sumOf(f32x4.add(a, b));
}

/**
 * Writes round((row - mean) scale) as int16 pairs, `step` bytes apart, and returns the length of what
 * rounding took away.
 */
// @ts-ignore: a decorator
@inline
function packRow(row: usize, mean: usize, pad: i32, scale: f64, to: usize, step: usize): f64 {
  const by = f32x4.splat(<f32>scale);
  const back = f32x4.splat(<f32>(1 / scale));
  let lost = f32x4.splat(0);
  const end = row + (<usize>pad << 2);
  for (; row < end; row += 16, mean += 16) {
    const v = f32x4.sub(v128.load(row), v128.load(mean));
    const whole = f32x4.nearest(f32x4.mul(v, by));
    const rest = f32x4.sub(v, f32x4.mul(whole, back));
    lost = f32x4.add(lost, f32x4.mul(rest, rest));
    const wide = i32x4.trunc_sat_f32x4_s(whole);
    const pairs = i16x8.narrow_i32x4_s(wide, wide);
    v128.store32_lane(to, pairs, 0);
    v128.store32_lane(to + step, pairs, 1);
    to += 2 * step;
  }
  // 1.01 and 1.2e-19 stand for the rounding of this very sum, subnormal squares among it.
  return 1.01 * Math.sqrt(<f64>sumOf(lost)) + 1.2e-19 * <f64>pad;
}

/**
 * Packs codewords [size, pad] at `c` into panels [ceil(size / 8), pad / 2, 8] of pairs of int16 and
 * writes their |c'|^2 (float32) to `norms`. Returns R, the greatest |c'|.
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
  const padBytes = <usize>pad << 2;
  for (let k = 0; k < size; k++) {
    const norm = centredSquare(c + <usize>k * padBytes, mean, pad);
    greatest = max<f64>(greatest, norm);
    store<f32>(norms + (<usize>k << 2), <f32>norm);
  }
  const radius = Math.sqrt(greatest);
  const scale: f64 = radius > 0 ? MOST / radius : 1;
  let lost: f64 = 0;
  const whole = (size + 2 * PANEL - 1) & (-2 * PANEL);
  for (let k = 0; k < whole; k++) {
    const to = panels + <usize>(k >> 3) * padBytes * 4 + (<usize>(k & 7) << 2);
    if (k < size) {
      lost = max<f64>(lost, packRow(c + <usize>k * padBytes, mean, pad, scale, to, 32));
    } else {
      for (let pair = 0; pair < pad >> 1; pair++) store<i32>(to + (<usize>pair << 5), 0);
      store<f32>(norms + (<usize>k << 2), f32.MAX_VALUE);
    }
  }
  store<f64>(state, radius, RADIUS);
  store<f64>(state, scale, CODE_SCALE);
  store<f64>(state, lost, CODE_ERROR);
  store<f64>(state, 0, VECTOR_SCALE);
  return radius;
}

/**
 * Packs vectors [rows, pad] at `x` into [ceil(rows / 4), pad / 2, 4] of pairs of int16 at `packed` and
 * writes to `lengths` two float64 a row: |x'|, and by how much rounding to int16 may move a score.
 * `whole` takes -|c'|^2 / 2 of all panels (int32) in the unit of these scores. Returns the greatest |x'|.
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
  const padBytes = <usize>pad << 2;
  for (let n = 0; n < rows; n++) {
    const length = Math.sqrt(plainSquare(x + <usize>n * padBytes, mean, pad));
    greatest = max<f64>(greatest, length);
    store<f64>(lengths + (<usize>n << 4), length);
  }
  const radius = load<f64>(state, RADIUS);
  const codeScale = load<f64>(state, CODE_SCALE);
  const lost = load<f64>(state, CODE_ERROR);
  const fullness = load<f64>(state, VECTOR_SCALE) * (greatest + radius / 2);
  if (!(fullness <= MOST && fullness > MOST / 2)) {
    // A little room, so that the next tiles need not change it.
    const scale = min<f64>(MOST / (1.15 * greatest + radius / 2), 1e18);
    store<f64>(state, scale, VECTOR_SCALE);
    store<f64>(state, 2 / (scale * codeScale), UNIT);
    const factor = f32x4.splat(<f32>(-0.5 * scale * codeScale));
    const end = whole + (<usize>size << 2);
    for (let to = whole, from = norms; to < end; to += 16, from += 16) {
      v128.store(to, i32x4.trunc_sat_f32x4_s(f32x4.mul(v128.load(from), factor)));
    }
    const last = (size + 2 * PANEL - 1) & (-2 * PANEL);
    for (let k = size; k < last; k++) store<i32>(whole + (<usize>k << 2), i32.MIN_VALUE);
  }
  const scale = load<f64>(state, VECTOR_SCALE);
  const unit = load<f64>(state, UNIT);
  const quadRows = (rows + 3) & -4;
  // Of few numbers each may be off by half a step: to know better takes longer than it saves.
  const isShort = pad <= 16;
  const shortRest = (0.51 * Math.sqrt(<f64>pad)) / scale + 1.2e-19 * <f64>pad;
  const by = f32x4.splat(<f32>scale);
  for (let n = 0; n < quadRows; n++) {
    const to = packed + <usize>(n >> 2) * padBytes * 2 + (<usize>(n & 3) << 2);
    if (isShort && n < rows) {
      let out = to;
      const row = x + <usize>n * padBytes;
      for (let d: usize = 0; d < padBytes; d += 16, out += 32) {
        const v = f32x4.mul(f32x4.sub(v128.load(row + d), v128.load(mean + d)), by);
        const wide = i32x4.trunc_sat_f32x4_s(f32x4.nearest(v));
        const two = i16x8.narrow_i32x4_s(wide, wide);
        v128.store32_lane(out, two, 0);
        v128.store32_lane(out, two, 1, 16);
      }
      const at = lengths + (<usize>n << 4);
      store<f64>(at, 2 * (shortRest * (radius + lost) + load<f64>(at) * lost) + 2 * unit, 8);
    } else if (n < rows) {
      const rest = packRow(x + <usize>n * padBytes, mean, pad, scale, to, 16);
      const at = lengths + (<usize>n << 4);
      store<f64>(at, 2 * (rest * (radius + lost) + load<f64>(at) * lost) + 2 * unit, 8);
    } else {
      for (let pair = 0; pair < pad >> 1; pair++) store<i32>(to + (<usize>pair << 4), 0);
    }
  }
  return greatest;
}

/**
 * Rows of x' as a plain matrix [rows, width]: dim numbers, then `one` where width is dim + 1.
 * For matrix products elsewhere. Lengths as `packVectors`.
 */
export function centreVectors(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  mean: usize,
  to: usize,
  width: i32,
  lengths: usize,
): f64 {
  let greatest: f64 = 0;
  for (let n = 0; n < rows; n++) {
    const row = x + (<usize>(n * pad) << 2);
    const out = to + (<usize>(n * width) << 2);
    let norm: f64 = 0;
    for (let d = 0; d < dim; d++) {
      const value = load<f32>(row + (<usize>d << 2)) - load<f32>(mean + (<usize>d << 2));
      store<f32>(out + (<usize>d << 2), value);
      norm += <f64>value * <f64>value;
    }
    if (width > dim) store<f32>(out + (<usize>dim << 2), 1);
    norm = Math.sqrt(norm);
    greatest = max<f64>(greatest, norm);
    store<f64>(lengths + (<usize>n << 4), norm);
    store<f64>(lengths + (<usize>n << 4), 0, 8);
  }
  return greatest;
}

/**
 * Scores are x'·c' - |c'|^2 / 2 in int32 here, so that the greatest is the nearest. `maxima`
 * [blocks, 4 quads] takes four of them a block of `blockPanels` panels (the last may have fewer) and
 * row: lane j the greatest of its codewords j, j + 4, j + 8, …; `top` [4 quads] the greatest of each
 * lane over all blocks.
 */
export function groupMaxima(
  packed: usize,
  quads: i32,
  pad: i32,
  panels: usize,
  whole: usize,
  panelCount: i32,
  blockPanels: i32,
  maxima: usize,
  top: usize,
): void {
  const panelBytes = <usize>pad << 4;
  const quadBytes = <usize>pad << 3;
  for (let quad = 0; quad < quads << 2; quad++) {
    v128.store(top + (<usize>quad << 4), i32x4.splat(i32.MIN_VALUE));
  }
  let to = maxima;
  for (let first = 0; first < panelCount; first += blockPanels) {
    const last = min<i32>(first + blockPanels, panelCount);
    let x = packed;
    let high = top;
    for (let quad = 0; quad < quads; quad++) {
      let m0 = i32x4.splat(i32.MIN_VALUE);
      let m1 = m0;
      let m2 = m0;
      let m3 = m0;
      let c = panels + <usize>first * panelBytes;
      let norm = whole + (<usize>first << 5);
      for (let panel = first; panel < last; panel++) {
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
        for (; c < end; c += 32, at += 16) {
          const ca = v128.load(c);
          const cb = v128.load(c, 16);
          const x0 = v128.load32_splat(at);
          a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x0, ca));
          b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x0, cb));
          const x1 = v128.load32_splat(at, 4);
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x1, ca));
          b1 = i32x4.add(b1, i32x4.dot_i16x8_s(x1, cb));
          const x2 = v128.load32_splat(at, 8);
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(x2, ca));
          b2 = i32x4.add(b2, i32x4.dot_i16x8_s(x2, cb));
          const x3 = v128.load32_splat(at, 12);
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(x3, ca));
          b3 = i32x4.add(b3, i32x4.dot_i16x8_s(x3, cb));
        }
        m0 = i32x4.max_s(m0, i32x4.max_s(a0, b0));
        m1 = i32x4.max_s(m1, i32x4.max_s(a1, b1));
        m2 = i32x4.max_s(m2, i32x4.max_s(a2, b2));
        m3 = i32x4.max_s(m3, i32x4.max_s(a3, b3));
        norm += 32;
      }
      v128.store(to, m0);
      v128.store(to, m1, 16);
      v128.store(to, m2, 32);
      v128.store(to, m3, 48);
      v128.store(high, i32x4.max_s(v128.load(high), m0));
      v128.store(high, i32x4.max_s(v128.load(high, 16), m1), 16);
      v128.store(high, i32x4.max_s(v128.load(high, 32), m2), 32);
      v128.store(high, i32x4.max_s(v128.load(high, 48), m3), 48);
      to += 64;
      high += 64;
      x += quadBytes;
    }
  }
}

/**
 * Nearest codewords from the blocks' greatest scores. A score, times the unit of `state`, lies within
 * eps / 2 of (|x'|^2 - |x - c|^2) / 2, with eps as `finish` has it, so only codewords matter whose score is
 * within eps of the greatest: their blocks are scored anew and their distances taken exactly.
 *
 * Overwrites `top`. Writes int32 to `indices` and float32 to `distances`; `bests`: 8 bytes a row.
 */
export function finishBlocks(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  lengths: usize,
  packed: usize,
  panels: usize,
  whole: usize,
  panelCount: i32,
  blockPanels: i32,
  maxima: usize,
  top: usize,
  c: usize,
  size: i32,
  state: usize,
  bests: usize,
  indices: usize,
  distances: usize,
): void {
  const share = shareOf(dim);
  const tiny = tinyOf(dim);
  const padBytes = <usize>pad << 2;
  const panelBytes = <usize>pad << 4;
  const quadBytes = <usize>pad << 3;
  const radius = load<f64>(state, RADIUS);
  const unit = load<f64>(state, UNIT);
  const quads = (rows + 3) >> 2;
  const twice = 2 / unit;
  for (let n = 0; n < rows; n++) {
    let high = v128.load(top + (<usize>n << 4));
    high = i32x4.max_s(high, v128.shuffle<i32>(high, high, 2, 3, 0, 1));
    const greatest = max<i32>(i32x4.extract_lane(high, 0), i32x4.extract_lane(high, 1));
    const at = lengths + (<usize>n << 4);
    const reach = load<f64>(at) + radius;
    const eps = load<f64>(at, 8) + share * reach * reach + tiny;
    // Not below what `packVectors` gives to the codewords that fill up the last panel.
    const least = max<f64>(<f64>greatest - 1.000001 * twice * eps - 1, -2147483647);
    v128.store(top + (<usize>n << 4), i32x4.splat(<i32>least));
    store<f64>(bests + (<usize>n << 3), Infinity);
  }
  for (let n = rows; n < quads << 2; n++) {
    v128.store(top + (<usize>n << 4), i32x4.splat(i32.MAX_VALUE));
  }
  let from = maxima;
  for (let first = 0; first < panelCount; first += blockPanels) {
    const last = min<i32>(first + blockPanels, panelCount);
    for (let quad = 0; quad < quads; quad++, from += 64) {
      const bounds = top + (<usize>quad << 6);
      const g0 = i32x4.ge_s(v128.load(from), v128.load(bounds));
      const g1 = i32x4.ge_s(v128.load(from, 16), v128.load(bounds, 16));
      const g2 = i32x4.ge_s(v128.load(from, 32), v128.load(bounds, 32));
      const g3 = i32x4.ge_s(v128.load(from, 48), v128.load(bounds, 48));
      if (!v128.any_true(v128.or(v128.or(g0, g1), v128.or(g2, g3)))) continue;
      let hit =
        i32(v128.any_true(g0)) |
        (i32(v128.any_true(g1)) << 1) |
        (i32(v128.any_true(g2)) << 2) |
        (i32(v128.any_true(g3)) << 3);
      while (hit !== 0) {
        const lane = ctz(hit);
        hit &= hit - 1;
        const n = (quad << 2) + lane;
        const bound = v128.load(top + (<usize>n << 4));
        const vector = x + <usize>n * padBytes;
        for (let panel = first; panel < last; panel++) {
          let a = v128.load(whole + (<usize>panel << 5));
          let b = v128.load(whole + (<usize>panel << 5), 16);
          let at = packed + <usize>quad * quadBytes + (<usize>lane << 2);
          let p = panels + <usize>panel * panelBytes;
          const end = p + panelBytes;
          for (; p < end; p += 32, at += 16) {
            const value = v128.load32_splat(at);
            a = i32x4.add(a, i32x4.dot_i16x8_s(value, v128.load(p)));
            b = i32x4.add(b, i32x4.dot_i16x8_s(value, v128.load(p, 16)));
          }
          let mask =
            i32x4.bitmask(i32x4.ge_s(a, bound)) | (i32x4.bitmask(i32x4.ge_s(b, bound)) << 4);
          while (mask !== 0) {
            const k = (panel << 3) + ctz(mask);
            mask &= mask - 1;
            const distance = exact(vector, c + <usize>k * padBytes, pad);
            // Codewords come in their order, so of equal ones the first stays.
            if (distance < load<f64>(bests + (<usize>n << 3))) {
              store<f64>(bests + (<usize>n << 3), distance);
              store<i32>(indices + (<usize>n << 2), k);
              store<f32>(distances + (<usize>n << 2), <f32>distance);
            }
          }
        }
      }
    }
  }
}

/** dist(x, c) as src/kernels/reference.ts defines it; zeros behind `dim` add nothing. */
// @ts-ignore: a decorator
@inline
export function exact(x: usize, c: usize, pad: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  const end = x + (<usize>pad << 2);
  for (; x < end; x += 16, c += 16) {
    const vx = v128.load(x);
    const vc = v128.load(c);
    const dl = f64x2.sub(f64x2.promote_low_f32x4(vx), f64x2.promote_low_f32x4(vc));
    const dh = f64x2.sub(
      f64x2.promote_low_f32x4(v128.shuffle<i32>(vx, vx, 2, 3, 2, 3)),
      f64x2.promote_low_f32x4(v128.shuffle<i32>(vc, vc, 2, 3, 2, 3)),
    );
    low = f64x2.add(low, f64x2.mul(dl, dl));
    high = f64x2.add(high, f64x2.mul(dh, dh));
  }
  return (
    f64x2.extract_lane(low, 0) +
    f64x2.extract_lane(low, 1) +
    (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
  );
}

/** The same in float32, a quick estimate within a relative (dim + 8) 2^-24. */
// @ts-ignore: a decorator
@inline
export function estimate(x: usize, c: usize, pad: i32): f32 {
  let sum = f32x4.splat(0);
  const end = x + (<usize>pad << 2);
  for (; x < end; x += 16, c += 16) {
    const d = f32x4.sub(v128.load(x), v128.load(c));
    sum = f32x4.add(sum, f32x4.mul(d, d));
  }
  return sumOf(sum);
}

/** Least distance in one group and its first codeword, if they beat `best` and `index`. */
let best: f64 = 0;
let index: i32 = 0;

// @ts-ignore: a decorator
@inline
function searchGroup(
  vector: usize,
  pad: i32,
  c: usize,
  size: i32,
  first: i32,
  stride: i32,
  count: i32,
  share: f64,
  tiny: f64,
  scratch: usize,
): void {
  const padBytes = <usize>pad << 2;
  // What cannot beat the best so far needs no exact distance.
  let nearest: f64 = best * (1 + 2 * share) + tiny;
  let members = 0;
  for (let k = first; members < count && k < size; k += stride) {
    const t = estimate(vector, c + <usize>k * padBytes, pad);
    store<f32>(scratch + (<usize>members << 2), t);
    nearest = min<f64>(nearest, <f64>t);
    members++;
  }
  const limit = (nearest + tiny) * (1 + 3 * share) + tiny;
  for (let i = 0; i < members; i++) {
    if (<f64>load<f32>(scratch + (<usize>i << 2)) > limit) continue;
    const k = first + i * stride;
    const distance = exact(vector, c + <usize>k * padBytes, pad);
    if (distance < best || (distance === best && k < index)) {
      best = distance;
      index = k;
    }
  }
}

/**
 * Nearest codewords from the least scores of groups. Group g holds up to `count` codewords
 * (g / lanes) * span + g % lanes + i * stride, i = 0, 1, …, as far as they are below `size`.
 * `groups` is a multiple of 4; `minima` is [rows, groups].
 *
 * A score s of codeword c lies within eps = slack + (dim + 16) u (|x'| + R)^2 of |x - c|^2 - |x'|^2,
 * u = 2^-24, R the greatest |c'|, `slack` the second number of the row in `lengths` (what rounding to
 * integers took): centring rounds each coordinate once, which moves a distance by at most
 * 2 u (|x'| + R)^2; a sum of dim + 1 products in any order, fused or not, by at most
 * (dim + 1) u (2 |x'| R + R^2) (sums of integers are exact, but |x'|^2 and |c'|^2 are such sums too);
 * |c'|^2 and a score of integers are rounded twice more. `tiny` covers
 * subnormal numbers, also where they are flushed to zero. The group of the least score is looked
 * through first; then only groups matter whose least score is within eps of its best distance, and
 * within 2 eps of the least of all.
 *
 * Writes int32 to `indices` and float32 to `distances`. `scratch`: 4 count bytes.
 */
export function finish(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  lengths: usize,
  minima: usize,
  groups: i32,
  c: usize,
  size: i32,
  radius: f64,
  lanes: i32,
  span: i32,
  stride: i32,
  count: i32,
  scratch: usize,
  indices: usize,
  distances: usize,
): void {
  const share = shareOf(dim);
  const tiny = tinyOf(dim);
  const padBytes = <usize>pad << 2;
  for (let n = 0; n < rows; n++) {
    const row = minima + (<usize>(n * groups) << 2);
    const rowEnd = row + (<usize>groups << 2);
    let least4 = v128.load(row);
    for (let at = row + 16; at < rowEnd; at += 16) least4 = f32x4.pmin(v128.load(at), least4);
    const least = min<f32>(
      min<f32>(f32x4.extract_lane(least4, 0), f32x4.extract_lane(least4, 1)),
      min<f32>(f32x4.extract_lane(least4, 2), f32x4.extract_lane(least4, 3)),
    );
    const length = load<f64>(lengths + (<usize>n << 4));
    const reach = length + radius;
    const eps = load<f64>(lengths + (<usize>n << 4), 8) + share * reach * reach + tiny;
    const vector = x + <usize>n * padBytes;
    best = Infinity;
    index = i32.MAX_VALUE;
    // The group of the least score.
    const same = f32x4.splat(least);
    let at = row;
    while (!v128.any_true(f32x4.eq(v128.load(at), same))) at += 16;
    const leader =
      <i32>((at - row) >> 2) + ctz(i32x4.bitmask(f32x4.eq(v128.load(at), same)));
    searchGroup(
      vector,
      pad,
      c,
      size,
      (leader / lanes) * span + (leader % lanes),
      stride,
      count,
      share,
      tiny,
      scratch,
    );
    let bound = min<f64>(<f64>least + 2 * eps, best - length * length + eps);
    // Room for the rounding of the bound itself to float32.
    bound += Math.abs(bound) * 1.2e-7;
    const bound4 = f32x4.splat(<f32>bound);
    for (at = row; at < rowEnd; at += 16) {
      const near = f32x4.le(v128.load(at), bound4);
      if (!v128.any_true(near)) continue;
      let mask = i32x4.bitmask(near);
      while (mask !== 0) {
        const group = <i32>((at - row) >> 2) + ctz(mask);
        mask &= mask - 1;
        if (group === leader) continue;
        searchGroup(
          vector,
          pad,
          c,
          size,
          (group / lanes) * span + (group % lanes),
          stride,
          count,
          share,
          tiny,
          scratch,
        );
      }
    }
    store<i32>(indices + (<usize>n << 2), index);
    store<f32>(distances + (<usize>n << 2), <f32>best);
  }
}

/*
 * Where something else multiplies bytes (ONNX Runtime in Node.js): vectors in steps of 1 / 127 of their
 * greatest coordinate and codewords in steps of 1 / 63 of theirs. Products of pairs then fit int16, as
 * x86 without VNNI wants it.
 */
const MOST_X: f32 = 127;
const MOST_C: f32 = 63;
/** Codewords of which `finishBytes` keeps the least score at first. */
const BYTE_BLOCK: i32 = 32;
const BLOCK_BYTES: usize = 128;

/**
 * Packs codewords [size, pad] at `c` into `columns` / `chunk` matrices [dim, chunk] of int8 at `b`,
 * one column a codeword; `scales` [columns] takes -2 times their steps and `norms` [columns] their
 * |c'|^2 (of columns without a codeword more than any other). Returns R, the greatest |c'|, and
 * writes it to `state` with the greatest length that rounding took from a codeword.
 */
export function packByteCodebook(
  c: usize,
  size: i32,
  dim: i32,
  pad: i32,
  mean: usize,
  columns: i32,
  chunk: i32,
  b: usize,
  scales: usize,
  norms: usize,
  state: usize,
): f64 {
  let greatest: f64 = 0;
  let lost: f64 = 0;
  const padBytes = <usize>pad << 2;
  for (let k = 0; k < columns; k++) {
    let to = b + <usize>(k / chunk) * <usize>chunk * <usize>dim + <usize>(k % chunk);
    const at = <usize>k << 2;
    if (k >= size) {
      for (let d = 0; d < dim; d++, to += chunk) store<i8>(to, 0);
      store<f32>(scales + at, 0);
      store<f32>(norms + at, f32.MAX_VALUE);
      continue;
    }
    const row = c + <usize>k * padBytes;
    let norm = centredSquare(row, mean, pad);
    const most = greatestMagnitude;
    const step: f32 = most > 1e-30 ? most / MOST_C : 1;
    const by: f32 = 1 / step;
    norm = 0;
    let rest: f64 = 0;
    for (let d = 0; d < dim; d++, to += chunk) {
      const value = load<f32>(row + (<usize>d << 2)) - load<f32>(mean + (<usize>d << 2));
      const whole = nearest<f32>(value * by);
      store<i8>(to, <i8>(<i32>whole));
      const left = <f64>value - <f64>whole * <f64>step;
      norm += <f64>value * <f64>value;
      rest += left * left;
    }
    greatest = max<f64>(greatest, norm);
    lost = max<f64>(lost, rest);
    store<f32>(scales + at, -2 * step);
    store<f32>(norms + at, <f32>norm);
  }
  const radius = Math.sqrt(greatest);
  store<f64>(state, radius, RADIUS);
  store<f64>(state, 1.001 * Math.sqrt(lost), CODE_ERROR);
  return radius;
}

/**
 * Packs vectors [rows, pad] at `x` into bytes [rows, dim] at `a`, 128 for zero, and writes their steps
 * (float32) to `steps` and to `lengths` two float64 a row, as `packVectors`. Returns the greatest |x'|.
 */
export function packBytes(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  mean: usize,
  a: usize,
  lengths: usize,
  steps: usize,
  state: usize,
): f64 {
  let greatest: f64 = 0;
  const padBytes = <usize>pad << 2;
  const radius = load<f64>(state, RADIUS);
  const lost = load<f64>(state, CODE_ERROR);
  const middle = i32x4.splat(128);
  for (let n = 0; n < rows; n++) {
    const row = x + <usize>n * padBytes;
    const length = Math.sqrt(centredSquare(row, mean, pad));
    greatest = max<f64>(greatest, length);
    const most = greatestMagnitude;
    const step: f32 = most > 1e-30 ? most / MOST_X : 1;
    const by = f32x4.splat(1 / step);
    const back = f32x4.splat(step);
    let left = f32x4.splat(0);
    const to = a + <usize>n * <usize>dim;
    for (let d = 0; d < pad; d += 4) {
      const at = <usize>d << 2;
      const v = f32x4.sub(v128.load(row + at), v128.load(mean + at));
      const whole = f32x4.nearest(f32x4.mul(v, by));
      const rest = f32x4.sub(v, f32x4.mul(whole, back));
      left = f32x4.add(left, f32x4.mul(rest, rest));
      const wide = i32x4.add(i32x4.trunc_sat_f32x4_s(whole), middle);
      const half = i16x8.narrow_i32x4_s(wide, wide);
      const bytes = i8x16.narrow_i16x8_u(half, half);
      if (d + 4 <= dim) {
        v128.store32_lane(to + <usize>d, bytes, 0);
      } else {
        const four = i32x4.extract_lane(bytes, 0);
        for (let i = 0; d + i < dim; i++) store<u8>(to + <usize>(d + i), <u8>(four >> (8 * i)));
      }
    }
    const rest = 1.01 * Math.sqrt(<f64>sumOf(left)) + 1.2e-19 * <f64>pad;
    const at = lengths + (<usize>n << 4);
    store<f64>(at, length);
    store<f64>(at, 2 * (rest * (radius + lost) + length * lost), 8);
    store<f32>(steps + (<usize>n << 2), step);
  }
  return greatest;
}

// @ts-ignore: a decorator
@inline
function leastOf(v: v128): f32 {
  return min<f32>(
    min<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    min<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Score of 4 codewords from the products of their bytes. */
// @ts-ignore: a decorator
@inline
function byteScore(product: usize, norm: usize, step: v128): v128 {
  return f32x4.add(v128.load(norm), f32x4.mul(step, v128.load(product)));
}

/**
 * Nearest codewords of one chunk of columns, [first, first + chunk), from the products `y` [rows, chunk] of
 * bytes times `scales`. A score is |c'|^2 + step y and within eps, as `finish` has it, of
 * |x - c|^2 - |x'|^2. `bests` (float64) and `indices` carry the nearest of the chunks before; the
 * first chunk finds Infinity there. `scratch`: 16 bytes for each 32 columns.
 */
export function finishBytes(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  lengths: usize,
  steps: usize,
  y: usize,
  first: i32,
  chunk: i32,
  norms: usize,
  c: usize,
  radius: f64,
  scratch: usize,
  bests: usize,
  indices: usize,
): void {
  const share = shareOf(dim);
  const tiny = tinyOf(dim);
  const padBytes = <usize>pad << 2;
  const blocks = chunk / BYTE_BLOCK;
  const base = norms + (<usize>first << 2);
  for (let n = 0; n < rows; n++) {
    const row = y + (<usize>n * <usize>chunk << 2);
    const step = v128.load32_splat(steps + (<usize>n << 2));
    let least4 = f32x4.splat(f32.MAX_VALUE);
    let norm = base;
    let at = row;
    let to = scratch;
    const rowEnd = row + (<usize>chunk << 2);
    while (at < rowEnd) {
      const m0 = f32x4.pmin(byteScore(at, norm, step), byteScore(at + 16, norm + 16, step));
      const m1 = f32x4.pmin(byteScore(at + 32, norm + 32, step), byteScore(at + 48, norm + 48, step));
      const m2 = f32x4.pmin(byteScore(at + 64, norm + 64, step), byteScore(at + 80, norm + 80, step));
      const m3 = f32x4.pmin(byteScore(at + 96, norm + 96, step), byteScore(at + 112, norm + 112, step));
      const m = f32x4.pmin(f32x4.pmin(m0, m1), f32x4.pmin(m2, m3));
      v128.store(to, m);
      least4 = f32x4.pmin(least4, m);
      to += 16;
      at += 128;
      norm += 128;
    }
    const least = leastOf(least4);
    const length = load<f64>(lengths + (<usize>n << 4));
    const reach = length + radius;
    const eps = load<f64>(lengths + (<usize>n << 4), 8) + share * reach * reach + tiny;
    const vector = x + <usize>n * padBytes;
    let near = load<f64>(bests + (<usize>n << 3));
    let index = load<i32>(indices + (<usize>n << 2));
    // Whatever scores least goes first: its distance tells more than its score.
    let bound = min<f64>(<f64>least + 2 * eps, near - length * length + eps);
    if (<f64>least <= bound) {
      const same = f32x4.splat(least);
      let block = scratch;
      while (!v128.any_true(f32x4.eq(v128.load(block), same))) block += 16;
      const offset = ((block - scratch) >> 4) * BLOCK_BYTES;
      for (let i: usize = 0; i < BLOCK_BYTES; i += 16) {
        const hit = i32x4.bitmask(
          f32x4.eq(byteScore(row + offset + i, base + offset + i, step), same),
        );
        if (hit === 0) continue;
        const k = first + <i32>((offset + i) >> 2) + ctz(hit);
        const distance = exact(vector, c + <usize>k * padBytes, pad);
        if (distance < near || (distance === near && k < index)) {
          near = distance;
          index = k;
        }
        break;
      }
      bound = min<f64>(bound, near - length * length + eps);
    }
    bound += Math.abs(bound) * 1.2e-7;
    let bound4 = f32x4.splat(<f32>bound);
    for (let block = 0; block < blocks; block++) {
      if (!v128.any_true(f32x4.le(v128.load(scratch + (<usize>block << 4)), bound4))) continue;
      const offset = <usize>block * BLOCK_BYTES;
      for (let i: usize = 0; i < BLOCK_BYTES; i += 16) {
        let hit = i32x4.bitmask(
          f32x4.le(byteScore(row + offset + i, base + offset + i, step), bound4),
        );
        while (hit !== 0) {
          const k = first + <i32>((offset + i) >> 2) + ctz(hit);
          hit &= hit - 1;
          if (k === index) continue;
          const code = c + <usize>k * padBytes;
          if (<f64>estimate(vector, code, pad) > (near + tiny) * (1 + 3 * share) + tiny) continue;
          const distance = exact(vector, code, pad);
          if (distance < near || (distance === near && k < index)) {
            near = distance;
            index = k;
            bound = near - length * length + eps;
            bound += Math.abs(bound) * 1.2e-7;
            bound4 = f32x4.pmin(bound4, f32x4.splat(<f32>bound));
          }
        }
      }
    }
    store<f64>(bests + (<usize>n << 3), near);
    store<i32>(indices + (<usize>n << 2), index);
  }
}

/**
 * k-means++: `gaps` [rows] (float64) becomes the least of itself and dist(x_n, x_pick) for rows [rows, pad] at
 * `x`. Returns their sum in the order of the rows.
 */
export function narrowGaps(x: usize, rows: i32, pad: i32, pick: i32, gaps: usize): f64 {
  const share = shareOf(pad);
  const tiny = tinyOf(pad);
  const padBytes = <usize>pad << 2;
  const centre = x + <usize>pick * padBytes;
  let total: f64 = 0;
  for (let n = 0; n < rows; n++) {
    const row = x + <usize>n * padBytes;
    const at = gaps + (<usize>n << 3);
    let gap = load<f64>(at);
    const about = estimate(row, centre, pad);
    // Squares may leave float32: such a sum says nothing.
    if (<f64>about <= gap * (1 + 2 * share) + tiny || about === Infinity) {
      gap = min<f64>(gap, exact(row, centre, pad));
      store<f64>(at, gap);
    }
    total += gap;
  }
  return total;
}

/** x_n -= c_(i_n), rows of `pad` numbers: one rounding each, as the definition. */
export function takeOff(x: usize, count: i32, pad: i32, indices: usize, words: usize): void {
  const rowBytes = <usize>pad << 2;
  for (let n = 0; n < count; n++) {
    const row = x + <usize>n * rowBytes;
    const word = words + <usize>load<i32>(indices + (<usize>n << 2)) * rowBytes;
    for (let at: usize = 0; at < rowBytes; at += 16) {
      v128.store(row + at, f32x4.sub(v128.load(row + at), v128.load(word + at)));
    }
  }
}
