import { ArgumentError } from "@dtok/core";

/**
 * Fourier transform of real frames of one size, a power of two: iterative radix-2 (Cooley and Tukey,
 * 1965), tables made once.
 */
export class RealFft {
  readonly bins: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #order: Uint32Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;

  /** @param size samples of a frame, a power of two from 2 */
  constructor(readonly size: number) {
    if (!Number.isSafeInteger(size) || size < 2 || size > 1 << 20 || (size & (size - 1)) !== 0) {
      throw new ArgumentError("transform size", {
        expected: "a power of two from 2 to 2^20",
        got: String(size),
        remedy: "Pad the frame with zeros.",
      });
    }
    this.bins = size / 2 + 1;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) =>
      Math.cos((2 * Math.PI * k) / size),
    );
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) =>
      Math.sin((2 * Math.PI * k) / size),
    );
    const bits = Math.log2(size);
    this.#order = Uint32Array.from({ length: size }, (_, i) => {
      let out = 0;
      for (let b = 0; b < bits; b++) if (i & (1 << b)) out |= 1 << (bits - 1 - b);
      return out;
    });
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
  }

  /** Squared magnitudes of a frame (shorter ones are padded with zeros) into `out` [bins]. */
  power(frame: ArrayLike<number>, out: Float64Array): void {
    const { size } = this;
    const re = this.#re;
    const im = this.#im;
    for (let i = 0; i < size; i++) {
      const from = this.#order[i]!;
      re[i] = from < frame.length ? frame[from]! : 0;
      im[i] = 0;
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [c, s] = [this.#cos[k * step]!, this.#sin[k * step]!];
          const [a, b] = [start + k, start + k + half];
          const x = re[b]! * c + im[b]! * s;
          const y = im[b]! * c - re[b]! * s;
          re[b] = re[a]! - x;
          im[b] = im[a]! - y;
          re[a] = re[a]! + x;
          im[a] = im[a]! + y;
        }
      }
    }
    for (let k = 0; k < this.bins; k++) out[k] = re[k]! * re[k]! + im[k]! * im[k]!;
  }
}

/** Periodic Hann window. */
export function hann(size: number): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size),
  );
}
