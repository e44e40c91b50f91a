import { ArgumentError, LimitError, ShapeError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";

/** Default bound on width x height: 100 megapixels, 300 MB as RGB. */
export const MAX_PIXELS = 100e6;

/** Checks sizes before anything is allocated for them. */
export function checkSize(width: number, height: number, maxPixels = MAX_PIXELS): void {
  const whole = (n: number) => Number.isSafeInteger(n) && n >= 1;
  if (!whole(width) || !whole(height)) {
    throw new ShapeError("image size", {
      expected: "a width and height of at least one pixel",
      got: `${width} x ${height}`,
      remedy: "Check the file, or the numbers passed with raw pixels.",
    });
  }
  if (!(maxPixels > 0)) {
    throw new ArgumentError("maxPixels", {
      expected: "a number above 0, or Infinity",
      got: String(maxPixels),
      remedy: "Leave it out for 100 megapixels.",
    });
  }
  if (width * height > maxPixels) {
    throw new LimitError("image size", {
      expected: `at most ${(maxPixels / 1e6).toFixed(0)} megapixels`,
      got: `${width} x ${height} = ${((width * height) / 1e6).toFixed(0)} megapixels`,
      remedy:
        "Raise the option maxPixels if the picture is what you think it is, or scale it down.",
    });
  }
}

export function checkImage(image: ImageSignal, maxPixels = MAX_PIXELS): ImageSignal {
  if (image === null || typeof image !== "object") {
    throw new ArgumentError("image", {
      expected: "pixels: { data, width, height, channels }",
      got: String(image),
      remedy: "Read the file first, or load the tokenizer by loadImageTokenizer, which reads it.",
    });
  }
  const { data, width, height, channels } = image;
  checkSize(width, height, maxPixels);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new ShapeError("image channels", {
      expected: "1 (grey), 3 (RGB) or 4 (RGBA)",
      got: String(channels),
      remedy: "Convert the picture first.",
    });
  }
  if (!(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) {
    throw new ArgumentError("image pixels", {
      expected: "8-bit samples in a Uint8Array or Uint8ClampedArray",
      got: Object.prototype.toString.call(data),
      remedy: "Scale other sample types to 0..255 first.",
    });
  }
  if (data.length !== width * height * channels) {
    throw new ShapeError("image pixels", {
      expected: `${width * height * channels} samples (${width} x ${height} x ${channels})`,
      got: String(data.length),
      remedy: "Pass tightly packed rows, channels interleaved.",
    });
  }
  return image;
}

/** Red, green, blue in 0..255. */
export type Colour = readonly [number, number, number];
export const WHITE: Colour = [255, 255, 255];

export function checkColour(colour: Colour): Colour {
  const byte = (v: unknown) => Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 255;
  if (Array.isArray(colour) && colour.length === 3 && colour.every(byte)) return colour;
  throw new ArgumentError("background", {
    expected: "[red, green, blue], integers of 0 to 255",
    got: JSON.stringify(colour) ?? "undefined",
    remedy: "Leave it out for white.",
  });
}

/**
 * Tightly packed RGB. Grey is repeated; alpha is composited over `background` (tokens hold colour
 * only), in integers, so that every platform gets the same pixels.
 */
export function toRgb(image: ImageSignal, background: Colour = WHITE): Uint8Array {
  const { data, width, height, channels } = image;
  if (channels === 3) {
    return data instanceof Uint8Array
      ? data
      : new Uint8Array(
          (data as Uint8ClampedArray).buffer,
          (data as Uint8ClampedArray).byteOffset,
          data.length,
        );
  }
  const count = width * height;
  const out = new Uint8Array(count * 3);
  if (channels === 1) {
    for (let i = 0, o = 0; i < count; i++, o += 3)
      out[o] = out[o + 1] = out[o + 2] = data[i] as number;
    return out;
  }
  const [r, g, b] = background;
  for (let i = 0, o = 0; i < count * 4; i += 4, o += 3) {
    const alpha = data[i + 3] as number;
    if (alpha === 255) {
      out[o] = data[i] as number;
      out[o + 1] = data[i + 1] as number;
      out[o + 2] = data[i + 2] as number;
    } else {
      const rest = 255 - alpha;
      out[o] = Math.floor(((data[i] as number) * alpha + r * rest + 127) / 255);
      out[o + 1] = Math.floor(((data[i + 1] as number) * alpha + g * rest + 127) / 255);
      out[o + 2] = Math.floor(((data[i + 2] as number) * alpha + b * rest + 127) / 255);
    }
  }
  return out;
}

/** True where an RGBA picture has a pixel that is not opaque. */
export function hasTransparency({ data, channels }: ImageSignal): boolean {
  if (channels !== 4) return false;
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  return false;
}

/** Pixels as people have them: an ImageSignal, or an ImageData (which names no channels: RGBA). */
export interface RawPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels?: 1 | 3 | 4;
}

/** A picture that is not decoded yet, and can be from the top. */
export interface PictureAhead {
  readonly width: number;
  readonly height: number;
  /** Its first `rows` rows, or all. */
  decode(rows?: number): Promise<ImageSignal>;
}
