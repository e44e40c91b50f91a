// Matching pursuit and sums of shapes in AssemblyScript with SIMD128, one thread; src/codec/shapes-wasm.ts
// lays out memory and calls. Numbers are those of src/codec/shapes.ts: products and sums in float64,
// rounded to float32 where those are stored.

import { at, int } from "./params";

/** Of `pursueShapes`: float32 correlations [blocks, shapes], in place, and products [shapes, shapes]. */
const REST: usize = 0;
const PRODUCTS: usize = 4;
const SHAPES: usize = 8;
const BLOCKS: usize = 12;
const STAGES: usize = 16;
/** Int32 [blocks, stages], 0 at first; float64 [blocks, stages + 1], of which the first is known. */
const CODES: usize = 20;
const LEFT: usize = 24;
/** Float64. */
const GAINS: usize = 28;
const GAIN_COUNT: usize = 32;

/** Greatest magnitude of `count` float32 numbers, a multiple of 4. */
// @ts-ignore: a decorator
@inline
function greatest(from: usize, count: usize): f32 {
  let most = f32x4.splat(0);
  for (let i: usize = 0; i < count << 2; i += 16) {
    most = f32x4.max(most, f32x4.abs(v128.load(from + i)));
  }
  return max<f32>(
    max<f32>(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max<f32>(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** v + value times w, in float64, rounded to float32. */
// @ts-ignore: a decorator
@inline
function addTo(v: v128, value: v128, w: v128): v128 {
  const low = f64x2.add(f64x2.promote_low_f32x4(v), f64x2.mul(value, f64x2.promote_low_f32x4(w)));
  const high = f64x2.add(
    f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0)),
    f64x2.mul(value, f64x2.promote_low_f32x4(v128.shuffle<i64>(w, w, 1, 0))),
  );
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** Each block's shapes, stage after stage. */
export function pursueShapes(p: usize): void {
  const shapes = at(p, SHAPES);
  const stages = int(p, STAGES);
  const gains = at(p, GAINS);
  const gainCount = int(p, GAIN_COUNT);
  for (let block = 0; block < int(p, BLOCKS); block++) {
    const rest = at(p, REST) + <usize>block * (shapes << 2);
    const codes = at(p, CODES) + (<usize>(block * stages) << 2);
    const left = at(p, LEFT) + (<usize>(block * (stages + 1)) << 3);
    for (let stage = 0; stage < stages; stage++) {
      const most = greatest(rest, shapes);
      let best: usize = 0;
      while (best + 1 < shapes && abs<f32>(load<f32>(rest + (best << 2))) !== most) best++;
      let g = 0;
      while (g + 1 < gainCount) {
        const here = gains + (<usize>g << 3);
        if (!(<f64>most > (load<f64>(here) + load<f64>(here, 8)) / 2)) break;
        g++;
      }
      const before = load<f64>(left + (<usize>stage << 3));
      if (g === 0) {
        for (let s = stage + 1; s <= stages; s++) store<f64>(left + (<usize>s << 3), before);
        break;
      }
      const wanted = <f64>load<f32>(rest + (best << 2));
      const gain = load<f64>(gains + (<usize>g << 3));
      const value = wanted < 0 ? -gain : gain;
      const code = (2 * g + (wanted < 0 ? 1 : 0)) * <i32>shapes + <i32>best;
      store<i32>(codes + (<usize>stage << 2), code);
      store<f64>(left + (<usize>(stage + 1) << 3), before + value * (value - 2 * wanted));
      const row = at(p, PRODUCTS) + best * (shapes << 2);
      const minus = f64x2.splat(-value);
      for (let i: usize = 0; i < shapes << 2; i += 16) {
        v128.store(rest + i, addTo(v128.load(rest + i), minus, v128.load(row + i)));
      }
    }
  }
}

/** Of `addShapes`: float32 [shapes, frames, 16, 48], and frames of one row of blocks [frames, 16, row bytes]. */
const DICTIONARY: usize = 0;
const FRAMES: usize = 4;
const BAND: usize = 8;
const ROW: usize = 12;
/** Int32 [entries, 3]: column of a block, its first term, the one to end before. */
const ENTRIES: usize = 16;
const ENTRY_COUNT: usize = 20;
/** Int32 shapes and float64 gains of terms. */
const TERMS: usize = 24;
const VALUES: usize = 28;

const SIDE: usize = 16;
const SAMPLES: usize = 48;

/** Adds to the bytes of blocks what their terms say, rounded half up. */
export function addShapes(p: usize): void {
  const frames = at(p, FRAMES);
  const row = at(p, ROW);
  const size = frames * SIDE * SAMPLES * 4;
  const half = f64x2.splat(0.5);
  for (let entry = 0; entry < int(p, ENTRY_COUNT); entry++) {
    const fields = at(p, ENTRIES) + <usize>(entry * 12);
    const column = <usize>load<i32>(fields);
    const first = load<i32>(fields, 4);
    const end = load<i32>(fields, 8);
    for (let line: usize = 0; line < frames * SIDE; line++) {
      const to = at(p, BAND) + line * row + column * SAMPLES;
      const offset = at(p, DICTIONARY) + line * SAMPLES * 4;
      for (let i: usize = 0; i < SAMPLES; i += 4) {
        let sum = f32x4.splat(0);
        for (let term = first; term < end; term++) {
          const shape = <usize>load<i32>(at(p, TERMS) + (<usize>term << 2));
          const value = v128.load64_splat(at(p, VALUES) + (<usize>term << 3));
          // The first is 0 + its product, which is its product.
          sum = addTo(sum, value, v128.load(offset + shape * size + (i << 2)));
        }
        const bytes = i32x4.extend_low_i16x8_u(
          i16x8.extend_low_i8x16_u(v128.load32_zero(to + i)),
        );
        const low = f64x2.add(
          f64x2.add(f64x2.convert_low_i32x4_s(bytes), f64x2.promote_low_f32x4(sum)),
          half,
        );
        const high = f64x2.add(
          f64x2.add(
            f64x2.convert_low_i32x4_s(v128.shuffle<i64>(bytes, bytes, 1, 0)),
            f64x2.promote_low_f32x4(v128.shuffle<i64>(sum, sum, 1, 0)),
          ),
          half,
        );
        const whole = v128.shuffle<i64>(
          i32x4.trunc_sat_f64x2_s_zero(low),
          i32x4.trunc_sat_f64x2_s_zero(high),
          0,
          2,
        );
        const words = i16x8.narrow_i32x4_s(whole, whole);
        v128.store32_lane(to + i, i8x16.narrow_i16x8_u(words, words), 0);
      }
    }
  }
}
