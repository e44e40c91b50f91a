import type { ImageSignal } from "@dtok/core";
import { checkImage, toRgb } from "../signal/image.js";

/** Opaque RGBA for `putImageData`. */
export function toImageData(image: ImageSignal): ImageData {
  const { width, height } = checkImage(image, Infinity);
  const rgb = toRgb(image);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, o = 0; o < data.length; i += 3, o += 4) {
    data[o] = rgb[i] as number;
    data[o + 1] = rgb[i + 1] as number;
    data[o + 2] = rgb[i + 2] as number;
    data[o + 3] = 255;
  }
  return new ImageData(data, width, height);
}
