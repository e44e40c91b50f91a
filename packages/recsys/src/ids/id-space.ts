/*
 * Which IDs are taken, and the nearest free one: what new items and items without room need.
 */
import { LimitError } from "@dtok/core";
import type { Codes, Quantizer } from "@dtok/core";

/** Prefixes that the search for a free ID follows per level. */
const BEAM = 8;

/** A prefix as a key of a Map: a number where all IDs fit into 53 bits, else text. */
export type IdKey = number | string;

export class IdSpace {
  /** Row of the item that has the ID. */
  private readonly owners = new Map<IdKey, number>();
  /** IDs under each prefix of 1 … Q - 1 codes; made when first asked for. */
  private counts: Map<IdKey, number>[] | undefined;
  /** IDs that fit under a prefix of 0 … Q codes. */
  private readonly room: number[];
  private readonly numeric: boolean;

  constructor(readonly codebookSizes: readonly number[]) {
    const depth = codebookSizes.length;
    this.room = new Array<number>(depth + 1).fill(1);
    for (let l = depth - 1; l >= 0; l--) this.room[l] = this.room[l + 1]! * codebookSizes[l]!;
    this.numeric = this.room[0]! <= Number.MAX_SAFE_INTEGER;
  }

  /** IDs taken. */
  get size(): number {
    return this.owners.size;
  }

  key(codes: ArrayLike<number>, at = 0, length = this.codebookSizes.length): IdKey {
    if (!this.numeric) {
      let text = "";
      for (let l = 0; l < length; l++) text += `${codes[at + l]},`;
      return text;
    }
    let key = 0;
    for (let l = 0; l < length; l++) key = key * this.codebookSizes[l]! + codes[at + l]!;
    return key;
  }

  /** Row of the item that has the ID `codes[at…]`, -1 if it is free. */
  owner(codes: ArrayLike<number>, at = 0): number {
    return this.owners.get(this.key(codes, at)) ?? -1;
  }

  /** False, and nothing changes, if the ID is another row's. */
  take(codes: ArrayLike<number>, at: number, row: number): boolean {
    const key = this.key(codes, at);
    const owner = this.owners.get(key);
    if (owner !== undefined) return owner === row;
    this.owners.set(key, row);
    if (this.counts !== undefined) this.count(this.counts, key, 1);
    return true;
  }

  free(codes: ArrayLike<number>, at = 0): void {
    const key = this.key(codes, at);
    if (this.owners.delete(key) && this.counts !== undefined) this.count(this.counts, key, -1);
  }

  /** True if no ID under the first `length` codes is free. */
  full(codes: ArrayLike<number>, at: number, length: number): boolean {
    const taken =
      length === 0
        ? this.owners.size
        : length === this.codebookSizes.length
          ? Number(this.owners.has(this.key(codes, at)))
          : (this.countsNow()[length - 1]!.get(this.key(codes, at, length)) ?? 0);
    return taken >= this.room[length]!;
  }

  private countsNow(): Map<IdKey, number>[] {
    if (this.counts === undefined) {
      const counts = this.codebookSizes.slice(1).map(() => new Map<IdKey, number>());
      for (const key of this.owners.keys()) this.count(counts, key, 1);
      this.counts = counts;
    }
    return this.counts;
  }

  private count(counts: readonly Map<IdKey, number>[], whole: IdKey, change: number): void {
    let end = 0;
    for (const [l, prefixes] of counts.entries()) {
      if (typeof whole === "string") end = whole.indexOf(",", end) + 1;
      const key =
        typeof whole === "string" ? whole.slice(0, end) : Math.floor(whole / this.room[l + 1]!);
      const next = (prefixes.get(key) ?? 0) + change;
      if (next === 0) prefixes.delete(key);
      else prefixes.set(key, next);
    }
  }

  /**
   * The free ID whose decoding lies nearest to `latent`, found by following the `BEAM` nearest
   * prefixes with room per level: exact among the IDs under these prefixes.
   *
   * @param greedy the ID that the quantizer itself gives
   * @throws LimitError if all IDs are taken
   */
  nearestFree(latent: Float32Array, greedy: ArrayLike<number>, quantizer: Quantizer): Int32Array {
    const sizes = this.codebookSizes;
    if (this.full(greedy, 0, 0)) {
      throw new LimitError("semantic IDs", {
        expected: `at most ${this.room[0]} items (${sizes.join(" x ")} IDs)`,
        got: `${this.owners.size + 1}`,
        remedy: "Use more levels, larger codebooks, or a suffix.",
      });
    }
    const depth = sizes.length;
    let beams: Int32Array[] = [Int32Array.from(greedy)];
    for (let l = 0; l < depth; l++) {
      const found: { codes: Int32Array; distance: number }[] = [];
      for (const prefix of beams) {
        const distances = levelDistances(quantizer, latent, 1, prefix, l);
        for (let k = 0; k < sizes[l]!; k++) {
          prefix[l] = k;
          if (this.full(prefix, 0, l + 1)) continue;
          const distance = distances[k]!;
          const worst = found[BEAM - 1];
          if (worst !== undefined && distance >= worst.distance) continue;
          if (worst !== undefined) found.pop();
          const entry = { codes: prefix.slice(), distance };
          const place = found.findIndex((other) => other.distance > distance);
          found.splice(place < 0 ? found.length : place, 0, entry);
        }
      }
      beams = found.map(({ codes }) => codes);
    }
    return beams[0]!;
  }
}

/**
 * Squared distances [n, K] of latents [n, D] to the decodings of `prefix` with its code at `level`
 * replaced by each of the level's K. Of a quantizer that decodes prefixes, codes after the level do
 * not count; of others (PQ) they are the prefix's own, which moves all distances alike.
 */
export function levelDistances(
  quantizer: Quantizer,
  latents: Float32Array,
  rows: number,
  prefix: ArrayLike<number>,
  level: number,
): Float32Array {
  const { dim, codebookSizes, prefixDecodable } = quantizer;
  const size = codebookSizes[level]!;
  const width = prefixDecodable ? level + 1 : codebookSizes.length;
  const data = new Int32Array(size * width);
  for (let k = 0; k < size; k++) {
    for (let l = 0; l < width; l++) data[k * width + l] = l === level ? k : prefix[l]!;
  }
  const codes: Codes = { data, shape: [size, width] };
  const words = quantizer.dequantize(codes).data;
  const out = new Float32Array(rows * size);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < size; k++) {
      let sum = 0;
      for (let d = 0, x = n * dim, c = k * dim; d < dim; d++, x++, c++) {
        const gap = latents[x]! - words[c]!;
        sum += gap * gap;
      }
      out[n * size + k] = sum;
    }
  }
  return out;
}
