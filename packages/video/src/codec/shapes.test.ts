import type { ModelSession } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GAINS, SHAPES, ShapeBook } from "./shapes.js";

const LENGTH = 16 * 16 * 3;

/** A dictionary of single samples: shape k is sample k alone; it compares as the shipped graphs do. */
function singles(): ModelSession {
  const shapes = new Float32Array(SHAPES * LENGTH);
  for (let k = 0; k < SHAPES; k++) shapes[k * LENGTH + k] = 1;
  return {
    inputs: [{ name: "residuals", dtype: "float32", shape: ["blocks", LENGTH] }],
    outputs: [],
    run: async ({ residuals }) => {
      const { data, shape } = residuals as { data: Float32Array; shape: number[] };
      const correlations = new Float32Array(shape[0]! * SHAPES);
      for (let i = 0; i < correlations.length; i++) {
        correlations[i] = data[Math.floor(i / SHAPES) * LENGTH + (i % SHAPES)]!;
      }
      return {
        shapes: { data: shapes, shape: [SHAPES, LENGTH] },
        correlations: { data: correlations, shape: [shape[0]!, SHAPES] },
      };
    },
    close: async () => undefined,
  };
}

describe("sums of shapes", () => {
  it("takes a block apart by hand: the largest first, each to its nearest gain", async () => {
    const book = await ShapeBook.open(singles());
    // Two blocks side by side; a row of both has 32 pixels, 96 samples.
    const base = new Uint8Array(2 * LENGTH).fill(100);
    const target = base.slice();
    // Sample 5 of the first row of the left block 12 more, sample 2 of its third row 39 less.
    target[5] = 112;
    target[2 * 96 + 2] = 61;
    // The first sample of the right block 3 more: nearer to 5 than to 0.
    target[48] = 103;
    const { codes, left } = await book.encode([target], [base], 2, 2);
    // 38 = 5 x 1.5^5 (37.97) and 11.25 = 5 x 1.5^2, gains 6 and 3; 5 is gain 1.
    expect(GAINS.map((gain) => Math.round(gain)).slice(0, 8)).toEqual([
      0, 5, 8, 11, 17, 25, 38, 57,
    ]);
    expect([...codes]).toEqual([
      (2 * 6 + 1) * SHAPES + (2 * 48 + 2),
      2 * 3 * SHAPES + 5,
      2 * 1 * SHAPES,
      0,
    ]);
    // Before the first stage and after each.
    expect(left[0]).toBe(39 ** 2 + 12 ** 2);
    expect(left[1]).toBeCloseTo((39 - 5 * 1.5 ** 5) ** 2 + 12 ** 2, 3);
    expect(left[2]).toBeCloseTo((39 - 5 * 1.5 ** 5) ** 2 + 0.75 ** 2, 3);
    expect([...left.subarray(3)]).toEqual([9, 4, 4]);
    const frame = base.slice();
    book.add(codes.subarray(0, 2), [frame], 2, 0);
    book.add(codes.subarray(2), [frame], 2, 1);
    expect([frame[5], frame[2 * 96 + 2], frame[48]]).toEqual([111, 62, 105]);
    expect(frame.filter((value) => value !== 100)).toHaveLength(3);
  });

  it("never leaves more than there was, and what it says is left is left", async () => {
    const book = await ShapeBook.open(singles());
    const sample = fc.integer({ min: 60, max: 190 });
    const samples = fc.array(sample, { minLength: LENGTH, maxLength: LENGTH });
    await fc.assert(
      fc.asyncProperty(samples, async (values) => {
        const [target, frame] = [Uint8Array.from(values), new Uint8Array(LENGTH).fill(125)];
        const error = () => target.reduce((sum, v, i) => sum + (v - frame[i]!) ** 2, 0);
        const before = error();
        const { codes, left } = await book.encode([target], [frame], 1, 4);
        expect(left[0]).toBe(before);
        for (let i = 1; i <= 4; i++) expect(left[i]).toBeLessThanOrEqual(left[i - 1]!);
        book.add(codes, [frame], 1, 0);
        // Bytes are rounded: at most half a step of each of four samples, twice its error.
        expect(Math.abs(error() - left[4]!)).toBeLessThan(4 * (0.25 + 70));
        expect(error()).toBeLessThanOrEqual(before);
      }),
      { seed: 4, numRuns: 20 },
    );
  });

  it("leaves flat what codes of no gain say, and takes any code", async () => {
    const book = await ShapeBook.open(singles());
    const frame = new Uint8Array(LENGTH).fill(7);
    book.add(Int32Array.of(0, SHAPES - 1, SHAPES + 3), [frame], 1, 0);
    expect(frame.every((value) => value === 7)).toBe(true);
    book.add(Int32Array.of(book.codes - 1, book.codes + 5), [frame], 1, 0);
    expect(frame[SHAPES - 1]).toBe(0);
  });
});
