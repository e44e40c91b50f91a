import { ArgumentError, createRandom } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { betweennessPlan } from "./betweenness.js";
import { greedyCover } from "./cover.js";
import { degrees } from "./degree.js";
import { pageRankPlan } from "./pagerank.js";

export type AnchorStrategy = "degree" | "ppr" | "random" | "betweenness" | "cover";

/** Shares of the anchors that each strategy chooses; they add up to 1. */
export type AnchorMix = Readonly<Partial<Record<AnchorStrategy, number>>>;

export interface AnchorOptions {
  /** Default { degree: 0.4, ppr: 0.4, random: 0.2 }, NodePiece's. */
  readonly mix?: AnchorMix;
  readonly seed?: number;
}

/** Numbers of the `count` nodes of highest score, falling, ties to the lower number. */
export function topRanked(scores: Float64Array, count: number): Int32Array {
  if (count <= 0) return new Int32Array(0);
  // A threshold first: sorting numbers is far cheaper than sorting nodes by them.
  const least = Float64Array.from(scores).sort()[Math.max(0, scores.length - count)]!;
  const above: number[] = [];
  const equal: number[] = [];
  for (let n = 0; n < scores.length; n++) {
    if (scores[n]! > least) above.push(n);
    else if (scores[n] === least && equal.length < count) equal.push(n);
  }
  above.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return Int32Array.from([...above, ...equal].slice(0, count));
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
  options: AnchorOptions = {},
): Int32Array {
  return runHere(anchorPlan(graph, count, options));
}

/** The steps of `selectAnchors`. */
export function* anchorPlan(
  graph: KnowledgeGraph,
  count: number,
  { mix = { degree: 0.4, ppr: 0.4, random: 0.2 }, seed = 0 }: AnchorOptions = {},
): Plan<Int32Array> {
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
  const take = (order: ArrayLike<number>, target: number) => {
    for (let i = 0; i < order.length && out.length < target; i++) {
      const n = order[i]!;
      if (taken[n]) continue;
      taken[n] = 1;
      out.push(n);
    }
  };
  const shares = STRATEGIES.filter((name) => (mix[name] ?? 0) > 0);
  let due = 0;
  for (const [i, name] of shares.entries()) {
    due += mix[name]! * count;
    const target = i === shares.length - 1 ? count : Math.round(due);
    // Of `target` in an order, those that others took leave enough.
    if (name === "degree") take(topRanked(degrees(graph), target), target);
    else if (name === "ppr") take(topRanked(yield* pageRankPlan(graph), target), target);
    else if (name === "betweenness") {
      take(topRanked(yield* betweennessPlan(graph, seed), target), target);
    } else if (name === "cover") {
      take(greedyCover(graph, target).anchors, target);
      // Once all is covered, more anchors are those of most edges.
      take(topRanked(degrees(graph), target), target);
    } else take(createRandom(seed, 1).sample(target, length), target);
  }
  return Int32Array.from(out).sort();
}
