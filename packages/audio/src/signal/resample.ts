import { ArgumentError } from "@dtok/core";

/** Zero crossings of the sinc on each side. */
const ZEROS = 48;
/** Kaiser window: 80 dB of stop band (Kaiser and Schafer, 1980, Eq. 6). */
const BETA = 0.1102 * (80 - 8.7);
/** Share of the lower Nyquist frequency that passes; the rest is the transition band. */
const PASS = 0.945;
/** Filter taps over all phases: rates without a small ratio would ask for more. */
const MAX_TAPS = 1 << 22;

/** Modified Bessel function of order 0. */
function bessel(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; k < 60; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
    if (term < 1e-16 * sum) break;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * Polyphase windowed-sinc resampler from one rate to another, fed piece by piece: output sample j is
 * the band-limited signal at time j / to, so N samples become ceil(N to / from). Pieces of any size give the
 * same samples as the whole.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #reach: number;
  /** Taps by phase, each of 2 reach + 1 numbers. */
  readonly #taps: Float32Array;
  #held = new Float32Array(0);
  /** Index of the first held sample; negative ones are the zeros before the beginning. */
  #start: number;
  #taken = 0;
  #given = 0;

  /**
   * @param from sample rate of the input, hertz
   * @param to sample rate of the output, hertz
   * @throws ArgumentError for rates that are no positive whole numbers, or hardly related ones
   */
  constructor(from: number, to: number) {
    for (const [name, rate] of Object.entries({ from, to })) {
      if (!Number.isSafeInteger(rate) || rate < 1) {
        throw new ArgumentError(`sample rate ${name}`, {
          expected: "hertz, a whole number",
          got: String(rate),
          remedy: "Correct the rate of the signal.",
        });
      }
    }
    const common = gcd(from, to);
    this.#up = to / common;
    this.#down = from / common;
    const cutoff = PASS * Math.min(1, to / from);
    this.#reach = from === to ? 0 : Math.ceil(ZEROS / cutoff);
    const width = 2 * this.#reach + 1;
    if (this.#up * width > MAX_TAPS) {
      throw new ArgumentError("sample rates", {
        expected: "rates whose ratio is a fraction of small numbers",
        got: `${from} Hz to ${to} Hz`,
        remedy: "Round the rate of the signal to a usual one.",
      });
    }
    this.#taps = new Float32Array(this.#up * width);
    for (let phase = 0; phase < this.#up; phase++) {
      const shift = phase / this.#up;
      let sum = 0;
      const row = new Float64Array(width);
      for (let i = 0; i < width; i++) {
        const t = i - this.#reach - shift;
        const inside = 1 - (t / (this.#reach + 1)) ** 2;
        const window = inside > 0 ? bessel(BETA * Math.sqrt(inside)) / bessel(BETA) : 0;
        const x = Math.PI * cutoff * t;
        row[i] = (x === 0 ? 1 : Math.sin(x) / x) * cutoff * window;
        sum += row[i]!;
      }
      // Every phase passes a constant unchanged.
      for (let i = 0; i < width; i++) this.#taps[phase * width + i] = row[i]! / sum;
    }
    this.#start = -this.#reach;
    this.#held = new Float32Array(this.#reach);
  }

  /** Takes samples and gives those that are determined by now. */
  push(samples: Float32Array): Float32Array {
    this.#taken += samples.length;
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    this.#held = held;
    return this.#drain(this.#taken - this.#reach);
  }

  /** Gives the rest; silence follows the last sample. */
  flush(): Float32Array {
    const held = new Float32Array(this.#held.length + this.#reach + 1);
    held.set(this.#held);
    this.#held = held;
    return this.#drain(this.#taken);
  }

  /** Outputs whose centre lies before input sample `end`. */
  #drain(end: number): Float32Array {
    const count = Math.max(0, Math.ceil((end * this.#up) / this.#down) - this.#given);
    const out = new Float32Array(count);
    const width = 2 * this.#reach + 1;
    const [held, taps, up, down] = [this.#held, this.#taps, this.#up, this.#down];
    const whole = width - (width % 4);
    for (let i = 0; i < count; i++) {
      const position = (this.#given + i) * down;
      const centre = Math.floor(position / up);
      const phase = position - centre * up;
      let h = centre - this.#reach - this.#start;
      let t = phase * width;
      // Four sums, so that additions need not wait for one another.
      let [a, b, c, d] = [0, 0, 0, 0];
      for (const end = t + whole; t < end; t += 4, h += 4) {
        a += held[h]! * taps[t]!;
        b += held[h + 1]! * taps[t + 1]!;
        c += held[h + 2]! * taps[t + 2]!;
        d += held[h + 3]! * taps[t + 3]!;
      }
      for (const end = (phase + 1) * width; t < end; t++, h++) a += held[h]! * taps[t]!;
      out[i] = a + b + (c + d);
    }
    this.#given += count;
    const first = Math.floor((this.#given * this.#down) / this.#up) - this.#reach;
    const drop = Math.min(this.#held.length, Math.max(0, first - this.#start));
    this.#held = this.#held.slice(drop);
    this.#start += drop;
    return out;
  }
}

/** Samples at another rate: N become ceil(N to / from). */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples.slice();
  const resampler = new Resampler(from, to);
  const a = resampler.push(samples);
  const b = resampler.flush();
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
