import { ArgumentError, LimitError, ShapeError } from "@dtok/core";
import type { ImageSignal, VideoSignal } from "@dtok/core";

/** Default bound on width x height of a frame: 36 megapixels, a little above 8K. */
export const MAX_PIXELS = 36e6;

/** Checks a frame size before anything is allocated for it. */
export function checkSize(width: number, height: number, maxPixels = MAX_PIXELS): void {
  const whole = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 1;
  if (!whole(width) || !whole(height)) {
    throw new ShapeError("frame size", {
      expected: "a width and height of at least one pixel",
      got: `${width} x ${height}`,
      remedy: "Check the file, or the numbers passed with raw frames.",
    });
  }
  if (width * height > maxPixels) {
    throw new LimitError("frame size", {
      expected: `at most ${maxPixels / 1e6} megapixels`,
      got: `${width} x ${height}`,
      remedy: "Raise maxPixels if the clip is what you think it is, or scale it down.",
    });
  }
}

/** Highest frame rate that is believed. */
const MAX_FPS = 1000;

export function checkFps(fps: number): number {
  if (Number.isFinite(fps) && fps > 0 && fps <= MAX_FPS) return fps;
  throw new ArgumentError("fps", {
    expected: `frames per second above 0 and at most ${MAX_FPS}`,
    got: String(fps),
    remedy: "Pass the clip's frame rate.",
  });
}

export function checkVideo(video: VideoSignal, maxPixels = MAX_PIXELS): VideoSignal {
  const frames = video?.frames as unknown;
  const iterable =
    typeof frames === "object" &&
    frames !== null &&
    (Symbol.iterator in frames || Symbol.asyncIterator in frames);
  if (!iterable) {
    throw new ArgumentError("video", {
      expected: "{ frames, width, height, fps } with an iterable of frames",
      got: video === null ? "null" : typeof video,
      remedy: "Use readVideo for files, or pass { frames: [image], … } for pictures.",
    });
  }
  checkSize(video.width, video.height, maxPixels);
  checkFps(video.fps);
  return video;
}

/** RGB of one frame; alpha is laid over white, in integers. A frame of another size is a typed error. */
export function frameRgb(frame: ImageSignal, width: number, height: number): Uint8Array {
  const { data, channels } = frame;
  if (frame.width !== width || frame.height !== height) {
    throw new ShapeError("frame", {
      expected: `${width} x ${height} pixels, as the clip's first`,
      got: `${frame.width} x ${frame.height}`,
      remedy: "Scale the frames to one size.",
    });
  }
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (
    !bytes ||
    (channels !== 1 && channels !== 3 && channels !== 4) ||
    data.length !== width * height * channels
  ) {
    throw new ShapeError("frame pixels", {
      expected: `${width * height} pixels of 1, 3 or 4 samples in a Uint8Array`,
      got: bytes ? `${data.length} samples, ${String(channels)} channels` : typeof data,
      remedy: "Pass tightly packed rows, channels interleaved.",
    });
  }
  // A copy where the caller might write into its buffer while the frame waits for its group.
  if (channels === 3) return Uint8Array.from(data);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; o < out.length; i += channels, o += 3) {
    if (channels === 1) {
      out[o] = out[o + 1] = out[o + 2] = data[i] as number;
      continue;
    }
    const alpha = data[i + 3] as number;
    const rest = 255 * (255 - alpha) + 127;
    for (let k = 0; k < 3; k++) {
      out[o + k] = Math.floor(((data[i + k] as number) * alpha + rest) / 255);
    }
  }
  return out;
}

/** A clip whose frames are all in memory. Only for clips that are known to be short. */
export async function collectVideo(
  video: VideoSignal,
): Promise<VideoSignal & { readonly frames: ImageSignal[] }> {
  const frames: ImageSignal[] = [];
  for await (const frame of video.frames) frames.push(frame);
  return { ...video, frames };
}

/** The frames of a clip, one at a time, whichever way they come. */
export function framesOf(video: VideoSignal): AsyncIterator<ImageSignal> {
  const { frames } = video;
  if (Symbol.asyncIterator in frames) return frames[Symbol.asyncIterator]();
  const iterator = frames[Symbol.iterator]();
  const close = iterator.return?.bind(iterator);
  return {
    next: async () => iterator.next(),
    ...(close ? { return: async () => close() } : {}),
  };
}
