/*
 * Codes of node neighbourhoods: VQGraph (Yang et al., arXiv 2308.02117). Encoding reads every edge twice;
 * there is no sampling, so the same graph gives the same codes.
 */
import {
  ArgumentError,
  MismatchError,
  ShapeError,
  checkMatrix,
  checkTokenGrid,
  checkTokenizer,
  createTokenGrid,
  loadQuantizer,
} from "@dtok/core";
import type {
  Codec,
  DecodeOptions,
  EncodeOptions,
  LoadContext,
  Manifest,
  Matrix,
  ModelSession,
  Quantizer,
  TokenGrid,
} from "@dtok/core";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import type { GraphSignal } from "../signal.js";
import { withNeighbourMeans } from "./aggregate.js";
import { distinctCodes, likeliestEdges } from "./decode-edges.js";

/** Nodes per run of a network. */
const ROWS = 4096;

/** Logits of pairs of nodes. */
export interface EdgeScores {
  /** Position of a node to position of another: above 0 an edge is likelier than none. */
  logit(from: number, to: number): number;
}

/** Nodes with their neighbourhoods to codes, and codes to features and edges. A grid's positions are nodes. */
export class NeighbourhoodCodec implements Codec<GraphSignal> {
  private closed = false;

  private constructor(
    readonly manifest: Manifest<"graph">,
    private readonly sessions: Readonly<Record<"local" | "encoder" | "decoder", ModelSession>>,
    readonly quantizer: Quantizer,
    /** Numbers per node. */
    readonly dim: number,
    private readonly width: number,
    private readonly edge: number,
  ) {}

  static async load(
    manifest: Manifest<"graph">,
    { runtime, readFile }: LoadContext,
  ): Promise<NeighbourhoodCodec> {
    const quantizer = loadQuantizer(await readFile("quantizer"));
    const { dim, width, edge } = manifest.settings as Record<string, number>;
    if (
      quantizer.codebookSizes.join() !== manifest.codebookSizes.join() ||
      quantizer.spec !== manifest.quantizer ||
      !(dim! >= 1 && width! >= 1 && edge! >= 1)
    ) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `quantizer ${quantizer.spec} and settings dim, width, edge`,
        got: `${manifest.quantizer}, ${JSON.stringify(manifest.settings)}`,
        remedy: "Correct the manifest.",
      });
    }
    const opened: ModelSession[] = [];
    try {
      for (const name of ["local", "encoder", "decoder"]) {
        opened.push(await runtime.load(await readFile(name)));
      }
    } catch (error) {
      await Promise.all(opened.map((session) => session.close()));
      throw error;
    }
    const [local, encoder, decoder] = opened as [ModelSession, ModelSession, ModelSession];
    return new NeighbourhoodCodec(
      manifest,
      { local, encoder, decoder },
      quantizer,
      dim!,
      width!,
      edge!,
    );
  }

  /** What the quantizer codes, [N, latent], rows of length 1. */
  async latents(signal: GraphSignal, options: EncodeOptions = {}): Promise<Matrix> {
    this.checkOpen();
    options.signal?.throwIfAborted();
    const { graph, features } = checkSignal(signal, this.dim);
    const rows = graph.nodes.length;
    let done = 0;
    const step = (n: number) => options.onProgress?.((done += n), 2 * rows);
    const hidden = await this.layer("local", "features", "hidden", graph, features, options, step);
    return this.layer("encoder", "hidden", "latents", graph, hidden, options, step);
  }

  /** Codes of N nodes: a grid of shape [N]. */
  async encode(signal: GraphSignal, options: EncodeOptions = {}): Promise<TokenGrid> {
    const latents = await this.latents(signal, options);
    const codes = await this.quantizer.quantizeAsync(
      latents,
      options.signal ? { signal: options.signal } : {},
    );
    return createTokenGrid({
      codes,
      shape: [codes.shape[0]],
      codebookSizes: this.manifest.codebookSizes,
      side: { edges: signal.graph.edges },
      tokenizer: this.manifest.id,
    });
  }

  /**
   * Features of the nodes, and as many edges as there were: the likeliest ones, all of one relation, "edge".
   * Nodes are named by their positions, zeros in front.
   */
  async decode(grid: TokenGrid, options: DecodeOptions = {}): Promise<GraphSignal> {
    const { features, of, sources, targets } = await this.decoded(grid, options);
    const { edges } = grid.side;
    if (!Number.isSafeInteger(edges) || (edges as number) < 0) {
      throw new MismatchError("side of the grid", {
        expected: "edges, a whole number",
        got: JSON.stringify(edges),
        remedy: "Give a grid as `encode` made it.",
      });
    }
    const { heads, tails } = likeliestEdges(of, sources, targets, edges as number);
    const digits = String(of.length).length;
    const graph = buildGraph({
      nodes: Array.from(of, (_, n) => String(n).padStart(digits, "0")),
      relations: ["edge"],
      heads,
      relationIds: new Int32Array(heads.length),
      tails,
    });
    return { graph, features };
  }

  /** Logits of any pairs of the grid's nodes. */
  async edgeScores(grid: TokenGrid, options: DecodeOptions = {}): Promise<EdgeScores> {
    const { of, sources, targets } = await this.decoded(grid, options);
    const width = sources.shape[1];
    return {
      logit(from, to) {
        let sum = 0;
        for (let d = 0; d < width; d++) {
          sum += sources.data[of[from]! * width + d]! * targets.data[of[to]! * width + d]!;
        }
        return sum;
      },
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all(Object.values(this.sessions).map((session) => session.close()));
  }

  private async decoded(grid: TokenGrid, { signal, onProgress }: DecodeOptions) {
    this.checkOpen();
    signal?.throwIfAborted();
    checkTokenGrid(grid);
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    const { of, first } = distinctCodes(grid.codes);
    const width = grid.codes.shape[1];
    const data = new Int32Array(first.length * width);
    for (const [i, n] of first.entries()) {
      data.set(grid.codes.data.subarray(n * width, (n + 1) * width), i * width);
    }
    const latents = this.quantizer.dequantize({ data, shape: [first.length, width] });
    const matrix = (columns: number): Matrix => ({
      data: new Float32Array(first.length * columns),
      shape: [first.length, columns],
    });
    const [each, sources, targets] = [
      matrix(this.dim),
      matrix(this.edge + 1),
      matrix(this.edge + 1),
    ] as const;
    for (let from = 0; from < first.length; from += ROWS) {
      signal?.throwIfAborted();
      const to = Math.min(first.length, from + ROWS);
      const dim = latents.shape[1];
      const part = { data: latents.data.slice(from * dim, to * dim), shape: [to - from, dim] };
      const out = await this.sessions.decoder.run({ latents: part });
      for (const [name, into] of [
        ["features", each],
        ["sources", sources],
        ["targets", targets],
      ] as const) {
        into.data.set(out[name]!.data as Float32Array, from * into.shape[1]);
      }
      onProgress?.(to, first.length);
    }
    const features = new Float32Array(of.length * this.dim);
    for (const [n, row] of of.entries()) {
      features.set(each.data.subarray(row * this.dim, (row + 1) * this.dim), n * this.dim);
    }
    const shape = [of.length, this.dim] as const;
    return { features: { data: features, shape }, of, sources, targets };
  }

  private async layer(
    name: "local" | "encoder",
    input: string,
    output: string,
    graph: KnowledgeGraph,
    x: Matrix,
    { signal }: EncodeOptions,
    step: (rows: number) => void,
  ): Promise<Matrix> {
    const rows = x.shape[0];
    const width = name === "local" ? this.width : this.quantizer.dim;
    const data = new Float32Array(rows * width);
    for (let from = 0; from < rows; from += ROWS) {
      signal?.throwIfAborted();
      const to = Math.min(rows, from + ROWS);
      const out = await this.sessions[name].run({
        [input]: withNeighbourMeans(graph, x, from, to),
      });
      data.set(out[output]!.data as Float32Array, from * width);
      step(to - from);
    }
    return { data, shape: [rows, width] };
  }

  private checkOpen(): void {
    if (!this.closed) return;
    throw new ArgumentError(this.manifest.id, {
      expected: "a tokenizer that is open",
      got: "one that was closed",
      remedy: "Load it again.",
    });
  }
}

function checkSignal(signal: GraphSignal, dim: number): GraphSignal {
  const given = signal as Partial<GraphSignal> | null | undefined;
  if (typeof given?.graph !== "object" || typeof given.features !== "object") {
    throw new ArgumentError("graph signal", {
      expected: "{ graph, features: [N, F] }",
      got: given === null || typeof given !== "object" ? String(given) : "one without them",
      remedy: "Make features of your nodes first, for example by nodeFeatures.",
    });
  }
  const rows = checkMatrix(given.features, dim, "features");
  if (rows !== given.graph.nodes.length) {
    throw new ShapeError("features", {
      expected: `${given.graph.nodes.length} rows, one per node`,
      got: String(rows),
      remedy: "Order features by graph.nodes.",
    });
  }
  for (let i = 0; i < given.features.data.length; i++) {
    if (Number.isFinite(given.features.data[i])) continue;
    throw new ArgumentError("features", {
      expected: "finite numbers",
      got: `${given.features.data[i]} at row ${Math.floor(i / dim)}`,
      remedy: "Replace missing values first.",
    });
  }
  return signal;
}
