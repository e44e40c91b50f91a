import { ArgumentError } from "@dtok/core";
import { BLOCK, LONGEST_X, QUARTERS } from "./motion.js";
import type { BlockGrid } from "./motion.js";

/** The coarse search is made on luma of a quarter of the size. */
export const COARSE = 4;

/** A plane with its borders repeated outward, so that the search needs no bounds. */
export interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly border: number;
}

/** What block matching compares: luma of a reference and of a group's frames, and both smaller. */
export interface SearchPlanes {
  readonly fine: Plane;
  readonly targets: readonly Uint8Array[];
  readonly small: Plane;
  readonly smallTargets: readonly Uint8Array[];
  /** Places of `smallTargets` among the frames. */
  readonly chosen: readonly number[];
}

/** From RGB of rows x 16 by columns x 16 pixels. */
export function planesOf(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  { rows, columns }: BlockGrid,
): SearchPlanes {
  const [width, height] = [columns * BLOCK, rows * BLOCK];
  const count = frames.length;
  if (count === 0 || [reference, ...frames].some((f) => f.length !== width * height * 3)) {
    throw new ArgumentError("frames of a group", {
      expected: `RGB of ${width} x ${height} pixels`,
      got: `${count} frames of ${frames.map((f) => f.length).join(", ")} bytes`,
      remedy: "Pad the frames to whole blocks.",
    });
  }
  const border = LONGEST_X / QUARTERS + BLOCK;
  const still = luma(reference);
  const targets = frames.map((frame) => luma(frame));
  // From afar, the last frame and the one half-way tell motion from noise.
  const chosen = count > 1 ? [Math.floor(count / 2) - 1, count - 1] : [0];
  return {
    fine: plane(still, width, height, border),
    targets,
    small: plane(shrink(still, width, height), width / COARSE, height / COARSE, border / COARSE),
    smallTargets: chosen.map((i) => shrink(targets[i] as Uint8Array, width, height)),
    chosen,
  };
}

/** Luma of RGB, weights of BT.601 in 1/256. */
function luma(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, o = 0; o < out.length; i += 3, o++) {
    out[o] =
      ((rgb[i] as number) * 77 + (rgb[i + 1] as number) * 150 + (rgb[i + 2] as number) * 29) >> 8;
  }
  return out;
}

/** Means over COARSE x COARSE pixels. */
function shrink(y: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width / COARSE, height / COARSE];
  const out = new Uint8Array(w * h);
  const row = new Int32Array(w);
  for (let r = 0; r < h; r++) {
    row.fill((COARSE * COARSE) >> 1);
    for (let v = 0; v < COARSE; v++) {
      for (let c = 0, i = (r * COARSE + v) * width; c < w; c++, i += COARSE) {
        row[c] =
          (row[c] as number) +
          (y[i] as number) +
          (y[i + 1] as number) +
          (y[i + 2] as number) +
          (y[i + 3] as number);
      }
    }
    for (let c = 0; c < w; c++) out[r * w + c] = (row[c] as number) >> 4;
  }
  return out;
}

function plane(y: Uint8Array, width: number, height: number, border: number): Plane {
  const edge = Math.ceil(border) + 1;
  const wide = width + 2 * edge;
  const data = new Uint8Array(wide * (height + 2 * edge));
  for (let r = 0; r < height + 2 * edge; r++) {
    const from = clamp(r - edge, height) * width;
    const to = r * wide;
    data.fill(y[from] as number, to, to + edge);
    data.set(y.subarray(from, from + width), to + edge);
    data.fill(y[from + width - 1] as number, to + edge + width, to + wide);
  }
  return { data, width: wide, border: edge };
}

export function clamp(at: number, length: number): number {
  return at < 0 ? 0 : at >= length ? length - 1 : at;
}
