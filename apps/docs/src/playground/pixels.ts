import type { Encoded, Pixels } from "./protocol.js";

/** Size of a picture that is scaled down, never up, to at most `limit` pixels a side. */
export function fitted(width: number, height: number, limit: number): [number, number] {
  const scale = Math.min(1, limit / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** One RGBA pixel a token; its first three latent dimensions as colour, so near codes look alike. */
export function tokenColours(latents: Float32Array, dim: number): Uint8ClampedArray<ArrayBuffer> {
  const count = latents.length / dim;
  const out = new Uint8ClampedArray(count * 4);
  const shown = Math.min(3, dim);
  for (let d = 0; d < 3; d++) {
    const from = d < shown ? d : 0;
    let low = Infinity;
    let high = -Infinity;
    for (let i = from; i < latents.length; i += dim) {
      low = Math.min(low, latents[i]!);
      high = Math.max(high, latents[i]!);
    }
    const scale = high > low ? 255 / (high - low) : 0;
    for (let n = 0; n < count; n++) out[4 * n + d] = (latents[n * dim + from]! - low) * scale;
  }
  for (let n = 0; n < count; n++) out[4 * n + 3] = 255;
  return out;
}

/** Mean absolute difference of red, green and blue, from black (none) over red to yellow (64 and more). */
export function errorMap(a: Pixels, b: Pixels): Uint8ClampedArray<ArrayBuffer> {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`${a.width} x ${a.height} against ${b.width} x ${b.height}`);
  }
  const out = new Uint8ClampedArray(a.data.length);
  for (let i = 0; i < out.length; i += 4) {
    let sum = 0;
    for (let c = i; c < i + 3; c++) sum += Math.abs(a.data[c]! - b.data[c]!);
    const share = sum / 3 / 64;
    out[i] = 510 * share;
    out[i + 1] = 510 * share - 255;
    out[i + 3] = 255;
  }
  return out;
}

/** Index of the token below a point of a picture shown at `shown` of its width. */
export function tokenAt(
  x: number,
  y: number,
  { shape: [rows, columns], stride }: Pick<Encoded, "shape" | "stride">,
): number | null {
  const row = Math.floor(y / stride[0]);
  const column = Math.floor(x / stride[1]);
  return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : null;
}
