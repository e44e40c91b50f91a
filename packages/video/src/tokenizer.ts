import type {
  ImageSignal,
  Manifest,
  Stream,
  StreamingCodec,
  TokenGrid,
  VideoSignal,
} from "@dtok/core";
import type { ClipCodec, ClipDecodeOptions, ClipEncodeOptions } from "./codec/clip-codec.js";
import type { ReadVideoOptions } from "./signal/options.js";

export type VideoEncodeOptions = ClipEncodeOptions & ReadVideoOptions;

/** A codec of frames that also opens files, blobs, … `Input` says which. */
export interface VideoTokenizer<Input> extends StreamingCodec<VideoSignal> {
  readonly manifest: Manifest<"video">;
  /** The codec of frames alone. */
  readonly codec: ClipCodec;
  /** A clip, or a single picture (a clip of one frame), to one grid [t, h, w]. */
  encode(clip: Input | VideoSignal | ImageSignal, options?: VideoEncodeOptions): Promise<TokenGrid>;
  /** One grid per step as frames come, in constant memory. */
  encodeGroups(
    clip: Input | VideoSignal | ImageSignal,
    options?: VideoEncodeOptions,
  ): AsyncGenerator<TokenGrid, void, undefined>;
  decode(grid: TokenGrid, options?: ClipDecodeOptions): Promise<VideoSignal>;
  decodeFrames(
    grid: TokenGrid,
    options?: ClipDecodeOptions,
  ): AsyncGenerator<ImageSignal, void, undefined>;
  encodeStream(options?: ClipEncodeOptions): Stream<VideoSignal, TokenGrid>;
  decodeStream(
    side: TokenGrid["side"],
    options?: ClipDecodeOptions,
  ): Stream<TokenGrid, VideoSignal>;
}

/** Frames per second that a single picture is said to have. */
const STILL_FPS = 25;

/** Puts a reader of files before a codec of frames. */
export function withReader<Input>(
  codec: ClipCodec,
  read: (input: Input, options: ReadVideoOptions) => Promise<VideoSignal>,
): VideoTokenizer<Input> {
  const open = async (clip: Input | VideoSignal | ImageSignal, options: VideoEncodeOptions) => {
    if (typeof clip === "object" && clip !== null) {
      if ("frames" in clip) return clip;
      if ("data" in clip && "channels" in clip) {
        const { width, height } = clip;
        return { frames: [clip], width, height, fps: STILL_FPS };
      }
    }
    return read(clip as Input, options);
  };
  return {
    manifest: codec.manifest,
    codec,
    latencyMs: codec.latencyMs,
    encode: async (clip, options = {}) => codec.encode(await open(clip, options), options),
    encodeGroups: async function* (clip, options = {}) {
      yield* codec.encodeGroups(await open(clip, options), options);
    },
    decode: (grid, options) => codec.decode(grid, options),
    decodeFrames: (grid, options) => codec.decodeFrames(grid, options),
    encodeStream: (options) => codec.encodeStream(options),
    decodeStream: (side, options) => codec.decodeStream(side, options),
    close: () => codec.close(),
  };
}
