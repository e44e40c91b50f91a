import { ArgumentError } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { ints } from "../csr/shared.js";
import { NONE } from "./nearest.js";

export interface NeighbourSlots {
  /** [N, m]: number of the node at the other end; NONE beyond. */
  readonly node: Int32Array;
  /** [N, m]: r along an outgoing edge, R + r against an incoming one; NONE beyond. */
  readonly kind: Int32Array;
}

interface SlotJob {
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  readonly kinds: readonly Int32Array[];
  readonly types: number;
  readonly m: number;
  readonly node: Int32Array;
  readonly kind: Int32Array;
}

function slotRows(job: SlotJob, from: number, to: number, local: Record<string, unknown>): void {
  const { starts, ends, kinds, types, m, node, kind } = job;
  const seen = (local["seen"] ??= new Int32Array(2 * types)) as Int32Array;
  for (let n = from; n < to; n++) {
    let degree = 0;
    for (const start of starts) degree += start[n + 1]! - start[n]!;
    // Where not all fit: the first edge of every kind, then the second of every kind, and so on.
    for (let turn = 0, size = 0; size < Math.min(m, degree); turn++) {
      for (let w = 0; w < 2; w++) {
        const start = starts[w]!;
        for (let e = start[n]!; e < start[n + 1]!; e++) seen[w * types + kinds[w]![e]!] = 0;
      }
      for (let w = 0; w < 2 && size < m; w++) {
        const start = starts[w]!;
        for (let e = start[n]!; e < start[n + 1]! && size < m; e++) {
          const r = w * types + kinds[w]![e]!;
          if (seen[r]!++ !== turn) continue;
          node[n * m + size] = ends[w]![e]!;
          kind[n * m + size] = r;
          size++;
        }
      }
    }
  }
}

/**
 * Up to m neighbours of every node with the relations to them. Of a node with more edges every kind of
 * relation gets a place before any gets a second; within a kind lower nodes come first.
 */
export function neighbourSlots(graph: KnowledgeGraph, m: number): NeighbourSlots {
  return runHere(neighbourPlan(graph, m));
}

/** The steps of `neighbourSlots`. */
export function* neighbourPlan(graph: KnowledgeGraph, m: number): Plan<NeighbourSlots> {
  if (!Number.isSafeInteger(m) || m < 0) {
    throw new ArgumentError("neighbours per node", {
      expected: "a whole number from 0",
      got: String(m),
      remedy: "Eight hold all of most nodes of a knowledge graph.",
    });
  }
  const { length } = graph.nodes;
  const node = ints(length * m).fill(NONE);
  const kind = ints(length * m).fill(NONE);
  if (m === 0) return { node, kind };
  const job: SlotJob = {
    starts: [graph.out.start, graph.in.start],
    ends: [graph.out.node, graph.in.node],
    kinds: [graph.out.relation, graph.in.relation],
    types: graph.relations.length,
    m,
    node,
    kind,
  };
  yield step("neighbours", slotRows, job, length);
  return { node, kind };
}
