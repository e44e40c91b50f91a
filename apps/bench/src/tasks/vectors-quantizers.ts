import { createRandom, codebookUsage } from "@dtok/core";
import type { Matrix, Quantizer, QuantizerFamily } from "@dtok/core";
import { checkQuantizer } from "@dtok/conformance";
import { readImage } from "@dtok/image/node";
import { summarise, summariseAll } from "../harness/format.js";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { exportsOf } from "../harness/plugins.js";
import { sampleFiles } from "../harness/samples.js";
import type { ExportsTask, MeasuredEntry } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bits", name: "bits a vector", better: "less", digits: 1 },
  { key: "error", name: "error, % of variance", better: "less", digits: 2 },
  { key: "used", name: "codes used, %", better: "more", digits: 1, optional: true },
  { key: "entropy", name: "entropy, % of its most", better: "more", digits: 1, optional: true },
  { key: "encode", name: "quantize, k vectors/s", better: "more", digits: 0, optional: true },
  { key: "decode", name: "dequantize, k vectors/s", better: "more", digits: 0, optional: true },
  { key: "fit", name: "fit, s", better: "less", digits: 2, optional: true },
];

/** 16 numbers: 4 x 4 luma of photographs, as the coefficients of a cosine transform, weighed evenly. */
const DIM = 16;
const TRAIN = 12_288;
const TEST = 8192;

/**
 * Specs by family: some rates for those with many, about 16 bits for all. Left out are vq-hyp, which takes
 * short tangent vectors, and ms-rvq, which takes maps.
 */
const SPECS: readonly string[] = [
  "vq:16", "vq:256", "vq:1024", "vq-cos:256",
  "rvq:2x16", "rvq:2x256", "rvq:4x256", "ervq:2x256", "irvq:2x256", "prvq:2x256,dim=8",
  "group-rvq:2x2x16", "pq:2x16", "pq:2x256", "pq:4x256", "opq:2x256", "opq:4x256", "lopq:8,2x64",
  "vaq:4x16", "rvpq:2x2x16", "online-pq:2x256", "cq:2x256", "aq:2x256", "lsq:2x16", "lsq:2x256",
  "fsq:" + Array.from({ length: DIM }, () => 2).join(","),
  "fsq-clamped:8,8,5,5,4,4,3,3,2,2,2,2,2,2,2,2", "lfq:16", "bsq:16", "rpq:256", "kmeans:256",
]; // prettier-ignore

/** Vectors of the photographs: of four to fit on, of the last two to measure on; zero mean, unit variance. */
async function vectors(files: readonly string[]): Promise<{ train: Matrix; test: Matrix }> {
  const basis = Array.from({ length: 4 }, (_, k) =>
    Array.from({ length: 4 }, (_unused, i) => Math.cos((Math.PI * k * (i + 0.5)) / 4)),
  );
  const blocks = async (list: readonly string[], count: number, seed: number) => {
    const random = createRandom(seed);
    const pictures = await Promise.all(list.map((file) => readImage(file)));
    const data = new Float32Array(count * DIM);
    for (let n = 0; n < count; n++) {
      const { data: pixels, width, height, channels } = pictures[n % pictures.length]!;
      const [x, y] = [random.integer(width - 4), random.integer(height - 4)];
      const luma = Array.from({ length: 16 }, (_, i) => {
        const at = ((y + (i >> 2)) * width + x + (i & 3)) * channels;
        return (0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!) / 255;
      });
      for (let v = 0; v < 4; v++) {
        for (let u = 0; u < 4; u++) {
          let sum = 0;
          for (let i = 0; i < 16; i++) sum += luma[i]! * basis[v]![i >> 2]! * basis[u]![i & 3]!;
          data[n * DIM + 4 * v + u] = sum;
        }
      }
    }
    return data;
  };
  const train = await blocks(files.slice(0, -2), TRAIN, 1);
  const test = await blocks(files.slice(-2), TEST, 2);
  // Without this the mean brightness is all of the variance. Scaled by the training vectors alone.
  for (let d = 0; d < DIM; d++) {
    let [sum, squares] = [0, 0];
    for (let i = d; i < train.length; i += DIM) {
      sum += train[i]!;
      squares += train[i]! ** 2;
    }
    const mean = sum / TRAIN;
    const scale = 1 / Math.sqrt(squares / TRAIN - mean ** 2);
    for (const all of [train, test])
      for (let i = d; i < all.length; i += DIM) all[i] = (all[i]! - mean) * scale;
  }
  return { train: { data: train, shape: [TRAIN, DIM] }, test: { data: test, shape: [TEST, DIM] } };
}

function errorOf(test: Matrix, back: Matrix): number {
  let [error, power] = [0, 0];
  const mean = new Float64Array(DIM);
  for (let i = 0; i < test.data.length; i++) mean[i % DIM]! += test.data[i]! / test.shape[0];
  for (let i = 0; i < test.data.length; i++) {
    error += (test.data[i]! - back.data[i]!) ** 2;
    power += (test.data[i]! - mean[i % DIM]!) ** 2;
  }
  return (100 * error) / power;
}

function isFamily(value: unknown): value is QuantizerFamily {
  const family = value as Partial<QuantizerFamily> | null;
  return (
    typeof family === "object" &&
    family !== null &&
    typeof family.kind === "string" &&
    typeof family.matches === "function" &&
    typeof family.fromState === "function"
  );
}

/** Fits with three seeds: what the spread is over. */
const SEEDS = [1, 2, 3];

async function measured(family: QuantizerFamily, spec: string, train: Matrix, test: Matrix) {
  const rows = [];
  for (const seed of SEEDS) {
    const start = performance.now();
    const quantizer: Quantizer = family.fit
      ? await family.fit(spec, train, { seed })
      : family.create!(spec, { dim: DIM, seed });
    const fit = (performance.now() - start) / 1000;
    if (seed === SEEDS[0]) {
      const results = await checkQuantizer(quantizer, {
        vectors: { data: test.data.slice(0, 300 * DIM), shape: [300, DIM] },
        families: [family],
      });
      const bad = results.find(({ status }) => status === "fail");
      if (bad) throw new Error(`conformance: ${JSON.stringify(bad)}`);
    }
    const [codes, encode] = fastest(() => quantizer.quantize(test));
    const [back, decode] = fastest(() => quantizer.dequantize(codes));
    const usage = codebookUsage(codes, quantizer.codebookSizes);
    rows.push({
      bits: quantizer.codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0),
      error: errorOf(test, back),
      used: summarise(usage.map(({ used, size }) => (100 * used) / Math.min(size, TEST))).mean,
      entropy: 100 * summarise(usage.map((u) => u.entropy / Math.log2(Math.min(u.size, TEST)))).mean, // prettier-ignore
      encode: TEST / encode,
      decode: TEST / decode,
      fit,
    });
  }
  return summariseAll(rows);
}

/** The best of three, milliseconds. */
function fastest<T>(work: () => T): [T, number] {
  let best = Infinity;
  let value = work();
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    value = work();
    best = Math.min(best, performance.now() - start);
  }
  return [value, best];
}

async function* entries(
  exported: Readonly<Record<string, unknown>>,
  files: readonly string[],
  kind: "tokenizer" | "plugin",
): AsyncGenerator<MeasuredEntry> {
  const families = [...new Set(exportsOf(exported, isFamily))];
  if (families.length === 0) throw new Error("it exports no quantizer family");
  const { train, test } = await vectors(files);
  for (const family of families) {
    // A stranger's family says by examples what it is measured with; its grammar cannot be guessed.
    const examples = (family as { readonly examples?: readonly string[] }).examples ?? [];
    const specs = kind === "tokenizer" ? SPECS : examples;
    const own = specs.filter((spec) => family.matches(spec));
    if (kind === "plugin" && own.length === 0) {
      yield { id: family.kind, error: `expected "examples": specs such as ${family.grammar}` };
    }
    for (const spec of own) {
      try {
        yield { id: spec, values: await measured(family, spec, train, test) };
      } catch (error) {
        yield { id: spec, error: error instanceof Error ? error.message : String(error) };
      }
    }
  }
}

/**
 * Transform coding without a codebook: bits shared out among the coefficients by reverse water-filling,
 * uniform steps over what the training vectors span.
 */
async function references(files: readonly string[]): Promise<BenchEntry[]> {
  const { train, test } = await vectors(files);
  return [4, 8, 16, 32].map((bits): BenchEntry => {
    // Variances are equal, so the error of each bit decides: greedy, on the training vectors.
    const given = new Int32Array(DIM);
    const column = (all: Matrix, d: number) => all.data.filter((_, i) => i % DIM === d);
    const tables = Array.from({ length: DIM }, (_, d) => column(train, d).toSorted());
    const levels = (d: number, count: number) =>
      Float32Array.from({ length: count }, (_, k) => {
        const part = tables[d]!.subarray((k * TRAIN) / count, ((k + 1) * TRAIN) / count);
        return part.reduce((a, b) => a + b, 0) / part.length;
      });
    const coded = (x: number, words: Float32Array) =>
      words.reduce((best, word) => (Math.abs(word - x) < Math.abs(best - x) ? word : best));
    const cost = (d: number, count: number) => {
      const words = levels(d, count);
      let sum = 0;
      for (let i = 0; i < TRAIN; i += 8) {
        const x = tables[d]![i]!;
        sum += (x - coded(x, words)) ** 2;
      }
      return sum;
    };
    const costs = Array.from({ length: DIM }, (_, d) => [0, 1, 2, 3, 4, 5, 6].map((b) => cost(d, 2 ** b))); // prettier-ignore
    for (let spent = 0; spent < bits; spent++) {
      let best = 0;
      const gain = (d: number) => costs[d]![given[d]!]! - (costs[d]![given[d]! + 1] ?? Infinity);
      for (let d = 1; d < DIM; d++) if (gain(d) > gain(best)) best = d;
      given[best]!++;
    }
    const books = Array.from(given, (b, d) => levels(d, 2 ** b));
    const back = test.data.map((x, i) => coded(x, books[i % DIM]!));
    const values = summariseAll([
      { bits, error: errorOf(test, { data: back, shape: test.shape }) },
    ]);
    return { id: `quantiles of coefficients ${bits}`, kind: "reference", status: "ok", values };
  });
}

export const vectorsQuantizers: ExportsTask = {
  id: "vectors/quantizers",
  title:
    "Quantizers on 4 x 4 pixels of photographs, fitted on four, measured on two, by three seeds",
  metrics,
  plot: { x: "bits", y: ["error"] },
  files: () => sampleFiles(".jpg"),
  entries,
  references,
};
