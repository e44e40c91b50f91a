// A tokenizer trained in seconds: pieces of sine waves [64] as one FSQ code of 8 x 8 x 6 x 5 values.
import { createRandom } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { Trainer, fsqLayer, linearLayer, reduceMean, silu, square, sub } from "@dtok/train";

const random = createRandom(3);
const length = 64;
const rows = 128;
function waves() {
  const data = new Float32Array(rows * length);
  for (let n = 0; n < rows; n++) {
    const [phase, size] = [2 * Math.PI * random.float(), 0.5 + random.float()];
    for (let t = 0; t < length; t++) data[n * length + t] = size * Math.sin(0.2 * t + phase);
  }
  return { x: { data, shape: [rows, length] } };
}
const runtime = await createRuntime();
const trainer = await Trainer.create(runtime, (graph) => {
  const x = graph.input("x", [rows, length]);
  const inside = silu(linearLayer(graph, random, "in", x, 32));
  const codes = fsqLayer(graph, linearLayer(graph, random, "to codes", inside, 4), [8, 8, 6, 5], 1);
  const outside = silu(linearLayer(graph, random, "from codes", codes, 32));
  return { loss: reduceMean(square(sub(linearLayer(graph, random, "out", outside, length), x))) };
});
for (let step = 0; step < 600; step++) await trainer.run(waves(), 3e-3);
const test = waves(); // never seen: a step of rate 0 measures it
const power = test.x.data.reduce((sum, v) => sum + v * v, 0) / test.x.data.length;
console.log("error held-out", (await trainer.run(test, 0)).loss, "of the mean", power);
await Promise.all([trainer.close(), runtime.close()]);
