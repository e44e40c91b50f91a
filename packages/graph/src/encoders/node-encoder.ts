/*
 * Node vectors from NodePiece tokens (Galkin et al., arXiv 2106.12144) by a trained network, and link
 * prediction with ComplEx (Trouillon et al., arXiv 1606.06357): score(h, r, t) = Re(<h, r, conj(t)>).
 */
import { ArgumentError, MismatchError, checkMatrix, checkTokenGrid } from "@dtok/core";
import type { LoadContext, Manifest, Matrix, ModelSession, TokenGrid } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { NodePiece } from "../tokens/node-piece.js";
import type { NodePieceOptions } from "../tokens/node-piece.js";
import type { RandomCodesOptions } from "../tokens/random-eq.js";

/** Nodes per run of the network. */
const ROWS = 4096;

export interface EncodeNodesOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A node and how likely a link to it is. */
export interface PredictedLink {
  readonly node: string;
  /** Logit; only its order means something. */
  readonly score: number;
}

/** What a manifest's `settings` say. */
interface Settings {
  readonly dim: number;
  readonly relations: readonly string[];
  readonly perNode: number;
  readonly relationsPerNode: number;
  readonly maxDistance: number;
  readonly identity?: RandomCodesOptions;
  readonly neighbours?: number;
}

/** A trained encoder of one knowledge graph's nodes: tokens to vectors, and scores of links between them. */
export class NodeEncoder {
  private closed = false;

  private constructor(
    readonly manifest: Manifest<"graph">,
    private readonly encoder: ModelSession,
    private readonly scorer: ModelSession,
    /** Names of the anchor nodes it was trained with. */
    readonly anchors: readonly string[],
    private readonly settings: Settings,
  ) {}

  static async load(
    manifest: Manifest<"graph">,
    { runtime, readFile }: LoadContext,
  ): Promise<NodeEncoder> {
    const settings = manifest.settings as unknown as Settings;
    const anchors = JSON.parse(new TextDecoder().decode(await readFile("anchors"))) as string[];
    if (!Array.isArray(anchors) || anchors.length + 1 > manifest.codebookSizes[0]!) {
      throw new MismatchError(`anchors of ${manifest.id}`, {
        expected: `a list of at most ${manifest.codebookSizes[0]! - 1} names`,
        got: Array.isArray(anchors) ? `${anchors.length} names` : typeof anchors,
        remedy: "Correct the manifest.",
      });
    }
    const encoder = await runtime.load(await readFile("encoder"));
    try {
      const scorer = await runtime.load(await readFile("scorer"));
      return new NodeEncoder(manifest, encoder, scorer, anchors, settings);
    } catch (error) {
      await encoder.close();
      throw error;
    }
  }

  /** Numbers per node. */
  get dim(): number {
    return this.settings.dim;
  }

  /** Relations that links can have, as the graph must name and number them. */
  get relations(): readonly string[] {
    return this.settings.relations;
  }

  /**
   * The tokens that this encoder reads, of a graph that has its relations and its anchors: the graph it was
   * trained on, or that graph with nodes and edges more or less.
   *
   * @throws MismatchError for a graph of other relations, ArgumentError where an anchor is missing
   */
  tokenizer(graph: KnowledgeGraph): NodePiece {
    const { relations, perNode, relationsPerNode, maxDistance, identity, neighbours } =
      this.settings;
    if (graph.relations.join("\n") !== relations.join("\n")) {
      throw new MismatchError(`graph for ${this.manifest.id}`, {
        expected: `the relations ${relations.join(", ")}`,
        got: graph.relations.join(", ") || "none",
        remedy: "Build the graph as the model card says.",
      });
    }
    const options: NodePieceOptions = {
      anchorNodes: this.anchors,
      perNode,
      relations: relationsPerNode,
      maxDistance,
      ...(identity && { identity }),
      ...(neighbours && { neighbours }),
    };
    return new NodePiece(graph, options);
  }

  /** Token grid [N] to vectors [N, dim]: real parts, then imaginary parts. */
  async encode(grid: TokenGrid, options: EncodeNodesOptions = {}): Promise<Matrix> {
    this.checkOpen();
    checkTokenGrid(grid);
    const sizes = this.manifest.codebookSizes;
    if (grid.codebookSizes.join() !== sizes.join()) {
      throw new MismatchError("node tokens", {
        expected: `${sizes.length} codes per node of ${sizes[0]! - 1} anchors, as \`tokenizer\` makes them`,
        got: `codebooks of ${grid.codebookSizes.slice(0, 3).join(", ")}, …`,
        remedy: "Make tokens by encoder.tokenizer(graph).",
      });
    }
    const [rows, width] = grid.codes.shape;
    const data = new Float32Array(rows * this.dim);
    for (let from = 0; from < rows; from += ROWS) {
      options.signal?.throwIfAborted();
      const count = Math.min(ROWS, rows - from);
      const codes = new BigInt64Array(count * width);
      for (let i = 0; i < codes.length; i++) codes[i] = BigInt(grid.codes.data[from * width + i]!);
      const out = await this.encoder.run({ codes: { data: codes, shape: [count, width] } });
      data.set(out.vectors!.data as Float32Array, from * this.dim);
      options.onProgress?.(from + count, rows);
    }
    return { data, shape: [rows, this.dim] };
  }

  /**
   * Scores of links from one node, [N]: how likely (node, relation, candidate) is, or with `toward: "heads"`
   * (candidate, relation, node).
   */
  async score(
    node: Float32Array,
    relation: string,
    candidates: Matrix,
    { toward = "tails" }: { readonly toward?: "tails" | "heads" } = {},
  ): Promise<Float32Array> {
    this.checkOpen();
    checkMatrix(candidates, this.dim, "candidates");
    checkMatrix({ data: node, shape: [1, node.length] }, this.dim, "node");
    const kind = this.relations.indexOf(relation);
    if (kind < 0) {
      throw new ArgumentError("relation", {
        expected: `one of ${this.relations.join(", ")}`,
        got: JSON.stringify(relation),
        remedy: "Choose one of these.",
      });
    }
    const out = await this.scorer.run(
      {
        vectors: { data: node, shape: [1, this.dim] },
        kinds: { data: BigInt64Array.of(BigInt(kind)), shape: [1] },
        candidates,
      },
      [toward],
    );
    return out[toward]!.data as Float32Array;
  }

  /**
   * The likeliest links of a node that its graph does not have.
   *
   * @param vectors of all nodes of the graph, by its numbers
   */
  async predict(
    graph: KnowledgeGraph,
    vectors: Matrix,
    node: string,
    relation: string,
    {
      toward = "tails",
      count = 10,
    }: { readonly toward?: "tails" | "heads"; readonly count?: number } = {},
  ): Promise<PredictedLink[]> {
    const at = graph.indexOf(node);
    if (at < 0 || vectors.shape[0] !== graph.nodes.length) {
      throw new ArgumentError("node", {
        expected: "a node of the graph whose vectors were given",
        got: at < 0 ? JSON.stringify(node) : `${vectors.shape[0]} vectors`,
        remedy: "Encode the whole graph first.",
      });
    }
    const own = vectors.data.slice(at * this.dim, (at + 1) * this.dim);
    const scores = await this.score(own, relation, vectors, { toward });
    const kind = this.relations.indexOf(relation);
    const known = new Set([at]);
    const { start, node: ends, relation: kinds } = toward === "tails" ? graph.out : graph.in;
    for (let e = start[at]!; e < start[at + 1]!; e++) if (kinds[e] === kind) known.add(ends[e]!);
    const order = Uint32Array.from(scores.keys())
      .filter((n) => !known.has(n))
      .sort((a, b) => scores[b]! - scores[a]! || a - b);
    return Array.from(order.subarray(0, count), (n) => ({
      node: graph.nodes[n]!,
      score: scores[n]!,
    }));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([this.encoder.close(), this.scorer.close()]);
  }

  private checkOpen(): void {
    if (!this.closed) return;
    throw new ArgumentError(this.manifest.id, {
      expected: "an encoder that is open",
      got: "one that was closed",
      remedy: "Load it again.",
    });
  }
}
