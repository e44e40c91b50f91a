// Kernels of the scalar quantizers (FSQ, LFQ, BSQ) in AssemblyScript with SIMD128, one thread.
// The caller lays out memory and works in blocks that stay in the cache:
//   tooling/scripts/build-wasm.ts compiles this file; src/quantizers/scalar-wasm.ts calls it.

/**
 * Signs of `count` floats at `from` (16-byte aligned) as a bit stream at `to`: bit i is set if value
 * i is > 0. `count` is a multiple of 16; fill the last floats by zeros.
 * Returns 1 if a value is NaN or infinite, else 0.
 */
export function signBits(from: usize, count: i32, to: usize): i32 {
  const zero = i32x4.splat(0);
  let large = i32x4.splat(0);
  const end = from + (<usize>count << 2);
  while (from < end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    // Without its sign, a pattern from 0xff000000 on (shifted) is NaN or infinity.
    large = i32x4.max_u(
      large,
      i32x4.max_u(
        i32x4.max_u(i32x4.shl(a, 1), i32x4.shl(b, 1)),
        i32x4.max_u(i32x4.shl(c, 1), i32x4.shl(d, 1)),
      ),
    );
    // A float is > 0 exactly if its pattern is > 0 as an int32.
    const low = i16x8.narrow_i32x4_s(i32x4.gt_s(a, zero), i32x4.gt_s(b, zero));
    const high = i16x8.narrow_i32x4_s(i32x4.gt_s(c, zero), i32x4.gt_s(d, zero));
    store<u16>(to, <u16>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)));
    from += 64;
    to += 2;
  }
  return v128.any_true(i32x4.ge_u(large, i32x4.splat(0xff000000))) ? 1 : 0;
}

/**
 * Cuts a bit stream into `count` codes of `widths` bits in turn (int32 at `widths`, `cycle` of them)
 * and stores them as int32 at `to`. Eight bytes behind the stream must be readable.
 */
export function cutBits(from: usize, count: i32, widths: usize, cycle: i32, to: usize): void {
  let at: usize = 0;
  if (cycle === 1) {
    const width = <usize>load<i32>(widths);
    const mask = ((<u64>1) << (<u64>width)) - 1;
    for (let k = 0; k < count; k++) {
      store<i32>(to, <i32>((load<u64>(from + (at >> 3)) >> <u64>(at & 7)) & mask));
      at += width;
      to += 4;
    }
    return;
  }
  let q = 0;
  for (let k = 0; k < count; k++) {
    const width = <usize>load<i32>(widths + (<usize>q << 2));
    const mask = ((<u64>1) << (<u64>width)) - 1;
    store<i32>(to, <i32>((load<u64>(from + (at >> 3)) >> <u64>(at & 7)) & mask));
    at += width;
    to += 4;
    q = q + 1 === cycle ? 0 : q + 1;
  }
}

/**
 * Thresholded digits of `rows` vectors of `dim` floats at `from`, summed into mixed-radix indices.
 *
 * `table` holds for each channel in turn: the number of thresholds (int32), the digit's weight
 * (int32), whether the channel begins a codebook (int32), a gap of 4 bytes, then each threshold four
 * times over (16 bytes). `rows` is a multiple of 16. Indices go to `to` as int32, codebook q of
 * vector n at to + 4 (n * codebooks + q). `scratch` has room for 64 * dim bytes.
 * Returns 1 if a value is NaN or infinite, else 0.
 */
export function thresholdIndices(
  from: usize,
  rows: i32,
  dim: i32,
  table: usize,
  codebooks: i32,
  to: usize,
  scratch: usize,
): i32 {
  let large = i32x4.splat(0);
  const stride = <usize>dim << 2;
  const outStride = <usize>codebooks << 2;
  for (let n = 0; n < rows; n += 16) {
    transpose16(from, dim, scratch);
    let entry = table;
    let column = scratch;
    let out = to;
    let index0 = i32x4.splat(0);
    let index1 = i32x4.splat(0);
    let index2 = i32x4.splat(0);
    let index3 = i32x4.splat(0);
    for (let i = 0; i < dim; i++) {
      const a = v128.load(column);
      const b = v128.load(column, 16);
      const c = v128.load(column, 32);
      const d = v128.load(column, 48);
      column += 64;
      // Without its sign, a pattern from 0xff000000 on (shifted) is NaN or infinity.
      large = i32x4.max_u(
        large,
        i32x4.max_u(
          i32x4.max_u(i32x4.shl(a, 1), i32x4.shl(b, 1)),
          i32x4.max_u(i32x4.shl(c, 1), i32x4.shl(d, 1)),
        ),
      );
      const count = load<i32>(entry);
      const weight = i32x4.splat(load<i32>(entry, 4));
      if (i > 0 && load<i32>(entry, 8) !== 0) {
        storeIndices(out, outStride, index0, index1, index2, index3);
        out += 4;
        index0 = i32x4.splat(0);
        index1 = i32x4.splat(0);
        index2 = i32x4.splat(0);
        index3 = i32x4.splat(0);
      }
      entry += 16;
      let digit0 = i32x4.splat(0);
      let digit1 = i32x4.splat(0);
      let digit2 = i32x4.splat(0);
      let digit3 = i32x4.splat(0);
      const end = entry + (<usize>count << 4);
      // A comparison that holds is -1 in every lane.
      while (entry < end) {
        const threshold = v128.load(entry);
        digit0 = i32x4.sub(digit0, f32x4.ge(a, threshold));
        digit1 = i32x4.sub(digit1, f32x4.ge(b, threshold));
        digit2 = i32x4.sub(digit2, f32x4.ge(c, threshold));
        digit3 = i32x4.sub(digit3, f32x4.ge(d, threshold));
        entry += 16;
      }
      index0 = i32x4.add(index0, i32x4.mul(digit0, weight));
      index1 = i32x4.add(index1, i32x4.mul(digit1, weight));
      index2 = i32x4.add(index2, i32x4.mul(digit2, weight));
      index3 = i32x4.add(index3, i32x4.mul(digit3, weight));
    }
    storeIndices(out, outStride, index0, index1, index2, index3);
    from += stride << 4;
    to += outStride << 4;
  }
  return v128.any_true(i32x4.ge_u(large, i32x4.splat(0xff000000))) ? 1 : 0;
}

/** 16 vectors of `dim` floats at `from` to `dim` columns of 16 floats at `to`. */
function transpose16(from: usize, dim: i32, to: usize): void {
  const stride = <usize>dim << 2;
  for (let r: usize = 0; r < 4; r++) {
    const at = from + r * (stride << 2);
    const target = to + (r << 4);
    if (dim < 4) {
      for (let i: usize = 0; i < <usize>dim; i++) {
        let z = v128.load32_zero(at + (i << 2));
        z = v128.load_lane<i32>(at + (i << 2) + stride, z, 1);
        z = v128.load_lane<i32>(at + (i << 2) + (stride << 1), z, 2);
        z = v128.load_lane<i32>(at + (i << 2) + stride * 3, z, 3);
        v128.store(target + (i << 6), z);
      }
      continue;
    }
    let i = 0;
    for (;;) {
      const source = at + (<usize>i << 2);
      const w = v128.load(source);
      const x = v128.load(source + stride);
      const y = v128.load(source + (stride << 1));
      const z = v128.load(source + stride * 3);
      const wxLow = v128.shuffle<i32>(w, x, 0, 4, 1, 5);
      const wxHigh = v128.shuffle<i32>(w, x, 2, 6, 3, 7);
      const yzLow = v128.shuffle<i32>(y, z, 0, 4, 1, 5);
      const yzHigh = v128.shuffle<i32>(y, z, 2, 6, 3, 7);
      const column = target + (<usize>i << 6);
      v128.store(column, v128.shuffle<i64>(wxLow, yzLow, 0, 2));
      v128.store(column, v128.shuffle<i64>(wxLow, yzLow, 1, 3), 64);
      v128.store(column, v128.shuffle<i64>(wxHigh, yzHigh, 0, 2), 128);
      v128.store(column, v128.shuffle<i64>(wxHigh, yzHigh, 1, 3), 192);
      if (i === dim - 4) break;
      // The last tile overlaps the one before where dim is no multiple of 4.
      i = min(i + 4, dim - 4);
    }
  }
}

// @ts-ignore: decorator
@inline
function storeIndices(to: usize, stride: usize, a: v128, b: v128, c: v128, d: v128): void {
  if (stride === 4) {
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    return;
  }
  storeLanes(to, stride, a);
  storeLanes(to + (stride << 2), stride, b);
  storeLanes(to + (stride << 3), stride, c);
  storeLanes(to + stride * 12, stride, d);
}

// @ts-ignore: decorator
@inline
function storeLanes(to: usize, stride: usize, index: v128): void {
  v128.store_lane<i32>(to, index, 0);
  v128.store_lane<i32>(to + stride, index, 1);
  v128.store_lane<i32>(to + (stride << 1), index, 2);
  v128.store_lane<i32>(to + stride * 3, index, 3);
}

/**
 * Codes to two-valued vectors: `count` codes of `widths` bits in turn (as `cutBits`) become floats
 * at `to`, `low` for a clear bit and `high` for a set one. Up to 12 bytes behind them are overwritten.
 */
export function bitValues(
  from: usize,
  count: i32,
  widths: usize,
  cycle: i32,
  low: f32,
  high: f32,
  to: usize,
): void {
  const ones = i32x4(1, 2, 4, 8);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  let q = 0;
  for (let k = 0; k < count; k++) {
    let code = load<i32>(from + (<usize>k << 2));
    let width = load<i32>(widths + (<usize>q << 2));
    let at = to;
    to += <usize>width << 2;
    while (width > 0) {
      const set = i32x4.ne(v128.and(i32x4.splat(code), ones), i32x4.splat(0));
      v128.store(at, v128.bitselect(highs, lows, set));
      code >>= 4;
      width -= 4;
      at += 16;
    }
    q = q + 1 === cycle ? 0 : q + 1;
  }
}

/**
 * Rows of a table for `rows` codes: floats table[digit * channels ...] of digit = code / divisor mod
 * size, `channels` each, at `to`, `outStride` bytes apart. Codes lie `stride` bytes apart.
 */
export function gatherRows(
  from: usize,
  stride: usize,
  rows: i32,
  divisor: u32,
  size: u32,
  table: usize,
  channels: i32,
  to: usize,
  outStride: usize,
): void {
  // An integer plus a half is so far from every multiple of the divisor that its product with the
  // rounded inverse has the right integer part: codes have 31 bits, a double 53.
  const inverse = 1.0 / <f64>divisor;
  const inverseSize = 1.0 / <f64>size;
  const bytes = <usize>channels << 2;
  const whole = bytes & ~15;
  for (let n = 0; n < rows; n++) {
    const rest = <u32>((<f64>load<i32>(from) + 0.5) * inverse);
    const digit = rest - <u32>((<f64>(<i32>rest) + 0.5) * inverseSize) * size;
    const source = table + <usize>digit * bytes;
    let at: usize = 0;
    while (at < whole) {
      v128.store(to + at, v128.load(source + at));
      at += 16;
    }
    if (bytes & 8) {
      store<u64>(to + at, load<u64>(source + at));
      at += 8;
    }
    if (bytes & 4) store<u32>(to + at, load<u32>(source + at));
    from += stride;
    to += outStride;
  }
}
