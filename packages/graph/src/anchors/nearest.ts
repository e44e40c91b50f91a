import { ArgumentError } from "@dtok/core";
import type { Adjacency, KnowledgeGraph } from "../csr/graph.js";
import { runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { bytes, ints, shorts } from "../csr/shared.js";

/** Which edges a path may take from a node toward its anchors: any, only forward, or only backward. */
export type DirectionPolicy = "both" | "out" | "in";

/** What stands where a node reaches fewer anchors. */
export const NONE = -1;

/** Paths are never longer: distances fit 16 bits. */
export const MAX_DISTANCE = 1000;

export interface NearestAnchors {
  /** [N, k]: position in the list of anchors, nearest first, ties to the lower; NONE beyond. */
  readonly anchor: Int32Array;
  /** [N, k]: edges on the shortest path; NONE beyond. */
  readonly distance: Int16Array;
}

/** The edges that a path takes from a node under a policy. */
export function rowsOf(graph: KnowledgeGraph, policy: DirectionPolicy): readonly Adjacency[] {
  return policy === "both" ? [graph.out, graph.in] : policy === "out" ? [graph.out] : [graph.in];
}

interface Round {
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  readonly anchor: Int32Array;
  readonly distance: Int16Array;
  readonly k: number;
  readonly d: number;
  readonly anchors: number;
  /** [N]: anchors held two rounds ago, one round ago, and after this one. */
  readonly before: Int32Array;
  readonly now: Int32Array;
  readonly next: Int32Array;
  /** [N]: nodes beside one that took an anchor in the last round; empty if most are. */
  readonly near: Uint8Array;
  /** [1]: nodes that took one in this round. */
  readonly took: Int32Array;
}

/** A node takes from its neighbours what they took in the last round, lower anchors first. */
function takeNearest(job: Round, from: number, to: number, local: Record<string, unknown>): void {
  const { starts, ends, anchor, distance, k, d, before, now, next, near } = job;
  // stamp[a] is m + 1 where node m has, or is to get, anchor a.
  const stamp = (local["stamp"] ??= new Int32Array(job.anchors)) as Int32Array;
  const best = (local["best"] ??= new Int32Array(k)) as Int32Array;
  let took = 0;
  for (let m = from; m < to; m++) {
    const has = now[m]!;
    next[m] = has;
    if (has === k || (near.length > 0 && near[m] === 0)) continue;
    const base = m * k;
    for (let j = 0; j < has; j++) stamp[anchor[base + j]!] = m + 1;
    const room = k - has;
    let size = 0;
    for (let w = 0; w < starts.length; w++) {
      const start = starts[w]!;
      const end = ends[w]!;
      for (let e = start[m]!; e < start[m + 1]!; e++) {
        const n = end[e]!;
        const last = now[n]!;
        for (let j = before[n]!; j < last; j++) {
          const a = anchor[n * k + j]!;
          if (size === room && a > best[size - 1]!) continue;
          if (stamp[a] === m + 1) continue;
          stamp[a] = m + 1;
          let i = size < room ? size++ : size - 1;
          for (; i > 0 && best[i - 1]! > a; i--) best[i] = best[i - 1]!;
          best[i] = a;
        }
      }
    }
    if (size === 0) continue;
    for (let j = 0; j < size; j++) {
      anchor[base + has + j] = best[j]!;
      distance[base + has + j] = d;
    }
    next[m] = has + size;
    took++;
  }
  if (took > 0) Atomics.add(job.took, 0, took);
}

/** Marks the nodes that have one beside them that took an anchor in the last round. */
function markNear(
  job: Pick<Round, "starts" | "ends" | "before" | "now" | "near">,
  from: number,
  to: number,
): void {
  const { starts, ends, before, now, near } = job;
  for (let n = from; n < to; n++) {
    if (before[n] === now[n]) continue;
    for (let w = 0; w < starts.length; w++) {
      const start = starts[w]!;
      const end = ends[w]!;
      for (let e = start[n]!; e < start[n + 1]!; e++) near[end[e]!] = 1;
    }
  }
}

/**
 * The k nearest anchors of every node by one breadth-first search from all anchors together. A node that
 * has k takes no more and passes no more on: whatever lies behind it has those k at least as near. Time
 * is at most k times the edges.
 *
 * @param maxDistance edges beyond which no anchor counts, at most 1000
 */
export function nearestAnchors(
  graph: KnowledgeGraph,
  anchors: Int32Array,
  k: number,
  policy: DirectionPolicy = "both",
  maxDistance = 254,
): NearestAnchors {
  return runHere(nearestPlan(graph, anchors, k, policy, maxDistance));
}

/** The steps of `nearestAnchors`. */
export function* nearestPlan(
  graph: KnowledgeGraph,
  anchors: Int32Array,
  k: number,
  policy: DirectionPolicy,
  maxDistance: number,
): Plan<NearestAnchors> {
  const { length } = graph.nodes;
  if (!Number.isSafeInteger(k) || k < 1 || k > anchors.length) {
    throw new ArgumentError("anchors per node", {
      expected: `a whole number from 1 to ${anchors.length}, the anchors`,
      got: String(k),
      remedy: "Ask for fewer per node, or choose more anchors.",
    });
  }
  checkDistance(maxDistance);
  const rows = rowsOf(graph, policy);
  const starts = rows.map(({ start }) => start);
  const ends = rows.map(({ node }) => node);
  // Who takes from a node: the other ends of the same edges.
  const back = policy === "both" ? rows : rowsOf(graph, policy === "out" ? "in" : "out");
  const anchor = ints(length * k).fill(NONE);
  const distance = shorts(length * k).fill(NONE);
  let [before, now, next] = [ints(length), ints(length), ints(length)];
  for (const [i, n] of anchors.entries()) {
    anchor[n * k] = i;
    distance[n * k] = 0;
    now[n] = 1;
  }
  const near = bytes(length);
  const took = ints(1);
  let frontier = anchors.length;
  for (let d = 1; d <= maxDistance && frontier > 0; d++) {
    // With few news it is cheaper to ask who may hear of them than to ask everyone.
    const few = frontier < length / 16;
    if (few) {
      near.fill(0);
      yield step(
        "nearest anchors",
        markNear,
        {
          starts: back.map(({ start }) => start),
          ends: back.map(({ node }) => node),
          before,
          now,
          near,
        },
        length,
      );
    }
    took[0] = 0;
    const job: Round = {
      starts,
      ends,
      anchor,
      distance,
      k,
      d,
      anchors: anchors.length,
      before,
      now,
      next,
      near: few ? near : near.subarray(0, 0),
      took,
    };
    yield step("nearest anchors", takeNearest, job, length);
    frontier = took[0]!;
    [before, now, next] = [now, next, before];
  }
  return { anchor, distance };
}

export function checkDistance(maxDistance: number): void {
  if (Number.isSafeInteger(maxDistance) && maxDistance >= 1 && maxDistance <= MAX_DISTANCE) return;
  throw new ArgumentError("maxDistance", {
    expected: `a whole number of edges from 1 to ${MAX_DISTANCE}`,
    got: String(maxDistance),
    remedy: "Leave it out for 30.",
  });
}
