import { createRandom } from "@dtok/core";
import type { Matrix } from "@dtok/core";

/** A trajectory of sums of sines: smooth, and never the same twice. */
export function wave(rows: number, dim: number, seed: number): Matrix {
  const random = createRandom(seed);
  const data = new Float32Array(rows * dim);
  for (let d = 0; d < dim; d++) {
    const [a, b] = [0.5 + random.float(), 0.5 * random.float()];
    const [f, g] = [0.02 + 0.05 * random.float(), 0.1 + 0.2 * random.float()];
    const [p, q] = [6 * random.float(), 6 * random.float()];
    for (let t = 0; t < rows; t++)
      data[t * dim + d] = d + a * Math.sin(f * t + p) + b * Math.sin(g * t + q);
  }
  return { data, shape: [rows, dim] };
}

export const waves = (count: number, rows: number, dim: number) =>
  Array.from({ length: count }, (_, i) => wave(rows, dim, i + 1));

/** Root of the mean squared difference. */
export function rms(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return Math.sqrt(sum / a.data.length);
}

export const matrix = (rows: number, dim: number, values: ArrayLike<number>): Matrix => ({
  data: Float32Array.from(values),
  shape: [rows, dim],
});
