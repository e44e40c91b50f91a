import { ArgumentError, ShapeError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { checkAudio, mixDown } from "../signal/audio.js";

/** Two signals of one rate and length as mono; metrics compare such pairs. */
export function monoPair(
  reference: AudioSignal,
  degraded: AudioSignal,
): readonly [Float32Array, Float32Array] {
  checkAudio(reference);
  checkAudio(degraded);
  if (reference.sampleRate !== degraded.sampleRate) {
    throw new ArgumentError("sampleRate", {
      expected: `${reference.sampleRate} Hz, as the reference`,
      got: `${degraded.sampleRate} Hz`,
      remedy: "Resample one of them (`resample`).",
    });
  }
  const pair = [mixDown(reference.samples), mixDown(degraded.samples)] as const;
  if (pair[0].length !== pair[1].length) {
    throw new ShapeError("degraded signal", {
      expected: `${pair[0].length} samples, as the reference`,
      got: String(pair[1].length),
      remedy: "Align both and cut the longer one.",
    });
  }
  return pair;
}
