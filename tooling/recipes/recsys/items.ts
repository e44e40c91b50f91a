/** What the recipe knows of a catalogue: item vectors, and the split of histories. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Matrix } from "@dtok/core";
import { FILM_COLLABORATIVE_DIM, collaborativeFeatures, filmVectors } from "@dtok/recsys";
import type { Dataset } from "./fetch.js";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

export function loadDataset(name: string): Dataset {
  return JSON.parse(readFileSync(join(root, ".data", "recsys", `${name}.json`), "utf8")) as Dataset;
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
  return collaborativeFeatures(data, items.length, { dim: FILM_COLLABORATIVE_DIM, seed: 1 });
}

/** Text and collaborative part side by side, [N, 832]; `false` for texts alone. */
export function itemVectors(dataset: Dataset, collaborative = true): Matrix {
  return collaborative
    ? filmVectors(dataset.items, collaborativeVectors(dataset))
    : filmVectors(dataset.items);
}
