// Searches of the families that decode by sums of words (RVQ, AQ, LSQ) and of products of codebooks, in
// AssemblyScript with SIMD128, one tile of vectors a call. src/kernels/tile-plan.ts lays out memory.
// All sums are float32 (or float64 where said) in the order of the TypeScript that they mirror.

import { at } from "./params";
import { finishBlocks, groupMaxima, packVectors } from "./search";

/** Numbers of a sum before it is added to the total: src/kernels/products.ts has the same. */
const CHUNK: i32 = 64;

/** Words [total, dim] at `words` into panels [ceil(total / 8), dim, 8], zeros behind the last word. */
export function packPanels(words: usize, total: i32, dim: i32, panels: usize): void {
  const whole = (total + 7) & -8;
  for (let k = 0; k < whole; k++) {
    let to = panels + (<usize>(k >> 3) * <usize>dim * 8 + <usize>(k & 7)) * 4;
    let from = words + ((<usize>k * <usize>dim) << 2);
    for (let d = 0; d < dim; d++, from += 4, to += 32) {
      store<f32>(to, k < total ? load<f32>(from) : 0);
    }
  }
}

/**
 * out[i, j] = bias[j] + factor x_i·w_j for x [rows, dim] and panels of `total` words; rows of `out` are
 * ceil(total / 8) 8 numbers, and so is `bias`.
 */
export function products(
  x: usize,
  rows: i32,
  dim: i32,
  panels: usize,
  total: i32,
  bias: usize,
  factor: f32,
  out: usize,
): void {
  const outBytes = (<usize>total + 7 & -8) << 2;
  const rowBytes = <usize>dim << 2;
  const panelCount = (total + 7) >> 3;
  const by = f32x4.splat(factor);
  for (let first = 0; first < dim; first += CHUNK) {
    const end = min<i32>(dim, first + CHUNK);
    const isFirst = first === 0;
    const isLast = end === dim;
    for (let panel = 0; panel < panelCount; panel++) {
      const w = panels + ((<usize>panel * <usize>dim + <usize>first) << 5);
      const wEnd = panels + ((<usize>panel * <usize>dim + <usize>end) << 5);
      const ba = v128.load(bias + (<usize>panel << 5));
      const bb = v128.load(bias + (<usize>panel << 5), 16);
      for (let i = 0; i < rows; i += 4) {
        const last = rows - 1;
        // A short last group repeats its last row.
        let x0 = x + <usize>i * rowBytes + (<usize>first << 2);
        let x1 = x + <usize>min<i32>(i + 1, last) * rowBytes + (<usize>first << 2);
        let x2 = x + <usize>min<i32>(i + 2, last) * rowBytes + (<usize>first << 2);
        let x3 = x + <usize>min<i32>(i + 3, last) * rowBytes + (<usize>first << 2);
        let a0 = f32x4.splat(0);
        let b0 = a0;
        let a1 = a0;
        let b1 = a0;
        let a2 = a0;
        let b2 = a0;
        let a3 = a0;
        let b3 = a0;
        for (let at = w; at < wEnd; at += 32) {
          const wa = v128.load(at);
          const wb = v128.load(at, 16);
          const v0 = v128.load32_splat(x0);
          a0 = f32x4.add(a0, f32x4.mul(v0, wa));
          b0 = f32x4.add(b0, f32x4.mul(v0, wb));
          const v1 = v128.load32_splat(x1);
          a1 = f32x4.add(a1, f32x4.mul(v1, wa));
          b1 = f32x4.add(b1, f32x4.mul(v1, wb));
          const v2 = v128.load32_splat(x2);
          a2 = f32x4.add(a2, f32x4.mul(v2, wa));
          b2 = f32x4.add(b2, f32x4.mul(v2, wb));
          const v3 = v128.load32_splat(x3);
          a3 = f32x4.add(a3, f32x4.mul(v3, wa));
          b3 = f32x4.add(b3, f32x4.mul(v3, wb));
          x0 += 4;
          x1 += 4;
          x2 += 4;
          x3 += 4;
        }
        const to = out + <usize>i * outBytes + (<usize>panel << 5);
        put(to, a0, b0, ba, bb, by, isFirst, isLast);
        if (i + 1 < rows) put(to + outBytes, a1, b1, ba, bb, by, isFirst, isLast);
        if (i + 2 < rows) put(to + 2 * outBytes, a2, b2, ba, bb, by, isFirst, isLast);
        if (i + 3 < rows) put(to + 3 * outBytes, a3, b3, ba, bb, by, isFirst, isLast);
      }
    }
  }
}

// @ts-ignore: a decorator
@inline
function put(
  to: usize,
  a: v128,
  b: v128,
  biasA: v128,
  biasB: v128,
  by: v128,
  isFirst: bool,
  isLast: bool,
): void {
  if (!isFirst) {
    a = f32x4.add(v128.load(to), a);
    b = f32x4.add(v128.load(to, 16), b);
  }
  if (isLast) {
    a = f32x4.add(biasA, f32x4.mul(by, a));
    b = f32x4.add(biasB, f32x4.mul(by, b));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
}

/** `products` of a tile, its arguments as int32 at `p`: x, dim, panels, total, bias, out. Factor 1. */
export function turnTile(p: usize, rows: i32): void {
  products(
    load<i32>(p),
    rows,
    load<i32>(p, 4),
    load<i32>(p, 8),
    load<i32>(p, 12),
    load<i32>(p, 16),
    1,
    load<i32>(p, 20),
  );
}

/**
 * Nearest words of one codebook for columns of a tile; arguments as int32 at `p`, in the order in which
 * they are read here. Writes -1 where squares may leave float32.
 */
export function searchPart(p: usize, rows: i32): void {
  const source = <usize>load<i32>(p);
  const stride = <usize>load<i32>(p, 4) << 2;
  const dim = load<i32>(p, 8);
  const pad = load<i32>(p, 12);
  const x = <usize>load<i32>(p, 16);
  const mean = <usize>load<i32>(p, 20);
  const packed = <usize>load<i32>(p, 24);
  const lengths = <usize>load<i32>(p, 28);
  const state = <usize>load<i32>(p, 32);
  const norms = <usize>load<i32>(p, 36);
  const whole = <usize>load<i32>(p, 40);
  const size = load<i32>(p, 44);
  const panels = <usize>load<i32>(p, 48);
  const panelCount = load<i32>(p, 52);
  const blockPanels = load<i32>(p, 56);
  const maxima = <usize>load<i32>(p, 60);
  const top = <usize>load<i32>(p, 64);
  const c = <usize>load<i32>(p, 68);
  const bests = <usize>load<i32>(p, 72);
  const indices = <usize>load<i32>(p, 76);
  const distances = <usize>load<i32>(p, 80);
  const codes = <usize>load<i32>(p, 84);
  const codeStride = <usize>load<i32>(p, 88) << 2;
  const takesOff = load<i32>(p, 92) !== 0;
  const bytes = <usize>dim << 2;
  const padBytes = <usize>pad << 2;
  for (let n = 0; n < rows; n++) {
    const to = x + <usize>n * padBytes;
    if (pad > dim) v128.store(to + padBytes - 16, i32x4.splat(0));
    memory.copy(to, source + <usize>n * stride, bytes);
  }
  const radius = load<f64>(state);
  const longest = packVectors(x, rows, pad, mean, packed, lengths, state, norms, whole, size);
  if (!(radius + longest < 1e18) || !(radius === 0 || radius > 1e-12)) {
    for (let n = 0; n < rows; n++) store<i32>(codes + <usize>n * codeStride, -1);
    return;
  }
  const quads = (rows + 3) >> 2;
  groupMaxima(packed, quads, pad, panels, whole, panelCount, blockPanels, maxima, top, state);
  finishBlocks(
    x,
    rows,
    dim,
    pad,
    lengths,
    packed,
    panels,
    whole,
    panelCount,
    blockPanels,
    maxima,
    top,
    c,
    size,
    state,
    bests,
    indices,
    distances,
  );
  for (let n = 0; n < rows; n++) {
    const k = load<i32>(indices + (<usize>n << 2));
    store<i32>(codes + <usize>n * codeStride, k);
    if (!takesOff) continue;
    let to = source + <usize>n * stride;
    let from = c + <usize>k * padBytes;
    const end = to + bytes;
    for (; to + 16 <= end; to += 16, from += 16) {
      v128.store(to, f32x4.sub(v128.load(to), v128.load(from)));
    }
    for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) - load<f32>(from));
  }
}

/*
 * Additive codebooks. Places as int32 at `p`, then float64 SCALE. Sizes are padded to 4 words: a word
 * that only fills up has a unary term beyond any other.
 */
const X: usize = 0;
const DIM: usize = 4;
const BOOKS: usize = 8;
/** Padded words of a codebook, and of all. */
const SIZE: usize = 12;
const TOTAL: usize = 16;
const PANELS: usize = 20;
const NORMS: usize = 24;
/** 2 c_i·c_j [total, total up to 8], or 0. */
const PAIRS: usize = 28;
const UNARY: usize = 32;
const CODES: usize = 36;
const BEAM: usize = 40;
const SCRATCH: usize = 44;
const ROUNDS: usize = 48;
const SALT: usize = 52;
const WORDS: usize = 56;
const SCALED: usize = 60;
const LEVELS: usize = 64;
/** Words of a codebook that are words. */
const REAL: usize = 68;
const SCALE: usize = 72;
/** Sweeps of ICM after which it stops even if codes still change. */
const MAX_SWEEPS: i32 = 8;
const FAR: f64 = 1125899906842624;

/** Pair table of all words. */
export function pairTable(p: usize, zeros: usize): void {
  const total = <i32>at(p, TOTAL);
  products(at(p, WORDS), total, <i32>at(p, DIM), at(p, PANELS), total, zeros, 2, at(p, PAIRS));
}

/**
 * A tile's rows times the codebooks' scale; a row beyond 2^50 words is shrunk to that by a power of two,
 * which changes nothing that float32 would keep. Then its unary terms |c|^2 - 2 x·c.
 */
function unaryTile(p: usize, rows: i32): void {
  const dim = <i32>at(p, DIM);
  const scale = load<f64>(p + SCALE);
  const x = at(p, X);
  const scaled = at(p, SCALED);
  for (let n = 0; n < rows; n++) {
    const from = x + ((<usize>n * <usize>dim) << 2);
    const to = scaled + ((<usize>n * <usize>dim) << 2);
    let most: f64 = 0;
    for (let d: usize = 0; d < <usize>dim << 2; d += 4) {
      const value = <f64>load<f32>(from + d) * scale;
      most = max<f64>(most, Math.abs(value));
      store<f32>(to + d, <f32>value);
    }
    if (most > FAR) {
      const exponent = (reinterpret<u64>(most) >> 52) - 1023;
      const by = scale * reinterpret<f64>((1023 + 50 - exponent) << 52);
      for (let d: usize = 0; d < <usize>dim << 2; d += 4) {
        store<f32>(to + d, <f32>(<f64>load<f32>(from + d) * by));
      }
    }
  }
  products(scaled, rows, dim, at(p, PANELS), <i32>at(p, TOTAL), at(p, NORMS), -2, at(p, UNARY));
}

/** Residual codes of a tile by the `beam` best partial sums, as BeamSearch of src/quantizers/rvq.ts. */
export function beamTile(p: usize, rows: i32): void {
  unaryTile(p, rows);
  const books = <i32>at(p, BOOKS);
  const levels = <i32>at(p, LEVELS);
  const size = <i32>at(p, SIZE);
  const real = <i32>at(p, REAL);
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const pairs = at(p, PAIRS);
  const beam = <i32>at(p, BEAM);
  const dim = <i32>at(p, DIM);
  const words = at(p, WORDS);
  const panels = at(p, PANELS);
  const bookBytes = <usize>books << 2;
  let codes = at(p, SCRATCH);
  let nextCodes = codes + <usize>beam * bookBytes;
  let values = nextCodes + <usize>beam * bookBytes;
  let nextValues = values + (<usize>beam << 2);
  const slots = nextValues + (<usize>beam << 2);
  const tableRows = slots + (<usize>beam << 2);
  const sum = tableRows + bookBytes;
  for (let n = 0; n < rows; n++) {
    const unary = at(p, UNARY) + <usize>n * rowBytes;
    let paths = 1;
    store<f32>(values, 0);
    for (let m = 0; m < levels; m++) {
      const first = <usize>(m * size) << 2;
      let kept = 0;
      let worst = f32x4.splat(Infinity);
      for (let path = 0; path < paths; path++) {
        const own = codes + <usize>path * bookBytes;
        const value = f32x4.splat(load<f32>(values + (<usize>path << 2)));
        if (pairs !== 0) {
          for (let l = 0; l < m; l++) {
            const j = l * size + load<i32>(own + (<usize>l << 2));
            store<i32>(tableRows + (<usize>l << 2), <i32>(pairs + <usize>j * rowBytes + first));
          }
        } else if (m > 0) {
          memory.fill(sum, 0, <usize>dim << 2);
          for (let l = 0; l < m; l++) {
            const j = l * size + load<i32>(own + (<usize>l << 2));
            addRow(sum, words + ((<usize>j * <usize>dim) << 2), dim);
          }
        }
        for (let k = 0; k < size; k += 16) {
          const block = unary + first + (<usize>k << 2);
          const offset = <usize>k << 2;
          const whole = k + 16 <= size;
          let c0 = v128.load(block);
          let c1 = whole || k + 4 < size ? v128.load(block, 16) : c0;
          let c2 = whole || k + 8 < size ? v128.load(block, 32) : c0;
          let c3 = whole ? v128.load(block, 48) : c0;
          if (pairs !== 0) {
            // Rows behind the last word of a codebook are those of the next, or the table's end.
            for (let l: usize = 0; l < <usize>m << 2; l += 4) {
              const row = <usize>load<i32>(tableRows + l) + offset;
              c0 = f32x4.add(c0, v128.load(row));
              c1 = f32x4.add(c1, v128.load(row, 16));
              c2 = f32x4.add(c2, v128.load(row, 32));
              c3 = f32x4.add(c3, v128.load(row, 48));
            }
          } else if (m > 0) {
            const two = f32x4.splat(2);
            const word = m * size + k;
            c0 = f32x4.add(c0, f32x4.mul(two, dot4(sum, panels, word, dim)));
            if (k + 4 < size) c1 = f32x4.add(c1, f32x4.mul(two, dot4(sum, panels, word + 4, dim)));
            if (k + 8 < size) c2 = f32x4.add(c2, f32x4.mul(two, dot4(sum, panels, word + 8, dim)));
            if (whole) c3 = f32x4.add(c3, f32x4.mul(two, dot4(sum, panels, word + 12, dim)));
          }
          c0 = f32x4.add(value, c0);
          c1 = f32x4.add(value, c1);
          c2 = f32x4.add(value, c2);
          c3 = f32x4.add(value, c3);
          let mask = i32x4.bitmask(f32x4.lt(c0, worst));
          mask |= i32x4.bitmask(f32x4.lt(c1, worst)) << 4;
          mask |= i32x4.bitmask(f32x4.lt(c2, worst)) << 8;
          mask |= i32x4.bitmask(f32x4.lt(c3, worst)) << 12;
          if (mask === 0) continue;
          // Words that fill up, and what lies behind them, are none.
          if (k + 16 > real) mask &= (1 << max<i32>(real - k, 0)) - 1;
          v128.store(sum + (<usize>dim << 2), c0);
          v128.store(sum + (<usize>dim << 2), c1, 16);
          v128.store(sum + (<usize>dim << 2), c2, 32);
          v128.store(sum + (<usize>dim << 2), c3, 48);
          while (mask !== 0) {
            const lane = ctz(mask);
            mask &= mask - 1;
            const total = load<f32>(sum + (<usize>(dim + lane) << 2));
            if (kept === beam && !(total < load<f32>(nextValues + (<usize>(kept - 1) << 2)))) continue;
            if (kept < beam) kept++;
            let place = <usize>(kept - 1) << 2;
            for (; place > 0 && total < load<f32>(nextValues + place - 4); place -= 4) {
              store<f32>(nextValues + place, load<f32>(nextValues + place - 4));
              store<i32>(slots + place, load<i32>(slots + place - 4));
            }
            store<f32>(nextValues + place, total);
            store<i32>(slots + place, path * size + k + lane);
          }
          if (kept === beam) worst = v128.load32_splat(nextValues + (<usize>(kept - 1) << 2));
        }
      }
      for (let e = 0; e < kept; e++) {
        const slot = load<i32>(slots + (<usize>e << 2));
        const path = slot / size;
        const to = nextCodes + <usize>e * bookBytes;
        memory.copy(to, codes + <usize>path * bookBytes, <usize>m << 2);
        store<i32>(to + (<usize>m << 2), slot - path * size);
      }
      paths = kept;
      let other = codes;
      codes = nextCodes;
      nextCodes = other;
      other = values;
      values = nextValues;
      nextValues = other;
    }
    memory.copy(at(p, CODES) + <usize>(n * levels << 2), codes, <usize>levels << 2);
  }
}

// @ts-ignore: a decorator
@inline
function addRow(to: usize, from: usize, dim: i32): void {
  const end = to + (<usize>dim << 2);
  for (; to + 16 <= end; to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}

/** Products of one row with 4 words of the panels, in chunks as `products`. */
function dot4(x: usize, panels: usize, word: i32, dim: i32): v128 {
  let w = panels + ((<usize>(word >> 3) * <usize>dim * 8 + <usize>(word & 7)) << 2);
  let total = f32x4.splat(0);
  for (let first = 0; first < dim; first += CHUNK) {
    const end = min<i32>(dim, first + CHUNK);
    let part = f32x4.splat(0);
    for (let d = first; d < end; d++, w += 32) {
      part = f32x4.add(part, f32x4.mul(v128.load32_splat(x + (<usize>d << 2)), v128.load(w)));
    }
    total = first === 0 ? part : f32x4.add(total, part);
  }
  return total;
}

/** The squared error less |x|^2 of codes (int32 at `codes`), in float64, as AdditiveCodebooks.energy. */
function energy(p: usize, unary: usize, codes: usize): f64 {
  const books = <i32>at(p, BOOKS);
  const size = <i32>at(p, SIZE);
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const pairs = at(p, PAIRS);
  let sum: f64 = 0;
  for (let m = 0; m < books; m++) {
    const j = m * size + load<i32>(codes + (<usize>m << 2));
    sum += <f64>load<f32>(unary + (<usize>j << 2));
    const row = pairs + <usize>j * rowBytes;
    for (let o = 0; o < m; o++) {
      const i = o * size + load<i32>(codes + (<usize>o << 2));
      sum += <f64>load<f32>(row + (<usize>i << 2));
    }
  }
  return sum;
}

let heapSize: i32 = 0;

/** Bounded heap of the smallest values, the largest on top. Returns what a value has to beat. */
function push(values: usize, slots: usize, value: f32, slot: i32, limit: i32): f32 {
  let place: i32;
  if (heapSize < limit) {
    place = heapSize++;
    let up = (place - 1) >> 1;
    while (place > 0 && value > load<f32>(values + (<usize>up << 2))) {
      store<f32>(values + (<usize>place << 2), load<f32>(values + (<usize>up << 2)));
      store<i32>(slots + (<usize>place << 2), load<i32>(slots + (<usize>up << 2)));
      place = up;
      up = (place - 1) >> 1;
    }
  } else {
    place = 0;
    for (let child = 1; child < limit; child = 2 * place + 1) {
      if (
        child + 1 < limit &&
        load<f32>(values + (<usize>child << 2), 4) > load<f32>(values + (<usize>child << 2))
      ) {
        child++;
      }
      if (value >= load<f32>(values + (<usize>child << 2))) break;
      store<f32>(values + (<usize>place << 2), load<f32>(values + (<usize>child << 2)));
      store<i32>(slots + (<usize>place << 2), load<i32>(slots + (<usize>child << 2)));
      place = child;
    }
  }
  store<f32>(values + (<usize>place << 2), value);
  store<i32>(slots + (<usize>place << 2), slot);
  return heapSize < limit ? Infinity : load<f32>(values);
}

/** Shell sort by value, of equal ones by slot. */
function sortHeap(values: usize, slots: usize): void {
  let gap = 1;
  while (gap < heapSize) gap = 3 * gap + 1;
  for (gap = gap / 3; gap > 0; gap = gap / 3) {
    const step = <usize>gap << 2;
    for (let i = gap; i < heapSize; i++) {
      let place = <usize>i << 2;
      const value = load<f32>(values + place);
      const slot = load<i32>(slots + place);
      while (place >= step) {
        const other = load<f32>(values + place - step);
        if (value > other || (value === other && slot > load<i32>(slots + place - step))) break;
        store<f32>(values + place, other);
        store<i32>(slots + place, load<i32>(slots + place - step));
        place -= step;
      }
      store<f32>(values + place, value);
      store<i32>(slots + place, slot);
    }
  }
}

/** One vector's code by BeamEncoder of src/quantizers/aq.ts, into `out`. */
function additiveBeam(p: usize, unary: usize, out: usize): void {
  const books = <i32>at(p, BOOKS);
  const size = <i32>at(p, SIZE);
  const real = <i32>at(p, REAL);
  const total = books * size;
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const costBytes = <usize>total << 2;
  const pairs = at(p, PAIRS);
  const beam = <i32>at(p, BEAM);
  const bookBytes = <usize>books << 2;
  let costs = at(p, SCRATCH);
  let nextCosts = costs + <usize>beam * costBytes;
  let codes = nextCosts + <usize>beam * costBytes;
  let nextCodes = codes + <usize>beam * bookBytes;
  const values = nextCodes + <usize>beam * bookBytes;
  const heapValues = values + (<usize>beam << 2);
  const heapSlots = heapValues + <usize>beam * bookBytes;
  let entries = 1;
  store<f32>(values, 0);
  memory.fill(codes, 255, bookBytes);
  memory.copy(costs, unary, costBytes);
  for (let step = 0; step < books; step++) {
    const isLast = step === books - 1;
    heapSize = 0;
    const limit = entries === 1 ? beam : beam * (step + 1);
    let worst: f32 = Infinity;
    let worst4 = f32x4.splat(Infinity);
    for (let e = 0; e < entries; e++) {
      const base = f32x4.splat(load<f32>(values + (<usize>e << 2)));
      for (let m = 0; m < books; m++) {
        if (load<i32>(codes + <usize>e * bookBytes + (<usize>m << 2)) !== -1) continue;
        const first = e * total + m * size;
        for (let k = 0; k < real; k += 4) {
          const v = f32x4.add(base, v128.load(costs + (<usize>(first + k) << 2)));
          let mask = i32x4.bitmask(f32x4.lt(v, worst4));
          if (mask === 0) continue;
          if (k + 4 > real) mask &= (1 << (real - k)) - 1;
          v128.store(heapSlots + <usize>beam * bookBytes, v);
          while (mask !== 0) {
            const lane = ctz(mask);
            mask &= mask - 1;
            const value = load<f32>(heapSlots + <usize>beam * bookBytes + (<usize>lane << 2));
            if (value < worst) worst = push(heapValues, heapSlots, value, first + k + lane, limit);
          }
          worst4 = f32x4.splat(worst);
        }
      }
    }
    sortHeap(heapValues, heapSlots);
    let taken = 0;
    let least: f64 = Infinity;
    let best = 0;
    for (let i = 0; i < heapSize && taken < beam; i++) {
      const slot = load<i32>(heapSlots + (<usize>i << 2));
      const e = slot / total;
      const word = slot - e * total;
      const m = word / size;
      const to = nextCodes + <usize>taken * bookBytes;
      memory.copy(to, codes + <usize>e * bookBytes, bookBytes);
      store<i32>(to + (<usize>m << 2), word - m * size);
      if (beam > 1 && known(nextCodes, taken, books)) continue;
      store<f32>(values + (<usize>taken << 2), load<f32>(heapValues + (<usize>i << 2)));
      if (!isLast) {
        let from = costs + <usize>e * costBytes;
        let row = pairs + <usize>word * rowBytes;
        let o = nextCosts + <usize>taken * costBytes;
        const end = o + costBytes;
        for (; o < end; o += 16, from += 16, row += 16) {
          v128.store(o, f32x4.add(v128.load(from), v128.load(row)));
        }
      } else {
        const value = energy(p, unary, to);
        if (
          taken === 0 ||
          value < least ||
          (value === least && before(to, nextCodes + <usize>best * bookBytes, books))
        ) {
          least = value;
          best = taken;
        }
      }
      taken++;
    }
    if (isLast) {
      memory.copy(out, nextCodes + <usize>best * bookBytes, bookBytes);
      return;
    }
    let other = codes;
    codes = nextCodes;
    nextCodes = other;
    other = costs;
    costs = nextCosts;
    nextCosts = other;
    entries = taken;
  }
}

/** True if an entry before this one has the same code. */
function known(codes: usize, entry: i32, books: i32): bool {
  const own = codes + ((<usize>entry * <usize>books) << 2);
  for (let other = codes; other < own; other += <usize>books << 2) {
    let m: usize = 0;
    const bytes = <usize>books << 2;
    while (m < bytes && load<i32>(own + m) === load<i32>(other + m)) m += 4;
    if (m === bytes) return true;
  }
  return false;
}

function before(a: usize, b: usize, books: i32): bool {
  for (let m: usize = 0; m < <usize>books << 2; m += 4) {
    const d = load<i32>(a + m) - load<i32>(b + m);
    if (d !== 0) return d < 0;
  }
  return false;
}

export function additiveTile(p: usize, rows: i32): void {
  unaryTile(p, rows);
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const books = <i32>at(p, BOOKS);
  for (let n = 0; n < rows; n++) {
    additiveBeam(p, at(p, UNARY) + <usize>n * rowBytes, at(p, CODES) + <usize>(n * books << 2));
  }
}

let randomState: i32 = 1;

/** Uniform in [0, bound) up to 2^-32: xorshift32 (Marsaglia, 2003). */
// @ts-ignore: a decorator
@inline
function draw(bound: i32): i32 {
  let s = randomState;
  s ^= s << 13;
  s ^= <i32>(<u32>s >>> 17);
  s ^= s << 5;
  randomState = s;
  return <i32>((<f64>(<u32>s) / 4294967296) * <f64>bound);
}

/** Iterated local search of a tile from a beam search, as IlsEncoder of src/quantizers/lsq.ts. */
export function localSearchTile(p: usize, rows: i32): void {
  unaryTile(p, rows);
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const books = <i32>at(p, BOOKS);
  const real = <i32>at(p, REAL);
  const dim = at(p, DIM);
  const bookBytes = <usize>books << 2;
  const rounds = <i32>at(p, ROUNDS);
  const salt = <i32>at(p, SALT);
  const changes = max<i32>(1, min<i32>(4, books >> 1));
  for (let n = 0; n < rows; n++) {
    const unary = at(p, UNARY) + <usize>n * rowBytes;
    const code = at(p, CODES) + <usize>n * bookBytes;
    additiveBeam(p, unary, code);
    let hash: i32 = <i32>0x811c9dc5 ^ salt;
    const bits = at(p, X) + ((<usize>n * dim) << 2);
    for (let d: usize = 0; d < dim << 2; d += 4) hash = (hash ^ load<i32>(bits + d)) * 0x01000193;
    hash = (hash ^ <i32>(<u32>hash >>> 16)) * <i32>0x85ebca6b;
    hash ^= <i32>(<u32>hash >>> 13);
    randomState = hash === 0 ? <i32>0x9e3779b9 : hash;
    // The beam search is done with its scratch.
    const trial = at(p, SCRATCH);
    const dirty = trial + bookBytes;
    const sums = dirty + bookBytes;
    let best = energy(p, unary, code);
    for (let round = 0; round <= rounds; round++) {
      memory.copy(trial, code, bookBytes);
      memory.fill(dirty, round === 0 ? 1 : 0, <usize>books);
      if (round > 0) {
        for (let change = 0; change < changes; change++) {
          const m = <usize>draw(books) << 2;
          const k = draw(real);
          if (load<i32>(trial + m) !== k) {
            store<i32>(trial + m, k);
            memory.fill(dirty, 1, <usize>books);
          }
        }
      }
      conditionalModes(p, unary, trial, dirty, sums);
      const value = energy(p, unary, trial);
      if (value < best) {
        best = value;
        memory.copy(code, trial, bookBytes);
      }
    }
  }
}

function conditionalModes(p: usize, unary: usize, trial: usize, dirty: usize, sums: usize): void {
  const books = <i32>at(p, BOOKS);
  const size = <i32>at(p, SIZE);
  const real = <i32>at(p, REAL);
  const rowBytes = (at(p, TOTAL) + 7 & -8) << 2;
  const pairs = at(p, PAIRS);
  const rows = sums + (<usize>(size + 16) << 2);
  let clean = 0;
  let m = -1;
  for (let visit = 0; visit < MAX_SWEEPS * books && clean < books; visit++) {
    m = m + 1 === books ? 0 : m + 1;
    if (load<u8>(dirty + <usize>m) === 0) {
      clean++;
      continue;
    }
    store<u8>(dirty + <usize>m, 0);
    const column = <usize>(m * size) << 2;
    let count: usize = 0;
    for (let o = 0; o < books; o++) {
      if (o === m) continue;
      const j = o * size + load<i32>(trial + (<usize>o << 2));
      store<i32>(rows + count, <i32>(pairs + <usize>j * rowBytes + column));
      count += 4;
    }
    let least = f32x4.splat(Infinity);
    const from = unary + column;
    let k = 0;
    for (; k + 16 <= size; k += 16) {
      const offset = <usize>k << 2;
      let c0 = v128.load(from + offset);
      let c1 = v128.load(from + offset, 16);
      let c2 = v128.load(from + offset, 32);
      let c3 = v128.load(from + offset, 48);
      for (let o: usize = 0; o < count; o += 4) {
        const row = <usize>load<i32>(rows + o) + offset;
        c0 = f32x4.add(c0, v128.load(row));
        c1 = f32x4.add(c1, v128.load(row, 16));
        c2 = f32x4.add(c2, v128.load(row, 32));
        c3 = f32x4.add(c3, v128.load(row, 48));
      }
      v128.store(sums + offset, c0);
      v128.store(sums + offset, c1, 16);
      v128.store(sums + offset, c2, 32);
      v128.store(sums + offset, c3, 48);
      least = f32x4.pmin(f32x4.pmin(least, f32x4.pmin(c0, c1)), f32x4.pmin(c2, c3));
    }
    for (; k < size; k += 4) {
      const offset = <usize>k << 2;
      let c = v128.load(from + offset);
      for (let o: usize = 0; o < count; o += 4) {
        c = f32x4.add(c, v128.load(<usize>load<i32>(rows + o) + offset));
      }
      v128.store(sums + offset, c);
      least = f32x4.pmin(least, c);
    }
    const value = min<f32>(
      min<f32>(f32x4.extract_lane(least, 0), f32x4.extract_lane(least, 1)),
      min<f32>(f32x4.extract_lane(least, 2), f32x4.extract_lane(least, 3)),
    );
    const current = load<i32>(trial + (<usize>m << 2));
    if (!(value < load<f32>(sums + (<usize>current << 2)))) {
      clean++;
      continue;
    }
    const same = f32x4.splat(value);
    let found = 0;
    for (; found < real; found += 4) {
      const hit = i32x4.bitmask(f32x4.eq(v128.load(sums + (<usize>found << 2)), same));
      if (hit === 0) continue;
      found += ctz(hit);
      break;
    }
    store<i32>(trial + (<usize>m << 2), found);
    memory.fill(dirty, 1, <usize>books);
    store<u8>(dirty + <usize>m, 0);
    clean = 1;
  }
}
