/*
 * Hashed n-gram features: what stands in for a text-embedding model where there is none. Words, pairs
 * of words and character n-grams fall into D places by a hash, with a sign (Weinberger et al.,
 * arXiv 0902.2206), weighted by (1 + log tf) and, where fitted, by inverse document frequency; each
 * row has length 1. Texts alike in spelling are near each other; texts alike in meaning only are not.
 */
import { ArgumentError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

export interface TextFeatureOptions {
  /** D. Default 768. */
  readonly dim?: number;
  /** Lengths of character n-grams, inside words with their boundaries. Default [3, 4]; [] for none. */
  readonly ngrams?: readonly number[];
  /** Weight by ln((1 + N) / (1 + df)) + 1 of these texts' own frequencies. Default true. */
  readonly idf?: boolean;
}

const MAX_DIM = 2 ** 20;

/** Vectors [N, D] of N texts; a text without letters or digits is the zero vector. */
export function textFeatures(texts: readonly string[], options: TextFeatureOptions = {}): Matrix {
  const { dim = 768, ngrams = [3, 4], idf = true } = options;
  if (!Number.isSafeInteger(dim) || dim < 1 || dim > MAX_DIM) {
    throw new ArgumentError("dim", {
      expected: `an integer in [1, ${MAX_DIM}]`,
      got: String(dim),
      remedy: "Leave it out for 768.",
    });
  }
  if (!ngrams.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= 16)) {
    throw new ArgumentError("ngrams", {
      expected: "lengths from 1 to 16",
      got: `[${ngrams.join(", ")}]`,
      remedy: "Leave it out for 3 and 4.",
    });
  }
  const rows = texts.map((text, n) => {
    if (typeof text !== "string") {
      throw new ArgumentError(`text ${n}`, {
        expected: "a string",
        got: text === null ? "null" : typeof text,
        remedy: 'Give items without a text "".',
      });
    }
    const counts = new Map<number, number>();
    for (const term of termsOf(text, ngrams)) {
      const hash = fnv1a(term);
      counts.set(hash, (counts.get(hash) ?? 0) + 1);
    }
    return counts;
  });
  const frequency = new Map<number, number>();
  if (idf) {
    for (const counts of rows) {
      for (const hash of counts.keys()) frequency.set(hash, (frequency.get(hash) ?? 0) + 1);
    }
  }
  const data = new Float32Array(texts.length * dim);
  for (const [n, counts] of rows.entries()) {
    const row = data.subarray(n * dim, (n + 1) * dim);
    for (const [hash, count] of counts) {
      const rarity = idf ? Math.log((1 + texts.length) / (1 + frequency.get(hash)!)) + 1 : 1;
      // The top bit is the sign, the rest the place.
      const sign = hash >>> 31 === 1 ? -1 : 1;
      row[(hash & 0x7fffffff) % dim]! += sign * (1 + Math.log(count)) * rarity;
    }
    const length = Math.hypot(...row);
    if (length > 0) for (let d = 0; d < dim; d++) row[d]! /= length;
  }
  return { data, shape: [texts.length, dim] };
}

function* termsOf(text: string, ngrams: readonly number[]): Generator<string> {
  const words =
    text
      .normalize("NFKD")
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  for (const [i, word] of words.entries()) {
    yield `w ${word}`;
    if (i > 0) yield `p ${words[i - 1]} ${word}`;
    const letters = [..."^", ...word, ..."$"];
    for (const length of ngrams) {
      for (let at = 0; at + length <= letters.length; at++) {
        yield `${length} ${letters.slice(at, at + length).join("")}`;
      }
    }
  }
}

/** FNV-1a of the UTF-16 units, with a final mix, unsigned 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 255), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
