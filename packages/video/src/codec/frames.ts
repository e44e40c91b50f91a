import type { Tile } from "./tiles.js";

/** Sizes of a clip in pixels and cells; frames inside the codec are padded to whole cells. */
export interface Extent {
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
}

/** RGB padded to whole cells of `stride` pixels: the last row and column are repeated. */
export function padFrame(rgb: Uint8Array, extent: Extent, stride: number): Uint8Array {
  const { width, height, rows, columns } = extent;
  const [wide, high] = [columns * stride, rows * stride];
  if (wide === width && high === height) return rgb;
  const out = new Uint8Array(wide * high * 3);
  for (let y = 0; y < high; y++) {
    const from = Math.min(y, height - 1) * width * 3;
    const to = y * wide * 3;
    out.set(rgb.subarray(from, from + width * 3), to);
    for (let x = width; x < wide; x++) {
      for (let k = 0; k < 3; k++) out[to + x * 3 + k] = rgb[from + (width - 1) * 3 + k] as number;
    }
  }
  return out;
}

/** The inverse: cuts a padded frame to width x height. Always a fresh array. */
export function cropFrame(padded: Uint8Array, extent: Extent, stride: number): Uint8Array {
  const { width, height, columns } = extent;
  const wide = columns * stride;
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    out.set(padded.subarray(y * wide * 3, (y * wide + width) * 3), y * width * 3);
  }
  return out;
}

/** Padded frames to a tile's pixels [h, w, 3 F], channels of frame after frame interleaved. */
export function gather(
  frames: readonly Uint8Array[],
  columns: number,
  stride: number,
  tile: Tile,
): Uint8Array {
  const wide = columns * stride;
  const [w, h] = [(tile.right - tile.left) * stride, (tile.bottom - tile.top) * stride];
  const channels = 3 * frames.length;
  const out = new Uint8Array(w * h * channels);
  for (const [f, frame] of frames.entries()) {
    for (let y = 0; y < h; y++) {
      let from = ((tile.top * stride + y) * wide + tile.left * stride) * 3;
      let to = y * w * channels + 3 * f;
      if (channels === 3) {
        out.set(frame.subarray(from, from + w * 3), to);
        continue;
      }
      for (let x = 0; x < w; x++) {
        out[to] = frame[from] as number;
        out[to + 1] = frame[from + 1] as number;
        out[to + 2] = frame[from + 2] as number;
        from += 3;
        to += channels;
      }
    }
  }
  return out;
}

/** The inverse for a tile's core: pixels [h, w, 3 F] into padded frames. */
export function scatter(
  pixels: Uint8Array,
  frames: readonly Uint8Array[],
  columns: number,
  stride: number,
  tile: Tile,
): void {
  const wide = columns * stride;
  const w = (tile.right - tile.left) * stride;
  const channels = 3 * frames.length;
  const [x0, x1] = [tile.x0 * stride, tile.x1 * stride];
  for (const [f, frame] of frames.entries()) {
    for (let y = tile.y0 * stride; y < tile.y1 * stride; y++) {
      let from = ((y - tile.top * stride) * w + x0 - tile.left * stride) * channels + 3 * f;
      let to = (y * wide + x0) * 3;
      if (channels === 3) {
        frame.set(pixels.subarray(from, from + (x1 - x0) * 3), to);
        continue;
      }
      for (let x = x0; x < x1; x++) {
        frame[to] = pixels[from] as number;
        frame[to + 1] = pixels[from + 1] as number;
        frame[to + 2] = pixels[from + 2] as number;
        from += channels;
        to += 3;
      }
    }
  }
}
