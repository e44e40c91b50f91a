/*
 * Cross-fitting for link prediction: tokens of a node show its edges, so a model that is asked for an edge
 * which is in its input learns to read the answer. Training edges are split into folds, and tokens for a
 * fold's questions are made of the graph without that fold's edges, as they are at test time of the graph
 * without the held-out ones. (Chernozhukov et al., arXiv 1608.00060, for the name and the idea: what is
 * estimated from one part is used on another.)
 */
import { ArgumentError, createRandom } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { graphOfLinks, takeLinks } from "./split.js";
import type { LinkSplit, Links } from "./split.js";

export interface LinkFold {
  /** Numbers of the fold's edges among the training edges, rising. */
  readonly edges: Int32Array;
  /** The graph of all other training edges, with all nodes and relations. */
  readonly graph: KnowledgeGraph;
}

/** Two nodes' edges, whatever their relations and directions, have one key. */
function pairKeys({ heads, tails }: Links, nodes: number): Float64Array {
  return Float64Array.from(heads, (h, e) => {
    const t = tails[e]!;
    return Math.min(h, t) * nodes + Math.max(h, t);
  });
}

/**
 * Training edges in `folds` parts of about one size, each edge in one. Two nodes' edges are in one fold where
 * the split holds out pairs of nodes (`splitLinks`), and go each their own way where held-out edges have
 * others between the same nodes in training (WN18RR): a fold looks like what is held out.
 *
 * @throws ArgumentError for fewer than two folds
 */
export function foldLinks(
  { graph, train, valid, test }: LinkSplit,
  { folds = 16, seed = 0 }: { readonly folds?: number; readonly seed?: number } = {},
): LinkFold[] {
  if (!Number.isSafeInteger(folds) || folds < 2) {
    throw new ArgumentError("folds", {
      expected: "a whole number from 2",
      got: String(folds),
      remedy: "Leave it out for 16.",
    });
  }
  const { length } = graph.nodes;
  const keys = pairKeys(train, length);
  const known = new Set(keys);
  const whole = ![valid, test].some((part) => pairKeys(part, length).some((key) => known.has(key)));
  // Groups that stay together, in the order of their first edge.
  const group = new Int32Array(keys.length);
  const places = new Map<number, number>();
  for (const [e, key] of keys.entries()) {
    const at = whole ? (places.get(key) ?? places.size) : e;
    if (whole) places.set(key, at);
    group[e] = at;
  }
  const groups = whole ? places.size : keys.length;
  const order = createRandom(seed, 29).sample(groups, groups);
  const fold = new Int32Array(groups);
  for (let i = 0; i < groups; i++) fold[order[i]!] = i % folds;
  return Array.from({ length: folds }, (_, f) => {
    const edges: number[] = [];
    const others: number[] = [];
    for (let e = 0; e < keys.length; e++) (fold[group[e]!] === f ? edges : others).push(e);
    return { edges: Int32Array.from(edges), graph: graphOfLinks(graph, takeLinks(train, others)) };
  });
}
