import type { Matrix } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";

/**
 * Rows of a node beside the means of its successors' and of its predecessors' rows, [count, 3 F]; zeros
 * where there is none. Parallel edges count each. Time grows with the edges of those nodes.
 *
 * @param x [N, F]
 */
export function withNeighbourMeans(
  graph: KnowledgeGraph,
  x: Matrix,
  from = 0,
  to = x.shape[0],
): Matrix {
  const width = x.shape[1];
  const data = new Float32Array((to - from) * 3 * width);
  for (let n = from; n < to; n++) {
    const row = (n - from) * 3 * width;
    data.set(x.data.subarray(n * width, (n + 1) * width), row);
    for (const [side, { start, node }] of [
      [1, graph.out],
      [2, graph.in],
    ] as const) {
      const count = start[n + 1]! - start[n]!;
      if (count === 0) continue;
      const at = row + side * width;
      for (let e = start[n]!; e < start[n + 1]!; e++) {
        const other = node[e]! * width;
        for (let d = 0; d < width; d++) data[at + d] = data[at + d]! + x.data[other + d]!;
      }
      for (let d = 0; d < width; d++) data[at + d] = data[at + d]! / count;
    }
  }
  return { data, shape: [to - from, 3 * width] };
}
