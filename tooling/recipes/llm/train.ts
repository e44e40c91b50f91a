/**
 * Trains the GPT on the packed sequences of all sources whose tokens are there. A run goes on from its
 * checkpoint; batches follow from the seed and the step.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/llm/train.ts [--steps 700] [--rate 2e-3] [--minutes 15]
 *
 * --grow <folder> begins with the weights of an earlier run that had fewer modalities: their ids have not
 * moved, and the new ids' rows begin at the mean of the old ones (`embeddingRows`).
 *
 * Writes .runs/llm/checkpoint.safetensors, log.jsonl and vocabulary.json.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom, Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { embeddingRows, embeddingStatistics, pack } from "@dtok/llm";
import type { Vocabulary } from "@dtok/llm";
import { createRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { progressLine, trainLoop, writeFileAtomic } from "@dtok/train/node";
import { lossOf } from "./gpt.js";
import type { GptShape } from "./gpt.js";
import { loadTrained } from "./model.js";
import { openSources, runs, vocabularyOf } from "./sources.js";

const WIDTH = 192;
const LAYERS = 5;
const HEADS = 4;
/** Ids that the model sees: a picture's, but the last. */
const LENGTH = 513;

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "700" },
    rate: { type: "string", default: "2e-3" },
    batch: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "1000" },
    grow: { type: "string" },
  },
});
const [steps, batchSize, seed] = [values.steps, values.batch, values.seed].map(Number) as [
  number,
  number,
  number,
];

const sources = openSources();
const vocabulary = vocabularyOf(sources);
const shape: GptShape = {
  vocabulary: vocabulary.size,
  length: LENGTH,
  width: WIDTH,
  layers: LAYERS,
  heads: HEADS,
};
writeFileAtomic(
  join(runs, "vocabulary.json"),
  new TextEncoder().encode(JSON.stringify({ shape, vocabulary }, null, 2)),
);

/** Sequences drawn at random, the sources in turn. */
function batchOf(step: number): Record<string, Tensor> {
  const random = new Random(seed, step);
  const n = batchSize * shape.length;
  const ids = new BigInt64Array(n);
  const targets = new BigInt64Array(n);
  const weights = new Float32Array(n);
  let counted = 0;
  for (let b = 0; b < batchSize; b++) {
    const source = sources[b % sources.length]!;
    const grid = source.grid("train", random.integer(source.count("train")));
    const tokens = pack(vocabulary, [grid]).ids;
    for (let t = 0; t + 1 < tokens.length; t++) {
      ids[b * shape.length + t] = BigInt(tokens[t]!);
      targets[b * shape.length + t] = BigInt(tokens[t + 1]!);
      weights[b * shape.length + t] = 1;
      counted++;
    }
  }
  for (let i = 0; i < n; i++) weights[i]! /= counted;
  return {
    ids: { data: ids, shape: [n] },
    targets: { data: targets, shape: [n] },
    weights: { data: weights, shape: [n] },
  };
}

/** What the earlier model knows stands first in this vocabulary and as it was. */
function checkOlder(old: Vocabulary): void {
  const same = old.modalities.every(({ id, begin, limit }, i) => {
    const block = vocabulary.modalities[i];
    return block?.id === id && block.begin === begin && block.limit === limit;
  });
  if (!same) throw new Error("The earlier run's modalities are not the first of this one's.");
}

const runtime = await createRuntime();
const trainer = await Trainer.create(
  runtime,
  (g) => ({ loss: lossOf(g, createRandom(seed), batchSize, shape) }),
  { betas: [0.9, 0.98], clipNorm: 1, weightDecay: 0.05, averageDecay: 0.995 },
);
console.log(
  `sources ${sources.map((source) => `${source.name} ${source.count("train")}`).join(", ")}; vocabulary ${shape.vocabulary}, length ${shape.length}, ${(trainer.flopsPerStep / 1e9).toFixed(0)} GFLOP a step`,
);
if (values.grow !== undefined) {
  const old = loadTrained(values.grow);
  const weights: Record<string, Tensor> = { ...old.parameters };
  const table = weights.tokens as Tensor<Float32Array>;
  checkOlder(old.vocabulary);
  const statistics = embeddingStatistics({
    data: table.data,
    shape: [old.vocabulary.size, WIDTH],
  });
  const rows = embeddingRows(vocabulary, statistics, { first: old.vocabulary.size });
  const grown = new Float32Array(vocabulary.size * WIDTH);
  grown.set(table.data);
  grown.set(rows.data, table.data.length);
  weights.tokens = { data: grown, shape: [vocabulary.size, WIDTH] };
  const state: Record<string, Tensor> = { ...trainer.state() };
  for (const [name, weight] of Object.entries(weights)) {
    state[name] = weight;
    state[`${name}.average`] = weight;
  }
  trainer.restore(state, 0);
}
const stop = new AbortController();
const timer = setTimeout(() => stop.abort(), Number(values.minutes) * 60_000);
await trainLoop(trainer, {
  steps,
  schedule: cosineSchedule({ learningRate: Number(values.rate), steps, warmup: 60 }),
  batch: batchOf,
  samples: batchSize,
  checkpoint: join(runs, "checkpoint.safetensors"),
  checkpointEvery: 120,
  log: join(runs, "log.jsonl"),
  logEvery: 25,
  signal: stop.signal,
  onProgress: (progress) => console.log(progressLine(progress)),
});
clearTimeout(timer);
await trainer.close();
await runtime.close();
