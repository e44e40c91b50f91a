import type { Codec } from "@dtok/core";
import type { BenchEntry, BenchMetric, Summary } from "./format.js";

/**
 * What is measured of the tokenizers of one modality. A plugin package may export one for a modality of
 * its own, beside its plugins.
 */
export interface BenchTask<Signal = unknown> {
  /** "<modality>/<name>". */
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly BenchMetric[];
  /** Keys of the metrics of the rate and of the qualities that the leaderboard draws. */
  readonly plot?: { readonly x: string; readonly y: readonly string[] };
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
  /** Mean and spread over the data of every metric. */
  measure(
    codec: Codec<Signal>,
    files: readonly string[],
    point: OperatingPoint,
  ): Promise<Readonly<Record<string, Summary>>>;
  /** Lines to compare with: codecs that everybody knows. */
  references?(files: readonly string[]): Promise<BenchEntry[]>;
}

export interface OperatingPoint {
  /** Behind the tokenizer's id; "" for the usual one. */
  readonly label: string;
  /** Levels to decode, from the coarsest on. */
  readonly levels?: number;
}

export function isTask(value: unknown): value is BenchTask {
  const task = value as Partial<BenchTask> | null;
  return (
    typeof task === "object" &&
    task !== null &&
    typeof task.id === "string" &&
    Array.isArray(task.metrics) &&
    typeof task.measure === "function" &&
    typeof task.conformance === "function" &&
    typeof task.sameExtent === "function"
  );
}

/** Its tokenizers' modality. */
export const modalityOf = (task: { readonly id: string }) => task.id.slice(0, task.id.indexOf("/"));
