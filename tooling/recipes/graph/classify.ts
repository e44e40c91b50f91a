/**
 * Node classification: what tokens tell of a node that training never saw the label of.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/graph/classify.ts polblogs|debian [--steps 600]
 *
 * polblogs: leanings of blogs from links alone. debian: sections of packages. Writes
 * .runs/graph/classify-<data>.json.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random, readSafetensors } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { NodePiece, buildGraph, loadGraphTokenizer } from "@dtok/graph";
import type { KnowledgeGraph } from "@dtok/graph";
import { createRuntime } from "@dtok/runtime";
import {
  GraphBuilder,
  Trainer,
  cosineSchedule,
  crossEntropy,
  linearLayer,
  reduceMean,
} from "@dtok/train";
import { writeFileAtomic } from "@dtok/train/node";
import { CodeEmbedding, exportNodeClassifier, nodeClassTraining } from "@dtok/train/presets";
import type { NodeEncoderConfig } from "@dtok/train/presets";
import { dataFolder, runsFolder } from "./data.js";
import type { LabelledGraph } from "./fetch.js";
import { nodePieceFields } from "./methods.js";
import { loadVqData, scaleOf, standardised } from "./vq-data.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: "string", default: "600" } },
});
const [name = "polblogs"] = positionals;
const steps = Number(values.steps);
const runtime = await createRuntime();

interface Task {
  readonly graph: KnowledgeGraph;
  /** Class of each node. */
  readonly labels: Int32Array;
  readonly classes: number;
  readonly train: readonly number[];
  readonly test: readonly number[];
}

function blogs(): Task {
  const { nodes, labels, edges } = JSON.parse(
    readFileSync(join(dataFolder, "polblogs.json"), "utf8"),
  ) as LabelledGraph;
  const graph = buildGraph({
    nodes: nodes.map((node, n) => `${n} ${node}`),
    relations: ["links"],
    heads: Int32Array.from(edges, ([from]) => from),
    relationIds: new Int32Array(edges.length),
    tails: Int32Array.from(edges, ([, to]) => to),
  });
  const own = Int32Array.from(graph.nodes, (node) => labels[Number(node.split(" ")[0])]!);
  const order = new Random(1, 2).sample(own.length, own.length);
  const cut = Math.floor(own.length / 2);
  return {
    graph,
    labels: own,
    classes: 2,
    train: Array.from(order.slice(0, cut)),
    test: Array.from(order.slice(cut)),
  };
}

const data = name === "debian" ? loadVqData() : undefined;
function packages(): Task {
  const { graph, sections, heldOut } = data!;
  const classes = [...new Set(sections)].sort();
  const rows = Array.from(graph.nodes.keys());
  return {
    graph,
    labels: Int32Array.from(sections, (section) => classes.indexOf(section)),
    classes: classes.length,
    train: rows.filter((n) => !heldOut[n]),
    test: rows.filter((n) => heldOut[n]),
  };
}

const task = name === "debian" ? packages() : blogs();
const share = (right: (n: number) => boolean) => task.test.filter(right).length / task.test.length;
/** Nodes [n, classes] of scores to accuracy on the test nodes. */
const accuracy = (scores: Matrix) =>
  share((n) => {
    const row = scores.data.subarray(n * task.classes, (n + 1) * task.classes);
    return row.indexOf(Math.max(...row)) === task.labels[n];
  });
const schedule = (rate: number) =>
  cosineSchedule({ learningRate: rate, steps, warmup: 20, floor: 0.02 });
const BATCH = 512;
const drawn = (step: number) => {
  const random = new Random(3, step + 1);
  return Int32Array.from({ length: BATCH }, () => task.train[random.integer(task.train.length)]!);
};
const classesOf = (nodes: Int32Array) => ({
  data: BigInt64Array.from(nodes, (n) => BigInt(task.labels[n]!)),
  shape: [BATCH],
});

/** Softmax regression on vectors. */
async function linear(vectors: Matrix): Promise<number> {
  const [rows, dim] = vectors.shape;
  const x = standardised(vectors, scaleOf(vectors)).data;
  const layer = (g: GraphBuilder, n: number | string) =>
    linearLayer(g, new Random(0), "class", g.input("x", [n, dim]), task.classes, 0.1);
  const trainer = await Trainer.create(
    runtime,
    (g) => ({
      loss: reduceMean(crossEntropy(layer(g, BATCH), g.input("classes", [BATCH], "int64"))),
    }),
    { session: { threads: 1 } },
  );
  const rate = schedule(0.02);
  const batch = new Float32Array(BATCH * dim);
  for (let step = 0; step < steps; step++) {
    const nodes = drawn(step);
    for (const [i, n] of nodes.entries()) batch.set(x.subarray(n * dim, (n + 1) * dim), i * dim);
    await trainer.run(
      { x: { data: batch, shape: [BATCH, dim] }, classes: classesOf(nodes) },
      rate(step),
    );
  }
  const g = new GraphBuilder();
  const session = await runtime.load(g.toOnnx({ scores: layer(g, "n") }, trainer.parameters()));
  const out = await session.run({ x: { data: x, shape: [rows, dim] } });
  await Promise.all([trainer.close(), session.close()]);
  return accuracy({ data: out.scores!.data as Float32Array, shape: [rows, task.classes] });
}

/** A hash encoder of NodePiece tokens, trained on the labels. */
async function fromTokens(): Promise<number> {
  const { graph } = task;
  const pieces = new NodePiece(graph, {
    anchors: Math.min(4000, Math.round(graph.nodes.length / 15)),
    perNode: 12,
    relations: Math.min(6, 2 * graph.relations.length),
    maxDistance: 12,
    seed: 1,
  });
  const { codes } = pieces.encode();
  const config: NodeEncoderConfig = {
    kind: "sum",
    fields: nodePieceFields(pieces),
    width: 64,
    hidden: 128,
    dim: 64,
    relations: graph.relations.length,
  };
  const embedding = new CodeEmbedding(config, codes, new Random(2));
  const trainer = await Trainer.create(
    runtime,
    (g) => nodeClassTraining(g, config, { batch: BATCH, classes: task.classes, seed: 1 }),
    { clipNorm: 1, weightDecay: 0.05, session: { threads: 1 } },
  );
  const [rate, tables] = [schedule(0.003), schedule(0.05)];
  const own = config.fields.filter(({ onto }) => onto === undefined).length;
  const rows = new Float32Array(BATCH * own * config.width);
  for (let step = 0; step < steps; step++) {
    const nodes = drawn(step);
    embedding.forward(nodes, rows);
    await trainer.run(
      { rows: { data: rows, shape: [BATCH, own, config.width] }, classes: classesOf(nodes) },
      rate(step),
    );
    embedding.backward(nodes, trainer.outputs.rows!.data, tables(step));
  }
  const arrays: Record<string, Tensor<Float32Array>> = { ...trainer.parameters() };
  for (const [field, { data: table, count, width }] of Object.entries(embedding.tables)) {
    arrays[`table.${field}`] = { data: table, shape: [count, width] };
  }
  const session = await runtime.load(exportNodeClassifier(config, arrays, task.classes));
  const scores = new Float32Array(graph.nodes.length * task.classes);
  const width = codes.shape[1];
  for (let from = 0; from < graph.nodes.length; from += 4096) {
    const to = Math.min(graph.nodes.length, from + 4096);
    const part = BigInt64Array.from(codes.data.subarray(from * width, to * width), BigInt);
    const out = await session.run({ codes: { data: part, shape: [to - from, width] } });
    scores.set(out.scores!.data as Float32Array, from * task.classes);
  }
  await Promise.all([trainer.close(), session.close()]);
  return accuracy({ data: scores, shape: [graph.nodes.length, task.classes] });
}

const counts = new Int32Array(task.classes);
for (const n of task.train) counts[task.labels[n]!]!++;
const common = counts.indexOf(Math.max(...counts));
const result: Record<string, number> = {
  nodes: task.graph.nodes.length,
  classes: task.classes,
  tested: task.test.length,
  "most common class": share((n) => task.labels[n] === common),
  "NodePiece tokens, trained on labels": await fromTokens(),
};
if (data) {
  const codec = await loadGraphTokenizer("debian-vq");
  const grid = await codec.encode(data);
  const votes = new Map<number, Int32Array>();
  for (const n of task.train) {
    const code = grid.codes.data[n]!;
    if (!votes.has(code)) votes.set(code, new Int32Array(task.classes));
    votes.get(code)![task.labels[n]!]!++;
  }
  result["one code, its most common class"] = share((n) => {
    const own = votes.get(grid.codes.data[n]!);
    return (own ? own.indexOf(Math.max(...own)) : common) === task.labels[n];
  });
  result["latents before quantization, softmax regression"] = await linear(
    await codec.latents(data),
  );
  result["features, softmax regression"] = await linear(data.features);
  await codec.close();
}
const model = join(runsFolder, "debian", "nodepiece-sum", "vectors.safetensors");
if (data && existsSync(model)) {
  const { vectors } = readSafetensors(readFileSync(model)).tensors;
  const { data: v, shape } = vectors as Tensor<Float32Array>;
  result["vectors of link prediction (NodePiece), softmax regression"] = await linear({
    data: v,
    shape: [shape[0]!, shape[1]!],
  });
}
console.log(result);
writeFileAtomic(
  join(runsFolder, `classify-${name}.json`),
  new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`),
);
await runtime.close();
