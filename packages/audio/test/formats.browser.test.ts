import { readAudio } from "@dtok/audio/web";
import { expect, test } from "vitest";

const names = ["aac", "flac", "m4a", "mp3", "ogg", "opus"]
  .map((kind) => `tone.${kind}`)
  .concat("tone8.wav", "tone24.wav", "tonef.wav", "tonelaw.wav");

/** The share of a signal's energy at `hertz`, by one bin of a Fourier sum. */
function shareAt(samples: Float32Array, rate: number, hertz: number): number {
  let [re, im, energy] = [0, 0, 0];
  for (const [n, value] of samples.entries()) {
    const angle = (2 * Math.PI * hertz * n) / rate;
    re += value * Math.cos(angle);
    im += value * Math.sin(angle);
    energy += value * value;
  }
  return (2 * (re * re + im * im)) / (samples.length * energy);
}

test.each(names)("a browser reads %s", async (name) => {
  const file = await fetch(new URL(`./fixtures/${name}`, import.meta.url));
  const sound = await readAudio(await file.blob());
  const [samples] = sound.samples;
  expect(samples!.length / sound.sampleRate).toBeGreaterThan(0.1);
  expect(samples!.every(Number.isFinite)).toBe(true);
  // The one of one channel has 880 Hz too; codecs pad with silence and lose a little.
  const least = sound.samples.length === 1 ? 0.45 : 0.85;
  expect(shareAt(samples!, sound.sampleRate, 440)).toBeGreaterThan(least);
});
