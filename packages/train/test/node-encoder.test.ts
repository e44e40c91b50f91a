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
  width: 8,
  hidden: 32,
  dim: 16,
  heads: 2,
  relations: 2,
});

/** The same beside a node's two digits once more, and those of the next node, which odd nodes do not see. */
const nearCodes = {
  data: Int32Array.from({ length: NODES * 8 }, (_, i) => {
    const n = Math.floor(i / 8);
    const next = (n + 1) % NODES;
    const digits = (m: number) => [m % 6, 6 + Math.floor(m / 6)];
    const near = n % 2 === 0 ? [0, ...digits(next)] : [5, 12, 12];
    return [...codes.data.subarray(3 * n, 3 * n + 3), ...digits(n), ...near][i % 8]!;
  }),
  shape: [NODES, 8] as const,
};
const near = (kind: NodeEncoderConfig["kind"], fixed: boolean): NodeEncoderConfig => {
  const digits = { columns: 2, size: 13, each: 2, none: 12, fixed };
  return {
    ...config(kind),
    fields: [
      ...config(kind).fields,
      { name: "code", from: 3, ...digits },
      { name: "near", from: 6, table: "code", ...digits },
      { name: "by", from: 5, columns: 1, size: 6, onto: "near", by: "sign" },
    ],
  };
};

it("hash encoder: sums, shared tables, signs, none, and tokens that are hidden", () => {
  for (const fixed of [false, true]) {
    const embedding = new CodeEmbedding(near("mlp", fixed), nearCodes, createRandom(2));
    const { code, by } = embedding.tables;
    const nodes = Int32Array.of(2, 3);
    const [out, again] = [new Float32Array(2 * 4 * 8), new Float32Array(2 * 4 * 8)];
    embedding.forward(nodes, out);
    const row = (r: number, d: number) => code!.data[r * 8 + d]!;
    for (let d = 0; d < 8; d++) {
      expect(out[16 + d]).toBeCloseTo(row(2, d) + row(6, d), 6);
      expect(out[24 + d]).toBeCloseTo((row(3, d) + row(6, d)) * by!.data[d]!, 6);
      expect(out[32 + 24 + d]).toBe(0);
    }
    // The relation's signs are those of its real and its imaginary part, either way.
    for (let d = 0; d < 4; d++) {
      const sign = Math.sign(by!.data[d]!);
      for (const at of [4 + d, 2 * 8 + d, 2 * 8 + 4 + d])
        expect(Math.sign(by!.data[at]!)).toBe(sign);
    }
    embedding.hide("near", 2, 0);
    embedding.forward(nodes, again);
    expect(again.subarray(24, 32).every((value) => value === 0)).toBe(true);
    embedding.show();
    embedding.forward(nodes, again);
    expect(again).toEqual(out);
    const before = code!.data.slice();
    embedding.backward(nodes, new Float32Array(64).fill(1), 0.1);
    expect(code!.data.some((value, i) => value !== before[i])).toBe(!fixed);
    // What stands for nothing stays nothing.
    expect(code!.data.subarray(12 * 8).every((value) => value === 0)).toBe(true);
  }
  const uneven = {
    ...near("sum", false),
    fields: [{ name: "a", from: 0, columns: 3, size: 6, each: 2 }],
  };
  expect(() => new CodeEmbedding(uneven, nearCodes, createRandom(1))).toThrow(/columns/);
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
    const rows = { data: new Float32Array(NODES * tokens * 8), shape: [NODES, tokens, 8] };
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
