import { ArgumentError, createRandom } from "@dtok/core";
import type { Adjacency, KnowledgeGraph } from "../csr/graph.js";

/** Which edges a path may take from a node toward its anchors: any, only forward, or only backward. */
export type DirectionPolicy = "both" | "out" | "in";

/** What stands where a node reaches fewer anchors. */
export const NONE = -1;

export interface NearestAnchors {
  /** [N, k]: position in the list of anchors, nearest first, ties to the lower; NONE beyond. */
  readonly anchor: Int32Array;
  /** [N, k]: edges on the shortest path; NONE beyond. */
  readonly distance: Int32Array;
}

/**
 * The k nearest anchors of every node by one breadth-first search from all anchors together. A node that
 * has k takes no more and passes no more on: whatever lies behind it has those k at least as near. Time
 * is at most k times the edges.
 *
 * @param maxDistance edges beyond which no anchor counts
 */
export function nearestAnchors(
  graph: KnowledgeGraph,
  anchors: Int32Array,
  k: number,
  policy: DirectionPolicy = "both",
  maxDistance = 254,
): NearestAnchors {
  const { length } = graph.nodes;
  if (!Number.isSafeInteger(k) || k < 1 || k > anchors.length) {
    throw new ArgumentError("anchors per node", {
      expected: `a whole number from 1 to ${anchors.length}, the anchors`,
      got: String(k),
      remedy: "Ask for fewer per node, or choose more anchors.",
    });
  }
  // From an anchor one walks the other way.
  const rows: readonly Adjacency[] =
    policy === "both" ? [graph.out, graph.in] : policy === "out" ? [graph.in] : [graph.out];
  const anchor = new Int32Array(length * k).fill(NONE);
  const distance = new Int32Array(length * k).fill(NONE);
  const held = new Int32Array(length);
  // What was taken in the last round, in rising order of anchors: so ties go to the lower one.
  let nodes = Int32Array.from(anchors);
  let which = Int32Array.from(anchors, (_, i) => i);
  let size = anchors.length;
  for (let i = 0; i < size; i++) {
    anchor[nodes[i]! * k] = i;
    distance[nodes[i]! * k] = 0;
    held[nodes[i]!] = 1;
  }
  for (let d = 1; d <= maxDistance && size > 0; d++) {
    let found = new Int32Array(Math.max(1024, size * 2));
    let whose = new Int32Array(found.length);
    let count = 0;
    for (let i = 0; i < size; i++) {
      const [n, a] = [nodes[i]!, which[i]!];
      for (const { start, node } of rows) {
        for (let e = start[n]!; e < start[n + 1]!; e++) {
          const m = node[e]!;
          const has = held[m]!;
          if (has === k) continue;
          const base = m * k;
          let known = false;
          for (let j = 0; j < has && !known; j++) known = anchor[base + j] === a;
          if (known) continue;
          anchor[base + has] = a;
          distance[base + has] = d;
          held[m] = has + 1;
          if (count === found.length) {
            const wider = new Int32Array(count * 2);
            wider.set(found);
            found = wider;
            const more = new Int32Array(count * 2);
            more.set(whose);
            whose = more;
          }
          found[count] = m;
          whose[count++] = a;
        }
      }
    }
    nodes = found;
    which = whose;
    size = count;
  }
  return { anchor, distance };
}

/** How a node's relations are chosen where it has more than fit. */
export type RelationChoice = "frequency" | "random";

/**
 * Relations around every node: [N, d] numbers of relation types, r for an outgoing edge and R + r for
 * an incoming one, each type once, in rising order; NONE beyond. Of more than d the most frequent at the
 * node stay (ties to the lower), or a seeded sample that depends on the node's name alone.
 */
export function relationContext(
  graph: KnowledgeGraph,
  d: number,
  choice: RelationChoice = "frequency",
  seed = 0,
): Int32Array {
  if (!Number.isSafeInteger(d) || d < 0) {
    throw new ArgumentError("relations per node", {
      expected: "a whole number from 0",
      got: String(d),
      remedy: "Twelve is NodePiece's choice.",
    });
  }
  const { length } = graph.nodes;
  const types = graph.relations.length;
  const out = new Int32Array(length * d).fill(NONE);
  const count = new Int32Array(2 * types);
  if (d === 0) return out;
  for (let n = 0; n < length; n++) {
    const found: number[] = [];
    for (const [shift, { start, relation }] of [
      [0, graph.out],
      [types, graph.in],
    ] as const) {
      for (let e = start[n]!; e < start[n + 1]!; e++) {
        const r = shift + relation[e]!;
        if (count[r] === 0) found.push(r);
        count[r] = count[r]! + 1;
      }
    }
    let kept = found;
    if (found.length > d) {
      if (choice === "frequency") found.sort((a, b) => count[b]! - count[a]! || a - b);
      else {
        found.sort((a, b) => a - b);
        const picks = createRandom(seed, nameHash(graph.nodes[n]!)).sample(d, found.length);
        kept = Array.from(picks, (i) => found[i]!);
      }
      kept = kept.slice(0, d);
    }
    kept.sort((a, b) => a - b);
    out.set(kept, n * d);
    for (const r of found) count[r] = 0;
  }
  return out;
}

/** FNV-1a of a name's code units: a node draws the same whatever else is in the graph. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
