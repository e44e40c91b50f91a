import { createRandom } from "../src/math/random.js";
import type { Matrix } from "../src/spec/tensor.js";

/** Correlated Gaussian vectors [rows, columns] whose variance falls from the first direction on. */
export function correlated(rows: number, columns: number, seed: number): Matrix {
  const random = createRandom(seed);
  const mix = random.fillNormal(new Float32Array(columns * columns));
  const z = random.fillNormal(new Float32Array(rows * columns));
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < columns; a++) {
      let sum = 0;
      for (let b = 0; b < columns; b++) {
        sum += (mix[a * columns + b]! * z[i * columns + b]!) / (1 + b);
      }
      data[i * columns + a] = sum;
    }
  }
  return { data, shape: [rows, columns] };
}

/** Σ |a - b|² over all numbers. */
export function squaredError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
