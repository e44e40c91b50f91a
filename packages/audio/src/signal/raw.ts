import type { AudioSignal } from "@dtok/core";
import { checkAudio } from "./audio.js";

/** Samples of all channels that one signal may hold in memory: 1 GiB. Longer sounds go in pieces. */
export const MAX_SAMPLES = 2 ** 28;

/**
 * Sound in memory, as `encode` takes it: a signal of one array per channel, one array that is mono, or
 * an AudioBuffer.
 */
export type RawAudio =
  AudioSignal | { readonly samples: Float32Array; readonly sampleRate: number } | AudioBufferLike;

/** What is needed of an AudioBuffer (browsers, node-web-audio-api). */
export interface AudioBufferLike {
  readonly numberOfChannels: number;
  readonly length: number;
  readonly sampleRate: number;
  getChannelData(channel: number): Float32Array;
}

/** True for what `signalOf` takes. */
export function isRawAudio(input: unknown): input is RawAudio {
  return (
    typeof input === "object" &&
    input !== null &&
    "sampleRate" in input &&
    ("samples" in input || "getChannelData" in input)
  );
}

/** The signal in any of its forms, checked; nothing is copied. */
export function signalOf(audio: RawAudio): AudioSignal {
  if ("getChannelData" in audio) {
    const channels = Array.from({ length: audio.numberOfChannels }, (_, c) =>
      audio.getChannelData(c),
    );
    return checkAudio({ samples: channels, sampleRate: audio.sampleRate });
  }
  const { samples, sampleRate } = audio;
  return checkAudio({ samples: samples instanceof Float32Array ? [samples] : samples, sampleRate });
}
