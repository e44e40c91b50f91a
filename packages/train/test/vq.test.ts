import { createRandom, EmaCodebook } from "@dtok/core";
import type { ModelRuntime, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import * as t from "@dtok/train";
import type { GraphBuilder, Value } from "@dtok/train";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await createRuntime();
});
afterAll(() => runtime.close());

const [rows, dim, size] = [64, 3, 8];
const start = createRandom(1).fillNormal(new Float32Array(size * dim));
const batch = (step: number) =>
  createRandom(2, step + 1).fillNormal(new Float32Array(rows * dim), 1);

/** The quantizer alone, and a gain before it, so that there is something for Adam to train. */
function model(options: Partial<t.VqLayerOptions> = {}) {
  return (g: GraphBuilder) => {
    const x = g.input("x", [rows, dim]);
    const gain = g.parameter("gain", [1], t.ones);
    const vq = t.vqLayer(g, "vq", t.mul(x, gain), { size, initial: () => start, ...options });
    const error = t.reduceMean(t.square(t.sub(vq.quantized, x)));
    const loss = t.add(t.add(error, t.mul(vq.commitmentLoss, 0.25)), vq.codebookLoss);
    return { loss, metrics: { perplexity: vq.perplexity, codebook: vq.codebookLoss } };
  };
}
const array = (trainer: t.Trainer, name: string) =>
  (trainer.state()[name] as Tensor<Float32Array>).data;

describe("vqLayer", () => {
  it("moves its codebook as @dtok/core's EmaCodebook does", async () => {
    const trainer = await t.Trainer.create(runtime, model({ decay: 0.9 }));
    const core = new EmaCodebook({ data: start, shape: [size, dim] }, { decay: 0.9 });
    for (let step = 0; step < 30; step++) {
      const data = batch(step);
      // Rate 0: the gain stays 1, so that both see the same vectors.
      const { metrics } = await trainer.run({ x: { data, shape: [rows, dim] } }, 0);
      const { error, indices } = core.update({ data, shape: [rows, dim] });
      expect((metrics.codebook as number) * dim).toBeCloseTo(error, 3);
      const shares = Array.from({ length: size }, (_, k) => indices.filter((i) => i === k).length);
      const entropy = shares.reduce((h, n) => h - (n ? (n / rows) * Math.log(n / rows) : 0), 0);
      expect(metrics.perplexity as number).toBeCloseTo(Math.exp(entropy), 3);
    }
    const found = array(trainer, "vq.codebook");
    for (const [i, value] of core.codebook.data.entries()) expect(found[i]).toBeCloseTo(value, 3);
    expect(Math.hypot(...found.map((v, i) => v - (start[i] as number)))).toBeGreaterThan(0.1);
    await trainer.close();
  });

  it("brings a dead code back to a vector of the batch", async () => {
    const far = start.slice().fill(1e3, 0, dim);
    const run = async (more: Partial<t.VqLayerOptions>) => {
      const trainer = await t.Trainer.create(
        runtime,
        model({ decay: 0.5, initial: () => far, ...more }),
      );
      for (let step = 0; step < 8; step++) {
        await trainer.run({ x: { data: batch(step), shape: [rows, dim] } }, 0);
      }
      const word = array(trainer, "vq.codebook").slice(0, dim);
      await trainer.close();
      return Math.max(...word.map(Math.abs));
    };
    expect(await run({})).toBeGreaterThan(900);
    expect(await run({ resetBelow: 0.1 })).toBeLessThan(5);
  });

  it("learns by gradients a codebook as good as Lloyd's from the same start", async () => {
    const trainer = await t.Trainer.create(runtime, (g) => {
      const x = g.input("x", [rows, dim]);
      const vq = t.vqLayer(g, "vq", x, { size, initial: () => start, update: "gradient" });
      return { loss: vq.codebookLoss };
    });
    const data = batch(0);
    // Forgetting all at each step makes the running means Lloyd's.
    const lloyd = new EmaCodebook({ data: start, shape: [size, dim] }, { decay: 0 });
    const before = lloyd.update({ data, shape: [rows, dim] }).error / dim;
    for (let step = 0; step < 50; step++) lloyd.update({ data, shape: [rows, dim] });
    const after = lloyd.update({ data, shape: [rows, dim] }).error / dim;
    let loss = Number.NaN;
    for (let step = 0; step < 400; step++) {
      const feed = { x: { data, shape: [rows, dim] } };
      const result = await trainer.run(feed, 0.02 * (1 - step / 400));
      if (step === 0) expect(result.loss).toBeCloseTo(before, 4);
      loss = result.loss;
    }
    expect(after).toBeLessThan(0.9 * before);
    expect(Math.abs(loss - after) / after).toBeLessThan(0.05);
    await trainer.close();
  });

  it("passes the gradient of the codewords to z unchanged, and refuses other ranks", async () => {
    const g = new t.GraphBuilder();
    const z = g.parameter("z", [2, 3], (n) => new Float32Array(n).fill(0.3));
    const vq = t.vqLayer(g, "vq", z, { size, initial: () => start });
    const mix = g.constant({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    const [gradient] = t.gradients(t.reduceSum(t.mul(vq.quantized, mix)), [z]);
    const session = await runtime.load(g.toOnnx({ gradient: gradient as Value }, "inputs"));
    const feeds: Record<string, Tensor> = {};
    for (const { value, shape, initial } of g.parameters.values()) {
      if (session.inputs.some(({ name }) => name === value.name)) {
        feeds[value.name] = { data: initial, shape };
      }
    }
    const result = await session.run(feeds);
    expect([...(result.gradient as Tensor<Float32Array>).data]).toEqual([1, 2, 3, 4, 5, 6]);
    await session.close();
    const cube = g.input("cube", [2, 3, 4]);
    expect(() => t.vqLayer(g, "w", cube, { size, initial: () => start })).toThrowError(/rows/);
  });
});

describe("indices", () => {
  it("oneHot and argMax are inverse; argMin takes the first of equals", async () => {
    const g = new t.GraphBuilder();
    const x = g.input("x", [2, 4]);
    const best = t.argMax(x);
    const outputs = { hot: t.oneHot(best, 4), least: t.cast(t.argMin(x), "int32") };
    const session = await runtime.load(g.toOnnx(outputs, "inputs"));
    const { hot, least } = await session.run({
      x: { data: Float32Array.of(1, 0, 5, 0, -1, -1, -2, 7), shape: [2, 4] },
    });
    expect([...(hot as Tensor<Float32Array>).data]).toEqual([0, 0, 1, 0, 0, 0, 0, 1]);
    expect([...(least as Tensor<Int32Array>).data]).toEqual([1, 2]);
    await session.close();
  });
});

describe("conv1d", () => {
  it("by hand; causal outputs do not see the future", async () => {
    const g = new t.GraphBuilder();
    const x = g.input("x", [1, 1, 5]);
    const w = g.constant({ data: Float32Array.of(1, 10, 100), shape: [1, 1, 3] });
    const outputs = { same: t.conv1d(x, w), causal: t.conv1d(x, w, { causal: true }) };
    const session = await runtime.load(g.toOnnx(outputs, "inputs"));
    const result = await session.run({
      x: { data: Float32Array.of(1, 2, 3, 4, 5), shape: [1, 1, 5] },
    });
    expect([...(result.same as Tensor<Float32Array>).data]).toEqual([210, 321, 432, 543, 54]);
    expect([...(result.causal as Tensor<Float32Array>).data]).toEqual([100, 210, 321, 432, 543]);
    await session.close();
  });
});
