import { FormatError, isDtokError, LimitError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { detectFormat } from "./detect.js";
import type { AudioFormat } from "./detect.js";
import { checkAudio } from "../signal/audio.js";
import { WholeFile } from "./whole.js";

interface ChunkDecoder {
  decode(data: Uint8Array): unknown;
  flush(): unknown;
  free(): void;
}

// Each is loaded when a file of its kind comes.
const decoders: Readonly<Record<Exclude<AudioFormat, "aac">, () => Promise<ChunkDecoder>>> = {
  wav: async () => (await import("@audio/decode-wav")).decoder() as ChunkDecoder,
  flac: async () => (await (await import("@audio/decode-flac")).decoder()) as ChunkDecoder,
  mp3: async () => (await (await import("@audio/decode-mp3")).decoder()) as unknown as ChunkDecoder,
  vorbis: async () => (await (await import("@audio/decode-vorbis")).decoder()) as ChunkDecoder,
  opus: async () => (await (await import("@audio/decode-opus")).decoder()) as ChunkDecoder,
};

/** Decodes a whole AAC file by means of the platform. */
export type AacDecoder = (bytes: Uint8Array) => Promise<AudioSignal>;

/** AAC files are decoded whole, so they may not be larger than this. */
const MAX_AAC = 1 << 28;
/** Bytes that go into a decoder at a time: some seconds of compressed sound. */
const PIECE = 1 << 16;
const HEAD = 512;

/**
 * Decodes a sound file piece by piece: an hour never lies in memory at once. The same decoders run in
 * Node.js and in browsers, so both give the same samples.
 *
 * @param bytes the file, whole or as it comes
 * @param name what errors call it
 * @param aac for AAC, which has no decoder of its own here; left out, AAC is refused
 * @throws FormatError for what is no sound, is cut short, or is AAC
 */
export async function* decodeAudio(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
  aac?: AacDecoder,
): AsyncGenerator<AudioSignal> {
  let decoder: ChunkDecoder | undefined;
  let head = new Uint8Array(0);
  let format: AudioFormat | undefined;
  let samples = 0;
  let rate = 0;
  let channels = 0;
  const whole = new WholeFile();
  const parts: Uint8Array[] = [];
  let size = 0;
  const checked = (found: unknown): AudioSignal | undefined => {
    const {
      channelData = [],
      sampleRate = 0,
      errors = [],
    } = (found ?? {}) as {
      channelData?: readonly Float32Array[];
      sampleRate?: number;
      errors?: readonly { readonly message?: string }[];
    };
    // Some files have two header packets on one page: the decoder complains, and takes both. Where a
    // header is truly broken no samples come.
    const error = errors.find(({ message = "" }) => !message.startsWith("_headerin"));
    if (error) throw broken(name, error.message ?? "an error of the decoder");
    const length = channelData[0]?.length ?? 0;
    if (length === 0) return undefined;
    if (rate !== 0 && (sampleRate !== rate || channelData.length !== channels)) {
      throw broken(
        name,
        `${channels} channels at ${rate} Hz, then ${channelData.length} at ${sampleRate}`,
      );
    }
    [rate, channels] = [sampleRate, channelData.length];
    samples += length;
    return checkAudio({ samples: channelData, sampleRate }, name);
  };
  try {
    for await (const chunk of bytes) {
      let piece = chunk;
      whole.add(chunk);
      if (format === "aac") {
        parts.push(chunk);
        size += chunk.length;
        if (size > MAX_AAC) throw tooLong(name);
        continue;
      }
      if (!decoder) {
        head = joined([head, chunk], head.length + chunk.length);
        if (head.length < HEAD) continue;
        if (aac && detectFormat(head) === "aac") {
          format = "aac";
          parts.push(head);
          size = head.length;
          continue;
        }
        format = formatOf(head, name);
        decoder = await decoders[format]();
        piece = head;
      }
      for (let at = 0; at < piece.length; at += PIECE) {
        const signal = checked(decoder.decode(piece.subarray(at, at + PIECE)));
        if (signal) yield signal;
      }
    }
    if (!decoder) {
      if (head.length === 0) throw broken(name, "0 bytes");
      if (aac && detectFormat(head) === "aac") {
        yield checkAudio(await aac(parts.length > 0 ? joined(parts, size) : head), name);
        return;
      }
      format = formatOf(head, name);
      decoder = await decoders[format as keyof typeof decoders]();
      const signal = checked(decoder.decode(head));
      if (signal) yield signal;
    }
    // mpg123 has nothing to flush.
    const rest = typeof decoder.flush === "function" ? checked(decoder.flush()) : undefined;
    if (rest) yield rest;
    const missing = whole.missing(format!, samples);
    if (missing !== undefined) throw broken(name, `a ${format} file cut short: ${missing}`);
    if (samples === 0) {
      // An empty recording is a recording.
      const form = whole.wavForm();
      if (format !== "wav" || form === undefined) {
        throw broken(name, `a ${format} file without sound`);
      }
      yield form;
    }
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw broken(name, error instanceof Error ? error.message : String(error), error);
  } finally {
    decoder?.free();
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function formatOf(head: Uint8Array, name: string): Exclude<AudioFormat, "aac"> {
  const format = detectFormat(head);
  if (format === "aac") {
    throw new FormatError(name, {
      expected: "WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus",
      got: "AAC, and no decoder for it",
      remedy: "Convert it (ffmpeg -i in.m4a out.flac), or pass an AudioBuffer in a browser.",
    });
  }
  if (format !== undefined) return format;
  throw new FormatError(name, {
    expected: "WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus",
    got: `a file that begins with ${[...head.subarray(0, 8)].map((b) => b.toString(16).padStart(2, "0")).join(" ")}`,
    remedy: "Check that it is a sound file.",
  });
}

function tooLong(name: string): LimitError {
  return new LimitError(name, {
    expected: `an AAC file of at most ${MAX_AAC} bytes`,
    got: "more",
    remedy: "Convert it to FLAC or Opus, which are read piece by piece.",
  });
}

function broken(name: string, got: string, cause?: unknown): FormatError {
  return new FormatError(name, {
    expected: "a whole sound file",
    got,
    remedy: "The file may be cut short or damaged: get it again.",
    ...(cause !== undefined && { cause }),
  });
}
