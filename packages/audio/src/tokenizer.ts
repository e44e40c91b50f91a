import type { AudioSignal, Manifest, Quantizer, StreamingCodec, TokenGrid } from "@dtok/core";
import type {
  AudioCodec,
  AudioDecodeOptions,
  AudioEncodeOptions,
  AudioRate,
} from "./codec/audio-codec.js";

/** A codec of samples that also opens files, blobs, streams, … */
export interface AudioTokenizer<Input> extends StreamingCodec<AudioSignal> {
  readonly manifest: Manifest<"audio">;
  /** Latents to codes and back: what a code holds. */
  readonly quantizer: Quantizer;
  /** Hertz of what the model hears. */
  readonly sampleRate: number;
  /** Samples per code. */
  readonly stride: number;
  /** Milliseconds by which decoded sound comes later than its tokens. */
  readonly decodeLatencyMs: number;
  /** Bits per second and channel of `levels` levels (default all). */
  bitrate(levels?: number): number;
  /** A file of any length in constant memory. */
  encode(sound: Input | AudioSignal, options?: AudioEncodeOptions): Promise<TokenGrid>;
  encodeBatch(
    sounds: readonly (Input | AudioSignal)[],
    options?: AudioEncodeOptions,
  ): Promise<TokenGrid[]>;
  decode(grid: TokenGrid, options?: AudioDecodeOptions): Promise<AudioSignal>;
  decodeBatch(grids: readonly TokenGrid[], options?: AudioDecodeOptions): Promise<AudioSignal[]>;
  /** The decoded sound piece by piece, in constant memory. */
  decodePieces(grid: TokenGrid, options?: AudioDecodeOptions): AsyncIterable<AudioSignal>;
  encodeStream(
    options?: AudioRate & { readonly channels?: "mix" | "keep" },
  ): ReturnType<AudioCodec["encodeStream"]>;
  decodeStream(
    side: TokenGrid["side"],
    options?: AudioDecodeOptions,
  ): ReturnType<AudioCodec["decodeStream"]>;
}

/** Puts a reader of files before a codec of samples. */
export function withReader<Input>(
  codec: AudioCodec,
  open: (
    input: Input | AudioSignal,
    options: { readonly signal?: AbortSignal },
  ) => AsyncIterable<AudioSignal>,
): AudioTokenizer<Input> {
  const encode = (sound: Input | AudioSignal, options: AudioEncodeOptions = {}) =>
    isSignal(sound)
      ? codec.encode(sound, options)
      : codec.encodePieces(open(sound, options.signal ? { signal: options.signal } : {}), options);
  return {
    manifest: codec.manifest,
    quantizer: codec.quantizer,
    latencyMs: codec.latencyMs,
    decodeLatencyMs: codec.decodeLatencyMs,
    sampleRate: codec.sampleRate,
    stride: codec.stride,
    bitrate: (levels) => codec.bitrate(levels),
    encode,
    encodeBatch: async (sounds, options) => {
      // What is no list is the codec's to refuse.
      if (!Array.isArray(sounds)) return codec.encodeBatch(sounds as never, options);
      const grids: TokenGrid[] = [];
      for (const sound of sounds) grids.push(await encode(sound as Input, options));
      return grids;
    },
    decode: (grid, options) => codec.decode(grid, options),
    decodeBatch: (grids, options) => codec.decodeBatch(grids, options),
    decodePieces: (grid, options) => codec.decodePieces(grid, options),
    encodeStream: (options) => codec.encodeStream(options),
    decodeStream: (side, options) => codec.decodeStream(side, options),
    close: () => codec.close(),
  };
}

function isSignal(sound: unknown): sound is AudioSignal {
  return Array.isArray((sound as AudioSignal | null)?.samples);
}
