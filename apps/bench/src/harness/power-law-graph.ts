import { closeSync, openSync, writeSync } from "node:fs";
import { createRandom } from "@dtok/core";

export interface PowerLaw {
  readonly nodes: number;
  readonly edges: number;
  readonly relations: number;
  readonly seed?: number;
}

/**
 * Edges of a random graph with the shape of real knowledge graphs: how often a node or a relation is
 * there falls as a power of its rank (exponent about -0.6 for nodes, so degrees have a tail of exponent
 * 1 + 1/0.6; -1 for relations). Ranks are shuffled over the numbers. Some triples come twice.
 */
export function powerLawTriples({ nodes, edges, relations, seed = 1 }: PowerLaw) {
  const random = createRandom(seed);
  const shuffled = Int32Array.from({ length: nodes }, (_, n) => n);
  for (let n = nodes - 1; n > 0; n--) {
    const other = random.integer(n + 1);
    [shuffled[n], shuffled[other]] = [shuffled[other]!, shuffled[n]!];
  }
  // Inverse of the distribution function of rank^-0.6.
  const node = () => shuffled[Math.min(nodes - 1, Math.floor(nodes * random.float() ** 2.5))]!;
  const relation = () => Math.min(relations - 1, Math.floor(relations ** random.float()) - 1);
  const heads = new Int32Array(edges);
  const kinds = new Int32Array(edges);
  const tails = new Int32Array(edges);
  for (let e = 0; e < edges; e++) {
    heads[e] = node();
    kinds[e] = relation();
    tails[e] = node();
  }
  return { heads, kinds, tails };
}

/** The same as a file of tab-separated triples: `Q123\tP4\tQ56`. */
export function writePowerLaw(path: string, shape: PowerLaw): void {
  const { heads, kinds, tails } = powerLawTriples(shape);
  const file = openSync(path, "w");
  let text = "";
  for (let e = 0; e < heads.length; e++) {
    text += `Q${heads[e]}\tP${kinds[e]}\tQ${tails[e]}\n`;
    if (text.length > 1 << 20) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}
