import type { ImageSignal } from "@dtok/core";

/** RGB turned clockwise by the degrees that a file's metadata asks for. */
export function rotateRgb(
  rgb: Uint8Array,
  width: number,
  height: number,
  degrees: 0 | 90 | 180 | 270,
): ImageSignal {
  if (degrees === 0) return { data: rgb, width, height, channels: 3 };
  const across = degrees !== 180;
  const [w, h] = across ? [height, width] : [width, height];
  const data = new Uint8Array(rgb.length);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const sx = degrees === 90 ? y : degrees === 180 ? width - 1 - x : width - 1 - y;
      const sy = degrees === 90 ? height - 1 - x : degrees === 180 ? height - 1 - y : x;
      const from = (sy * width + sx) * 3;
      const to = (y * w + x) * 3;
      data[to] = rgb[from] as number;
      data[to + 1] = rgb[from + 1] as number;
      data[to + 2] = rgb[from + 2] as number;
    }
  }
  return { data, width: w, height: h, channels: 3 };
}
