import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { melDistance } from "../src/metrics/mel-distance.js";
import { siSdr } from "../src/metrics/si-sdr.js";
import { stoi } from "../src/metrics/stoi.js";
import { degraded, speechLike, tone } from "./signals.js";

const golden = JSON.parse(
  readFileSync(new URL("golden/metrics.json", import.meta.url), "utf8"),
) as {
  rate: number;
  amount: number;
  stoi: number;
  melDistance: number;
  siSdr: number;
}[];

describe.each(golden)("at $rate Hz with noise of $amount", (wanted) => {
  const reference = speechLike(wanted.rate, 2.5);
  const worse = degraded(reference, wanted.amount);

  it("STOI agrees with pystoi", () => {
    // Another resampler from 16 kHz; at 10 kHz there is none.
    const near = wanted.rate === 10_000 ? 6 : 2;
    expect(stoi(reference, worse)).toBeCloseTo(wanted.stoi, near);
  });

  it("mel distance agrees with librosa", () => {
    expect(melDistance(reference, worse)).toBeCloseTo(wanted.melDistance, 4);
  });

  it("SI-SDR agrees with its equation in NumPy", () => {
    expect(siSdr(reference, worse)).toBeCloseTo(wanted.siSdr, 3);
  });
});

describe("metrics", () => {
  const signal = speechLike(16_000, 1.5);
  it("know a perfect copy", () => {
    expect(melDistance(signal, signal)).toBe(0);
    expect(stoi(signal, signal)).toBeCloseTo(1, 9);
    expect(siSdr(signal, signal)).toBeGreaterThan(120);
  });

  it("SI-SDR does not see scale, and is -Infinity for silence", () => {
    const half = { ...signal, samples: [signal.samples[0]!.map((v) => v / 2)] };
    expect(siSdr(signal, half)).toBeGreaterThan(120);
    const silent = { ...signal, samples: [new Float32Array(signal.samples[0]!.length)] };
    expect(siSdr(signal, silent)).toBe(-Infinity);
  });

  it("are worked by hand: a reference [1, -1] and [1, -1] + [1, 1, -1, -1] orthogonal to it", () => {
    const make = (...values: number[]) => ({
      samples: [Float32Array.from(values)],
      sampleRate: 8000,
    });
    // Target energy 4, noise energy 4.
    expect(siSdr(make(1, -1, 1, -1), make(2, 0, 0, -2))).toBeCloseTo(0, 9);
  });

  it("refuse pairs that do not fit, and speech too short for STOI", () => {
    expect(() => siSdr(signal, { ...signal, sampleRate: 8000 })).toThrow(/8000 Hz/);
    const short = { samples: [tone(16_000, 300, 0.1)], sampleRate: 16_000 };
    expect(() => melDistance(signal, short)).toThrow(/samples/);
    expect(() => stoi(short, short)).toThrow(/longer speech/);
  });
});
