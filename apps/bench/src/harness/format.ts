/** What a task leaves in apps/bench/results: numbers, and all that is needed to get them again. */
export interface BenchFile {
  readonly format: "dtok-bench-1";
  /** "<modality>/<task>". */
  readonly task: string;
  readonly title: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  /** Of the repository, or the version of @dtok/bench. */
  readonly commit: string;
  readonly machine: string;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly data: readonly { readonly file: string; readonly sha256: string }[];
  readonly metrics: readonly BenchMetric[];
  /** Keys of the metrics of the rate and of the qualities that the leaderboard draws. */
  readonly plot?: { readonly x: string; readonly y: readonly string[] };
  readonly entries: readonly BenchEntry[];
}

export interface BenchMetric {
  readonly key: string;
  readonly name: string;
  readonly better: "more" | "less";
  /** Decimals that are worth showing. */
  readonly digits: number;
  /** Not every entry has it: what a codec has no codebook for, a runtime that is not installed. */
  readonly optional?: boolean;
}

export interface BenchEntry {
  readonly id: string;
  readonly kind: "tokenizer" | "reference" | "plugin";
  readonly status: "ok" | "failed";
  /** Why it failed: what it threw, or the check that it did not pass. */
  readonly error?: string;
  /** Mean and standard deviation over the files (or seeds, or processes: the title says). */
  readonly values?: Readonly<Record<string, Summary>>;
}

export interface Summary {
  readonly mean: number;
  readonly spread: number;
}

/** Mean and standard deviation (n - 1) of numbers; spread 0 of a single one. */
export function summarise(values: readonly number[]): Summary {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** One summary for each metric of records that all have the same keys. */
export function summariseAll(rows: readonly Readonly<Record<string, number>>[]) {
  return Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((key) => [key, summarise(rows.map((row) => row[key]!))]),
  );
}
