import { createRandom } from "@dtok/core";
import type { ModelRuntime } from "@dtok/core";
import { buildGraph, foldLinks, splitLinks } from "@dtok/graph";
import { createRuntime } from "@dtok/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Batches, trainLinks } from "./links.js";
import type { LinkRun } from "./links.js";
import { methodOf } from "./methods.js";

let runtime: ModelRuntime;
beforeAll(async () => {
  runtime = await createRuntime();
});
afterAll(() => runtime.close());

const random = createRandom(4);
const draw = (count: number, below: number) =>
  Int32Array.from({ length: count }, () => random.integer(below));
const graph = buildGraph({
  nodes: Array.from({ length: 80 }, (_, n) => `n${n}`),
  relations: ["r", "s"],
  heads: draw(300, 80),
  relationIds: draw(300, 2),
  tails: draw(300, 80),
});
const split = splitLinks(graph, { share: 0.1, seed: 1 });
const run: LinkRun = {
  batch: 16,
  nodes: 48,
  steps: 12,
  n3: 0.01,
  tableRate: 0.1,
  rate: 0.01,
  seed: 3,
  folds: 4,
};

describe("batches", () => {
  const folds = foldLinks(split, run).map(({ edges }) => edges);
  const { heads, kinds, tails } = split.train;
  const keyOf = (h: number, r: number, t: number) => `${h} ${r} ${t}`;
  const asked = (batches: Batches, step: number) => {
    const feeds = batches.at(step);
    const of = (name: string) => Array.from(feeds[name]!.data as BigInt64Array, Number);
    const [h, r, t] = [of("heads"), of("kinds"), of("tails")];
    return h.map((from, b) => keyOf(batches.nodes[from]!, r[b]!, batches.nodes[t[b]!]!));
  };

  it("ask for edges of one fold a step, and for all of them once an epoch", () => {
    const batches = new Batches(split, run, folds);
    const per = folds.reduce((sum, { length }) => sum + Math.ceil(length / run.batch), 0);
    const whole = Array.from(heads, (h, e) => keyOf(h, kinds[e]!, tails[e]!));
    for (const epoch of [0, 1]) {
      const seen = new Set<string>();
      for (let step = epoch * per; step < (epoch + 1) * per; step++) {
        const edges = asked(batches, step);
        const own = new Set(Array.from(folds[batches.fold]!, (e) => whole[e]!));
        for (const edge of edges) {
          expect(own.has(edge)).toBe(true);
          seen.add(edge);
        }
      }
      expect(seen.size).toBe(new Set(whole).size);
    }
  });

  it("are a function of seed and step", () => {
    const [a, b] = [new Batches(split, run, folds), new Batches(split, run, folds)];
    const first = Array.from({ length: 40 }, (_, step) => asked(a, step));
    for (const step of [39, 3, 20]) expect(asked(b, step)).toEqual(first[step]);
    const other = new Batches(split, { ...run, seed: 4 }, folds);
    expect(asked(other, 3)).not.toEqual(first[3]);
  });
});

describe("training", () => {
  it("goes on where it stopped, to the same numbers", async () => {
    const method = methodOf("nodepiece-near", split.graph);
    const whole = await trainLinks(runtime, split, method, run);
    expect(whole.step).toBe(12);
    let steps = 0;
    const half = await trainLinks(runtime, split, method, run, { until: () => steps++ === 5 });
    expect(half.step).toBe(5);
    const rest = await trainLinks(runtime, split, method, run, { resume: half.state });
    expect(Object.keys(rest.arrays).sort()).toEqual(Object.keys(whole.arrays).sort());
    for (const [name, { data }] of Object.entries(whole.arrays)) {
      expect(rest.arrays[name]!.data).toEqual(data);
    }
    const drawn = half.arrays["table.by"]!.data;
    expect(rest.arrays["table.by"]!.data).not.toEqual(drawn);
  });
});
