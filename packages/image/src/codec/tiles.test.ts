import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyWindow, tilesOf } from "./tiles.js";

describe("tilesOf", () => {
  it("covers 5 x 3 cells in tiles of at most 2 with one cell of context", () => {
    const tiles = tilesOf(5, 3, 2, 1);
    expect(tiles).toHaveLength(6);
    expect(tiles[0]).toEqual({ y0: 0, y1: 1, x0: 0, x1: 1, top: 0, bottom: 2, left: 0, right: 2 });
  });

  it("covers every cell exactly once, with context cut at the borders only", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, fc.integer({ min: 0, max: 9 }), (rows, columns, core, halo) => {
        const seen = new Uint8Array(rows * columns);
        for (const t of tilesOf(rows, columns, core, halo)) {
          expect(t.y1 - t.y0).toBeLessThanOrEqual(core);
          expect(t.x1 - t.x0).toBeLessThanOrEqual(core);
          expect(t.top === 0 || t.top === t.y0 - halo).toBe(true);
          expect(t.right === columns || t.right === t.x1 + halo).toBe(true);
          for (let y = t.y0; y < t.y1; y++) {
            for (let x = t.x0; x < t.x1; x++) seen[y * columns + x]!++;
          }
        }
        expect(seen.every((n) => n === 1)).toBe(true);
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe("copyWindow", () => {
  it("repeats the last row and column past the picture", () => {
    // 2 x 2 pixels, red channel 1 2 / 3 4, asked for 3 x 3.
    const pixels = Uint8Array.from([1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0]);
    const out = new Uint8Array(27);
    copyWindow(pixels, 2, 2, { x: 0, y: 0, width: 3, height: 3 }, out, 0);
    expect([...out].filter((_, i) => i % 3 === 0)).toEqual([1, 2, 2, 3, 4, 4, 3, 4, 4]);
  });
});
