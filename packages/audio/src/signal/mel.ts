import { hann, RealFft } from "./fft.js";

/** Slaney's mel scale (Auditory Toolbox): linear below 1 kHz, logarithmic above. */
const toMel = (hertz: number) =>
  hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
const toHertz = (mel: number) =>
  mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) * (mel - 15)) / 27);

/**
 * Triangular filters [bands, bins] of equal area between 0 Hz and half the rate, as librosa's
 * `filters.mel` makes them; bins are those of a transform of `size` samples.
 */
export function melFilters(sampleRate: number, size: number, bands: number): Float64Array {
  const bins = size / 2 + 1;
  const top = toMel(sampleRate / 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) => toHertz((top * i) / (bands + 1)));
  const out = new Float64Array(bands * bins);
  for (let b = 0; b < bands; b++) {
    const [low, centre, high] = [edges[b]!, edges[b + 1]!, edges[b + 2]!];
    for (let k = 0; k < bins; k++) {
      const hertz = (k * sampleRate) / size;
      const height = Math.min((hertz - low) / (centre - low), (high - hertz) / (high - centre));
      out[b * bins + k] = (Math.max(0, height) * 2) / (high - low);
    }
  }
  return out;
}

/**
 * Mel spectrogram of magnitudes, [frames, bands]: Hann windows of `size` samples, `hop` apart, centred on
 * multiples of it (the ends are mirrored).
 */
export class MelSpectrogram {
  readonly #fft: RealFft;
  readonly #window: Float64Array;
  readonly #filters: Float64Array;
  /** Bins that each band takes from, first and behind the last. */
  readonly #reach: readonly (readonly [number, number])[];

  constructor(
    sampleRate: number,
    readonly size: number,
    readonly hop: number,
    readonly bands: number,
  ) {
    this.#fft = new RealFft(size);
    this.#window = hann(size);
    this.#filters = melFilters(sampleRate, size, bands);
    const { bins } = this.#fft;
    this.#reach = Array.from({ length: bands }, (_, b) => {
      const row = this.#filters.subarray(b * bins, (b + 1) * bins);
      const first = row.findIndex((v) => v > 0);
      return first < 0 ? [0, 0] : [first, row.findLastIndex((v) => v > 0) + 1];
    });
  }

  frames(length: number): number {
    return 1 + Math.floor(length / this.hop);
  }

  of(samples: Float32Array): Float64Array {
    const { size, hop, bands } = this;
    const { bins } = this.#fft;
    const count = this.frames(samples.length);
    const out = new Float64Array(count * bands);
    const frame = new Float64Array(size);
    const power = new Float64Array(bins);
    for (let t = 0; t < count; t++) {
      for (let n = 0; n < size; n++) {
        const at = mirrored(t * hop - size / 2 + n, samples.length);
        frame[n] = (samples[at] ?? 0) * this.#window[n]!;
      }
      this.#fft.power(frame, power);
      for (let k = 0; k < bins; k++) power[k] = Math.sqrt(power[k]!);
      for (let b = 0; b < bands; b++) {
        const [from, to] = this.#reach[b]!;
        let sum = 0;
        for (let k = from, f = b * bins + from; k < to; k++, f++) {
          sum += power[k]! * this.#filters[f]!;
        }
        out[t * bands + b] = sum;
      }
    }
    return out;
  }
}

/** An index beyond the ends, reflected at the first and the last sample. */
function mirrored(at: number, length: number): number {
  if (length <= 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((at % period) + period) % period;
  return inside < length ? inside : period - inside;
}
