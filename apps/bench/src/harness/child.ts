/**
 * One entry in a process of its own: loads the plugin, runs the conformance checks, measures, and sends
 * what came of it. Whatever it does, the host goes on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkCodec } from "@dtok/conformance";
import type { Codec, TokenizerPlugin } from "@dtok/core";
import { createRegistry } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/node";
import { tasks } from "../tasks/index.js";
import type { Summary } from "./format.js";
import { isTask, modalityOf } from "./task.js";
import type { BenchTask } from "./task.js";

export interface Job {
  readonly module: string;
  readonly models: string;
  /** Id of one of this package's tasks, or of one that the module exports. */
  readonly task: string;
  /** Left out: the task's own. */
  readonly files?: readonly string[];
}

/** A task as far as it can be sent. */
export type TaskInfo = Pick<BenchTask, "id" | "title" | "metrics" | "plot">;

export type Report =
  | { readonly task: TaskInfo }
  | { readonly id: string; readonly values: Readonly<Record<string, Summary>> }
  | { readonly id?: string; readonly error: string }
  | { readonly done: true };

const send = (report: Report) =>
  new Promise<void>((resolve) => process.send!(report, () => resolve()));
const words = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

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
  const { module, models } = job;
  const exported = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  const task = tasks[job.task]?.task ?? tasksOf(exported).find(({ id }) => id === job.task);
  if (task === undefined) {
    await send({ error: `there is no task "${job.task}", here or among its exports` });
    return;
  }
  const { id, title, metrics, plot } = task;
  await send({ task: { id, title, metrics, ...(plot && { plot }) } });
  const modality = modalityOf(task);
  const plugins = pluginsOf(exported).filter((p) => p.manifest.modality === modality);
  if (plugins.length === 0) {
    await send({ error: `it exports no plugin of modality "${modality}"` });
    return;
  }
  const files = job.files ?? task.files?.() ?? [];
  const runtime = await createRuntime();
  const signals = await task.conformance(files);
  for (const plugin of plugins) {
    const { id } = plugin.manifest;
    try {
      const open = async (): Promise<Codec<unknown>> => {
        // A folder for each tokenizer, or one for all; the manifest may name another's.
        const named = plugin.manifest.settings?.folder;
        const own = join(models, typeof named === "string" ? named : (id.split("/")[1] ?? ""));
        const folder = pathToFileURL(`${existsSync(own) ? own : models}/`);
        const registry = createRegistry([plugin], {
          context: (manifest) => ({ runtime, readFile: createModelReader(folder, manifest) }),
        });
        return (await registry.load(id)) as unknown as Codec<unknown>;
      };
      const results = await checkCodec(await open(), signals, {
        sameExtent: (a, b) => task.sameExtent(a, b),
      });
      const bad = results.find(({ status }) => status === "fail");
      if (bad) {
        await send({ id, error: `conformance: ${JSON.stringify(bad)}` });
        continue;
      }
      const codec = await open();
      for (const point of task.points?.(codec) ?? [{ label: "" }]) {
        const values = await task.measure(codec, files, point);
        await send({ id: `${id} ${point.label}`.trim(), values });
      }
      await codec.close();
    } catch (error) {
      await send({ id, error: words(error) });
    }
  }
}

/** Tasks among a module's exports: single ones, and lists of them. */
function tasksOf(exported: Record<string, unknown>): BenchTask[] {
  return Object.values(exported)
    .flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter(isTask);
}

/** Plugins among a module's exports: single ones, lists and records of them; each id once. */
function pluginsOf(exported: Record<string, unknown>): TokenizerPlugin[] {
  const found = new Map<string, TokenizerPlugin>();
  const visit = (value: unknown, depth: number): void => {
    if (value === null || typeof value !== "object") return;
    const plugin = value as Partial<TokenizerPlugin>;
    if (typeof plugin.load === "function" && typeof plugin.manifest?.id === "string") {
      found.set(plugin.manifest.id, plugin as TokenizerPlugin);
    } else if (depth > 0) for (const inner of Object.values(value)) visit(inner, depth - 1);
  };
  for (const value of Object.values(exported)) visit(value, 1);
  return [...found.values()];
}
