import type { AbstractGraph } from "graphology-types";
import { buildGraph } from "./graph.js";
import type { KnowledgeGraph } from "./graph.js";

export interface FromGraphologyOptions {
  /** Edge attribute that names the relation. Default "relation"; edges without it are `unnamed`. */
  readonly relation?: string;
  /** Default "edge". */
  readonly unnamed?: string;
}

/**
 * A graphology graph (directed, undirected or mixed, simple or multi) in typed arrays, walked once. An
 * undirected edge becomes one edge each way. Nodes without edges stay.
 */
export function fromGraphology(
  graph: AbstractGraph,
  { relation: attribute = "relation", unnamed = "edge" }: FromGraphologyOptions = {},
): KnowledgeGraph {
  const nodes = graph.nodes();
  const numbers = new Map(nodes.map((node, i) => [node, i]));
  const relations = new Map<string, number>();
  const heads: number[] = [];
  const kinds: number[] = [];
  const tails: number[] = [];
  graph.forEachEdge((_edge, attributes, source, target, _s, _t, undirected) => {
    const value = (attributes as Record<string, unknown>)[attribute];
    const name = value === undefined || value === null ? unnamed : String(value);
    if (!relations.has(name)) relations.set(name, relations.size);
    const kind = relations.get(name)!;
    const add = (from: string, to: string) => {
      heads.push(numbers.get(from)!);
      kinds.push(kind);
      tails.push(numbers.get(to)!);
    };
    add(source, target);
    if (undirected && source !== target) add(target, source);
  });
  return buildGraph({
    nodes,
    relations: [...relations.keys()],
    heads: Int32Array.from(heads),
    relationIds: Int32Array.from(kinds),
    tails: Int32Array.from(tails),
  });
}
