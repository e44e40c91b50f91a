import { ArgumentError, createRandom } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";

export type AnchorStrategy = "degree" | "ppr" | "random" | "betweenness" | "cover";

/** Shares of the anchors that each strategy chooses; they add up to 1. */
export type AnchorMix = Readonly<Partial<Record<AnchorStrategy, number>>>;

export interface AnchorOptions {
  /** Default { degree: 0.4, ppr: 0.4, random: 0.2 }, NodePiece's. */
  readonly mix?: AnchorMix;
  readonly seed?: number;
}

/** Damping and passes of PageRank: 0.85^40 is 0.0015. */
const DAMPING = 0.85;
const PASSES = 40;
/** Sources of sampled betweenness. */
const SOURCES = 256;

/** Numbers of nodes by falling score, ties to the lower number. */
function ranked(scores: Float64Array): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, n) => n).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  );
}

/** Edges of each node, in and out. */
export function degrees({ nodes, out, in: into }: KnowledgeGraph): Float64Array {
  return Float64Array.from(
    nodes,
    (_, n) => out.start[n + 1]! - out.start[n]! + into.start[n + 1]! - into.start[n]!,
  );
}

/**
 * PageRank (Page et al., 1999) of the graph without directions, by power iteration; with `restart`
 * personalised: the walk begins anew at those nodes. Isolated nodes give their share to the restart.
 */
export function pageRank(graph: KnowledgeGraph, restart?: readonly number[]): Float64Array {
  const { length } = graph.nodes;
  const begin = new Float64Array(length).fill(restart ? 0 : 1 / length);
  for (const n of restart ?? []) begin[n] = begin[n]! + 1 / restart!.length;
  const count = degrees(graph);
  let rank = begin.slice();
  let next = new Float64Array(length);
  for (let pass = 0; pass < PASSES; pass++) {
    next.fill(0);
    let lost = 0;
    for (let n = 0; n < length; n++) {
      if (count[n] === 0) {
        lost += rank[n]!;
        continue;
      }
      const share = rank[n]! / count[n]!;
      for (const { start, node } of [graph.out, graph.in]) {
        for (let e = start[n]!; e < start[n + 1]!; e++) next[node[e]!] = next[node[e]!]! + share;
      }
    }
    for (let n = 0; n < length; n++) {
      next[n] = DAMPING * (next[n]! + lost * begin[n]!) + (1 - DAMPING) * begin[n]!;
    }
    [rank, next] = [next, rank];
  }
  return rank;
}

/**
 * Betweenness (Brandes, 2001) of the graph without directions, from a seeded sample of sources: an
 * estimate for large graphs, exact where all nodes are sources.
 */
export function sampledBetweenness(
  graph: KnowledgeGraph,
  seed = 0,
  sources = SOURCES,
): Float64Array {
  const { length } = graph.nodes;
  const picks = createRandom(seed, 3).sample(Math.min(sources, length), length);
  const score = new Float64Array(length);
  const distance = new Int32Array(length);
  const paths = new Float64Array(length);
  const credit = new Float64Array(length);
  const queue = new Int32Array(length);
  for (const source of picks) {
    distance.fill(-1);
    paths.fill(0);
    credit.fill(0);
    distance[source] = 0;
    paths[source] = 1;
    queue[0] = source;
    let size = 1;
    for (let at = 0; at < size; at++) {
      const n = queue[at]!;
      for (const { start, node } of [graph.out, graph.in]) {
        for (let e = start[n]!; e < start[n + 1]!; e++) {
          const m = node[e]!;
          if (distance[m] === -1) {
            distance[m] = distance[n]! + 1;
            queue[size++] = m;
          }
          if (distance[m] === distance[n]! + 1) paths[m] = paths[m]! + paths[n]!;
        }
      }
    }
    for (let at = size - 1; at > 0; at--) {
      const m = queue[at]!;
      score[m] = score[m]! + credit[m]!;
      const each = (1 + credit[m]!) / paths[m]!;
      for (const { start, node } of [graph.out, graph.in]) {
        for (let e = start[m]!; e < start[m + 1]!; e++) {
          const n = node[e]!;
          if (distance[n] === distance[m]! - 1) credit[n] = credit[n]! + paths[n]! * each;
        }
      }
    }
  }
  return score;
}

/**
 * Greedy cover: each anchor is the node with most neighbours (and itself) that no anchor covers yet.
 * Lazy: a node's gain only falls, so the largest known gain is looked at first.
 */
export function greedyCover(graph: KnowledgeGraph, count: number): Int32Array {
  const { length } = graph.nodes;
  const covered = new Uint8Array(length);
  const chosen = new Uint8Array(length);
  const sizes = degrees(graph);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0) + 1;
  // Nodes by their last known gain; lists are refilled as gains fall.
  const buckets: number[][] = Array.from({ length: most + 1 }, () => []);
  for (let n = length - 1; n >= 0; n--) buckets[sizes[n]! + 1]!.push(n);
  const seen = new Int32Array(length).fill(-1);
  let stamp = 0;
  const gain = (n: number): number => {
    stamp++;
    let fresh = covered[n] === 0 ? 1 : 0;
    seen[n] = stamp;
    for (const { start, node } of [graph.out, graph.in]) {
      for (let e = start[n]!; e < start[n + 1]!; e++) {
        const m = node[e]!;
        if (seen[m] !== stamp && covered[m] === 0) fresh++;
        seen[m] = stamp;
      }
    }
    return fresh;
  };
  const out: number[] = [];
  for (let level = most; level >= 0 && out.length < count;) {
    const bucket = buckets[level]!;
    const n = bucket.pop();
    if (n === undefined) {
      level--;
      // What fell here came in any order; the lowest number is to be taken first.
      buckets[level]?.sort((a, b) => b - a);
      continue;
    }
    if (chosen[n]) continue;
    const now = gain(n);
    if (now < level) {
      buckets[now]!.push(n);
      continue;
    }
    chosen[n] = 1;
    out.push(n);
    covered[n] = 1;
    for (const { start, node } of [graph.out, graph.in]) {
      for (let e = start[n]!; e < start[n + 1]!; e++) covered[node[e]!] = 1;
    }
  }
  return Int32Array.from(out);
}

const STRATEGIES: readonly AnchorStrategy[] = ["degree", "ppr", "betweenness", "cover", "random"];

/** "degree:0.4,ppr:0.4,random:0.2" as a mix. */
export function parseMix(text: string): AnchorMix {
  const mix: Partial<Record<AnchorStrategy, number>> = {};
  for (const part of text.split(",")) {
    const [name = "", share = "1"] = part.split(":");
    mix[name.trim() as AnchorStrategy] = Number(share);
  }
  return checkMix(mix);
}

function checkMix(mix: AnchorMix): AnchorMix {
  const entries = Object.entries(mix);
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  const known = entries.every(
    ([name, share]) => STRATEGIES.includes(name as AnchorStrategy) && share >= 0,
  );
  if (entries.length > 0 && known && Math.abs(sum - 1) < 1e-6) return mix;
  throw new ArgumentError("mix of anchors", {
    expected: `shares of ${STRATEGIES.join(", ")} that add up to 1`,
    got: JSON.stringify(mix),
    remedy: "For example degree:0.4,ppr:0.4,random:0.2.",
  });
}

/**
 * Anchors of a graph (NodePiece, Galkin et al., arXiv 2106.12144, section 3.1): each strategy in turn
 * takes its share of nodes that no one before it took. The same graph and seed give the same anchors.
 *
 * @returns numbers of nodes, in rising order
 */
export function selectAnchors(
  graph: KnowledgeGraph,
  count: number,
  { mix = { degree: 0.4, ppr: 0.4, random: 0.2 }, seed = 0 }: AnchorOptions = {},
): Int32Array {
  const { length } = graph.nodes;
  if (!Number.isSafeInteger(count) || count < 1 || count > length) {
    throw new ArgumentError("number of anchors", {
      expected: `a whole number from 1 to ${length}, the nodes of the graph`,
      got: String(count),
      remedy: "Choose fewer anchors.",
    });
  }
  checkMix(mix);
  const taken = new Uint8Array(length);
  const out: number[] = [];
  const shares = STRATEGIES.filter((name) => (mix[name] ?? 0) > 0);
  let due = 0;
  for (const [i, name] of shares.entries()) {
    due += mix[name]! * count;
    const target = i === shares.length - 1 ? count : Math.round(due);
    const order =
      name === "degree"
        ? ranked(degrees(graph))
        : name === "ppr"
          ? ranked(pageRank(graph))
          : name === "betweenness"
            ? ranked(sampledBetweenness(graph, seed))
            : name === "cover"
              ? greedyCover(graph, Math.min(length, 2 * count))
              : createRandom(seed, 1).sample(length, length);
    for (const n of order) {
      if (out.length >= target) break;
      if (taken[n]) continue;
      taken[n] = 1;
      out.push(n);
    }
  }
  return Int32Array.from(out).sort();
}
