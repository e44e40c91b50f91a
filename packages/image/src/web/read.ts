import { ArgumentError, FormatError, isDtokError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { checkImage, checkSize, MAX_PIXELS } from "../signal/image.js";
import type { RawPixels } from "../signal/image.js";
import { headerSize } from "./header.js";

/** What `encode` takes in a browser. Strings and URLs are fetched. */
export type ImageInput =
  | string
  | URL
  | Blob
  | ArrayBuffer
  | Uint8Array
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | RawPixels;

export interface ReadImageOptions {
  readonly maxPixels?: number;
}

/** Bytes that nearly every file's size is found in. */
const HEADER = 1 << 18;

/**
 * Decodes a picture to RGBA without colour conversion or premultiplication, so that PNG, JPEG and
 * WebP give the same pixels as in Node.js. EXIF orientation is applied.
 */
export async function readImage(
  input: ImageInput,
  options: ReadImageOptions = {},
): Promise<ImageSignal> {
  const { maxPixels = MAX_PIXELS } = options;
  if (input !== null && typeof input === "object" && "data" in input && "width" in input) {
    const { data, width, height, channels = 4 } = input;
    return checkImage({ data, width, height, channels }, maxPixels);
  }
  try {
    const bitmap = await bitmapOf(input, maxPixels);
    try {
      const { width, height } = bitmap;
      checkSize(width, height, maxPixels);
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (!context) throw new Error("no 2d canvas context");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      return { data, width, height, channels: 4 };
    } finally {
      bitmap.close();
    }
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw new FormatError("image", {
      expected: "a picture that this browser decodes",
      got: error instanceof Error ? error.message : String(error),
      remedy: "Check that the file is complete and is a picture.",
      cause: error,
    });
  }
}

async function bitmapOf(input: unknown, maxPixels: number): Promise<ImageBitmap> {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;
  let blob: Blob | undefined;
  if (typeof input === "string" || input instanceof URL) {
    const response = await fetch(input);
    if (!response.ok) throw new Error(`HTTP status ${response.status} for ${String(input)}`);
    blob = await response.blob();
  } else if (input instanceof Blob) blob = input;
  else if (input instanceof Uint8Array) blob = new Blob([input as Uint8Array<ArrayBuffer>]);
  else if (input instanceof ArrayBuffer) blob = new Blob([input]);
  if (blob) {
    if (blob.size === 0) {
      throw new FormatError("image", {
        expected: "a picture",
        got: "0 bytes",
        remedy: "Check that the file was written whole.",
      });
    }
    // The browser would decode a bomb before telling its size.
    const size =
      headerSize(new Uint8Array(await blob.slice(0, HEADER).arrayBuffer())) ??
      // A JPEG may carry megabytes of metadata before its size.
      (blob.size > HEADER ? headerSize(new Uint8Array(await blob.arrayBuffer())) : undefined);
    if (size) checkSize(size.width, size.height, maxPixels);
    return createImageBitmap(blob, { ...options, imageOrientation: "from-image" });
  }
  const isSource =
    input !== null &&
    typeof input === "object" &&
    ["HTMLImageElement", "HTMLCanvasElement", "OffscreenCanvas", "ImageBitmap"].some(
      (name) => Object.prototype.toString.call(input) === `[object ${name}]`,
    );
  if (isSource) return createImageBitmap(input as ImageBitmapSource, options);
  throw new ArgumentError("image input", {
    expected: "a URL, Blob, bytes, image, canvas, ImageBitmap, ImageData or ImageSignal",
    got: input === null ? "null" : Object.prototype.toString.call(input),
    remedy: "Pass one of these.",
  });
}
