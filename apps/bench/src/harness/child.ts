/**
 * One package in a process of its own: loads its plugins, runs the conformance checks, measures, and sends
 * what came of it. Whatever it does, the host goes on.
 */
import { pathToFileURL } from "node:url";
import { serialize } from "node:v8";
import { writeFileSync } from "node:fs";
import { checkCodec } from "@dtok/conformance";
import { createRuntime } from "@dtok/runtime/node";
import { loadTask } from "../tasks/index.js";
import type { BenchEntry, Summary } from "./format.js";
import { measureCodec, scoreOf, usageMetrics } from "./measure.js";
import { exportsOf, openCodec, pluginsOf } from "./plugins.js";
import { isMeasure, isTask, modalityOf } from "./task.js";
import type { BenchTask, TaskInfo } from "./task.js";

export interface Job {
  readonly module: string;
  readonly models: string;
  /** Id of one of this package's tasks, or of one that the module exports. */
  readonly task: string;
  /** Left out: the task's own. */
  readonly files?: readonly string[];
  readonly kind?: "tokenizer" | "plugin";
  /** Ids of the only entries wanted. */
  readonly only?: readonly string[];
  /** Modules whose metrics are columns too. */
  readonly measures?: readonly string[];
  /**
   * "measure" (default); "references": the task's reference lines, of no plugin; "check": the conformance
   * checks alone, and the data's signals into the file `signals`.
   */
  readonly what?: "measure" | "references" | "check";
  readonly signals?: string;
}

export type Report =
  | { readonly task: TaskInfo }
  | { readonly id: string; readonly values: Readonly<Record<string, Summary>> }
  | { readonly id?: string; readonly error: string }
  | { readonly passed: string }
  | { readonly references: readonly BenchEntry[] }
  | { readonly done: true };

const send = (report: Report) =>
  new Promise<void>((resolve) => process.send!(report, () => resolve()));
const words = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
const load = async (module: string) =>
  (await import(pathToFileURL(module).href)) as Record<string, unknown>;

process.once("message", (job: Job) => {
  void (async () => {
    try {
      await work(job);
    } catch (error) {
      await send({ error: words(error) });
    }
    await send({ done: true });
    process.exit(0);
  })();
});

async function work(job: Job): Promise<void> {
  const { what = "measure" } = job;
  const wanted = (id: string) => job.only === undefined || job.only.includes(id);
  const exported = what === "references" ? {} : await load(job.module);
  const known = await loadTask(job.task);
  const other = known?.other;
  if (other) {
    const files = job.files ?? other.files?.() ?? [];
    const { id, title, metrics, plot } = other;
    await send({ task: { id, title, metrics, ...(plot && { plot }) } });
    if (what === "references") {
      await send({ references: (await other.references?.(files)) ?? [] });
      return;
    }
    for await (const entry of other.entries(exported, files, job.kind ?? "plugin")) {
      if (wanted(entry.id)) await send(entry);
    }
    return;
  }

  const task = known?.task ?? exportsOf(exported, isTask).find(({ id }) => id === job.task);
  if (task === undefined) {
    await send({ error: `there is no task "${job.task}", here or among its exports` });
    return;
  }
  const added = (await Promise.all((job.measures ?? []).map(load))).flatMap((module) =>
    exportsOf(module, isMeasure).filter((measure) => measure.task === task.id),
  );
  await send({
    task: infoOf(
      task,
      added.map(({ metric }) => metric),
    ),
  });
  const files = job.files ?? task.files?.() ?? [];
  const score = scoreOf(task, added);
  if (what === "references") {
    await send({ references: (await task.references?.(files, score)) ?? [] });
    return;
  }
  const modality = modalityOf(task);
  const plugins = pluginsOf(exported).filter((p) => p.manifest.modality === modality);
  if (plugins.length === 0) {
    await send({ error: `it exports no plugin of modality "${modality}"` });
    return;
  }
  const runtime = await createRuntime();
  const signals = await task.conformance(files);
  for (const plugin of plugins) {
    const { id } = plugin.manifest;
    if (!wanted(id)) continue;
    try {
      const results = await checkCodec(await openCodec(plugin, job.models, runtime), signals, {
        sameExtent: (a, b) => task.sameExtent(a, b),
      });
      const bad = results.find(({ status }) => status === "fail");
      if (bad) {
        await send({ id, error: `conformance: ${JSON.stringify(bad)}` });
        continue;
      }
      if (what === "check") {
        await send({ passed: id });
        continue;
      }
      const codec = await openCodec(plugin, job.models, runtime);
      for (const point of task.points?.(codec) ?? [{ label: "" }]) {
        const values = await measureCodec(task, codec, files, point, score);
        await send({ id: `${id} ${point.label}`.trim(), values });
      }
      await codec.close();
    } catch (error) {
      await send({ id, error: words(error) });
    }
  }
  if (job.signals !== undefined) {
    const all = await task.signals!(files);
    const amounts = all.map((signal) => task.amount!(signal));
    let bytes: Buffer | undefined;
    try {
      bytes = serialize({ signals: all, amounts });
    } catch {
      // A signal with methods, as graphs have: the fresh process reads the data itself.
    }
    if (bytes) writeFileSync(job.signals, bytes);
  }
}

function infoOf(task: BenchTask, added: TaskInfo["metrics"]): TaskInfo {
  const { id, title, metrics, plot } = task;
  const usage = task.measure ? [] : usageMetrics;
  return { id, title, metrics: [...metrics, ...added, ...usage], ...(plot && { plot }) };
}
