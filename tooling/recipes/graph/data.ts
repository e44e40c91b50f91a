/** What the recipe knows of its graphs: where they lie and how they are split. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGraph, linksOf, parseDebianPackages, readWordNet, splitLinks } from "@dtok/graph";
import type { DebianPackage, KnowledgeGraph, LinkSplit, Links, WordNet } from "@dtok/graph";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const dataFolder = join(root, ".data", "graph");
export const runsFolder = join(root, ".runs", "graph");

/** Of the splits. */
const SEED = 1;

export const loadWordNet = (): Promise<WordNet> => readWordNet(join(dataFolder, "wordnet"));

/** Debian's packages without the names that no package has. */
export function loadDebian(): { graph: KnowledgeGraph; packages: readonly DebianPackage[] } {
  const whole = parseDebianPackages(readFileSync(join(dataFolder, "debian", "Packages"), "utf8"));
  const real = whole.packages.map((entry) => entry !== undefined);
  const { heads, kinds, tails } = linksOf(whole.graph);
  const place = new Int32Array(real.length);
  const nodes = whole.graph.nodes.filter((_, n) => real[n]);
  let next = 0;
  for (const [n, is] of real.entries()) if (is) place[n] = next++;
  const kept = Array.from(heads.keys()).filter((e) => real[heads[e]!] && real[tails[e]!]);
  const graph = buildGraph({
    nodes,
    relations: whole.graph.relations,
    heads: Int32Array.from(kept, (e) => place[heads[e]!]!),
    relationIds: Int32Array.from(kept, (e) => kinds[e]!),
    tails: Int32Array.from(kept, (e) => place[tails[e]!]!),
  });
  return { graph, packages: whole.packages.filter((entry) => entry !== undefined) };
}

/** A folder with train.txt, valid.txt and test.txt of tab-separated triples, as benchmarks have it. */
export function loadFolder(folder: string): LinkSplit {
  const nodes = new Map<string, number>();
  const relations = new Map<string, number>();
  const id = (map: Map<string, number>, name: string) => {
    if (!map.has(name)) map.set(name, map.size);
    return map.get(name)!;
  };
  const parts = ["train", "valid", "test"].map((name) => {
    const lines = readFileSync(join(folder, `${name}.txt`), "utf8")
      .trim()
      .split("\n");
    const rows = lines.map((line) => {
      const [h, r, t] = line.trimEnd().split("\t") as [string, string, string];
      return [id(nodes, h), id(relations, r), id(nodes, t)] as const;
    });
    return {
      heads: Int32Array.from(rows, ([h]) => h),
      kinds: Int32Array.from(rows, ([, r]) => r),
      tails: Int32Array.from(rows, ([, , t]) => t),
    };
  }) as [Links, Links, Links];
  const graph = buildGraph({
    nodes: [...nodes.keys()],
    relations: [...relations.keys()],
    heads: parts[0].heads,
    relationIds: parts[0].kinds,
    tails: parts[0].tails,
  });
  // The graph numbers by name.
  const node = Int32Array.from(nodes.keys(), (name) => graph.indexOf(name));
  const kind = Int32Array.from(relations.keys(), (name) => graph.relations.indexOf(name));
  const [train, valid, test] = parts.map(({ heads, kinds, tails }) => ({
    heads: heads.map((n) => node[n]!),
    kinds: kinds.map((r) => kind[r]!),
    tails: tails.map((n) => node[n]!),
  })) as [Links, Links, Links];
  return { graph, train, valid, test };
}

/** "wordnet", "debian", or a folder. */
export async function loadSplit(name: string): Promise<LinkSplit> {
  if (name === "wordnet") return splitLinks((await loadWordNet()).graph, { seed: SEED });
  if (name === "debian") return splitLinks(loadDebian().graph, { share: 0.01, seed: SEED });
  return loadFolder(name);
}
