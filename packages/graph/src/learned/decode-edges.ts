import { LimitError } from "@dtok/core";
import type { Codes, Matrix } from "@dtok/core";

/** Different rows of codes beyond which all pairs of them are too many to look at. */
const MOST = 8192;

/** Equal rows of codes as one: `of` [N] is each node's number among the `rows` first nodes that have them. */
export function distinctCodes({ data, shape: [count, width] }: Codes): {
  readonly of: Int32Array;
  readonly first: Int32Array;
} {
  const known = new Map<string, number>();
  const first: number[] = [];
  const of = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    const key = data.subarray(n * width, (n + 1) * width).join();
    let at = known.get(key);
    if (at === undefined) {
      known.set(key, (at = first.length));
      first.push(n);
    }
    of[n] = at;
  }
  return { of, first: Int32Array.from(first) };
}

/**
 * The `count` likeliest edges between nodes: pairs of codes by falling logit, and of one pair of codes all
 * pairs of nodes in rising order. Nodes of equal codes are alike to the decoder, so this is as exact as a
 * look at all pairs of nodes, in the square of the codes' number instead of the nodes'. No self-loops.
 *
 * @param of [N] each node's row of `sources` and `targets`
 * @param sources [K, E] and `targets` [K, E]: their products are logits
 */
export function likeliestEdges(
  of: Int32Array,
  sources: Matrix,
  targets: Matrix,
  count: number,
): { readonly heads: Int32Array; readonly tails: Int32Array } {
  const [rows, width] = sources.shape;
  if (rows > MOST) {
    throw new LimitError("edges of a decoded graph", {
      expected: `at most ${MOST} different codes`,
      got: String(rows),
      remedy: "Decode a part of the nodes, or ask edgeLogits about the pairs that matter.",
    });
  }
  const members: number[][] = Array.from({ length: rows }, () => []);
  for (const [n, row] of of.entries()) members[row]!.push(n);
  const logits = new Float32Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < rows; b++) {
      let sum = 0;
      for (let d = 0; d < width; d++) {
        sum += sources.data[a * width + d]! * targets.data[b * width + d]!;
      }
      logits[a * rows + b] = sum;
    }
  }
  const wanted = Math.min(count, of.length * Math.max(0, of.length - 1));
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const heads = new Int32Array(wanted);
  const tails = new Int32Array(wanted);
  let found = 0;
  for (const pair of order) {
    if (found >= wanted) break;
    const [left, right] = [members[Math.floor(pair / rows)]!, members[pair % rows]!];
    for (let i = 0; i < left.length && found < wanted; i++) {
      for (let j = 0; j < right.length && found < wanted; j++) {
        if (left[i] === right[j]) continue;
        heads[found] = left[i]!;
        tails[found++] = right[j]!;
      }
    }
  }
  return { heads, tails };
}
