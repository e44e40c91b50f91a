import { ArgumentError } from "@dtok/core";
import { openWithMediabunny } from "../signal/mediabunny.js";
import type { OpenedVideo, ReadVideoOptions } from "../signal/options.js";

/** What `encode` takes in browsers: a file or blob, its bytes, or a URL. */
export type VideoInput = Blob | Uint8Array | ArrayBuffer | string | URL;

/** Opens a clip; its frames are decoded by WebCodecs as they are read. */
export async function readVideo(
  input: VideoInput,
  options: ReadVideoOptions = {},
): Promise<OpenedVideo> {
  const { BlobSource, BufferSource, UrlSource } = await import("mediabunny");
  if (input instanceof Blob) return openWithMediabunny(() => new BlobSource(input), options);
  if (input instanceof ArrayBuffer || input instanceof Uint8Array) {
    return openWithMediabunny(() => new BufferSource(input), options);
  }
  if (typeof input === "string" || input instanceof URL) {
    return openWithMediabunny(() => new UrlSource(input), options);
  }
  throw new ArgumentError("video", {
    expected: "a Blob, a Uint8Array or ArrayBuffer of a file, or a URL",
    got: input === null ? "null" : typeof input,
    remedy: "Pass { frames, width, height, fps } for frames of your own.",
  });
}
