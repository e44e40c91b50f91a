import type { Matrix } from "@dtok/core";
import type { KnowledgeGraph } from "./csr/graph.js";

/** A graph of typed edges whose nodes have numbers. */
export interface GraphSignal {
  readonly graph: KnowledgeGraph;
  /** [N, F], one row per node by the graph's numbers (its nodes are sorted by name). */
  readonly features: Matrix;
}

declare module "@dtok/core" {
  interface Signals {
    graph: GraphSignal;
  }
}
