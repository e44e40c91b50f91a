import { checkQuantizer } from "@dtok/conformance";
import { createRandom, loadQuantizer, saveQuantizer, vq } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { Catalogue, idFamilies } from "../catalogue/catalogue.js";
import { fuse } from "../features/fuse.js";
import { fitResidual } from "./residual.js";
import { SeparateQuantizer, fitSeparate, separateFamily } from "./separate.js";

const noise = (rows: number, dim: number, seed = 1): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});

describe("separate codebooks", () => {
  it("codes each part by its own quantizer, as the example says", () => {
    const text = vq({ data: Float32Array.of(0, 0, 4, 4), shape: [2, 2] });
    const taste = vq({ data: Float32Array.of(-1, 0, 1), shape: [3, 1] });
    const q = new SeparateQuantizer([text, taste]);
    expect([q.spec, q.dim, [...q.codebookSizes]]).toEqual(["parts:2/vq:2;1/vq:3", 3, [2, 3]]);
    const items: Matrix = { data: Float32Array.of(3, 5, 0.9, 1, 0, -9), shape: [2, 3] };
    const codes = q.quantize(items);
    expect([...codes.data]).toEqual([1, 2, 0, 0]);
    expect([...q.dequantize(codes).data]).toEqual([4, 4, 1, 0, 0, -1]);
  });

  it("gives the codes of quantizers that are fitted apart, from matrices and streams", async () => {
    const [text, taste] = [noise(300, 6), noise(300, 4, 2)];
    const both = fuse([{ vectors: text }, { vectors: taste }], { standardise: false });
    const spec = "parts:6/rkmeans:2x8;4/hkmeans:2x4";
    const options = { seed: 3 };
    const q = await fitSeparate(spec, both, options);
    expect(q.spec).toBe(spec);
    const alone = (await fitResidual("rkmeans:2x8", text, options)).quantize(text).data;
    const { data } = q.quantize(both);
    for (let n = 0; n < 300; n++) {
      expect([...data.subarray(n * 4, n * 4 + 2)]).toEqual([...alone.subarray(n * 2, n * 2 + 2)]);
    }
    expect((await q.quantizeAsync(both)).data).toEqual(data);
    const stream = {
      dim: 10,
      *chunks() {
        for (let n = 0; n < 300; n += 90) {
          const end = Math.min(300, n + 90);
          yield { data: both.data.subarray(n * 10, end * 10), shape: [end - n, 10] } as Matrix;
        }
      },
    };
    expect((await fitSeparate(spec, stream, options)).quantize(both).data).toEqual(data);
    const again = loadQuantizer(saveQuantizer(q), idFamilies);
    expect(again.quantize(both).data).toEqual(data);
  });

  it("passes the conformance checks", async () => {
    const q = await fitSeparate("parts:3/rkmeans:2x5;2/pq:2x4", noise(200, 5));
    const results = await checkQuantizer(q, { families: [separateFamily] } as never);
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
  });

  it.each(["suffix", "reassign", "sinkhorn"] as const)(
    "gives every item of a catalogue its own ID by %s",
    async (strategy) => {
      const vectors = noise(120, 5);
      const q = await fitSeparate("parts:3/rkmeans:1x12;2/vq:16", vectors);
      const items = Array.from({ length: 120 }, (_, n) => `i${n}`);
      const { catalogue } = await Catalogue.create(items, vectors, q, { strategy });
      expect(new Set(items.map((item) => catalogue.idOf(item))).size).toBe(120);
      const loaded = Catalogue.load(catalogue.save());
      expect(loaded.idOf("i7")).toBe(catalogue.idOf("i7"));
      await loaded.add(["new"], noise(1, 5, 9));
      expect(loaded.itemOf(loaded.idOf("new"))).toBe("new");
    },
  );

  it("refuses bad input", async () => {
    const vectors = noise(20, 5);
    const twice = "parts:5/parts:5/vq:2";
    for (const spec of ["parts:", "parts:5", "parts:0/vq:2", "parts:5/vq:2;", twice]) {
      await expect(fitSeparate(spec, vectors)).rejects.toThrow(/parts:/);
    }
    await expect(fitSeparate("parts:3/vq:2;3/vq:2", vectors)).rejects.toThrow(/6 numbers/);
    await expect(fitSeparate("parts:5/what:2", vectors)).rejects.toThrow(/one of/);
    expect(() => new SeparateQuantizer([])).toThrow(/1 to 16/);
    const state = (await fitSeparate("parts:5/vq:2", vectors)).toState();
    for (const parts of [undefined, [null], [{ kind: "parts", version: 1, config: {} }]]) {
      expect(() => separateFamily.fromState({ ...state, config: { parts } })).toThrow(/parts/);
    }
    expect(() => separateFamily.fromState({ ...state, tensors: {} })).toThrow();
    expect(() => separateFamily.fromState({ ...state, kind: "vq" })).toThrow(/kind parts/);
  });
});
