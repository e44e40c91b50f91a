/*
 * NT-LLM. Ji, Liu, Chen, Luo, Li, Ding, Lin, Lu: "From Anchors to Answers: A Novel Node Tokenizer for
 * Integrating Graph Structure into Large Language Models", arXiv 2410.10743: anchors by greedy coverage
 * within a radius until a share of the nodes is covered, and a node as its distance to every anchor.
 * The learned projection that keeps the ranks of distances takes `distances` as it is.
 *
 * A token grid [N] of K distances (D + 2 entries: 0 to D edges, and unreachable).
 */
import { ArgumentError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { greedyCover } from "../anchors/cover.js";
import { checkDistance, NONE, rowsOf } from "../anchors/nearest.js";
import type { DirectionPolicy } from "../anchors/nearest.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere, step } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { ints, shorts } from "../csr/shared.js";
import { nodeNumber, refuseEmpty, resolveEdges } from "./new-node.js";
import type { NewEdge, NewNodeOptions } from "./new-node.js";
import { NodeTokens } from "./node-tokens.js";
import { NodeVocabulary } from "./vocabulary.js";

export interface NtLlmOptions {
  /** Anchors at most, K. Default 64. */
  readonly anchors?: number;
  /** The anchors by name, in this order, instead of choosing them. */
  readonly anchorNodes?: readonly string[];
  /** Edges within which an anchor covers a node. Default 2. */
  readonly radius?: number;
  /** Share of the nodes to cover. Default 0.9. */
  readonly coverage?: number;
  readonly policy?: DirectionPolicy;
  /** Longest path that counts, D. Default 30. */
  readonly maxDistance?: number;
}

/** Anchors that one pass over the edges serves: the bits of a word. */
const WORD = 32;

interface WordJob {
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  readonly all: number;
  readonly front: Int32Array;
  readonly next: Int32Array;
  readonly seen: Int32Array;
  readonly distance: Int16Array;
  readonly first: number;
  readonly width: number;
  readonly d: number;
  readonly took: Int32Array;
}

/** A node takes the anchors that its neighbours reached in the last round: one bit each. */
function spread(job: WordJob, from: number, to: number): void {
  const { starts, ends, all, front, next, seen, distance, first, width, d } = job;
  let took = 0;
  for (let m = from; m < to; m++) {
    const missing = all & ~seen[m]!;
    next[m] = 0;
    if (missing === 0) continue;
    let bits = 0;
    for (let w = 0; w < starts.length && (bits & missing) !== missing; w++) {
      const start = starts[w]!;
      const end = ends[w]!;
      for (let e = start[m]!; e < start[m + 1]!; e++) bits |= front[end[e]!]!;
    }
    bits &= missing;
    next[m] = bits;
    if (bits === 0) continue;
    seen[m] = seen[m]! | bits;
    took++;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits);
      distance[m * width + first + bit] = d;
      bits &= ~(1 << bit);
    }
  }
  if (took > 0) Atomics.add(job.took, 0, took);
}

function* distancePlan(
  graph: KnowledgeGraph,
  anchors: Int32Array,
  policy: DirectionPolicy,
  maxDistance: number,
): Plan<Int16Array> {
  const { length } = graph.nodes;
  const width = anchors.length;
  const distance = shorts(length * width).fill(NONE);
  const rows = rowsOf(graph, policy);
  const starts = rows.map(({ start }) => start);
  const ends = rows.map(({ node }) => node);
  const took = ints(1);
  for (let first = 0; first < width; first += WORD) {
    const some = anchors.subarray(first, first + WORD);
    let [front, next] = [ints(length), ints(length)];
    const seen = ints(length);
    for (const [bit, n] of some.entries()) {
      front[n] = front[n]! | (1 << bit);
      seen[n] = seen[n]! | (1 << bit);
      distance[n * width + first + bit] = 0;
    }
    const all = some.length === WORD ? -1 : (1 << some.length) - 1;
    took[0] = 1;
    for (let d = 1; d <= maxDistance && took[0] > 0; d++) {
      took[0] = 0;
      const job: WordJob = {
        starts,
        ends,
        all,
        front,
        next,
        seen,
        distance,
        first,
        width,
        d,
        took,
      };
      yield step("distances", spread, job, length);
      [front, next] = [next, front];
    }
  }
  return distance;
}

/** The nodes of one graph by their distances to a few anchors. */
export class NtLlm extends NodeTokens {
  readonly graph: KnowledgeGraph;
  /** Numbers of the anchor nodes, in the order of choice. */
  readonly anchors: Int32Array;
  /** Share of the nodes within the radius of an anchor; undefined for anchors by name. */
  readonly coverage: number | undefined;
  readonly maxDistance: number;
  readonly policy: DirectionPolicy;
  /** [N, K]: edges on the shortest path; NONE where there is none. */
  readonly distances: Int16Array;

  constructor(
    graph: KnowledgeGraph,
    options: NtLlmOptions = {},
    fitted = runHere(fitPlan(graph, options)),
  ) {
    const { maxDistance = 30, policy = "both" } = options;
    super(new NodeVocabulary([{ kind: "distance", names: maxDistance + 1 }]), [
      [fitted.anchors.length, { kind: "distance" }],
    ]);
    this.graph = graph;
    this.anchors = fitted.anchors;
    this.coverage = fitted.coverage;
    this.distances = fitted.distances;
    this.maxDistance = maxDistance;
    this.policy = policy;
  }

  /** The same in steps, for `GraphThreads.run`. */
  static *plan(graph: KnowledgeGraph, options: NtLlmOptions = {}): Plan<NtLlm> {
    return new NtLlm(graph, options, yield* fitPlan(graph, options));
  }

  /**
   * Codes of a node that the graph does not have, from its edges to nodes that it has. Exact as long as
   * the new node makes no old one's path shorter.
   *
   * @throws ArgumentError for unknown nodes and relations, unless these are tokens
   */
  encodeNew(edges: readonly NewEdge[], options: NewNodeOptions = {}): TokenGrid {
    const width = this.anchors.length;
    const none = this.maxDistance + 1;
    const data = new Int32Array(width).fill(none);
    for (const { node, direction } of resolveEdges(this.graph, edges, options)) {
      if (node < 0 || (this.policy !== "both" && this.policy !== direction)) continue;
      for (let q = 0; q < width; q++) {
        const d = this.distances[node * width + q]!;
        if (d !== NONE) data[q] = Math.min(data[q]!, d + 1);
      }
    }
    return this.grid(data, 1);
  }

  /** One line for people: `cat: mammal@1 animal@2 rock@-`. */
  line(node: string): string {
    const n = nodeNumber(this.graph, node);
    const words = Array.from(this.anchors, (anchor, q) => {
      const d = this.distances[n * this.anchors.length + q]!;
      return `${this.graph.nodes[anchor]!}@${d === NONE ? "-" : d}`;
    });
    return `${node}: ${words.join(" ")}`;
  }

  protected writeNode(n: number, out: Int32Array, at: number): void {
    const width = this.anchors.length;
    for (let q = 0; q < width; q++) {
      const d = this.distances[n * width + q]!;
      out[at + q] = d === NONE ? this.maxDistance + 1 : d;
    }
  }
}

function* fitPlan(graph: KnowledgeGraph, options: NtLlmOptions) {
  refuseEmpty(graph);
  const { anchors: most = 64, policy = "both", maxDistance = 30 } = options;
  checkDistance(maxDistance);
  let anchors: Int32Array;
  let coverage: number | undefined;
  if (options.anchorNodes) {
    const numbers = new Set(options.anchorNodes.map((name) => nodeNumber(graph, name)));
    anchors = Int32Array.from(numbers);
  } else {
    if (!Number.isSafeInteger(most) || most < 1 || most > 65_536) {
      throw new ArgumentError("number of anchors", {
        expected: "a whole number from 1 to 65536",
        got: String(most),
        remedy: "Leave it out for 64.",
      });
    }
    const { radius = 2, coverage: share = 0.9 } = options;
    const cover = greedyCover(graph, most, { radius, coverage: share });
    ({ anchors, coverage } = cover);
  }
  const distances = yield* distancePlan(graph, anchors, policy, maxDistance);
  return { anchors, coverage, distances };
}
