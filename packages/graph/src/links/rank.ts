/*
 * Link prediction, measured as Bordes et al. (2013) do: of all nodes, how high does the held-out one rank
 * where the other known answers are left out ("filtered"). Ties count half ("realistic" rank: Berrendorf et
 * al., arXiv 2002.06914), so that a model that scores all alike ranks in the middle.
 */
import { ArgumentError } from "@dtok/core";
import type { Links } from "./split.js";

export interface LinkMetrics {
  /** Mean reciprocal rank. */
  readonly mrr: number;
  readonly hits1: number;
  readonly hits3: number;
  readonly hits10: number;
  /** Ranks that were taken: two per edge, toward tails and toward heads. */
  readonly count: number;
}

/**
 * @param scores of all N nodes
 * @param known answers to leave out; the target may be among them
 * @returns from 1
 */
export function filteredRank(
  scores: Float32Array,
  target: number,
  known: Iterable<number> = [],
): number {
  const own = scores[target]!;
  let [higher, equal] = [0, 0];
  for (let n = 0; n < scores.length; n++) {
    if (scores[n]! > own) higher++;
    else if (scores[n] === own) equal++;
  }
  for (const n of known) {
    if (n === target) continue;
    if (scores[n]! > own) higher--;
    else if (scores[n] === own) equal--;
  }
  return 1 + higher + (equal - 1) / 2;
}

export function linkMetrics(ranks: ArrayLike<number>): LinkMetrics {
  if (ranks.length === 0) {
    throw new ArgumentError("ranks", {
      expected: "at least one",
      got: "none",
      remedy: "Hold edges out.",
    });
  }
  let [mrr, hits1, hits3, hits10] = [0, 0, 0, 0];
  for (let i = 0; i < ranks.length; i++) {
    const rank = ranks[i]!;
    mrr += 1 / rank;
    if (rank <= 1) hits1++;
    if (rank <= 3) hits3++;
    if (rank <= 10) hits10++;
  }
  const count = ranks.length;
  return {
    mrr: mrr / count,
    hits1: hits1 / count,
    hits3: hits3 / count,
    hits10: hits10 / count,
    count,
  };
}

/** What is known, by question: tails of (head, relation) and heads of (relation, tail). */
export class KnownLinks {
  readonly #tails = new Map<number, number[]>();
  readonly #heads = new Map<number, number[]>();

  constructor(
    readonly relations: number,
    ...parts: readonly Links[]
  ) {
    const put = (map: Map<number, number[]>, key: number, value: number) => {
      const list = map.get(key);
      if (list) list.push(value);
      else map.set(key, [value]);
    };
    for (const { heads, kinds, tails } of parts) {
      for (let e = 0; e < heads.length; e++) {
        put(this.#tails, heads[e]! * relations + kinds[e]!, tails[e]!);
        put(this.#heads, tails[e]! * relations + kinds[e]!, heads[e]!);
      }
    }
  }

  tails(head: number, relation: number): readonly number[] {
    return this.#tails.get(head * this.relations + relation) ?? [];
  }

  heads(tail: number, relation: number): readonly number[] {
    return this.#heads.get(tail * this.relations + relation) ?? [];
  }
}
