/** Training on links and measuring it: batches, steps, filtered ranks. */
import { KnownLinks, degrees, filteredRank, foldLinks, linkMetrics } from "@dtok/graph";
import type { KnowledgeGraph, LinkMetrics, LinkSplit, Links } from "@dtok/graph";
import { Random } from "@dtok/core";
import type { Matrix, ModelRuntime, Tensor } from "@dtok/core";
import { SparseTable, Trainer, cosineSchedule } from "@dtok/train";
import {
  CodeEmbedding,
  exportNodeEncoder,
  exportScorer,
  linkTraining,
  tokenCount,
} from "@dtok/train/presets";
import type { Method } from "./methods.js";

export interface LinkRun {
  readonly batch: number;
  readonly nodes: number;
  readonly steps: number;
  readonly n3: number;
  /** Of tables (Adagrad) and of the encoder's weights (Adam). */
  readonly tableRate: number;
  readonly rate: number;
  readonly seed: number;
  /** Parts of the training edges; each is asked for from tokens that do not show it. */
  readonly folds: number;
}

type Arrays = Record<string, Tensor<Float32Array>>;

/** Shares of a batch's other nodes that are one and two edges from a node of its edges. */
const NEAR = [0.4, 0.4] as const;

/** A neighbour of a node, or the node itself where it has none. */
function neighbourOf({ out, in: into }: KnowledgeGraph, n: number, random: Random): number {
  const [a, b] = [out.start[n + 1]! - out.start[n]!, into.start[n + 1]! - into.start[n]!];
  if (a + b === 0) return n;
  const e = random.integer(a + b);
  return e < a ? out.node[out.start[n]! + e]! : into.node[into.start[n]! + e - a]!;
}

/**
 * Batches as a function of seed and step, each of edges of one fold. Among nodes from anywhere, the right one is told by where it is;
 * which of its neighbours it is, is learned where they are in the batch too.
 */
export class Batches {
  /** Of the step. */
  readonly nodes: Int32Array;
  fold = 0;
  readonly #place: Int32Array;
  readonly #share: Float64Array;
  readonly #known: KnownLinks;
  readonly #bias: Float32Array;
  readonly #toTails: Float32Array;
  readonly #toHeads: Float32Array;
  /** Of the epoch: which fold a step asks, and where among its edges it begins. */
  #order: readonly { readonly fold: number; readonly from: number }[] = [];
  #edges: readonly ArrayLike<number>[] = [];
  #epoch = -1;

  constructor(
    readonly split: LinkSplit,
    readonly run: LinkRun,
    /** Numbers of training edges. */
    readonly folds: readonly Int32Array[],
  ) {
    const { graph, train } = split;
    this.nodes = new Int32Array(run.nodes);
    this.#place = new Int32Array(graph.nodes.length).fill(-1);
    this.#known = new KnownLinks(graph.relations.length, train);
    const degree = degrees(graph);
    const others = Math.max(1, run.nodes - 2 * run.batch) / graph.nodes.length;
    this.#share = degree.map((d) =>
      Math.log(Math.min(1, (run.batch * d) / train.heads.length + others)),
    );
    this.#bias = new Float32Array(run.nodes);
    this.#toTails = new Float32Array(run.batch * run.nodes);
    this.#toHeads = new Float32Array(run.batch * run.nodes);
  }

  /** The edges that a step asks for: folds in turn, by chance, and all of their edges once an epoch. */
  #ask(step: number): { fold: number; edges: Int32Array } {
    const { batch, seed } = this.run;
    const per = this.folds.reduce((sum, { length }) => sum + Math.ceil(length / batch), 0);
    const epoch = Math.floor(step / per);
    if (epoch !== this.#epoch) {
      const random = new Random(seed, -1 - epoch);
      this.#edges = this.folds.map(({ length }) => random.sample(length, length));
      const all = this.folds.flatMap(({ length }, fold) =>
        Array.from({ length: Math.ceil(length / batch) }, (_, i) => ({ fold, from: i * batch })),
      );
      this.#order = Array.from(random.sample(per, per), (i) => all[i]!);
      this.#epoch = epoch;
    }
    const { fold, from } = this.#order[step % per]!;
    const [order, own] = [this.#edges[fold]!, this.folds[fold]!];
    // The last of a fold is filled from its start.
    const edges = Int32Array.from(
      { length: batch },
      (_, b) => own[order[(from + b) % own.length]!]!,
    );
    return { fold, edges };
  }

  at(step: number): Record<string, Tensor> {
    const { batch, nodes: size, seed } = this.run;
    const { graph, train } = this.split;
    const random = new Random(seed, step + 1);
    const { fold, edges } = this.#ask(step);
    this.fold = fold;
    const heads = new BigInt64Array(batch);
    const kinds = new BigInt64Array(batch);
    const tails = new BigInt64Array(batch);
    for (const n of this.nodes) this.#place[n] = -1;
    let filled = 0;
    const put = (n: number): number => {
      if (this.#place[n] === -1) {
        this.#place[n] = filled;
        this.nodes[filled++] = n;
      }
      return this.#place[n]!;
    };
    for (let b = 0; b < batch; b++) {
      const e = edges[b]!;
      heads[b] = BigInt(put(train.heads[e]!));
      kinds[b] = BigInt(train.kinds[e]!);
      tails[b] = BigInt(put(train.tails[e]!));
    }
    if (size >= graph.nodes.length) {
      for (let n = 0; filled < graph.nodes.length; n++) put(n);
    }
    const asked = filled;
    const room = Math.min(size, graph.nodes.length) - asked;
    for (let i = 0; i < room * (NEAR[0] + NEAR[1]); i++) {
      const one = neighbourOf(graph, this.nodes[random.integer(asked)]!, random);
      put(i < room * NEAR[0] ? one : neighbourOf(graph, one, random));
    }
    while (filled < Math.min(size, graph.nodes.length)) put(random.integer(graph.nodes.length));
    // A graph smaller than the batch: what is left over shows a node that no question looks at.
    for (let i = 0; i < size; i++) {
      if (i >= filled) this.nodes[i] = this.nodes[0]!;
      this.#bias[i] = i >= filled ? -1e4 : -this.#share[this.nodes[i]!]!;
    }
    for (let b = 0; b < batch; b++) {
      this.#toTails.set(this.#bias, b * size);
      this.#toHeads.set(this.#bias, b * size);
      const [h, r, t] = [train.heads[edges[b]!]!, train.kinds[edges[b]!]!, train.tails[edges[b]!]!];
      for (const n of this.#known.tails(h, r)) {
        const at = this.#place[n]!;
        if (n !== t && at >= 0) this.#toTails[b * size + at] = -1e4;
      }
      for (const n of this.#known.heads(t, r)) {
        const at = this.#place[n]!;
        if (n !== h && at >= 0) this.#toHeads[b * size + at] = -1e4;
      }
    }
    return {
      heads: { data: heads, shape: [batch] },
      kinds: { data: kinds, shape: [batch] },
      tails: { data: tails, shape: [batch] },
      toTails: { data: this.#toTails, shape: [batch, size] },
      toHeads: { data: this.#toHeads, shape: [batch, size] },
    };
  }
}

export interface LinkProgress {
  readonly step: number;
  readonly error: number;
  /** Of the processor, for steps alone. */
  readonly seconds: number;
}

/** Trained arrays: "relations", and "vectors" [N, dim] of a table or the encoder's with "table.<field>". */
export async function trainLinks(
  runtime: ModelRuntime,
  split: LinkSplit,
  method: Method,
  run: LinkRun,
  options: {
    readonly onProgress?: (progress: LinkProgress) => void;
    readonly every?: number;
    /** Called per `every` steps with what is trained so far. */
    readonly onArrays?: (arrays: () => Arrays, step: number) => Promise<void>;
    readonly resume?: Arrays & { readonly step?: Tensor<Float32Array> };
    /** Ends the run early, whole; told the processor's seconds. */
    readonly until?: (seconds: number) => boolean;
  } = {},
): Promise<{ arrays: Arrays; state: Arrays; step: number; msPerStep: number }> {
  const { graph } = split;
  const random = new Random(run.seed, 7);
  const relations = graph.relations.length;
  const table =
    method.kind === "table"
      ? new SparseTable(graph.nodes.length, method.dim, (n) =>
          random.fillNormal(new Float32Array(n), 0.1),
        )
      : undefined;
  const folds = method.kind === "codes" ? foldLinks(split, run) : undefined;
  let embedding: CodeEmbedding | undefined;
  if (method.kind === "codes") {
    for (const fold of folds!) {
      const codes = method.codesOf(fold.graph);
      if (embedding) embedding.addView(codes);
      else embedding = new CodeEmbedding(method.config, codes, random);
    }
  }
  const trainer = await Trainer.create(
    runtime,
    (g) =>
      linkTraining(
        g,
        method.kind === "codes" ? method.config : { kind: "table", dim: method.dim, relations },
        run,
      ),
    { betas: [0.9, 0.99], clipNorm: 5, session: { threads: 1 } },
  );
  const batches = new Batches(
    split,
    run,
    folds?.map(({ edges }) => edges) ?? [Int32Array.from(split.train.heads.keys())],
  );
  const shape =
    method.kind === "table"
      ? [run.nodes, method.dim]
      : [run.nodes, tokenCount(method.config), method.config.width];
  const rows = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const tables: readonly (readonly [string, SparseTable])[] = table
    ? [["vectors", table]]
    : Object.entries(embedding!.tables).map(([name, part]) => [`table.${name}`, part] as const);
  if (options.resume) {
    const { step, ...state } = options.resume;
    for (const [name, part] of tables) {
      part.data.set(state[name]!.data);
      part.sums.set(state[`${name}.sums`]!.data);
    }
    trainer.restore(state, step!.data[0]!);
  }
  const arrays = (): Arrays => ({
    ...trainer.parameters(),
    ...Object.fromEntries(
      tables.map(([name, { data, count, width }]) => [
        name,
        { data: data.slice(), shape: [count, width] },
      ]),
    ),
  });
  const wave = (learningRate: number) =>
    cosineSchedule({
      learningRate,
      steps: run.steps,
      warmup: Math.min(50, run.steps / 10),
      floor: 0.05,
    });
  const [rate, tableRate] = [wave(run.rate), wave(run.tableRate)];
  const first = trainer.step;
  let [sum, count, seconds] = [0, 0, 0];
  while (trainer.step < run.steps && !options.until?.(seconds)) {
    const begun = process.cpuUsage();
    const { step } = trainer;
    const feeds = batches.at(step);
    if (table) table.gather(batches.nodes, rows);
    else embedding!.forward(batches.nodes, rows, batches.fold);
    const result = await trainer.run({ ...feeds, rows: { data: rows, shape } }, rate(step));
    const gradient = trainer.outputs.rows!.data;
    if (table) table.step(batches.nodes, gradient, tableRate(step));
    else embedding!.backward(batches.nodes, gradient, tableRate(step), batches.fold);
    sum += result.metrics.error!;
    count++;
    const { user, system } = process.cpuUsage(begun);
    seconds += (user + system) / 1e6;
    if (options.every && (trainer.step % options.every === 0 || trainer.step === run.steps)) {
      options.onProgress?.({
        step: trainer.step,
        error: sum / count,
        seconds,
      });
      [sum, count] = [0, 0];
      await options.onArrays?.(arrays, trainer.step);
    }
  }
  const state: Arrays = { ...trainer.state() };
  for (const [name, part] of tables) {
    const of = { shape: [part.count, part.width] };
    state[name] = { data: part.data, ...of };
    state[`${name}.sums`] = { data: part.sums, ...of };
  }
  state.step = { data: Float32Array.of(trainer.step), shape: [1] };
  const msPerStep = (1000 * seconds) / Math.max(1, trainer.step - first);
  await trainer.close();
  return { arrays: arrays(), state, step: trainer.step, msPerStep };
}

/** Vectors of all nodes. */
export async function vectorsOf(
  runtime: ModelRuntime,
  method: Method,
  graph: KnowledgeGraph,
  arrays: Arrays,
  full = true,
): Promise<Matrix> {
  if (method.kind === "table") {
    const { data, shape } = arrays.vectors!;
    return { data, shape: [shape[0]!, shape[1]!] };
  }
  const { encoder } = exportNodeEncoder(method.config, arrays, { full });
  const session = await runtime.load(encoder, { threads: 1 });
  const codes = method.codesOf(graph);
  const [count, columns] = codes.shape;
  const { dim } = method.config;
  const data = new Float32Array(count * dim);
  for (let from = 0; from < count; from += 4096) {
    const rows = Math.min(4096, count - from);
    const part = codes.data.subarray(from * columns, (from + rows) * columns);
    const out = await session.run({
      codes: { data: BigInt64Array.from(part, BigInt), shape: [rows, columns] },
    });
    data.set(out.vectors!.data as Float32Array, from * dim);
  }
  await session.close();
  return { data, shape: [count, dim] };
}

export interface Evaluation extends LinkMetrics {
  readonly byRelation: Readonly<Record<string, { readonly mrr: number; readonly count: number }>>;
}

/** What train-links.ts writes of a run. */
export interface LinkResult {
  readonly data: string;
  readonly method: string;
  /** Of the graph: nodes, relations, training edges. */
  readonly nodes: number;
  readonly relations: number;
  readonly edges: number;
  /** Numbers of the encoder or the table, without relations' vectors. */
  readonly parameters: number;
  readonly run: LinkRun & { readonly trained: number; readonly msPerStep: number };
  readonly valid: Evaluation;
  readonly test: Evaluation;
}

/** Filtered ranks of held-out edges, toward tails and heads. */
export async function evaluateLinks(
  runtime: ModelRuntime,
  split: LinkSplit,
  vectors: Matrix,
  relations: Tensor<Float32Array>,
  which: Links,
): Promise<Evaluation> {
  const [count, dim] = vectors.shape;
  const types = split.graph.relations.length;
  const known = new KnownLinks(types, split.train, split.valid, split.test);
  const session = await runtime.load(exportScorer({ relations: types, dim }, { relations }), {
    threads: 1,
  });
  const ranks: number[] = [];
  const of: number[] = [];
  const block = 64;
  for (const [side, ask, answer, out] of [
    ["tails", which.heads, which.tails, "tails"],
    ["heads", which.tails, which.heads, "heads"],
  ] as const) {
    for (let from = 0; from < which.heads.length; from += block) {
      const rows = Math.min(block, which.heads.length - from);
      const data = new Float32Array(rows * dim);
      for (let i = 0; i < rows; i++) {
        const n = ask[from + i]!;
        data.set(vectors.data.subarray(n * dim, (n + 1) * dim), i * dim);
      }
      const kinds = which.kinds.subarray(from, from + rows);
      const result = await session.run(
        {
          vectors: { data, shape: [rows, dim] },
          kinds: { data: BigInt64Array.from(kinds, BigInt), shape: [rows] },
          candidates: vectors,
        },
        [out],
      );
      const scores = result[out]!.data as Float32Array;
      for (let i = 0; i < rows; i++) {
        const n = ask[from + i]!;
        const answers = side === "tails" ? known.tails(n, kinds[i]!) : known.heads(n, kinds[i]!);
        ranks.push(
          filteredRank(scores.subarray(i * count, (i + 1) * count), answer[from + i]!, answers),
        );
        of.push(kinds[i]!);
      }
    }
  }
  await session.close();
  const byRelation: Record<string, { mrr: number; count: number }> = {};
  for (const [r, name] of split.graph.relations.entries()) {
    const own = ranks.filter((_, i) => of[i] === r);
    if (own.length > 0) byRelation[name] = { mrr: linkMetrics(own).mrr, count: own.length };
  }
  return { ...linkMetrics(ranks), byRelation };
}
