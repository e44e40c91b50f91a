import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { bsq } from "./bsq.js";
import { lfq, lfqFamily } from "./lfq.js";

const row = (...values: number[]) => ({
  data: Float32Array.from(values),
  shape: [1, values.length] as const,
});

test("by hand: bits are little-endian, zero is bit 0 and decodes to -1", () => {
  const q = lfq(4);
  expect(q.codebookSizes).toEqual([16]);
  // Channels 0 and 3 are positive: 1 + 8.
  const codes = q.quantize(row(0.5, 0, -2, 1e-45));
  expect(codes).toEqual({ data: Int32Array.of(9), shape: [1, 1] });
  expect(q.dequantize(codes).data).toEqual(Float32Array.of(1, -1, -1, 1));
  expect(q.quantize(row(-0, 0, -1e-45, 0)).data[0]).toBe(0);
});

// By another road: the signs written as a binary numeral, first channel last, and parsed.
test("independent reference: indices are the binary numerals of the signs", () => {
  const q = lfq(18);
  const random = createRandom(1);
  const data = random.fillNormal(new Float32Array(18 * 200));
  const codes = q.quantize({ data, shape: [200, 18] });
  for (let n = 0; n < 200; n++) {
    const numeral = Array.from(data.subarray(n * 18, n * 18 + 18), (v) => (v > 0 ? "1" : "0"));
    expect(codes.data[n]).toBe(Number.parseInt(numeral.reverse().join(""), 2));
  }
});

describe("golden data of NumPy: test/golden/make-lfq.py", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../test/golden/lfq.json", import.meta.url), "utf8"),
  ) as { bits: number; z: number[]; indices: string[]; lfq: number[]; bsq: number[] }[];
  test.each(golden)("$bits bits", ({ bits, z, indices, lfq: signs, bsq: sphere }) => {
    const latents = { data: Float32Array.from(z), shape: [z.length / bits, bits] as const };
    const [a, b] = [lfq(bits), bsq(bits)];
    const codes = a.quantize(latents);
    expect(a.toBigIndices(codes).map(String)).toEqual(indices);
    expect([...a.dequantize(codes).data]).toEqual(signs);
    expect(b.quantize(latents)).toEqual(codes);
    expect(b.dequantize(codes).data).toEqual(Float32Array.from(sphere));
  });
});

test("trap: widths past 31 bits are split into groups", () => {
  expect(lfq(31).codebookSizes).toEqual([2 ** 31]);
  expect(lfq(32).codebookSizes).toEqual([2 ** 16, 2 ** 16]);
  expect(lfq(36).codebookSizes).toEqual([2 ** 18, 2 ** 18]);
  expect(lfq(37).codebookSizes).toEqual([2 ** 19, 2 ** 18]);
  const all = lfq(96);
  const codes = all.quantize({ data: new Float32Array(96).fill(1), shape: [1, 96] });
  expect(all.toBigIndices(codes)).toEqual([2n ** 96n - 1n]);
  expect(Math.min(...codes.data)).toBeGreaterThan(0);
  expect(lfq(31).quantize({ data: new Float32Array(31).fill(1), shape: [1, 31] }).data[0]).toBe(
    2 ** 31 - 1,
  );
});

test("laws: decoded vectors quantize to their code; bits and codes are inverse", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 130 }), fc.integer(), (bits, seed) => {
      const q = lfq(bits);
      const data = createRandom(seed).fillNormal(new Float32Array(7 * bits));
      const codes = q.quantize({ data, shape: [7, bits] });
      expect(q.quantize(q.dequantize(codes))).toEqual(codes);
      expect(q.fromBits(q.toBits(codes))).toEqual(codes);
      expect([...q.toBits(codes).data]).toEqual(Array.from(data, (v) => (v > 0 ? 1 : 0)));
    }),
    { seed: 3, numRuns: 60 },
  );
});

test("specs", () => {
  expect(lfqFamily.create!("lfq:18").codebookSizes).toEqual([2 ** 18]);
  expect(lfqFamily.create!("lfq:2x18").spec).toBe("lfq:36");
  expect(lfqFamily.create!("lfq:4x9").codebookSizes).toEqual([512, 512, 512, 512]);
  expect(lfqFamily.create!("lfq:4x9").spec).toBe("lfq:4x9");
  for (const spec of ["lfq:", "lfq:0", "lfq:1x32", "lfq:-3", "lfq:2x", "lfq:99999", "lfq:9x9x9"]) {
    expect(() => lfqFamily.create!(spec)).toThrow(/lfq/);
  }
  for (const q of [lfq(18), lfq(37), lfq(36, 4)]) {
    expect(lfqFamily.fromState(q.toState()).codebookSizes).toEqual(q.codebookSizes);
  }
});

test("bad input", () => {
  const q = lfq(36);
  const data = new Float32Array(72);
  data[36 + 35] = Number.NaN;
  expect(() => q.quantize({ data, shape: [2, 36] })).toThrow(/NaN at row 1, column 35/);
  data[36 + 35] = -Infinity;
  expect(() => q.quantize({ data, shape: [2, 36] })).toThrow(/-Infinity at row 1, column 35/);
  data[36 + 35] = 3.4028234663852886e38;
  expect(q.quantize({ data, shape: [2, 36] }).data).toEqual(Int32Array.of(0, 0, 0, 2 ** 17));
  expect(() => q.dequantize({ data: Int32Array.of(0, 2 ** 18), shape: [1, 2] })).toThrow(
    /codebook 1/,
  );
  expect(() => lfq(36, 5)).toThrow(/divisor/);
  expect(q.quantize({ data: new Float32Array(0), shape: [0, 36] }).shape).toEqual([0, 2]);
});
