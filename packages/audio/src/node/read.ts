import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ArgumentError, isDtokError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { audioPieces, collectAudio } from "../read-common.js";
import type { ByteInput, ReadAudioOptions } from "../read-common.js";
import type { RawAudio } from "../signal/raw.js";
import { decodeAac } from "./aac.js";

/** What `encode` takes in Node.js: a path, a file:, http: or https: URL, bytes, a Blob, a stream, or samples. */
export type AudioInput = string | URL | ByteInput | RawAudio;

async function open(
  input: unknown,
  signal: AbortSignal | undefined,
): Promise<{ bytes: AsyncIterable<Uint8Array>; name: string } | undefined> {
  if (typeof input !== "string" && !(input instanceof URL)) return undefined;
  const name = String(input);
  if (/^https?:/i.test(name)) {
    try {
      const response = await fetch(name, { signal: signal ?? null });
      if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
      return { bytes: response.body, name };
    } catch (error) {
      if (isDtokError(error) || signal?.aborted) throw error;
      throw new ArgumentError(`sound ${name}`, {
        expected: "a file that can be fetched",
        got: error instanceof Error ? error.message : String(error),
        remedy: "Check the address and the connection.",
        cause: error,
      });
    }
  }
  const path = name.startsWith("file:") ? fileURLToPath(name) : name;
  try {
    if (!(await stat(path)).isFile()) throw new Error("it is no file");
  } catch (error) {
    throw new ArgumentError(`sound ${path}`, {
      expected: "a file that can be read",
      got: (error as Error).message,
      remedy: "Check the path.",
      cause: error,
    });
  }
  return { bytes: createReadStream(path, { highWaterMark: 1 << 18 }), name: path };
}

/** Decodes sound piece by piece, in the form it has (rate, channels); an hour is never in memory at once. */
export function openAudio(
  input: AudioInput,
  options: ReadAudioOptions = {},
): AsyncGenerator<AudioSignal> {
  return audioPieces(
    input,
    options,
    (value) => open(value, options.signal),
    (bytes) => decodeAac(bytes, options.signal),
  );
}

/** Decodes sound as one signal in memory, in the form it has (rate, channels). */
export function readAudio(input: AudioInput, options: ReadAudioOptions = {}): Promise<AudioSignal> {
  return collectAudio(openAudio(input, options));
}
