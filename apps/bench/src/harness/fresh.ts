/**
 * One tokenizer in a process that has nothing else in it: how long until the first tokens, how fast after
 * that, how much memory at most, and whether onnxruntime-web gives the same tokens.
 */
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { deserialize } from "node:v8";
import type { TokenGrid } from "@dtok/core";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { openCodec, pluginsOf } from "./plugins.js";

export interface FreshJob {
  /** A package's name, or a module's absolute path. */
  readonly module: string;
  readonly models: string;
  readonly id: string;
  /** File of the signals, as child.ts wrote it; not there if they cannot be sent. */
  readonly signals: string;
  /** Id of the task whose signals they are. */
  readonly task: string;
  /** Compare with onnxruntime-web too. */
  readonly parity: boolean;
}

process.once("message", (job: FreshJob) => {
  void (async () => {
    try {
      process.send!({ values: await work(job) }, () => process.exit(0));
    } catch (error) {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      process.send!({ error: text }, () => process.exit(0));
    }
  })();
});

async function work(job: FreshJob): Promise<Record<string, number>> {
  const isPath = job.module.startsWith("/") || /^[a-z]:/i.test(job.module);
  const name = isPath ? pathToFileURL(job.module).href : job.module;
  const exported = (await import(name)) as Record<string, unknown>;
  const plugin = pluginsOf(exported).find(({ manifest }) => manifest.id === job.id);
  if (plugin === undefined) throw new Error(`${job.module} exports no plugin ${job.id}`);
  const before = performance.now();
  const data = existsSync(job.signals)
    ? (deserialize(readFileSync(job.signals)) as Data)
    : await readSignals(job.task);
  const reading = performance.now() - before;
  const { signals, amounts } = data;

  const runtime = await createRuntime();
  const codec = await openCodec(plugin, job.models, runtime);
  await codec.encode(signals[0]);
  // The process began at 0.
  const cold = performance.now() - reading;

  const grids: TokenGrid[] = [];
  let encoding = 0;
  let decoding = 0;
  for (const signal of signals) {
    const start = performance.now();
    grids.push(await codec.encode(signal));
    encoding += performance.now() - start;
  }
  for (const grid of grids) {
    const start = performance.now();
    await drain(await codec.decode(grid));
    decoding += performance.now() - start;
  }
  const memory = process.resourceUsage().maxRSS / 1024;
  await codec.close();
  await runtime.close();
  const amount = amounts.reduce((a, b) => a + b, 0);
  const values: Record<string, number> = {
    cold,
    encode: (1000 * amount) / encoding,
    decode: (1000 * amount) / decoding,
    memory,
  };
  if (!job.parity) return values;
  const web = await createWebRuntime().catch(() => undefined);
  if (web === undefined) return values;
  const other = await openCodec(plugin, job.models, web);
  let differ = 0;
  let count = 0;
  for (const [i, signal] of signals.entries()) {
    const { codes } = await other.encode(signal);
    count += codes.data.length;
    for (let n = 0; n < codes.data.length; n++) {
      if (codes.data[n] !== grids[i]!.codes.data[n]) differ++;
    }
  }
  await other.close();
  await web.close();
  return { ...values, differ: (100 * differ) / Math.max(1, count) };
}

interface Data {
  readonly signals: unknown[];
  readonly amounts: number[];
}

async function readSignals(id: string): Promise<Data> {
  const { loadTask } = await import("../tasks/index.js");
  const task = (await loadTask(id))!.task!;
  const signals = await task.signals!(task.files?.() ?? []);
  return { signals, amounts: signals.map((signal) => task.amount!(signal)) };
}

/** Clips are decoded as their frames are read. */
async function drain(signal: unknown): Promise<void> {
  const frames = (signal as { readonly frames?: AsyncIterable<unknown> } | null)?.frames;
  if (frames === undefined || typeof frames === "number") return;
  for await (const frame of frames) void frame;
}
