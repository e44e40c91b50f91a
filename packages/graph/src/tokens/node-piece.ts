/*
 * NodePiece. Galkin, Denis, Wu, Hamilton: "NodePiece: Compositional and Parameter-Efficient
 * Representations of Large Knowledge Graphs", ICLR 2022, arXiv 2106.12144, sections 3.1 and 3.2: a node
 * is its k nearest anchors, the distances to them, and d relations around it. Survey: graph anchors and
 * relations (GART).
 *
 * A token grid [N] of k anchors (A + 1 entries: each anchor, and none), k distances (D + 2: 0 to D
 * edges, and none), d relations (2 R + 2: outgoing, incoming, unknown, and none).
 *
 * Anchors say where a node is, not which it is: leaves below one node share them all. With `identity`
 * follow c random codes of the node (RandomEQ, arXiv 2310.15797), and with `neighbours` up to m relations
 * to neighbours and the c codes of each, which is what a layer of message passing would read. Each random
 * code has c l + 1 entries: entry i of codebook j is j l + i, and the last is none.
 */
import { ArgumentError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { checkDistance, nearestPlan, NONE } from "../anchors/nearest.js";
import type { DirectionPolicy } from "../anchors/nearest.js";
import { neighbourPlan } from "../anchors/neighbours.js";
import type { NeighbourSlots } from "../anchors/neighbours.js";
import { relationPlan } from "../anchors/relations.js";
import type { RelationChoice } from "../anchors/relations.js";
import { anchorPlan } from "../anchors/select.js";
import type { AnchorOptions } from "../anchors/select.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { runHere } from "../csr/plan.js";
import type { Plan } from "../csr/plan.js";
import { frequentKinds, nodeNumber, refuseEmpty, resolveEdges } from "./new-node.js";
import type { NewEdge, NewNodeOptions, ResolvedEdge } from "./new-node.js";
import { NodeTokens } from "./node-tokens.js";
import { randomEntityCodes } from "./random-eq.js";
import type { RandomCodesOptions } from "./random-eq.js";
import { NodeVocabulary, relationTexts } from "./vocabulary.js";

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
  /** Random codes of a node's own name. Default none. */
  readonly identity?: RandomCodesOptions;
  /** Neighbours per node by their random codes, m; wants `identity`. Default 0. */
  readonly neighbours?: number;
}

/** An edge as a path goes along it: from `from` to `to` of `relation`, the way the graph has it. */
export interface PathEdge {
  readonly from: string;
  readonly relation: string;
  readonly to: string;
}

type Direction = "out" | "in";

/** A node's tokens by name. */
export interface NodeDescription {
  readonly anchors: readonly { readonly node: string; readonly distance: number }[];
  readonly relations: readonly { readonly relation: string; readonly direction: Direction }[];
  readonly neighbours: readonly {
    readonly node: string;
    readonly relation: string;
    readonly direction: Direction;
  }[];
}

interface Fitted {
  readonly anchors: Int32Array;
  readonly perNode: number;
  readonly anchor: Int32Array;
  readonly distance: Int16Array;
  readonly relations: Int32Array;
  /** [N, c], stacked. */
  readonly identity: Int32Array;
  readonly slots: NeighbourSlots;
}

/** The nodes of one graph as tokens. */
export class NodePiece extends NodeTokens {
  readonly graph: KnowledgeGraph;
  /** Numbers of the anchor nodes, rising. */
  readonly anchors: Int32Array;
  readonly perNode: number;
  readonly relationsPerNode: number;
  readonly maxDistance: number;
  readonly policy: DirectionPolicy;
  readonly #anchor: Int32Array;
  readonly #distance: Int16Array;
  readonly #relations: Int32Array;
  /** Neighbours per node, m, and random codes of each, c. */
  readonly neighbours: number;
  readonly #random: RandomCodesOptions | undefined;
  readonly #codebooks: number;
  /** The entry of random codes that says none. */
  readonly #none: number;
  readonly #identity: Int32Array;
  readonly #slots: NeighbourSlots;

  constructor(graph: KnowledgeGraph, options: NodePieceOptions = {}, fitted?: Fitted) {
    const fit = fitted ?? runHere(fitPlan(graph, options));
    const { relations = 12, maxDistance = 30, identity, neighbours = 0 } = options;
    const codebooks = identity?.codebooks ?? 0;
    const none = codebooks * (identity?.size ?? 0);
    super(
      new NodeVocabulary([
        { kind: "anchor", names: Array.from(fit.anchors, (n) => graph.nodes[n]!) },
        { kind: "distance", names: maxDistance + 1 },
        { kind: "relation", names: relationTexts(graph.relations) },
        ...(identity ? [{ kind: "code", names: none }] : []),
      ]),
      [
        [fit.perNode, { kind: "anchor" }],
        [fit.perNode, { kind: "distance" }],
        [relations, { kind: "relation", unknown: true }],
        [codebooks, { kind: "code" }],
        [neighbours, { kind: "relation", unknown: true }],
        [neighbours * codebooks, { kind: "code" }],
      ],
      { anchorsPerNode: fit.perNode, relationsPerNode: relations },
    );
    this.graph = graph;
    this.anchors = fit.anchors;
    this.perNode = fit.perNode;
    this.relationsPerNode = relations;
    this.maxDistance = maxDistance;
    this.policy = options.policy ?? "both";
    this.#anchor = fit.anchor;
    this.#distance = fit.distance;
    this.#relations = fit.relations;
    this.neighbours = neighbours;
    this.#random = identity;
    this.#codebooks = codebooks;
    this.#none = none;
    this.#identity = fit.identity;
    this.#slots = fit.slots;
  }

  /** The same in steps, for `GraphThreads.run`. */
  static *plan(graph: KnowledgeGraph, options: NodePieceOptions = {}): Plan<NodePiece> {
    return new NodePiece(graph, options, yield* fitPlan(graph, options));
  }

  /**
   * Codes of a node that the graph does not have, from its edges to nodes that it has, without fitting
   * anew. Exact as long as the new node makes no old one's path shorter.
   *
   * @param options.name of the new node, for its random codes where it is to have them
   * @throws ArgumentError for unknown nodes and relations, unless these are tokens
   */
  encodeNew(
    edges: readonly NewEdge[],
    { name, ...options }: NewNodeOptions & { readonly name?: string } = {},
  ): TokenGrid {
    const { perNode: k } = this;
    const best = new Map<number, number>();
    const resolved = resolveEdges(this.graph, edges, options);
    for (const { node, direction } of resolved) {
      if (node < 0 || (this.policy !== "both" && this.policy !== direction)) continue;
      for (let j = node * k; j < (node + 1) * k; j++) {
        const a = this.#anchor[j]!;
        if (a === NONE) break;
        const d = this.#distance[j]! + 1;
        if (d <= this.maxDistance) best.set(a, Math.min(best.get(a) ?? Infinity, d));
      }
    }
    const near = [...best].sort((x, y) => x[1] - y[1] || x[0] - y[0]).slice(0, k);
    const kept = frequentKinds(resolved, this.relationsPerNode);
    const data = Int32Array.from(this.codebookSizes, (size) => size - 1);
    for (const [j, [a, d]] of near.entries()) {
      data[j] = a;
      data[k + j] = d;
    }
    for (const [j, { kind }] of kept.entries()) data[2 * k + j] = kind;
    const { neighbours: m } = this;
    const c = this.#codebooks;
    const first = 2 * k + this.relationsPerNode;
    if (name !== undefined && this.#random) data.set(stackedCodes([name], this.#random), first);
    for (const [j, { kind, node }] of inTurn(resolved, m).entries()) {
      data[first + c + j] = kind;
      if (node < 0) continue;
      const codes = this.#identity.subarray(node * c, (node + 1) * c);
      data.set(codes, first + c + m + j * c);
    }
    return this.grid(data, 1);
  }

  /** A node's anchors with their distances, nearest first, its relations, and neighbours that have a place. */
  describe(node: string): NodeDescription {
    const n = nodeNumber(this.graph, node);
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
    const neighbours = [];
    for (let i = n * this.neighbours; i < (n + 1) * this.neighbours; i++) {
      const r = this.#slots.kind[i]!;
      if (r === NONE) break;
      neighbours.push({
        node: this.graph.nodes[this.#slots.node[i]!]!,
        relation: this.graph.relations[r % types]!,
        direction: r < types ? ("out" as const) : ("in" as const),
      });
    }
    return { anchors, relations, neighbours };
  }

  /** A shortest path from a node to one of its anchors, edge by edge. */
  pathTo(node: string, anchor: string): PathEdge[] {
    const { graph, perNode: k } = this;
    let n = nodeNumber(graph, node);
    const target = this.anchors.indexOf(nodeNumber(graph, anchor));
    const held = (m: number) => {
      for (let j = m * k; j < (m + 1) * k; j++) {
        if (this.#anchor[j] === target) return this.#distance[j]!;
      }
      return -1;
    };
    const path: PathEdge[] = [];
    for (let d = held(n); d > 0; d--) {
      let next = -1;
      for (const way of ["out", "in"] as const) {
        if (next >= 0 || (this.policy !== "both" && this.policy !== way)) continue;
        const { start, node: ends, relation } = graph[way];
        for (let e = start[n]!; e < start[n + 1]! && next < 0; e++) {
          if (held(ends[e]!) !== d - 1) continue;
          next = ends[e]!;
          const [from, to] = way === "out" ? [n, next] : [next, n];
          path.push({
            from: graph.nodes[from]!,
            relation: graph.relations[relation[e]!]!,
            to: graph.nodes[to]!,
          });
        }
      }
      n = next;
    }
    return path;
  }

  /** One line for people: `cat: mammal@1 animal@2 | hypernym> <hyponym`, then neighbours that have a place. */
  line(node: string): string {
    const { anchors, relations, neighbours } = this.describe(node);
    const left = anchors.map(({ node: name, distance }) => `${name}@${distance}`).join(" ");
    const right = relations
      .map(({ relation, direction }) => (direction === "out" ? `${relation}>` : `<${relation}`))
      .join(" ");
    const near = neighbours
      .map(({ node: other, relation, direction }) =>
        direction === "out" ? `${relation}>${other}` : `${other}>${relation}`,
      )
      .join(" ");
    return `${node}: ${left || "no anchor"} | ${right || "no relation"}${near && ` | ${near}`}`;
  }

  protected writeNode(n: number, out: Int32Array, at: number): void {
    const { perNode: k, relationsPerNode: d } = this;
    const anchor = n * k;
    const none = this.anchors.length;
    for (let j = 0; j < k; j++) {
      const a = this.#anchor[anchor + j]!;
      out[at + j] = a === NONE ? none : a;
      out[at + k + j] = a === NONE ? this.maxDistance + 1 : this.#distance[anchor + j]!;
    }
    const noRelation = 2 * this.graph.relations.length + 1;
    for (let j = 0; j < d; j++) {
      const r = this.#relations[n * d + j]!;
      out[at + 2 * k + j] = r === NONE ? noRelation : r;
    }
    const { neighbours: m } = this;
    const c = this.#codebooks;
    let to = at + 2 * k + d;
    for (let j = 0; j < c; j++) out[to++] = this.#identity[n * c + j]!;
    for (let i = n * m; i < (n + 1) * m; i++) {
      const r = this.#slots.kind[i]!;
      out[to++] = r === NONE ? noRelation : r;
    }
    for (let i = n * m; i < (n + 1) * m; i++) {
      const other = this.#slots.node[i]!;
      for (let j = 0; j < c; j++) {
        out[to++] = other === NONE ? this.#none : this.#identity[other * c + j]!;
      }
    }
  }
}

/** Random codes [names, c] as entries of one table, codebook after codebook. */
function stackedCodes(names: readonly string[], options: RandomCodesOptions): Int32Array {
  const { codebooks, size } = options;
  const { data } = randomEntityCodes(names, options).grid.codes;
  return data.map((code, i) => (i % codebooks) * size + code);
}

/** The edges that get a place among m, each once, in the order of `neighbourSlots`. */
function inTurn(edges: readonly ResolvedEdge[], m: number): ResolvedEdge[] {
  const each = [...new Map(edges.map((edge) => [Object.values(edge).join(), edge])).values()];
  const order = each.toSorted((a, b) =>
    a.direction !== b.direction
      ? Number(a.direction === "in") - Number(b.direction === "in")
      : a.direction === "out"
        ? a.kind - b.kind || a.node - b.node
        : a.node - b.node || a.kind - b.kind,
  );
  const turns = new Map<number, number>();
  return order
    .map((edge) => {
      const turn = turns.get(edge.kind) ?? 0;
      turns.set(edge.kind, turn + 1);
      return { edge, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, m)
    .map(({ edge }) => edge);
}

function* fitPlan(graph: KnowledgeGraph, options: NodePieceOptions): Plan<Fitted> {
  const { length } = graph.nodes;
  refuseEmpty(graph);
  const { maxDistance = 30, policy = "both", relations = 12, seed = 0 } = options;
  checkDistance(maxDistance);
  const anchors = options.anchorNodes
    ? Int32Array.from(new Set(options.anchorNodes.map((name) => nodeNumber(graph, name)))).sort()
    : yield* anchorPlan(
        graph,
        options.anchors ?? Math.max(1, Math.min(20_000, Math.round(length / 100))),
        options,
      );
  const perNode = options.perNode ?? Math.min(20, anchors.length);
  const near = yield* nearestPlan(graph, anchors, perNode, policy, maxDistance);
  const context = yield* relationPlan(
    graph,
    relations,
    options.relationChoice ?? "frequency",
    seed,
  );
  const { identity: codes, neighbours = 0 } = options;
  if (neighbours > 0 && !codes) {
    throw new ArgumentError("neighbours", {
      expected: "`identity` beside them, whose codes they are told by",
      got: "none",
      remedy: "Give `identity: { codebooks: 4, size: 128 }` as well.",
    });
  }
  const identity = codes ? stackedCodes(graph.nodes, codes) : new Int32Array();
  const slots = yield* neighbourPlan(graph, neighbours);
  return { anchors, perNode, ...near, relations: context, identity, slots };
}
