import { readFileSync } from "node:fs";
import type { ImageSignal } from "@dtok/core";
import { gmsd, haarPsi, multiScaleSsim, psnr, ssim } from "@dtok/image";
import { describe, expect, it } from "vitest";

// Odd sides: what becomes of the last row and column differs between implementations.
const [width, height] = [201, 185];

/** The same formulas as in tooling/golden/image_metrics.py, which made golden/metrics.json. */
function picture(kind: "plain" | "noisy" | "coarse"): ImageSignal {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const tile = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 90;
        let value = (x * 3 + y * 2 + c * 40 + tile + ((x * y) % 37)) % 256;
        if (kind === "noisy") value += ((x * 31 + y * 17 + c * 7 + ((x * y) % 11)) % 41) - 20;
        if (kind === "coarse") value = Math.floor(value / 48) * 48 + 24;
        data[(y * width + x) * 3 + c] = value;
      }
    }
  }
  return { data, width, height, channels: 3 };
}

const golden = JSON.parse(
  readFileSync(new URL("golden/metrics.json", import.meta.url), "utf8"),
) as Record<"noisy" | "coarse", Record<string, number>>;
const metrics = { psnr, ssim, msSsim: multiScaleSsim, gmsd, haarPsi };

describe.each(Object.entries(metrics))("%s", (name, metric) => {
  it.each(["noisy", "coarse"] as const)(
    "agrees with an independent implementation (%s)",
    (kind) => {
      const expected = golden[kind][name] as number;
      expect(metric(picture("plain"), picture(kind))).toBeCloseTo(
        expected,
        name === "psnr" ? 9 : 6,
      );
    },
  );

  it("knows equal pictures", () => {
    const best = { psnr: Infinity, ssim: 1, msSsim: 1, gmsd: 0, haarPsi: 1 }[name] as number;
    const found = metric(picture("plain"), picture("plain"));
    if (best === Infinity) expect(found).toBe(best);
    // HaarPSI's own sigmoid and logarithm cost the last digits.
    else expect(found).toBeCloseTo(best, 9);
  });

  it("refuses pictures of two sizes", () => {
    const small: ImageSignal = { data: new Uint8Array(192), width: 8, height: 8, channels: 3 };
    expect(() => metric(picture("plain"), small)).toThrowError(/one size/);
  });
});

it.each([gmsd, haarPsi])(
  "a picture too small to measure is refused, not called equal",
  (metric) => {
    const dot = (value: number): ImageSignal => ({
      data: new Uint8Array(3).fill(value),
      width: 1,
      height: 1,
      channels: 3,
    });
    expect(() => metric(dot(0), dot(255))).toThrowError(/[23] pixels a side/);
  },
);

it("a worked example of PSNR: one of four samples off by 2", () => {
  const grey = (data: number[]): ImageSignal => ({
    data: Uint8Array.from(data),
    width: 2,
    height: 2,
    channels: 1,
  });
  // Mean squared error 4 / 4 = 1: 20 log10(255).
  expect(psnr(grey([9, 9, 9, 9]), grey([9, 11, 9, 9]))).toBeCloseTo(20 * Math.log10(255), 12);
});
