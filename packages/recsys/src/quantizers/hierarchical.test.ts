import { checkQuantizer } from "@dtok/conformance";
import { createRandom, loadQuantizer, saveQuantizer } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { fitHierarchical, hierarchicalFamily } from "./hierarchical.js";

const noise = (rows: number, dim: number, seed = 1): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});

describe("hierarchical k-means", () => {
  it("splits the line of the example", async () => {
    const line: Matrix = { data: Float32Array.of(0, 1, 10, 11), shape: [4, 1] };
    const q = await fitHierarchical("hkmeans:2x2", line);
    const { data } = q.quantize(line);
    // Near ones share the first code; the second tells all apart.
    expect(data[0]).toBe(data[2]);
    expect(data[4]).toBe(data[6]);
    expect(data[0]).not.toBe(data[4]);
    expect([...q.dequantize(q.quantize(line)).data]).toEqual([0, 1, 10, 11]);
    const coarse = q.dequantize(q.quantize(line), { levels: 1 });
    expect([...coarse.data]).toEqual([0.5, 0.5, 10.5, 10.5]);
    expect(q.nodes).toEqual([2, 4]);
  });

  it("codes each level by the nearest child of the node before", async () => {
    const vectors = noise(900, 5);
    const q = await fitHierarchical("hkmeans:3x6", vectors, { seed: 3 });
    const { data } = q.quantize(vectors);
    for (let n = 0; n < 900; n += 41) {
      const x = vectors.data.subarray(n * 5, n * 5 + 5);
      const path = [...data.subarray(n * 3, n * 3 + 3)];
      for (let l = 0; l < 3; l++) {
        const gaps = Array.from({ length: 6 }, (_, k) => {
          const codes = Int32Array.from([...path.slice(0, l), k]);
          const word = q.dequantize({ data: codes, shape: [1, l + 1] }).data;
          return word.reduce((sum, v, d) => sum + (v - x[d]!) ** 2, 0);
        });
        expect(gaps[path[l]!]).toBeLessThanOrEqual(Math.min(...gaps) * (1 + 1e-5));
      }
    }
    const errors = [1, 2, 3].map((levels) =>
      q
        .dequantize(q.quantize(vectors), { levels })
        .data.reduce((sum, v, i) => sum + (v - vectors.data[i]!) ** 2, 0),
    );
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  });

  it("passes the conformance checks", async () => {
    const vectors = noise(400, 4);
    const results = await checkQuantizer(await fitHierarchical("hkmeans:3x5", vectors), {
      families: [hierarchicalFamily],
    } as never);
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
  });

  it("saves, loads, and samples streams as it samples matrices", async () => {
    const vectors = noise(300, 3, 8);
    const options = { seed: 2, maxSamples: 120 };
    const q = await fitHierarchical("hkmeans:2x8", vectors, options);
    const again = loadQuantizer(saveQuantizer(q), [hierarchicalFamily]);
    expect(again.quantize(vectors).data).toEqual(q.quantize(vectors).data);
    const stream = {
      dim: 3,
      *chunks() {
        for (let n = 0; n < 300; n += 70) {
          const end = Math.min(300, n + 70);
          yield { data: vectors.data.subarray(n * 3, end * 3), shape: [end - n, 3] } as Matrix;
        }
      },
    };
    const streamed = await fitHierarchical("hkmeans:2x8", stream, options);
    expect(streamed.quantize(vectors).data).toEqual(q.quantize(vectors).data);
  });

  it("takes identical vectors and a single one", async () => {
    const same: Matrix = { data: new Float32Array(30).fill(2), shape: [10, 3] };
    const q = await fitHierarchical("hkmeans:2x4", same);
    expect(new Set(q.quantize(same).data)).toEqual(new Set([0]));
    const one = await fitHierarchical("hkmeans:2x4", {
      data: same.data.slice(0, 3),
      shape: [1, 3],
    });
    expect(one.quantize(same).data.slice(0, 2)).toEqual(Int32Array.of(0, 0));
    expect(
      [...one.dequantize({ data: Int32Array.of(3, 3), shape: [1, 2] }).data], // no such path
    ).toEqual([2, 2, 2]);
  });

  it("refuses bad input", async () => {
    const vectors = noise(10, 2);
    for (const spec of ["hkmeans:0x4", "hkmeans:2x1", "hkmeans:2", "hkmeans:99x4"]) {
      await expect(fitHierarchical(spec, vectors)).rejects.toThrow(/hkmeans/);
    }
    const none = { data: new Float32Array(0), shape: [0, 2] as const };
    await expect(fitHierarchical("hkmeans:2x4", none)).rejects.toThrow(/at least one/);
    const state = (await fitHierarchical("hkmeans:2x4", vectors)).toState();
    const tensors = { ...state.tensors, "level.1.first": { data: Int32Array.of(0), shape: [1] } };
    expect(() => hierarchicalFamily.fromState({ ...state, tensors })).toThrow(/offsets/);
    expect(() => hierarchicalFamily.fromState({ ...state, kind: "vq" })).toThrow(/hkmeans/);
  });
});
