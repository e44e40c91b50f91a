import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Job, Report, TaskInfo } from "./child.js";
import type { BenchEntry } from "./format.js";

export interface MeasureOptions {
  /** Of all of a package's plugins together. Default 15 minutes. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly entries: BenchEntry[];
  /** Left out where the package's process did not get that far. */
  readonly task?: TaskInfo;
}

/** On source this file is TypeScript, and so is the child. */
const isSource = import.meta.url.endsWith(".ts");

/**
 * Measures a package's plugins in a process of their own. Never rejects: a plugin that throws, ends its
 * process, does not return, fails a conformance check or sends back nonsense is an entry that says so.
 */
export function measureIn(
  name: string,
  kind: "tokenizer" | "plugin",
  job: Job,
  { milliseconds = 15 * 60_000, signal }: MeasureOptions = {},
): Promise<Measured> {
  return new Promise((resolve) => {
    const entries: BenchEntry[] = [];
    let task: TaskInfo | undefined;
    const failed = (id: string | undefined, error: string): void => {
      entries.push({ id: id ?? name, kind, status: "failed", error });
    };
    const path = isSource ? "./child.ts" : "./child.js";
    const child = fork(fileURLToPath(new URL(path, import.meta.url)), {
      execArgv: isSource ? ["--import", "tsx", "--conditions=@dtok/source"] : [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let complaint = "";
    child.stderr?.on("data", (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-400);
    });
    let done = false;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, milliseconds);
    const stop = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", stop, { once: true });
    child.on("message", (report: Report) => {
      if ("done" in report) done = true;
      else if ("task" in report) task = report.task;
      else if ("error" in report) failed(report.id, String(report.error));
      else if (task?.metrics.every(({ key }) => Number.isFinite(report.values?.[key]?.mean))) {
        entries.push({ id: report.id, kind, status: "ok", values: report.values });
      } else failed(report.id, "it gave something else than finite numbers");
    });
    child.on("error", (error) => failed(undefined, error.message));
    child.on("close", (code, killed) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      if (late) failed(undefined, `it did not finish within ${milliseconds / 1000} s`);
      else if (!done) {
        failed(undefined, `its process ended early (${killed ?? code}) ${complaint.trim()}`.trim());
      }
      resolve({ entries, ...(task && { task }) });
    });
    child.send(job);
  });
}
