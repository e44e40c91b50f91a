import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import { EmaCodebook } from "./vq-update.js";

const matrix = (rows: number, dim: number, data: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(data),
  shape: [rows, dim],
});

test("EMA by hand, g = 0.5", () => {
  const ema = new EmaCodebook(matrix(2, 1, [0, 10]), { decay: 0.5, epsilon: 1e-12 });
  const { indices, error } = ema.update(matrix(3, 1, [1, 2, 12]));
  expect([...indices]).toEqual([0, 0, 1]);
  expect(error).toBeCloseTo((1 + 4 + 4) / 3, 6);
  // N = (1/2 + 2/2, 1/2 + 1/2) = (1.5, 1); M = (0/2 + 3/2, 10/2 + 12/2) = (1.5, 11).
  expect([...ema.counts]).toEqual([1.5, 1]);
  expect(ema.codebook.data[0]).toBeCloseTo(1, 6);
  expect(ema.codebook.data[1]).toBeCloseTo(11, 6);
});

test("codes of the caller's choice are learned from instead of the nearest", () => {
  const ema = new EmaCodebook(matrix(2, 1, [0, 10]), { decay: 0.5, epsilon: 1e-12 });
  const { indices, error } = ema.update(matrix(2, 1, [1, 2]), Int32Array.of(0, 1));
  expect([...indices]).toEqual([0, 1]);
  expect(error).toBeCloseTo((1 + 64) / 2, 6);
  // N = (1, 1); M = (0/2 + 1/2, 10/2 + 2/2).
  expect(ema.codebook.data[0]).toBeCloseTo(0.5, 6);
  expect(ema.codebook.data[1]).toBeCloseTo(6, 6);
  expect(() => ema.update(matrix(2, 1, [1, 2]), Int32Array.of(0, 2))).toThrow(/assigned codes/);
  expect(() => ema.update(matrix(2, 1, [1, 2]), Int32Array.of(0))).toThrow(/assigned codes/);
});

test("a code that is never used stays finite and in place (the printed formula divides by zero)", () => {
  const ema = new EmaCodebook(matrix(2, 1, [0, 50]), { decay: 0.1 });
  for (let i = 0; i < 500; i++) ema.update(matrix(2, 1, [0.5, -0.5]));
  expect(ema.codebook.data.every((v) => Number.isFinite(v))).toBe(true);
  expect(ema.codebook.data[1]).toBeGreaterThan(0);
});

test.each([{ kind: "split" }, { kind: "anchors" }, { kind: "anchors", anchor: "random" }] as const)(
  "%o revives dead codes that plain EMA leaves dead",
  (reset) => {
    const random = createRandom(5);
    const start = matrix(16, 2, [0, 0, ...Array.from({ length: 30 }, () => 1e3)]);
    const plain = new EmaCodebook(start, { decay: 0.9 });
    const cured = new EmaCodebook(start, { decay: 0.9, reset });
    let used: [Set<number>, Set<number>] = [new Set(), new Set()];
    for (let i = 0; i < 150; i++) {
      const batch = matrix(128, 2, random.fillNormal(new Float32Array(256)));
      used = [new Set(plain.update(batch).indices), new Set(cured.update(batch).indices)];
    }
    expect(used[0].size).toBe(1);
    expect(used[1].size).toBeGreaterThan(8);
  },
);

test.each([{ kind: "split" }, { kind: "anchors" }] as const)(
  "%o acts as soon as unused codes can be told, at the default decay",
  (reset) => {
    const random = createRandom(6);
    const start = matrix(64, 2, [0, 0, ...Array.from({ length: 126 }, () => 1e3)]);
    const ema = new EmaCodebook(start, { reset });
    let used = 0;
    for (let i = 0; i < 30; i++) {
      const batch = matrix(128, 2, random.fillNormal(new Float32Array(256)));
      used = new Set(ema.update(batch).indices).size;
    }
    expect(used).toBeGreaterThan(8);
  },
);

test("the first anchor step of CVQ-VAE by hand", () => {
  // g = 0.9: after one batch of 2, code 0 has N = 0.1 · 1 as a share, code 1 none.
  const ema = new EmaCodebook(matrix(2, 1, [0, 50]), { decay: 0.9, reset: { kind: "anchors" } });
  ema.update(matrix(2, 1, [0, 0]));
  // a_0 = exp(-0.1 · 2 · 10 / 0.1 - 0.001) = e^-20; a_1 = exp(-0.001), its anchor 0.
  expect(ema.codebook.data[0]).toBeCloseTo(0, 6);
  expect(ema.codebook.data[1]).toBeCloseTo(50 * (1 - Math.exp(-1e-3)), 3);
});

test("an empty batch changes nothing; bad input is a typed error", () => {
  const ema = new EmaCodebook(matrix(1, 1, [3]));
  expect(ema.update(matrix(0, 1, [])).indices).toHaveLength(0);
  expect([...ema.codebook.data]).toEqual([3]);
  expect(() => ema.update(matrix(1, 1, [NaN]))).toThrow(/finite/);
  expect(() => new EmaCodebook(matrix(1, 1, [1]), { decay: 1 })).toThrow(/decay/);
  expect(() => new EmaCodebook(matrix(0, 1, []))).toThrow(/codebook/);
});
