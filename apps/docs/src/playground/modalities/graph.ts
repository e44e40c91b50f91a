/** Nodes of a knowledge graph: their nearest anchors, the distances, the relations around. */
import { bitsOf, createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { NodePiece, randomEntityCodes, readTriples } from "@dtok/graph";
import type { KnowledgeGraph } from "@dtok/graph";
import { count, hues, regrid, saved } from "../engine.js";
import type { Coded, Engine } from "../engine.js";
import type { Decoded, Encoded, Fact, Held } from "../protocol.js";

const MAX_NODES = 50_000;
const PER_NODE = 5;
const RELATIONS = 6;
/** Edges that count as far. */
const MAX_DISTANCE = 8;

/** How tokens read: what a token file of this page keeps beside the codes. */
interface Words {
  readonly kind: "nodepiece" | "random-eq";
  readonly strategy: string;
  readonly nodes: readonly string[];
  readonly anchors: readonly string[];
  readonly relations: readonly string[];
  readonly perNode: number;
  readonly relationsPerNode: number;
  readonly maxDistance: number;
}
const KEY = "playground.graph";

const STRATEGIES: Readonly<Record<string, Record<string, number>>> = {
  "graph/nodepiece-degree": { degree: 1 },
  "graph/nodepiece-ppr": { ppr: 1 },
  "graph/nodepiece-cover": { cover: 1 },
  "graph/nodepiece-random": { random: 1 },
};

class CodedGraph implements Coded {
  constructor(
    private readonly grid: TokenGrid,
    private readonly words: Words,
    readonly encoded: Encoded,
  ) {}

  private get width(): number {
    return this.grid.codebookSizes.length;
  }

  /** Columns that count where only the nearest `anchors` do. */
  private counted(level: number | null): boolean[] {
    const { perNode: k, kind } = this.words;
    const kept = level ?? this.encoded.levels?.to ?? this.width;
    return Array.from({ length: this.width }, (_, q) =>
      kind === "random-eq" ? q < kept : q >= 2 * k || q % k < kept,
    );
  }

  async decode(codes: Int32Array, level: number | null): Promise<Decoded> {
    const start = performance.now();
    const counted = this.counted(level);
    const rows = codes.length / this.width;
    const groups = new Map<string, number>();
    const keys = Array.from({ length: rows }, (_, n) => {
      const key = codes
        .subarray(n * this.width, (n + 1) * this.width)
        .filter((_, q) => counted[q])
        .join();
      groups.set(key, (groups.get(key) ?? 0) + 1);
      return key;
    });
    const sizes = keys.map((key) => groups.get(key)!).sort((a, b) => b - a);
    const alone = sizes.reduce((sum, size) => sum + (size === 1 ? 1 : 0), 0);
    return {
      media: null,
      facts: [
        {
          name: "Different rows of tokens",
          value: `${count(groups.size)} for ${count(rows)} nodes`,
        },
        { name: "Nodes with tokens of their own", value: `${((100 * alone) / rows).toFixed(1)} %` },
        { name: "Largest group alike", value: count(sizes[0] ?? 0) },
      ],
      error: {
        legend: "",
        series: {
          values: Float32Array.from(sizes),
          name: "Nodes that share a node's tokens, most first",
          unit: "nodes",
          end: `${count(rows)} nodes`,
        },
      },
      made: "rows of tokens compared",
      milliseconds: performance.now() - start,
    };
  }

  async describe(codes: Int32Array, at: number, level: number | null): Promise<Held> {
    const row = Math.floor(at / this.width);
    const mine = codes.subarray(row * this.width, (row + 1) * this.width);
    return {
      facts: this.meaning(at % this.width, codes[at]!),
      vector: null,
      prototype: null,
      near: { says: "Nodes with the most alike tokens", rows: this.near(mine, row, level) },
      star: this.star(mine, row),
    };
  }

  private meaning(q: number, code: number): Fact[] {
    const { kind, perNode: k, anchors, relations, maxDistance } = this.words;
    if (kind === "random-eq")
      return [{ name: "Means", value: "nothing: drawn by the node's name" }];
    if (q < k) return [{ name: "Anchor", value: anchors[code] ?? "none in reach" }];
    if (q < 2 * k) {
      return [{ name: "Distance", value: code > maxDistance ? "none in reach" : `${code} edges` }];
    }
    return [{ name: "Relation", value: relationOf(relations, code) ?? "none more" }];
  }

  /** By which anchors at which distances, and which relations: shares of all that there are. */
  private near(mine: Int32Array, self: number, level: number | null) {
    const { kind, perNode: k, nodes, anchors, relations } = this.words;
    const { data } = this.grid.codes;
    const kept = level ?? k;
    const bag = (row: Int32Array): Map<string, number> => {
      const out = new Map<string, number>();
      for (let q = 0; q < this.width; q++) {
        const code = row[q]!;
        if (kind === "random-eq") out.set(`${q}:${code}`, 1);
        else if (q < Math.min(k, kept)) {
          // Near anchors say more than far ones.
          if (code < anchors.length) out.set(`a${code}@${row[k + q]}`, 2 / (1 + row[k + q]!));
        } else if (q >= 2 * k && code < 2 * relations.length) out.set(`r${code}`, 0.5);
      }
      return out;
    };
    const own = bag(mine);
    const rows = nodes.map((name, n) => {
      const theirs = bag(data.subarray(n * this.width, (n + 1) * this.width));
      let [both, all] = [0, 0];
      for (const [key, weight] of own) {
        all += weight;
        if (theirs.has(key)) both += weight;
      }
      for (const [key, weight] of theirs) if (!own.has(key)) all += weight;
      return { name: n === self ? `${name} (itself)` : name, share: all === 0 ? 0 : both / all };
    });
    return rows.sort((a, b) => b.share - a.share).slice(0, 6);
  }

  private star(mine: Int32Array, row: number): Held["star"] {
    const { kind, perNode: k, nodes, anchors, relations, relationsPerNode } = this.words;
    if (kind === "random-eq") return null;
    const near = [];
    for (let j = 0; j < k; j++) {
      const name = anchors[mine[j]!];
      if (name !== undefined) near.push({ name, distance: mine[k + j]! });
    }
    const around = [];
    for (let j = 0; j < relationsPerNode; j++) {
      const name = relationOf(relations, mine[2 * k + j]!);
      if (name !== undefined) around.push(name);
    }
    return { node: nodes[row]!, anchors: near, relations: around };
  }

  save(codes: Int32Array) {
    return saved(regrid(this.grid, codes), { [KEY]: JSON.stringify(this.words) });
  }
}

function relationOf(relations: readonly string[], code: number): string | undefined {
  const types = relations.length;
  if (code >= 2 * types) return undefined;
  return code < types ? `${relations[code]} →` : `→ ${relations[code - types]}`;
}

function made(grid: TokenGrid, words: Words, milliseconds: number): CodedGraph {
  const { kind, perNode: k, anchors, relations, maxDistance } = words;
  const rows = grid.shape[0]!;
  const piece = kind === "nodepiece";
  const grey = [116, 116, 124];
  const withNone = (colours: Uint8Array) => Uint8Array.of(...colours, ...grey);
  const ramp = new Uint8Array((maxDistance + 2) * 3);
  for (let d = 0; d <= maxDistance; d++) {
    const share = d / maxDistance;
    ramp.set([250 - 190 * share, 214 - 120 * share, 120 + 30 * share], d * 3);
  }
  ramp.set(grey, (maxDistance + 1) * 3);
  const names = (prefix: string, length: number) =>
    Array.from({ length }, (_, i) => `${prefix} ${i + 1}`);
  const vocabulary = piece
    ? anchors.length + 1 + (maxDistance + 2) + grid.codebookSizes.at(-1)!
    : grid.codebookSizes.reduce((a, b) => a + b, 0);
  return new CodedGraph(grid, words, {
    tokenizer: words.strategy,
    shape: grid.shape,
    codebookSizes: grid.codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes: piece
      ? [withNone(hues(anchors.length)), ramp, withNone(hues(grid.codebookSizes.at(-1)! - 1, 0.7))]
      : [hues(grid.codebookSizes[0]!)],
    paletteOf: grid.codebookSizes.map((_, q) => (piece ? (q < k ? 0 : q < 2 * k ? 1 : 2) : 0)),
    codebooks: piece
      ? [
          ...names("anchor", k),
          ...names("distance", k),
          ...names("relation", words.relationsPerNode),
        ]
      : names("code", grid.codebookSizes.length),
    names: words.nodes,
    ...(piece && {
      codeNames: [
        [...anchors, "none"],
        [...Array.from({ length: maxDistance + 1 }, (_, d) => String(d)), "none"],
        Array.from(
          { length: grid.codebookSizes.at(-1)! },
          (_, code) => relationOf(relations, code) ?? "none",
        ),
      ],
    }),
    facts: [
      { name: "Grid", value: `${count(rows)} nodes x ${grid.codebookSizes.length} tokens` },
      { name: "Vocabulary", value: `${count(vocabulary)} tokens for all nodes` },
      { name: "Size", value: `${(bitsOf(grid).total / rows).toFixed(0)} bits a node` },
    ],
    levels: {
      name: piece ? "Anchors that count" : "Codes that count",
      from: 1,
      to: piece ? k : grid.codebookSizes.length,
      says: Array.from({ length: piece ? k : grid.codebookSizes.length }, (_, i) =>
        piece
          ? `the nearest ${i + 1} of ${k}`
          : `the first ${i + 1} of ${grid.codebookSizes.length}`,
      ),
    },
    stride: [],
    milliseconds,
  });
}

export const engine: Engine = {
  async read(input, name, report) {
    if (!(input instanceof Blob)) throw new Error(`${name} is no graph.`);
    const stream = input.stream() as unknown as AsyncIterable<Uint8Array>;
    const format = /\.(nt|ntriples)$/i.test(name) ? "nt" : "tsv";
    const { graph, duplicates } = await readTriples(iterated(stream), {
      format,
      name,
      onProgress: (bytes) => report("Reading triples", bytes, input.size),
    });
    if (graph.nodes.length > MAX_NODES) {
      throw new Error(
        `${name} has ${count(graph.nodes.length)} nodes; this page takes ${count(MAX_NODES)}, the package millions.`,
      );
    }
    return {
      source: graph,
      media: null,
      facts: [
        {
          name: "Graph",
          value: `${count(graph.nodes.length)} nodes, ${count(graph.edges)} edges of ${graph.relations.length} relations${duplicates > 0 ? `, ${count(duplicates)} duplicates left out` : ""}`,
        },
      ],
      tokenizers: [...Object.keys(STRATEGIES), "graph/random-eq"],
    };
  },
  async encode(source, id) {
    const graph = source as KnowledgeGraph;
    const start = performance.now();
    const nodes = graph.nodes;
    if (id === "graph/random-eq") {
      const { grid } = randomEntityCodes(nodes, { codebooks: PER_NODE, size: 16 });
      const words: Words = {
        kind: "random-eq",
        strategy: id,
        nodes,
        anchors: [],
        relations: [],
        perNode: 0,
        relationsPerNode: 0,
        maxDistance: 0,
      };
      return made(grid, words, performance.now() - start);
    }
    const anchors = Math.min(nodes.length, Math.max(4, Math.round(Math.sqrt(nodes.length))));
    const pieces = new NodePiece(graph, {
      anchors,
      perNode: Math.min(PER_NODE, anchors),
      relations: RELATIONS,
      maxDistance: MAX_DISTANCE,
      mix: STRATEGIES[id]!,
    });
    const words: Words = {
      kind: "nodepiece",
      strategy: id,
      nodes,
      anchors: Array.from(pieces.anchors, (n) => nodes[n]!),
      relations: graph.relations,
      perNode: pieces.perNode,
      relationsPerNode: RELATIONS,
      maxDistance: MAX_DISTANCE,
    };
    return made(pieces.encode(), words, performance.now() - start);
  },
  owns: (_, metadata) => KEY in metadata,
  async restore(grid, metadata) {
    const words = JSON.parse(metadata[KEY]!) as Words;
    const fits =
      Array.isArray(words.nodes) &&
      Array.isArray(words.anchors) &&
      Array.isArray(words.relations) &&
      words.nodes.length === grid.shape[0] &&
      (words.kind === "random-eq" ||
        2 * words.perNode + words.relationsPerNode === grid.codebookSizes.length);
    if (!fits) throw new Error("The token file's names and its codes do not fit together.");
    return made(createTokenGrid(grid), words, 0);
  },
};

/** A web stream of bytes; not every browser iterates them. */
async function* iterated(stream: unknown): AsyncGenerator<Uint8Array> {
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
