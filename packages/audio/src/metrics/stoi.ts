import { LimitError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { RealFft } from "../signal/fft.js";
import { resample } from "../signal/resample.js";
import { monoPair } from "./pair.js";

const RATE = 10_000;
const FRAME = 256;
const HOP = 128;
const FFT = 512;
const BANDS = 15;
/** Centre of the lowest third-octave band, hertz. */
const LOWEST = 150;
/** Frames of one intermediate measure: 384 ms. */
const SEGMENT = 30;
/** Lower bound of the signal-to-distortion ratio, dB. */
const BETA = -15;
/** Frames this far below the loudest are silence, dB. */
const DYNAMIC = 40;
const EPSILON = 2.220446049250313e-16;

/** Symmetric Hann window without its zeros, as the method's own implementation takes it. */
const WINDOW = Float64Array.from(
  { length: FRAME },
  (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 1)) / (FRAME + 1)),
);

/**
 * Short-time objective intelligibility (Taal et al., IEEE TASLP 19 (2011), doi
 * 10.1109/TASL.2011.2114881): mean correlation of third-octave envelopes over 384 ms, about 0 to 1, of
 * speech at 10 kHz (other rates are resampled). Silent frames of the reference are left out.
 *
 * @throws LimitError where less than 384 ms of the reference is speech
 */
export function stoi(reference: AudioSignal, degraded: AudioSignal): number {
  const [a, b] = monoPair(reference, degraded);
  const at10k = (x: Float32Array) => resample(x, reference.sampleRate, RATE);
  const [x, y] = withoutSilence(at10k(a), at10k(b));
  const [clean, noisy] = [bandEnvelopes(x), bandEnvelopes(y)];
  const frames = clean.length / BANDS;
  if (frames < SEGMENT) {
    throw new LimitError("speech", {
      expected: `at least ${SEGMENT} frames of ${(1000 * HOP) / RATE} ms that are not silent`,
      got: String(frames),
      remedy: "Measure longer speech.",
    });
  }
  const clip = 1 + 10 ** (-BETA / 20);
  let sum = 0;
  let count = 0;
  for (let end = SEGMENT; end <= frames; end++) {
    for (let band = 0; band < BANDS; band++) {
      const get = (from: Float64Array, i: number) => from[(end - SEGMENT + i) * BANDS + band]!;
      let [xx, yy] = [0, 0];
      for (let i = 0; i < SEGMENT; i++) {
        xx += get(clean, i) ** 2;
        yy += get(noisy, i) ** 2;
      }
      const gain = Math.sqrt(xx) / (Math.sqrt(yy) + EPSILON);
      const scaled = Float64Array.from({ length: SEGMENT }, (_, i) =>
        Math.min(get(noisy, i) * gain, get(clean, i) * clip),
      );
      let [meanX, meanY] = [0, 0];
      for (let i = 0; i < SEGMENT; i++) {
        meanX += get(clean, i) / SEGMENT;
        meanY += scaled[i]! / SEGMENT;
      }
      let [cross, energyX, energyY] = [0, 0, 0];
      for (let i = 0; i < SEGMENT; i++) {
        const [u, v] = [get(clean, i) - meanX, scaled[i]! - meanY];
        cross += u * v;
        energyX += u * u;
        energyY += v * v;
      }
      sum += cross / ((Math.sqrt(energyX) + EPSILON) * (Math.sqrt(energyY) + EPSILON));
      count++;
    }
  }
  return sum / count;
}

/** Both signals without the frames in which the first is silent, put together by overlap-add. */
function withoutSilence(x: Float32Array, y: Float32Array): [Float64Array, Float64Array] {
  const starts: number[] = [];
  const energies: number[] = [];
  for (let at = 0; at < x.length - FRAME; at += HOP) {
    let energy = 0;
    for (let n = 0; n < FRAME; n++) energy += (x[at + n]! * WINDOW[n]!) ** 2;
    starts.push(at);
    energies.push(20 * Math.log10(Math.sqrt(energy) + EPSILON));
  }
  const loudest = energies.reduce((most, e) => Math.max(most, e), -Infinity);
  const kept = starts.filter((_, i) => loudest - DYNAMIC - energies[i]! < 0);
  const length = kept.length === 0 ? 0 : (kept.length - 1) * HOP + FRAME;
  const out: [Float64Array, Float64Array] = [new Float64Array(length), new Float64Array(length)];
  for (const [i, at] of kept.entries()) {
    for (const [target, from] of [
      [out[0], x],
      [out[1], y],
    ] as const) {
      for (let n = 0; n < FRAME; n++) {
        target[i * HOP + n] = target[i * HOP + n]! + from[at + n]! * WINDOW[n]!;
      }
    }
  }
  return out;
}

/** Magnitudes in third-octave bands, [frames, bands]. */
function bandEnvelopes(x: Float64Array): Float64Array {
  const fft = new RealFft(FFT);
  const edges = Array.from({ length: BANDS }, (_, b) => {
    const nearest = (hertz: number) => Math.round((hertz * FFT) / RATE);
    return [
      nearest(LOWEST * 2 ** ((2 * b - 1) / 6)),
      nearest(LOWEST * 2 ** ((2 * b + 1) / 6)),
    ] as const;
  });
  const frames = x.length < FRAME ? 0 : Math.ceil((x.length - FRAME) / HOP);
  const out = new Float64Array(frames * BANDS);
  const frame = new Float64Array(FRAME);
  const power = new Float64Array(fft.bins);
  for (let t = 0; t < frames; t++) {
    for (let n = 0; n < FRAME; n++) frame[n] = x[t * HOP + n]! * WINDOW[n]!;
    fft.power(frame, power);
    for (const [b, [from, to]] of edges.entries()) {
      let sum = 0;
      for (let k = from; k < to; k++) sum += power[k]!;
      out[t * BANDS + b] = Math.sqrt(sum);
    }
  }
  return out;
}
