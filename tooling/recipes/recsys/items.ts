/** What the recipe knows of a catalogue: item vectors, and the split of histories. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Matrix } from "@dtok/core";
import { collaborativeFeatures, fuse, textFeatures } from "@dtok/recsys";
import type { Dataset } from "./fetch.js";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

export function loadDataset(name: string): Dataset {
  return JSON.parse(readFileSync(join(root, ".data", "recsys", `${name}.json`), "utf8")) as Dataset;
}

export const TITLE_DIM = 512;
export const GENRE_DIM = 256;
export const COLLABORATIVE_DIM = 64;

/**
 * Text features [N, 768]: titles by words and n-grams, genres and decade by words. Each row depends on
 * its item alone, so that a new film gets the vector that it would have had.
 */
export function textVectors(items: Dataset["items"]): Matrix {
  const titles = items.map(({ title }) => title);
  const kinds = items.map(({ genres, year }) => `${genres} ${year.slice(0, 3)}0s`);
  return fuse(
    [
      { vectors: textFeatures(titles, { dim: TITLE_DIM, idf: false }), weight: 0.25 },
      { vectors: textFeatures(kinds, { dim: GENRE_DIM, ngrams: [], idf: false }), weight: 0.75 },
    ],
    { standardise: false },
  );
}

/** Collaborative vectors [N, 64] of what users took before their last two items: those are for the tests. */
export function collaborativeVectors({ items, histories }: Dataset): Matrix {
  const users: number[] = [];
  const taken: number[] = [];
  for (const [user, history] of histories.entries()) {
    for (const item of history.slice(0, -2)) {
      users.push(user);
      taken.push(item);
    }
  }
  const data = { users: Int32Array.from(users), items: Int32Array.from(taken) };
  return collaborativeFeatures(data, items.length, { dim: COLLABORATIVE_DIM, seed: 1 });
}

/** Both side by side, [N, 832]; each has length 1, or 0 where nothing is known. */
export function itemVectors(dataset: Dataset, collaborativeWeight: number): Matrix {
  const text = textVectors(dataset.items);
  if (collaborativeWeight === 0) return text;
  return fuse(
    [{ vectors: text }, { vectors: collaborativeVectors(dataset), weight: collaborativeWeight }],
    { standardise: false },
  );
}
