import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { fsq, fsqDigit } from "./fsq.js";
import { scalarKernels } from "./scalar-wasm.js";
import { ScalarTable, quantizeScalars, quantizeScalarsPlain } from "./scalar-table.js";
import {
  bitGroups,
  decodeSigns,
  decodeSignsPlain,
  encodeSigns,
  encodeSignsPlain,
} from "./sign-bits.js";

// Without SIMD everything below would compare TypeScript with itself.
test("the kernels run here", () => expect(scalarKernels()).toBeDefined());

/** Normal numbers, with zeros of both signs, extremes and subnormals among them. */
function latents(rows: number, dim: number, seed: number) {
  const random = createRandom(seed);
  const data = random.fillNormal(new Float32Array(rows * dim));
  const special = [0, -0, 1e-45, -1e-45, 3.4028234663852886e38, -3.4028234663852886e38];
  for (let i = 0; i < data.length; i += 7) data[i] = special[random.integer(special.length)]!;
  return { data, shape: [rows, dim] as const };
}

const shapes = [
  fc.integer({ min: 1, max: 70 }),
  fc.integer({ min: 1, max: 250 }),
  fc.integer(),
] as const;

test("signs: WebAssembly and TypeScript agree, in both directions", () => {
  fc.assert(
    fc.property(...shapes, fc.nat(), (bits, rows, seed, split) => {
      const divisors = Array.from({ length: bits }, (_, i) => i + 1).filter(
        (d) => bits % d === 0 && bits / d <= 31,
      );
      const groups =
        split % 2 === 0 ? bitGroups(bits) : bitGroups(bits, divisors[split % divisors.length]);
      const input = latents(rows, bits, seed);
      const fast = new Int32Array(rows * groups.widths.length);
      const plain = fast.slice();
      encodeSigns(groups, input, fast);
      encodeSignsPlain(groups, input, plain);
      expect(fast).toEqual(plain);
      const codes = { data: fast, shape: [rows, groups.widths.length] as const };
      const [a, b] = [new Float32Array(rows * bits), new Float32Array(rows * bits)];
      decodeSigns(groups, codes, -0.25, 0.25, a);
      decodeSignsPlain(groups, codes, -0.25, 0.25, b);
      expect(a).toEqual(b);
    }),
    { seed: 20, numRuns: 60 },
  );
});

test("thresholds: WebAssembly, TypeScript and counting agree", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer(),
      (dim, rows, seed) => {
        const random = createRandom(seed);
        const thresholds = Array.from({ length: dim }, () =>
          random.fillNormal(new Float32Array(1 + random.integer(12))).sort(),
        );
        // Groups of one to five channels.
        const groups: [number, number][] = [];
        for (let first = 0; first < dim;) {
          const end = Math.min(dim, first + 1 + random.integer(5));
          groups.push([first, end]);
          first = end;
        }
        const table = new ScalarTable(thresholds, groups);
        const input = latents(rows, dim, seed);
        const fast = new Int32Array(rows * groups.length);
        const plain = fast.slice();
        const counted = fast.slice();
        quantizeScalars(table, input, fast);
        quantizeScalarsPlain(table, input, plain);
        for (let n = 0; n < rows; n++) {
          for (const [q, [first, end]] of groups.entries()) {
            let weight = 1;
            for (let i = first; i < end; i++) {
              const z = input.data[n * dim + i]!;
              counted[n * groups.length + q]! +=
                weight * thresholds[i]!.filter((t) => z >= t).length;
              weight *= thresholds[i]!.length + 1;
            }
          }
        }
        expect(plain).toEqual(counted);
        expect(fast).toEqual(counted);
      },
    ),
    { seed: 21, numRuns: 60 },
  );
});

test("FSQ: long inputs give the formula's digits and decode to their values", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(2, 3, 4, 5, 7, 8, 16, 33, 300), { minLength: 1, maxLength: 14 }),
      fc.integer({ min: 200, max: 1500 }),
      fc.integer(),
      fc.constantFrom("tanh", "atanh", "clamped"),
      (levels, rows, seed, bound) => {
        const q = fsq(levels, bound);
        const input = latents(rows, levels.length, seed);
        const codes = q.quantize(input);
        const digits = q.toDigits(codes);
        const decoded = q.dequantize(codes).data;
        for (let i = 0; i < input.data.length; i += 13) {
          const level = levels[i % levels.length]!;
          const half = Math.floor(level / 2);
          if (digits.data[i] !== fsqDigit(input.data[i]!, level, bound)) {
            throw new Error(`digit of ${input.data[i]} at ${i}`);
          }
          if (decoded[i] !== Math.fround((digits.data[i]! - half) / half)) {
            throw new Error(`value at ${i}`);
          }
        }
        expect(decoded.length).toBe(input.data.length);
      },
    ),
    { seed: 22, numRuns: 40 },
  );
});

describe("NaN and infinities are found wherever they are", () => {
  test.each([Number.NaN, -Number.NaN, Infinity, -Infinity])("%s", (value) => {
    const random = createRandom(23);
    const q = fsq([8, 5, 5]);
    const groups = bitGroups(11);
    const table = new Int32Array(5000);
    for (let k = 0; k < 60; k++) {
      const a = latents(901, 3, k);
      const at = random.integer(a.data.length);
      a.data[at] = value;
      const where = new RegExp(`row ${Math.floor(at / 3)}, column ${at % 3}`);
      expect(() => q.quantize(a)).toThrow(where);
      const b = latents(911, 11, k);
      const other = random.integer(b.data.length);
      b.data[other] = value;
      expect(() => encodeSigns(groups, b, table.subarray(0, 911))).toThrow(
        new RegExp(`row ${Math.floor(other / 11)}, column ${other % 11}`),
      );
    }
  });
});
