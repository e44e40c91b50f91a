import { ShapeError } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { nameHash } from "../anchors/relations.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import type { DebianPackage } from "../sources/debian.js";

/** Numbers of a node's words. */
export const WORD_DIM = 64;

/**
 * Numbers of nodes from texts and edges, [N, 2 R + 64]: log(1 + edges) of each relation, outgoing, then
 * incoming; then words hashed to 64 signed sums, scaled to length 1 (feature hashing, Weinberger et al.,
 * arXiv 0902.2206). Words are runs of letters and digits, in lower case.
 *
 * @param texts one per node, by the graph's numbers
 */
export function nodeFeatures(graph: KnowledgeGraph, texts: readonly string[]): Matrix {
  const { length } = graph.nodes;
  if (texts.length !== length) {
    throw new ShapeError("texts of nodes", {
      expected: `${length}, one per node`,
      got: String(texts.length),
      remedy: "Give nodes without a text an empty one.",
    });
  }
  const types = graph.relations.length;
  const width = 2 * types + WORD_DIM;
  const data = new Float32Array(length * width);
  for (let n = 0; n < length; n++) {
    const row = data.subarray(n * width, (n + 1) * width);
    for (const [shift, { start, relation }] of [
      [0, graph.out],
      [types, graph.in],
    ] as const) {
      for (let e = start[n]!; e < start[n + 1]!; e++) row[shift + relation[e]!]!++;
    }
    for (let r = 0; r < 2 * types; r++) row[r] = Math.log1p(row[r]!);
    const words = row.subarray(2 * types);
    for (const word of texts[n]!.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
      const hash = nameHash(word);
      const place = hash % WORD_DIM;
      words[place] = words[place]! + (hash & 0x40000000 ? 1 : -1);
    }
    const norm = Math.hypot(...words);
    if (norm > 0) for (let d = 0; d < WORD_DIM; d++) words[d] = words[d]! / norm;
  }
  return { data, shape: [length, width] };
}

/**
 * Features of Debian's packages as `graph/debian-vq` wants them: relations, and the words of name and short
 * description. Sections are left out, so that they can be told from the codes.
 */
export function debianFeatures({
  graph,
  packages,
}: {
  readonly graph: KnowledgeGraph;
  readonly packages: readonly (DebianPackage | undefined)[];
}): Matrix {
  return nodeFeatures(
    graph,
    graph.nodes.map((name, n) => `${name} ${packages[n]?.description ?? ""}`),
  );
}
