import { createReadStream } from "node:fs";
import { ArgumentError, saveTokenGrid } from "@dtok/core";
import { explainSvg, NodePiece, parseMix, readTriples, tokensToParquet } from "@dtok/graph";
import type { DirectionPolicy, ReadGraph } from "@dtok/graph";
import { Option } from "commander";
import type { Command } from "commander";
import { writeOutput } from "../files.js";
import { interruption, printJson, wholeNumber } from "../output.js";

interface GraphFlags {
  readonly anchors?: number;
  readonly perNode?: number;
  readonly relations: number;
  readonly mix: string;
  readonly policy: DirectionPolicy;
  readonly seed: number;
  readonly lenient: boolean;
  readonly json: boolean;
}

function graphFlags(command: Command): Command {
  return command
    .option("--anchors <n>", "anchor nodes (default: a hundredth, at most 20000)", wholeNumber(1))
    .option("--per-node <k>", "anchors per node (default: 20)", wholeNumber(1))
    .option("--relations <d>", "relations per node", wholeNumber(0), 12)
    .option("--mix <shares>", "strategies of anchors", "degree:0.4,ppr:0.4,random:0.2")
    .addOption(
      new Option("--policy <way>", "edges that a path may take")
        .choices(["both", "out", "in"])
        .default("both"),
    )
    .option("--seed <n>", "of random anchors", wholeNumber(0), 0)
    .option("--lenient", "leave malformed lines out instead of stopping", false)
    .option("--json", "machine-readable output", false);
}

async function open(path: string, flags: GraphFlags): Promise<ReadGraph> {
  const source = path === "-" ? process.stdin : createReadStream(path);
  try {
    return await readTriples(source, {
      format: path.endsWith(".nt") ? "nt" : "tsv",
      mode: flags.lenient ? "lenient" : "strict",
      name: path,
      signal: interruption.signal,
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES" && code !== "EISDIR") throw error;
    throw new ArgumentError(path, {
      expected: "a file of triples that can be read",
      got: message,
      remedy: "Check the path.",
      cause: error,
    });
  }
}

function piecesOf({ graph }: ReadGraph, flags: GraphFlags): NodePiece {
  return new NodePiece(graph, {
    ...(flags.anchors !== undefined && { anchors: flags.anchors }),
    ...(flags.perNode !== undefined && { perNode: flags.perNode }),
    relations: flags.relations,
    mix: parseMix(flags.mix),
    policy: flags.policy,
    seed: flags.seed,
  });
}

export function addGraph(program: Command): void {
  const graph = program
    .command("graph")
    .description("nodes of knowledge graphs as anchors, distances and relations")
    .addHelpText(
      "after",
      `
Triples are lines of head, relation, tail with tabs between (.tsv), or N-Triples (.nt).

Examples:
  dtok graph tokenize wordnet.tsv --anchors 2000 -o tokens.parquet
  dtok graph explain wordnet.tsv cat --svg cat.svg`,
    );
  graphFlags(
    graph
      .command("tokenize")
      .description("tokens of every node")
      .argument("<triples>", "a file, or - for standard input")
      .requiredOption("-o, --output <file>", ".parquet, .safetensors (token grid) or .txt (lines)"),
  ).action(async (path: string, flags: GraphFlags & { output: string }) => {
    const kind = /\.(parquet|safetensors|txt)$/.exec(flags.output)?.[1];
    if (kind === undefined) {
      throw new ArgumentError("--output", {
        expected: "a name that ends in .parquet, .safetensors or .txt",
        got: flags.output,
        remedy: "Choose one of these formats.",
      });
    }
    const began = performance.now();
    const read = await open(path, flags);
    const pieces = piecesOf(read, flags);
    const bytes =
      kind === "parquet"
        ? tokensToParquet(pieces)
        : kind === "safetensors"
          ? saveTokenGrid(pieces.encode())
          : new TextEncoder().encode(
              read.graph.nodes.map((node) => `${pieces.line(node)}\n`).join(""),
            );
    await writeOutput(flags.output, bytes);
    const result = {
      nodes: read.graph.nodes.length,
      edges: read.graph.edges,
      relations: read.graph.relations.length,
      duplicates: read.duplicates,
      malformed: read.malformed,
      anchors: pieces.anchors.length,
      perNode: pieces.perNode,
      seconds: (performance.now() - began) / 1000,
      output: flags.output,
    };
    if (flags.json) printJson(result);
    else {
      console.log(
        `${result.nodes} nodes, ${result.edges} edges, ${result.relations} relations; ${result.anchors} anchors, ${result.perNode} a node; ${result.seconds.toFixed(1)} s; ${flags.output}`,
      );
      if (read.malformed > 0) {
        console.error(
          `${read.malformed} malformed lines were left out, the first of them line ${read.firstMalformed}`,
        );
      }
    }
  });
  graphFlags(
    graph
      .command("explain")
      .description("a node's tokens in words, and as a drawing")
      .argument("<triples>", "a file, or - for standard input")
      .argument("<node>", "its name")
      .option("--svg <file>", "drawing of the node among its anchors"),
  ).action(async (path: string, node: string, flags: GraphFlags & { svg?: string }) => {
    const pieces = piecesOf(await open(path, flags), flags);
    const found = pieces.describe(node);
    if (flags.svg !== undefined) {
      await writeOutput(flags.svg, new TextEncoder().encode(explainSvg(pieces, node)));
    }
    if (flags.json) {
      printJson({ node, ...found, codes: [...pieces.encode([node]).codes.data] });
      return;
    }
    console.log(node);
    for (const { node: anchor, distance } of found.anchors) {
      console.log(
        distance === 0
          ? "  is an anchor"
          : `  ${distance} edge${distance > 1 ? "s" : ""} from ${anchor}`,
      );
    }
    if (found.anchors.length === 0) console.log("  reaches no anchor");
    for (const { relation, direction } of found.relations) {
      console.log(direction === "out" ? `  has ${relation}` : `  is ${relation} of others`);
    }
  });
}
