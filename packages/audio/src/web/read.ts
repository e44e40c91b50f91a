import { ArgumentError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { audioPieces, collectAudio } from "../read-common.js";
import type { ByteInput, ReadAudioOptions } from "../read-common.js";
import { signalOf } from "../signal/raw.js";
import type { RawAudio } from "../signal/raw.js";

/** What `encode` takes in a browser: a URL, a Blob or File, bytes, a stream, an AudioBuffer, or samples. */
export type AudioInput = string | URL | ByteInput | RawAudio;

async function open(
  input: unknown,
  signal: AbortSignal | undefined,
): Promise<{ bytes: AsyncIterable<Uint8Array>; name: string } | undefined> {
  if (typeof input !== "string" && !(input instanceof URL)) return undefined;
  const name = String(input);
  try {
    const response = await fetch(name, { signal: signal ?? null });
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
    return { bytes: iterate(response.body), name };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ArgumentError(`sound ${name}`, {
      expected: "a file that can be fetched",
      got: error instanceof Error ? error.message : String(error),
      remedy: "Check the address, the connection and the server's CORS headers.",
      cause: error,
    });
  }
}

async function* iterate(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** By the browser, whole and at 48 kHz, as decodeAudioData gives it. */
async function decodeAac(bytes: Uint8Array): Promise<AudioSignal> {
  const context = new OfflineAudioContext(1, 1, 48_000);
  return signalOf(await context.decodeAudioData(bytes.slice().buffer as ArrayBuffer));
}

/** Decodes sound piece by piece, in the form it has (rate, channels), by the decoders that Node.js uses. */
export function openAudio(
  input: AudioInput,
  options: ReadAudioOptions = {},
): AsyncGenerator<AudioSignal> {
  return audioPieces(input, options, (value) => open(value, options.signal), decodeAac);
}

/** Decodes sound as one signal in memory, in the form it has (rate, channels). */
export function readAudio(input: AudioInput, options: ReadAudioOptions = {}): Promise<AudioSignal> {
  return collectAudio(openAudio(input, options));
}
