import { ArgumentError, ShapeError, ValueError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";

/** More channels than any layout of loudspeakers has. */
const MAX_CHANNELS = 64;
const MIN_RATE = 1_000;
const MAX_RATE = 768_000;

/**
 * Checks samples (finite, equal lengths) and rate.
 *
 * @throws ArgumentError, ShapeError, ValueError
 */
export function checkAudio(signal: AudioSignal, what = "audio signal"): AudioSignal {
  const { samples, sampleRate } = (signal ?? {}) as Partial<AudioSignal>;
  if (!Array.isArray(samples) || !samples.every((channel) => channel instanceof Float32Array)) {
    throw new ArgumentError(what, {
      expected: "{ samples: [Float32Array per channel], sampleRate }",
      got: signal === null ? "null" : typeof signal,
      remedy: "Pass one Float32Array per channel, or a file that readAudio opens.",
    });
  }
  const channels = samples as readonly Float32Array[];
  if (channels.length < 1 || channels.length > MAX_CHANNELS) {
    throw new ShapeError(what, {
      expected: `1 to ${MAX_CHANNELS} channels`,
      got: String(channels.length),
      remedy: "Pass one Float32Array per channel.",
    });
  }
  if (!Number.isSafeInteger(sampleRate) || sampleRate! < MIN_RATE || sampleRate! > MAX_RATE) {
    throw new ArgumentError(`sample rate of ${what}`, {
      expected: `whole hertz from ${MIN_RATE} to ${MAX_RATE}`,
      got: String(sampleRate),
      remedy: "Set sampleRate to the rate that the samples were taken at.",
    });
  }
  const { length } = channels[0]!;
  for (const [c, channel] of channels.entries()) {
    if (channel.length !== length) {
      throw new ShapeError(what, {
        expected: `${length} samples in every channel`,
        got: `${channel.length} in channel ${c}`,
        remedy: "Cut the channels to one length.",
      });
    }
    for (let i = 0; i < length; i++) {
      if (!Number.isFinite(channel[i]!)) {
        throw new ValueError(what, {
          expected: "finite samples",
          got: `${channel[i]} at sample ${i} of channel ${c}`,
          remedy: "Replace what is not a number before tokenizing.",
        });
      }
    }
  }
  return signal;
}

/** The mean of all channels. */
export function mixDown(samples: readonly Float32Array[]): Float32Array {
  if (samples.length === 1) return samples[0]!;
  const out = new Float32Array(samples[0]!.length);
  for (const channel of samples) {
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + channel[i]!;
  }
  for (let i = 0; i < out.length; i++) out[i] = out[i]! / samples.length;
  return out;
}

/** Pieces of one signal, end to end. */
export function joinAudio(
  pieces: readonly AudioSignal[],
  sampleRate = 0,
  channels = 1,
): AudioSignal {
  const count = pieces[0]?.samples.length ?? channels;
  const length = pieces.reduce((sum, piece) => sum + piece.samples[0]!.length, 0);
  const samples = Array.from({ length: count }, (_, c) => {
    const out = new Float32Array(length);
    let at = 0;
    for (const piece of pieces) {
      out.set(piece.samples[c]!, at);
      at += piece.samples[c]!.length;
    }
    return out;
  });
  return { samples, sampleRate: pieces[0]?.sampleRate ?? sampleRate };
}
