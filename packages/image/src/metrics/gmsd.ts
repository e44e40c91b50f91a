import type { ImageSignal } from "@dtok/core";
import { checkSides, LUMA, mean, pairOf, planeOf, subsample } from "./planes.js";
import type { Plane } from "./planes.js";

const T = 170;

/** Prewitt gradient magnitude (kernels over 3), zeros outside. */
function gradient({ data, width, height }: Plane): Float64Array {
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (data[y * width + x] as number);
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let h = 0;
      let v = 0;
      for (let d = -1; d <= 1; d++) {
        h += at(x - 1, y + d) - at(x + 1, y + d);
        v += at(x + d, y - 1) - at(x + d, y + 1);
      }
      out[y * width + x] = Math.hypot(h, v) / 3;
    }
  }
  return out;
}

/**
 * Gradient magnitude similarity deviation of luma (Xue, Zhang, Mou, Bovik 2014; arXiv 1308.3052):
 * 0 for equal pictures, larger is worse. Perceptual: it follows how unevenly edges are lost.
 */
export function gmsd(original: ImageSignal, other: ImageSignal): number {
  const { a, b, width, height } = pairOf(original, other);
  checkSides("GMSD", width, height, 3);
  const ga = gradient(subsample(planeOf(a, width, height, LUMA)));
  const gb = gradient(subsample(planeOf(b, width, height, LUMA)));
  const map = ga.map((x, i) => {
    const y = gb[i] as number;
    return (2 * x * y + T) / (x * x + y * y + T);
  });
  const centre = mean(map);
  // The authors' std2 divides by one less than there are.
  const spread = mean(map.map((value) => (value - centre) ** 2));
  return Math.sqrt((spread * map.length) / (map.length - 1));
}
