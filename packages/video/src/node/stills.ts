import { open } from "node:fs/promises";
import { FormatError, isDtokError, MissingError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import type { OpenedVideo, ReadVideoOptions } from "../signal/options.js";
import { evenFrames, nominalRate } from "../signal/rate.js";
import type { TimedImage } from "../signal/rate.js";
import { checkFps, checkSize, MAX_PIXELS } from "../signal/video.js";
import { loadSharp } from "./sharp.js";

/*
 * Clips that are a row of still pictures, read without an ffmpeg: AVI with motion JPEG (the RIFF container by
 * our own code, since nothing kept opens it; OpenDML's further segments, too) and GIF. sharp decodes both.
 */

/** A file in memory or on disk. */
export type Bytes = Uint8Array | string;

type Read = (at: number, length: number) => Promise<Uint8Array>;

/** Calls `use` with a reader; what lies behind the end is left out. */
async function* reading<T>(
  from: Bytes,
  use: (read: Read) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  if (typeof from !== "string") {
    yield* use(async (at, length) => from.subarray(at, at + length));
    return;
  }
  const file = await open(from, "r");
  try {
    yield* use(async (at, length) => {
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await file.close();
  }
}

/** The first bytes of a file. */
async function head(from: Bytes, length: number): Promise<Uint8Array> {
  for await (const bytes of reading(from, async function* (read) {
    yield await read(0, length);
  }))
    return bytes;
  return new Uint8Array(0);
}

const text = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** "avi" or "gif" where a file is one. */
export async function kindOfStills(from: Bytes): Promise<"avi" | "gif" | undefined> {
  const bytes = await head(from, 12);
  if (text(bytes, 0) === "RIFF" && text(bytes, 8) === "AVI ") return "avi";
  return text(bytes, 0) === "GIF8" ? "gif" : undefined;
}

const damaged = (got: string, cause?: unknown) =>
  new FormatError("video file", {
    expected: "a whole AVI or GIF",
    got,
    remedy: "Check the file; it may be cut off.",
    ...(cause === undefined ? {} : { cause }),
  });

/** An AVI's header is small; a larger one is no header. */
const MOST_HEADER = 1 << 20;

interface AviHeader {
  readonly stream: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
}

/** The first video stream of the list "hdrl" at its start. */
function aviHeader(list: Uint8Array): AviHeader {
  let stream = -1;
  let found: { fps: number; frames: number } | undefined;
  const walk = (from: number, to: number): AviHeader | undefined => {
    for (let at = from; at + 8 <= to;) {
      const id = text(list, at);
      const size = view(list).getUint32(at + 4, true);
      const [begin, end] = [at + 8, at + 8 + size];
      if (end > to) throw damaged(`a chunk of ${size} bytes in ${to - begin}`);
      if (id === "LIST") {
        const inner = walk(begin + 4, end);
        if (inner) return inner;
      } else if (id === "strh" && size >= 36) {
        stream++;
        const [scale, rate] = [20, 24].map((o) => view(list).getUint32(begin + o, true));
        const frames = view(list).getUint32(begin + 32, true);
        found = text(list, begin) === "vids" ? { fps: rate! / scale!, frames } : undefined;
      } else if (id === "strf" && found && size >= 20) {
        const codec = text(list, begin + 16);
        if (!/^(mjpg|jpeg|dmb1|avrn)$/i.test(codec)) {
          throw new MissingError(`decoder of ${JSON.stringify(codec)} in AVI`, {
            expected: "motion JPEG",
            got: JSON.stringify(codec),
            remedy: "Install ffmpeg, or convert the clip to MP4 or WebM.",
          });
        }
        const width = view(list).getInt32(begin + 4, true);
        const height = Math.abs(view(list).getInt32(begin + 8, true));
        return { stream, width, height, ...found };
      }
      at = end + (size & 1);
    }
    return undefined;
  };
  const header = walk(0, list.length);
  if (header) return header;
  throw new FormatError("video file", {
    expected: "a video stream",
    got: "none",
    remedy: "Check that this is the right file; sound alone is for @dtok/audio.",
  });
}

/** Bytes of the stream's pictures, one after another; empty ones stand for the one before. */
async function* aviPictures(
  read: Read,
  stream: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const own = String(stream).padStart(2, "0");
  for (let at = 0; ;) {
    const chunk = await read(at, 12);
    if (chunk.length < 8) return;
    const id = text(chunk, 0);
    const size = view(chunk).getUint32(4, true);
    // Lists and further segments are walked through; what else there is, is skipped.
    if (id === "RIFF" || (id === "LIST" && /movi|rec /.test(text(chunk, 8)))) {
      at += 12;
      continue;
    }
    if (id === `${own}dc` || id === `${own}db`) {
      if (size > 4 * MAX_PIXELS) throw damaged(`a picture of ${size} bytes`);
      const picture = await read(at + 8, size);
      if (picture.length < size) throw damaged(`${picture.length} of a picture's ${size} bytes`);
      yield picture;
    }
    at += 8 + size + (size & 1);
  }
}

async function openAvi(from: Bytes, options: ReadVideoOptions): Promise<OpenedVideo> {
  const first = await head(from, 20);
  const size = first.length < 20 ? 0 : view(first).getUint32(16, true);
  if (text(first, 12) !== "LIST" || size > MOST_HEADER) throw damaged("no header");
  const list = (await head(from, 20 + size)).subarray(20);
  if (list.length < size) throw damaged("a header that ends early");
  const { stream, width, height, fps: own, frames: count } = aviHeader(list.subarray(4));
  checkSize(width, height, options.maxPixels);
  const rate = checkFps(nominalRate(own));
  const sharp = await loadSharp();
  async function* pictures(read: Read): AsyncGenerator<TimedImage, void, undefined> {
    let image: ImageSignal | undefined;
    let t = 0;
    for await (const bytes of aviPictures(read, stream)) {
      options.signal?.throwIfAborted();
      if (bytes.length > 0) {
        const { data, info } = await sharp(bytes, {
          limitInputPixels: options.maxPixels ?? MAX_PIXELS,
        })
          .toColourspace("srgb")
          .removeAlpha()
          .raw()
          .toBuffer({ resolveWithObject: true });
        if (info.width !== width || info.height !== height || info.channels !== 3) {
          throw damaged(`a picture of ${info.width} x ${info.height} in ${width} x ${height}`);
        }
        image = { data: new Uint8Array(data), width, height, channels: 3 };
      }
      if (image) yield { image, seconds: t / own };
      t++;
    }
  }
  const frames = () =>
    reading(from, (read) => checked(pictures(read), options.fps ?? rate, options));
  return {
    width,
    height,
    fps: options.fps ?? rate,
    ...(count > 0 ? { duration: count / own } : {}),
    frames: { [Symbol.asyncIterator]: frames },
  };
}

/** Bytes of pictures that are decoded at a time. */
const BATCH = 1 << 26;

async function openGif(from: Bytes, options: ReadVideoOptions): Promise<OpenedVideo> {
  const sharp = await loadSharp();
  const limitInputPixels = false;
  const metadata = await sharp(from, { animated: true, limitInputPixels })
    .metadata()
    .catch((error) => {
      throw damaged((error as Error).message, error);
    });
  const { width, pages = 1, delay = [] } = metadata;
  const height = metadata.pageHeight ?? metadata.height;
  checkSize(width, height, options.maxPixels);
  // As browsers do: what is hardly shown at all is shown for a tenth of a second.
  const delays = Array.from({ length: pages }, (_, i) => ((delay[i] ?? 0) < 20 ? 100 : delay[i]!));
  const duration = delays.reduce((sum, ms) => sum + ms, 0) / 1000;
  const fps = checkFps(options.fps ?? nominalRate(pages / duration));
  async function* pictures(): AsyncGenerator<TimedImage, void, undefined> {
    const each = width * height * 3;
    const batch = Math.max(1, Math.floor(BATCH / each));
    let seconds = 0;
    for (let page = 0; page < pages; page += batch) {
      options.signal?.throwIfAborted();
      const count = Math.min(batch, pages - page);
      const data = await sharp(from, { page, pages: count, limitInputPixels })
        .toColourspace("srgb")
        .flatten({ background: "white" })
        .raw()
        .toBuffer();
      for (let i = 0; i < count; i++) {
        const rgb = new Uint8Array(data.subarray(i * each, (i + 1) * each));
        yield { image: { data: rgb, width, height, channels: 3 }, seconds };
        seconds += delays[page + i]! / 1000;
      }
    }
  }
  const frames = () => checked(pictures(), fps, options);
  return { width, height, fps, duration, frames: { [Symbol.asyncIterator]: frames } };
}

/** Frames at an even rate, whatever goes wrong as a typed error. */
async function* checked(
  pictures: AsyncGenerator<TimedImage, void, undefined>,
  fps: number,
  { signal }: ReadVideoOptions,
): AsyncGenerator<ImageSignal, void, undefined> {
  let count = 0;
  try {
    for await (const frame of evenFrames(pictures, fps)) {
      yield frame;
      count++;
    }
  } catch (error) {
    if (isDtokError(error) || signal?.aborted) throw error;
    throw damaged(`${(error as Error).message} after ${count} frames`, error);
  }
  if (count === 0) throw damaged("no frames");
}

/** Opens an AVI with motion JPEG, or a GIF. */
export function openStills(
  kind: "avi" | "gif",
  from: Bytes,
  options: ReadVideoOptions,
): Promise<OpenedVideo> {
  return kind === "avi" ? openAvi(from, options) : openGif(from, options);
}
