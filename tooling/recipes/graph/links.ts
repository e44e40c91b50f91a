/** Training on links and measuring it: batches, steps, filtered ranks. */
import { KnownLinks, degrees, filteredRank, linkMetrics, neighbourSlots } from "@dtok/graph";
import type { KnowledgeGraph, LinkMetrics, LinkSplit, Links, NeighbourSlots } from "@dtok/graph";
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
import type { CodeField } from "@dtok/train/presets";
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
 * Batches as a function of seed and step. Among nodes from anywhere, the right one is told by where it is;
 * which of its neighbours it is, is learned where they are in the batch too.
 */
class Batches {
  readonly nodes: Int32Array;
  /** Of the step. */
  readonly edges: Int32Array;
  readonly #place: Int32Array;
  readonly #share: Float64Array;
  readonly #known: KnownLinks;
  readonly #bias: Float32Array;
  readonly #toTails: Float32Array;
  readonly #toHeads: Float32Array;
  #order: ArrayLike<number> = [];
  #epoch = -1;

  constructor(
    readonly split: LinkSplit,
    readonly run: LinkRun,
  ) {
    const { graph, train } = split;
    this.nodes = new Int32Array(run.nodes);
    this.edges = new Int32Array(run.batch);
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

  at(step: number): Record<string, Tensor> {
    const { batch, nodes: size, seed } = this.run;
    const { graph, train } = this.split;
    const count = train.heads.length;
    const random = new Random(seed, step + 1);
    const heads = new BigInt64Array(batch);
    const kinds = new BigInt64Array(batch);
    const tails = new BigInt64Array(batch);
    const { edges } = this;
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
      const at = step * batch + b;
      const epoch = Math.floor(at / count);
      if (epoch !== this.#epoch) {
        this.#order = new Random(seed, -1 - epoch).sample(count, count);
        this.#epoch = epoch;
      }
      const e = this.#order[at % count]!;
      edges[b] = e;
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

/** Neighbours that a step hides although it does not ask for them, of every node that it shows. */
const ALSO_HIDDEN = 0.1;

/**
 * Hides the edges that a step asks for from what their ends show: a model that reads the answer from its
 * input learns nothing for the edges that are not there yet. A node shall look as it would without the edge,
 * so the relation goes where that edge is its only one; and nodes that nothing is asked of miss some too.
 */
class Hiding {
  readonly #slots: NeighbourSlots;
  readonly #m: number;
  readonly #types: number;
  /** [N, m]: 1 for neighbours that are hidden. */
  readonly #hidden: Uint8Array;
  readonly #relation: CodeField | undefined;
  readonly #degree: Float64Array;

  constructor(
    readonly split: LinkSplit,
    readonly embedding: CodeEmbedding,
    m: number,
  ) {
    this.#m = m;
    this.#slots = neighbourSlots(split.graph, m);
    this.#types = split.graph.relations.length;
    this.#hidden = new Uint8Array(this.#slots.node.length);
    this.#relation = embedding.config.fields.find(({ name }) => name === "relation");
    this.#degree = Float64Array.from(degrees(split.graph));
  }

  hide(edges: Int32Array, nodes: Int32Array, random: Random): void {
    const { train } = this.split;
    for (const e of edges) {
      const [h, r, t] = [train.heads[e]!, train.kinds[e]!, train.tails[e]!];
      this.#drop(h, r, t);
      this.#drop(t, this.#types + r, h);
    }
    const m = this.#m;
    const { node } = this.#slots;
    for (const n of nodes) {
      let any = false;
      for (let i = n * m; i < (n + 1) * m && node[i]! >= 0; i++) {
        if (random.float() < ALSO_HIDDEN) this.#hidden[i] = 1;
        if (this.#hidden[i] === 0) continue;
        this.embedding.hide("near", n, i - n * m);
        any = true;
      }
      if (any && this.#relation && this.#degree[n]! <= m) this.#hideRelations(n, this.#relation);
    }
    for (const n of nodes) this.#hidden.fill(0, n * m, (n + 1) * m);
  }

  #drop(n: number, r: number, other: number): void {
    const m = this.#m;
    const { node, kind } = this.#slots;
    for (let i = n * m; i < (n + 1) * m; i++) {
      if (node[i] === other && kind[i] === r) this.#hidden[i] = 1;
    }
  }

  #hideRelations(n: number, { from, columns, name }: CodeField): void {
    const m = this.#m;
    const { kind } = this.#slots;
    const { data, shape } = this.embedding.codes;
    for (let c = 0; c < columns; c++) {
      const r = data[n * shape[1] + from + c]!;
      let [seen, shown] = [false, false];
      for (let i = n * m; i < (n + 1) * m; i++) {
        if (kind[i] !== r) continue;
        seen = true;
        if (this.#hidden[i] === 0) shown = true;
      }
      if (seen && !shown) this.embedding.hide(name, n, c);
    }
  }
}

export interface LinkProgress {
  readonly step: number;
  readonly error: number;
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
    /** Ends the run early, whole. */
    readonly until?: () => boolean;
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
  const embedding =
    method.kind === "codes" ? new CodeEmbedding(method.config, method.codes, random) : undefined;
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
  const batches = new Batches(split, run);
  const near = (method.kind === "codes" && method.neighbours) || 0;
  const hiding = near > 0 ? new Hiding(split, embedding!, near) : undefined;
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
  const begun = performance.now();
  const first = trainer.step;
  let [sum, count] = [0, 0];
  while (trainer.step < run.steps && !options.until?.()) {
    const { step } = trainer;
    const feeds = batches.at(step);
    hiding?.hide(batches.edges, batches.nodes, new Random(run.seed + 1, step));
    if (table) table.gather(batches.nodes, rows);
    else embedding!.forward(batches.nodes, rows);
    const result = await trainer.run({ ...feeds, rows: { data: rows, shape } }, rate(step));
    const gradient = trainer.outputs.rows!.data;
    if (table) table.step(batches.nodes, gradient, tableRate(step));
    else embedding!.backward(batches.nodes, gradient, tableRate(step));
    if (hiding) embedding!.show();
    sum += result.metrics.error!;
    count++;
    if (options.every && (trainer.step % options.every === 0 || trainer.step === run.steps)) {
      options.onProgress?.({
        step: trainer.step,
        error: sum / count,
        seconds: (performance.now() - begun) / 1000,
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
  const msPerStep = (performance.now() - begun) / Math.max(1, trainer.step - first);
  await trainer.close();
  return { arrays: arrays(), state, step: trainer.step, msPerStep };
}

/** Vectors of all nodes. */
export async function vectorsOf(
  runtime: ModelRuntime,
  method: Method,
  arrays: Arrays,
  full = true,
): Promise<Matrix> {
  if (method.kind === "table") {
    const { data, shape } = arrays.vectors!;
    return { data, shape: [shape[0]!, shape[1]!] };
  }
  const { encoder } = exportNodeEncoder(method.config, arrays, { full });
  const session = await runtime.load(encoder, { threads: 1 });
  const [count, columns] = method.codes.shape;
  const { dim } = method.config;
  const data = new Float32Array(count * dim);
  for (let from = 0; from < count; from += 4096) {
    const rows = Math.min(4096, count - from);
    const part = method.codes.data.subarray(from * columns, (from + rows) * columns);
    const codes = { data: BigInt64Array.from(part, BigInt), shape: [rows, columns] };
    const out = await session.run({ codes });
    data.set(out.vectors!.data as Float32Array, from * dim);
  }
  await session.close();
  return { data, shape: [count, dim] };
}

export interface Evaluation extends LinkMetrics {
  readonly byRelation: Readonly<Record<string, { readonly mrr: number; readonly count: number }>>;
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
