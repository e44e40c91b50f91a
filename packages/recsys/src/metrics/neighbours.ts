import { MismatchError, createRandom } from "@dtok/core";
import type { Codes, Matrix } from "@dtok/core";

export interface NeighbourOptions {
  /** Neighbours per item. Default 10. */
  readonly neighbours?: number;
  /** Items whose neighbours are looked up, sampled. Default 500. */
  readonly queries?: number;
  readonly seed?: number;
}

/**
 * How far IDs keep neighbourhoods: for each prefix length l = 1 … Q, the share of an item's true
 * nearest neighbours (by Euclidean distance of vectors [N, D]) that share its first l codes, mean over
 * sampled items; `chance` is the share of all other items that do.
 */
export function neighbourRecall(
  vectors: Matrix,
  codes: Codes,
  options: NeighbourOptions = {},
): { readonly recall: readonly number[]; readonly chance: readonly number[] } {
  const { neighbours = 10, queries = 500, seed = 0 } = options;
  const [rows, dim] = vectors.shape;
  const [count, width] = codes.shape;
  if (rows !== count || rows < 2) {
    throw new MismatchError("codes", {
      expected: `${rows} rows, as the vectors have, and at least 2`,
      got: String(count),
      remedy: "Pass the codes of these vectors.",
    });
  }
  const k = Math.min(neighbours, rows - 1);
  const picks = createRandom(seed).sample(Math.min(queries, rows), rows);
  const recall = new Float64Array(width);
  const chance = new Float64Array(width);
  const gaps = new Float64Array(rows);
  const { data } = vectors;
  for (const query of picks) {
    const near: number[] = [];
    for (let n = 0; n < rows; n++) {
      let sum = 0;
      for (let d = 0, a = query * dim, b = n * dim; d < dim; d++) {
        const gap = data[a++]! - data[b++]!;
        sum += gap * gap;
      }
      gaps[n] = sum;
      if (n === query) continue;
      const shared = sharedCodes(codes, query, n);
      for (let l = 0; l < shared; l++) chance[l]! += 1 / (rows - 1);
      if (near.length === k && sum >= gaps[near[k - 1]!]!) continue;
      if (near.length === k) near.pop();
      let at = near.length;
      while (at > 0 && gaps[near[at - 1]!]! > sum) at--;
      near.splice(at, 0, n);
    }
    for (const n of near) {
      const shared = sharedCodes(codes, query, n);
      for (let l = 0; l < shared; l++) recall[l]! += 1 / k;
    }
  }
  return {
    recall: Array.from(recall, (sum) => sum / picks.length),
    chance: Array.from(chance, (sum) => sum / picks.length),
  };
}

function sharedCodes({ data, shape: [, width] }: Codes, a: number, b: number): number {
  let l = 0;
  while (l < width && data[a * width + l] === data[b * width + l]) l++;
  return l;
}
