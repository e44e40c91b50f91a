import { createRuntime } from "@dtok/runtime";
import { GraphBuilder, adaptiveWeight, add, gradients, mul, reduceSum, square } from "@dtok/train";
import { expect, test } from "vitest";

/** lambda for the weights [3, 4], reconstruction w.w / 2 and adversarial `scale` times -(6 w0 + 8 w1). */
async function weightOf(scale: number, options: { delta?: number; most?: number } = {}) {
  const g = new GraphBuilder();
  const w = g.input("w", [2]);
  const direction = g.constant({ data: Float32Array.of(-6 * scale, -8 * scale), shape: [2] }, "v");
  const reconstruction = reduceSum(mul(square(w), 0.5));
  const adversarial = reduceSum(mul(w, direction));
  const weight = adaptiveWeight(reconstruction, adversarial, w, options);
  const [gradient] = gradients(add(reconstruction, mul(adversarial, weight)), [w]);
  const runtime = await createRuntime();
  const session = await runtime.load(g.toOnnx({ weight, gradient: gradient! }, "inputs"));
  const out = await session.run({ w: { data: Float32Array.of(3, 4), shape: [2] } });
  await runtime.close();
  return {
    weight: (out.weight!.data as Float32Array)[0]!,
    gradient: Array.from(out.gradient!.data as Float32Array),
  };
}

test("trap: the weight of VQGAN's Eq. 3 is a ratio of gradient norms", async () => {
  // By hand: |(3, 4)| = 5 and |(-6, -8)| = 10. The printed ratio of the gradients is (-1/2, -1/2).
  const { weight, gradient } = await weightOf(1);
  expect(weight).toBeCloseTo(0.5, 6);
  // Nothing passes through the weight: (3, 4) + (-6, -8) / 2.
  expect(gradient[0]).toBeCloseTo(0, 5);
  expect(gradient[1]).toBeCloseTo(0, 5);
});

test("trap: it stays bounded where the discriminator is indifferent", async () => {
  expect((await weightOf(0)).weight).toBe(1e4);
  expect((await weightOf(0, { most: 3 })).weight).toBe(3);
  expect((await weightOf(0.1, { delta: 4 })).weight).toBeCloseTo(1, 5);
});

test("a loss that the layer has no part in is refused", () => {
  const g = new GraphBuilder();
  const [w, other] = [g.input("w", [2]), g.input("x", [2])];
  expect(() => adaptiveWeight(reduceSum(w), reduceSum(other), w)).toThrow(/adversarial loss/);
});
