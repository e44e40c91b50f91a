import { ArgumentError, saveTokenGrid } from "@dtok/core";
import {
  createGraphThreads,
  Earl,
  explainSvg,
  GRAPH_FORMATS,
  NodePiece,
  NtLlm,
  parseMix,
  readGraph,
  readGraphFile,
  tokensFile,
} from "@dtok/graph";
import type { DirectionPolicy, GraphFormat, NodeTokens, ReadGraph } from "@dtok/graph";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { stat } from "node:fs/promises";
import { OutputFile, writeOutput } from "../files.js";
import { interruption, printJson, progressBar, wholeNumber } from "../output.js";
import type { Progress } from "../output.js";

interface GraphFlags {
  readonly format?: GraphFormat;
  readonly columns?: readonly ("source" | "target" | "relation" | null)[];
  readonly relationAttribute?: readonly string[];
  readonly nodeNames: "id" | "label";
  readonly undirected: boolean;
  readonly header: boolean;
  readonly lenient: boolean;
  readonly anchors?: number;
  readonly perNode?: number;
  readonly relations: number;
  readonly mix: string;
  readonly policy: DirectionPolicy;
  readonly seed: number;
  readonly codes?: { readonly codebooks: number; readonly size: number };
  readonly neighbours?: number;
  readonly threads?: number;
  readonly json: boolean;
}

function columnNames(text: string): ("source" | "target" | "relation" | null)[] {
  return text.split(",").map((name) => {
    if (name === "source" || name === "target" || name === "relation") return name;
    if (name === "-") return null;
    throw new InvalidArgumentError(`expected source, target, relation or -, got ${name}`);
  });
}

function codesOf(text: string): { codebooks: number; size: number } {
  const match = /^([1-9]\d*)x([1-9]\d*)$/.exec(text);
  if (!match)
    throw new InvalidArgumentError(`expected codebooks x entries such as 4x128, got ${text}`);
  return { codebooks: Number(match[1]), size: Number(match[2]) };
}

function graphFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--format <name>", "of the graph (default: by the name's ending)").choices([
        ...GRAPH_FORMATS,
      ]),
    )
    .option("--columns <names>", "of an edge list, such as source,-,target,relation", columnNames)
    .option("--header", "an edge list's first line names its columns", false)
    .option("--undirected", "edges of an edge list go both ways", false)
    .option(
      "--relation-attribute <names>",
      "of GraphML, GEXF, GML edges (default: relation,kind,label,type)",
      (text: string) => text.split(","),
    )
    .addOption(
      new Option("--node-names <which>", "what nodes of GraphML, GEXF, GML are called by")
        .choices(["id", "label"])
        .default("id"),
    )
    .option("--lenient", "leave malformed lines out instead of stopping", false)
    .option("--anchors <n>", "anchor nodes (default: a hundredth, at most 20000)", wholeNumber(1))
    .option("--per-node <k>", "anchors per node (default: 20)", wholeNumber(1))
    .option("--relations <d>", "relations per node", wholeNumber(0), 12)
    .option(
      "--mix <shares>",
      "strategies of anchors: degree, ppr, betweenness, cover, random",
      "degree:0.4,ppr:0.4,random:0.2",
    )
    .addOption(
      new Option("--policy <way>", "edges that a path may take")
        .choices(["both", "out", "in"])
        .default("both"),
    )
    .option("--codes <4x128>", "random codes of a node's name: codebooks x entries", codesOf)
    .option(
      "--neighbours <m>",
      "neighbours per node by their codes (wants --codes)",
      wholeNumber(0),
    )
    .option("--seed <n>", "of random choices", wholeNumber(0), 0)
    .option("--threads <n>", "threads (default: one per core)", wholeNumber(1))
    .option("--json", "machine-readable output", false);
}

async function open(path: string, flags: GraphFlags, bar: Progress): Promise<ReadGraph> {
  const size =
    path === "-"
      ? 0
      : await stat(path).then(
          ({ size: s }) => s,
          () => 0,
        );
  const options = {
    ...(flags.format && { format: flags.format }),
    ...(flags.columns && { columns: flags.columns }),
    ...(flags.relationAttribute && { relation: flags.relationAttribute }),
    nodeNames: flags.nodeNames,
    undirected: flags.undirected,
    header: flags.header,
    mode: flags.lenient ? ("lenient" as const) : ("strict" as const),
    signal: interruption.signal,
    onProgress: (bytes: number) => bar.update(bytes, Math.max(bytes, size), "reading"),
  };
  return path === "-"
    ? readGraph(process.stdin, { ...options, name: "standard input" })
    : readGraphFile(path, options);
}

async function piecesOf({ graph }: ReadGraph, flags: GraphFlags, bar: Progress) {
  return inThreads(flags, bar, (run) =>
    run(
      NodePiece.plan(graph, {
        ...(flags.anchors !== undefined && { anchors: flags.anchors }),
        ...(flags.perNode !== undefined && { perNode: flags.perNode }),
        relations: flags.relations,
        mix: parseMix(flags.mix),
        policy: flags.policy,
        seed: flags.seed,
        ...(flags.codes && { identity: { ...flags.codes, seed: flags.seed } }),
        ...(flags.neighbours !== undefined && { neighbours: flags.neighbours }),
      }),
    ),
  );
}

type Threads = ReturnType<typeof createGraphThreads>;

/** Work in threads, its steps on the bar, given up on Ctrl-C. */
async function inThreads<T>(
  flags: GraphFlags,
  bar: Progress,
  work: (run: <R>(plan: Parameters<typeof runOf<R>>[1]) => Promise<R>) => Promise<T>,
): Promise<T> {
  const threads = createGraphThreads(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    return await work((plan) => runOf(threads, plan, bar));
  } finally {
    await threads.close();
  }
}

function runOf<R>(threads: Threads, plan: Parameters<typeof threads.run<R>>[0], bar: Progress) {
  return threads.run(plan, {
    signal: interruption.signal,
    onProgress: (label, done, rows) => bar.update(done, rows, label),
  });
}

async function tokensOf(read: ReadGraph, flags: GraphFlags & { as: string }, bar: Progress) {
  if (flags.as === "nodepiece") return piecesOf(read, flags, bar);
  const { anchors, perNode, relations, seed, policy } = flags;
  if (flags.as === "earl") {
    return new Earl(read.graph, {
      ...(anchors !== undefined && { reserved: anchors }),
      ...(perNode !== undefined && { perNode }),
      relations,
      seed,
    });
  }
  return inThreads(flags, bar, (run) =>
    run(NtLlm.plan(read.graph, { ...(anchors !== undefined && { anchors }), policy })),
  );
}

async function writeTokens(
  path: string,
  kind: string,
  tokens: NodeTokens,
  bar: Progress,
): Promise<void> {
  const { signal } = interruption;
  const { nodes } = tokens.graph;
  const onProgress = (done: number) => bar.update(done, nodes.length, "writing");
  if (kind === "safetensors") return writeOutput(path, saveTokenGrid(tokens.encode()));
  const file = await OutputFile.create(path);
  try {
    if (kind === "parquet") {
      for (const part of tokensFile(tokens, { signal, onProgress })) await file.write(part);
    } else {
      const encoder = new TextEncoder();
      for (let from = 0; from < nodes.length; from += 4096) {
        signal.throwIfAborted();
        const some = nodes.slice(from, from + 4096);
        await file.write(encoder.encode(some.map((node) => `${tokens.line(node)}\n`).join("")));
        onProgress(from + some.length);
      }
    }
    signal.throwIfAborted();
    await file.commit();
  } finally {
    await file.discard();
  }
}

export function addGraph(program: Command): void {
  const graph = program
    .command("graph")
    .description("nodes of knowledge graphs as anchors, distances and relations")
    .addHelpText(
      "after",
      `
Graphs are read by the ending of their names, also with .gz behind it: .tsv (lines of head, relation,
tail with tabs between), .nt (N-Triples), .edges and .csv (edge lists), .graphml, .gexf, .gml, .parquet.

Examples:
  dtok graph tokenize wordnet.tsv --anchors 2000 -o tokens.parquet
  dtok graph tokenize wordnet.tsv --mix degree:0.4,ppr:0.4,random:0.2 -o tokens.txt
  dtok graph tokenize web.edges.gz --columns source,target -o tokens.parquet
  dtok graph tokenize wordnet.tsv --codes 4x128 --neighbours 8 -o tokens.parquet
  dtok graph explain wordnet.tsv cat --svg cat.svg`,
    );
  graphFlags(
    graph
      .command("tokenize")
      .description("tokens of every node")
      .argument("<graph>", "a file, or - for standard input")
      .requiredOption("-o, --output <file>", ".parquet, .safetensors (token grid) or .txt (lines)")
      .addOption(
        new Option("--as <method>", "anchors and relations, reserved entities, or distances")
          .choices(["nodepiece", "earl", "nt-llm"])
          .default("nodepiece"),
      ),
  ).action(async (path: string, flags: GraphFlags & { output: string; as: string }) => {
    const kind = /\.(parquet|safetensors|txt)$/.exec(flags.output)?.[1];
    if (kind === undefined) {
      throw new ArgumentError("--output", {
        expected: "a name that ends in .parquet, .safetensors or .txt",
        got: flags.output,
        remedy: "Choose one of these formats.",
      });
    }
    // Before minutes of work.
    parseMix(flags.mix);
    const began = performance.now();
    const bar = await progressBar("graph", flags.json);
    let read: ReadGraph;
    let tokens: NodeTokens;
    try {
      read = await open(path, flags, bar);
      tokens = await tokensOf(read, flags, bar);
      await writeTokens(flags.output, kind, tokens, bar);
    } finally {
      bar.stop();
    }
    const result = {
      nodes: read.graph.nodes.length,
      edges: read.graph.edges,
      relations: read.graph.relations.length,
      duplicates: read.duplicates,
      malformed: read.malformed,
      method: flags.as,
      anchors: tokens instanceof Earl ? tokens.reserved.length : anchorsOf(tokens),
      perNode: tokens instanceof NtLlm ? tokens.anchors.length : perNodeOf(tokens),
      tokensPerNode: tokens.columns.length,
      vocabulary: tokens.vocabulary.size,
      seconds: (performance.now() - began) / 1000,
      output: flags.output,
    };
    if (flags.json) printJson(result);
    else {
      console.log(
        `${result.nodes} nodes, ${result.edges} edges, ${result.relations} relations; ${result.anchors} anchors, ${result.perNode} a node; ${result.tokensPerNode} tokens a node of ${result.vocabulary}; ${result.seconds.toFixed(1)} s; ${flags.output}`,
      );
      if (read.malformed > 0) {
        console.error(
          `malformed lines left out: ${read.malformed}, the first of them line ${read.firstMalformed}`,
        );
      }
    }
  });
  graphFlags(
    graph
      .command("explain")
      .description("a node's tokens in words, and its neighbourhood as a drawing")
      .argument("<graph>", "a file, or - for standard input")
      .argument("<node>", "its name")
      .option("--svg <file>", "drawing of the paths to its anchors, and its neighbours"),
  ).action(async (path: string, node: string, flags: GraphFlags & { svg?: string }) => {
    const bar = await progressBar("graph", flags.json);
    let pieces: NodePiece;
    try {
      pieces = await piecesOf(await open(path, flags, bar), flags, bar);
    } finally {
      bar.stop();
    }
    const found = pieces.describe(node);
    const paths = found.anchors.map(({ node: anchor }) => pieces.pathTo(node, anchor));
    if (flags.svg !== undefined) {
      await writeOutput(flags.svg, new TextEncoder().encode(explainSvg(pieces, node)));
    }
    if (flags.json) {
      const grid = pieces.encode([node]);
      printJson({
        node,
        anchors: found.anchors.map((anchor, i) => ({ ...anchor, path: paths[i] })),
        relations: found.relations,
        codes: [...grid.codes.data],
        ids: [...pieces.ids(grid)],
        texts: pieces.texts(node),
      });
      return;
    }
    console.log(node);
    for (const [i, { node: anchor, distance }] of found.anchors.entries()) {
      const steps = paths[i]!.map(({ from, relation, to }) => `${from} ${relation} ${to}`);
      console.log(
        distance === 0
          ? "  is an anchor"
          : `  ${distance} edge${distance > 1 ? "s" : ""} from ${anchor}: ${steps.join(", ")}`,
      );
    }
    if (found.anchors.length === 0) console.log("  reaches no anchor");
    for (const { relation, direction } of found.relations) {
      console.log(direction === "out" ? `  has ${relation}` : `  is ${relation} of others`);
    }
    if (found.relations.length === 0) console.log("  has no relation");
  });
}

function anchorsOf(tokens: NodeTokens): number {
  return tokens instanceof NodePiece || tokens instanceof NtLlm ? tokens.anchors.length : 0;
}

function perNodeOf(tokens: NodeTokens): number {
  return tokens instanceof NodePiece || tokens instanceof Earl ? tokens.perNode : 0;
}
