import type { ImageSignal, VideoSignal } from "@dtok/core";

/** A textured scene that pans by (dx, dy) pixels a frame, with a brighter disc on its own way. */
export function panning(
  frames: number,
  width: number,
  height: number,
  [dx, dy]: readonly [number, number] = [1, 0.5],
): VideoSignal & { readonly frames: ImageSignal[] } {
  const wave = (u: number, v: number, k: number) =>
    128 +
    50 * Math.sin(u * 0.11 + k) * Math.cos(v * 0.07 - k) +
    30 * Math.sin(u * 0.031 - v * 0.043 + 2 * k);
  const list = Array.from({ length: frames }, (_, t): ImageSignal => {
    const data = new Uint8Array(width * height * 3);
    const [cx, cy] = [width * 0.3 + 2 * t, height * 0.5];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const disc = (x - cx) ** 2 + (y - cy) ** 2 < (height / 6) ** 2 ? 60 : 0;
        for (let k = 0; k < 3; k++) {
          const value = wave(x + dx * t, y + dy * t, k) + disc;
          data[(y * width + x) * 3 + k] = Math.max(0, Math.min(255, value));
        }
      }
    }
    return { data, width, height, channels: 3 };
  });
  return { frames: list, width, height, fps: 25 };
}
