import type { Matrix } from "../spec/tensor.js";
import { Layout, hasWasmKernels, instance } from "./module.js";
import { exactDistance } from "./reference.js";
import { copyRows } from "./wasm.js";

/** Numbers that are copied into WebAssembly's memory: 64 MiB. */
const MAX_NUMBERS = 1 << 24;

/** Squared distances of vectors to the nearest of some of themselves, which are added one by one. */
export interface Gaps {
  /** Float64, length N; Infinity before the first. */
  readonly gaps: Float64Array;
  /** Adds vector `pick`; returns the sum of all gaps, in the order of the vectors. */
  add(pick: number): number;
}

/** Gaps of finite vectors [N, D], the same with and without WebAssembly. */
export function gapsOf({ data, shape: [rows, dim] }: Matrix): Gaps {
  const pad = (dim + 3) & ~3;
  if (!hasWasmKernels() || rows * pad > MAX_NUMBERS) {
    const gaps = new Float64Array(rows).fill(Infinity);
    const add = (pick: number): number => {
      let total = 0;
      for (let n = 0; n < rows; n++) {
        const gap = exactDistance(data, n, data, pick, dim);
        if (gap < gaps[n]!) gaps[n] = gap;
        total += gaps[n]!;
      }
      return total;
    };
    return { gaps, add };
  }
  const layout = new Layout();
  const at = layout.take(rows * 8);
  const x = layout.take(rows * pad * 4);
  const own = instance(layout.at, true);
  const { buffer } = own.memory;
  const gaps = new Float64Array(buffer, at, rows).fill(Infinity);
  copyRows(data, 0, rows, dim, pad, new Float32Array(buffer, x, rows * pad));
  return { gaps, add: (pick) => own.narrowGaps(x, rows, pad, pick, at) };
}
