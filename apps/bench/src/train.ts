/*
 * How fast training steps run, in GFLOP/s of matrix products and convolutions, beside the rate of a
 * bare matrix product of the same session options in the same run:
 *
 *   npx tsx --conditions=@dtok/source apps/bench/src/train.ts
 *
 * Rounds alternate between all of the graphs and the best round of each counts, so that other work
 * on the machine disturbs each of them alike.
 */
import { cpus } from "node:os";
import { createRandom } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { convLayer, GraphBuilder, gelu, linearLayer, matmul, reduceMean } from "@dtok/train";
import { square, Trainer } from "@dtok/train";
import type { ModelFunction, Value } from "@dtok/train";

const ROUNDS = 8;
const random = createRandom(1);
const normal = (shape: number[]): Tensor => ({
  data: random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))),
  shape,
});

interface Case {
  readonly name: string;
  readonly flops: number;
  run(): Promise<unknown>;
  close(): Promise<void>;
}

const runtime = await createRuntime();

async function product(n: number): Promise<Case> {
  const g = new GraphBuilder();
  const y = matmul(g.input("a", [n, n]), g.input("b", [n, n]));
  const session = await runtime.load(g.toOnnx({ y }, "inputs"));
  const feeds = { a: normal([n, n]), b: normal([n, n]) };
  const into = { y: { data: new Float32Array(n * n), shape: [n, n] } };
  return {
    name: `bare product ${n} x ${n} x ${n}`,
    flops: 2 * n ** 3,
    run: () => (session.runInto ? session.runInto(feeds, into) : session.run(feeds)),
    close: () => session.close(),
  };
}

async function training(
  name: string,
  shape: number[],
  network: (g: GraphBuilder, x: Value) => Value,
): Promise<Case> {
  const model: ModelFunction = (g) => ({
    loss: reduceMean(square(network(g, g.input("x", shape)))),
  });
  const trainer = await Trainer.create(runtime, model);
  const batch = { x: normal(shape) };
  return {
    name,
    flops: trainer.flopsPerStep,
    run: () => trainer.run(batch, 1e-4),
    close: () => trainer.close(),
  };
}

const conv =
  (kernel: number, more: object = {}) =>
  (g: GraphBuilder, x: Value) =>
    // Two layers: the first one's gradient toward its input is never asked for.
    convLayer(g, random, "b", convLayer(g, random, "a", x, 64, { kernel, ...more }), 64, {
      kernel,
      ...more,
    });

const cases = [
  await product(1024),
  await product(2048),
  await training("step: 4 linear layers of 1024, 1024 rows, GELU", [1024, 1024], (g, x) => {
    let y = x;
    for (let i = 0; i < 4; i++) y = gelu(linearLayer(g, random, `l${i}`, y, 1024, 2));
    return y;
  }),
  await training("step: 2 convolutions 1x1, 64 channels", [8, 64, 64, 64], conv(1)),
  await training("step: 2 convolutions 3x3, 64 channels", [8, 64, 64, 64], conv(3)),
  await training("step: 2 convolutions 3x3, stride 2", [8, 64, 64, 64], conv(3, { stride: 2 })),
  await training("step: 2 convolutions 5x5, depthwise", [8, 64, 64, 64], conv(5, { groups: 64 })),
];

const best = cases.map(() => Number.POSITIVE_INFINITY);
for (const each of cases) await each.run();
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, each] of cases.entries()) {
    const start = performance.now();
    await each.run();
    best[i] = Math.min(best[i] as number, performance.now() - start);
  }
}
/** The faster of the bare products is what the machine can do. */
const rates = cases.map(({ flops }, i) => flops / ((best[i] as number) * 1e6));
console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} logical cores`);
for (const [i, { name }] of cases.entries()) {
  const share = (100 * (rates[i] as number)) / Math.max(rates[0] as number, rates[1] as number);
  console.log(
    `${name.padEnd(52)} ${(best[i] as number).toFixed(1).padStart(8)} ms ` +
      `${(rates[i] as number).toFixed(1).padStart(7)} GFLOP/s  ${share.toFixed(0).padStart(3)} %`,
  );
}
console.log("Expected: the step of linear layers at 50 % of the bare product or more.");
for (const each of cases) await each.close();
await runtime.close();
