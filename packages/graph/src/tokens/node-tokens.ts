import { createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import type { KnowledgeGraph } from "../csr/graph.js";
import { nodeNumber } from "./new-node.js";
import { codesToIds, columnSizes, idsToCodes, NONE_ID } from "./vocabulary.js";
import type { NodeVocabulary, TokenColumn } from "./vocabulary.js";

/** What all ways of writing a node share: columns of codes, and the ids of one vocabulary for them. */
export abstract class NodeTokens {
  abstract readonly graph: KnowledgeGraph;
  /** What the codebooks hold, in the ids of one vocabulary. */
  readonly vocabulary: NodeVocabulary;
  readonly columns: readonly TokenColumn[];
  /** Entries of each codebook. */
  readonly codebookSizes: readonly number[];
  readonly #side: Readonly<Record<string, number>>;

  protected constructor(
    vocabulary: NodeVocabulary,
    columns: readonly (readonly [count: number, column: TokenColumn])[],
    side: Readonly<Record<string, number>> = {},
  ) {
    this.vocabulary = vocabulary;
    this.columns = columns.flatMap(([count, column]) =>
      Array.from({ length: count }, () => column),
    );
    this.codebookSizes = columnSizes(vocabulary, this.columns);
    this.#side = side;
  }

  /** Codes of all nodes, or of those named, [nodes, columns]; none is each codebook's last entry. */
  encode(nodes?: readonly string[]): TokenGrid {
    if (nodes === undefined) return this.encodeRange(0, this.graph.nodes.length);
    const width = this.columns.length;
    const data = new Int32Array(nodes.length * width);
    for (const [i, name] of nodes.entries()) {
      this.writeNode(nodeNumber(this.graph, name), data, i * width);
    }
    return this.grid(data, nodes.length);
  }

  /** Codes of the nodes numbered `from` to `to` (exclusive). */
  encodeRange(from: number, to: number): TokenGrid {
    const width = this.columns.length;
    const data = new Int32Array((to - from) * width);
    for (let n = from; n < to; n++) this.writeNode(n, data, (n - from) * width);
    return this.grid(data, to - from);
  }

  /** Puts a node's codes at `at`. */
  protected abstract writeNode(n: number, out: Int32Array, at: number): void;

  /** A node's tokens as one line for people. */
  abstract line(node: string): string;

  /** Codes as ids of the vocabulary, in the same places: [nodes, columns]. */
  ids(grid: TokenGrid): Int32Array {
    return codesToIds(this.vocabulary, this.columns, grid.codes.data);
  }

  /**
   * The inverse of `ids`.
   *
   * @throws ArgumentError for ids that cannot stand where they are
   */
  gridOf(ids: ArrayLike<number>): TokenGrid {
    const codes = idsToCodes(this.vocabulary, this.columns, ids);
    return this.grid(codes, codes.length / this.columns.length);
  }

  /** A node's tokens as texts that `vocabulary.idOf` reads, without those that say none. */
  texts(node: string): string[] {
    return Array.from(this.ids(this.encode([node])))
      .filter((id) => id !== NONE_ID)
      .map((id) => this.vocabulary.textOf(id));
  }

  protected grid(data: Int32Array, rows: number): TokenGrid {
    return createTokenGrid({
      codes: { data, shape: [rows, this.columns.length] },
      shape: [rows],
      codebookSizes: this.codebookSizes,
      side: this.#side,
    });
  }
}
