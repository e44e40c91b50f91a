import { checkQuantizer } from "@dtok/conformance";
import { createRandom, kmeans } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { ResidualQuantizer, fitResidual, residualFamily } from "./residual.js";

const noise = (rows: number, dim: number, seed = 1): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});
const errorOf = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0) / a.length;

describe("residual k-means", () => {
  it("codes the example by hand", () => {
    // Tens, then ones: 23 is nearest to 20, and 3 is left; 8 is nearest to 10, and -2 is left.
    const q = new ResidualQuantizer({
      data: Float32Array.of(0, 10, 20, -2, 0, 3),
      shape: [2, 3, 1],
    });
    const codes = q.quantize({ data: Float32Array.of(23, 8, 0), shape: [3, 1] });
    expect([...codes.data]).toEqual([2, 2, 1, 0, 0, 1]);
    expect([...q.dequantize(codes).data]).toEqual([23, 8, 0]);
    expect([...q.dequantize(codes, { levels: 1 }).data]).toEqual([20, 10, 0]);
  });

  it("is k-means of what is left, level by level", async () => {
    const vectors = noise(400, 3);
    const q = await fitResidual("rkmeans:2x5", vectors, { seed: 4 });
    const first = await kmeans(vectors, { clusters: 5, seed: 4 });
    expect(q.codebooks.data.slice(0, 15)).toEqual(first.centroids.data);
    const errors = [1, 2].map((levels) =>
      errorOf(q.dequantize(q.quantize(vectors), { levels }).data, vectors.data),
    );
    expect(errors[1]).toBeLessThan(errors[0]! * 0.7);
  });

  it("passes the conformance checks", async () => {
    const q = await fitResidual("rkmeans:3x8", noise(400, 4));
    const results = await checkQuantizer(q, { families: [residualFamily] });
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
  });

  it("gives the same codes with other kernels", async () => {
    const vectors = noise(200, 6);
    const q = await fitResidual("rkmeans:3x8", vectors);
    const { portableKernels } = await import("@dtok/core");
    const kernels = {
      name: "test",
      nearest: async (a: Matrix, b: Matrix) => portableKernels().nearest(a, b),
      close: async () => undefined,
    };
    const codes = await q.quantizeAsync(vectors, { kernels });
    expect(codes.data).toEqual(q.quantize(vectors).data);
  });

  it("refits from where it was: the same data keep their codes", async () => {
    const vectors = noise(500, 4);
    const q = await fitResidual("rkmeans:3x8", vectors);
    const again = await fitResidual("rkmeans:3x8", vectors, { start: q.codebooks, seed: 9 });
    const [a, b] = [q.quantize(vectors).data, again.quantize(vectors).data];
    expect(a.filter((code, i) => code === b[i]).length / a.length).toBeGreaterThan(0.9);
    const elsewhere = await fitResidual("rkmeans:3x8", vectors, { seed: 9 });
    const c = elsewhere.quantize(vectors).data;
    expect(a.filter((code, i) => code === c[i]).length / a.length).toBeLessThan(0.5);
  });

  it("takes fewer vectors than codes, and streams", async () => {
    const few = noise(3, 2);
    const q = await fitResidual("rkmeans:2x16", few);
    expect(errorOf(q.dequantize(q.quantize(few)).data, few.data)).toBeLessThan(1e-12);
    const vectors = noise(100, 2);
    const stream = {
      dim: 2,
      *chunks() {
        for (let n = 0; n < 100; n += 30) {
          const end = Math.min(100, n + 30);
          yield { data: vectors.data.subarray(n * 2, end * 2), shape: [end - n, 2] } as Matrix;
        }
      },
    };
    const a = await fitResidual("rkmeans:2x4", vectors, { maxSamples: 60 });
    const b = await fitResidual("rkmeans:2x4", stream, { maxSamples: 60 });
    expect(a.codebooks.data).toEqual(b.codebooks.data);
  });

  it("refuses bad input", async () => {
    const vectors = noise(10, 2);
    for (const spec of ["rkmeans:0x4", "rkmeans:2", "rkmeans:2x99999", "rvq:2x4"]) {
      await expect(fitResidual(spec, vectors)).rejects.toThrow(/rkmeans/);
    }
    const none = { data: new Float32Array(0), shape: [0, 2] as const };
    await expect(fitResidual("rkmeans:2x4", none)).rejects.toThrow(/at least one/);
    const nan: Matrix = { data: Float32Array.of(1, NaN), shape: [1, 2] };
    await expect(fitResidual("rkmeans:2x4", nan)).rejects.toThrow(/finite/);
    const start = { data: new Float32Array(8), shape: [2, 4, 1] };
    await expect(fitResidual("rkmeans:2x4", vectors, { start })).rejects.toThrow(/start/);
    expect(() => new ResidualQuantizer({ data: new Float32Array(3), shape: [1, 3] })).toThrow(
      /levels, K, D/,
    );
    expect(() => residualFamily.fromCodebook!("rkmeans:3x4", start)).toThrow(/3, 4/);
    const state = (await fitResidual("rkmeans:2x4", vectors)).toState();
    expect(() => residualFamily.fromState({ ...state, tensors: {} })).toThrow(/codebook/);
  });
});
