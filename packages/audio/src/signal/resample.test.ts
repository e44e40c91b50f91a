import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tone } from "../../test/signals.js";
import { resample, Resampler } from "./resample.js";

const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length);
const decibels = (x: number) => 20 * Math.log10(x);

const PAIRS = [
  [44_100, 16_000],
  [48_000, 16_000],
  [8000, 16_000],
  [22_050, 16_000],
  [192_000, 16_000],
  [4000, 16_000],
  [16_000, 44_100],
  [96_000, 44_100],
] as const;

describe.each(PAIRS)("%i Hz to %i Hz", (from, to) => {
  const inner = (x: Float32Array) => x.subarray(x.length >> 2, (x.length * 3) >> 2);

  it("keeps what both rates can hold, within 0.01 dB and in place", () => {
    for (const share of [0.01, 0.3, 0.85]) {
      const hertz = (Math.min(from, to) / 2) * share;
      const out = inner(resample(tone(from, hertz), from, to));
      const wanted = inner(tone(to, hertz));
      const error = rms(out.map((v, i) => v - wanted[i]!)) / rms(wanted);
      expect(decibels(error)).toBeLessThan(-60);
    }
  });

  it("lets no alias through above -60 dB", () => {
    if (from <= to) return;
    // From the new Nyquist frequency, where the transition band has ended, to the old one.
    for (let hertz = to * 0.501; hertz < from * 0.499; hertz += (from - to) / 23) {
      const source = tone(from, hertz);
      expect(decibels(rms(inner(resample(source, from, to))) / rms(source))).toBeLessThan(-60);
    }
  });

  it("makes no image above -60 dB", () => {
    if (from >= to) return;
    const hertz = from * 0.47;
    const out = inner(resample(tone(from, hertz), from, to));
    // What is left when the tone itself is taken out.
    let [re, im] = [0, 0];
    out.forEach((v, i) => {
      re += v * Math.cos((2 * Math.PI * hertz * i) / to);
      im += v * Math.sin((2 * Math.PI * hertz * i) / to);
    });
    const rest = out.map((v, i) => {
      const phase = (2 * Math.PI * hertz * i) / to;
      return v - (2 * (re * Math.cos(phase) + im * Math.sin(phase))) / out.length;
    });
    expect(decibels(rms(rest) / rms(out))).toBeLessThan(-50);
  });

  it("makes ceil(N to / from) samples of N, and of pieces what it makes of the whole", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }),
        (length, sizes) => {
          const x = Float32Array.from({ length }, (_, i) => Math.sin(i * i * 1e-4));
          const whole = resample(x, from, to);
          expect(whole.length).toBe(Math.ceil((length * to) / from));
          const resampler = new Resampler(from, to);
          const pieces: number[] = [];
          for (let at = 0, n = 0; at < length; n++) {
            const size = sizes[n % sizes.length]!;
            pieces.push(...resampler.push(x.subarray(at, at + size)));
            at += size;
          }
          pieces.push(...resampler.flush());
          expect(pieces).toEqual(Array.from(whole));
        },
      ),
      { numRuns: 12, seed: 4 },
    );
  });
});

describe("resampling", () => {
  it("passes a constant unchanged", () => {
    const out = resample(new Float32Array(4000).fill(0.25), 44_100, 16_000);
    for (const v of out.subarray(100, -100)) expect(v).toBeCloseTo(0.25, 6);
  });

  it("refuses rates that are none, and rates without a usable ratio", () => {
    for (const rate of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => new Resampler(rate, 16_000)).toThrow(/hertz/);
    }
    expect(() => new Resampler(767_999, 766_999)).toThrow(/fraction of small numbers/);
  });
});
