import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { createQuantizer } from "@dtok/core";
import { Digits, changes, decibels, fitted, hues, paletteOf, pictureError } from "./engine.js";

describe("digits of an FSQ token", () => {
  const digits = new Digits("fsq-atanh:8,8,8,6,5");
  const codes = fc.integer({ min: 0, max: 8 * 8 * 8 * 6 * 5 - 1 });

  it("are those that its vector has", () => {
    const quantizer = createQuantizer("fsq-atanh:8,8,8,6,5");
    fc.assert(
      fc.property(codes, (code) => {
        const back = quantizer.dequantize({ data: Int32Array.of(code), shape: [1, 1] }).data;
        const found = digits.of(code).map((digit, d) => {
          const half = Math.floor(digits.levels[d]! / 2);
          return (digit - half) / half;
        });
        for (const [d, v] of found.entries()) expect(back[d]).toBeCloseTo(v, 5);
      }),
    );
  });

  it("are kept up to the slider, the others in the middle", () => {
    fc.assert(
      fc.property(codes, fc.integer({ min: 1, max: 5 }), (code, kept) => {
        const [before, after] = [digits.of(code), digits.of(digits.coarse(code, kept))];
        expect(after.slice(0, kept)).toEqual(before.slice(0, kept));
        expect(after.slice(kept)).toEqual([4, 4, 4, 3, 2].slice(kept));
        expect(digits.coarse(code, 5)).toBe(code);
      }),
    );
  });
});

it("palettes give vectors that are alike colours that are alike, and use the whole range", () => {
  const rows = 64;
  const data = Float32Array.from(
    { length: rows * 2 },
    (_, i) => Math.floor(i / 2) * (i % 2 ? 1 : 3),
  );
  const palette = paletteOf(data, 2);
  const red = Array.from({ length: rows }, (_, k) => palette[3 * k]!);
  const rising = red[0]! < red[rows - 1]! ? red : red.toReversed();
  expect(rising).toEqual(rising.toSorted((a, b) => a - b));
  expect(rising.at(-1)! - rising[0]!).toBeGreaterThan(200);
  expect(paletteOf(new Float32Array([1, 1]), 1)).toHaveLength(6);
});

it("codes without an order get colours that are all different", () => {
  const colours = hues(40);
  const texts = Array.from({ length: 40 }, (_, k) => colours.subarray(3 * k, 3 * k + 3).join());
  expect(new Set(texts).size).toBe(40);
});

it("errors of pictures: none is 0, 64 of 255 and more is the top", () => {
  const of = (v: number) => Uint8Array.of(v, v, v, 255);
  expect(pictureError(of(9), of(9), 1, 1).values[0]).toBe(0);
  expect(pictureError(of(0), of(32), 1, 1).values[0]).toBe(128);
  expect(pictureError(of(200), of(0), 1, 1).values[0]).toBe(255);
  expect(decibels(of(9), of(9))).toBe(Infinity);
  expect(decibels(of(0), of(255))).toBeCloseTo(0);
});

it("sizes are scaled down to the limit, and never up or to nothing", () => {
  expect(fitted(2000, 1000, 500)).toEqual([500, 250]);
  expect(fitted(30, 20, 500)).toEqual([30, 20]);
  expect(fitted(10_000, 1, 500)).toEqual([500, 1]);
});

it("changes are where codes differ", () => {
  expect(changes(Int32Array.of(1, 2, 3), Int32Array.of(1, 5, 3))).toEqual([1]);
});
