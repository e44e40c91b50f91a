import { open, rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { ArgumentError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { checkImage } from "../signal/image.js";
import { loadSharp } from "./read.js";

export type ImageFormat = "png" | "jpeg" | "webp" | "avif";

export interface WriteImageOptions {
  /** Quality of lossy formats, 1 to 100. Default 90. */
  readonly quality?: number;
}

/** A picture as the bytes of a file. */
export async function encodeImageFile(
  image: ImageSignal,
  format: ImageFormat,
  { quality = 90 }: WriteImageOptions = {},
): Promise<Uint8Array> {
  const { data, width, height, channels } = checkImage(image, Infinity);
  const sharp = await loadSharp();
  const pipeline = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  return pipeline.toFormat(format, format === "png" ? {} : { quality }).toBuffer();
}

const FORMATS: Readonly<Record<string, ImageFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
  ".avif": "avif",
};

/** The format that a file's name asks for. */
export function formatOf(path: string): ImageFormat {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format) return format;
  throw new ArgumentError(`file name ${path}`, {
    expected: `one that ends in ${Object.keys(FORMATS).join(", ")}`,
    got: extname(path) || "no extension",
    remedy: "Name the file after the format you want.",
  });
}

/** Writes a picture, whole or not at all; the format follows the file's name. */
export async function writeImage(
  image: ImageSignal,
  path: string,
  options: WriteImageOptions = {},
): Promise<void> {
  const bytes = await encodeImageFile(image, formatOf(path), options);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
