import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Job, Report } from "./child.js";
import type { FreshJob } from "./fresh.js";
import type { BenchEntry } from "./format.js";
import type { TaskInfo } from "./task.js";

export interface MeasureOptions {
  /** Of all of a package's plugins together. Default 15 minutes. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly entries: BenchEntry[];
  /** Ids that passed the checks, where these alone were asked for. */
  readonly passed: readonly string[];
  /** Left out where the package's process did not get that far. */
  readonly task?: TaskInfo;
}

/** On source this file is TypeScript, and so is the child. */
const isSource = import.meta.url.endsWith(".ts");
const onSource = ["--import", "tsx", "--conditions=@dtok/source"];
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A process that is told a job, sends reports, and is killed where it does not end. */
function inProcess<R>(
  file: string,
  execArgv: readonly string[],
  job: object,
  onReport: (report: R) => void,
  { milliseconds = 15 * 60_000, signal }: MeasureOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = fork(file, {
      execArgv: [...execArgv],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let complaint = "";
    child.stderr?.on("data", (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-400);
    });
    let late = false;
    let wrong: string | undefined;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, milliseconds);
    const stop = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", stop, { once: true });
    child.on("message", (report) => onReport(report as R));
    child.on("error", (error) => {
      wrong = error.message;
    });
    child.on("close", (code, killed) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      if (late) resolve(`it did not finish within ${milliseconds / 1000} s`);
      else if (wrong !== undefined || code !== 0) {
        resolve(wrong ?? `its process ended early (${killed ?? code}) ${complaint.trim()}`.trim());
      } else resolve(undefined);
    });
    child.send(job);
  });
}

/**
 * Measures a package's plugins in a process of their own. Never rejects: a plugin that throws, ends its
 * process, does not return, fails a conformance check or sends back nonsense is an entry that says so.
 */
export async function measureIn(
  name: string,
  kind: "tokenizer" | "plugin",
  job: Job,
  options: MeasureOptions = {},
): Promise<Measured> {
  const entries: BenchEntry[] = [];
  const passed: string[] = [];
  let task: TaskInfo | undefined;
  let done = false;
  const failed = (id: string | undefined, error: string): void => {
    entries.push({ id: id ?? name, kind, status: "failed", error });
  };
  const onReport = (report: Report) => {
    if (typeof report !== "object" || report === null) return;
    if ("done" in report) done = true;
    else if ("task" in report) task = report.task;
    else if ("passed" in report) passed.push(String(report.passed));
    else if ("references" in report) entries.push(...report.references);
    else if ("error" in report) failed(report.id, String(report.error));
    else if (isWhole(task, report.values)) {
      entries.push({ id: report.id, kind, status: "ok", values: report.values });
    } else failed(report.id, "it gave something else than finite numbers");
  };
  const file = fileOf(isSource ? "./child.ts" : "./child.js");
  const whole = { kind, ...job };
  const error = await inProcess(file, isSource ? onSource : [], whole, onReport, options);
  // A process that ended with 0 before its work was done ended early too.
  if (error !== undefined) failed(undefined, error);
  else if (!done) failed(undefined, "its process ended early (0)");
  return { entries, passed, ...(task && { task }) };
}

function isWhole(
  task: TaskInfo | undefined,
  values: Readonly<Record<string, { readonly mean: number }>> | undefined,
): boolean {
  return (
    task !== undefined &&
    task.metrics.every(({ key, optional }) =>
      values?.[key] === undefined ? optional : Number.isFinite(values[key].mean),
    )
  );
}

/** True if tokenizers are measured as built packages rather than on source. */
export const isBuilt = !isSource || existsSync(fileOf("../../dist/fresh.js"));

/** One tokenizer in a process that has nothing else in it, as built where it is built. */
export async function measureFresh(
  job: FreshJob,
  options: MeasureOptions = {},
): Promise<{ readonly values: Record<string, number> } | { readonly error: string }> {
  let made: { values: Record<string, number> } | { error: string } | undefined;
  const built = isSource ? "../../dist/fresh.js" : "./fresh.js";
  const error = await inProcess(
    fileOf(isBuilt ? built : "./fresh.ts"),
    isBuilt ? [] : onSource,
    job,
    (report: typeof made) => {
      made = report;
    },
    options,
  );
  return made ?? { error: error ?? "it sent nothing" };
}
