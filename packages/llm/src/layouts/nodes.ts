import { ROW_PLACE, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Nodes of a graph, each a row token and the codes of the node or of its neighbourhood by hop
 * (Dr.E, arXiv:2406.15504, writes a node's layers so; NodePiece's anchors and GFT's tree codes fit
 * too). Which node a token stands for is its place: the caller's list of nodes.
 *
 *     nodes a b, codebooks 0 1:   ROW a0 a1 ROW b0 b1
 */
export const nodes: SequenceLayout = {
  spec: "nodes",
  extent: "open",
  period: 1,
  refuses: (_levels, axes) => (axes === 1 ? undefined : "one axis, that of the nodes"),
  order(shape, levels) {
    const count = positionsOf(shape);
    const order = new Int32Array(count * (levels + 1));
    for (let n = 0, i = 0; n < count; n++) {
      order[i++] = ROW_PLACE;
      for (let q = 0; q < levels; q++) order[i++] = n * levels + q;
    }
    return order;
  },
};
