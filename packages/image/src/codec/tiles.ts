/** A rectangle of latent cells. */
export interface Tile {
  /** What the tile contributes: rows [y0, y1), columns [x0, x1). */
  readonly y0: number;
  readonly y1: number;
  readonly x0: number;
  readonly x1: number;
  /** What must be computed for it: the same, widened by the halo and cut at the picture's borders. */
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Covers a grid of rows x columns cells by tiles of at most `core` cells a side, each with `halo`
 * cells of context. With a halo as wide as the network's receptive radius, a tile's core equals the
 * same cells of the whole picture: zero padding happens at true borders only, so there is no seam.
 */
export function tilesOf(rows: number, columns: number, core: number, halo: number): Tile[] {
  const tiles: Tile[] = [];
  for (const [y0, y1] of spans(rows, core)) {
    for (const [x0, x1] of spans(columns, core)) {
      tiles.push({
        y0,
        y1,
        x0,
        x1,
        top: Math.max(0, y0 - halo),
        bottom: Math.min(rows, y1 + halo),
        left: Math.max(0, x0 - halo),
        right: Math.min(columns, x1 + halo),
      });
    }
  }
  return tiles;
}

/** Equal spans rather than full ones and a sliver: a sliver costs its halo. */
function spans(length: number, most: number): [number, number][] {
  const count = Math.ceil(length / most);
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.floor(((i + 1) * length) / count),
  ]);
}

/** Copies a window of interleaved pixels; where it passes the picture's edge, the edge is repeated. */
export function copyWindow(
  pixels: Uint8Array,
  width: number,
  height: number,
  window: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  },
  out: Uint8Array,
  at: number,
): void {
  const inside = Math.max(0, Math.min(window.width, width - window.x));
  for (let y = 0; y < window.height; y++) {
    const row = Math.min(window.y + y, height - 1) * width;
    const to = at + y * window.width * 3;
    const from = (row + window.x) * 3;
    out.set(pixels.subarray(from, from + inside * 3), to);
    const edge = (row + width - 1) * 3;
    for (let x = inside; x < window.width; x++) {
      out[to + x * 3] = pixels[edge] as number;
      out[to + x * 3 + 1] = pixels[edge + 1] as number;
      out[to + x * 3 + 2] = pixels[edge + 2] as number;
    }
  }
}
