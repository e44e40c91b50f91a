import { createRandom } from "@dtok/core";
import { buildGraph } from "../src/csr/graph.js";
import type { KnowledgeGraph } from "../src/csr/graph.js";

/** Lines of a random graph with self-loops, parallel edges, isolated parts. */
export function randomLines(seed: number, nodes: number, edges: number, relations = 3): string[] {
  const random = createRandom(seed);
  return Array.from(
    { length: edges },
    () => `n${random.integer(nodes)}\tr${random.integer(relations)}\tn${random.integer(nodes)}`,
  );
}

export function graphOf(lines: readonly string[], extra: readonly string[] = []): KnowledgeGraph {
  const names = new Map<string, number>();
  const kinds = new Map<string, number>();
  const id = (map: Map<string, number>, name: string) => {
    if (!map.has(name)) map.set(name, map.size);
    return map.get(name)!;
  };
  const triples = lines.map((line) => {
    const [h, r, t] = line.split("\t") as [string, string, string];
    return [id(names, h), id(kinds, r), id(names, t)] as const;
  });
  for (const name of extra) id(names, name);
  return buildGraph({
    nodes: [...names.keys()],
    relations: [...kinds.keys()],
    heads: Int32Array.from(triples, ([h]) => h),
    relationIds: Int32Array.from(triples, ([, r]) => r),
    tails: Int32Array.from(triples, ([, , t]) => t),
  });
}
