import { fork } from "node:child_process";
import { join } from "node:path";
import type { Job, Report } from "./child.js";
import type { BenchEntry, BenchMetric } from "./format.js";

export interface MeasureOptions {
  /** Of all of a package's plugins together. Default 15 minutes. */
  readonly milliseconds?: number;
  readonly metrics: readonly BenchMetric[];
}

/**
 * Measures a package's plugins in a process of their own. Never rejects: a plugin that throws, ends its
 * process, does not return, fails a conformance check or sends back nonsense is an entry that says so.
 */
export function measureIn(
  name: string,
  kind: "tokenizer" | "plugin",
  job: Job,
  { milliseconds = 15 * 60_000, metrics }: MeasureOptions,
): Promise<BenchEntry[]> {
  return new Promise((resolve) => {
    const entries: BenchEntry[] = [];
    const failed = (id: string | undefined, error: string): void => {
      entries.push({ id: id ?? name, kind, status: "failed", error });
    };
    const child = fork(join(import.meta.dirname, "child.ts"), {
      execArgv: ["--import", "tsx", "--conditions=@dtok/source"],
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
    child.on("message", (report: Report) => {
      if ("done" in report) done = true;
      else if ("error" in report) failed(report.id, String(report.error));
      else if (metrics.every(({ key }) => Number.isFinite(report.values?.[key]?.mean))) {
        entries.push({ id: report.id, kind, status: "ok", values: report.values });
      } else failed(report.id, "it gave something else than finite numbers");
    });
    child.on("error", (error) => failed(undefined, error.message));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (late) failed(undefined, `it did not finish within ${milliseconds / 1000} s`);
      else if (!done) {
        failed(undefined, `its process ended early (${signal ?? code}) ${complaint.trim()}`.trim());
      }
      resolve(entries);
    });
    child.send(job);
  });
}
