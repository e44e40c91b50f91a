/*
 * PageRank (Page, Brin, Motwani, Winograd: "The PageRank Citation Ranking", 1999) of the graph without
 * directions: a walk goes to a neighbour with probability `damping`, else begins anew. Parallel edges
 * count as often as they are there.
 */
import { ArgumentError } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { CHUNK, runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { doubles } from "../csr/shared.js";
import { degrees } from "./degree.js";

export interface PageRankOptions {
  /** Nodes where the walk begins anew (personalised PageRank). Default all. */
  readonly restart?: readonly number[];
  /** Default 0.85. */
  readonly damping?: number;
  /** Passes over the edges at most. Default 100. */
  readonly passes?: number;
  /** Stops once a pass moves less than this in all (the ranks add up to 1). Default 1e-6. */
  readonly tolerance?: number;
}

interface PassJob {
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  readonly degree: Float64Array;
  /** [N]: rank over degree, before and after. */
  readonly share: Float64Array;
  readonly next: Float64Array;
  readonly rank: Float64Array;
  /** Empty where every node is a restart. */
  readonly begin: Float64Array;
  readonly each: number;
  readonly lost: number;
  readonly damping: number;
  /** What each chunk of rows moved. */
  readonly moved: Float64Array;
  readonly chunk: number;
}

function pass(job: PassJob, from: number, to: number): void {
  const { starts, ends, degree, share, next, rank, begin, each, damping } = job;
  const [outStart, intoStart] = [starts[0]!, starts[1]!];
  const [out, into] = [ends[0]!, ends[1]!];
  const back = damping * job.lost + 1 - damping;
  let moved = 0;
  for (let n = from; n < to; n++) {
    let sum = 0;
    for (let e = outStart[n]!, end = outStart[n + 1]!; e < end; e++) sum += share[out[e]!]!;
    for (let e = intoStart[n]!, end = intoStart[n + 1]!; e < end; e++) sum += share[into[e]!]!;
    const value = damping * sum + back * (begin.length > 0 ? begin[n]! : each);
    moved += Math.abs(value - rank[n]!);
    rank[n] = value;
    next[n] = degree[n]! > 0 ? value / degree[n]! : 0;
  }
  job.moved[from / job.chunk] = moved;
}

/**
 * Ranks of all nodes; they add up to 1. Isolated nodes give their share to the restart. The sums run in
 * the order of the edges, so the result is the same on any number of threads.
 *
 * @throws ArgumentError for a restart without nodes, damping outside [0, 1), a tolerance that is none
 */
export function pageRank(graph: KnowledgeGraph, options: PageRankOptions = {}): Float64Array {
  return runHere(pageRankPlan(graph, options));
}

/** The steps of `pageRank`. */
export function* pageRankPlan(
  graph: KnowledgeGraph,
  options: PageRankOptions = {},
): Plan<Float64Array> {
  const { restart, damping = 0.85, passes = 100, tolerance = 1e-6 } = options;
  const { length } = graph.nodes;
  checkRestart(graph, restart);
  checkRange("damping", damping, damping >= 0 && damping < 1, "at least 0, below 1");
  checkRange("tolerance", tolerance, tolerance >= 0, "at least 0");
  checkRange(
    "passes",
    passes,
    Number.isSafeInteger(passes) && passes >= 1,
    "a whole number from 1",
  );
  const begin = doubles(restart ? length : 0);
  for (const n of restart ?? []) begin[n] = begin[n]! + 1 / restart!.length;
  const each = 1 / length;
  const degree = degrees(graph);
  const alone = degree.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  const rank = doubles(length);
  let [share, next] = [doubles(length), doubles(length)];
  for (let n = 0; n < length; n++) {
    rank[n] = restart ? begin[n]! : each;
    share[n] = degree[n]! > 0 ? rank[n]! / degree[n]! : 0;
  }
  const moved = doubles(Math.ceil(length / CHUNK));
  for (let i = 0; i < passes; i++) {
    let lost = 0;
    if (alone > 0) for (let n = 0; n < length; n++) if (degree[n] === 0) lost += rank[n]!;
    const job: PassJob = {
      starts: [graph.out.start, graph.in.start],
      ends: [graph.out.node, graph.in.node],
      degree,
      share,
      next,
      rank,
      begin,
      each,
      lost,
      damping,
      moved,
      chunk: CHUNK,
    };
    yield step("PageRank", pass, job, length);
    [share, next] = [next, share];
    if (moved.reduce((a, b) => a + b, 0) < tolerance) break;
  }
  return rank;
}

export interface PushOptions {
  /** Default 0.85. */
  readonly damping?: number;
  /** What may be left unspread at a node, per edge of it. Default 1e-7. */
  readonly tolerance?: number;
}

/**
 * Personalised PageRank by local pushes (Andersen, Chung, Lang: "Local Graph Partitioning using PageRank
 * Vectors", FOCS 2006, section 3): ranks are at most `tolerance` times the node's edges too low, and the
 * time is at most 1 / ((1 - damping) tolerance) edges, however large the graph.
 */
export function pushPageRank(
  graph: KnowledgeGraph,
  restart: readonly number[],
  { damping = 0.85, tolerance = 1e-7 }: PushOptions = {},
): Float64Array {
  const { length } = graph.nodes;
  checkRestart(graph, restart);
  checkRange("damping", damping, damping >= 0 && damping < 1, "at least 0, below 1");
  checkRange("tolerance", tolerance, tolerance > 0, "above 0");
  const { out, in: into } = graph;
  const edgesOf = (n: number) =>
    out.start[n + 1]! - out.start[n]! + into.start[n + 1]! - into.start[n]!;
  const rank = new Float64Array(length);
  const rest = new Float64Array(length);
  const queued = new Uint8Array(length);
  // A ring: a node stands in it at most once.
  const queue = new Int32Array(length);
  let [head, size] = [0, 0];
  const offer = (n: number) => {
    if (queued[n] === 1 || rest[n]! <= tolerance * edgesOf(n)) return;
    queued[n] = 1;
    queue[(head + size++) % length] = n;
  };
  for (const n of restart) rest[n] = rest[n]! + 1 / restart.length;
  for (const n of restart) offer(n);
  while (size > 0) {
    const n = queue[head]!;
    head = (head + 1) % length;
    size--;
    queued[n] = 0;
    const value = rest[n]!;
    const edges = edgesOf(n);
    rest[n] = 0;
    rank[n] = rank[n]! + (1 - damping) * value;
    if (edges === 0) continue;
    const share = (damping * value) / edges;
    for (const { start, node } of [out, into]) {
      for (let e = start[n]!; e < start[n + 1]!; e++) {
        const m = node[e]!;
        rest[m] = rest[m]! + share;
        offer(m);
      }
    }
  }
  // A walk at an isolated node begins anew instead of going on: the ranks add up to 1 all the same.
  const alone = restart.filter((n) => edgesOf(n) === 0).length / restart.length;
  if (alone > 0) for (let n = 0; n < length; n++) rank[n] = rank[n]! / (1 - damping * alone);
  return rank;
}

function checkRestart(graph: KnowledgeGraph, restart: readonly number[] | undefined): void {
  const { length } = graph.nodes;
  const good = (n: number) => Number.isSafeInteger(n) && n >= 0 && n < length;
  if (restart === undefined ? length > 0 : restart.length > 0 && restart.every(good)) return;
  throw new ArgumentError("restart of PageRank", {
    expected: `at least one number of a node from 0 to ${length - 1}`,
    got: JSON.stringify(restart ?? []).slice(0, 60),
    remedy: "graph.indexOf gives a node's number.",
  });
}

function checkRange(what: string, value: number, good: boolean, expected: string): void {
  if (good) return;
  throw new ArgumentError(`${what} of PageRank`, {
    expected,
    got: String(value),
    remedy: "Leave it out for the default.",
  });
}
