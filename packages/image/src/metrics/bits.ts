import { bitsOf } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";

/** Bits of codes and side information per pixel of the original. */
export function bitsPerPixel(grid: TokenGrid): number {
  return bitsOf(grid).total / (Number(grid.side.width) * Number(grid.side.height));
}
