import { Random } from "@dtok/core";
import type { ModelSession } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DictionaryMemory, pursueByWasm } from "./shapes-wasm.js";
import { DictionaryByDefinition, GAINS, pursueByDefinition, SHAPES, ShapeBook } from "./shapes.js";

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
    book.add(
      [
        [0, codes.subarray(0, 2)],
        [1, codes.subarray(2)],
      ],
      [frame],
      2,
    );
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
        book.add([[0, codes]], [frame], 1);
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
    book.add([[0, Int32Array.of(0, SHAPES - 1, SHAPES + 3)]], [frame], 1);
    expect(frame.every((value) => value === 7)).toBe(true);
    book.add([[0, Int32Array.of(book.codes - 1, book.codes + 5)]], [frame], 1);
    expect(frame[SHAPES - 1]).toBe(0);
  });
});

describe("the kernels", () => {
  it("pursue as the definition does, to the last bit", () => {
    const input = fc.record({
      shapes: fc.integer({ min: 1, max: 8 }).map((quads) => 4 * quads),
      blocks: fc.integer({ min: 1, max: 6 }),
      stages: fc.integer({ min: 1, max: 12 }),
      scale: fc.constantFrom(0, 1, 40, 3000),
      whole: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(input, ({ shapes, blocks, stages, scale, whole, seed }) => {
        const random = new Random(seed);
        // Whole numbers make ties, which go to the first.
        const draw = (by: number) => (whole ? Math.round(random.normal()) : random.normal()) * by;
        const products = Float32Array.from({ length: shapes ** 2 }, (_, i) =>
          i % (shapes + 1) === 0 ? 1 : draw(0.3),
        );
        const correlations = Float32Array.from({ length: blocks * shapes }, () => draw(scale));
        const before = Float64Array.from({ length: blocks }, () => random.float() * 1e7);
        const found = pursueByWasm(correlations, products, GAINS, stages, before)!;
        expect(found).toEqual(pursueByDefinition(correlations.slice(), products, stages, before));
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it("add what the definition adds, to the last bit", () => {
    const input = fc.record({
      rows: fc.integer({ min: 1, max: 3 }),
      columns: fc.integer({ min: 1, max: 4 }),
      frames: fc.constantFrom(1, 4),
      terms: fc.integer({ min: 0, max: 14 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(input, ({ rows, columns, frames, terms, seed }) => {
        const random = new Random(seed);
        const count = 5;
        const shapes = random.fillNormal(new Float32Array(count * 16 * 16 * 3 * frames));
        for (let i = 0; i < shapes.length; i++) shapes[i] = shapes[i]! * 0.02;
        const blocks = rows * columns;
        const list = Array.from({ length: blocks }, (_, block) => ({
          block,
          shapes: Array.from({ length: terms }, () => random.integer(count)),
          gains: Array.from({ length: terms }, () => {
            const gain = GAINS[1 + random.integer(GAINS.length - 1)]!;
            return random.float() < 0.5 ? gain : -gain;
          }),
        })).filter(() => random.float() < 0.7);
        const before = Array.from({ length: frames }, () =>
          Uint8Array.from({ length: blocks * 16 * 16 * 3 }, () => random.integer(256)),
        );
        const [a, b] = [before, before].map((all) => all.map((frame) => frame.slice()));
        expect(DictionaryMemory.open(shapes, frames)!.add(list, a!, columns)).toBe(true);
        new DictionaryByDefinition(shapes, frames).add(list, b!, columns);
        for (let f = 0; f < frames; f++) expect(Buffer.compare(a![f]!, b![f]!)).toBe(0);
        expect(a!.some((frame, f) => Buffer.compare(frame, before[f]!) !== 0)).toBe(
          list.length > 0 && terms > 0,
        );
      }),
      { seed: 8, numRuns: 40 },
    );
  });
});
