/*
 * Greedy coverage: each anchor is the node with most nodes within `radius` edges (and itself) that no
 * anchor covers yet. With radius 1 it is NodePiece's greedy cover; with a radius and a share to cover it
 * is how NT-LLM chooses its anchors (arXiv 2410.10743). Lazy (Minoux, 1978): a node's gain only falls,
 * so the one with the largest known gain is looked at first.
 */
import { ArgumentError } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { degrees } from "./degree.js";
import { rowsOf } from "./nearest.js";

export interface CoverOptions {
  /** Edges within which an anchor covers a node. Default 1. */
  readonly radius?: number;
  /** Stops once this share of the nodes is covered. Default 1. */
  readonly coverage?: number;
}

export interface Cover {
  /** Numbers of nodes, in the order of choice. */
  readonly anchors: Int32Array;
  /** Share of the nodes that they cover. */
  readonly coverage: number;
}

/** At most `count` anchors; fewer where they cover what is asked. */
export function greedyCover(
  graph: KnowledgeGraph,
  count: number,
  { radius = 1, coverage = 1 }: CoverOptions = {},
): Cover {
  if (!Number.isSafeInteger(radius) || radius < 1 || radius > 16) {
    throw new ArgumentError("radius", {
      expected: "a whole number of edges from 1 to 16",
      got: String(radius),
      remedy: "Leave it out for 1.",
    });
  }
  if (!(coverage > 0 && coverage <= 1)) {
    throw new ArgumentError("coverage", {
      expected: "a share above 0, at most 1",
      got: String(coverage),
      remedy: "Leave it out for 1.",
    });
  }
  const { length } = graph.nodes;
  const rows = rowsOf(graph, "both");
  const covered = new Uint8Array(length);
  const chosen = new Uint8Array(length);
  const seen = new Int32Array(length);
  const queue = new Int32Array(length);
  let stamp = 0;
  /** Nodes within the radius, in `queue`; how many of them are not covered. */
  let reached = 0;
  const gain = (n: number): number => {
    stamp++;
    seen[n] = stamp;
    queue[0] = n;
    reached = 1;
    let fresh = covered[n] === 0 ? 1 : 0;
    let from = 0;
    for (let d = 0; d < radius && from < reached; d++) {
      const to = reached;
      for (; from < to; from++) {
        const at = queue[from]!;
        for (const { start, node } of rows) {
          for (let e = start[at]!; e < start[at + 1]!; e++) {
            const m = node[e]!;
            if (seen[m] === stamp) continue;
            seen[m] = stamp;
            queue[reached++] = m;
            if (covered[m] === 0) fresh++;
          }
        }
      }
    }
    return fresh;
  };
  // Nodes by a bound of their gain (walks of up to `radius` edges), then by their last known gain.
  let bound = Float64Array.from(degrees(graph), (edges) => Math.min(length, edges + 1));
  for (let d = 1; d < radius; d++) {
    const wider = new Float64Array(length);
    for (let n = 0; n < length; n++) {
      let sum = 1;
      for (const { start, node } of rows) {
        for (let e = start[n]!; e < start[n + 1]!; e++) sum += bound[node[e]!]!;
      }
      wider[n] = Math.min(length, sum);
    }
    bound = wider;
  }
  const most = bound.reduce((a, b) => Math.max(a, b), 0);
  // Lists are refilled as gains fall; a list is sorted when its turn comes, lowest number last.
  const lists: (number[] | undefined)[] = Array.from({ length: most + 1 });
  for (let n = length - 1; n >= 0; n--) (lists[bound[n]!] ??= []).push(n);
  const out: number[] = [];
  let done = 0;
  for (let level = most; level > 0 && out.length < count && done < coverage * length;) {
    const n = lists[level]?.pop();
    if (n === undefined) {
      lists[level] = undefined;
      level--;
      lists[level]?.sort((a, b) => b - a);
      continue;
    }
    if (chosen[n]) continue;
    const now = gain(n);
    if (now < level) {
      (lists[now] ??= []).push(n);
      continue;
    }
    chosen[n] = 1;
    out.push(n);
    done += now;
    for (let i = 0; i < reached; i++) covered[queue[i]!] = 1;
  }
  return { anchors: Int32Array.from(out), coverage: length === 0 ? 0 : done / length };
}
