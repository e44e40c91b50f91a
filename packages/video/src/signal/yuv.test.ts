import { describe, expect, it } from "vitest";
import { i420ToRgb, yuvMatrix } from "./yuv.js";

describe("i420ToRgb", () => {
  it("gives black, white and the three primaries of BT.601 in limited range", () => {
    // Y, Cb, Cr of the 100 % bars of ITU-R BT.601, rounded to 8 bits.
    const cases = [
      [16, 128, 128, 0, 0, 0],
      [235, 128, 128, 255, 255, 255],
      [81, 90, 240, 254, 0, 0],
      [145, 54, 34, 0, 255, 1],
      [41, 240, 110, 0, 0, 255],
    ];
    for (const [y, u, v, ...rgb] of cases as number[][]) {
      const out = i420ToRgb(Uint8Array.of(y!, y!, y!, y!, u!, v!), 2, 2);
      for (let i = 0; i < 12; i++) expect(Math.abs(out[i]! - rgb[i % 3]!)).toBeLessThanOrEqual(1);
    }
  });

  it("keeps greys of full range and takes odd sizes", () => {
    const luma = [0, 50, 100, 150, 200, 255, 1, 2, 3];
    const out = i420ToRgb(Uint8Array.from([...luma, ...Array(8).fill(128)]), 3, 3, "bt709", true);
    expect([...out].filter((_, i) => i % 3 === 1)).toEqual(luma);
  });

  it("takes chroma of its own 2 x 2 pixels", () => {
    const out = i420ToRgb(Uint8Array.from([...Array(8).fill(128), 128, 200, 128, 128]), 4, 2);
    expect(out[2]).toBe(130);
    expect(out[2 * 3 + 2]).toBeGreaterThan(200);
  });
});

describe("yuvMatrix", () => {
  it("is what the file declares, under any of its names", () => {
    expect(yuvMatrix("bt709", 64, 64)).toBe("bt709");
    expect(yuvMatrix("smpte170m", 1920, 1080)).toBe("bt601");
    expect(yuvMatrix("bt470bg", 1920, 1080)).toBe("bt601");
    expect(yuvMatrix("bt2020nc", 64, 64)).toBe("bt709");
  });

  it("goes by the size where none is declared", () => {
    for (const none of [null, undefined, "unknown", "rgb"]) {
      expect(yuvMatrix(none, 720, 576)).toBe("bt601");
      expect(yuvMatrix(none, 1280, 720)).toBe("bt709");
      expect(yuvMatrix(none, 720, 1280)).toBe("bt709");
    }
  });
});
