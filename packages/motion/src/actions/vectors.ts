import type { Matrix } from "@dtok/core";

/** Chunks of `size` rows of a trajectory, scaled, one chunk a row [n, size D]; the last row fills up. */
export function chunksOf(
  { data, shape: [rows, dim] }: Matrix,
  size: number,
  mean: Float32Array,
  deviation: Float32Array,
): Matrix {
  const count = Math.ceil(rows / size);
  const out = new Float32Array(count * size * dim);
  for (let i = 0; i < out.length; i++) {
    const d = i % dim;
    const t = Math.min(rows - 1, (i - d) / dim);
    out[i] = (data[t * dim + d]! - mean[d]!) / deviation[d]!;
  }
  return { data: out, shape: [count, size * dim] };
}

/** The inverse of `chunksOf`, cut to `rows`. */
export function rowsOf(
  chunks: Matrix,
  rows: number,
  mean: Float32Array,
  deviation: Float32Array,
): Matrix {
  const dim = mean.length;
  const data = new Float32Array(rows * dim);
  for (let i = 0; i < data.length; i++)
    data[i] = chunks.data[i]! * deviation[i % dim]! + mean[i % dim]!;
  return { data, shape: [rows, dim] };
}

export function stack(matrices: readonly Matrix[]): Matrix {
  const columns = matrices[0]!.shape[1];
  const rows = matrices.reduce((sum, { shape }) => sum + shape[0], 0);
  const data = new Float32Array(rows * columns);
  matrices.reduce((at, one) => (data.set(one.data, at), at + one.data.length), 0);
  return { data, shape: [rows, columns] };
}
