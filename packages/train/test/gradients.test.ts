import { createRandom, fsq } from "@dtok/core";
import type { ModelRuntime, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import * as t from "@dtok/train";
import type { GraphBuilder, Value } from "@dtok/train";
import * as conv1d from "../src/graph/conv1d.js";
import * as elementwise from "../src/graph/elementwise.js";
import * as indices from "../src/graph/indices.js";
import * as linear from "../src/graph/linear.js";
import * as shapes from "../src/graph/shape.js";
import * as softmaxes from "../src/graph/softmax.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await createRuntime();
});
afterAll(() => runtime.close());

const random = createRandom(3);
const weight = (g: GraphBuilder, name: string, shape: number[]) =>
  g.parameter(name, shape, t.heNormal(random, 4));
const layer = (g: GraphBuilder, x: Value, kernel: number, more: object = {}) =>
  t.convLayer(g, random, "c", x, 4, { kernel, ...more });

/** Every operator with a gradient, on x of shape [2, 4, 6, 6]. */
const operators: Record<string, (g: GraphBuilder, x: Value) => Value> = {
  add: (g, x) => t.add(x, weight(g, "w", [2, 4, 6, 6])),
  "add, broadcast": (g, x) => t.add(x, weight(g, "w", [4, 1, 1])),
  sub: (g, x) => t.sub(weight(g, "w", [6]), x),
  mul: (g, x) => t.mul(x, weight(g, "w", [4, 1, 6])),
  div: (g, x) => t.div(x, t.add(t.square(weight(g, "w", [6, 6])), 1)),
  neg: (_, x) => t.neg(x),
  abs: (_, x) => t.abs(t.add(x, 0.01)),
  square: (_, x) => t.square(x),
  sqrt: (_, x) => t.sqrt(t.add(t.square(x), 0.5)),
  exp: (_, x) => t.exp(t.mul(x, 0.5)),
  log: (_, x) => t.log(t.add(t.square(x), 0.5)),
  tanh: (_, x) => t.tanh(x),
  sigmoid: (_, x) => t.sigmoid(x),
  erf: (_, x) => t.erf(x),
  gelu: (_, x) => t.gelu(x),
  silu: (_, x) => t.silu(x),
  relu: (_, x) => t.relu(x),
  leakyRelu: (_, x) => t.leakyRelu(x, 0.2),
  clip: (_, x) => t.clip(x, -0.8, 0.8),
  where: (g, x) => t.where(t.greater(x, 0.2), t.square(x), weight(g, "w", [2, 4, 6, 6])),
  reshape: (_, x) => t.square(t.reshape(x, [8, -1])),
  transpose: (g, x) => t.mul(t.transpose(x, [0, 2, 3, 1]), weight(g, "w", [4])),
  concat: (g, x) => t.concat([x, t.square(x), weight(g, "w", [2, 3, 6, 6])], 1),
  slice: (_, x) => t.slice(x, [1, 3], [1, 2], [4, 5]),
  "slice, stepped": (_, x) => t.slice(x, [2], [1], [6], [2]),
  pad: (_, x) => t.pad(x, [0, 0, 1, 0], [0, 0, 0, 2]),
  "pad, negative": (_, x) => t.pad(x, [0, 0, -1, 0], [0, 0, 0, -2]),
  reduceSum: (_, x) => t.reduceSum(x, [1, 3]),
  reduceMean: (_, x) => t.sub(x, t.reduceMean(x, [2, 3], true)),
  expand: (_, x) => t.expand(t.reduceMean(x, [0], true), [5, 4, 6, 6]),
  reduceMax: (_, x) => t.reduceMax(x, [1]),
  softmax: (_, x) => t.softmax(x, 1),
  logSoftmax: (_, x) => t.logSoftmax(x),
  pick: (g, x) =>
    t.pick(
      t.reshape(x, [8, 36]),
      g.constant({ data: BigInt64Array.of(3n, 0n, 35n, 7n, 1n, 1n, 9n, 2n), shape: [8] }),
    ),
  crossEntropy: (g, x) =>
    t.crossEntropy(
      t.reshape(x, [8, 36]),
      g.constant({ data: BigInt64Array.of(3n, 0n, 35n, 7n, 1n, 1n, 9n, 2n), shape: [8] }),
    ),
  gather: (g, x) =>
    t.gather(
      t.reshape(x, [8, 36]),
      g.constant({ data: BigInt64Array.of(3n, 0n, 3n, 7n), shape: [2, 2] }),
    ),
  scatterAdd: (g, x) =>
    t.scatterAdd(
      t.reshape(x, [8, 36]),
      g.constant({ data: BigInt64Array.of(2n, 0n, 2n, 4n, 4n, 4n, 1n, 0n), shape: [8] }),
      5,
    ),
  unit: (_, x) => t.add(t.unit(t.reshape(x, [8, 36])), 0.5),
  layerNorm: (g, x) => t.layerNorm(g, "n", x),
  rmsNorm: (g, x) => t.rmsNorm(g, "n", x),
  channelNorm: (g, x) => t.channelNorm(g, "n", x),
  groupNorm: (g, x) => t.groupNorm(g, "n", x, 2),
  conv1d: (g, x) => t.conv1d(t.reshape(x, [2, 4, 36]), weight(g, "w", [3, 4, 5])),
  "conv1d, causal, stride 2, dilated": (g, x) =>
    t.conv1d(t.reshape(x, [2, 4, 36]), weight(g, "w", [3, 4, 3]), {
      bias: weight(g, "b", [3]),
      causal: true,
      stride: 2,
      dilation: 2,
    }),
  averagePool: (_, x) => t.averagePool(x, 3),
  spaceToDepth: (_, x) => t.spaceToDepth(x, 2),
  depthToSpace: (_, x) => t.depthToSpace(x, 2),
  matmul: (g, x) => t.matmul(x, weight(g, "w", [6, 5])),
  "matmul, both transposed": (g, x) =>
    t.matmul(x, weight(g, "w", [2, 4, 5, 6]), { transposeA: true, transposeB: true }),
  "matmul, left broadcast": (g, x) => t.matmul(weight(g, "w", [5, 6]), x),
  linearLayer: (g, x) => t.linearLayer(g, random, "l", x, 3),
  "conv2d 1x1": (g, x) => layer(g, x, 1),
  "conv2d 3x3": (g, x) => layer(g, x, 3),
  "conv2d 5x5": (g, x) => layer(g, x, 5),
  "conv2d 3x3, stride 2": (g, x) => layer(g, x, 3, { stride: 2 }),
  "conv2d 3x3, depthwise": (g, x) => layer(g, x, 3, { groups: 4 }),
  "conv2d without padding": (g, x) => t.conv2d(x, weight(g, "w", [3, 4, 3, 3]), { padding: 0 }),
};

/** Operators that pass no gradient by their nature, and those with another's, tested further down. */
const others = ["sign", "equal", "greater", "cast", "argMin", "argMax", "oneHot", "sumTo"];
const estimators = ["stopGradient", "straightThrough", "roundThrough"];

describe("gradients against central differences", () => {
  it("are taken of every operator that there is", () => {
    const all = [conv1d, elementwise, indices, linear, shapes, softmaxes].flatMap(Object.keys);
    const tested = Object.keys(operators).map((name) => /^\w+/.exec(name)?.[0]);
    const known = new Set([...tested, ...others, ...estimators]);
    expect(all.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(Object.entries(operators))("%s", async (_, build) => {
    const g = new t.GraphBuilder();
    const x = g.parameter("x", [2, 4, 6, 6], t.heNormal(random, 2));
    const y = build(g, x);
    const shape = y.shape as number[];
    const length = shape.reduce((a, b) => a * b, 1);
    const mix = g.constant({ data: random.fillNormal(new Float32Array(length)), shape });
    const loss = t.reduceSum(t.mul(t.square(y), mix));
    const parameters = [...g.parameters.values()];
    const found = t.gradients(
      loss,
      parameters.map(({ value }) => value),
    );
    const outputs: Record<string, Value> = { loss };
    for (const [i, gradient] of found.entries()) outputs[`g${i}`] = gradient as Value;
    const session = await runtime.load(g.toOnnx(outputs, "inputs"));
    const feeds: Record<string, Tensor<Float32Array>> = {};
    for (const { value, initial, shape: size } of parameters) {
      feeds[value.name] = { data: initial, shape: size };
    }
    const result = await session.run(feeds);
    const lossAt = async (name: string, data: Float32Array) => {
      const moved = { ...feeds, [name]: { ...(feeds[name] as Tensor), data } };
      return ((await session.run(moved, ["loss"])).loss as Tensor<Float32Array>).data[0] as number;
    };
    for (const [i, { value, initial }] of parameters.entries()) {
      const gradient = (result[`g${i}`] as Tensor<Float32Array>).data;
      // Along the gradient itself the difference is as large as it can be, so that float32 sums
      // over the whole loss leave several digits.
      const norm = Math.hypot(...gradient);
      expect(norm).toBeGreaterThan(0);
      const step = 2e-2;
      const along = (sign: number) =>
        initial.map((v, k) => v + (sign * step * (gradient[k] as number)) / norm);
      const slope =
        ((await lossAt(value.name, along(1))) - (await lossAt(value.name, along(-1)))) / (2 * step);
      expect(Math.abs(slope - norm) / norm).toBeLessThan(0.02);
      // And along a random direction, which sees a gradient that is right in length only.
      const direction = random.fillNormal(new Float32Array(initial.length));
      const expected = direction.reduce((sum, d, k) => sum + d * (gradient[k] as number), 0);
      const aside = (sign: number) =>
        initial.map((v, k) => v + sign * 5e-3 * (direction[k] as number));
      const measured =
        ((await lossAt(value.name, aside(1))) - (await lossAt(value.name, aside(-1)))) / 1e-2;
      const scale = norm * Math.hypot(...direction);
      expect(Math.abs(measured - expected) / scale).toBeLessThan(0.02);
    }
    await session.close();
  });
});

describe("what passes no gradient, or another's", () => {
  it("straightThrough is the hard value forward and the soft one's gradient backward", async () => {
    const g = new t.GraphBuilder();
    const x = g.parameter("x", [3], () => Float32Array.of(0.2, 1.7, -2.4));
    const loss = t.reduceSum(t.square(t.straightThrough(t.relu(x), x)));
    const [gradient] = t.gradients(loss, [x]);
    const session = await runtime.load(g.toOnnx({ loss, gradient: gradient as Value }, "inputs"));
    const result = await session.run({ x: { data: Float32Array.of(0.2, 1.7, -2.4), shape: [3] } });
    // y = relu(x), dloss/dx = 2 y by definition, also where relu's own gradient is zero.
    expect([...(result.gradient as Tensor<Float32Array>).data]).toEqual(
      [0.2, 1.7, 0].map((v) => Math.fround(2 * Math.fround(v))),
    );
    await session.close();
  });

  it("roundThrough rounds forward and passes backward; stopGradient passes nothing", async () => {
    const g = new t.GraphBuilder();
    const x = g.parameter("x", [2], () => Float32Array.of(0.4, 1.6));
    const loss = t.reduceSum(t.mul(t.roundThrough(x), t.stopGradient(x)));
    const [gradient] = t.gradients(loss, [x]);
    const session = await runtime.load(g.toOnnx({ loss, gradient: gradient as Value }, "inputs"));
    const result = await session.run({ x: { data: Float32Array.of(0.4, 1.6), shape: [2] } });
    const data = [...(result.gradient as Tensor<Float32Array>).data];
    expect(data).toEqual([Math.fround(0.4), Math.fround(1.6)]);
    await session.close();
  });

  it("a loss that is no scalar and shapes that do not fit are typed errors", () => {
    const g = new t.GraphBuilder();
    const x = g.parameter("x", [2, 3], t.zeros);
    expect(() => t.gradients(x, [x])).toThrowError(/scalar/);
    expect(() => t.matmul(x, x)).toThrowError(/inner sizes/);
    expect(() => t.add(x, g.parameter("y", [4], t.zeros))).toThrowError(/broadcast/);
    expect(() => t.reshape(x, [4, 2])).toThrowError(/6 elements/);
    expect(() => g.parameter("x", [3], t.zeros)).toThrowError(/as before/);
  });
});

describe("fsqLayer", () => {
  it("decodes to what @dtok/core's FSQ decodes to", async () => {
    const levels = [8, 5, 4, 3];
    const g = new t.GraphBuilder();
    const z = g.input("z", [500, 4]);
    const session = await runtime.load(g.toOnnx({ y: t.fsqLayer(g, z, levels, 1) }, "inputs"));
    const data = random.fillNormal(new Float32Array(2000), 1.5);
    const { y } = await session.run({ z: { data, shape: [500, 4] } });
    const quantizer = fsq(levels, "atanh");
    const expected = quantizer.dequantize(quantizer.quantize({ data, shape: [500, 4] })).data;
    const found = (y as Tensor<Float32Array>).data;
    const far = found.filter((v, i) => Math.abs(v - (expected[i] as number)) > 1e-6).length;
    // A value that lies on a boundary to within float32 may fall either way.
    expect(far).toBeLessThanOrEqual(1);
    await session.close();
  });
});
