import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { OnlinePqQuantizer, fitOnlinePq, onlinePqFamily } from "./online-pq.js";
import { ProductCodebook } from "./product.js";

const matrix = (...values: number[]) => ({
  data: Float32Array.from(values),
  shape: [values.length, 1] as const,
});
const wordsOf = (q: OnlinePqQuantizer) => [
  ...(q.toState().tensors["codebook"]!.data as Float32Array),
];
const make = () =>
  new OnlinePqQuantizer(new ProductCodebook([1], [Float32Array.of(0, 10)]), Float32Array.of(3, 1));

test("by hand: words stay means", () => {
  // Word 0 is the mean of three vectors, 0; a fourth at 4 makes it 1. Word 1: (10 + 12 + 14) / 3.
  const q = make();
  const next = q.update(matrix(4, 12, 14));
  expect(wordsOf(next)).toEqual([1, 12]);
  expect([q.version, next.version]).toEqual([0, 1]);
  expect(wordsOf(q)).toEqual([0, 10]);
});

test("what is learnt can be forgotten; a word without vectors stays", () => {
  const q = make();
  const x = matrix(4, 12, 14);
  const codes = q.quantize(x);
  const back = q.update(x).forget(x, codes);
  expect(wordsOf(back)[0]).toBeCloseTo(0, 5);
  expect(wordsOf(back)[1]).toBeCloseTo(10, 5);
  const emptied = q.forget(matrix(10), { data: Int32Array.of(1), shape: [1, 1] });
  expect(wordsOf(emptied)).toEqual([0, 10]);
});

test("a budget of half the words moves the one of the largest shift", () => {
  const next = make().update(matrix(4, 12, 14), { words: 0.5 });
  expect(wordsOf(next)).toEqual([0, 12]);
});

test("a stream that drifts: updates follow it", async () => {
  const x = correlated(600, 8, 2);
  const q = await fitOnlinePq("online-pq:4x16", x, { seed: 1 });
  const moved = { data: x.data.map((v) => v + 4), shape: x.shape };
  let now = q;
  for (let round = 0; round < 5; round++) now = now.update(moved);
  const error = (p: typeof q) => squaredError(moved.data, p.dequantize(p.quantize(moved)).data);
  expect(error(now)).toBeLessThan(0.5 * error(q));
  expect(now.version).toBe(5);
  const read = onlinePqFamily.fromState(now.toState()) as OnlinePqQuantizer;
  expect(read.update(x).toState()).toEqual(now.update(x).toState());
  const half = q.update(moved, { subspaces: 0.5 });
  const changed = wordsOf(half).filter((v, i) => v !== wordsOf(q)[i]).length;
  expect(changed).toBeGreaterThan(0);
  expect(changed).toBeLessThanOrEqual(wordsOf(q).length / 2);
});

test("bad input", async () => {
  const q = make();
  expect(() => q.update(matrix(Number.NaN))).toThrow(/NaN/);
  expect(() => q.update(matrix(1), { words: 0 })).toThrow(/share/);
  expect(() => q.forget(matrix(1, 2), { data: Int32Array.of(1), shape: [1, 1] })).toThrow(
    /2 codes/,
  );
  expect(q.update({ data: new Float32Array(0), shape: [0, 1] }).version).toBe(1);
  await expect(fitOnlinePq("online-pq:3x4", correlated(9, 4, 1))).rejects.toThrow(/pad/);
  const state = q.toState();
  expect(() =>
    onlinePqFamily.fromState({ ...state, config: { ...state.config, version: -1 } }),
  ).toThrow(/version/);
});
