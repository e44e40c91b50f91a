import { expect, test } from "vitest";
import { lbfgs } from "./lbfgs.js";

/** (1 - x)² + 100 (y - x²)², least at (1, 1). */
const rosenbrock = (p: Float64Array, g: Float64Array): number => {
  const [x, y] = [p[0]!, p[1]!];
  g[0] = -2 * (1 - x) - 400 * x * (y - x * x);
  g[1] = 200 * (y - x * x);
  return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
};

test("finds the end of Rosenbrock's valley", () => {
  const at = lbfgs(Float64Array.of(-1.2, 1), rosenbrock, { steps: 100, rate: 1e-3 });
  expect(at[0]).toBeCloseTo(1, 5);
  expect(at[1]).toBeCloseTo(1, 5);
});

test("never rises, leaves the start alone, stays at a minimum", () => {
  const start = Float64Array.of(-1.2, 1);
  const g = new Float64Array(2);
  let last = rosenbrock(start, g);
  for (let steps = 1; steps < 40; steps++) {
    const value = rosenbrock(lbfgs(start, rosenbrock, { steps, rate: 10 }), g);
    expect(value).toBeLessThanOrEqual(last);
    last = value;
  }
  expect([...start]).toEqual([-1.2, 1]);
  expect([...lbfgs(Float64Array.of(1, 1), rosenbrock, { steps: 5, rate: 1 })]).toEqual([1, 1]);
});
