import { expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import {
  RandomProjectionQuantizer,
  randomProjection,
  randomProjectionFamily,
} from "./random-projection.js";

const gaussian = (rows: number, columns: number, seed: number) => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * columns)),
  shape: [rows, columns] as const,
});

test("by hand: A = [1 0 0; 0 1 1], codewords right, up and left", () => {
  const q = new RandomProjectionQuantizer({
    dim: 3,
    size: 3,
    width: 2,
    codebooks: 1,
    seed: 0,
    projection: Float32Array.of(1, 0, 0, 0, 1, 1),
    codebook: Float32Array.of(1, 0, 0, 1, -1, 0),
  });
  // A x = (2, 1), (1, 5), (-3, 0.5), (0, 0).
  const x = {
    data: Float32Array.of(2, 1, 0, 1, 2, 3, -3, 0.5, 0, 0, 1, -1),
    shape: [4, 3] as const,
  };
  const codes = q.quantize(x);
  expect(codes.data).toEqual(Int32Array.of(0, 1, 2, 0)); // the zero direction: lowest index
  // The shortest x with A x = (0, 1) is (0, 1/2, 1/2).
  const back = q.dequantize({ data: Int32Array.of(1), shape: [1, 1] }).data;
  expect(back[0]).toBeCloseTo(0, 6);
  expect(back[1]).toBeCloseTo(0.5, 6);
  expect(back[2]).toBeCloseTo(0.5, 6);
});

test("the definition, literally: nearest of normalised vectors", () => {
  const q = randomProjection({ dim: 20, size: 64, width: 8, codebooks: 3, seed: 4 });
  const { projection, codebook } = q.toState().tensors;
  const x = gaussian(50, 20, 5);
  const codes = q.quantize(x);
  for (let n = 0; n < 50; n++) {
    for (let b = 0; b < 3; b++) {
      const v = Array.from({ length: 8 }, (_, r) => {
        let sum = 0;
        for (let d = 0; d < 20; d++) {
          sum += Number(projection!.data[(b * 8 + r) * 20 + d]) * x.data[n * 20 + d]!;
        }
        return sum;
      });
      const norm = Math.hypot(...v);
      const distances = Array.from({ length: 64 }, (_, k) =>
        Math.hypot(...v.map((c, r) => c / norm - Number(codebook!.data[(b * 64 + k) * 8 + r]))),
      );
      expect(codes.data[n * 3 + b]).toBe(distances.indexOf(Math.min(...distances)));
    }
  }
});

test("laws: a seed is a quantizer; the length of a vector does not matter; codewords have length 1", () => {
  const options = { dim: 24, size: 100, codebooks: 2, seed: 9 };
  const q = randomProjection(options);
  const x = gaussian(100, 24, 6);
  expect(randomProjection(options).toState()).toEqual(q.toState());
  expect(randomProjection({ ...options, seed: 10 }).quantize(x)).not.toEqual(q.quantize(x));
  expect(q.quantize({ data: x.data.map((v) => v * 8), shape: x.shape })).toEqual(q.quantize(x));
  const { codebook } = q.toState().tensors;
  for (let k = 0; k < 200; k++) {
    const word = Array.from(codebook!.data.subarray(k * 16, k * 16 + 16), Number);
    expect(Math.hypot(...word)).toBeCloseTo(1, 6);
  }
});

test("where there is room for all projections, decoded vectors have their own codes", () => {
  const q = randomProjection({ dim: 64, size: 50, width: 6, codebooks: 3, seed: 1 });
  const codes = q.quantize(gaussian(80, 64, 7));
  expect(q.quantize(q.dequantize(codes))).toEqual(codes);
  // More projections than dimensions: the closest compromise, still nearer than chance.
  const crowded = randomProjection({ dim: 8, size: 16, width: 4, codebooks: 5, seed: 1 });
  const some = crowded.quantize(gaussian(200, 8, 8));
  const again = crowded.quantize(crowded.dequantize(some));
  const same = some.data.filter((code, i) => code === again.data[i]).length;
  expect(same / some.data.length).toBeGreaterThan(0.5);
});

test("the stream of a seed is fixed: codes of a version-1 draw", () => {
  const q = randomProjection({ dim: 4, size: 256, width: 3, seed: 7 });
  const x = {
    data: Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
    shape: [4, 4] as const,
  };
  expect([...q.quantize(x).data]).toMatchInlineSnapshot(`
    [
      237,
      47,
      57,
      95,
    ]
  `);
});

test("specs, states, bad input", () => {
  const create = randomProjectionFamily.create!;
  expect(create("rpq:4x512,8", { dim: 40, seed: 3 }).codebookSizes).toEqual([512, 512, 512, 512]);
  expect(create("rpq:512", { dim: 40 }).spec).toBe("rpq:512");
  expect(create("rpq:2x512,8", { dim: 40 }).spec).toBe("rpq:2x512,8");
  expect(() => create("rpq:512")).toThrow(/dim/);
  for (const spec of ["rpq:", "rpq:0", "rpq:8,", "rpq:8,0", "rpq:x8", "rpq:9999999"]) {
    expect(() => create(spec, { dim: 4 })).toThrow(/rpq/);
  }
  const q = create("rpq:2x32,4", { dim: 10, seed: 3 });
  const x = gaussian(9, 10, 2);
  expect(randomProjectionFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect(() =>
    randomProjectionFamily.fromState({
      ...q.toState(),
      config: { ...q.toState().config, dim: 11 },
    }),
  ).toThrow(/projection/);
  expect(() => randomProjection({ dim: 65536, size: 2 ** 20, width: 1024 })).toThrow(/numbers/);
  x.data[13] = Number.NaN;
  expect(() => q.quantize(x)).toThrow(/NaN at row 1, column 3/);
});
