import type { Random } from "@dtok/core";

/** Fills a new parameter of `length` numbers. */
export type Initialiser = (length: number) => Float32Array;

/** He et al. (arXiv 1502.01852): normal with variance gain / fanIn. */
export function heNormal(random: Random, fanIn: number, gain = 2): Initialiser {
  return (length) => random.fillNormal(new Float32Array(length), Math.sqrt(gain / fanIn));
}

export const zeros: Initialiser = (length) => new Float32Array(length);
export const ones: Initialiser = (length) => new Float32Array(length).fill(1);
