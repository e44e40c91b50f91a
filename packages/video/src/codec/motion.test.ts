import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AXIS, estimateMotion, MOTION_CODES, moveReference, STILL_CODE } from "./motion.js";

/** The code of a vector in quarters of a pixel. */
const codeOf = (dx: number, dy: number) => AXIS.indexOf(dy) * AXIS.length + AXIS.indexOf(dx);

/** A smooth texture that shows motion, seen from (x0, y0). */
function texture(width: number, height: number, x0: number, y0: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x + x0, y + y0];
      const value =
        128 +
        50 * Math.sin(u * 0.21 + 2 * Math.sin(v * 0.13)) +
        40 * Math.cos(v * 0.27 + 1.5 * Math.sin(u * 0.11));
      out[o++] = value;
      out[o++] = 255 - value;
      out[o++] = value / 2 + 20;
    }
  }
  return out;
}

function squaredError(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}

describe("motion of blocks", () => {
  it("moves one block by hand: whole pixels, and a half by the cubic's -1, 9, 9, -1", () => {
    const grid = { rows: 1, columns: 1, stride: 16 };
    const reference = new Uint8Array(16 * 16 * 3);
    for (let x = 0; x < 16; x++) {
      for (let y = 0; y < 16; y++) reference.fill(x * x, (y * 16 + x) * 3, (y * 16 + x) * 3 + 3);
    }
    const red = (frame: Uint8Array, x: number) => frame[(5 * 16 + x) * 3];
    const [whole] = moveReference(reference, Int32Array.of(codeOf(12, 0)), 1, grid);
    expect([0, 3, 12, 15].map((x) => red(whole!, x))).toEqual([9, 36, 225, 225]);
    // Half-way from 4 to 5: (-9 + 9 x 16 + 9 x 25 - 36) / 16 = 20.25.
    const [half] = moveReference(reference, Int32Array.of(codeOf(2, 0)), 1, grid);
    expect(red(half!, 4)).toBe(20);
    // Two frames lie on the way: half a pixel, then one.
    const frames = moveReference(reference, Int32Array.of(codeOf(4, 0)), 2, grid);
    expect(frames.map((frame) => red(frame, 4))).toEqual([20, 25]);
  });

  it("keeps a reference that nothing moves, whatever it is", () => {
    const grid = { rows: 2, columns: 3, stride: 16 };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const reference = Uint8Array.from({ length: 6 * 256 * 3 }, (_, i) => (i * seed) ^ (i >> 3));
        const codes = new Int32Array(6).fill(STILL_CODE);
        for (const frame of moveReference(reference, codes, 4, grid)) {
          expect(frame).toEqual(reference);
        }
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("stays within bytes for any codes, and keeps a flat picture flat", () => {
    const grid = { rows: 2, columns: 2, stride: 16 };
    const code = fc.integer({ min: 0, max: MOTION_CODES - 1 });
    const flat = new Uint8Array(4 * 256 * 3).fill(201);
    fc.assert(
      fc.property(fc.array(code, { minLength: 4, maxLength: 4 }), (codes) => {
        for (const frame of moveReference(flat, Int32Array.from(codes), 4, grid)) {
          expect(frame.every((value) => value === 201)).toBe(true);
        }
      }),
      { seed: 2, numRuns: 30 },
    );
  });

  it.each([
    [3, -2],
    [-7.5, 4.25],
    [21, 13],
    [-40, 0],
  ])("finds a pan of (%d, %d) pixels", (dx, dy) => {
    const grid = { rows: 6, columns: 8, stride: 16 };
    const [width, height] = [128, 96];
    const reference = texture(width, height, 0, 0);
    const frames = [1, 2, 3, 4].map((t) => texture(width, height, (dx * t) / 4, (dy * t) / 4));
    const codes = estimateMotion(reference, frames, grid);
    const moved = moveReference(reference, codes, 4, grid);
    // Away from the borders over which the picture came in.
    const inner = (frame: Uint8Array) =>
      frame.filter((_, i) => {
        const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
        return x >= 48 && x < width - 48 && y >= 24 && y < height - 24;
      });
    for (const [t, frame] of moved.entries()) {
      expect(squaredError(inner(frame), inner(frames[t]!))).toBeLessThan(20);
      const still = squaredError(inner(reference), inner(frames[t]!));
      if (t === 3) expect(still).toBeGreaterThan(100);
    }
  });

  it("has no edge between blocks that move apart", () => {
    const grid = { rows: 1, columns: 2, stride: 16 };
    const ramp = new Uint8Array(32 * 16 * 3);
    for (let i = 0; i < ramp.length; i++) ramp[i] = 4 * (Math.floor(i / 3) % 32);
    const codes = Int32Array.of(codeOf(-16, 0), codeOf(16, 0));
    const [moved] = moveReference(ramp, codes, 1, grid);
    const row = Array.from({ length: 32 }, (_, x) => moved![(8 * 32 + x) * 3]!);
    for (let x = 9; x < 23; x++) expect(Math.abs(row[x]! - row[x - 1]!)).toBeLessThanOrEqual(10);
  });

  it("is symmetric, still in the middle, and refuses frames of another size", () => {
    expect(AXIS).toHaveLength(123);
    expect(AXIS.map((v) => 0 - v).toReversed()).toEqual(AXIS);
    expect(codeOf(0, 0)).toBe(STILL_CODE);
    const grid = { rows: 1, columns: 1, stride: 16 };
    const frame = new Uint8Array(16 * 16 * 3);
    expect(() => estimateMotion(frame, [new Uint8Array(5)], grid)).toThrow(/whole blocks/);
    expect(() => estimateMotion(frame, [], grid)).toThrow(/whole blocks/);
  });
});
