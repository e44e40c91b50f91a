/**
 * Trains one entry of the comparison on link prediction, and measures it:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/train-links.ts wordnet nodepiece-mlp [--steps 3000]
 *
 * `wordnet` and `debian` are what fetch.ts brought; a folder with train.txt, valid.txt and test.txt is a
 * benchmark's own split. Writes .runs/graph/<data>/<method>: checkpoint, model.safetensors, result.json.
 * Goes on from the checkpoint. The same seed gives the same batches.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { readSafetensors, writeSafetensors } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { loadSplit, runsFolder } from "./data.js";
import { evaluateLinks, trainLinks, vectorsOf } from "./links.js";
import type { LinkResult } from "./links.js";
import { METHODS, methodOf } from "./methods.js";
import type { MethodName } from "./methods.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "2000" },
    batch: { type: "string", default: "512" },
    nodes: { type: "string", default: "1280" },
    n3: { type: "string", default: "0.05" },
    rate: { type: "string", default: "0.004" },
    "table-rate": { type: "string", default: "0.2" },
    minutes: { type: "string" },
    fresh: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    folds: { type: "string", default: "16" },
    // Steps between measurements on the validation edges.
    watch: { type: "string", default: "0" },
    name: { type: "string" },
    every: { type: "string", default: "100" },
    // Stops after the checkpoint, to go on later.
    "no-measure": { type: "boolean", default: false },
  },
});
const [data = "wordnet", name = "nodepiece-mlp"] = positionals as [string, MethodName];
if (!METHODS.includes(name)) throw new Error(`one of ${METHODS.join(", ")}`);
const folder = join(runsFolder, basename(data), values.name ?? name);
mkdirSync(folder, { recursive: true });
const split = await loadSplit(data);
const method = methodOf(name, split.graph);
const run = {
  batch: Number(values.batch),
  nodes: Number(values.nodes),
  steps: Number(values.steps),
  n3: Number(values.n3),
  rate: Number(values.rate),
  tableRate: Number(values["table-rate"]),
  seed: Number(values.seed),
  folds: Number(values.folds),
};
console.log(
  `${data}: ${split.graph.nodes.length} nodes, ${split.graph.relations.length} relations, ${split.train.heads.length}/${split.valid.heads.length}/${split.test.heads.length} edges; ${name}: ${method.parameters} numbers`,
);
const runtime = await createRuntime();
const checkpoint = join(folder, "checkpoint.safetensors");
const resume =
  !values.fresh && existsSync(checkpoint)
    ? (readSafetensors(readFileSync(checkpoint)).tensors as NonNullable<
        NonNullable<Parameters<typeof trainLinks>[4]>["resume"]
      >)
    : undefined;
const trained = await trainLinks(runtime, split, method, run, {
  every: Number(values.every),
  onProgress: ({ step, error, seconds }) =>
    console.log(`${step}/${run.steps}  loss ${error.toFixed(4)}  ${seconds.toFixed(0)} s`),
  ...(Number(values.watch) > 0 && {
    onArrays: async (arrays, step) => {
      if (step % Number(values.watch) !== 0) return;
      const now = arrays();
      const vectors = await vectorsOf(runtime, method, split.graph, now);
      const { mrr } = await evaluateLinks(runtime, split, vectors, now.relations!, split.valid);
      console.log(`valid MRR ${mrr.toFixed(4)}`);
    },
  }),
  until: (seconds) => seconds > 60 * Number(values.minutes ?? Infinity),
  ...(resume && { resume }),
});
writeFileAtomic(checkpoint, writeSafetensors(trained.state));
writeFileAtomic(join(folder, "model.safetensors"), writeSafetensors(trained.arrays));
const vectors = await vectorsOf(runtime, method, split.graph, trained.arrays);
writeFileAtomic(join(folder, "vectors.safetensors"), writeSafetensors({ vectors }));
const { relations } = trained.arrays;
if (values["no-measure"]) process.exit(0);
const valid = await evaluateLinks(runtime, split, vectors, relations!, split.valid);
const test = await evaluateLinks(runtime, split, vectors, relations!, split.test);
const result: LinkResult = {
  data: basename(data),
  method: name,
  nodes: split.graph.nodes.length,
  relations: split.graph.relations.length,
  edges: split.train.heads.length,
  parameters: method.parameters,
  run: { ...run, trained: trained.step, msPerStep: Math.round(trained.msPerStep) },
  valid,
  test,
};
writeFileAtomic(
  join(folder, "result.json"),
  new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`),
);
const show = ({ mrr, hits1, hits3, hits10 }: typeof test) =>
  [mrr, hits1, hits3, hits10].map((value) => value.toFixed(4)).join(" / ");
console.log(
  `${trained.msPerStep.toFixed(0)} ms a step; valid ${show(valid)}; test ${show(test)} (MRR, Hits@1, @3, @10)`,
);
await runtime.close();
