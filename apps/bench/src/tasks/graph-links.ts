import { readFileSync } from "node:fs";
import { createRandom } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import type * as graphPackage from "@dtok/graph";
import { readTriples } from "@dtok/graph";
import type { KnowledgeGraph } from "@dtok/graph";
import { summarise, summariseAll } from "../harness/format.js";
import type { BenchEntry, BenchMetric, Summary } from "../harness/format.js";
import { exportsOf } from "../harness/plugins.js";
import { sampleFilesNamed } from "../harness/samples.js";
import type { ExportsTask, MeasuredEntry } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bits", name: "bits a node", better: "less", digits: 1 },
  { key: "vocabulary", name: "entries of codebooks", better: "less", digits: 0, optional: true },
  { key: "distinct", name: "nodes told apart, %", better: "more", digits: 1, optional: true },
  { key: "mrr", name: "held-out links, MRR", better: "more", digits: 4 },
  { key: "hits", name: "held-out links, hits@10, %", better: "more", digits: 1 },
  { key: "speed", name: "nodes/s, thousands", better: "more", digits: 1, optional: true },
];

/** Nodes of a graph to a grid [nodes]: what a package exports to be an entry of tasks on graphs. */
export interface NodeTokenizer {
  /** "graph/<name>". */
  readonly id: string;
  tokenizeNodes(graph: KnowledgeGraph): TokenGrid | Promise<TokenGrid>;
}

function isNodeTokenizer(value: unknown): value is NodeTokenizer {
  const tokenizer = value as Partial<NodeTokenizer> | null;
  return (
    typeof tokenizer === "object" &&
    tokenizer !== null &&
    typeof tokenizer.id === "string" &&
    typeof tokenizer.tokenizeNodes === "function"
  );
}

interface Split {
  readonly graph: KnowledgeGraph;
  /** Pairs of nodes that a held-out link joins. */
  readonly held: readonly (readonly [number, number])[];
  readonly neighbours: readonly ReadonlySet<number>[];
}

/** A tenth of the links is held out, by seed, of nodes that keep another. */
async function split(files: readonly string[], seed: number): Promise<Split> {
  const lines = readFileSync(files[0]!, "utf8").trimEnd().split("\n");
  const degree = new Map<string, number>();
  const ends = (line: string) => line.split("\t") as [string, string, string];
  for (const line of lines) {
    const [head, , tail] = ends(line);
    for (const name of [head, tail]) degree.set(name, (degree.get(name) ?? 0) + 1);
  }
  const held = new Set<number>();
  for (const i of createRandom(seed).sample(lines.length, lines.length)) {
    if (held.size * 10 >= lines.length) break;
    const [head, , tail] = ends(lines[i]!);
    if (degree.get(head)! < 2 || degree.get(tail)! < 2) continue;
    degree.set(head, degree.get(head)! - 1);
    degree.set(tail, degree.get(tail)! - 1);
    held.add(i);
  }
  const kept = lines.filter((_, i) => !held.has(i)).map((line) => `${line}\n`);
  const { graph } = await readTriples(kept);
  const number = new Map(graph.nodes.map((name, n) => [name, n]));
  const neighbours = graph.nodes.map(() => new Set<number>());
  const join = (line: string) => {
    const [head, , tail] = ends(line);
    return [number.get(head)!, number.get(tail)!] as const;
  };
  for (const line of kept) {
    const [a, b] = join(line.trimEnd());
    neighbours[a]!.add(b);
    neighbours[b]!.add(a);
  }
  return { graph, held: Array.from(held, (i) => join(lines[i]!)), neighbours };
}

/** Ranks of the other end of held-out links, both ways, known neighbours left out; ties at their middle. */
function ranks({ held, neighbours }: Split, scores: (node: number) => Float64Array): number[] {
  const all: number[] = [];
  for (const pair of held) {
    for (const [a, b] of [pair, [pair[1], pair[0]] as const]) {
      const row = scores(a);
      const own = row[b]!;
      let [above, equal] = [0, 0];
      for (let n = 0; n < row.length; n++) {
        if (n === a || n === b || neighbours[a]!.has(n)) continue;
        if (row[n]! > own) above++;
        else if (row[n] === own) equal++;
      }
      all.push(above + equal / 2 + 1);
    }
  }
  return all;
}

const quality = (all: readonly number[]) => ({
  mrr: all.reduce((sum, rank) => sum + 1 / rank, 0) / all.length,
  hits: (100 * all.filter((rank) => rank <= 10).length) / all.length,
});

/**
 * How alike two nodes' tokens are: tokens of codebooks of one size are one kind, of which order tells
 * nothing; each that both have counts by how rare it is. No training, so that the tokens alone are measured.
 */
export function likeness({ codes, codebookSizes }: TokenGrid): (node: number) => Float64Array {
  const [rows, width] = codes.shape;
  const holders = new Map<string, number[]>();
  const tokens = Array.from({ length: rows }, (_, n) => {
    const own = new Set<string>();
    for (let q = 0; q < width; q++) own.add(`${codebookSizes[q]}:${codes.data[n * width + q]}`);
    for (const token of own) {
      const list = holders.get(token);
      if (list) list.push(n);
      else holders.set(token, [n]);
    }
    return own;
  });
  return (node) => {
    const out = new Float64Array(rows);
    for (const token of tokens[node]!) {
      const list = holders.get(token)!;
      const weight = Math.log(rows / list.length);
      for (const n of list) out[n]! += weight;
    }
    return out;
  };
}

const SEEDS = [1, 2, 3];

/** Mean and spread over three splits. */
async function measured(
  splits: readonly Split[],
  tokenize: (graph: KnowledgeGraph) => TokenGrid | Promise<TokenGrid>,
): Promise<Record<string, Summary>> {
  const rows: Record<string, number>[] = [];
  for (const part of splits) {
    const start = performance.now();
    const grid = await tokenize(part.graph);
    const milliseconds = performance.now() - start;
    const [count, width] = grid.codes.shape;
    const bits = grid.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0);
    const rowsOf = Array.from({ length: count }, (_, n) =>
      grid.codes.data.subarray(n * width, (n + 1) * width).join(),
    );
    const times = new Map<string, number>();
    for (const row of rowsOf) times.set(row, (times.get(row) ?? 0) + 1);
    rows.push({
      bits,
      vocabulary: [...new Set(grid.codebookSizes)].reduce((a, b) => a + b, 0),
      distinct: (100 * rowsOf.filter((row) => times.get(row) === 1).length) / count,
      ...quality(ranks(part, likeness(grid))),
      speed: count / milliseconds,
    });
  }
  return summariseAll(rows);
}

const SHAPES = [
  { name: "nodepiece 16 anchors", anchors: 16, perNode: 4, relations: 4 },
  { name: "nodepiece 64 anchors", anchors: 64, perNode: 8, relations: 4 },
  { name: "nodepiece 256 anchors", anchors: 256, perNode: 16, relations: 6 },
];

async function* entries(
  exported: Readonly<Record<string, unknown>>,
  files: readonly string[],
  kind: "tokenizer" | "plugin",
): AsyncGenerator<MeasuredEntry> {
  const splits = await Promise.all(SEEDS.map((seed) => split(files, seed)));
  const found = exportsOf(exported, isNodeTokenizer);
  const { NodePiece, randomEntityCodes } = exported as Partial<typeof graphPackage>;
  const made: NodeTokenizer[] = [...found];
  if (kind === "tokenizer" && NodePiece && randomEntityCodes) {
    for (const { name, ...options } of SHAPES) {
      for (const strategy of ["degree", "cover", "random"] as const) {
        made.push({
          id: `${name}, ${strategy}`,
          tokenizeNodes: (graph) =>
            new NodePiece(graph, { ...options, mix: { [strategy]: 1 }, seed: 1 }).encode(),
        });
      }
    }
    for (const codebooks of [4, 8, 16]) {
      made.push({
        id: `random codes ${codebooks}x32`,
        tokenizeNodes: ({ nodes }) => randomEntityCodes(nodes, { codebooks, size: 32 }).grid,
      });
    }
  }
  if (made.length === 0) throw new Error("it exports no { id, tokenizeNodes }");
  for (const { id, tokenizeNodes } of made) {
    try {
      yield { id, values: await measured(splits, tokenizeNodes) };
    } catch (error) {
      yield { id, error: error instanceof Error ? `${error.name}: ${error.message}` : "it threw" };
    }
  }
}

/** What is known without tokens: nodes of many links, and neighbours in common (Adamic and Adar). */
async function references(files: readonly string[]): Promise<BenchEntry[]> {
  const splits = await Promise.all(SEEDS.map((seed) => split(files, seed)));
  const line = (
    id: string,
    bits: (part: Split) => number,
    scores: (part: Split) => (node: number) => Float64Array,
  ): BenchEntry => {
    // prettier-ignore
    const rows = splits.map((part) => ({ bits: bits(part), ...quality(ranks(part, scores(part))) }));
    const values = Object.fromEntries(
      (["bits", "mrr", "hits"] as const).map((key) => [key, summarise(rows.map((r) => r[key]))]),
    );
    return { id, kind: "reference", status: "ok", values };
  };
  const whole = ({ neighbours }: Split) => {
    const links = neighbours.reduce((sum, list) => sum + list.size, 0);
    return (links / neighbours.length) * Math.log2(neighbours.length);
  };
  return [
    line(
      "popularity",
      () => 0,
      ({ neighbours }) => {
        const degrees = Float64Array.from(neighbours, (list) => list.size);
        return () => degrees;
      },
    ),
    line("neighbours in common", whole, ({ neighbours }) => (node) => {
      const out = new Float64Array(neighbours.length);
      for (const middle of neighbours[node]!) {
        const weight = 1 / Math.log(1 + neighbours[middle]!.size);
        for (const n of neighbours[middle]!) out[n]! += weight;
      }
      return out;
    }),
  ];
}

export const graphLinks: ExportsTask = {
  id: "graph/links",
  title: "WordNet's mammals: which nodes a held-out link joins, by how alike their tokens are",
  metrics,
  plot: { x: "bits", y: ["mrr", "distinct"] },
  files: () => sampleFilesNamed("mammals.tsv"),
  entries,
  references,
};
