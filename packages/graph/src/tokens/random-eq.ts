/*
 * Random entity quantization. Li, Zhang, Zhu, Wang, Zhang: "Random Entity Quantization for
 * Parameter-Efficient Compositional Knowledge Graph Representation", arXiv 2310.15797, section 3.1: an
 * entity is m codes drawn at random, which tell entities apart as well as chosen ones do. Codes are a
 * function of the entity's name and the seed alone, so a new entity changes nobody's; `distinct` counts
 * how many codes stand for more than one entity.
 */
import { ArgumentError, createRandom, createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { nameHash } from "../anchors/relations.js";

export interface RandomCodesOptions {
  /** Codebooks, m. */
  readonly codebooks: number;
  /** Entries of each, l. */
  readonly size: number;
  readonly seed?: number;
}

/** Codes [entities, m] for names. */
export function randomEntityCodes(
  names: readonly string[],
  { codebooks, size, seed = 0 }: RandomCodesOptions,
): { readonly grid: TokenGrid; readonly distinct: number } {
  for (const [what, value] of Object.entries({ codebooks, size })) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= 65_536) continue;
    throw new ArgumentError(what, {
      expected: "a whole number from 1 to 65536",
      got: String(value),
      remedy: "Correct it.",
    });
  }
  const data = new Int32Array(names.length * codebooks);
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    // Two halves of 32 bits: a hash that two of a million names share would give them equal codes.
    const random = createRandom((seed ^ nameHash(`${name}\0`)) >>> 0, nameHash(name));
    for (let m = 0; m < codebooks; m++) data[i * codebooks + m] = random.integer(size);
    seen.add(data.subarray(i * codebooks, (i + 1) * codebooks).join());
  }
  const grid = createTokenGrid({
    codes: { data, shape: [names.length, codebooks] },
    shape: [names.length],
    codebookSizes: Array.from({ length: codebooks }, () => size),
    side: {},
  });
  return { grid, distinct: seen.size };
}
