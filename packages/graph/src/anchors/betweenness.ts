/*
 * Betweenness (Brandes: "A Faster Algorithm for Betweenness Centrality", 2001) of the graph without
 * directions, from a seeded sample of sources (Brandes, Pich, 2007): an estimate for large graphs, exact
 * where all nodes are sources.
 */
import { createRandom } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { doubles, ints } from "../csr/shared.js";

/** Sources of a sample. */
const SOURCES = 256;
/** Sums of their own, so that the order of additions does not depend on threads. */
const PARTS = 8;

interface SourcesJob {
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  readonly sources: Int32Array;
  readonly parts: readonly Float64Array[];
}

/** Rows are parts: each adds up its share of the sources. */
function addSources(job: SourcesJob, from: number, to: number, local: Record<string, unknown>) {
  const { starts, ends, sources, parts } = job;
  const { length } = parts[0]!;
  const distance = (local["distance"] ??= new Int32Array(length)) as Int32Array;
  const paths = (local["paths"] ??= new Float64Array(length)) as Float64Array;
  const credit = (local["credit"] ??= new Float64Array(length)) as Float64Array;
  const queue = (local["queue"] ??= new Int32Array(length)) as Int32Array;
  for (let part = from; part < to; part++) {
    const score = parts[part]!;
    for (let s = part; s < sources.length; s += parts.length) {
      distance.fill(-1);
      paths.fill(0);
      credit.fill(0);
      distance[sources[s]!] = 0;
      paths[sources[s]!] = 1;
      queue[0] = sources[s]!;
      let size = 1;
      for (let at = 0; at < size; at++) {
        const n = queue[at]!;
        const after = distance[n]! + 1;
        for (let w = 0; w < 2; w++) {
          const start = starts[w]!;
          const end = ends[w]!;
          for (let e = start[n]!; e < start[n + 1]!; e++) {
            const m = end[e]!;
            if (distance[m] === -1) {
              distance[m] = after;
              queue[size++] = m;
            }
            if (distance[m] === after) paths[m] = paths[m]! + paths[n]!;
          }
        }
      }
      for (let at = size - 1; at > 0; at--) {
        const m = queue[at]!;
        score[m] = score[m]! + credit[m]!;
        const before = distance[m]! - 1;
        const each = (1 + credit[m]!) / paths[m]!;
        for (let w = 0; w < 2; w++) {
          const start = starts[w]!;
          const end = ends[w]!;
          for (let e = start[m]!; e < start[m + 1]!; e++) {
            const n = end[e]!;
            if (distance[n] === before) credit[n] = credit[n]! + paths[n]! * each;
          }
        }
      }
    }
  }
}

export function sampledBetweenness(
  graph: KnowledgeGraph,
  seed = 0,
  sources = SOURCES,
): Float64Array {
  return runHere(betweennessPlan(graph, seed, sources));
}

/** The steps of `sampledBetweenness`. */
export function* betweennessPlan(
  graph: KnowledgeGraph,
  seed = 0,
  sources = SOURCES,
): Plan<Float64Array> {
  const { length } = graph.nodes;
  const picks = ints(Math.min(sources, length));
  picks.set(createRandom(seed, 3).sample(picks.length, length));
  const parts = Array.from({ length: Math.min(PARTS, picks.length) }, () => doubles(length));
  const job: SourcesJob = {
    starts: [graph.out.start, graph.in.start],
    ends: [graph.out.node, graph.in.node],
    sources: picks,
    parts,
  };
  yield step("betweenness", addSources, job, parts.length, 1);
  const score = parts[0] ?? new Float64Array(0);
  for (const part of parts.slice(1)) {
    for (let n = 0; n < length; n++) score[n] = score[n]! + part[n]!;
  }
  return score;
}
