import fc from "fast-check";
import { expect, test } from "vitest";
import { squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import {
  MultiScaleRvqQuantizer,
  areaMatrix,
  cubicMatrix,
  fitMultiScaleRvq,
  multiScaleRvqFamily,
} from "./multi-scale-rvq.js";

/** Maps [n, h w 2] of two waves with noise: coarse structure, as in pictures. */
function maps(n: number, h: number, w: number, seed: number): Matrix {
  const random = createRandom(seed);
  const data = new Float32Array(n * h * w * 2);
  for (let i = 0, o = 0; i < n; i++) {
    const [a, b, c] = [random.normal(), random.normal(), random.normal()];
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        data[o++] = 2 * a + b * Math.cos((Math.PI * (x + 0.5)) / w) + 0.2 * random.normal();
        data[o++] = c * Math.cos((Math.PI * (y + 0.5)) / h) + 0.2 * random.normal();
      }
    }
  }
  return { data, shape: [n, h * w * 2] };
}

test("by hand: the mean first, then what it leaves", () => {
  const q = new MultiScaleRvqQuantizer(
    { data: Float32Array.of(-1, 0, 1, 6), shape: [4, 1] },
    [2, 2],
    [
      [1, 1],
      [2, 2],
    ],
  );
  // Mean 5.5 -> 6 everywhere; left -1, 0, 0, -1.
  const codes = q.quantize({ data: Float32Array.of(5, 6, 6, 5), shape: [1, 4] });
  expect([...codes.data]).toEqual([3, 0, 1, 1, 0]);
  expect([...q.dequantize(codes).data]).toEqual([5, 6, 6, 5]);
  expect([...q.dequantize(codes, { levels: 1 }).data]).toEqual([6, 6, 6, 6]);
  expect([...q.dequantize(codes, { levels: 2 }).data]).toEqual([5, 6, 6, 6]);
  expect(q.scaleEnds).toEqual([1, 5]);
  expect(q.spec).toBe("ms-rvq:4,map=2x2,scales=1-2");
});

test("bicubic weights by hand, a = -0.75", () => {
  // From 2 to 4: cell 1 lies at 0.25 between the two, taps at distances 1.25, 0.25, 0.75, 1.75.
  const w = (t: number) =>
    t <= 1 ? 1.25 * t ** 3 - 2.25 * t ** 2 + 1 : -0.75 * (t ** 3 - 5 * t ** 2 + 8 * t - 4);
  const m = cubicMatrix(2, 4);
  expect(m[2]).toBeCloseTo(w(1.25) + w(0.25), 12);
  expect(m[3]).toBeCloseTo(w(0.75) + w(1.75), 12);
  expect(m[2]).toBeCloseTo(0.7734375, 8);
  // 3 to 2 overlap in the middle cell.
  expect([...areaMatrix(3, 2)]).toEqual([0.5, 0.5, 0, 0, 0.5, 0.5]);
});

test("both resamplings keep constants, and mirror", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (a, b) => {
      const [from, to] = [Math.max(a, b), Math.min(a, b)];
      for (const [matrix, rows, columns] of [
        [areaMatrix(from, to), to, from],
        [cubicMatrix(to, from), from, to],
      ] as const) {
        for (let i = 0; i < rows; i++) {
          let sum = 0;
          for (let j = 0; j < columns; j++) {
            const value = matrix[i * columns + j]!;
            sum += value;
            expect(value).toBeCloseTo(matrix[(rows - 1 - i) * columns + columns - 1 - j]!, 12);
          }
          expect(sum).toBeCloseTo(1, 12);
        }
      }
    }),
    { seed: 6, numRuns: 60 },
  );
});

test("one scale of full size is VQ of the cells", async () => {
  const x = maps(40, 3, 2, 4);
  const q = await fitMultiScaleRvq("ms-rvq:8,map=3x2,scales=3x2", x, { seed: 1 });
  const { vq } = await import("./vq.js");
  const cells = { data: x.data, shape: [240, 2] as const };
  expect([...q.quantize(x).data]).toEqual([...vq(q.codebook).quantize(cells).data]);
});

test("every scale lowers the error of the training maps; rounds lower it; seeds, states", async () => {
  const x = maps(120, 4, 6, 5);
  const spec = "ms-rvq:32,map=4x6,scales=1-2x3-4x6";
  const q = await fitMultiScaleRvq(spec, x, { seed: 2 });
  expect(q.spec).toBe(spec);
  const codes = q.quantize(x);
  expect(codes.shape).toEqual([120, 1 + 6 + 24]);
  let last = squaredError(x.data, new Float32Array(x.data.length));
  for (const levels of q.scaleEnds) {
    const error = squaredError(x.data, q.dequantize(codes, { levels }).data);
    expect(error).toBeLessThan(last);
    last = error;
  }
  const start = await fitMultiScaleRvq(spec, x, { seed: 2, iterations: 0 });
  expect(last).toBeLessThan(squaredError(x.data, start.dequantize(start.quantize(x)).data));
  expect((await fitMultiScaleRvq(spec, x, { seed: 2 })).toState()).toEqual(q.toState());
  expect(multiScaleRvqFamily.fromState(q.toState()).quantize(x)).toEqual(codes);
  expect(multiScaleRvqFamily.fromCodebook!(spec, q.codebook).quantize(x)).toEqual(codes);
});

test("bad input", async () => {
  const x = maps(10, 2, 2, 3);
  for (const spec of [
    "ms-rvq:4",
    "ms-rvq:4,map=2x2,scales=",
    "ms-rvq:4,map=2x2,scales=1-3",
    "ms-rvq:4,map=2x2,scales=0-2",
    "ms-rvq:4,map=2x2,scales=1x1x1",
    "ms-rvq:0,map=2x2,scales=1-2",
    "ms-rvq:4,map=3x3,scales=1-3",
  ]) {
    await expect(fitMultiScaleRvq(spec, x)).rejects.toThrow(/ms-rvq/);
  }
  const one = { data: new Float32Array(2), shape: [1, 2] as const };
  expect(() => new MultiScaleRvqQuantizer(one, [2, 2], [[3, 1]])).toThrow(/scale/);
  expect(() => new MultiScaleRvqQuantizer(one, [2, 2], [])).toThrow(/scales/);
});
