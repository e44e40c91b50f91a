import { MismatchError } from "../errors/index.js";
import { checkCodebookSizes, checkCodes, checkInteger } from "../quantizers/checks.js";
import type { Codes } from "../spec/codes.js";

/**
 * Samples per codeword below which no verdict is given.
 *
 * With N samples of K equally likely codes a share e^(-N/K) of them stays unseen by chance, and the
 * entropy is measured too low by about (K - 1) / (2 N ln 2) bits (Miller and Madow). At N = 10 K that
 * is 0.005 % of the codes and 0.07 bits, or 5 % of the perplexity: small beside any collapse. At N = K
 * it would be 37 % and 0.7 bits, and a perfect codebook would look half dead.
 */
export const SAMPLES_PER_CODE = 10;

/** Perplexity or used codes below this share of the way from 1 to K: collapsed. A convention. */
const COLLAPSED = 0.1;
/** Perplexity below this share of the way from 1 to K: uneven. A convention. */
const UNEVEN = 0.5;

export type UsageVerdict = "insufficient-samples" | "collapsed" | "uneven" | "healthy";

export interface CodeCount {
  readonly code: number;
  readonly count: number;
}

/** How the codes of one codebook are used. */
export interface CodebookUsage {
  readonly level: number;
  /** K, the entries of the codebook. */
  readonly size: number;
  /** N, the codes seen. */
  readonly samples: number;
  /** Codes seen at least once. */
  readonly used: number;
  /** used / K. */
  readonly usedShare: number;
  /** Codes never seen: K - used. */
  readonly dead: number;
  /** Entropy of the measured distribution, bits; 0 without samples. */
  readonly entropy: number;
  /** entropy / log2 K, in [0, 1]; 1 for K = 1. */
  readonly normalizedEntropy: number;
  /** 2^entropy: as many equally likely codes would have the same entropy. */
  readonly perplexity: number;
  /**
   * Gini coefficient of the counts of all K codes: 0 when all are used alike, (K - 1) / K when one
   * takes everything.
   */
  readonly gini: number;
  /** The busiest codes, busiest first, ties by lowest code. */
  readonly top: readonly CodeCount[];
  /** The lowest dead codes, as many as asked for. */
  readonly deadCodes: readonly number[];
  /** False where the counts are of a sample of the codes, because more were seen than fit. */
  readonly exact: boolean;
  readonly verdict: UsageVerdict;
}

export interface UsageReportOptions {
  /** Length of `top` and `deadCodes`. Default 10. */
  readonly list?: number;
}

/** Counts codes of a stream in bounded memory. */
export interface UsageMeter {
  readonly codebookSizes: readonly number[];
  /** Counts codes [N, Q]. */
  add(codes: Codes): void;
  /** Adds the counts of another meter of the same codebooks (another worker's, say). */
  merge(other: UsageMeter): void;
  report(options?: UsageReportOptions): CodebookUsage[];
  reset(): void;
}

/**
 * Use of every codebook by codes [N, Q].
 *
 * For the digits of FSQ or the bits of LFQ and BSQ pass `toDigits(codes)` or `toBits(codes)` with
 * their own sizes.
 */
export function codebookUsage(
  codes: Codes,
  codebookSizes: readonly number[],
  options: UsageReportOptions = {},
): CodebookUsage[] {
  const meter = createUsageMeter(codebookSizes);
  meter.add(codes);
  return meter.report(options);
}

/** Largest codebook whose counts are a plain array. */
const DENSE_LIMIT = 1 << 16;

/**
 * A meter of the given codebooks.
 *
 * Codebooks of up to 65,536 entries are counted in an array. Of larger ones the seen codes are kept
 * in a table of at most `options.maxCodes` entries each. Where more are seen, a sample of the codes
 * is counted on: those whose hash ends in s zero bits, s growing as needed. Counts of a sampled code
 * are exact, sums over codes are scaled by 2^s and estimates; `exact` is then false.
 */
export function createUsageMeter(
  codebookSizes: readonly number[],
  options: { readonly maxCodes?: number } = {},
): UsageMeter {
  checkCodebookSizes(codebookSizes);
  const maxCodes = checkInteger(options.maxCodes ?? 1 << 18, 64, 1 << 24, "maxCodes");
  return new Meter([...codebookSizes], maxCodes);
}

class Meter implements UsageMeter {
  readonly codebookSizes: readonly number[];
  #levels: Counts[];
  readonly #maxCodes: number;

  constructor(sizes: readonly number[], maxCodes: number) {
    this.codebookSizes = sizes;
    this.#maxCodes = maxCodes;
    this.#levels = this.#fresh();
  }

  #fresh(): Counts[] {
    return this.codebookSizes.map((size) =>
      size <= DENSE_LIMIT ? new DenseCounts(size) : new SampledCounts(this.#maxCodes),
    );
  }

  add(codes: Codes): void {
    checkCodes(codes, this.codebookSizes);
    const width = this.codebookSizes.length;
    for (const [q, level] of this.#levels.entries()) level.add(codes.data, q, width);
  }

  merge(other: UsageMeter): void {
    const same =
      other instanceof Meter &&
      other.codebookSizes.length === this.codebookSizes.length &&
      other.codebookSizes.every((size, q) => size === this.codebookSizes[q]);
    if (!same) {
      throw new MismatchError("usage meter", {
        expected: `a meter of codebooks ${this.codebookSizes.join(", ")}`,
        got: other.codebookSizes?.join(", ") ?? "something else",
        remedy: "Merge meters of the same tokenizer.",
      });
    }
    for (const [q, level] of this.#levels.entries()) level.merge(other.#levels[q]!);
  }

  report(options: UsageReportOptions = {}): CodebookUsage[] {
    const list = checkInteger(options.list ?? 10, 0, 1 << 20, "list");
    return this.#levels.map((level, q) => describe(level, q, this.codebookSizes[q]!, list));
  }

  reset(): void {
    this.#levels = this.#fresh();
  }
}

/** Counts of one codebook's codes, or of a sample of them. */
interface Counts {
  samples: number;
  /** Every code that is counted stands for this many. */
  readonly scale: number;
  add(data: Int32Array, first: number, stride: number): void;
  merge(other: Counts): void;
  /** Codes with a count above 0, and their counts. */
  entries(): Iterable<readonly [code: number, count: number]>;
}

class DenseCounts implements Counts {
  samples = 0;
  readonly scale = 1;
  readonly counts: Float64Array;

  constructor(size: number) {
    this.counts = new Float64Array(size);
  }

  add(data: Int32Array, first: number, stride: number): void {
    const { counts } = this;
    for (let i = first; i < data.length; i += stride) counts[data[i]!]!++;
    this.samples += data.length / stride;
  }

  merge(other: DenseCounts): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += other.counts[i]!;
    this.samples += other.samples;
  }

  *entries(): Generator<readonly [number, number]> {
    for (const [code, count] of this.counts.entries()) if (count > 0) yield [code, count];
  }
}

class SampledCounts implements Counts {
  samples = 0;
  readonly counts = new Map<number, number>();
  /** s: a code is counted if the last s bits of its hash are zero. */
  bits = 0;
  readonly #maxCodes: number;

  constructor(maxCodes: number) {
    this.#maxCodes = maxCodes;
  }

  get scale(): number {
    return 2 ** this.bits;
  }

  add(data: Int32Array, first: number, stride: number): void {
    for (let i = first; i < data.length; i += stride) this.#count(data[i]!, 1);
    this.samples += data.length / stride;
  }

  merge(other: SampledCounts): void {
    this.#thin(other.bits);
    for (const [code, count] of other.counts) this.#count(code, count);
    this.samples += other.samples;
  }

  entries(): Iterable<readonly [number, number]> {
    return this.counts;
  }

  #count(code: number, by: number): void {
    if ((hash(code) & (2 ** this.bits - 1)) !== 0) return;
    this.counts.set(code, (this.counts.get(code) ?? 0) + by);
    while (this.counts.size > this.#maxCodes) this.#thin(this.bits + 1);
  }

  #thin(bits: number): void {
    if (bits <= this.bits) return;
    this.bits = bits;
    for (const code of this.counts.keys()) {
      if ((hash(code) & (2 ** bits - 1)) !== 0) this.counts.delete(code);
    }
  }
}

/** MurmurHash3's finaliser: a bijection of 32-bit words whose bits look independent. */
function hash(code: number): number {
  let z = code ^ 0x5bd1e995;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

function describe(level: Counts, q: number, size: number, list: number): CodebookUsage {
  const { samples, scale } = level;
  const entries = Array.from(level.entries());
  entries.sort(([a, n], [b, m]) => m - n || a - b);
  const used = Math.min(size, entries.length * scale);

  // Of a sample, shares are taken of the samples that it holds, so that they add up to one.
  let counted = 0;
  for (const [, count] of entries) counted += count;
  let entropy = 0;
  for (const [, count] of entries) {
    const share = count / counted;
    entropy -= share * Math.log2(share);
  }
  // Each counted code stands for `scale` codes of its frequency.
  entropy = Math.max(0, entropy) + (counted > 0 ? Math.log2(scale) : 0);
  entropy = Math.min(entropy, Math.log2(size));

  // Gini over ascending counts x_1..x_K: 2 sum(i x_i) / (K sum x) - (K + 1) / K; zeros come first.
  let rank = size - used;
  let weighted = 0;
  for (let i = entries.length - 1; i >= 0; i--) {
    weighted += entries[i]![1] * (rank + (scale + 1) / 2);
    rank += scale;
  }
  const gini = counted > 0 ? Math.max(0, (2 * weighted) / (size * counted) - (size + 1) / size) : 0;

  const deadCodes: number[] = [];
  if (scale === 1 && used < size) {
    const seen = new Set(entries.map(([code]) => code));
    for (let code = 0; code < size && deadCodes.length < list; code++) {
      if (!seen.has(code)) deadCodes.push(code);
    }
  }
  const perplexity = samples > 0 ? 2 ** entropy : 0;
  return {
    level: q,
    size,
    samples,
    used,
    usedShare: used / size,
    dead: size - used,
    entropy,
    normalizedEntropy: size === 1 ? 1 : entropy / Math.log2(size),
    perplexity,
    gini,
    top: entries.slice(0, list).map(([code, count]) => ({ code, count })),
    deadCodes,
    exact: scale === 1,
    verdict: verdictOf(samples, size, used, perplexity),
  };
}

function verdictOf(samples: number, size: number, used: number, perplexity: number): UsageVerdict {
  if (samples < SAMPLES_PER_CODE * size) return "insufficient-samples";
  // From the worst, one code, to the best, K: so that a stuck bit (K = 2) counts as collapsed too.
  const share = (codes: number): number => (size === 1 ? 1 : (codes - 1) / (size - 1));
  if (share(used) < COLLAPSED || share(perplexity) < COLLAPSED) return "collapsed";
  return share(perplexity) < UNEVEN ? "uneven" : "healthy";
}

/**
 * Jensen-Shannon divergence of each codebook's use by two sets of codes, bits in [0, 1]: 0 for the
 * same distribution, 1 for codes that share nothing. A drift of the data shows here before quality
 * drops. Few samples raise it: compare with the drift between two halves of one set.
 */
export function usageDrift(a: Codes, b: Codes, codebookSizes: readonly number[]): number[] {
  checkCodebookSizes(codebookSizes);
  const [rowsA, rowsB] = [checkCodes(a, codebookSizes), checkCodes(b, codebookSizes)];
  const width = codebookSizes.length;
  return codebookSizes.map((_, q) => {
    const shares = new Map<number, [number, number]>();
    for (const [side, codes, rows] of [[0, a, rowsA] as const, [1, b, rowsB] as const]) {
      for (let i = q; i < codes.data.length; i += width) {
        const code = codes.data[i]!;
        let pair = shares.get(code);
        if (pair === undefined) shares.set(code, (pair = [0, 0]));
        pair[side] += 1 / rows;
      }
    }
    let divergence = 0;
    for (const [p, r] of shares.values()) {
      const mean = (p + r) / 2;
      if (p > 0) divergence += (p / 2) * Math.log2(p / mean);
      if (r > 0) divergence += (r / 2) * Math.log2(r / mean);
    }
    return Math.min(1, Math.max(0, divergence));
  });
}
