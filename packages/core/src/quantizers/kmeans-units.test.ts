import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { KMeansUnits, fitKMeansUnits, kmeansUnitsFamily } from "./kmeans-units.js";

const matrix = (data: readonly number[] | Float32Array, columns: number) => ({
  data: Float32Array.from(data),
  shape: [data.length / columns, columns] as const,
});
const three = new KMeansUnits(matrix([0, 0, 10, 0, 0, 10], 2));

test("by hand: frames to units with durations and back to centroids", () => {
  const frames = matrix([1, 1, 0, -1, 9, 1, 2, 8, 1, 12, 5, 0], 2);
  // The last frame is as far from (0, 0) as from (10, 0): the lower index.
  expect([...three.quantize(frames).data]).toEqual([0, 0, 1, 2, 2, 0]);
  const units = three.encodeUnits(frames);
  expect(units).toEqual({
    units: Int32Array.of(0, 1, 2, 0),
    durations: Int32Array.of(2, 1, 2, 1),
  });
  expect(three.decodeUnits(units)).toEqual(matrix([0, 0, 0, 0, 10, 0, 0, 10, 0, 10, 0, 0], 2));
});

test("laws: centroids keep their unit; merged units decode as the frames' own", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer(),
      (size, dim, seed) => {
        const random = createRandom(seed);
        const q = new KMeansUnits(matrix(random.fillNormal(new Float32Array(size * dim)), dim));
        expect(q.idempotent).toBe(true);
        const all = {
          data: Int32Array.from({ length: size }, (_, i) => i),
          shape: [size, 1] as const,
        };
        expect(q.quantize(q.dequantize(all))).toEqual(all);
        const frames = matrix(random.fillNormal(new Float32Array(50 * dim)), dim);
        expect(q.decodeUnits(q.encodeUnits(frames))).toEqual(q.dequantize(q.quantize(frames)));
      },
    ),
    { seed: 24, numRuns: 40 },
  );
  expect(new KMeansUnits(matrix([1, 0, 2, -0, 1, 0], 2)).idempotent).toBe(false);
});

test("fitting finds well separated clusters, by seed", async () => {
  const random = createRandom(1);
  const centres = [0, 100, 200, 300];
  const data = Float32Array.from(
    { length: 800 },
    (_, i) => centres[(i >> 1) % 4]! + random.normal(),
  );
  const frames = { data, shape: [400, 2] as const };
  const q = await fitKMeansUnits(4, frames, { seed: 3 });
  const codes = q.quantize(frames).data;
  for (let n = 0; n < 400; n++) expect(codes[n]).toBe(codes[n % 4]);
  expect(new Set(codes.subarray(0, 4)).size).toBe(4);
  const again = await kmeansUnitsFamily.fit!("kmeans:4", frames, { seed: 3 });
  expect(again.toState()).toEqual(q.toState());
});

test("the asynchronous path, with and without other kernels", async () => {
  const frames = matrix([1, 1, 9, 1], 2);
  expect(await three.quantizeAsync(frames)).toEqual(three.quantize(frames));
  const kernels = {
    name: "fixed",
    nearest: async () => ({ indices: Int32Array.of(2, 2), distances: new Float32Array(2) }),
    close: async () => {},
  };
  expect([...(await three.quantizeAsync(frames, { kernels })).data]).toEqual([2, 2]);
});

test("specs, codebooks, states, bad input", async () => {
  const codebook = matrix([0, 0, 10, 0, 0, 10], 2);
  expect(kmeansUnitsFamily.fromCodebook!("kmeans:3", codebook).toState()).toEqual(three.toState());
  expect(kmeansUnitsFamily.fromState(three.toState()).spec).toBe("kmeans:3");
  expect(() => kmeansUnitsFamily.fromCodebook!("kmeans:4", codebook)).toThrow(/\[4, D\]/);
  await expect(kmeansUnitsFamily.fit!("kmeans:0", codebook)).rejects.toThrow(/kmeans:<K>/);
  await expect(fitKMeansUnits(4, codebook)).rejects.toThrow(/4/);
  expect(() => new KMeansUnits(matrix([], 2))).toThrow(/K from 1/);
  expect(() => three.quantize(matrix([0, Number.NaN], 2))).toThrow(/row 0, column 1/);
  expect(() => three.decodeUnits({ units: Int32Array.of(3), durations: Int32Array.of(1) })).toThrow(
    /\[0, 3\)/,
  );
  const state = three.toState();
  expect(() => kmeansUnitsFamily.fromState({ ...state, config: { size: 2, dim: 2 } })).toThrow(
    /centroids/,
  );
});
