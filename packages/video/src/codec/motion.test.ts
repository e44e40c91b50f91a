import { Random } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { estimateMotion, motionCodes, moveReference, stillCode } from "./motion.js";

const grid = { rows: 5, columns: 6, stride: 8 };
const [width, height] = [48, 40];
const RADIUS = 15;
const code = (dx: number, dy: number) => (dy + RADIUS) * (2 * RADIUS + 1) + dx + RADIUS;

/** Smooth noise: no two places look alike. */
function scene(seed: number): (x: number, y: number, k: number) => number {
  const random = new Random(seed);
  const waves = Array.from({ length: 12 }, () => [
    (random.float() - 0.5) * 0.9,
    (random.float() - 0.5) * 0.9,
    random.float() * 6,
  ]);
  return (x, y, k) =>
    128 + waves.reduce((sum, [u, v, p]) => sum + 14 * Math.sin(u! * x + v! * y + p! + k), 0);
}

function view(at: ReturnType<typeof scene>, dx: number, dy: number): Uint8Array {
  const out = new Uint8ClampedArray(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = 0; k < 3; k++) out[o++] = at(x + dx, y + dy, k);
    }
  }
  return new Uint8Array(out);
}

describe("motion of cells", () => {
  it("numbers vectors row after row, none in the middle", () => {
    expect(motionCodes(RADIUS)).toBe(961);
    expect(stillCode(RADIUS)).toBe(code(0, 0));
    // By hand: radius 1, codes 0..8, (0, 0) is the fifth.
    expect([motionCodes(1), stillCode(1)]).toEqual([9, 4]);
  });

  it("moves by hand as written", () => {
    // One row of one cell of two pixels: a step of one pixel over two frames.
    const tiny = { rows: 1, columns: 1, stride: 2 };
    const grey = (values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
    const reference = grey([10, 20, 30, 40]);
    // (dx, dy) = (1, 0) with radius 1 is code 5.
    const [half, whole] = moveReference(reference, Int32Array.of(5), 2, tiny, 1);
    expect(half).toEqual(grey([15, 20, 35, 40]));
    expect(whole).toEqual(grey([20, 20, 40, 40]));
  });

  it.each([
    [0, 0],
    [4, 0],
    [-8, 4],
    [3, -7],
    [13, 11],
    [-15, 15],
  ])("finds a pan of (%i, %i) in every inner cell", (dx, dy) => {
    const at = scene(Math.abs(dx * 31 + dy) + 1);
    const frames = [1, 2, 3, 4].map((t) => view(at, (dx * t) / 4, (dy * t) / 4));
    const reference = view(at, 0, 0);
    const codes = estimateMotion(reference, frames, grid, RADIUS);
    // Cells whose origin lies inside of the reference.
    for (let r = 0; r < grid.rows; r++) {
      for (let c = 0; c < grid.columns; c++) {
        const inside = (from: number, size: number) => from - 4 >= 0 && from + 12 <= size;
        if (!inside(c * 8 + dx, width) || !inside(r * 8 + dy, height)) continue;
        expect(codes[r * grid.columns + c]).toBe(code(dx, dy));
      }
    }
  });

  it("predicts better than standing still does, on what it was searched for", () => {
    const at = scene(9);
    const frames = [1, 2, 3, 4].map((t) => view(at, 2.3 * t, -1.1 * t));
    const reference = view(at, 0, 0);
    const codes = estimateMotion(reference, frames, grid, RADIUS);
    const error = (list: readonly Uint8Array[]) =>
      list.reduce((sum, f, t) => sum + f.reduce((s, v, i) => s + (v - frames[t]![i]!) ** 2, 0), 0);
    const moved = moveReference(reference, codes, 4, grid, RADIUS);
    expect(error(moved)).toBeLessThan(error([reference, reference, reference, reference]) / 4);
  });

  it("says nothing about flat pictures, and keeps the reference where nothing moves", () => {
    const flat = new Uint8Array(width * height * 3).fill(77);
    const codes = estimateMotion(flat, [flat, flat, flat, flat], grid, RADIUS);
    expect([...new Set(codes)]).toEqual([stillCode(RADIUS)]);
    const picture = view(scene(3), 0, 0);
    for (const frame of moveReference(picture, codes, 4, grid, RADIUS)) {
      expect(frame).toEqual(picture);
    }
  });

  it("refuses frames that are not whole cells", () => {
    const flat = new Uint8Array(width * height * 3);
    expect(() => estimateMotion(flat, [flat.subarray(3)], grid, RADIUS)).toThrow(/whole cells/);
    expect(() => estimateMotion(flat, [], grid, RADIUS)).toThrow(/frames of a group/);
  });
});
