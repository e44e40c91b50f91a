import { ArgumentError } from "../errors/index.js";

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded through SplitMix32.
 *
 * The stream of a seed is the same in every JavaScript engine: only integer operations, IEEE
 * additions, products, divisions and square roots are used. `Math.log` and `Math.cos`, whose last
 * bits differ between engines, are avoided, so a codebook drawn from a seed is too.
 * Not for cryptography.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare = Number.NaN;

  /**
   * @param seed any safe integer
   * @param stream independent stream of the same seed (level, restart, worker number, …)
   */
  constructor(seed = 0, stream = 0) {
    checkSeed(seed, "seed");
    checkSeed(stream, "stream");
    let state = 0x9e3779b9;
    const mix = (word: number): number => {
      state = (state + 0x9e3779b9 + word) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (state = z ^ (z >>> 16));
    };
    mix(low(seed));
    mix(high(seed));
    mix(low(stream));
    mix(high(stream));
    this.#a = mix(1);
    this.#b = mix(2);
    this.#c = mix(3);
    // The all-zero state is the generator's only fixed point.
    this.#d = mix(4) | ((this.#a | this.#b | this.#c) === 0 ? 1 : 0);
  }

  /** A generator in a given state of four 32-bit words, not all zero. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random();
    [random.#a, random.#b, random.#c, random.#d] = state;
    return random;
  }

  /** Uniform in [0, 2^32), an integer. */
  uint32(): number {
    const times5 = Math.imul(this.#b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  float(): number {
    const upper = this.uint32() >>> 5;
    return (upper * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** Uniform integer in [0, bound), without modulo bias. `bound` in [1, 2^53 - 1]. */
  integer(bound: number): number {
    if (!Number.isSafeInteger(bound) || bound < 1) {
      throw new ArgumentError("Random.integer", {
        expected: "a bound that is an integer in [1, 2^53 - 1]",
        got: String(bound),
        remedy: "Pass the number of choices.",
      });
    }
    if (bound > 0x100000000) {
      // The smallest power of two that covers the bound; values past the bound are drawn again.
      let span = 0x200000000;
      while (span < bound) span *= 2;
      for (;;) {
        const value = Math.floor(this.float() * span);
        if (value < bound) return value;
      }
    }
    const limit = 0x100000000 - (0x100000000 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const value = this.#spare;
      this.#spare = Number.NaN;
      return value;
    }
    for (;;) {
      const u = 2 * this.float() - 1;
      const v = 2 * this.float() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * portableLog(s)) / s);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Fills `target` by standard normal numbers times `scale`; returns it. */
  fillNormal<T extends Float32Array | Float64Array>(target: T, scale = 1): T {
    for (let i = 0; i < target.length; i++) target[i] = this.normal() * scale;
    return target;
  }

  /** Fisher-Yates, in place; returns `items`. */
  shuffle<T extends { [index: number]: unknown; readonly length: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }

  /** `count` distinct integers of [0, bound) in random order; memory grows with `count` only. */
  sample(count: number, bound: number): Float64Array {
    if (!Number.isSafeInteger(count) || count < 0 || count > bound) {
      throw new ArgumentError("Random.sample", {
        expected: `a count of distinct integers, at most ${bound}`,
        got: String(count),
        remedy: "Ask for at most as many integers as there are.",
      });
    }
    // A sparse Fisher-Yates: `moved` holds only the places that differ from the identity.
    const moved = new Map<number, number>();
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const j = i + this.integer(bound - i);
      out[i] = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
      moved.delete(i);
    }
    return out;
  }
}

/** A generator of `seed`; see `Random`. */
export function createRandom(seed = 0, stream = 0): Random {
  return new Random(seed, stream);
}

/** A double and its two halves; `high` is the one with sign and exponent on this machine. */
const scratch = /* @__PURE__ */ (() => {
  const words = new Float64Array([1]);
  const halves = new Int32Array(words.buffer);
  return { words, halves, high: halves[1] === 0 ? 0 : 1 };
})();

/**
 * Natural logarithm of a normal positive number from additions, products and one division only:
 * x = 2^e m with m in [1/sqrt 2, sqrt 2), ln m = 2 atanh((m - 1) / (m + 1)) as a series.
 */
export function portableLog(x: number): number {
  const { words, halves, high: highWord } = scratch;
  words[0] = x;
  let exponent = ((halves[highWord]! >>> 20) & 0x7ff) - 1023;
  halves[highWord] = (halves[highWord]! & 0xfffff) | 0x3ff00000;
  let m = words[0]!;
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  // |s| < 0.172, so the first term left out is below 2^-59.
  let series = 1 / 23;
  for (let k = 21; k >= 1; k -= 2) series = series * s2 + 1 / k;
  return 2 * s * series + exponent * Math.LN2;
}

function low(value: number): number {
  return value | 0;
}

function high(value: number): number {
  return Math.floor(value / 4294967296) | 0;
}

function checkSeed(value: number, name: string): void {
  if (!Number.isSafeInteger(value)) {
    throw new ArgumentError("Random", {
      expected: `${name} to be a safe integer`,
      got: String(value),
      remedy: "Pass an integer such as 7.",
    });
  }
}
