import { describe, expect, it } from "vitest";
import { errorMap, fitted, tokenAt, tokenColours } from "./pixels.js";

describe("pictures of the playground", () => {
  it("scale down to the limit, and never up or to nothing", () => {
    expect(fitted(2000, 1000, 500)).toEqual([500, 250]);
    expect(fitted(30, 20, 500)).toEqual([30, 20]);
    expect(fitted(10_000, 1, 500)).toEqual([500, 1]);
  });

  it("colour tokens by their first three dimensions", () => {
    const latents = new Float32Array([0, 5, 1, 9, 1, 5, 3, 9]);
    expect([...tokenColours(latents, 4)]).toEqual([0, 0, 0, 255, 255, 0, 255, 255]);
    expect([...tokenColours(new Float32Array([1, 3]), 1)]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]); // prettier-ignore
  });

  it("map errors: none is black, 32 is red, 64 and more is yellow", () => {
    const of = (v: number) => ({
      data: new Uint8ClampedArray([v, v, v, 255]),
      width: 1,
      height: 1,
    });
    expect([...errorMap(of(9), of(9))]).toEqual([0, 0, 0, 255]);
    expect([...errorMap(of(0), of(32))]).toEqual([255, 0, 0, 255]);
    expect([...errorMap(of(200), of(0))]).toEqual([255, 255, 0, 255]);
    expect(() => errorMap(of(0), { ...of(0), width: 2 })).toThrow(RangeError);
  });

  it("find the token below a point", () => {
    const grid = { shape: [2, 3], stride: [8, 16] } as const;
    expect(tokenAt(47, 15, grid)).toBe(5);
    expect(tokenAt(48, 0, grid)).toBeNull();
    expect(tokenAt(0, -1, grid)).toBeNull();
  });
});
