import { expect, test } from "vitest";
import { moveByDefinition } from "./compensation.js";
import { AXIS_X, AXIS_Y } from "./motion.js";
import { matchOverlapped, shares } from "./overlapped.js";
import { planesOf } from "./planes.js";

const grid = { rows: 3, columns: 5 };
const [width, height] = [80, 48];

/** Waves in all directions, seen from (x0, y0). */
function waves(x0: number, y0: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = (Math.floor(i / 3) % width) + x0;
    const y = Math.floor(i / 3 / width) + y0;
    return 128 + 60 * Math.sin(x * 0.31 + 2 * Math.sin(y * 0.17)) + 50 * Math.cos(y * 0.37);
  });
}
const reference = waves(0, 0);
const pan = [1, 2, 3, 4].map((t) => waves((6 * t) / 4, (-3 * t) / 4));
const blocks = grid.rows * grid.columns;
const none = new Int16Array(blocks * 6);

/** Squared error per sample that vectors leave of the pan. */
function errorOf(found: Int16Array): number {
  const codes = Int32Array.from(
    { length: blocks },
    (_, i) => AXIS_Y.indexOf(found[2 * i + 1]!) * AXIS_X.length + AXIS_X.indexOf(found[2 * i]!),
  );
  let sum = 0;
  for (const [t, frame] of moveByDefinition(reference, codes, 4, grid).entries()) {
    for (let i = 0; i < frame.length; i++) sum += (frame[i]! - pan[t]![i]!) ** 2;
  }
  return sum / (4 * width * height * 3);
}

test("a block's weights and its neighbours' add up, at the border too", () => {
  const [first, inner, last] = [shares(true, false), shares(false, false), shares(false, true)];
  expect([...first.subarray(0, 8)]).toEqual([0, 0, 0, 0, 64, 64, 64, 64]);
  expect([...last.subarray(8)]).toEqual([64, 64, 64, 64, 0, 0, 0, 0]);
  for (let i = 0; i < 8; i++) expect(inner[8 + i]! + inner[i]!).toBe(64);
  expect([...inner.subarray(0, 8)].toSorted((a, b) => a - b)).toEqual([...inner.subarray(0, 8)]);
});

test("a good vector spreads to the blocks around, and they find what is left of the way", () => {
  const found = new Int16Array(blocks * 2);
  // One block is nearly right: 5 and -2 pixels of 6 and -3.
  found.set([20, -8], 2 * 7);
  const before = errorOf(found);
  matchOverlapped(planesOf(reference, pan, grid), grid, found, none);
  expect([...found.subarray(2 * 7, 2 * 7 + 2)]).toEqual([24, -12]);
  expect([...found.subarray(2 * 6, 2 * 6 + 2)]).toEqual([24, -12]);
  expect(errorOf(found)).toBeLessThan(before / 10);
});

test("vectors that predict well stay as they are", () => {
  const found = Int16Array.from({ length: blocks * 2 }, (_, i) => (i % 2 === 0 ? 24 : -12));
  const inner = found.slice();
  matchOverlapped(planesOf(reference, pan, grid), grid, found, none);
  // Those on the left and below come from beyond the frame.
  for (const at of [6, 7, 8]) {
    expect(found.subarray(2 * at, 2 * at + 2)).toEqual(inner.subarray(2 * at, 2 * at + 2));
  }
});
