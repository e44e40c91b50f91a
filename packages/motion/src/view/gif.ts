/** Skeletons side by side as an animated GIF, written by gifenc from pixels drawn here. */
import { ArgumentError } from "@dtok/core";
import gifenc from "gifenc";
import { frameCount } from "../signal.js";
import { jointPositions } from "../skeleton/fk.js";
import { resample } from "../skeleton/resample.js";
import type { Shown } from "./html.js";

export interface GifOptions {
  /** Pixels of each picture's side. Default 240. */
  readonly size?: number;
  /** Frames per second, at most 50. Default 12. */
  readonly fps?: number;
  /** Seconds shown at most. Default 20. */
  readonly seconds?: number;
}

/** White, ground, trunk, left, right. */
const PALETTE = [
  [255, 255, 255],
  [224, 228, 233],
  [68, 85, 102],
  [194, 65, 12],
  [29, 78, 216],
];

/** The GIF's bytes. Pictures stand in the order given; the camera follows the first motion's root. */
export function renderMotionGif(shown: readonly Shown[], options: GifOptions = {}): Uint8Array {
  const { size = 240, fps = 12, seconds = 20 } = options;
  for (const [name, value, least, most] of [
    ["size", size, 32, 2048],
    ["fps", fps, 1, 50],
    ["seconds", seconds, 0.1, 600],
  ] as const) {
    if (value >= least && value <= most) continue;
    throw new ArgumentError(name, {
      expected: `${least} to ${most}`,
      got: String(value),
      remedy: "Leave it out for the default.",
    });
  }
  const motions = shown.map(({ motion }) => {
    const even = resample(motion, fps);
    return { joints: even.skeleton.joints, places: jointPositions(even), frames: frameCount(even) };
  });
  const first = motions[0];
  if (!first) {
    throw new ArgumentError("motions", {
      expected: "at least one",
      got: "none",
      remedy: "Give what is to be shown.",
    });
  }
  // Node.js sees the package's CommonJS build, bundlers its ES module, whose default is the function.
  const encoder = typeof gifenc === "function" ? gifenc() : gifenc.GIFEncoder();
  const width = size * motions.length;
  const frames = Math.min(Math.ceil(seconds * fps), first.frames);
  const zoom = size / 2.3;
  const [cos, sin] = [Math.cos(0.6), Math.sin(0.6)];
  for (let t = 0; t < frames; t++) {
    const pixels = new Uint8Array(width * size);
    const camera = t * first.joints.length * 3;
    const [cx, cz] = [first.places[camera]!, first.places[camera + 2]!];
    for (const [i, { joints, places, frames: own }] of motions.entries()) {
      const base = Math.min(t, own - 1) * joints.length * 3;
      const project = (x: number, y: number, z: number): [number, number] => {
        const [a, b] = [(x - cx) * cos - (z - cz) * sin, (x - cx) * sin + (z - cz) * cos];
        return [size * 0.5 + a * zoom, size * 0.82 - (y * 0.98 - b * 0.2) * zoom];
      };
      const line = (from: [number, number], to: [number, number], colour: number, wide: number) => {
        const steps = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1])) + 1;
        // Bones that left the picture long ago cost nothing.
        if (steps > 8 * size) return;
        for (let s = 0; s <= steps; s++) {
          const x = Math.round(from[0] + ((to[0] - from[0]) * s) / steps);
          const y = Math.round(from[1] + ((to[1] - from[1]) * s) / steps);
          for (let dy = 0; dy < wide; dy++)
            for (let dx = 0; dx < wide; dx++)
              if (x + dx >= 0 && x + dx < size && y + dy >= 0 && y + dy < size)
                pixels[(y + dy) * width + i * size + x + dx] = colour;
        }
      };
      for (let k = -3; k <= 3; k++) {
        const [gx, gz] = [Math.floor(cx * 2) / 2, Math.floor(cz * 2) / 2];
        line(project(gx + k / 2, 0, gz - 1.5), project(gx + k / 2, 0, gz + 1.5), 1, 1);
        line(project(gx - 1.5, 0, gz + k / 2), project(gx + 1.5, 0, gz + k / 2), 1, 1);
      }
      for (const [j, { name, parent }] of joints.entries()) {
        if (parent < 0) continue;
        const at = (k: number) =>
          project(places[base + k * 3]!, places[base + k * 3 + 1]!, places[base + k * 3 + 2]!);
        line(at(parent), at(j), /left/i.test(name) ? 3 : /right/i.test(name) ? 4 : 2, 3);
      }
    }
    encoder.writeFrame(pixels, width, size, { palette: PALETTE, delay: 1000 / fps });
  }
  encoder.finish();
  return encoder.bytes();
}
