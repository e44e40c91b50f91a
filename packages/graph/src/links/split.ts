import { ArgumentError, createRandom } from "@dtok/core";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph, Triples } from "../csr/graph.js";

/** Edges by the numbers of a graph's nodes and relations: edge e is heads[e] -kinds[e]-> tails[e]. */
export interface Links {
  readonly heads: Int32Array;
  readonly kinds: Int32Array;
  readonly tails: Int32Array;
}

export interface LinkSplit {
  /** The graph of the training edges, with all nodes and relations of the whole. */
  readonly graph: KnowledgeGraph;
  readonly train: Links;
  readonly valid: Links;
  readonly test: Links;
}

/** The edges of a graph, sorted by head, relation, tail. */
export function linksOf(graph: KnowledgeGraph): Links {
  const heads = new Int32Array(graph.edges);
  const { start, node, relation } = graph.out;
  for (let n = 0; n < graph.nodes.length; n++) heads.fill(n, start[n]!, start[n + 1]!);
  return { heads, kinds: relation.slice(0, graph.edges), tails: node.slice(0, graph.edges) };
}

/** Some of the edges. */
export function takeLinks(links: Links, which: readonly number[] | Int32Array): Links {
  const of = (from: Int32Array) => Int32Array.from(which, (e) => from[e]!);
  return { heads: of(links.heads), kinds: of(links.kinds), tails: of(links.tails) };
}

/**
 * Holds edges out for validation and test. Two nodes' edges, whatever their relations and directions, go
 * to the same side, so that no inverse, symmetric or parallel edge tells a held-out one (the leak of FB15k
 * and WN18: Toutanova & Chen, 2015; Dettmers et al., arXiv 1707.01476). Every node of a held-out edge keeps
 * at least one training edge. Self-loops stay in training.
 *
 * @param share of the pairs, for validation and for test each
 */
export function splitLinks(
  graph: KnowledgeGraph,
  { share = 0.02, seed = 0 }: { readonly share?: number; readonly seed?: number } = {},
): LinkSplit {
  if (!(share > 0 && share < 0.5)) {
    throw new ArgumentError("share of held-out edges", {
      expected: "a number between 0 and 0.5",
      got: String(share),
      remedy: "Leave it out for 0.02.",
    });
  }
  const all = linksOf(graph);
  const pairs = new Map<number, number[]>();
  const { length } = graph.nodes;
  const left = new Int32Array(length);
  for (let e = 0; e < graph.edges; e++) {
    const [a, b] = [all.heads[e]!, all.tails[e]!];
    left[a]!++;
    left[b]!++;
    if (a === b) continue;
    const key = Math.min(a, b) * length + Math.max(a, b);
    const list = pairs.get(key);
    if (list) list.push(e);
    else pairs.set(key, [e]);
  }
  const groups = [...pairs.values()];
  const wanted = Math.floor(groups.length * share);
  const side = new Uint8Array(graph.edges);
  const order = createRandom(seed, 17).sample(groups.length, groups.length);
  let taken = 0;
  for (const at of order) {
    if (taken >= 2 * wanted) break;
    const group = groups[at]!;
    const [a, b] = [all.heads[group[0]!]!, all.tails[group[0]!]!];
    if (left[a]! <= group.length || left[b]! <= group.length) continue;
    left[a]! -= group.length;
    left[b]! -= group.length;
    for (const e of group) side[e] = taken < wanted ? 1 : 2;
    taken++;
  }
  const of = (which: number) =>
    takeLinks(
      all,
      Array.from({ length: graph.edges }, (_, e) => e).filter((e) => side[e] === which),
    );
  const train = of(0);
  return { graph: graphOfLinks(graph, train), train, valid: of(1), test: of(2) };
}

/** A graph of other edges between the same nodes and relations. */
export function graphOfLinks(
  { nodes, relations }: Pick<Triples, "nodes" | "relations">,
  { heads, kinds, tails }: Links,
): KnowledgeGraph {
  return buildGraph({ nodes, relations, heads, relationIds: kinds, tails });
}
