import { createRandom } from "@dtok/core";
import type { ModelRuntime, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { Trainer } from "@dtok/train";
import {
  CodeEmbedding,
  encoderSize,
  exportNodeEncoder,
  exportScorer,
  exportVqGraph,
  linkTraining,
  tokenCount,
  vqGraphTraining,
} from "@dtok/train/presets";
import type { NodeEncoderConfig } from "@dtok/train/presets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await createRuntime();
});
afterAll(() => runtime.close());

/** A ring of 24 nodes: n -0-> n + 1, n -1-> n + 2; codes are two digits of a node's number and a parity. */
const NODES = 24;
const edges = Array.from({ length: 2 * NODES }, (_, e) => {
  const [n, r] = [e >> 1, e & 1];
  return [n, r, (n + 1 + r) % NODES] as const;
});
const codes = {
  data: Int32Array.from({ length: NODES * 3 }, (_, i) => {
    const n = Math.floor(i / 3);
    return [n % 6, Math.floor(n / 6), n % 2][i % 3]!;
  }),
  shape: [NODES, 3] as const,
};
const config = (kind: NodeEncoderConfig["kind"]): NodeEncoderConfig => ({
  kind,
  fields: [
    { name: "first", from: 0, columns: 1, size: 6 },
    { name: "second", from: 1, columns: 1, size: 6 },
    { name: "parity", from: 2, columns: 1, size: 2, onto: "second", by: "scale" },
  ],
  width: kind === "sum" ? 16 : 8,
  hidden: 32,
  dim: 16,
  heads: 2,
  relations: 2,
});

/** The same beside a node's two digits once more, and those of the next two nodes, of which odd ones see one. */
const nearCodes = {
  data: Int32Array.from({ length: NODES * 11 }, (_, i) => {
    const n = Math.floor(i / 11);
    const digits = (m: number) => [m % 6, 6 + Math.floor((m % NODES) / 6)];
    const near = [
      0,
      n % 2 === 0 ? 1 : 5,
      ...digits(n + 1),
      ...(n % 2 === 0 ? digits(n + 2) : [12, 12]),
    ];
    return [...codes.data.subarray(3 * n, 3 * n + 3), ...digits(n), ...near][i % 11]!;
  }),
  shape: [NODES, 11] as const,
};
const near = (kind: NodeEncoderConfig["kind"], fixed: boolean): NodeEncoderConfig => {
  const digits = { size: 13, each: 2, none: 12, fixed, direct: fixed };
  return {
    ...config(kind),
    fields: [
      ...config(kind).fields,
      { name: "code", from: 3, columns: 2, ...digits },
      { name: "near", from: 7, columns: 4, table: "code", ...digits },
      { name: "by", from: 5, columns: 2, size: 6, onto: "near", by: "turn" },
    ],
  };
};

describe("code embedding", () => {
  const nodes = Int32Array.of(2, 3);

  it("puts rows side by side, turns them by the relation, weighs a sum by what is not none", () => {
    for (const fixed of [false, true]) {
      const { width } = near("sum", fixed);
      const half = width / 2;
      const embedding = new CodeEmbedding(near("sum", fixed), nearCodes, createRandom(2));
      const { code, by } = embedding.tables;
      const out = new Float32Array(2 * 4 * width);
      embedding.forward(nodes, out);
      const token = (n: number, d: number) => {
        const row = d < half ? n % 6 : 6 + Math.floor(n / 6);
        return code!.data[row * half + (d % half)]!;
      };
      const turned = (n: number, r: number, d: number) => {
        const [a, b] = [token(n, d % half), token(n, half + (d % half))];
        const [c, e] = [
          by!.data[r * width + (d % half)]!,
          by!.data[r * width + half + (d % half)]!,
        ];
        return d < half ? a * c - b * e : a * e + b * c;
      };
      for (let d = 0; d < width; d++) {
        expect(out[2 * width + d]).toBeCloseTo(token(2, d), 6);
        expect(out[3 * width + d]).toBeCloseTo((turned(3, 0, d) + turned(4, 1, d)) / Math.SQRT2, 6);
        expect(out[7 * width + d]).toBeCloseTo(turned(4, 0, d), 6);
      }
      for (let d = 0; d < half; d++) {
        expect(Math.hypot(by!.data[d]!, by!.data[half + d]!)).toBeCloseTo(1, 6);
      }
      const before = code!.data.slice();
      embedding.backward(nodes, new Float32Array(out.length).fill(1), 0.1);
      expect(code!.data.some((value, i) => value !== before[i])).toBe(!fixed);
      // What stands for nothing stays nothing.
      expect(code!.data.subarray(12 * half).every((value) => value === 0)).toBe(true);
    }
  });

  it("moves rows against the slope of what is made of them", () => {
    for (const kind of ["sum", "mlp"] as const) {
      const encoder = near(kind, false);
      const size = 2 * tokenCount(encoder) * encoder.width;
      const random = createRandom(5);
      const gradient = random.fillNormal(new Float32Array(size), 1);
      const value = (embedding: CodeEmbedding) => {
        const out = new Float32Array(size);
        embedding.forward(nodes, out);
        return out.reduce((sum, x, i) => sum + x * gradient[i]!, 0);
      };
      for (const name of ["first", "second", "parity", "code", "by"]) {
        const embedding = new CodeEmbedding(encoder, nearCodes, createRandom(2));
        const { data } = embedding.tables[name]!;
        const slopes = Float32Array.from(data.keys(), (i) => {
          const own = data[i]!;
          data[i] = own + 0.01;
          const up = value(embedding);
          data[i] = own - 0.01;
          const down = value(embedding);
          data[i] = own;
          return (up - down) / 0.02;
        });
        embedding.backward(nodes, gradient, 1e-6);
        // Adagrad's sums are squared gradients after a first step.
        const { sums } = embedding.tables[name]!;
        for (const [i, slope] of slopes.entries()) {
          // The row of none has a slope and does not move.
          if (name === "code" && i >= (12 * data.length) / 13) continue;
          expect(Math.sqrt(sums[i]!)).toBeCloseTo(Math.abs(slope), 2);
        }
      }
    }
  });

  it("shows a node as the view has it", () => {
    const encoder = near("sum", true);
    const embedding = new CodeEmbedding(encoder, nearCodes, createRandom(2));
    const hidden = { data: nearCodes.data.slice(), shape: nearCodes.shape };
    // Node 2 without its neighbours.
    hidden.data.set([5, 5, 12, 12, 12, 12], 2 * 11 + 5);
    expect(embedding.addView(hidden)).toBe(1);
    const [first, second] = [0, 1].map((view) => {
      const out = new Float32Array(2 * 4 * encoder.width);
      embedding.forward(nodes, out, view);
      return out;
    }) as [Float32Array, Float32Array];
    const at = 3 * encoder.width;
    expect(second.subarray(at, at + encoder.width).every((value) => value === 0)).toBe(true);
    expect(second.subarray(0, at)).toEqual(first.subarray(0, at));
    expect(second.subarray(at + encoder.width)).toEqual(first.subarray(at + encoder.width));
    const by = embedding.tables.by!.data.slice();
    embedding.backward(Int32Array.of(2), new Float32Array(4 * encoder.width).fill(1), 0.1, 1);
    expect(embedding.tables.by!.data).toEqual(by);
    expect(() => embedding.addView(codes)).toThrow(/\[24, 11\]/);
  });

  it("refuses fields that do not fit", () => {
    const odd = (field: object) => ({
      ...near("sum", false),
      fields: [{ name: "a", from: 0, columns: 3, size: 6, ...field }],
    });
    const make = (encoder: NodeEncoderConfig) => () =>
      new CodeEmbedding(encoder, codes, createRandom(1));
    expect(make(odd({ each: 2 }))).toThrow(/columns/);
    expect(make(odd({ each: 3 }))).toThrow(/divide/);
    const narrow = { ...near("sum", true), width: 8 };
    expect(() => encoderSize(narrow)).toThrow(/vector's numbers, 16/);
  });
});

const variants = [
  ["mlp", config("mlp"), codes],
  ["sum", config("sum"), codes],
  ["transformer", config("transformer"), codes],
  ["sum with neighbours", near("sum", true), nearCodes],
  ["transformer with neighbours", near("transformer", false), nearCodes],
] as const;

describe.each(variants)("hash encoder, %s", (_, encoder, codes) => {
  it("learns links; the exported graphs score as the training graph does", async () => {
    const tokens = tokenCount(encoder);
    const embedding = new CodeEmbedding(encoder, codes, createRandom(1));
    const batch = edges.length;
    const trainer = await Trainer.create(runtime, (g) =>
      linkTraining(g, encoder, { batch, nodes: NODES, seed: 1, n3: 0.001 }),
    );
    const all = Int32Array.from({ length: NODES }, (_, n) => n);
    const ids = (at: 0 | 1 | 2) => ({
      data: BigInt64Array.from(edges, (edge) => BigInt(edge[at])),
      shape: [batch],
    });
    const zero = { data: new Float32Array(batch * NODES), shape: [batch, NODES] };
    const { width } = encoder;
    const rows = { data: new Float32Array(NODES * tokens * width), shape: [NODES, tokens, width] };
    const feeds = { heads: ids(0), kinds: ids(1), tails: ids(2), toTails: zero, toHeads: zero };
    const errors: number[] = [];
    for (let step = 0; step < 150; step++) {
      embedding.forward(all, rows.data);
      const { metrics } = await trainer.run({ ...feeds, rows }, 0.01);
      embedding.backward(all, trainer.outputs.rows!.data, 0.05);
      errors.push(metrics.error!);
    }
    expect(errors[0]).toBeGreaterThan(Math.log(NODES) - 0.5);
    expect(errors.at(-1)).toBeLessThan(0.5);

    const arrays = {
      ...trainer.parameters(),
      ...Object.fromEntries(
        Object.entries(embedding.tables).map(([name, { data, count, width }]) => [
          `table.${name}`,
          { data, shape: [count, width] },
        ]),
      ),
    };
    const size = Object.values(arrays).reduce((sum, { data }) => sum + data.length, 0);
    expect(encoderSize(encoder)).toBe(size - arrays.relations!.data.length);
    const exported = exportNodeEncoder(encoder, arrays, { full: true });
    const [up, score] = [await runtime.load(exported.encoder), await runtime.load(exported.scorer)];
    const { vectors } = await up.run({
      codes: { data: BigInt64Array.from(codes.data, BigInt), shape: [...codes.shape] },
    });
    const out = await score.run({
      vectors: vectors!,
      kinds: { data: ids(1).data.slice(0, NODES), shape: [NODES] },
      candidates: vectors!,
    });
    // Row n asks for the tail of (n, relation of edge n).
    const tails = out.tails!.data as Float32Array;
    let right = 0;
    for (let n = 0; n < NODES; n++) {
      const row = tails.subarray(n * NODES, (n + 1) * NODES);
      if (row.indexOf(Math.max(...row)) === (n + 1 + edges[n]![1]) % NODES) right++;
    }
    expect(right).toBeGreaterThan(NODES * 0.8);
    // By hand: Re(h r conj(t)) of nodes 3 and 5 by relation 1.
    const [h, t] = [3, 5].map((n) => (vectors!.data as Float32Array).subarray(n * 16, n * 16 + 16));
    const r = arrays.relations!.data.subarray(16, 32);
    let sum = 0;
    for (let d = 0; d < 8; d++) {
      const re = h![d]! * r[d]! - h![d + 8]! * r[d + 8]!;
      const im = h![d]! * r[d + 8]! + h![d + 8]! * r[d]!;
      sum += re * t![d]! + im * t![d + 8]!;
    }
    expect(tails[3 * NODES + 5]).toBeCloseTo(sum, 3);
    // Toward heads the same number, asked the other way.
    const other = await score.run({
      vectors: { data: t!.slice(), shape: [1, 16] },
      kinds: { data: BigInt64Array.of(1n), shape: [1] },
      candidates: { data: h!.slice(), shape: [1, 16] },
    });
    expect((other.heads!.data as Float32Array)[0]).toBeCloseTo(sum, 3);
    await Promise.all([trainer.close(), up.close(), score.close()]);
    expect(exportScorer({ relations: 2, dim: 16 }, arrays).length).toBeGreaterThan(100);
  });
});

describe("vqGraphTraining", () => {
  it("learns which of two groups a node is in, from its neighbours; exported graphs are smaller copies", async () => {
    const graph = { dim: 2, width: 16, latent: 4, size: 4, edge: 4 };
    const random = createRandom(3);
    const [batch, s] = [64, 2];
    const codebook = { data: random.fillNormal(new Float32Array(16)), shape: [4, 4] };
    for (let k = 0; k < 4; k++) {
      const row = codebook.data.subarray(4 * k, 4 * k + 4);
      const norm = Math.hypot(...row);
      for (let d = 0; d < 4; d++) row[d] = row[d]! / norm;
    }
    const trainer = await Trainer.create(runtime, (g) =>
      vqGraphTraining(g, graph, {
        batch,
        neighbours: s,
        seed: 1,
        codebook,
        edgeWeight: 1,
        beta: 0.25,
      }),
    );
    // Sources are of group 0, targets of group 1 (0 links to 1 alone), others of either.
    const group = (row: number) => (row < batch ? 0 : row < 2 * batch ? 1 : row % 2);
    const six = (of: number) => [of ? 1 : -1, 0.1 * random.normal(), of ? 0 : 1, 0, of ? -1 : 0, 0];
    let last = { features: 0, edges: 0, perplexity: 0 } as Record<string, number>;
    const losses: number[] = [];
    for (let step = 0; step < 120; step++) {
      const rows = Array.from({ length: 3 * batch }, (_, i) => i);
      const nodes = Float32Array.from(rows.flatMap((i) => six(group(i))));
      const near = Float32Array.from(
        rows.flatMap((i) => Array.from({ length: 2 * s }, () => six(1 - group(i))).flat()),
      );
      const result = await trainer.run(
        {
          nodes: { data: nodes, shape: [3 * batch, 6] },
          near: { data: near, shape: [3 * batch, 2 * s, 6] },
          shares: {
            data: new Float32Array(3 * batch * 2 * s).fill(1 / s),
            shape: [3 * batch, 2 * s],
          },
        },
        0.01,
      );
      last = result.metrics;
      losses.push(result.loss);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.6);
    expect(last.perplexity).toBeGreaterThan(1.5);
    const words = trainer.state()["vq.codebook"] as Tensor<Float32Array>;
    for (let k = 0; k < 4; k++) {
      expect(Math.hypot(...words.data.subarray(4 * k, 4 * k + 4))).toBeCloseTo(1, 4);
    }
    const made = exportVqGraph(graph, trainer.parameters(), {
      mean: Float32Array.of(0, 0),
      deviation: Float32Array.of(1, 1),
    });
    const decoder = await runtime.load(made.decoder);
    const out = await decoder.run({ latents: { data: words.data, shape: [4, 4] } });
    expect(out.sources!.shape).toEqual([4, 5]);
    const bias = trainer.parameters()["dec.bias"]!.data[0]!;
    expect((out.sources!.data as Float32Array)[4]).toBe(1);
    expect((out.targets!.data as Float32Array)[4]).toBeCloseTo(bias, 6);
    await Promise.all([decoder.close(), trainer.close()]);
  });
});
