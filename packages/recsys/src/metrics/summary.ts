import { codebookUsage } from "@dtok/core";
import type { CodebookUsage, Codes } from "@dtok/core";
import type { Catalogue } from "../catalogue/catalogue.js";
import { collisionReport } from "../ids/collisions.js";
import type { CollisionReport } from "../ids/collisions.js";

export interface CatalogueSummary {
  readonly items: number;
  readonly version: number;
  readonly quantizer: string;
  readonly strategy: string;
  /** Of whole IDs. */
  readonly codebookSizes: readonly number[];
  /** IDs that the levels allow: the product of the codebook sizes. */
  readonly capacity: number;
  /** Mean squared error per vector when the catalogue was made; null if it was empty. */
  readonly baseline: number | null;
  /** Use of each level's codes, the suffix left out. */
  readonly levels: readonly CodebookUsage[];
  /** Of IDs without their suffix: what the suffix tells apart. */
  readonly collisions: CollisionReport;
  /** Different prefixes of 1, 2, … codes. */
  readonly prefixes: readonly number[];
}

/** Codes of all items without the suffix, [N, Q]. */
export function codesWithoutSuffix(catalogue: Catalogue): Codes {
  const { data, shape } = catalogue.codes;
  const width = catalogue.quantizer.codebookSizes.length;
  if (shape[1] === width) return catalogue.codes;
  const out = new Int32Array(shape[0] * width);
  for (let n = 0; n < shape[0]; n++) {
    out.set(data.subarray(n * shape[1], n * shape[1] + width), n * width);
  }
  return { data: out, shape: [shape[0], width] };
}

/** Numbers about a catalogue, ready for JSON. */
export function summarise(catalogue: Catalogue): CatalogueSummary {
  const sizes = catalogue.quantizer.codebookSizes;
  const codes = codesWithoutSuffix(catalogue);
  const trie = catalogue.trie();
  return {
    items: catalogue.size,
    version: catalogue.version,
    quantizer: catalogue.quantizer.spec,
    strategy: catalogue.strategy,
    codebookSizes: catalogue.codebookSizes,
    capacity: catalogue.codebookSizes.reduce((a, b) => a * b, 1),
    baseline: Number.isFinite(catalogue.baseline) ? catalogue.baseline : null,
    levels: codebookUsage(codes, sizes),
    collisions: collisionReport(codes, sizes),
    prefixes: catalogue.codebookSizes.map((_, l) => trie.prefixes(l + 1)),
  };
}
