import { ArgumentError } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { ints } from "../csr/shared.js";
import { NONE } from "./nearest.js";

/** How a node's relations are chosen where it has more than fit. */
export type RelationChoice = "frequency" | "random";

interface ContextJob {
  readonly starts: readonly Int32Array[];
  readonly kinds: readonly Int32Array[];
  readonly types: number;
  readonly d: number;
  /** [N] for a random choice, else empty. */
  readonly hashes: Int32Array;
  readonly out: Int32Array;
}

function contextRows(job: ContextJob, from: number, to: number, local: Record<string, unknown>) {
  const { starts, kinds, types, d, hashes, out } = job;
  const count = (local["count"] ??= new Int32Array(2 * types)) as Int32Array;
  const found = (local["found"] ??= new Int32Array(2 * types)) as Int32Array;
  const best = (local["best"] ??= new Int32Array(d)) as Int32Array;
  const score = (local["score"] ??= new Float64Array(d)) as Float64Array;
  for (let n = from; n < to; n++) {
    let size = 0;
    for (let w = 0; w < 2; w++) {
      const start = starts[w]!;
      const kind = kinds[w]!;
      for (let e = start[n]!; e < start[n + 1]!; e++) {
        const r = w * types + kind[e]!;
        if (count[r]!++ === 0) found[size++] = r;
      }
    }
    // The d of highest score, ties to the lower relation.
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const r = found[i]!;
      let value = count[r]!;
      count[r] = 0;
      if (size > d && hashes.length > 0) {
        // A hash of node and relation instead of the count: a sample without order.
        let z = Math.imul(hashes[n]! ^ Math.imul(r + 1, 0x9e3779b9), 0x85ebca6b);
        z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
        value = (z ^ (z >>> 16)) >>> 0;
      }
      let j = kept;
      while (j > 0 && (score[j - 1]! < value || (score[j - 1] === value && best[j - 1]! > r))) j--;
      if (j === d) continue;
      if (kept < d) kept++;
      for (let m = kept - 1; m > j; m--) {
        best[m] = best[m - 1]!;
        score[m] = score[m - 1]!;
      }
      best[j] = r;
      score[j] = value;
    }
    for (let i = 0; i < kept; i++) {
      const r = best[i]!;
      let j = n * d + i;
      for (; j > n * d && out[j - 1]! > r; j--) out[j] = out[j - 1]!;
      out[j] = r;
    }
  }
}

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
  return runHere(relationPlan(graph, d, choice, seed));
}

/** The steps of `relationContext`. */
export function* relationPlan(
  graph: KnowledgeGraph,
  d: number,
  choice: RelationChoice,
  seed: number,
): Plan<Int32Array> {
  if (!Number.isSafeInteger(d) || d < 0) {
    throw new ArgumentError("relations per node", {
      expected: "a whole number from 0",
      got: String(d),
      remedy: "Twelve is NodePiece's choice.",
    });
  }
  const { length } = graph.nodes;
  const out = ints(length * d).fill(NONE);
  if (d === 0) return out;
  const hashes = ints(choice === "random" ? length : 0);
  for (let n = 0; n < hashes.length; n++) hashes[n] = nameHash(graph.nodes[n]!) ^ mixSeed(seed);
  const job: ContextJob = {
    starts: [graph.out.start, graph.in.start],
    kinds: [graph.out.relation, graph.in.relation],
    types: graph.relations.length,
    d,
    hashes,
    out,
  };
  yield step("relations", contextRows, job, length);
  return out;
}

/** Relations around every node with how often each occurs, as compressed sparse rows. */
export interface RelationProfiles {
  /** [N + 1]. */
  readonly start: Int32Array;
  /** Rising within a node: r for outgoing edges, R + r for incoming ones. */
  readonly relation: Int32Array;
  /** Edges of that kind. */
  readonly count: Int32Array;
}

export function relationProfiles(graph: KnowledgeGraph): RelationProfiles {
  const { length } = graph.nodes;
  const types = graph.relations.length;
  const seen = new Int32Array(2 * types);
  const start = ints(length + 1);
  const relation = new Int32Array(2 * graph.edges);
  const count = new Int32Array(2 * graph.edges);
  let at = 0;
  for (let n = 0; n < length; n++) {
    const begin = at;
    for (const [shift, row] of [
      [0, graph.out],
      [types, graph.in],
    ] as const) {
      for (let e = row.start[n]!; e < row.start[n + 1]!; e++) {
        const r = shift + row.relation[e]!;
        if (seen[r]!++ === 0) relation[at++] = r;
      }
    }
    relation.subarray(begin, at).sort();
    for (let i = begin; i < at; i++) {
      count[i] = seen[relation[i]!]!;
      seen[relation[i]!] = 0;
    }
    start[n + 1] = at;
  }
  return { start, relation: relation.slice(0, at), count: count.slice(0, at) };
}

/** FNV-1a of a name's code units: a node draws the same whatever else is in the graph. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Neighbouring seeds far apart. */
export function mixSeed(seed: number): number {
  let z = Math.imul((seed | 0) + 0x9e3779b9, 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35) ^ Math.floor(seed / 0x100000000);
  return z ^ (z >>> 16);
}
