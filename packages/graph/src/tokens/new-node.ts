import { ArgumentError } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";

/** An edge of a node that the graph did not have. */
export interface NewEdge {
  readonly relation: string;
  /** The node at the other end. */
  readonly node: string;
  /** "out": from the new node; "in": toward it. Default "out". */
  readonly direction?: "out" | "in";
}

export interface NewNodeOptions {
  /**
   * What an edge does whose relation or node the graph did not have: "error" (default), or "token": an
   * unknown relation is the token of unknown ones, an unknown node is no path to anything.
   */
  readonly unknown?: "error" | "token";
}

export interface ResolvedEdge {
  /** r along an outgoing edge, R + r along an incoming one, 2 R for unknown ones. */
  readonly kind: number;
  /** -1 for an unknown node. */
  readonly node: number;
  readonly direction: "out" | "in";
}

/** @throws ArgumentError for unknown relations and nodes, unless these are tokens */
export function resolveEdges(
  graph: KnowledgeGraph,
  edges: readonly NewEdge[],
  { unknown = "error" }: NewNodeOptions,
): ResolvedEdge[] {
  const types = graph.relations.length;
  return edges.map(({ relation, node: name, direction = "out" }) => {
    const r = graph.relationIndexOf(relation);
    const node = graph.indexOf(name);
    if (unknown === "error" && r < 0) {
      throw new ArgumentError("relation of a new node", {
        expected: "one of the graph's relations",
        got: JSON.stringify(relation),
        remedy: `Leave the edge out, build the graph anew with that relation, or choose unknown "token".`,
      });
    }
    if (unknown === "error" && node < 0) {
      throw new ArgumentError("node at the other end of a new node's edge", {
        expected: "a node of the graph",
        got: JSON.stringify(name),
        remedy: `Leave the edge out, or choose unknown "token".`,
      });
    }
    return { kind: r < 0 ? 2 * types : direction === "out" ? r : types + r, node, direction };
  });
}

/** The node's number, or a typed error. */
export function nodeNumber(graph: KnowledgeGraph, name: string): number {
  const n = graph.indexOf(name);
  if (n >= 0) return n;
  throw new ArgumentError("node", {
    expected: "a node of the graph",
    got: JSON.stringify(name),
    remedy: "Check its spelling; a node that is new has tokens by its edges (`encodeNew`).",
  });
}

/** A graph without nodes has nothing to tokenize. */
export function refuseEmpty(graph: KnowledgeGraph): void {
  if (graph.nodes.length > 0) return;
  throw new ArgumentError("graph", {
    expected: "at least one node",
    got: "none",
    remedy: "Check the source of the graph.",
  });
}

/** Kinds with how often each is there: the d most frequent (ties to the lower), rising. */
export function frequentKinds(
  edges: readonly ResolvedEdge[],
  d: number,
): { readonly kind: number; readonly count: number }[] {
  const kinds = new Map<number, number>();
  for (const { kind } of edges) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds]
    .sort((x, y) => y[1] - x[1] || x[0] - y[0])
    .slice(0, d)
    .sort((x, y) => x[0] - y[0])
    .map(([kind, count]) => ({ kind, count }));
}
