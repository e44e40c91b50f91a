import { ShapeError } from "@dtok/core";

const SIZE = 11;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

const KERNEL = (() => {
  const kernel = Float64Array.from({ length: SIZE }, (_, i) =>
    Math.exp(-((i - (SIZE - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((value) => value / sum);
})();

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) of BT.601 luma: Gaussian windows of
 * 11 x 11 with sigma 1.5, mean over all whole windows.
 */
export function lumaSsim(a: Uint8Array, b: Uint8Array, width: number, height: number): number {
  if (width < SIZE || height < SIZE) {
    throw new ShapeError("SSIM", {
      expected: `at least ${SIZE} x ${SIZE} pixels`,
      got: `${width} x ${height}`,
      remedy: "Use PSNR for frames this small.",
    });
  }
  const luma = (rgb: Uint8Array) => {
    const out = new Float64Array(width * height);
    for (let i = 0, p = 0; p < out.length; i += 3, p++) {
      out[p] = 0.299 * rgb[i]! + 0.587 * rgb[i + 1]! + 0.114 * rgb[i + 2]!;
    }
    return out;
  };
  const [x, y] = [luma(a), luma(b)];
  const product = (u: Float64Array, v: Float64Array) => u.map((value, i) => value * v[i]!);
  const blur = (plane: Float64Array) => filter(plane, width, height);
  const [mx, my] = [blur(x), blur(y)];
  const [xx, yy, xy] = [blur(product(x, x)), blur(product(y, y)), blur(product(x, y))];
  let sum = 0;
  for (let i = 0; i < mx.length; i++) {
    const [u, v] = [mx[i]!, my[i]!];
    const spread = xx[i]! - u * u + yy[i]! - v * v;
    sum +=
      ((2 * u * v + C1) * (2 * (xy[i]! - u * v) + C2)) / ((u * u + v * v + C1) * (spread + C2));
  }
  return sum / mx.length;
}

/** Correlation with the separable kernel, inside only: sizes shrink by 10. */
function filter(data: Float64Array, width: number, height: number): Float64Array {
  const [w, h] = [width - SIZE + 1, height - SIZE + 1];
  const rows = new Float64Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let i = 0; i < SIZE; i++) sum += KERNEL[i]! * data[y * width + x + i]!;
      rows[y * w + x] = sum;
    }
  }
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let i = 0; i < SIZE; i++) {
      const [weight, from] = [KERNEL[i]!, (y + i) * w];
      for (let x = 0; x < w; x++) out[y * w + x] = out[y * w + x]! + weight * rows[from + x]!;
    }
  }
  return out;
}
