/*
 * Assignment to codewords other than the nearest, over s_k = -|x - c_k|^2:
 *
 *   soft:        p_k = exp(s_k / t) / sum of exp(s_j / t)          (soft-to-hard, arXiv 1704.00648, Eq. 3)
 *   stochastic:  argmax over k of s_k / t + g_k, g_k = -ln(-ln u)  (Gumbel-max: a draw from p;
 *                arXiv 1611.01144, Eq. 1)
 *
 * t = 0 is the limit: the nearest codeword, ties to the lowest index.
 */
import { ArgumentError } from "../errors/index.js";
import { checkNearest } from "../kernels/check.js";
import { nearest } from "../kernels/portable.js";
import { exactDistance } from "../kernels/reference.js";
import { createRandom, portableLog } from "../math/random.js";
import type { Matrix } from "../spec/tensor.js";
import type { Technique } from "./technique.js";

/**
 * Probabilities [N, K] of each codeword for each vector; each row sums to 1 within rounding.
 *
 * @param temperature t > 0, in units of squared distance
 */
export function softAssign(vectors: Matrix, codebook: Matrix, temperature = 1): Matrix {
  const { rows, size, dim } = checkNearest(vectors, codebook);
  if (!(temperature > 0 && temperature < Infinity)) throw temperatureError(temperature, "above 0");
  const out = new Float32Array(rows * size);
  const row = new Float64Array(size);
  for (let n = 0; n < rows; n++) {
    let least = Infinity;
    for (let k = 0; k < size; k++) {
      row[k] = exactDistance(vectors.data, n, codebook.data, k, dim);
      if (row[k]! < least) least = row[k]!;
    }
    let total = 0;
    for (let k = 0; k < size; k++) {
      // The nearest has exponent 0, so the sum is at least 1: no overflow, no 0 / 0.
      row[k] = Math.exp((least - row[k]!) / temperature);
      total += row[k]!;
    }
    for (let k = 0; k < size; k++) out[n * size + k] = row[k]! / total;
  }
  return { data: out, shape: [rows, size] };
}

/** Expected codewords [N, D] under probabilities [N, K]: the soft quantizer's output. */
export function softDequantize(probabilities: Matrix, codebook: Matrix): Matrix {
  const [size, dim] = codebook.shape;
  const { rows } = checkNearest(probabilities, { data: new Float32Array(size), shape: [1, size] });
  const out = new Float32Array(rows * dim);
  const sum = new Float64Array(dim);
  for (let n = 0; n < rows; n++) {
    sum.fill(0);
    for (let k = 0; k < size; k++) {
      const p = probabilities.data[n * size + k]!;
      if (p === 0) continue;
      for (let d = 0; d < dim; d++) sum[d]! += p * codebook.data[k * dim + d]!;
    }
    out.set(sum, n * dim);
  }
  return { data: out, shape: [rows, dim] };
}

/**
 * One draw per vector from `softAssign`'s distribution, length N; the same for the same seed.
 *
 * @param options.temperature t >= 0; 0 gives the nearest codeword. Default 1
 */
export function stochasticAssign(
  vectors: Matrix,
  codebook: Matrix,
  options: { readonly temperature?: number; readonly seed?: number } = {},
): Int32Array {
  const { temperature = 1, seed = 0 } = options;
  if (!(temperature >= 0 && temperature < Infinity)) throw temperatureError(temperature, "from 0");
  if (temperature === 0) return nearest(vectors, codebook).indices;
  const { rows, size, dim } = checkNearest(vectors, codebook);
  const random = createRandom(seed, 4);
  const out = new Int32Array(rows);
  for (let n = 0; n < rows; n++) {
    let best = -Infinity;
    for (let k = 0; k < size; k++) {
      // In (0, 1): both logarithms are finite and of normal numbers. Drawn for every code, so that a
      // code's draw does not depend on the others.
      const u = (random.uint32() + 0.5) / 4294967296;
      const cost = exactDistance(vectors.data, n, codebook.data, k, dim) / temperature;
      if (MAX_GUMBEL - cost <= best) continue;
      const score = -portableLog(-portableLog(u)) - cost;
      if (score > best) {
        best = score;
        out[n] = k;
      }
    }
  }
  return out;
}

/** -ln(-ln u) of the largest u that is drawn, 1 - 2^-33, is 22.87. */
const MAX_GUMBEL = 23;

function temperatureError(got: number, range: string): ArgumentError {
  return new ArgumentError("temperature", {
    expected: `a finite number ${range}`,
    got: String(got),
    remedy: "Pass it in units of squared distance.",
  });
}

export const techniques: readonly Technique[] = [
  {
    id: "t-vq-soft",
    name: "Soft assignment",
    family: "VQ",
    file: "quantizers/vq-assign.ts",
    use: "softAssign(vectors, codebook, temperature)",
    source: "arXiv 1704.00648, Eq. 3",
  },
  {
    id: "t-vq-gumbel",
    name: "Stochastic assignment (Gumbel)",
    family: "VQ",
    file: "quantizers/vq-assign.ts",
    use: "stochasticAssign(vectors, codebook, { temperature, seed })",
    source: "arXiv 1611.01144, Eq. 1",
  },
];
