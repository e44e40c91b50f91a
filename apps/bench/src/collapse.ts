/*
 * Use of codes against error: the survey's Table 1, measured. Every family and every remedy against
 * collapse, at about 10 bits a vector, on the same vectors, five seeds each:
 *
 *   pnpm bench collapse [--seeds 5] [--steps 250] [--only <words of a name>] [--write]
 *
 * A seed chooses the half of the training vectors that is fitted on, the starts and the order of the
 * batches. Everything is measured on vectors that no fit has seen. What to expect: some minutes on one
 * core; online VQ from a start outside of the data uses a few per cent of its codes, every reset brings
 * it near to k-means; families without a table cannot collapse but need more error for their bits.
 *
 * `--write` makes (with `--only`: renews those rows of) apps/bench/results/collapse.json and docs/benchmarks/collapse.md and .svg.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  EmaCodebook,
  codebookUsage,
  createQuantizer,
  createRandom,
  fitQuantizer,
  kmeans,
  nearest,
  stochasticAssign,
  vq,
} from "@dtok/core";
import type { DeadCodeReset, FitOptions, Matrix, Quantizer, Random, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import {
  Trainer,
  add,
  argMin,
  div,
  gather,
  log,
  matmul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  softmax,
  square,
  stopGradient,
  sub,
} from "@dtok/train";
import type { GraphBuilder, Value } from "@dtok/train";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    steps: { type: "string", default: "250" },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const steps = Number(values.steps);

const DIM = 16;
const SIZE = 1024;
const BATCH = 512;
const TRAIN = 16_384;
/** 24 for each of the codes: past the 10 that a verdict on use wants. */
const TEST = 24_576;

/**
 * What an encoder might give: 200 clusters of very unequal size (Zipf), each with its own centre,
 * directions of falling variance, and a mean far from zero.
 */
function makeVectors(): { readonly train: Matrix; readonly test: Matrix } {
  const random = createRandom(2024);
  const clusters = 200;
  const scale = Float64Array.from({ length: DIM }, (_, d) => 2 / Math.sqrt(1 + d));
  const offset = random.fillNormal(new Float32Array(DIM), 1.5);
  const centres = random.fillNormal(new Float32Array(clusters * DIM));
  const cumulative: number[] = [];
  for (let c = 0, sum = 0; c < clusters; c++) cumulative.push((sum += 1 / (c + 1)));
  const draw = (rows: number): Matrix => {
    const data = random.fillNormal(new Float32Array(rows * DIM));
    for (let i = 0; i < rows; i++) {
      const u = random.float() * cumulative[clusters - 1]!;
      const c = cumulative.findIndex((edge) => u < edge);
      for (let d = 0, o = i * DIM; d < DIM; d++, o++) {
        data[o] = offset[d]! + scale[d]! * (centres[c * DIM + d]! + 0.4 * data[o]!);
      }
    }
    return { data, shape: [rows, DIM] };
  };
  return { train: draw(TRAIN), test: draw(TEST) };
}

const { train, test } = makeVectors();

/** Mean squared distance to the mean: an error of 1 is that of no code at all. */
function variance({ data, shape: [rows, dim] }: Matrix): number {
  let total = 0;
  for (let d = 0; d < dim; d++) {
    let sum = 0;
    let squares = 0;
    for (let i = d; i < data.length; i += dim) {
      sum += data[i]!;
      squares += data[i]! ** 2;
    }
    total += squares / rows - (sum / rows) ** 2;
  }
  return total;
}

function halfOf(source: Matrix, seed: number): Matrix {
  const picks = createRandom(seed, 77).sample(source.shape[0] / 2, source.shape[0]);
  const data = new Float32Array(picks.length * DIM);
  for (let i = 0; i < picks.length; i++) {
    data.set(source.data.subarray(picks[i]! * DIM, (picks[i]! + 1) * DIM), i * DIM);
  }
  return { data, shape: [picks.length, DIM] };
}

function batchOf(source: Matrix, random: Random): Matrix {
  const data = new Float32Array(BATCH * DIM);
  for (let i = 0; i < BATCH; i++) {
    const from = random.integer(source.shape[0]) * DIM;
    data.set(source.data.subarray(from, from + DIM), i * DIM);
  }
  return { data, shape: [BATCH, DIM] };
}

/** Codes and decoded vectors of the test vectors. */
interface Coded {
  readonly codes: { readonly data: Int32Array; readonly shape: readonly [number, number] };
  readonly sizes: readonly number[];
  readonly decoded: Matrix;
  /** What was coded, where it is not the test vectors as they are. */
  readonly target?: Matrix;
}

interface Entry {
  readonly group: string;
  readonly name: string;
  run(half: Matrix, seed: number): Promise<Coded>;
}

function codedBy(quantizer: Quantizer): Coded {
  const codes = quantizer.quantize(test);
  return { codes, sizes: quantizer.codebookSizes, decoded: quantizer.dequantize(codes) };
}

// --- Families, fitted offline ---------------------------------------------------------------------

function fitted(group: string, spec: string, more: FitOptions = {}): Entry {
  const init = more.init === undefined ? "" : `, ${more.init} start`;
  return {
    group,
    name: `${spec}${init}`,
    run: async (half, seed) => codedBy(await fitQuantizer(spec, half, { seed, ...more })),
  };
}

/** Directions only: lengths are not coded, so unit vectors are what it is measured on. */
const cosine: Entry = {
  group: "VQ",
  name: "vq-cos:1024 (of directions)",
  async run(half, seed) {
    const target: Matrix = { data: test.data.slice(), shape: test.shape };
    for (let i = 0; i < TEST; i++) {
      const row = target.data.subarray(i * DIM, (i + 1) * DIM);
      const length = Math.hypot(...row);
      for (let d = 0; d < DIM; d++) row[d] = row[d]! / length;
    }
    return { ...codedBy(await fitQuantizer("vq-cos:1024", half, { seed })), target };
  },
};

/**
 * FSQ, LFQ and BSQ have no table: a trained encoder brings vectors to them and a decoder back. Both are
 * linear here: standardised principal directions in a random rotation, and least squares.
 */
function linear(group: string, spec: string, rotated: boolean): Entry {
  return {
    group,
    name: spec,
    async run(half, seed) {
      const quantizer = createQuantizer(spec);
      const { mean, rows } = whitening(half, quantizer.dim, rotated ? createRandom(seed, 5) : null);
      const encode = (x: Matrix): Matrix => {
        const data = new Float32Array(x.shape[0] * quantizer.dim);
        for (let i = 0; i < x.shape[0]; i++) {
          for (let q = 0; q < quantizer.dim; q++) {
            let sum = 0;
            for (let d = 0; d < DIM; d++) {
              sum += rows[q * DIM + d]! * (x.data[i * DIM + d]! - mean[d]!);
            }
            data[i * quantizer.dim + q] = sum;
          }
        }
        return { data, shape: [x.shape[0], quantizer.dim] };
      };
      const seen = quantizer.dequantize(quantizer.quantize(encode(half)));
      const decoder = leastSquares(seen, half);
      const codes = quantizer.quantize(encode(test));
      const decoded = decoder(quantizer.dequantize(codes));
      return { codes, sizes: quantizer.codebookSizes, decoded };
    },
  };
}

/** `count` principal directions of unit variance, as rows [count, D], by power iteration. */
function whitening(x: Matrix, count: number, random: Random | null) {
  const n = x.shape[0];
  const mean = new Float64Array(DIM);
  for (let i = 0; i < x.data.length; i++) mean[i % DIM]! += x.data[i]! / n;
  const covariance = new Float64Array(DIM * DIM);
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < DIM; a++) {
      const v = (x.data[i * DIM + a]! - mean[a]!) / n;
      for (let b = 0; b < DIM; b++) {
        covariance[a * DIM + b]! += v * (x.data[i * DIM + b]! - mean[b]!);
      }
    }
  }
  const start = createRandom(1);
  const rows = new Float64Array(count * DIM);
  for (let q = 0; q < count; q++) {
    let v = Float64Array.from({ length: DIM }, () => start.normal());
    let value = 0;
    for (let turn = 0; turn < 500; turn++) {
      const next = new Float64Array(DIM);
      for (let a = 0; a < DIM; a++) {
        for (let b = 0; b < DIM; b++) next[a]! += covariance[a * DIM + b]! * v[b]!;
      }
      value = Math.hypot(...next);
      v = next.map((u) => u / value);
    }
    for (let a = 0; a < DIM; a++) {
      for (let b = 0; b < DIM; b++) covariance[a * DIM + b]! -= value * v[a]! * v[b]!;
    }
    rows.set(
      v.map((u) => u / Math.sqrt(value)),
      q * DIM,
    );
  }
  if (random === null) return { mean, rows };
  // Gram-Schmidt on Gaussian rows: a uniform rotation.
  const turn: Float64Array[] = [];
  for (let q = 0; q < count; q++) {
    let v = Float64Array.from({ length: count }, () => random.normal());
    for (const u of turn) {
      const dot = v.reduce((sum, value, i) => sum + value * u[i]!, 0);
      v = v.map((value, i) => value - dot * u[i]!);
    }
    const length = Math.hypot(...v);
    turn.push(v.map((value) => value / length));
  }
  const out = new Float64Array(count * DIM);
  turn.forEach((v, q) => {
    v.forEach((weight, p) => {
      for (let d = 0; d < DIM; d++) out[q * DIM + d]! += weight * rows[p * DIM + d]!;
    });
  });
  return { mean, rows: out };
}

/** The affine map from a to b of least squared error. */
function leastSquares(a: Matrix, b: Matrix): (x: Matrix) => Matrix {
  const [n, width] = a.shape;
  const size = width + 1;
  const left = new Float64Array(size * size);
  const right = new Float64Array(size * DIM);
  const row = new Float64Array(size).fill(1);
  for (let i = 0; i < n; i++) {
    row.set(a.data.subarray(i * width, (i + 1) * width));
    for (let p = 0; p < size; p++) {
      for (let q = 0; q < size; q++) left[p * size + q]! += row[p]! * row[q]!;
      for (let d = 0; d < DIM; d++) right[p * DIM + d]! += row[p]! * b.data[i * DIM + d]!;
    }
  }
  for (let p = 0; p < size; p++) {
    left[p * size + p]! += 1e-6 * n;
    for (let r = 0; r < size; r++) {
      if (r === p) continue;
      const factor = left[r * size + p]! / left[p * size + p]!;
      for (let q = p; q < size; q++) left[r * size + q]! -= factor * left[p * size + q]!;
      for (let d = 0; d < DIM; d++) right[r * DIM + d]! -= factor * right[p * DIM + d]!;
    }
  }
  return (x) => {
    const data = new Float32Array(x.shape[0] * DIM);
    for (let i = 0; i < x.shape[0]; i++) {
      row.set(x.data.subarray(i * width, (i + 1) * width));
      for (let d = 0; d < DIM; d++) {
        let sum = 0;
        for (let p = 0; p < size; p++) {
          sum += (row[p]! * right[p * DIM + d]!) / left[p * size + p]!;
        }
        data[i * DIM + d] = sum;
      }
    }
    return { data, shape: [x.shape[0], DIM] };
  };
}

// --- VQ learned online by EMA: starts, resets, random assignment ----------------------------------

type Start = "N(0, 1)" | "U(-1/K, 1/K)" | "vectors" | "k-means";

async function startOf(kind: Start, half: Matrix, seed: number): Promise<Matrix> {
  const random = createRandom(seed, 6);
  const shape = [SIZE, DIM] as const;
  switch (kind) {
    case "N(0, 1)":
      return { data: random.fillNormal(new Float32Array(SIZE * DIM)), shape };
    case "U(-1/K, 1/K)":
      return {
        data: Float32Array.from({ length: SIZE * DIM }, () => (2 * random.float() - 1) / SIZE),
        shape,
      };
    case "vectors": {
      const picks = random.sample(SIZE, half.shape[0]);
      const data = new Float32Array(SIZE * DIM);
      for (let k = 0; k < SIZE; k++) {
        data.set(half.data.subarray(picks[k]! * DIM, (picks[k]! + 1) * DIM), k * DIM);
      }
      return { data, shape };
    }
    case "k-means":
      // Of one large batch, as an implementation does at its first step.
      return (await kmeans(half, { clusters: SIZE, seed, iterations: 5, maxSamples: 4096 }))
        .centroids;
  }
}

function ema(start: Start, reset?: DeadCodeReset, gumbel = false): Entry {
  const words = [
    reset === undefined
      ? ""
      : reset.kind === "anchors"
        ? `, ${reset.anchor} anchors (CVQ-VAE)`
        : ", reset beside busy codes (HQA)",
    gumbel ? ", Gumbel assignment, annealed" : "",
  ].join("");
  return {
    group: words === "" ? "VQ online" : "VQ online with remedy",
    name: `EMA from ${start}${words}`,
    async run(half, seed) {
      const begin = await startOf(start, half, seed);
      const book = new EmaCodebook(begin, { seed, ...(reset && { reset }) });
      const random = createRandom(seed, 7);
      for (let step = 0; step < steps; step++) {
        const batch = batchOf(half, random);
        if (!gumbel) book.update(batch);
        else {
          const temperature = warmth(step, 0.02);
          const { codebook } = book;
          book.update(batch, stochasticAssign(batch, codebook, { temperature, seed: step }));
        }
      }
      return codedBy(vq(book.codebook));
    },
  };
}

/** Of soft and of random assignment, in squared distance: from a share of the variance down a hundredfold. */
function warmth(step: number, share: number): number {
  return spread * share * 0.01 ** (step / steps);
}

// --- VQ learned online by gradients ---------------------------------------------------------------

type Words = (graph: GraphBuilder, start: Float32Array) => Value;

const plain: Words = (graph, start) => graph.parameter("words", [SIZE, DIM], () => start);
/** SimVQ: a frozen basis and one learned linear layer. */
const linearWords: Words = (graph, start) =>
  matmul(
    graph.constant({ data: start, shape: [SIZE, DIM] }),
    graph.parameter("layer", [DIM, DIM], () =>
      Float32Array.from({ length: DIM * DIM }, (_, i) => (i % (DIM + 1) === 0 ? 1 : 0)),
    ),
  );
/** VQ-VAE+Affine: every word moves with a shared mean and scale. */
const affineWords: Words = (graph, start) =>
  add(
    mul(
      graph.parameter("words", [SIZE, DIM], () => start),
      graph.parameter("scale", [1, DIM], (n) => new Float32Array(n).fill(1)),
    ),
    graph.parameter("shift", [1, DIM], (n) => new Float32Array(n)),
  );

interface Learning {
  readonly words?: Words;
  /** Softmax of distances instead of the nearest, annealed. */
  readonly soft?: boolean;
  /** Weights of the entropy of each vector's distribution (down) and of the batch's mean (up). */
  readonly entropy?: readonly [own: number, mean: number];
}

/** |x - c|² of all pairs, less |x|²; x [B, D], words [K, D]. */
function distancesTo(x: Value, words: Value): Value {
  const norms = reshape(reduceSum(square(words), [1]), [1, SIZE]);
  return sub(norms, mul(matmul(x, words, { transposeB: true }), 2));
}

function entropyOf(p: Value, axes: readonly number[]): Value {
  return neg(reduceSum(mul(p, log(add(p, 1e-9))), axes));
}

function byGradient(name: string, learning: Learning = {}): Entry {
  const { words: wordsOf = plain, soft = false, entropy } = learning;
  const remedy = learning.words !== undefined || soft || entropy !== undefined;
  return {
    group: remedy ? "VQ online with remedy" : "VQ online",
    name: `Adam from N(0, 1)${name}`,
    async run(half, seed) {
      const start = (await startOf("N(0, 1)", half, seed)).data;
      const trainer = await Trainer.create(
        runtime,
        (graph) => {
          const x = graph.input("x", [BATCH, DIM]);
          const words = wordsOf(graph, start);
          const assignment = () =>
            softmax(div(neg(distancesTo(x, words)), graph.input("temperature", [1, 1])));
          if (soft) return { loss: reduceMean(square(sub(x, matmul(assignment(), words)))) };
          const indices = argMin(distancesTo(x, stopGradient(words)), 1);
          let loss = reduceMean(square(sub(x, gather(words, indices))));
          if (entropy !== undefined) {
            const p = assignment();
            const own = reduceMean(entropyOf(p, [1]));
            const mean = reduceSum(entropyOf(reduceMean(p, [0], true), [0, 1]));
            loss = add(loss, sub(mul(own, entropy[0]), mul(mean, entropy[1])));
          }
          return { loss };
        },
        { session: { threads: 1 } },
      );
      const random = createRandom(seed, 7);
      for (let step = 0; step < steps; step++) {
        const warm = soft ? warmth(step, 0.1) : spread * 0.02;
        const warmed = soft || entropy !== undefined;
        const temperature: Tensor = { data: Float32Array.of(warm), shape: [1, 1] };
        // Half of the way at a high rate, then down.
        const rate = 0.05 * Math.min(1, 2 * (1 - step / steps)) + 1e-4;
        await trainer.run({ x: batchOf(half, random), ...(warmed && { temperature }) }, rate);
      }
      const found = trainer.parameters();
      await trainer.close();
      return codedBy(vq({ data: foldWords(found, start), shape: [SIZE, DIM] }));
    },
  };
}

/** The words that the parameters stand for. */
function foldWords(found: Record<string, Tensor>, start: Float32Array): Float32Array {
  const read = (name: string) => found[name]?.data as Float32Array | undefined;
  const [words, layer, scale, shift] = ["words", "layer", "scale", "shift"].map(read);
  const out = new Float32Array(SIZE * DIM);
  for (let k = 0; k < SIZE; k++) {
    for (let d = 0; d < DIM; d++) {
      if (layer === undefined) {
        out[k * DIM + d] = words![k * DIM + d]! * (scale?.[d] ?? 1) + (shift?.[d] ?? 0);
        continue;
      }
      for (let c = 0; c < DIM; c++) out[k * DIM + d]! += start[k * DIM + c]! * layer[c * DIM + d]!;
    }
  }
  return out;
}

// --- The run --------------------------------------------------------------------------------------

const spread = variance(test);
const fit = (group: string, ...specs: string[]) => specs.map((spec) => fitted(group, spec));
const entries: readonly Entry[] = [
  ema("N(0, 1)"),
  ema("U(-1/K, 1/K)"),
  ema("vectors"),
  ema("k-means"),
  byGradient(""),
  ema("N(0, 1)", { kind: "split" }),
  ema("N(0, 1)", { kind: "anchors", anchor: "nearest" }),
  ema("N(0, 1)", { kind: "anchors", anchor: "random" }),
  ema("N(0, 1)", undefined, true),
  byGradient(", linear layer over frozen words (SimVQ)", { words: linearWords }),
  byGradient(", shared mean and scale (affine)", { words: affineWords }),
  byGradient(", soft assignment, annealed", { soft: true }),
  byGradient(", entropy penalty", { entropy: [0.02, 0.05] }),
  byGradient(", uniform prior on use", { entropy: [0, 0.05] }),
  fitted("VQ", "vq:1024", { init: "kmeans++" }),
  fitted("VQ", "vq:1024", { init: "random" }),
  fitted("VQ", "vq:1024", { init: "uniform" }),
  cosine,
  ...fit("RVQ", "rvq:2x32", "rvq:2x32,beam=8", "ervq:2x32", "irvq:2x32,beam=8", "prvq:2x32,dim=8"),
  ...fit("RVQ", "group-rvq:2x5x2"),
  ...fit("PQ", "pq:2x32", "opq:2x32", "lopq:4,2x16", "vaq:2x32", "rvpq:2x5x2", "online-pq:2x32"),
  ...fit("PQ", "cq:2x32"),
  ...fit("AQ", "aq:2x32", "lsq:2x32"),
  linear("FSQ", "fsq:8,5,5,5", false),
  linear("FSQ", "fsq:4,4,4,4,4", false),
  linear("LFQ", "lfq:10", false),
  linear("LFQ", "lfq:10", true),
  linear("BSQ", "bsq:10", false),
  linear("BSQ", "bsq:10", true),
].map((entry, i, all) =>
  all.findIndex(({ name }) => name === entry.name) < i
    ? { ...entry, name: `${entry.name}, rotated at random` }
    : entry,
);

interface Figures {
  /** Mean squared error over variance. */
  readonly error: number;
  /** Share of the tuples of codes that occur. */
  readonly used: number;
  /** Of the tuples, in bits: at most log2 of their number. */
  readonly entropy: number;
  /** 2^entropy over the number of tuples. */
  readonly perplexity: number;
  /** Mean over the codebooks of used / K. */
  readonly usedEach: number;
}

function measure({ codes, sizes, decoded, target = test }: Coded): Figures {
  let error = 0;
  for (let i = 0; i < target.data.length; i++) error += (target.data[i]! - decoded.data[i]!) ** 2;
  const [rows, width] = codes.shape;
  const joint = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let q = width - 1; q >= 0; q--)
      joint[i] = joint[i]! * sizes[q]! + codes.data[i * width + q]!;
  }
  const total = sizes.reduce((a, b) => a * b, 1);
  const [use] = codebookUsage({ data: joint, shape: [rows, 1] }, [total]);
  const each = codebookUsage(codes, sizes);
  return {
    error: error / rows / variance(target),
    used: use!.usedShare,
    entropy: use!.entropy,
    perplexity: use!.perplexity / total,
    usedEach: each.reduce((sum, { usedShare }) => sum + usedShare, 0) / each.length,
  };
}

interface Row {
  /** Of the run that measured it. */
  readonly settings: { readonly seeds: number; readonly steps: number };
  readonly group: string;
  readonly name: string;
  readonly seconds: number;
  readonly runs: readonly Figures[];
}

const mean = (row: Row, key: keyof Figures) =>
  row.runs.reduce((sum, run) => sum + run[key], 0) / row.runs.length;
const deviation = (row: Row, key: keyof Figures) => {
  const middle = mean(row, key);
  const squares = row.runs.reduce((sum, run) => sum + (run[key] - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, row.runs.length - 1));
};

const runtime = await createRuntime();
const rows: Row[] = [];
for (const { group, name, run } of entries) {
  if (!name.includes(values.only)) continue;
  const start = performance.now();
  const runs: Figures[] = [];
  for (let seed = 1; seed <= seeds; seed++)
    runs.push(measure(await run(halfOf(train, seed), seed)));
  const settings = { seeds, steps };
  const row = { settings, group, name, runs, seconds: (performance.now() - start) / 1000 };
  rows.push(row);
  console.log(
    `${group.padEnd(22)}${name.padEnd(58)} error ${mean(row, "error").toFixed(4)}  used ${(100 * mean(row, "used")).toFixed(1).padStart(5)} %  perplexity ${(100 * mean(row, "perplexity")).toFixed(1).padStart(5)} %  ${row.seconds.toFixed(1)} s`,
  );
}
await runtime.close();
// How far a codebook could be from the vectors' own: nearest training vector, for scale.
const floor = (() => {
  const { distances } = nearest(test, halfOf(train, 1));
  return distances.reduce((sum, d) => sum + d, 0) / TEST / spread;
})();
console.log(`nearest of ${TRAIN / 2} training vectors: error ${floor.toFixed(4)}`);

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** Rows that this run left out, as measured before, if by the same settings. */
function keepOthers(): void {
  const path = join(root, "apps/bench/results/collapse.json");
  if (values.only === "" || !existsSync(path)) return;
  const { rows: before } = JSON.parse(readFileSync(path, "utf8")) as { rows: Row[] };
  const all = entries.flatMap(({ name }) => {
    const row = [...rows, ...before].find((other) => other.name === name);
    return row === undefined ? [] : [row];
  });
  const other = all.find(({ settings }) => settings.seeds !== seeds || settings.steps !== steps);
  if (other !== undefined) throw new Error(`${other.name} was measured by other settings: run all`);
  rows.splice(0, rows.length, ...all);
}

function table(): string {
  const lines = [
    "| family | technique | error / variance | used codes, % | perplexity, % | of each codebook used, % |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
  ];
  const cell = (row: Row, key: keyof Figures, scale: number, digits: number) =>
    `${(scale * mean(row, key)).toFixed(digits)} ± ${(scale * deviation(row, key)).toFixed(digits)}`;
  for (const row of rows) {
    lines.push(
      `| ${row.group} | ${row.name} | ${cell(row, "error", 1, 4)} | ${cell(row, "used", 100, 1)} | ${cell(row, "perplexity", 100, 1)} | ${cell(row, "usedEach", 100, 1)} |`,
    );
  }
  return lines.join("\n");
}

function chart(): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const points = rows.flatMap((row) =>
    row.runs.map((run) => ({ ...run, group: row.group, name: row.name })),
  );
  const labels = rows.map((row) => ({
    group: row.group,
    name: row.name,
    perplexity: mean(row, "perplexity"),
    error: mean(row, "error"),
  }));
  const svg = Plot.plot({
    document: document as unknown as Document,
    width: 900,
    height: 620,
    marginRight: 30,
    grid: true,
    style: { background: "white", color: "#222", fontSize: "11px" },
    x: {
      label: "perplexity, % of all codes →",
      domain: [0, 100],
      transform: (v: number) => 100 * v,
    },
    y: { label: "↑ error / variance" },
    color: { legend: false, scheme: "tableau10" },
    marks: [
      Plot.dot(points, { x: "perplexity", y: "error", fill: "group", r: 3, fillOpacity: 0.6 }),
      Plot.text(labels, {
        x: "perplexity",
        y: "error",
        text: (_: unknown, i: number) => String(i + 1),
        dy: -9,
        fill: "group",
        fontWeight: "bold",
      }),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}

async function write(): Promise<void> {
  const { format } = await import("prettier");
  const minutes = rows.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const command = `pnpm bench collapse --seeds ${seeds} --steps ${steps} --write`;
  const result = {
    command,
    date: new Date().toISOString(),
    processor: cpus()[0]?.model,
    node: process.version,
    minutes,
    vectors: { dim: DIM, train: TRAIN / 2, test: TEST, variance: spread },
    nearestTrainingVector: floor,
    rows,
  };
  const page = `# Use of codes against error

Made by \`${command}\`: ${minutes.toFixed(1)} minutes of wall clock (${cpus()[0]?.model}, Node.js ${process.version}, load average ${loadavg()[0]?.toFixed(1)}).

Every family and every remedy against collapse, at about 10 bits a vector, on the same vectors: 200
clusters of very unequal size in ${DIM} dimensions, their mean far from zero. Each of ${seeds} seeds fits on another
half of ${TRAIN} vectors; all figures are of ${TEST} other vectors, mean ± standard deviation over seeds.

- error / variance: 1 is decoding everything as the mean; the nearest of all ${TRAIN / 2} training vectors has
  ${floor.toFixed(3)}.
- used codes and perplexity: of the tuples of codes, of which there are 1024 (FSQ: 1000). Unequal clusters
  make full perplexity undesirable for the error: k-means itself is far from it.
- "online": ${steps} batches of ${BATCH}, as in training, with the vectors held still. A run with an encoder that
  moves is harsher; what back-propagation through it changes is not in this table.
- FSQ, LFQ and BSQ have no table that could collapse. Their encoder here is principal directions, their
  decoder least squares, not trained networks: their errors are upper bounds. LFQ and BSQ then have the
  same signs and so the same rows.
- Rates, temperatures and weights of the remedies are one plain choice each (apps/bench/src/collapse.ts),
  not tuned: a low rank here is no verdict on the paper.
- vq-cos codes directions, and is measured on them. Multi-scale residual quantization codes maps, and
  graph anchors nodes: neither is a row here.

![Error against perplexity](collapse.svg)

Numbers in the plot are rows of the table, each dot is one seed, colours are families.

${table()
  .split("\n")
  .map((line, i) => (i === 0 ? `| # ${line}` : i === 1 ? `| ---: ${line}` : `| ${i - 1} ${line}`))
  .join("\n")}
`;
  for (const [path, content] of [
    ["apps/bench/results/collapse.json", await format(JSON.stringify(result), { parser: "json" })],
    ["docs/benchmarks/collapse.md", await format(page, { parser: "markdown", printWidth: 100 })],
    ["docs/benchmarks/collapse.svg", chart()],
  ] as const) {
    const to = join(root, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(`${to}.tmp`, content);
    renameSync(`${to}.tmp`, to);
  }
}
if (values.write) {
  keepOthers();
  await write();
}
