/** Matrix coefficients: luma weights of red and blue (ITU-R BT.601, BT.709). */
const WEIGHTS = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722] } as const;

export type YuvMatrix = keyof typeof WEIGHTS;

/**
 * Planar 4:2:0 (I420: Y, then U and V at half the size, rounded up) to RGB, in fixed point of 16 bits
 * with rounding: the same pixels on every platform, which a decoder's own RGBA is not. Chroma is taken
 * from the nearest sample.
 */
export function i420ToRgb(
  data: Uint8Array,
  width: number,
  height: number,
  matrix: YuvMatrix = "bt601",
  fullRange = false,
): Uint8Array {
  const [kr, kb] = WEIGHTS[matrix];
  const kg = 1 - kr - kb;
  const [scaleY, scaleC, offset] = fullRange ? [1, 1, 0] : [255 / 219, 255 / 224, 16];
  const fixed = (x: number) => Math.round(x * 65536);
  const y0 = fixed(scaleY);
  const rv = fixed(2 * (1 - kr) * scaleC);
  const bu = fixed(2 * (1 - kb) * scaleC);
  const gu = fixed(((2 * kb * (1 - kb)) / kg) * scaleC);
  const gv = fixed(((2 * kr * (1 - kr)) / kg) * scaleC);
  const half = (width + 1) >> 1;
  const uAt = width * height;
  const vAt = uAt + half * ((height + 1) >> 1);
  const out = new Uint8ClampedArray(width * height * 3);
  let o = 0;
  for (let y = 0; y < height; y++) {
    const row = (y >> 1) * half;
    for (let x = 0; x < width; x++) {
      const luma = ((data[y * width + x] as number) - offset) * y0 + 32768;
      const u = (data[uAt + row + (x >> 1)] as number) - 128;
      const v = (data[vAt + row + (x >> 1)] as number) - 128;
      out[o++] = (luma + v * rv) >> 16;
      out[o++] = (luma - u * gu - v * gv) >> 16;
      out[o++] = (luma + u * bu) >> 16;
    }
  }
  return new Uint8Array(out.buffer);
}
