import { ArgumentError, FormatError, LimitError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { decodeAudio } from "./formats/decode.js";
import type { AacDecoder } from "./formats/decode.js";
import { joinAudio } from "./signal/audio.js";
import { isRawAudio, MAX_SAMPLES, signalOf } from "./signal/raw.js";

/** A sound file's bytes, whole or as they come (Node.js streams, web streams, async generators). */
export type ByteInput =
  Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface ReadAudioOptions {
  /** Stops reading. */
  readonly signal?: AbortSignal;
}

/** Samples of one piece of a signal in memory: about 20 s of sound. */
const PIECE = 1 << 20;

export const INPUTS =
  "a path or URL, the bytes of a sound file (Uint8Array, ArrayBuffer, Blob, stream), an AudioBuffer, or { samples, sampleRate }";

/** Bytes of any form, piece by piece; undefined for what is none. */
export function bytesOf(
  input: unknown,
): AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined {
  if (input instanceof Uint8Array) return [input];
  if (input instanceof ArrayBuffer) return [new Uint8Array(input)];
  if (typeof Blob !== "undefined" && input instanceof Blob) return fromReader(input.stream());
  if (typeof input === "object" && input !== null) {
    // Node.js' web streams iterate too, those of some browsers do not.
    if ("getReader" in input) return fromReader(input as ReadableStream<Uint8Array>);
    if (Symbol.asyncIterator in input) return input as AsyncIterable<Uint8Array>;
  }
  return undefined;
}

async function* fromReader(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
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

async function* checkedBytes(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    signal?.throwIfAborted();
    if (!(piece instanceof Uint8Array)) {
      throw new ArgumentError(name, {
        expected: "a stream of bytes",
        got: `a piece of type ${typeof piece}`,
        remedy: "Leave out the stream's encoding; bytes are Uint8Array or Buffer.",
      });
    }
    yield piece;
  }
}

/** Sound of any form as pieces; `open` gives the bytes behind what only this platform knows. */
export async function* audioPieces(
  input: unknown,
  { signal }: ReadAudioOptions,
  open: (input: unknown) => Promise<{ bytes: AsyncIterable<Uint8Array>; name: string } | undefined>,
  aac?: AacDecoder,
): AsyncGenerator<AudioSignal> {
  signal?.throwIfAborted();
  if (isRawAudio(input)) {
    const { samples, sampleRate } = signalOf(input);
    const length = samples[0]!.length;
    if (length === 0) yield { samples, sampleRate };
    for (let at = 0; at < length; at += PIECE) {
      signal?.throwIfAborted();
      yield { samples: samples.map((channel) => channel.subarray(at, at + PIECE)), sampleRate };
    }
    return;
  }
  const bytes = bytesOf(input);
  const source = bytes === undefined ? await open(input) : { bytes, name: "sound" };
  if (source === undefined) {
    throw new ArgumentError("sound", {
      expected: INPUTS,
      got: input === null ? "null" : typeof input,
      remedy: "Pass one of these.",
    });
  }
  yield* decodeAudio(checkedBytes(source.bytes, source.name, signal), source.name, aac);
}

/** All pieces as one signal in memory. */
export async function collectAudio(pieces: AsyncIterable<AudioSignal>): Promise<AudioSignal> {
  const all: AudioSignal[] = [];
  let count = 0;
  for await (const piece of pieces) {
    all.push(piece);
    count += piece.samples.length * piece.samples[0]!.length;
    if (count > MAX_SAMPLES) {
      throw new LimitError("sound", {
        expected: `at most ${MAX_SAMPLES} samples in memory`,
        got: "more",
        remedy: "Read it in pieces (openAudio) and feed encodeStream().",
      });
    }
  }
  if (all.length === 0) {
    throw new FormatError("sound", {
      expected: "a sound file that says its rate",
      got: "one without any sound",
      remedy: "Check that it was written whole.",
    });
  }
  return joinAudio(all);
}
