import { createRandom } from "@dtok/core";
import type { Matrix, ModelRuntime, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { sinkhornAssign } from "@dtok/train";
import * as t from "@dtok/train";
import type { Value } from "@dtok/train";
import {
  balancedClusters,
  collaborativeLoss,
  diversityLoss,
  drawPartners,
  trainRqVae,
} from "@dtok/train/presets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await createRuntime();
});
afterAll(() => runtime.close());

const int64 = (values: readonly number[], shape: readonly number[]): Tensor => ({
  data: BigInt64Array.from(values, BigInt),
  shape,
});
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);
const logSum = (values: readonly number[]) => Math.log(values.reduce((s, v) => s + Math.exp(v), 0));

/** A loss of one matrix, its value and its gradient; compared with differences of `reference`. */
async function expectSame(
  x: readonly (readonly number[])[],
  build: (g: t.GraphBuilder, x: Value) => Value,
  reference: (x: readonly (readonly number[])[]) => number,
): Promise<number> {
  const shape = [x.length, (x[0] as number[]).length];
  const g = new t.GraphBuilder();
  const value = g.parameter("x", shape, () => Float32Array.from(x.flat()));
  const loss = build(g, value);
  const [gradient] = t.gradients(loss, [value]);
  const session = await runtime.load(g.toOnnx({ loss, gradient: gradient as Value }, "inputs"));
  const out = await session.run({ x: { data: Float32Array.from(x.flat()), shape } });
  await session.close();
  const found = out.gradient as Tensor<Float32Array>;
  for (const [i, row] of x.entries()) {
    for (const d of row.keys()) {
      const at = (gap: number) =>
        reference(x.map((r, n) => r.map((v, e) => (n === i && e === d ? v + gap : v))));
      const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
      expect(found.data[i * row.length + d]).toBeCloseTo(slope, 4);
    }
  }
  const scalar = (out.loss as Tensor<Float32Array>).data[0] as number;
  expect(scalar).toBeCloseTo(reference(x), 4);
  return scalar;
}

describe("LETTER's collaborative loss", () => {
  it("is that of the hand-worked example", async () => {
    // z·h: [[2, 0], [0, 1]]. -(log(e²/(e²+1)) + log(e/(1+e))) / 2 = (0.126928 + 0.313262) / 2
    const z = [
      [2, 0],
      [0, 1],
    ];
    const build = (g: t.GraphBuilder, x: Value) =>
      collaborativeLoss(
        x,
        g.constant({ data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] }),
        g.constant({ data: Float32Array.of(1, 1), shape: [2] }),
      );
    const loss = await expectSame(z, build, (x) => {
      const [a, b] = [(x[0] as number[])[0] as number, (x[0] as number[])[1] as number];
      const [c, d] = [(x[1] as number[])[0] as number, (x[1] as number[])[1] as number];
      return (logSum([a, b]) - a + logSum([c, d]) - d) / 2;
    });
    expect(loss).toBeCloseTo(0.220095, 5);
  });

  it("leaves items without interactions out on both sides, and has its gradient", async () => {
    const random = createRandom(4);
    const matrix = (rows: number, dim: number) =>
      Array.from({ length: rows }, () => [...random.fillNormal(new Float32Array(dim))]);
    const [z, h] = [matrix(6, 4), matrix(6, 4)];
    const known = [1, 0, 1, 1, 0, 1];
    await expectSame(
      z,
      (g, x) =>
        collaborativeLoss(
          x,
          g.constant({ data: Float32Array.from(h.flat()), shape: [6, 4] }),
          g.constant({ data: Float32Array.from(known), shape: [6] }),
        ),
      (x) => {
        const rows = [0, 2, 3, 5];
        const terms = rows.map((i) => {
          const all = rows.map((j) => dot(x[i] as number[], h[j] as number[]));
          return logSum(all) - dot(x[i] as number[], h[i] as number[]);
        });
        return terms.reduce((a, b) => a + b) / rows.length;
      },
    );
  });
});

describe("LETTER's diversity loss", () => {
  it("is that of the hand-worked example, and has its gradient", async () => {
    // Codes 0 and 1 are partners: e_0·e_1 = 0.5, e_0·e_2 = -1. One item of code 0:
    // -log(e^0.5 / (e^0.5 + e^-1)) = log(1 + e^-1.5) = 0.201413
    const words = [[1, 0], [0.5, 1], [-1, 0]]; // prettier-ignore
    const build = (g: t.GraphBuilder, x: Value) =>
      diversityLoss(x, g.constant(int64([0], [1])), g.constant(int64([1, 0, 2], [3, 1])));
    const reference = (w: readonly (readonly number[])[]) => {
      const [p, q] = [1, 2].map((j) => dot(w[0] as number[], w[j] as number[])) as [number, number];
      return logSum([p, q]) - p;
    };
    expect(await expectSame(words, build, reference)).toBeCloseTo(0.201413, 5);
  });

  it("adds up over items; a code without a partner adds nothing", async () => {
    const random = createRandom(9);
    const words = Array.from({ length: 5 }, () => [...random.fillNormal(new Float32Array(3))]);
    const codes = [0, 3, 3, 4, 1];
    const partners = [2, 3, 0, 1, 4];
    await expectSame(
      words,
      (g, x) =>
        diversityLoss(x, g.constant(int64(codes, [5])), g.constant(int64(partners, [5, 1]))),
      (w) => {
        const items = codes.filter((k) => partners[k] !== k);
        const terms = items.map((k) => {
          const e = w[k] as number[];
          const others = w.filter((_, j) => j !== k).map((v) => dot(e, v as number[]));
          return logSum(others) - dot(e, w[partners[k] as number] as number[]);
        });
        return terms.reduce((a, b) => a + b) / items.length;
      },
    );
  });
});

describe("clusters of a codebook", () => {
  it("are of equal size, give or take one, and of neighbours", async () => {
    const random = createRandom(2);
    const codebook: Matrix = { data: random.fillNormal(new Float32Array(23 * 4)), shape: [23, 4] };
    const of = await balancedClusters(codebook, 5, 1);
    const sizes = Array.from({ length: 5 }, (_, c) => of.filter((v) => v === c).length);
    expect(sizes.toSorted()).toEqual([4, 4, 5, 5, 5]);
    // Two groups far apart stay whole.
    const line: Matrix = { data: Float32Array.of(0, 9, 1, 10, 2, 11), shape: [6, 1] };
    const [a, b, c, d, e, f] = await balancedClusters(line, 2);
    expect([a === c && c === e, b === d && d === f, a === b]).toEqual([true, true, false]);
    await expect(balancedClusters(line, 7)).rejects.toThrow(/clusters/);
  });

  it("gives each code another one of its cluster", () => {
    const of = Int32Array.of(0, 1, 0, 2, 1, 0);
    const drawn = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const partners = drawPartners(of, createRandom(seed));
      for (const [k, p] of partners.entries()) {
        expect(of[Number(p)]).toBe(of[k]);
        expect(Number(p) === k).toBe(k === 3);
      }
      drawn.add(`${partners[0]}`);
    }
    expect(drawn).toEqual(new Set(["2", "5"]));
  });
});

describe("even codes by Sinkhorn", () => {
  const assign = async (rows: readonly (readonly number[])[], options = {}) => {
    const g = new t.GraphBuilder();
    const shape = [rows.length, (rows[0] as number[]).length];
    const d = g.input("d", shape);
    const session = await runtime.load(g.toOnnx({ y: sinkhornAssign(d, options) }, {}));
    const { y } = await session.run({ d: { data: Float32Array.from(rows.flat()), shape } });
    await session.close();
    return Array.from((y as Tensor).data as BigInt64Array, Number);
  };

  it("shares two codes between four items by the gap of their distances", async () => {
    // Code 0 is nearest to all; the two that lose least by it go to code 1.
    const d = [[0, 9], [0, 1], [0, 8], [0, 2]]; // prettier-ignore
    expect(await assign(d)).toEqual([0, 1, 0, 1]);
    expect(await assign([[3, 3], [3, 3]])).toEqual([0, 0]); // prettier-ignore
    await expect(assign(d, { epsilon: 0 })).rejects.toThrow(/epsilon/);
  });

  it("uses all codes alike where the nearest ones do not", async () => {
    const random = createRandom(7);
    const x = random.fillNormal(new Float32Array(64));
    const words = [-0.1, 0, 0.1, 2.5];
    const d = Array.from(x, (v) => words.map((w) => (v - w) ** 2));
    const nearest = d.map((row) => row.indexOf(Math.min(...row)));
    const even = await assign(d);
    const largest = (codes: number[]) =>
      Math.max(...words.map((_, k) => codes.filter((c) => c === k).length));
    expect(largest(nearest)).toBeGreaterThan(22);
    // Entropy and the largest place of a row leave it a few from 16.
    expect(largest(even)).toBeLessThanOrEqual(20);
    // Items in order get codes in order: transport on a line does not cross.
    const sorted = [...x.keys()].toSorted((a, b) => (x[a] as number) - (x[b] as number));
    const codes = sorted.map((n) => even[n] as number);
    expect(codes).toEqual(codes.toSorted((a, b) => a - b));
  });
});

describe("RQ-VAE with regularisers", { timeout: 60_000 }, () => {
  const random = createRandom(3);
  const [rows, dim] = [240, 8];
  // What users took splits the items in six. The vectors know of it, but other things are louder in them.
  const vectors: Matrix = {
    data: random
      .fillNormal(new Float32Array(rows * dim))
      .map((v, i) => v + (Math.floor(i / dim) % 6 === i % dim ? 1.5 : 0)),
    shape: [rows, dim],
  };
  const taken: Matrix = {
    data: Float32Array.from({ length: rows * 6 }, (_, i) =>
      Math.floor(i / 6) % 40 !== 0 && Math.floor(i / 6) % 6 === i % 6 ? 4 : 0,
    ),
    shape: [rows, 6],
  };
  const config = { hidden: [24], latent: 6, levels: 2, size: 12 };
  const options = { steps: 240, batch: 64, learningRate: 4e-3, seed: 1 };

  async function codesOf(more: object): Promise<Int32Array> {
    const model = await trainRqVae(runtime, vectors, config, { ...options, ...more });
    const session = await runtime.load(model.encoder);
    const z = ((await session.run({ vectors })).latents as Tensor<Float32Array>).data;
    await session.close();
    return Int32Array.from({ length: rows }, (_, n) => {
      const gaps = Array.from({ length: 12 }, (__, k) =>
        model.codebooks.data
          .subarray(k * 6, k * 6 + 6)
          .reduce((sum, w, d) => sum + (w - (z[n * 6 + d] as number)) ** 2, 0),
      );
      return gaps.indexOf(Math.min(...gaps));
    });
  }

  it("collaborative: items that the same users take share codes more often", async () => {
    const share = (codes: Int32Array) => {
      let [same, pairs] = [0, 0];
      for (let i = 0; i < rows; i++) {
        for (let j = i + 6; j < rows; j += 6) {
          if (i % 40 === 0 || j % 40 === 0) continue;
          pairs++;
          if (codes[i] === codes[j]) same++;
        }
      }
      return same / pairs;
    };
    const plain = share(await codesOf({}));
    const regularised = share(await codesOf({ collaborative: { vectors: taken, weight: 3 } }));
    expect(regularised).toBeGreaterThan(plain * 1.3);
  });

  it("diversity and even codes train, and codes are in use", async () => {
    const codes = await codesOf({ diversity: { weight: 0.02, clusters: 4 }, sinkhorn: {} });
    expect(new Set(codes).size).toBeGreaterThanOrEqual(8);
  });

  it("refuses what does not fit", async () => {
    const few: Matrix = { data: new Float32Array(6), shape: [1, 6] };
    const train = (more: object) => trainRqVae(runtime, vectors, config, { ...options, ...more });
    await expect(train({ collaborative: { vectors: few } })).rejects.toThrow(/240 rows/);
    const nan: Matrix = { ...taken, data: taken.data.slice().fill(NaN, 0, 1) };
    await expect(train({ collaborative: { vectors: nan } })).rejects.toThrow(/NaN/);
    await expect(train({ diversity: { clusters: 13 } })).rejects.toThrow(/clusters/);
    await expect(train({ diversity: { weight: -1 } })).rejects.toThrow(/diversity/);
  });
});
