// Nearest codewords in AssemblyScript with SIMD128, one thread; src/kernels/wasm.ts lays out memory
// and calls. Three steps, of which only the second is of order N K D:
//
//   1. Vectors and codewords are centred (x' = x - mean, c' = c - mean) and packed for step 2.
//   2. Scores |c'|^2 - 2 x'·c' in float32, of which only the least of each group of up to 16
//      codewords is kept.
//   3. Rounding cannot have moved a score by more than eps (see `finish`), so the nearest codeword
//      lies in a group whose least score is within 2 eps of the least of all. The distances in those
//      groups are taken anew as the definition (src/kernels/reference.ts) says.

/** Codewords of a panel: two registers. */
const PANEL: i32 = 8;
/** Panels of a block; lane j of a block is the group of its codewords j, j + 4, j + 8, … */
const BLOCK_PANELS: i32 = 8;

/**
 * Packs codewords [size, pad] at `c` into panels [ceil(size / 8), dim, 8] of -2 c' and their |c'|^2
 * (infinite where the last panel has no codeword). Returns the greatest |c'|.
 */
export function packCodebook(
  c: usize,
  size: i32,
  dim: i32,
  pad: i32,
  mean: usize,
  panels: usize,
  norms: usize,
): f64 {
  let greatest: f64 = 0;
  const whole = (size + PANEL - 1) & -PANEL;
  for (let k = 0; k < whole; k++) {
    let to = panels + (<usize>((k >> 3) * dim * PANEL + (k & 7)) << 2);
    let norm: f64 = 0;
    if (k < size) {
      const row = c + (<usize>(k * pad) << 2);
      for (let d = 0; d < dim; d++) {
        const value = load<f32>(row + (<usize>d << 2)) - load<f32>(mean + (<usize>d << 2));
        store<f32>(to, -2 * value);
        norm += <f64>value * <f64>value;
        to += 32;
      }
      greatest = max<f64>(greatest, norm);
      store<f32>(norms + (<usize>k << 2), <f32>norm);
    } else {
      for (let d = 0; d < dim; d++) {
        store<f32>(to, 0);
        to += 32;
      }
      store<f32>(norms + (<usize>k << 2), f32.MAX_VALUE);
    }
  }
  return Math.sqrt(greatest);
}

/**
 * Packs vectors [rows, pad] at `x` into [ceil(rows / 4), dim, 4] of x' at `packed` and writes their
 * |x'| (float64) to `lengths`. Returns the greatest |x'|.
 */
export function packVectors(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  mean: usize,
  packed: usize,
  lengths: usize,
): f64 {
  let greatest: f64 = 0;
  const whole = (rows + 3) & -4;
  for (let n = 0; n < whole; n++) {
    const row = x + (<usize>(n * pad) << 2);
    let to = packed + (<usize>((n >> 2) * dim * 4 + (n & 3)) << 2);
    let norm: f64 = 0;
    for (let d = 0; d < dim; d++) {
      const value: f32 =
        n < rows ? load<f32>(row + (<usize>d << 2)) - load<f32>(mean + (<usize>d << 2)) : 0;
      store<f32>(to, value);
      norm += <f64>value * <f64>value;
      to += 16;
    }
    if (n < rows) {
      norm = Math.sqrt(norm);
      greatest = max<f64>(greatest, norm);
      store<f64>(lengths + (<usize>n << 3), norm);
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
    store<f64>(lengths + (<usize>n << 3), norm);
  }
  return greatest;
}

/**
 * Least scores of each group: `minima` [4 quads, 4 blocks], for `quads` x 4 packed vectors and
 * `panelCount` panels (blocks = ceil(panelCount / 8)).
 */
export function groupMinima(
  packed: usize,
  quads: i32,
  dim: i32,
  panels: usize,
  norms: usize,
  panelCount: i32,
  minima: usize,
): void {
  const blocks = (panelCount + BLOCK_PANELS - 1) / BLOCK_PANELS;
  const panelBytes = <usize>(dim * PANEL) << 2;
  const quadBytes = <usize>(dim * 4) << 2;
  const rowBytes = <usize>blocks << 4;
  for (let block = 0; block < blocks; block++) {
    const first = block * BLOCK_PANELS;
    const last = min<i32>(first + BLOCK_PANELS, panelCount);
    let to = minima + (<usize>block << 4);
    let x = packed;
    for (let quad = 0; quad < quads; quad++) {
      let m0 = f32x4.splat(f32.MAX_VALUE);
      let m1 = m0;
      let m2 = m0;
      let m3 = m0;
      let c = panels + <usize>first * panelBytes;
      let norm = norms + (<usize>first << 5);
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
          a0 = f32x4.add(a0, f32x4.mul(x0, ca));
          b0 = f32x4.add(b0, f32x4.mul(x0, cb));
          const x1 = v128.load32_splat(at, 4);
          a1 = f32x4.add(a1, f32x4.mul(x1, ca));
          b1 = f32x4.add(b1, f32x4.mul(x1, cb));
          const x2 = v128.load32_splat(at, 8);
          a2 = f32x4.add(a2, f32x4.mul(x2, ca));
          b2 = f32x4.add(b2, f32x4.mul(x2, cb));
          const x3 = v128.load32_splat(at, 12);
          a3 = f32x4.add(a3, f32x4.mul(x3, ca));
          b3 = f32x4.add(b3, f32x4.mul(x3, cb));
        }
        m0 = f32x4.pmin(m0, f32x4.pmin(a0, b0));
        m1 = f32x4.pmin(m1, f32x4.pmin(a1, b1));
        m2 = f32x4.pmin(m2, f32x4.pmin(a2, b2));
        m3 = f32x4.pmin(m3, f32x4.pmin(a3, b3));
        norm += 32;
      }
      v128.store(to, m0);
      v128.store(to + rowBytes, m1);
      v128.store(to + 2 * rowBytes, m2);
      v128.store(to + 3 * rowBytes, m3);
      to += 4 * rowBytes;
      x += quadBytes;
    }
  }
}

/** dist(x, c) as src/kernels/reference.ts defines it; zeros behind `dim` add nothing. */
// @ts-ignore: a decorator
@inline
function exact(x: usize, c: usize, pad: i32): f64 {
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
function estimate(x: usize, c: usize, pad: i32): f32 {
  let sum = f32x4.splat(0);
  const end = x + (<usize>pad << 2);
  for (; x < end; x += 16, c += 16) {
    const d = f32x4.sub(v128.load(x), v128.load(c));
    sum = f32x4.add(sum, f32x4.mul(d, d));
  }
  return (
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

/**
 * Nearest codewords from the least scores of groups. Group g holds up to `count` codewords
 * (g / lanes) * span + g % lanes + i * stride, i = 0, 1, …, as far as they are below `size`.
 * `groups` is a multiple of 4; `minima` is [rows, groups].
 *
 * eps = (dim + 8) u (|x'| + R)^2, u = 2^-24, R the greatest |c'|: centring rounds each coordinate
 * once, which moves a distance by at most 2 u (|x'| + R)^2; a sum of dim + 1 products in any order,
 * fused or not, by at most (dim + 1) u (2 |x'| R + R^2); |c'|^2 is rounded once more. `tiny` covers
 * subnormal numbers, also where they are flushed to zero.
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
  const share: f64 = <f64>(dim + 8) * 5.9604644775390625e-8;
  const tiny: f64 = <f64>(dim + 8) * 7.52316384526264e-37;
  const padBytes = <usize>pad << 2;
  for (let n = 0; n < rows; n++) {
    const row = minima + (<usize>(n * groups) << 2);
    const rowEnd = row + (<usize>groups << 2);
    let least4 = v128.load(row);
    for (let at = row + 16; at < rowEnd; at += 16) least4 = f32x4.pmin(least4, v128.load(at));
    const least: f64 = <f64>(
      min<f32>(
        min<f32>(f32x4.extract_lane(least4, 0), f32x4.extract_lane(least4, 1)),
        min<f32>(f32x4.extract_lane(least4, 2), f32x4.extract_lane(least4, 3)),
      )
    );
    const reach = load<f64>(lengths + (<usize>n << 3)) + radius;
    let bound = least + 2 * (share * reach * reach + tiny);
    // Room for the rounding of the bound itself to float32.
    bound += Math.abs(bound) * 1.2e-7;
    const bound4 = f32x4.splat(<f32>bound);
    const vector = x + <usize>n * padBytes;
    let best: f64 = Infinity;
    let index = i32.MAX_VALUE;
    for (let at = row; at < rowEnd; at += 16) {
      let mask = i32x4.bitmask(f32x4.le(v128.load(at), bound4));
      while (mask !== 0) {
        const group = <i32>((at - row) >> 2) + ctz(mask);
        mask &= mask - 1;
        const first = (group / lanes) * span + (group % lanes);
        let nearest: f64 = Infinity;
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
    }
    store<i32>(indices + (<usize>n << 2), index);
    store<f32>(distances + (<usize>n << 2), <f32>best);
  }
}
