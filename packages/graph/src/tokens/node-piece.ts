/*
 * NodePiece. Galkin, Denis, Wu, Hamilton: "NodePiece: Compositional and Parameter-Efficient
 * Representations of Large Knowledge Graphs", arXiv 2106.12144, section 3: a node is the k nearest of a
 * few anchors, the distances to them, and d of the relations around it. Survey: graph anchors and
 * relations (GART).
 *
 * A token grid [N] of k anchors (A + 1 entries: each anchor, and none), k distances (D + 2: 0 to D
 * edges, and none), d relations (2 R + 1: outgoing, incoming, and none).
 */
import { ArgumentError, createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { nearestAnchors, NONE, relationContext } from "../anchors/nearest.js";
import type { DirectionPolicy, RelationChoice } from "../anchors/nearest.js";
import { selectAnchors } from "../anchors/strategies.js";
import type { AnchorOptions } from "../anchors/strategies.js";
import type { KnowledgeGraph } from "../csr/graph.js";

export interface NodePieceOptions extends AnchorOptions {
  /** Anchors in all. Default a hundredth of the nodes, from 1 to 20,000. */
  readonly anchors?: number;
  /** The anchors by name, instead of choosing them. */
  readonly anchorNodes?: readonly string[];
  /** Anchors per node, k. Default 20, or all where there are fewer. */
  readonly perNode?: number;
  /** Relations per node, d. Default 12. */
  readonly relations?: number;
  readonly relationChoice?: RelationChoice;
  readonly policy?: DirectionPolicy;
  /** Longest path that counts, D. Default 30. */
  readonly maxDistance?: number;
}

/** An edge of a node that the graph did not have. */
export interface NewEdge {
  readonly relation: string;
  /** The node at the other end. */
  readonly node: string;
  /** "out": from the new node; "in": toward it. Default "out". */
  readonly direction?: "out" | "in";
}

/** The nodes of one graph as tokens. */
export class NodePiece {
  readonly graph: KnowledgeGraph;
  /** Numbers of the anchor nodes, rising. */
  readonly anchors: Int32Array;
  readonly perNode: number;
  readonly relationsPerNode: number;
  readonly maxDistance: number;
  readonly policy: DirectionPolicy;
  /** Entries of each of the 2 k + d codebooks. */
  readonly codebookSizes: readonly number[];
  readonly #anchor: Int32Array;
  readonly #distance: Int32Array;
  readonly #relations: Int32Array;

  constructor(graph: KnowledgeGraph, options: NodePieceOptions = {}) {
    const { length } = graph.nodes;
    if (length === 0) {
      throw new ArgumentError("graph", {
        expected: "at least one node",
        got: "none",
        remedy: "Check the source of the graph.",
      });
    }
    const { maxDistance = 30, policy = "both" } = options;
    if (!Number.isSafeInteger(maxDistance) || maxDistance < 1 || maxDistance > 1000) {
      throw new ArgumentError("maxDistance", {
        expected: "a whole number of edges from 1 to 1000",
        got: String(maxDistance),
        remedy: "Leave it out for 30.",
      });
    }
    this.graph = graph;
    this.anchors = options.anchorNodes
      ? Int32Array.from(new Set(options.anchorNodes.map((name) => this.#number(name)))).sort()
      : selectAnchors(
          graph,
          options.anchors ?? Math.max(1, Math.min(20_000, Math.round(length / 100))),
          options,
        );
    const count = this.anchors.length;
    this.perNode = options.perNode ?? Math.min(20, count);
    this.relationsPerNode = options.relations ?? 12;
    this.maxDistance = maxDistance;
    this.policy = policy;
    const near = nearestAnchors(graph, this.anchors, this.perNode, policy, maxDistance);
    this.#anchor = near.anchor;
    this.#distance = near.distance;
    this.#relations = relationContext(
      graph,
      this.relationsPerNode,
      options.relationChoice,
      options.seed,
    );
    const fill = (n: number, size: number) => Array.from({ length: n }, () => size);
    this.codebookSizes = [
      ...fill(this.perNode, count + 1),
      ...fill(this.perNode, maxDistance + 2),
      ...fill(this.relationsPerNode, 2 * graph.relations.length + 1),
    ];
  }

  /** Codes of all nodes, or of those named, [nodes, 2 k + d]; `none` is each codebook's last entry. */
  encode(nodes?: readonly string[]): TokenGrid {
    const numbers = nodes
      ? nodes.map((name) => this.#number(name))
      : Array.from({ length: this.graph.nodes.length }, (_, n) => n);
    const width = this.codebookSizes.length;
    const data = new Int32Array(numbers.length * width);
    for (const [i, n] of numbers.entries()) {
      this.#write(
        this.#anchor.subarray(n * this.perNode, (n + 1) * this.perNode),
        this.#distance.subarray(n * this.perNode, (n + 1) * this.perNode),
        this.#relations.subarray(n * this.relationsPerNode, (n + 1) * this.relationsPerNode),
        data,
        i * width,
      );
    }
    return this.#grid(data, numbers.length);
  }

  /**
   * Codes of a node that the graph does not have, from its edges to nodes that it has, without fitting
   * anew. Exact as long as the new node makes no old one's path shorter.
   *
   * @throws ArgumentError for unknown nodes and relations
   */
  encodeNew(edges: readonly NewEdge[]): TokenGrid {
    const best = new Map<number, number>();
    const kinds = new Map<number, number>();
    for (const { relation, node, direction = "out" } of edges) {
      const r = this.graph.relations.indexOf(relation);
      if (r < 0) {
        throw new ArgumentError("relation of a new node", {
          expected: "one of the graph's relations",
          got: JSON.stringify(relation),
          remedy: "Leave the edge out, or build the graph anew with that relation.",
        });
      }
      const n = this.#number(node);
      const kind = direction === "out" ? r : this.graph.relations.length + r;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (this.policy !== "both" && this.policy !== direction) continue;
      for (let j = 0; j < this.perNode; j++) {
        const a = this.#anchor[n * this.perNode + j]!;
        if (a === NONE) break;
        const d = this.#distance[n * this.perNode + j]! + 1;
        if (d <= this.maxDistance) best.set(a, Math.min(best.get(a) ?? Infinity, d));
      }
    }
    const near = [...best].sort((x, y) => x[1] - y[1] || x[0] - y[0]).slice(0, this.perNode);
    const kept = [...kinds]
      .sort((x, y) => y[1] - x[1] || x[0] - y[0])
      .slice(0, this.relationsPerNode)
      .map(([kind]) => kind)
      .sort((x, y) => x - y);
    const padded = (values: readonly number[], length: number) =>
      Int32Array.from({ length }, (_, i) => values[i] ?? NONE);
    const data = new Int32Array(this.codebookSizes.length);
    this.#write(
      padded(
        near.map(([a]) => a),
        this.perNode,
      ),
      padded(
        near.map(([, d]) => d),
        this.perNode,
      ),
      padded(kept, this.relationsPerNode),
      data,
      0,
    );
    return this.#grid(data, 1);
  }

  /** A node's anchors with their distances, nearest first, and its relations. */
  describe(node: string): {
    readonly anchors: readonly { readonly node: string; readonly distance: number }[];
    readonly relations: readonly { readonly relation: string; readonly direction: "out" | "in" }[];
  } {
    const n = this.#number(node);
    const types = this.graph.relations.length;
    const anchors = [];
    for (let j = n * this.perNode; j < (n + 1) * this.perNode; j++) {
      if (this.#anchor[j] === NONE) break;
      const at = this.anchors[this.#anchor[j]!]!;
      anchors.push({ node: this.graph.nodes[at]!, distance: this.#distance[j]! });
    }
    const relations = [];
    for (let j = n * this.relationsPerNode; j < (n + 1) * this.relationsPerNode; j++) {
      const r = this.#relations[j]!;
      if (r === NONE) break;
      relations.push({
        relation: this.graph.relations[r % types]!,
        direction: r < types ? ("out" as const) : ("in" as const),
      });
    }
    return { anchors, relations };
  }

  /** One line for people: `cat: mammal@1 animal@2 | hypernym> <hyponym`. */
  line(node: string): string {
    const { anchors, relations } = this.describe(node);
    const left = anchors.map(({ node: name, distance }) => `${name}@${distance}`).join(" ");
    const right = relations
      .map(({ relation, direction }) => (direction === "out" ? `${relation}>` : `<${relation}`))
      .join(" ");
    return `${node}: ${left || "no anchor"} | ${right || "no relation"}`;
  }

  #number(name: string): number {
    const n = this.graph.indexOf(name);
    if (n >= 0) return n;
    throw new ArgumentError("node", {
      expected: "a node of the graph",
      got: JSON.stringify(name),
      remedy: "Use encodeNew with the node's edges.",
    });
  }

  #write(
    anchor: Int32Array,
    distance: Int32Array,
    relations: Int32Array,
    out: Int32Array,
    at: number,
  ): void {
    const { perNode: k } = this;
    for (let j = 0; j < k; j++) {
      const none = anchor[j] === NONE;
      out[at + j] = none ? this.anchors.length : anchor[j]!;
      out[at + k + j] = none ? this.maxDistance + 1 : distance[j]!;
    }
    const types = 2 * this.graph.relations.length;
    for (let j = 0; j < this.relationsPerNode; j++) {
      out[at + 2 * k + j] = relations[j] === NONE ? types : relations[j]!;
    }
  }

  #grid(data: Int32Array, rows: number): TokenGrid {
    return createTokenGrid({
      codes: { data, shape: [rows, this.codebookSizes.length] },
      shape: [rows],
      codebookSizes: this.codebookSizes,
      side: { anchorsPerNode: this.perNode, relationsPerNode: this.relationsPerNode },
    });
  }
}
