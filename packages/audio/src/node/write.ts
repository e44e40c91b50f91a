import { open, rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { ArgumentError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { wavHeader, wavSamples } from "../formats/wav.js";
import type { WavOptions } from "../formats/wav.js";
import { checkAudio } from "../signal/audio.js";

/**
 * Writes a WAV file, whole or not at all: from one signal, or from pieces as they come, of which only
 * one is in memory.
 */
export async function writeWav(
  path: string,
  audio: AudioSignal | AsyncIterable<AudioSignal> | Iterable<AudioSignal>,
  options: WavOptions = {},
): Promise<void> {
  if (extname(path).toLowerCase() !== ".wav") {
    throw new ArgumentError(`file name ${path}`, {
      expected: "one that ends in .wav",
      got: extname(path) || "no extension",
      remedy: "Write WAV, and convert it by a tool of your choice.",
    });
  }
  const pieces = "samples" in audio ? [audio] : audio;
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, "w");
  try {
    let form: { sampleRate: number; channels: number } | undefined;
    let frames = 0;
    for await (const piece of pieces) {
      const { samples, sampleRate } = checkAudio(piece);
      if (form === undefined) {
        form = { sampleRate, channels: samples.length };
        await file.writeFile(wavHeader(form, options));
      } else if (form.sampleRate !== sampleRate || form.channels !== samples.length) {
        throw new ArgumentError("pieces", {
          expected: `${form.channels} channels at ${form.sampleRate} Hz throughout`,
          got: `${samples.length} at ${sampleRate} Hz`,
          remedy: "Resample the pieces to one form.",
        });
      }
      await file.writeFile(wavSamples(piece, options));
      frames += samples[0]!.length;
    }
    if (form === undefined) {
      throw new ArgumentError("pieces", {
        expected: "at least one piece of sound",
        got: "none",
        remedy: "A piece of 0 samples tells rate and channels.",
      });
    }
    const header = wavHeader({ ...form, frames }, options);
    if (options.bits === 24 && (frames * form.channels * 3) % 2 === 1) {
      await file.writeFile(Uint8Array.of(0));
    }
    await file.write(header, 0, header.length, 0);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}
