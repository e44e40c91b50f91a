/** A rectangle of latent cells. */
export interface Tile {
  /** What the tile contributes: rows [y0, y1), columns [x0, x1). */
  readonly y0: number;
  readonly y1: number;
  readonly x0: number;
  readonly x1: number;
  /** What is computed for it: the same with the halo around, cut at the frame's borders. */
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Covers rows x columns cells by tiles of at most `core` cells a side with `halo` cells of context. With
 * a halo as wide as the network's receptive radius a tile's core equals the same cells of the whole
 * frame, so that there is no seam.
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
