import { bitsOf } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";

/** Bits of codes and side information: in all, per second and per pixel of a frame. */
export function bitsOfVideo(grid: TokenGrid): {
  readonly total: number;
  readonly perSecond: number;
  readonly perPixel: number;
} {
  const { total } = bitsOf(grid);
  const { width, height, fps, frames } = grid.side as Record<string, number>;
  return {
    total,
    perSecond: (total * (fps as number)) / (frames as number),
    perPixel: total / ((width as number) * (height as number) * (frames as number)),
  };
}
