import { readFileSync } from "node:fs";
import { createRandom } from "@dtok/core";
import type { Codec, TokenGrid } from "@dtok/core";
import { debianFeatures, linksOf, parseDebianPackages } from "@dtok/graph";
import type { EdgeScores, GraphSignal } from "@dtok/graph";
import { usageOf } from "../harness/measure.js";
import type { BenchMetric } from "../harness/format.js";
import { sampleFilesNamed } from "../harness/samples.js";
import type { BenchTask } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bits", name: "bits a node", better: "less", digits: 1 },
  {
    key: "auc",
    name: "edges of held-out packages, AUC",
    better: "more",
    digits: 3,
    optional: true,
  },
  { key: "edges", name: "decoded edges that are there, %", better: "more", digits: 1 },
  { key: "features", name: "error of features, % of variance", better: "less", digits: 1 },
  { key: "used", name: "codes used, %", better: "more", digits: 1 },
  { key: "entropy", name: "entropy, % of its most", better: "more", digits: 1 },
];

const load = ([file]: readonly string[]): GraphSignal => {
  const archive = parseDebianPackages(readFileSync(file!, "utf8"));
  return { graph: archive.graph, features: debianFeatures(archive) };
};

/** FNV-1a: the tenth of all packages that the recipe holds out, by name. */
export function isHeldOut(name: string): boolean {
  let h = 0x811c9dc5;
  const text = `held ${name}`;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0) % 10 === 0;
}

/** How often an edge of a held-out package gets more than a pair that has none; ties count half. */
function edgeAuc({ graph }: GraphSignal, scores: EdgeScores): number {
  const { heads, tails } = linksOf(graph);
  const random = createRandom(1);
  const known = new Set(Array.from(heads, (head, e) => head * graph.nodes.length + tails[e]!));
  let [above, count] = [0, 0];
  for (const [e, head] of heads.entries()) {
    if (!isHeldOut(graph.nodes[head]!) && !isHeldOut(graph.nodes[tails[e]!]!)) continue;
    const own = scores.logit(head, tails[e]!);
    for (let i = 0; i < 20; i++) {
      const other = random.integer(graph.nodes.length);
      if (other === head || known.has(head * graph.nodes.length + other)) continue;
      const logit = scores.logit(head, other);
      above += own > logit ? 1 : own === logit ? 0.5 : 0;
      count++;
    }
  }
  return above / count;
}

async function measure(codec: Codec<GraphSignal>, files: readonly string[]) {
  const signal = load(files);
  const grid = await codec.encode(signal);
  const back = await codec.decode(grid);
  const one = (mean: number) => ({ mean, spread: 0 });
  const pairs = ({ graph }: GraphSignal) => {
    const { heads, tails } = linksOf(graph);
    return Array.from(heads, (head, e) => head * graph.nodes.length + tails[e]!);
  };
  const there = new Set(pairs(signal));
  const decoded = [...new Set(pairs(back))];
  const scored = (codec as { edgeScores?: (grid: TokenGrid) => Promise<EdgeScores> }).edgeScores;
  const { data, shape } = signal.features;
  const mean = new Float64Array(shape[1]);
  for (let i = 0; i < data.length; i++) mean[i % shape[1]]! += data[i]! / shape[0];
  let [error, variance] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    error += (data[i]! - back.features.data[i]!) ** 2;
    variance += (data[i]! - mean[i % shape[1]]!) ** 2;
  }
  return {
    bits: one(grid.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0)),
    ...(scored && { auc: one(edgeAuc(signal, await scored.call(codec, grid))) }),
    edges: one((100 * decoded.filter((pair) => there.has(pair)).length) / decoded.length),
    features: one((100 * error) / variance),
    ...usageOf([grid.codes], grid.codebookSizes),
  };
}

export const graphNeighbourhoods: BenchTask<GraphSignal> = {
  id: "graph/neighbourhoods",
  title: "520 packages of Debian with what they depend on; 161 were held out from training",
  metrics,
  files: () => sampleFilesNamed("packages.txt"),
  conformance: async (files) => [load(files)],
  sameExtent: (a, b) => a.graph.nodes.length === b.graph.nodes.length,
  signals: async (files) => [load(files)],
  unit: "nodes",
  amount: ({ graph }) => graph.nodes.length,
  measure,
};
