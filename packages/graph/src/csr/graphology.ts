import { ArgumentError } from "@dtok/core";
import type { AbstractGraph } from "graphology-types";
import { Column } from "../formats/reading.js";
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
  const [heads, kinds, tails] = [new Column(), new Column(), new Column()];
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
    heads: heads.values,
    relationIds: kinds.values,
    tails: tails.values,
  });
}

export interface ToGraphologyOptions {
  /** Edge attribute that gets the relation. Default "relation". */
  readonly relation?: string;
}

/**
 * The same graph in graphology, for its algorithms, layouts and writers: `toGraphology(graph, new
 * MultiDirectedGraph())`. Simple graphs take one edge between two nodes, so parallel ones need a multi
 * graph.
 *
 * @param empty a graphology graph without nodes that takes directed edges; it is filled and returned
 * @throws ArgumentError for one that has nodes, is undirected, or simple where edges are parallel
 */
export function toGraphology<G extends AbstractGraph>(
  graph: KnowledgeGraph,
  empty: G,
  { relation: attribute = "relation" }: ToGraphologyOptions = {},
): G {
  const { start, node, relation } = graph.out;
  const refuse = (got: string): never => {
    throw new ArgumentError("graphology graph", {
      expected:
        "an empty one that takes directed, parallel edges and self-loops as the graph has them",
      got,
      remedy: "Use new MultiDirectedGraph().",
    });
  };
  if (empty.order > 0) refuse(`${empty.order} nodes`);
  if (empty.type === "undirected") refuse("an undirected one");
  for (let n = 0; n < graph.nodes.length; n++) {
    const ends = node.subarray(start[n], start[n + 1]);
    if (!empty.multi && new Set(ends).size !== ends.length) {
      refuse(`a simple one, and parallel edges of ${JSON.stringify(graph.nodes[n])}`);
    }
    if (!empty.allowSelfLoops && ends.includes(n)) {
      refuse(`one without self-loops, and one at ${JSON.stringify(graph.nodes[n])}`);
    }
  }
  for (const name of graph.nodes) empty.addNode(name);
  for (let n = 0; n < graph.nodes.length; n++) {
    for (let e = start[n]!; e < start[n + 1]!; e++) {
      empty.addDirectedEdge(graph.nodes[n]!, graph.nodes[node[e]!]!, {
        [attribute]: graph.relations[relation[e]!]!,
      });
    }
  }
  return empty;
}
