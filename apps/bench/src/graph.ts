/**
 * Graphs of a power law, to ten million edges:
 *
 *   pnpm bench graph [--edges 10000000] [--peer-edges 1000000] [--threads 2] [--python python3] [--write]
 *
 * Every size runs in a process of its own, which reads the triples from a tab-separated file, chooses
 * anchors (a fiftieth of the nodes: 20,000 of a million; 40 % degree, 40 % PageRank, 20 % random), gives
 * every node its 20 nearest and 12 relations, and writes all tokens to a Parquet file. Beside it, on one
 * graph of --peer-edges: one breadth-first search per anchor by graphology-traversal (a sample, extrapolated
 * to all anchors), graphology-metrics' PageRank, and NodePiece's tokens by PyKEEN, where `--python` names
 * a Python that has it. --write renews results/graph.json, docs/benchmarks/graph.md and graph.svg.
 *
 * What to expect on two idle x86 cores: a minute for ten million edges, in a gigabyte; hundreds of times
 * graphology's walks, tens of times PyKEEN's quickest search.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom } from "@dtok/core";
import {
  anchorPlan,
  createGraphThreads,
  nearestAnchors,
  nearestPlan,
  NodePiece,
  pageRank,
  pushPageRank,
  readTriples,
  relationPlan,
  selectAnchors,
  tokensFile,
  toGraphology,
} from "@dtok/graph";
import * as Plot from "@observablehq/plot";
import { MultiDirectedGraph, MultiUndirectedGraph } from "graphology";
import pagerank from "graphology-metrics/centrality/pagerank.js";
import traversal from "graphology-traversal";
import { parseHTML } from "linkedom";
import { writePowerLaw } from "./harness/power-law-graph.js";

const { values } = parseArgs({
  options: {
    edges: { type: "string", default: "10000000" },
    "peer-edges": { type: "string", default: "1000000" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    sample: { type: "string", default: "8" },
    data: { type: "string", default: "" },
    one: { type: "string", default: "" },
    peers: { type: "string", default: "" },
    pykeen: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const threads = Number(values.threads);
const [PER_NODE, RELATIONS, TYPES] = [20, 12, 200];
const nodesOf = (edges: number) => Math.round(edges / 10);
const anchorsOf = (nodes: number) => Math.max(PER_NODE, Math.round(nodes / 50));
const now = () => performance.now() / 1000;

async function timed<T>(
  into: Record<string, number>,
  name: string,
  work: () => T | Promise<T>,
): Promise<T> {
  const start = now();
  const result = await work();
  into[name] = now() - start;
  return result;
}

/** Fastest of a few runs, in seconds. */
function fastest(runs: number, work: () => unknown): number {
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = now();
    work();
    best = Math.min(best, now() - start);
  }
  return best;
}

const read = (path: string) => readTriples(createReadStream(path, { highWaterMark: 1 << 20 }));

/** One size, in this process. */
async function one(path: string): Promise<void> {
  const times: Record<string, number> = {};
  const start = now();
  const { graph } = await timed(times, "read", () => read(path));
  const count = anchorsOf(graph.nodes.length);
  const pool = createGraphThreads({ threads });
  const pieces = await timed(times, "tokens", async () =>
    pool.run(NodePiece.plan(graph, { anchors: count, perNode: PER_NODE, relations: RELATIONS })),
  );
  await timed(times, "write", () => {
    const file = openSync(`${path}.parquet`, "w");
    for (const part of tokensFile(pieces)) writeSync(file, part);
    closeSync(file);
  });
  const whole = now() - start;
  const peak = process.resourceUsage().maxRSS / 1e6;
  // The parts of "tokens", once more each.
  const anchors = await timed(times, "choose", () =>
    pool.run(anchorPlan(graph, count, { seed: 0 })),
  );
  await timed(times, "nearest", () => pool.run(nearestPlan(graph, anchors, PER_NODE, "both", 30)));
  await timed(times, "relations", () => pool.run(relationPlan(graph, RELATIONS, "frequency", 0)));
  await pool.close();
  rmSync(`${path}.parquet`);
  const row = { nodes: graph.nodes.length, edges: graph.edges, anchors: count, whole, peak };
  console.log(JSON.stringify({ ...row, ...times }));
}

/** graphology on one graph, in this process. */
async function peers(path: string): Promise<void> {
  const { graph } = await read(path);
  const count = anchorsOf(graph.nodes.length);
  const anchors = selectAnchors(graph, count);
  const result: Record<string, number> = { nodes: graph.nodes.length, edges: graph.edges };
  result["anchors"] = count;
  result["nearest, one thread"] = fastest(3, () => nearestAnchors(graph, anchors, PER_NODE));
  const pool = createGraphThreads({ threads });
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = now();
    await pool.run(nearestPlan(graph, anchors, PER_NODE, "both", 254));
    best = Math.min(best, now() - start);
  }
  await pool.close();
  result[`nearest, ${threads} threads`] = best;

  const directed = toGraphology(graph, new MultiDirectedGraph());
  const picks = createRandom(7).sample(Number(values.sample), count);
  const { distance, anchor } = nearestAnchors(graph, anchors, PER_NODE);
  let walks = 0;
  let seen = 0;
  for (const pick of picks) {
    const depths = new Map<string, number>();
    const start = now();
    traversal.bfsFromNode(
      directed,
      graph.nodes[anchors[pick]!]!,
      (node, _attributes, depth) => void depths.set(node, depth),
      { mode: "directed" },
    );
    walks += now() - start;
    // Every distance that dtok gives to this anchor is the one that graphology finds.
    for (let i = 0; i < anchor.length; i++) {
      if (anchor[i] !== pick) continue;
      const node = graph.nodes[Math.floor(i / PER_NODE)]!;
      if (depths.get(node) !== distance[i]) throw new Error(`distances of ${node} differ`);
      seen++;
    }
  }
  result["distances compared"] = seen;
  result["graphology walk, one anchor"] = walks / picks.length;

  // graphology-metrics stops at nodes times its tolerance; both are given the same end in all. Here
  // edges without directions, as dtok takes them.
  const undirected = new MultiUndirectedGraph();
  for (const name of graph.nodes) undirected.addNode(name);
  for (let n = 0; n < graph.nodes.length; n++) {
    for (let e = graph.out.start[n]!; e < graph.out.start[n + 1]!; e++) {
      undirected.addEdge(graph.nodes[n]!, graph.nodes[graph.out.node[e]!]!);
    }
  }
  const tolerance = 1e-6;
  const options = {
    alpha: 0.85,
    maxIterations: 100,
    tolerance: tolerance / graph.nodes.length,
    getEdgeWeight: null,
    nodePagerankAttribute: "pagerank",
  };
  let ranks: Record<string, number> = {};
  result["graphology PageRank"] = fastest(2, () => (ranks = pagerank(undirected, options)));
  let own = new Float64Array(0);
  result["PageRank"] = fastest(5, () => (own = pageRank(graph, { tolerance }) as typeof own));
  result["PageRank differs by"] = graph.nodes.reduce(
    (sum, name, n) => sum + Math.abs(ranks[name]! - own[n]!),
    0,
  );
  // Personalised: graphology-metrics has none, so a run of its own is what one would cost at least.
  const restart = [anchors[0]!];
  const exact = pageRank(graph, { restart, tolerance: 1e-10, passes: 1000 });
  let pushed = exact;
  for (const limit of [1e-5, 1e-6, 1e-7]) {
    result[`pushed PageRank, ${limit}`] = fastest(3, () => {
      pushed = pushPageRank(graph, restart, { tolerance: limit });
    });
    result[`pushed PageRank, ${limit}, differs by`] = pushed.reduce(
      (sum, value, n) => sum + Math.abs(value - exact[n]!),
      0,
    );
  }
  result["personalised PageRank, passes"] = fastest(3, () =>
    pageRank(graph, { restart, tolerance }),
  );
  console.log(JSON.stringify(result));
}

const self = fileURLToPath(import.meta.url);
/** This file in a process of its own. */
function child(...args: string[]): Record<string, number> {
  const text = execFileSync(
    process.execPath,
    [
      "--max-old-space-size=12000",
      "--import",
      "tsx",
      "--conditions=@dtok/source",
      self,
      "--threads",
      String(threads),
      "--sample",
      values.sample,
      ...args,
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 },
  );
  return JSON.parse(text.trim().split("\n").at(-1)!) as Record<string, number>;
}

function pykeen(path: string, nodes: number, searcher: string): Record<string, unknown> {
  const script = new URL("./peers/pykeen_bench.py", import.meta.url).pathname;
  const args = [script, path, anchorsOf(nodes), PER_NODE, RELATIONS, searcher].map(String);
  const { stdout, stderr, error, status } = spawnSync(values.python, args, {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  try {
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
  } catch {
    return {
      searcher,
      error:
        error?.message ?? `Python ended with status ${status}: ${stderr.trim().split("\n").at(-1)}`,
    };
  }
}

type Row = Record<string, number>;

function chart(rows: readonly Row[]): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const points = rows.flatMap((row) =>
    ["read", "choose", "nearest", "relations", "write", "whole"].map((part) => ({
      edges: row["edges"]!,
      seconds: row[part]!,
      part,
    })),
  );
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const slope = ["whole"].flatMap(() => [
    { edges: first["edges"]!, seconds: (last["whole"]! / last["edges"]!) * first["edges"]! },
    { edges: last["edges"]!, seconds: last["whole"]! },
  ]);
  const svg = Plot.plot({
    document: document as unknown as Document,
    width: 760,
    height: 480,
    marginLeft: 60,
    marginRight: 80,
    grid: true,
    style: { background: "white", color: "#222", fontSize: "12px" },
    x: { type: "log", label: "edges →" },
    y: { type: "log", label: "↑ seconds" },
    color: { scheme: "tableau10" },
    marks: [
      Plot.line(slope, { x: "edges", y: "seconds", stroke: "#999", strokeDasharray: "4 4" }),
      Plot.line(points, { x: "edges", y: "seconds", stroke: "part", strokeWidth: 2 }),
      Plot.dot(points, { x: "edges", y: "seconds", fill: "part" }),
      Plot.text(
        points.filter(({ edges }) => edges === last["edges"]),
        { x: "edges", y: "seconds", text: "part", fill: "part", textAnchor: "start", dx: 8 },
      ),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}

async function main(): Promise<void> {
  const folder = values.data || mkdtempSync(join(tmpdir(), "dtok-graph-"));
  mkdirSync(folder, { recursive: true });
  const file = (edges: number): string => {
    const path = join(folder, `power-law-${edges}.tsv`);
    if (!existsSync(path)) {
      writePowerLaw(path, { nodes: nodesOf(edges), edges, relations: TYPES });
    }
    return path;
  };
  try {
    const most = Number(values.edges);
    const sizes: number[] = [];
    for (let edges = 10_000; edges <= most; edges *= 10) sizes.push(edges);
    const rows = sizes.map((edges) => {
      const row = child("--one", file(edges));
      console.error(row);
      return row;
    });
    const peerEdges = Number(values["peer-edges"]);
    const path = file(peerEdges);
    const beside = child("--peers", path);
    console.error(beside);
    const searchers = values.pykeen ? values.pykeen.split(",") : ["ScipySparse"];
    const python = searchers.flatMap((name) =>
      [...new Set([peerEdges / 10, peerEdges])].map((edges) => ({
        asked: edges,
        ...pykeen(file(edges), nodesOf(edges), name),
      })),
    );
    console.error(python);
    const result = {
      command: "pnpm bench graph --python <python with pykeen> --write",
      date: new Date().toISOString(),
      machine: `${cpus()[0]?.model.trim()} x ${cpus().length}, Node.js ${process.versions.node}`,
      loadAverage: loadavg(),
      threads,
      rows,
      peers: beside,
      pykeen: python,
    };
    const page = pageOf(result);
    console.log(page);
    if (!values.write) return;
    const root = join(dirname(self), "..", "..", "..");
    const { format } = await import("prettier");
    for (const [name, content] of [
      ["apps/bench/results/graph.json", JSON.stringify(result)],
      ["docs/benchmarks/graph.md", page],
    ] as const) {
      const target = join(root, name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, await format(content, { filepath: target, printWidth: 100 }));
    }
    writeFileSync(join(root, "docs/benchmarks/graph.svg"), chart(rows));
  } finally {
    if (!values.data) rmSync(folder, { recursive: true, force: true });
  }
}

interface Result {
  readonly command: string;
  readonly machine: string;
  readonly loadAverage: readonly number[];
  readonly threads: number;
  readonly rows: readonly Row[];
  readonly peers: Row;
  readonly pykeen: readonly Record<string, unknown>[];
}

/** How much longer each part takes for ten times the edges, at the upper end. */
function growth(rows: readonly Row[]): string {
  const [less, most] = [rows.at(-2), rows.at(-1)!];
  if (!less) return "";
  const ratio = (part: string) => most[part]! / less[part]!;
  const parts = ["read", "choose", "nearest", "relations", "write"].map(
    (part) => `${part} ${ratio(part).toFixed(1)}`,
  );
  return `From ${less["edges"]} to ${most["edges"]} edges, ${ratio("edges").toFixed(1)} times as many, the whole takes ${ratio("whole").toFixed(1)}
times as long: ${parts.join(", ")}. What grows faster reads
at random (a name's number, a neighbour's rank, its anchors), and those arrays, tens of megabytes for a
million nodes, fit no cache any more. The machine has ${cpus().length} virtual cores that share theirs with others.`;
}

function pageOf({ command, machine, loadAverage, rows, peers: beside, pykeen: python }: Result) {
  const s = (value: number | undefined) => (value ?? NaN).toPrecision(3);
  const head = (...cells: string[]) =>
    `| ${cells.join(" | ")} |\n|${cells.map(() => " ---: ").join("|")}|`;
  const parts = ["read", "choose", "nearest", "relations", "tokens", "write", "whole"];
  const table = rows.map(
    (row) =>
      `| ${row["nodes"]} | ${row["edges"]} | ${row["anchors"]} | ${parts.map((part) => s(row[part])).join(" | ")} | ${((row["whole"]! / row["edges"]!) * 1e6).toFixed(2)} | ${row["peak"]!.toFixed(2)} |`,
  );
  const walk = beside["graphology walk, one anchor"]!;
  const nearest = [beside["nearest, one thread"]!, beside[`nearest, ${threads} threads`]!];
  const all = walk * beside["anchors"]!;
  const python1 = python.map((row) => {
    const asked = Number(row["asked"]);
    const same = rows.find((other) => Math.abs(other["edges"]! / asked - 1) < 0.01);
    if (row["error"] !== undefined || same === undefined) {
      return `| ${asked} | ${String(row["error"])} | | | | | | |`;
    }
    const [a, n, r] = ["anchors", "nearest", "relations"].map((part) => Number(row[part]));
    const total = a! + n! + r!;
    return `| ${asked} | ${row["mix"]} | ${s(a)} | ${s(n)} | ${s(r)} | ${s(total)} | ${s(same["tokens"])} | ${(total / same["tokens"]!).toFixed(0)} |`;
  });
  const pushes = [1e-5, 1e-6, 1e-7].map((limit) => {
    const time = beside[`pushed PageRank, ${limit}`]!;
    return `| personalised, pushes to ${limit} an edge | ${s(time)} | ${s(beside[`pushed PageRank, ${limit}, differs by`])} | ${(beside["graphology PageRank"]! / time).toFixed(0)} |`;
  });
  return `# Graphs: a million nodes

Made by \`${command}\`: ${machine}, ${threads} threads, load average ${loadAverage[0]!.toFixed(1)} at the end.
Random graphs with degrees of a power law and ${TYPES} relation types, ten edges a node. Anchors are a fiftieth
of the nodes (40 % degree, 40 % PageRank, 20 % random); every node gets its ${PER_NODE} nearest with their
distances and ${RELATIONS} relations.

## Time grows as edges do

Seconds. "read" is from a tab-separated file; "tokens" is choosing anchors, the nearest and relations in one
run, with the start of the threads; "write" is a Parquet file of all tokens; "whole" is read, tokens and write. Peak
memory is that of the process.

${head("nodes", "edges", "anchors", ...parts, "µs an edge", "peak GB")}
${table.join("\n")}

![Seconds over edges, both logarithmic](graph.svg)

${growth(rows)}

The broken line is what "whole" would be if every edge cost what it costs at ${rows.at(-1)!["edges"]} edges. Small
graphs lie above it: starting threads and compiling take a part of a second.

## Beside graphology: one search per anchor

${beside["nodes"]} nodes, ${beside["edges"]} edges, ${beside["anchors"]} anchors. \`bfsFromNode\` of
graphology-traversal, in both directions, from a sample of ${values.sample} anchors took ${s(walk)} s an anchor; all
anchors are **extrapolated** from that: ${s(all)} s, without choosing the nearest ${PER_NODE} among them.
The ${beside["distances compared"]} distances that both gave were the same.

| | seconds | times |
| --- | ---: | ---: |
| graphology-traversal, extrapolated | ${s(all)} | |
| dtok, one thread | ${s(nearest[0])} | ${(all / nearest[0]!).toFixed(0)} |
| dtok, ${threads} threads | ${s(nearest[1])} | ${(all / nearest[1]!).toFixed(0)} |

## Beside PyKEEN: NodePiece's tokens

The same files, the same k and d; PyKEEN ${python[0]?.["version"] ?? "(not there)"} in Python, measured outside the product. Its
search by \`ScipySparse\` knows no distances: it takes k at random among the anchors within the first radius
that has k. Seconds.

| edges | PyKEEN's anchors | choosing | nearest | relations | all | dtok's tokens | times |
| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${python1.join("\n")}

## Beside graphology-metrics: PageRank

The same graph without directions, both until a pass moves less than 1e-6 in all. graphology-metrics has no
personalised PageRank; one run of it is what each would cost. "differs" is the sum of all differences: of the
first from graphology-metrics, where a self-loop is one way back to its node and in dtok two; of the
personalised ones from passes to 1e-10.

| | seconds | differs | times graphology-metrics |
| --- | ---: | ---: | ---: |
| graphology-metrics | ${s(beside["graphology PageRank"])} | | |
| dtok, one thread | ${s(beside["PageRank"])} | ${s(beside["PageRank differs by"])} | ${(beside["graphology PageRank"]! / beside["PageRank"]!).toFixed(1)} |
| personalised, passes | ${s(beside["personalised PageRank, passes"])} | | ${(beside["graphology PageRank"]! / beside["personalised PageRank, passes"]!).toFixed(1)} |
${pushes.join("\n")}
`;
}

if (values.one) await one(values.one);
else if (values.peers) await peers(values.peers);
else await main();
