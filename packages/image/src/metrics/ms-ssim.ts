import { ShapeError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { halve, LUMA, pairOf, planeOf } from "./planes.js";
import { similarity } from "./ssim.js";

/** Equation 7 of the paper and its table of exponents. */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;
const SMALLEST = 11 * 2 ** (WEIGHTS.length - 1);

/** Multi-scale structural similarity of luma (Wang, Simoncelli, Bovik 2003), five scales. */
export function multiScaleSsim(original: ImageSignal, other: ImageSignal): number {
  const { a, b, width, height } = pairOf(original, other);
  if (Math.min(width, height) < SMALLEST) {
    throw new ShapeError("MS-SSIM", {
      expected: `at least ${SMALLEST} pixels a side`,
      got: `${width} x ${height}`,
      remedy: "Use SSIM for pictures this small.",
    });
  }
  let [x, y] = [planeOf(a, width, height, LUMA), planeOf(b, width, height, LUMA)];
  let product = 1;
  for (const [scale, weight] of WEIGHTS.entries()) {
    if (scale > 0) [x, y] = [halve(x), halve(y)];
    const { ssim, contrast } = similarity(x, y);
    // A negative mean has no real power; such pictures have nothing in common.
    product *= Math.max(0, scale === WEIGHTS.length - 1 ? ssim : contrast) ** weight;
  }
  return product;
}
