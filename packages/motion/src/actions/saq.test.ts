import { createRandom, fitVq } from "@dtok/core";
import { expect, test } from "vitest";
import { matrix, rms, wave, waves } from "../../test/trajectories.js";
import { SaqActions } from "./saq.js";

/** Actions that are s ± 1: what a code means depends on s. */
function made(rows: number, seed: number) {
  const random = createRandom(seed);
  const states = Float32Array.from({ length: rows }, () => 10 * random.float());
  const actions = states.map((s) => s + (random.float() < 0.5 ? -1 : 1));
  return { states: matrix(rows, 1, states), actions: matrix(rows, 1, actions) };
}

test("by hand: one bit and the state say what one bit alone does not", async () => {
  const data = made(2000, 1);
  const t = await SaqActions.fit([data.actions], {
    states: [data.states],
    cells: 1,
    quantizer: "vq:2",
  });
  const back = (s: number) =>
    [0, 1].map((code) => {
      const grid = t.encode(matrix(1, 1, [s]), { states: matrix(1, 1, [s]) });
      const codes = { data: Int32Array.of(code), shape: [1, 1] as const };
      return t.decode({ ...grid, codes }, { states: matrix(1, 1, [s]) }).data[0]!;
    });
  for (const s of [1, 5, 9]) {
    const [low, high] = back(s).toSorted((a, b) => a - b);
    // The regression has 2,000 coin tosses in it: their mean is off by about 1/√2000.
    expect(Math.abs(low! - (s - 1))).toBeLessThan(0.1);
    expect(Math.abs(high! - (s + 1))).toBeLessThan(0.1);
  }
  const other = made(300, 2);
  const context = { states: other.states };
  const error = rms(other.actions, t.decode(t.encode(other.actions, context), context));
  const plain = await fitVq("vq:2", data.actions);
  const without = plain.dequantize(plain.quantize(other.actions));
  expect(error).toBeLessThan(0.1);
  expect(rms(other.actions, without)).toBeGreaterThan(1);
});

test("with states, codes come back", async () => {
  const data = waves(4, 300, 3);
  const states = data.map(({ shape }, i) => wave(shape[0], 2, 100 + i));
  const t = await SaqActions.fit(data, { states, cells: 4, quantizer: "rvq:2x16", seed: 3 });
  expect(t.codebookSizes).toEqual([16, 16]);
  const flat = await SaqActions.fit(data, { states, cells: 4, quantizer: "vq:32", seed: 3 });
  for (const [i, one] of data.entries()) {
    const context = { states: states[i]! };
    const grid = flat.encode(one, context);
    const again = flat.encode(flat.decode(grid, context), context).codes.data;
    // Scaling there and back rounds: a tie may turn.
    const differ = again.filter((code, n) => code !== grid.codes.data[n]).length;
    expect(differ).toBeLessThanOrEqual(1);
  }
});

test("without, the previous action is the state: errors do not add up", async () => {
  const data = waves(8, 400, 3);
  const t = await SaqActions.fit(data, { quantizer: "vq:128", seed: 1 });
  const plain = await fitVq("vq:128", {
    data: Float32Array.from(data.flatMap((one) => [...one.data])),
    shape: [8 * 400, 3],
  });
  for (const one of [data[0]!, data[5]!]) {
    const grid = t.encode(one);
    const back = t.decode(grid);
    expect(grid.shape).toEqual([400]);
    expect(rms(one, back)).toBeLessThan(rms(one, plain.dequantize(plain.quantize(one))));
    const end = (m: typeof one) => matrix(100, 3, m.data.subarray(900));
    expect(rms(end(one), end(back))).toBeLessThan(0.3);
  }
});

test("codes that nobody wrote stay finite; missing states and starts are errors", async () => {
  const data = waves(3, 200, 2);
  const t = await SaqActions.fit(data, { quantizer: "vq:16" });
  const grid = t.encode(wave(2000, 2, 4));
  const random = createRandom(1);
  const wild = grid.codes.data.map(() => random.integer(16));
  const back = t.decode({ ...grid, codes: { data: wild, shape: grid.codes.shape } });
  expect(back.data.every((value) => Math.abs(value) < 100)).toBe(true);
  expect(() => t.decode({ ...grid, side: { rows: 2000 } })).toThrow(/side.start/);
  expect(() => t.decode({ ...grid, side: { rows: 2000, start: [1, Infinity] } })).toThrow(/start/);
  expect(() => t.encode(data[0]!, { states: data[0]! })).toThrow(/fitted without/);
  const given = await SaqActions.fit(data, { states: data, quantizer: "vq:16" });
  expect(() => given.encode(data[0]!)).toThrow(/states \[200, 2\]/);
  const states = [data[0]!, data[1]!, wave(3, 2, 1)];
  await expect(SaqActions.fit(data, { states })).rejects.toThrow(/as many rows/);
});
