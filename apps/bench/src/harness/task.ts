import type { Codec, TokenGrid } from "@dtok/core";
import type { BenchEntry, BenchMetric, Summary } from "./format.js";

/** A task as far as results tell of it. */
export interface TaskInfo {
  /** "<modality>/<name>". */
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly BenchMetric[];
  /** Keys of the metrics of the rate and of the qualities that the leaderboard draws. */
  readonly plot?: { readonly x: string; readonly y: readonly string[] };
}

/**
 * What is measured of the tokenizers of one modality: `compare` of every signal and what became of it, or
 * `measure` where that is not all. A plugin package may export one for a modality of its own, beside its
 * plugins.
 */
export interface BenchTask<Signal = unknown> extends TaskInfo {
  /** Absolute paths of the held-out files; none if the data are made. */
  files?(): readonly string[];
  /** Small signals that the conformance checks are run on. */
  conformance(files: readonly string[]): Promise<Signal[]>;
  /** True if a decoded signal has the original's extent. */
  sameExtent(original: Signal, decoded: Signal): boolean;
  /**
   * How one tokenizer is used in several ways, such as by its coarsest levels alone; each is an entry.
   * Left out: one entry.
   */
  points?(codec: Codec<Signal>): readonly OperatingPoint[];
  /** The signals of the held-out data. With `compare`. */
  signals?(files: readonly string[]): Promise<Signal[]>;
  /** What a tokenizer can be asked to give back of a signal; a body brought to its skeleton, say. */
  reference?(codec: Codec<Signal>, signal: Signal): Signal | Promise<Signal>;
  /** Numbers of one signal, by the metrics' keys. @param bits what its tokens weigh, side included */
  compare?(
    original: Signal,
    decoded: Signal,
    bits: number,
  ): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** What a signal counts for, in `unit` ("megapixels", "seconds"): speeds are per second of work. */
  readonly unit?: string;
  amount?(signal: Signal): number;
  /** Mean and spread over the data of every metric, instead of `compare`. */
  measure?(
    codec: Codec<Signal>,
    files: readonly string[],
    point: OperatingPoint,
  ): Promise<Readonly<Record<string, Summary>>>;
  /** Lines to compare with: codecs that everybody knows. */
  references?(files: readonly string[], score: Score<Signal>): Promise<BenchEntry[]>;
}

/** `compare`, and the metrics that plugins bring. */
export type Score<Signal> = (
  original: Signal,
  decoded: Signal,
  bits: number,
) => Promise<Readonly<Record<string, number>>>;

export interface OperatingPoint {
  /** Behind the tokenizer's id; "" for the usual one. */
  readonly label: string;
  /** Levels to decode, from the coarsest on. */
  readonly levels?: number;
}

/** A metric that a plugin package adds to a task: another column, of every entry and reference line. */
export interface BenchMeasure<Signal = unknown> {
  /** Id of the task. */
  readonly task: string;
  readonly metric: BenchMetric;
  compare(original: Signal, decoded: Signal): number | Promise<number>;
}

/**
 * A task whose entries are no tokenizers: quantizer families, layouts, graphs. It finds them among a
 * module's exports.
 */
export interface ExportsTask extends TaskInfo {
  files?(): readonly string[];
  /** What it measures, of a module's exports. `kind` is who brings them. */
  entries(
    exported: Readonly<Record<string, unknown>>,
    files: readonly string[],
    kind: "tokenizer" | "plugin",
  ): AsyncIterable<MeasuredEntry>;
  references?(files: readonly string[]): Promise<BenchEntry[]>;
}

export type MeasuredEntry =
  | { readonly id: string; readonly values: Readonly<Record<string, Summary>> }
  | { readonly id: string; readonly error: string };

export function isTask(value: unknown): value is BenchTask {
  const task = value as Partial<BenchTask> | null;
  return (
    typeof task === "object" &&
    task !== null &&
    typeof task.id === "string" &&
    Array.isArray(task.metrics) &&
    typeof task.conformance === "function" &&
    typeof task.sameExtent === "function" &&
    (typeof task.measure === "function" ||
      (typeof task.signals === "function" && typeof task.compare === "function"))
  );
}

export function isMeasure(value: unknown): value is BenchMeasure {
  const measure = value as Partial<BenchMeasure> | null;
  return (
    typeof measure === "object" &&
    measure !== null &&
    typeof measure.task === "string" &&
    typeof measure.metric?.key === "string" &&
    typeof measure.compare === "function"
  );
}

/** Its tokenizers' modality. */
export const modalityOf = (task: { readonly id: string }) => task.id.slice(0, task.id.indexOf("/"));

/** Bits of a grid: of the codes that are decoded, and of the side information. */
export type BitsOf = (grid: TokenGrid) => number;
