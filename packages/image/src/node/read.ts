import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ArgumentError, FormatError, isDtokError, LimitError, MissingError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import type { Metadata, Region, Sharp } from "sharp";
import { checkImage, checkSize, MAX_PIXELS } from "../signal/image.js";
import type { PictureAhead, RawPixels } from "../signal/image.js";

/** What `encode` takes in Node.js: a path, a file:, http: or https: URL, the bytes of a file, a Blob, a sharp pipeline, or pixels. */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | Blob | Sharp | RawPixels;

export interface ReadImageOptions {
  readonly maxPixels?: number;
  /** Page of an animation or a multi-page file, from 0. Default 0: an animation gives its first frame. */
  readonly page?: number;
  /** Stops a download. */
  readonly signal?: AbortSignal;
}

/** Compressed files larger than this are not read. */
const MAX_FILE = 1 << 30;

type SharpFactory = (typeof import("sharp"))["default"];

let loaded: SharpFactory | undefined;

export async function loadSharp(): Promise<SharpFactory> {
  // Kept: even of a module that is there, `import` takes a millisecond.
  if (loaded !== undefined) return loaded;
  try {
    loaded = (await import("sharp")).default;
    return loaded;
  } catch (error) {
    throw new MissingError("image decoder", {
      expected: "the package sharp",
      got: (error as Error).message,
      remedy:
        "Run: npm install sharp. Raw pixels ({ data, width, height, channels }) need no decoder.",
      cause: error,
    });
  }
}

function isPipeline(input: object): input is Sharp {
  return typeof (input as { toBuffer?: unknown }).toBuffer === "function" && "metadata" in input;
}

/**
 * Decodes a picture to 8-bit sRGB: orientation applied, CMYK and 16-bit converted, alpha kept.
 * The header is read first, so a file that claims to be enormous costs nothing.
 */
export async function readImage(
  input: ImageInput,
  options: ReadImageOptions = {},
): Promise<ImageSignal> {
  const opened = await openImage(input, options);
  return "decode" in opened ? opened.decode() : opened;
}

/** Below this many pixels a picture is decoded before a model could begin. */
const MIN_AHEAD = 512 * 512;

/** As `readImage`, but a large JPEG or PNG file, which decodes from the top, is left to be decoded. */
export async function readImageAhead(
  input: ImageInput,
  options: ReadImageOptions = {},
): Promise<ImageSignal | PictureAhead> {
  const opened = await openImage(input, options);
  if (!("decode" in opened)) return opened;
  const { header, decode } = opened;
  if (header === undefined || !decodesFromTop(header)) return decode();
  const { width, height } = header;
  return {
    width,
    height,
    decode: (rows) =>
      decode(rows === undefined ? undefined : { left: 0, top: 0, width, height: rows }),
  };
}

function decodesFromTop({ format, width, height, orientation = 1, isProgressive }: Metadata) {
  return (
    (format === "jpeg" || format === "png") &&
    isProgressive !== true &&
    orientation === 1 &&
    width * height >= MIN_AHEAD
  );
}

interface OpenedImage {
  /** Of a file; a pipeline may still turn or resize. */
  readonly header?: Metadata;
  readonly decode: (region?: Region) => Promise<ImageSignal>;
}

async function openImage(
  input: ImageInput,
  { maxPixels = MAX_PIXELS, page = 0, signal }: ReadImageOptions,
): Promise<ImageSignal | OpenedImage> {
  if (typeof input === "object" && input !== null && "data" in input && "width" in input) {
    // ImageData names no channels; it is always RGBA.
    return checkImage({ ...pixelsOf(input), channels: input.channels ?? 4 }, maxPixels);
  }
  const sharp = await loadSharp();
  if (typeof input === "object" && input !== null && isPipeline(input)) {
    return { decode: () => named("image", () => decoded(input.clone(), maxPixels)) };
  }
  const { bytes, name } = await named("image", () => bytesOf(input, signal));
  // sharp's own pixel limit is off: ours, below, says what to do about it.
  const open = () => sharp(bytes, { page, limitInputPixels: false, failOn: "truncated" });
  const header = await named(name, () => open().metadata());
  checkSize(header.width, header.pageHeight ?? header.height, maxPixels);
  return {
    header,
    decode: (region) =>
      named(name, () => {
        const pipeline = open().autoOrient();
        return decoded(region === undefined ? pipeline : pipeline.extract(region), maxPixels);
      }),
  };
}

async function decoded(pipeline: Sharp, maxPixels: number): Promise<ImageSignal> {
  const { data, info } = await pipeline
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const { width, height, channels } = info;
  if ((channels as number) === 2) {
    return checkImage({ data: greyAlpha(pixels), width, height, channels: 4 }, maxPixels);
  }
  return checkImage({ data: pixels, width, height, channels: channels as 1 | 3 | 4 }, maxPixels);
}

/** What sharp says of a file becomes a FormatError that names it. */
async function named<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw new FormatError(what, {
      expected: "a picture that decodes whole (JPEG, PNG, WebP, AVIF, GIF, TIFF or SVG)",
      got: error instanceof Error ? error.message.trim() : String(error),
      remedy: "Check that the file is complete and is a picture.",
      cause: error,
    });
  }
}

function pixelsOf({ data, width, height }: RawPixels) {
  return { data, width, height };
}

function greyAlpha(pixels: Uint8Array): Uint8Array {
  const out = new Uint8Array(pixels.length * 2);
  for (let i = 0, o = 0; i < pixels.length; i += 2, o += 4) {
    out[o] = out[o + 1] = out[o + 2] = pixels[i] as number;
    out[o + 3] = pixels[i + 1] as number;
  }
  return out;
}

async function bytesOf(
  input: unknown,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; name: string }> {
  if (
    /^https?:/i.test(input instanceof URL ? input.href : typeof input === "string" ? input : "")
  ) {
    const url = String(input);
    return { bytes: await download(url, signal), name: url };
  }
  if (typeof input === "string" || input instanceof URL) {
    const isUrl = input instanceof URL || input.startsWith("file:");
    const path = isUrl ? fileURLToPath(input) : input;
    try {
      const { size } = await stat(path);
      checkFileSize(size, path);
      return { bytes: await readFile(path), name: path };
    } catch (error) {
      if (isDtokError(error)) throw error;
      throw new ArgumentError(`image ${path}`, {
        expected: "a file that can be read",
        got: (error as Error).message,
        remedy: "Check the path.",
        cause: error,
      });
    }
  }
  let bytes: Uint8Array;
  if (input instanceof Blob) {
    checkFileSize(input.size, "Blob");
    bytes = new Uint8Array(await input.arrayBuffer());
  } else if (input instanceof Uint8Array) bytes = input;
  else if (input instanceof ArrayBuffer) bytes = new Uint8Array(input);
  else {
    throw new ArgumentError("image input", {
      expected:
        "a path, URL, Uint8Array, ArrayBuffer, Blob, sharp pipeline, ImageData or ImageSignal",
      got: input === null ? "null" : typeof input,
      remedy: "Pass one of these.",
    });
  }
  checkFileSize(bytes.length, "image bytes");
  return { bytes, name: "image bytes" };
}

async function download(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
    const parts: Uint8Array[] = [];
    let size = 0;
    // Counted while it comes: a server need not say how much it will send.
    for await (const part of response.body) {
      size += part.length;
      if (size > MAX_FILE) checkFileSize(size, url);
      parts.push(part);
    }
    checkFileSize(size, url);
    return Buffer.concat(parts, size);
  } catch (error) {
    if (isDtokError(error) || signal?.aborted) throw error;
    throw new ArgumentError(`image ${url}`, {
      expected: "a picture that can be fetched",
      got: error instanceof Error ? error.message : String(error),
      remedy: "Check the address and the connection.",
      cause: error,
    });
  }
}

function checkFileSize(size: number, name: string): void {
  if (size === 0) {
    throw new FormatError(name, {
      expected: "a picture",
      got: "0 bytes",
      remedy: "Check that the file was written whole.",
    });
  }
  if (size > MAX_FILE) {
    throw new LimitError(name, {
      expected: `a compressed file of at most ${MAX_FILE} bytes`,
      got: `${size} bytes`,
      remedy: "Decode it yourself and pass pixels.",
    });
  }
}
