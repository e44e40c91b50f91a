/** Matrix coefficients: luma weights of red and blue (ITU-R BT.601, BT.709). */
const WEIGHTS = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722] } as const;

export type YuvMatrix = keyof typeof WEIGHTS;

/** Names of matrices in files, as ffprobe and WebCodecs say them. */
const MATRICES: Record<string, YuvMatrix> = {
  bt709: "bt709",
  bt601: "bt601",
  smpte170m: "bt601",
  bt470bg: "bt601",
  fcc: "bt601",
};

/**
 * The matrix of a clip: the one its file declares. Where it declares none, decoders guess, and each
 * its own (Chromium BT.709, ffmpeg BT.601); here it is BT.709 for high definition (1280 wide or more
 * than 576 lines), BT.601 below, on every platform.
 */
export function yuvMatrix(
  declared: string | null | undefined,
  width: number,
  height: number,
): YuvMatrix {
  const named = MATRICES[declared ?? ""];
  if (named) return named;
  // BT.2020 and others are wide: BT.709 is nearer than BT.601.
  const isDeclared = declared && !["unknown", "unspecified", "reserved", "rgb"].includes(declared);
  if (isDeclared) return "bt709";
  return Math.max(width, height) >= 1280 || Math.min(width, height) > 576 ? "bt709" : "bt601";
}

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
