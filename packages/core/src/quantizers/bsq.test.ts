import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { bsq, bsqFamily } from "./bsq.js";

const row = (...values: number[]) => ({
  data: Float32Array.from(values),
  shape: [1, values.length] as const,
});

test("by hand: signs over the root of the number of bits", () => {
  const q = bsq(4);
  const codes = q.quantize(row(3, -1, 0.1, -7));
  expect(codes.data).toEqual(Int32Array.of(1 + 4));
  expect(q.dequantize(codes).data).toEqual(Float32Array.of(0.5, -0.5, 0.5, -0.5));
});

// Survey Eq. 20 has sign(0) = +1 but index bit 0 at v = 0.
test("trap: zero has one rule for value and index", () => {
  const q = bsq(4);
  const codes = q.quantize(row(0, 1, -0, 1));
  expect(codes.data[0]).toBe(2 + 8);
  expect(q.dequantize(codes).data).toEqual(Float32Array.of(-0.5, 0.5, -0.5, 0.5));
});

test("trap: the zero vector is defined", () => {
  const q = bsq(9);
  const codes = q.quantize({ data: new Float32Array(9), shape: [1, 9] });
  expect(codes.data[0]).toBe(0);
  expect(q.dequantize(codes).data).toEqual(new Float32Array(9).fill(-1 / 3));
});

test("tiny components beside huge ones keep their sign", () => {
  expect(bsq(2).quantize(row(1e-45, -3e38)).data[0]).toBe(1);
});

test("laws: unit length, idempotence, and the code does not depend on the length of the vector", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.integer(), (bits, seed) => {
      const q = bsq(bits);
      const data = createRandom(seed).fillNormal(new Float32Array(3 * bits));
      const codes = q.quantize({ data, shape: [3, bits] });
      const back = q.dequantize(codes);
      expect(q.quantize(back)).toEqual(codes);
      expect(q.quantize({ data: data.map((v) => v * 1000), shape: [3, bits] })).toEqual(codes);
      let norm = 0;
      for (let i = 0; i < bits; i++) norm += back.data[i]! ** 2;
      expect(norm).toBeCloseTo(1, 5);
    }),
    { seed: 4, numRuns: 60 },
  );
});

test("by hand: projection from 2 numbers to 3 bits and back", () => {
  // v = (x, y, -x - y) + (0, 0, 1)
  const projection = {
    down: { data: Float32Array.of(1, 0, 0, 1, -1, -1), shape: [3, 2] as const },
    downBias: Float32Array.of(0, 0, 1),
    up: { data: Float32Array.of(1, 0, 0, 0, 1, 1), shape: [2, 3] as const },
    upBias: Float32Array.of(10, 20),
  };
  const q = bsq(3, { projection });
  expect(q.dim).toBe(2);
  expect(q.idempotent).toBe(false);
  const codes = q.quantize(row(2, -0.5)); // v = (2, -0.5, -0.5)
  expect(codes.data).toEqual(Int32Array.of(1));
  const s = 1 / Math.sqrt(3);
  const back = q.dequantize(codes).data;
  expect(back[0]).toBeCloseTo(10 + s, 5);
  expect(back[1]).toBeCloseTo(20 - 2 * s, 5);

  const again = bsqFamily.fromState(q.toState());
  expect(again.quantize(row(2, -0.5))).toEqual(codes);
  expect(again.dequantize(codes)).toEqual(q.dequantize(codes));
  expect(() => q.quantize(row(Number.NaN, 1))).toThrow(/NaN at row 0, column 0/);
});

test("specs, states and projections that do not fit", () => {
  expect(bsqFamily.create!("bsq:36").codebookSizes).toEqual([2 ** 18, 2 ** 18]);
  expect(bsqFamily.create!("bsq:9x4").spec).toBe("bsq:9x4");
  for (const spec of ["bsq:", "bsq:x", "bsq:1x40", "bsq:0x3"]) {
    expect(() => bsqFamily.create!(spec)).toThrow(/bsq/);
  }
  const square = { data: new Float32Array(4), shape: [2, 2] as const };
  expect(() => bsq(3, { projection: { down: square, up: square } })).toThrow(/\[3, D\]/);
  const state = bsq(2, { projection: { down: square, up: square } }).toState();
  const { up: _, ...rest } = state.tensors;
  expect(() => bsqFamily.fromState({ ...state, tensors: rest })).toThrow(/"up"/);
  expect(() => bsqFamily.fromState({ ...state, version: 2 })).toThrow(/newer/);
  expect(() => bsqFamily.fromState({ ...state, kind: "lfq" })).toThrow(/kind bsq/);
  expect(() => bsqFamily.fromState({ ...state, config: { bits: 2, groups: 0 } })).toThrow(/groups/);
});
