import { Random } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockMatching } from "./block-matching.js";
import { moveByDefinition } from "./compensation.js";
import { estimateMotion, moveReference, searchMotion } from "./motion-kernels.js";
import { compensateByWasm, searchByWasm } from "./motion-wasm.js";
import { AXIS_X, AXIS_Y, MOTION_CODES, STILL_CODE } from "./motion.js";

/** The code of a vector in quarters of a pixel. */
const codeOf = (dx: number, dy: number) => AXIS_Y.indexOf(dy) * AXIS_X.length + AXIS_X.indexOf(dx);

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

const byDefinition: typeof searchMotion = (...args) => new BlockMatching(...args);
const both: [string, typeof searchMotion, typeof moveReference][] = [
  ["as it is called", searchMotion, moveReference],
  ["by definition", byDefinition, moveByDefinition],
];

describe.each(both)("motion of blocks, %s", (_, searchMotion, moveReference) => {
  it("moves one block by hand: whole pixels, and a half by the cubic's -1, 9, 9, -1", () => {
    const grid = { rows: 1, columns: 1 };
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
    const grid = { rows: 2, columns: 3 };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const reference = Uint8Array.from({ length: 6 * 256 * 3 }, (_, i) => (i * seed) ^ (i >> 3));
        const codes = new Int32Array(6).fill(STILL_CODE);
        for (const frame of moveReference(reference, codes, 4, grid)) {
          expect(frame.every((value, i) => value === reference[i])).toBe(true);
        }
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("stays within bytes for any codes, and keeps a flat picture flat", () => {
    const grid = { rows: 2, columns: 2 };
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
    [20, 14],
    [-40, 0],
    [64, -8],
  ])("finds a pan of (%d, %d) pixels", (dx, dy) => {
    const grid = { rows: 6, columns: 12 };
    const [width, height] = [192, 96];
    const reference = texture(width, height, 0, 0);
    const frames = [1, 2, 3, 4].map((t) => texture(width, height, (dx * t) / 4, (dy * t) / 4));
    const { codes } = searchMotion(reference, frames, grid);
    const moved = moveReference(reference, codes, 4, grid);
    // Away from the borders over which the picture came in.
    const inner = (frame: Uint8Array) =>
      frame.filter((_, i) => {
        const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
        return x >= 68 && x < width - 68 && y >= 24 && y < height - 24;
      });
    for (const [t, frame] of moved.entries()) {
      expect(squaredError(inner(frame), inner(frames[t]!))).toBeLessThan(20);
      const still = squaredError(inner(reference), inner(frames[t]!));
      if (t === 3) expect(still).toBeGreaterThan(100);
    }
  });

  it("has no edge between blocks that move apart", () => {
    const grid = { rows: 1, columns: 2 };
    const ramp = new Uint8Array(32 * 16 * 3);
    for (let i = 0; i < ramp.length; i++) ramp[i] = 4 * (Math.floor(i / 3) % 32);
    const codes = Int32Array.of(codeOf(-16, 0), codeOf(16, 0));
    const [moved] = moveReference(ramp, codes, 1, grid);
    const row = Array.from({ length: 32 }, (_, x) => moved![(8 * 32 + x) * 3]!);
    for (let x = 9; x < 23; x++) expect(Math.abs(row[x]! - row[x - 1]!)).toBeLessThanOrEqual(10);
  });

  it("lets the quarters of a block go ways of their own", () => {
    const grid = { rows: 4, columns: 4 };
    const reference = texture(64, 64, 0, 0);
    // The left and the right of each block part by six pixels.
    const way = (x: number) => (Math.floor(x / 8) % 2 === 0 ? 3 : -3);
    const frames = [1, 2, 3, 4].map((t) => {
      const [a, b] = [texture(64, 64, (3 * t) / 4, 0), texture(64, 64, (-3 * t) / 4, 0)];
      return a.map((value, i) => (way(Math.floor(i / 3) % 64) > 0 ? value : b[i]!));
    });
    const search = searchMotion(reference, frames, grid);
    const wanted = Uint8Array.from({ length: 16 }, (_, i) => (i === 5 || i === 6 ? 1 : 0));
    const quarters = search.quarters(wanted);
    const across = [...quarters.subarray(20, 28)].map((code) => AXIS_X[code % AXIS_X.length]! / 4);
    for (const [q, dx] of across.entries()) {
      expect(Math.abs(dx - (q % 2 === 0 ? 3 : -3))).toBeLessThan(0.6);
    }
    expect([...quarters.subarray(0, 4)]).toEqual(Array(4).fill(search.codes[0]));
    const whole = moveReference(reference, search.codes, 4, grid);
    const parted = moveReference(reference, quarters, 4, grid);
    const inner = (frame: Uint8Array) =>
      frame.filter((_, i) => {
        const [x, y] = [Math.floor(i / 3) % 64, Math.floor(i / 192)];
        return x >= 20 && x < 44 && y >= 20 && y < 28;
      });
    expect(squaredError(inner(parted[3]!), inner(frames[3]!))).toBeLessThan(
      0.3 * squaredError(inner(whole[3]!), inner(frames[3]!)),
    );
  });

  it("makes anew only what other codes change, with the same result", () => {
    const grid = { rows: 2, columns: 3 };
    const reference = texture(48, 32, 0, 0);
    const code = fc.integer({ min: 0, max: MOTION_CODES - 1 });
    fc.assert(
      fc.property(fc.array(code, { minLength: 6, maxLength: 6 }), code, (codes, other) => {
        const before = Int32Array.from({ length: 24 }, (_, i) => codes[i >> 2]!);
        const after = before.slice();
        after[9] = other;
        const known = { codes: before, frames: moveReference(reference, before, 4, grid) };
        const differ = (a: readonly Uint8Array[], b: readonly Uint8Array[]) =>
          a.some((frame, t) => frame.some((value, i) => value !== b[t]![i]));
        const whole = moveReference(reference, Int32Array.from(codes), 4, grid);
        expect(differ(known.frames, whole)).toBe(false);
        const anew = moveReference(reference, after, 4, grid);
        expect(differ(moveReference(reference, after, 4, grid, known), anew)).toBe(false);
      }),
      { seed: 3, numRuns: 10 },
    );
  });

  it("is symmetric, still in the middle, and refuses frames of another size", () => {
    expect([AXIS_X, AXIS_Y].map((axis) => axis.length)).toEqual([85, 59]);
    for (const axis of [AXIS_X, AXIS_Y]) expect(axis.map((v) => 0 - v).toReversed()).toEqual(axis);
    expect(codeOf(0, 0)).toBe(STILL_CODE);
    const grid = { rows: 1, columns: 1 };
    const frame = new Uint8Array(16 * 16 * 3);
    expect(() => searchMotion(frame, [new Uint8Array(5)], grid)).toThrow(/whole blocks/);
    expect(() => searchMotion(frame, [], grid)).toThrow(/whole blocks/);
    expect(estimateMotion(frame, [frame], grid)).toEqual(Int32Array.of(STILL_CODE));
  });
});

/** Pictures in which block matching meets texture, noise, flat parts, ties and its longest vectors. */
const scenes = fc.record({
  rows: fc.integer({ min: 1, max: 4 }),
  columns: fc.integer({ min: 1, max: 5 }),
  count: fc.constantFrom(1, 2, 4),
  dx: fc.integer({ min: -80, max: 80 }),
  dy: fc.integer({ min: -50, max: 50 }),
  noise: fc.constantFrom(0, 4, 60),
  /** Few distinct values make ties. */
  steps: fc.constantFrom(1, 2, 64, 256),
  seed: fc.nat(),
});
type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never;

function pictures({ rows, columns, count, dx, dy, noise, steps, seed }: Scene): Uint8Array[] {
  const random = new Random(seed);
  return Array.from({ length: count + 1 }, (_, t) =>
    texture(columns * 16, rows * 16, (dx * t) / count, (dy * t) / count).map((value) => {
      const noisy = Math.min(255, Math.max(0, value + random.integer(2 * noise + 1) - noise));
      return Math.floor((noisy * steps) / 256) * (256 / steps);
    }),
  );
}

/** As `toEqual`, which takes its time over large arrays. */
function expectSame(frames: readonly Uint8Array[] | undefined, expected: readonly Uint8Array[]) {
  expect(frames?.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  for (const [t, frame] of expected.entries()) {
    expect([t, frame.findIndex((value, i) => value !== frames![t]![i])]).toEqual([t, -1]);
  }
}

describe("the kernels", () => {
  it("find the vectors of the definition, and those of quarters", () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const [reference, ...frames] = pictures(scene);
        const { rows, columns, seed } = scene;
        const grid = { rows, columns };
        const expected = new BlockMatching(reference!, frames, grid);
        const search = searchByWasm(reference!, frames, grid)!;
        expect(search.codes).toEqual(expected.codes);
        const wanted = Uint8Array.from(
          { length: rows * columns },
          (_, i) => (seed >> (i % 16)) & 1,
        );
        expect(search.quarters(wanted)).toEqual(expected.quarters(wanted));
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("keep searches apart that are open at the same time", () => {
    const grid = { rows: 2, columns: 3 };
    const seen = (dx: number) => [0, 1, 2].map((t) => texture(48, 32, dx * t, 0));
    const [a, ...as] = seen(3);
    const [b, ...bs] = seen(-5);
    const first = searchByWasm(a!, as, grid)!;
    const second = searchByWasm(b!, bs, grid)!;
    const all = new Uint8Array(6).fill(1);
    expect(first.quarters(all)).toEqual(new BlockMatching(a!, as, grid).quarters(all));
    expect(second.quarters(all)).toEqual(new BlockMatching(b!, bs, grid).quarters(all));
  });

  it("predict the pixels of the definition from any codes", () => {
    const code = fc.oneof(
      fc.integer({ min: 0, max: MOTION_CODES - 1 }),
      // Corners of the axes, and what often comes twice.
      fc.constantFrom(0, AXIS_X.length - 1, MOTION_CODES - 1, STILL_CODE, STILL_CODE + 1),
    );
    const codes = fc.array(code, { minLength: 80, maxLength: 80 });
    fc.assert(
      fc.property(scenes, codes, codes, (scene, before, after) => {
        const { rows, columns, count } = scene;
        const grid = { rows, columns };
        const [reference] = pictures(scene);
        const blocks = rows * columns;
        const one = Int32Array.from(before.slice(0, blocks));
        const expected = moveByDefinition(reference!, one, count, grid);
        expectSame(compensateByWasm(reference!, one, count, grid), expected);
        const quarters = Int32Array.from(before.slice(0, blocks * 4));
        const frames = compensateByWasm(reference!, quarters, count, grid)!;
        expectSame(frames, moveByDefinition(reference!, quarters, count, grid));
        // Some of them others.
        const changed = quarters.map((code, i) => (i % 7 < 2 ? after[i]! : code));
        const anew = compensateByWasm(reference!, changed, count, grid, {
          codes: quarters,
          frames,
        });
        expectSame(anew, moveByDefinition(reference!, changed, count, grid));
      }),
      { seed: 6, numRuns: 60 },
    );
  });

  it("leave groups of other lengths to the definition", () => {
    const grid = { rows: 1, columns: 1 };
    const frame = texture(16, 16, 0, 0);
    expect(searchByWasm(frame, [frame, frame, frame], grid)).toBeUndefined();
    expect(estimateMotion(frame, [frame, frame, frame], grid)).toEqual(Int32Array.of(STILL_CODE));
  });
});
