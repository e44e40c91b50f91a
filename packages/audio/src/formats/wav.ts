import { ArgumentError, LimitError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { checkAudio } from "../signal/audio.js";

/** Bits of a sample: 16 or 24 are integers, 32 is floating point. */
export type WavBits = 16 | 24 | 32;

export interface WavOptions {
  /** Default 16. */
  readonly bits?: WavBits;
}

const HEADER = 44;
/** A RIFF chunk's length is a 32-bit number. */
const MAX_DATA = 0xffff_ffff - HEADER;

/**
 * The 44 bytes before the samples. Without `frames` the length is unknown, as in a pipe: it is written
 * as the largest, which readers take as "until the end".
 */
export function wavHeader(
  {
    sampleRate,
    channels,
    frames,
  }: { readonly sampleRate: number; readonly channels: number; readonly frames?: number },
  { bits = 16 }: WavOptions = {},
): Uint8Array {
  if (![16, 24, 32].includes(bits)) {
    throw new ArgumentError("bits of a WAV sample", {
      expected: "16, 24 or 32",
      got: String(bits),
      remedy: "Choose one of these.",
    });
  }
  const bytes = bits / 8;
  const data = frames === undefined ? MAX_DATA : frames * channels * bytes;
  if (data > MAX_DATA) {
    throw new LimitError("WAV file", {
      expected: `at most ${MAX_DATA} bytes of samples`,
      got: String(data),
      remedy: "Write several files.",
    });
  }
  const out = new Uint8Array(HEADER);
  const view = new DataView(out.buffer);
  const text = (at: number, value: string) =>
    out.set(
      Array.from(value, (letter) => letter.charCodeAt(0)),
      at,
    );
  text(0, "RIFF");
  view.setUint32(4, Math.min(0xffff_ffff, data + HEADER - 8 + (data & 1)), true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, bits === 32 ? 3 : 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * bytes, true);
  view.setUint16(32, channels * bytes, true);
  view.setUint16(34, bytes * 8, true);
  text(36, "data");
  view.setUint32(40, data, true);
  return out;
}

/**
 * Samples as a WAV file's bytes, interleaved. Integers clip at full scale and round to nearest; 1 is the
 * largest of them and -1 the smallest, as the decoder takes them.
 */
export function wavSamples({ samples }: AudioSignal, { bits = 16 }: WavOptions = {}): Uint8Array {
  const channels = samples.length;
  const frames = samples[0]?.length ?? 0;
  const bytes = bits / 8;
  const out = new Uint8Array(frames * channels * bytes);
  const view = new DataView(out.buffer);
  const top = bits === 16 ? 0x7fff : 0x7f_ffff;
  for (const [c, channel] of samples.entries()) {
    for (let i = 0, at = c * bytes; i < frames; i++, at += channels * bytes) {
      const value = channel[i]!;
      if (bits === 32) {
        view.setFloat32(at, value, true);
        continue;
      }
      const scaled = Math.max(
        -top - 1,
        Math.min(top, Math.round(value * (value < 0 ? top + 1 : top))),
      );
      if (bits === 16) view.setInt16(at, scaled, true);
      else {
        view.setUint16(at, scaled & 0xffff, true);
        view.setInt8(at + 2, scaled >> 16);
      }
    }
  }
  return out;
}

/** A signal as the bytes of a WAV file. */
export function encodeWav(signal: AudioSignal, options: WavOptions = {}): Uint8Array {
  const { samples, sampleRate } = checkAudio(signal);
  const frames = samples[0]!.length;
  const header = wavHeader({ sampleRate, channels: samples.length, frames }, options);
  const data = wavSamples(signal, options);
  // Chunks have an even length.
  const out = new Uint8Array(header.length + data.length + (data.length & 1));
  out.set(header);
  out.set(data, header.length);
  return out;
}
