import type { KnowledgeGraph } from "../csr/graph.js";
import { doubles } from "../csr/shared.js";

/** Edges of each node, in and out. */
export function degrees({ nodes, out, in: into }: KnowledgeGraph): Float64Array {
  const count = doubles(nodes.length);
  for (let n = 0; n < count.length; n++) {
    count[n] = out.start[n + 1]! - out.start[n]! + into.start[n + 1]! - into.start[n]!;
  }
  return count;
}
