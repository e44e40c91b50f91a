import { bitsOf, codebookUsage } from "@dtok/core";
import type { Codec, Codes, DecodeOptions } from "@dtok/core";
import type { BenchMetric, Summary } from "./format.js";
import { summarise, summariseAll } from "./format.js";
import type { BenchMeasure, BenchTask, OperatingPoint, Score } from "./task.js";

/** Columns that every tokenizer has whose task compares signals. */
export const usageMetrics: readonly BenchMetric[] = [
  { key: "used", name: "codes used, %", better: "more", digits: 1, optional: true },
  { key: "entropy", name: "entropy, % of its most", better: "more", digits: 1, optional: true },
];

/** `compare` of a task with the metrics that plugins add. */
export function scoreOf<S>(task: BenchTask<S>, measures: readonly BenchMeasure<S>[]): Score<S> {
  return async (original, decoded, bits) => {
    const row = { ...(await task.compare!(original, decoded, bits)) };
    for (const { metric, compare } of measures) row[metric.key] = await compare(original, decoded);
    return row;
  };
}

/**
 * A tokenizer over the data of a task. How codebooks are used is counted over all signals; of few codes
 * no more entries can be used than there are codes, so both shares are of what is possible.
 */
export async function measureCodec<S>(
  task: BenchTask<S>,
  codec: Codec<S>,
  files: readonly string[],
  point: OperatingPoint,
  score: Score<S>,
): Promise<Readonly<Record<string, Summary>>> {
  if (task.measure) return task.measure(codec, files, point);
  const { levels } = point;
  const rows: Readonly<Record<string, number>>[] = [];
  const all: Codes[] = [];
  for (const signal of await task.signals!(files)) {
    const grid = await codec.encode(signal);
    const width = grid.codes.shape[1];
    const { codes, side } = bitsOf(grid);
    // A level is what residual codecs know beyond every codec's options.
    const options = (levels === undefined ? {} : { levels }) as DecodeOptions;
    const decoded = await codec.decode(grid, options);
    const original = task.reference ? await task.reference(codec, signal) : signal;
    const kept = (levels ?? width) / width;
    rows.push(await score(original, decoded, codes * kept + side));
    all.push(grid.codes);
  }
  return { ...summariseAll(rows), ...usageOf(all, codec.manifest.codebookSizes, levels) };
}

/** Mean over the codebooks, and the spread between them. */
export function usageOf(all: readonly Codes[], sizes: readonly number[], levels = sizes.length) {
  const rows = all.reduce((sum, { shape }) => sum + shape[0], 0);
  const data = new Int32Array(rows * sizes.length);
  let at = 0;
  for (const codes of all) {
    data.set(codes.data, at);
    at += codes.data.length;
  }
  const usage = codebookUsage({ data, shape: [rows, sizes.length] }, sizes).slice(0, levels);
  const most = (size: number) => Math.max(2, Math.min(size, rows));
  return {
    used: summarise(usage.map(({ used, size }) => (100 * used) / most(size))),
    entropy: summarise(usage.map(({ entropy, size }) => (100 * entropy) / Math.log2(most(size)))),
  };
}
