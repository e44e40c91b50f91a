import { describe, expect, it } from "vitest";
import { rotateRgb } from "./rotate.js";

const grey = (...values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
const red = (data: ArrayLike<number>) => Array.from(data).filter((_, i) => i % 3 === 0);

describe("rotateRgb", () => {
  it("turns 3 x 2 pixels clockwise by hand", () => {
    // 1 2 3      4 1
    // 4 5 6  ->  5 2
    //            6 3
    const turned = rotateRgb(grey(1, 2, 3, 4, 5, 6), 3, 2, 90);
    expect([turned.width, turned.height]).toEqual([2, 3]);
    expect(red(turned.data)).toEqual([4, 1, 5, 2, 6, 3]);
    expect(red(rotateRgb(grey(1, 2, 3, 4, 5, 6), 3, 2, 180).data)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(red(rotateRgb(grey(1, 2, 3, 4, 5, 6), 3, 2, 270).data)).toEqual([3, 6, 2, 5, 1, 4]);
  });
});
