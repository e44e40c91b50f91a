import { readFileSync } from "node:fs";
import { codebookUsage, createRandom, fitQuantizer } from "@dtok/core";
import type { Codec, Codes, Matrix } from "@dtok/core";
import {
  FILM_COLLABORATIVE_DIM,
  collaborativeFeatures,
  collisionReport,
  filmVectors,
  fitHierarchical,
  fitResidual,
  neighbourRecall,
} from "@dtok/recsys/node";
import type { ItemSignal } from "@dtok/recsys/node";
import { parse } from "csv-parse/sync";
import type { BenchEntry, BenchMetric, Summary } from "../harness/format.js";
import { sampleFilesNamed } from "../harness/samples.js";
import { summarise } from "../harness/format.js";
import type { BenchTask } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bits", name: "bits an item", better: "less", digits: 1 },
  { key: "error", name: "error on new films, % of variance", better: "less", digits: 1, optional: true }, // prettier-ignore
  { key: "shared", name: "films that share codes, %", better: "less", digits: 1, optional: true },
  { key: "near", name: "near ones with the first code, %", better: "more", digits: 1, optional: true }, // prettier-ignore
  { key: "hit", name: "next film among ten, %", better: "more", digits: 2, optional: true },
  { key: "used", name: "codes used, %", better: "more", digits: 1, optional: true },
  { key: "entropy", name: "entropy, % of its most", better: "more", digits: 1, optional: true },
];

interface Films {
  readonly known: Matrix;
  readonly fresh: Matrix;
  /** Rows of films by user, oldest first; each user's last two were in no fit. */
  readonly histories: readonly (readonly number[])[];
}

const films = (path: string) =>
  parse<{ title: string; year: string; genres: string }>(readFileSync(path, "utf8"), {
    columns: true,
  });

let loaded: Films | undefined;
/** Vectors of the films as movielens-small takes them, and who saw them. */
function load([known, seen, fresh]: readonly string[]): Films {
  if (loaded) return loaded;
  const histories = readFileSync(seen!, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const users: number[] = [];
  const items: number[] = [];
  for (const [user, history] of histories.entries()) {
    for (const item of history.slice(0, -2)) {
      users.push(user);
      items.push(item);
    }
  }
  const list = films(known!);
  const taken = { users: Int32Array.from(users), items: Int32Array.from(items) };
  const dim = FILM_COLLABORATIVE_DIM;
  const collaborative = collaborativeFeatures(taken, list.length, { dim, seed: 1 });
  loaded = {
    known: filmVectors(list, collaborative),
    fresh: filmVectors(films(fresh!)),
    histories,
  };
  return loaded;
}

/** How far decoded vectors are from the originals, as a share of the originals' variance. */
function errorOf(original: Matrix, decoded: Matrix): number {
  const [rows, dim] = original.shape;
  const mean = new Float64Array(dim);
  for (let i = 0; i < original.data.length; i++) mean[i % dim]! += original.data[i]! / rows;
  let [error, variance] = [0, 0];
  for (let i = 0; i < original.data.length; i++) {
    error += (original.data[i]! - decoded.data[i]!) ** 2;
    variance += (original.data[i]! - mean[i % dim]!) ** 2;
  }
  return (100 * error) / variance;
}

/**
 * Class-based bigrams (Brown et al., 1992) over the prefixes of IDs: how likely a film follows another is
 * how often films of its class followed films of the other's, shared out in the class by popularity; the
 * mean over prefixes of all lengths, and over the last three films. No training, so what differs between
 * entries is the IDs alone. The share of users whose last film is among the first ten, which they had not
 * seen before. Their last two films are counted nowhere.
 *
 * @param levels for each prefix length, the class of each film; none: popularity alone
 */
export function nextFilm(
  histories: Films["histories"],
  count: number,
  levels: readonly Int32Array[],
): Summary {
  const popular = new Float64Array(count);
  for (const history of histories) for (const item of history.slice(0, -2)) popular[item]!++;
  const tables = levels.map((classes) => {
    const total = new Float64Array(Math.max(...classes) + 1);
    for (let i = 0; i < count; i++) total[classes[i]!]! += popular[i]!;
    const follow = new Map<number, Map<number, number>>();
    const from = new Map<number, number>();
    for (const history of histories) {
      for (let t = 1; t < history.length - 2; t++) {
        for (let back = 1; back <= Math.min(3, t); back++) {
          const [a, b] = [classes[history[t - back]!]!, classes[history[t]!]!];
          const row = follow.get(a) ?? new Map<number, number>();
          row.set(b, (row.get(b) ?? 0) + 1);
          follow.set(a, row);
          from.set(a, (from.get(a) ?? 0) + 1);
        }
      }
    }
    return { classes, total, follow, from };
  });
  const hits = histories
    .filter((history) => history.length >= 5)
    .map((history) => {
      const scores = popular.map((n) => 1e-9 * n);
      for (const { classes, total, follow, from } of tables) {
        for (const last of history.slice(-4, -1)) {
          const row = follow.get(classes[last]!);
          if (row === undefined) continue;
          const all = from.get(classes[last]!)!;
          for (let i = 0; i < count; i++) {
            const c = classes[i]!;
            const times = row.get(c);
            if (times !== undefined && total[c]! > 0)
              scores[i]! += (times / all) * (popular[i]! / total[c]!);
          }
        }
      }
      const wanted = history.at(-1)!;
      const seen = new Set(history.slice(0, -1));
      let before = 0;
      for (let i = 0; i < count; i++) {
        if (i !== wanted && !seen.has(i) && scores[i]! >= scores[wanted]!) before++;
      }
      return before < 10 ? 100 : 0;
    });
  const { mean, spread } = summarise(hits);
  // The standard error of a share of so many users says more than the spread of noughts and hundreds.
  return { mean, spread: spread / Math.sqrt(hits.length) };
}

/** Classes of films by the first 1, 2, … Q codes. */
export function prefixClasses({ data, shape: [rows, width] }: Codes): Int32Array[] {
  return Array.from({ length: width }, (_, l) => {
    const ids = new Map<string, number>();
    return Int32Array.from({ length: rows }, (_unused, n) => {
      const key = data.subarray(n * width, n * width + l + 1).join();
      const id = ids.get(key) ?? ids.size;
      ids.set(key, id);
      return id;
    });
  });
}

function valuesOf(codes: Codes, sizes: readonly number[], films: Films, decoded?: Matrix) {
  const one = (mean: number): Summary => ({ mean, spread: 0 });
  const usage = codebookUsage(codes, sizes);
  const { recall } = neighbourRecall(films.known, codes, { queries: 500, seed: 1 });
  const { colliding } = collisionReport(codes, sizes);
  return {
    bits: one(sizes.reduce((sum, size) => sum + Math.log2(size), 0)),
    ...(decoded && { error: one(errorOf(films.fresh, decoded)) }),
    shared: one((100 * colliding) / codes.shape[0]),
    near: one(100 * recall[0]!),
    hit: nextFilm(films.histories, films.known.shape[0], prefixClasses(codes)),
    used: summarise(usage.map(({ usedShare }) => 100 * usedShare)),
    entropy: summarise(usage.map(({ normalizedEntropy }) => 100 * normalizedEntropy)),
  };
}

async function measure(codec: Codec<ItemSignal>, files: readonly string[]) {
  const data = load(files);
  const { codes, codebookSizes } = await codec.encode({ vectors: data.known });
  const { vectors } = await codec.decode(await codec.encode({ vectors: data.fresh }));
  return valuesOf(codes, codebookSizes, data, vectors);
}

/** Quantizers fitted without a network on the same films, IDs dealt at random, and no IDs at all. */
async function references(files: readonly string[]): Promise<BenchEntry[]> {
  const data = load(files);
  const entries: BenchEntry[] = [];
  const add = (id: string, values: BenchEntry["values"] & object) =>
    entries.push({ id, kind: "reference", status: "ok", values });
  for (const spec of ["rkmeans:3x128", "hkmeans:3x24", "pq:4x64", "pq:8x32"]) {
    const fit = spec.startsWith("rk")
      ? fitResidual(spec, data.known, { seed: 1 })
      : spec.startsWith("hk")
        ? fitHierarchical(spec, data.known, { seed: 1 })
        : fitQuantizer(spec, data.known, { seed: 1, iterations: 12 });
    const quantizer = await fit;
    const codes = await quantizer.quantizeAsync(data.known);
    const back = quantizer.dequantize(await quantizer.quantizeAsync(data.fresh));
    add(spec, valuesOf(codes, quantizer.codebookSizes, data, back));
    if (!spec.startsWith("rk")) continue;
    const order = createRandom(1).sample(data.known.shape[0], data.known.shape[0]);
    const width = codes.shape[1];
    const dealt = new Int32Array(codes.data.length);
    for (const [n, from] of order.entries()) {
      dealt.set(codes.data.subarray(from * width, (from + 1) * width), n * width);
    }
    add("the same, dealt at random", valuesOf({ ...codes, data: dealt }, quantizer.codebookSizes, data)); // prettier-ignore
  }
  const count = data.known.shape[0];
  const bits = { mean: Math.log2(count), spread: 0 };
  const each = Int32Array.from({ length: count }, (_, i) => i);
  add("a token for each film", { bits, hit: nextFilm(data.histories, count, [each]) });
  add("popularity", { bits: { mean: 0, spread: 0 }, hit: nextFilm(data.histories, count, []) });
  return entries;
}

export const recsysIds: BenchTask<ItemSignal> = {
  id: "recsys/ids",
  title: "Semantic IDs of 9,066 films, by 671 users and on 140 films that came later",
  metrics,
  plot: { x: "bits", y: ["hit", "error"] },
  files: () => sampleFilesNamed("films.csv", "films-seen.txt", "films-new.csv"),
  async conformance(files) {
    const { fresh } = load(files);
    const [, dim] = fresh.shape;
    const rows = (n: number) => ({
      vectors: { data: fresh.data.slice(0, n * dim), shape: [n, dim] as const },
    });
    return [rows(9), rows(1)];
  },
  sameExtent: (a, b) => a.vectors.shape.join() === b.vectors.shape.join(),
  signals: async (files) => [{ vectors: load(files).known }],
  unit: "items",
  amount: ({ vectors }) => vectors.shape[0],
  measure,
  references,
};
