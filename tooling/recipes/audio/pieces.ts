import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { resample } from "@dtok/audio";
import type { Random } from "@dtok/core";
import type { Clip } from "./fetch.js";

/** Random pieces of the sounds that fetch.ts wrote, weighted by length. */
export class Pieces {
  readonly #file: number;
  /** Stretches of one package each, in samples; what lies between was moved to another split. */
  readonly #ranges: { start: number; end: number }[] = [];
  readonly total: number;

  constructor(folder: string, group: string) {
    const clips = JSON.parse(readFileSync(join(folder, `${group}.json`), "utf8")) as Clip[];
    for (const { start, length } of clips) {
      const last = this.#ranges.at(-1);
      if (last?.end === start) last.end += length;
      else this.#ranges.push({ start, end: start + length });
    }
    this.total = this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    this.#file = openSync(join(folder, `${group}.pcm`), "r");
  }

  /**
   * Fills `out` from a random place: half of them at their own level, half at one drawn between -40 and -14
   * dB, half of either upside down.
   */
  draw(random: Random, out: Float32Array): void {
    let at = Math.floor(random.float() * this.total);
    const range = this.#ranges.find(({ start, end }) => {
      if (at < end - start) return true;
      at -= end - start;
      return false;
    })!;
    const first = Math.max(range.start, Math.min(range.start + at, range.end - out.length));
    const pcm = new Int16Array(out.length);
    readSync(this.#file, pcm, 0, pcm.byteLength, first * 2);
    let energy = 0;
    let peak = 1e-9;
    for (const value of pcm) {
      energy += value * value;
      peak = Math.max(peak, Math.abs(value));
    }
    const level = 10 ** ((-40 + 26 * random.float()) / 20);
    const rms = Math.sqrt(energy / pcm.length);
    const sign = random.float() < 0.5 ? -1 : 1;
    // Silence stays what it is; nothing clips.
    const own = rms < 8 || random.float() < 0.5;
    const gain = sign * (own ? 1 / 32768 : Math.min(level / rms, 1 / peak));
    for (let i = 0; i < out.length; i++) out[i] = pcm[i]! * gain;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Leaves of a piece what a sample rate of `hertz` holds. */
export function band(samples: Float32Array, sampleRate: number, hertz: number): void {
  const low = resample(samples, sampleRate, hertz);
  samples.set(resample(low, hertz, sampleRate).subarray(0, samples.length));
}

/** Samples as 16 bits hold them. */
export function roundTo16(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * 32767) / 32767;
}
