import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTask, taskIds, taskOfRuntime } from "../tasks/index.js";
import { installedPlugins, pluginPackage } from "./discover.js";
import { summariseAll } from "./format.js";
import type { BenchEntry, BenchFile } from "./format.js";
import { isBuilt, measureFresh, measureIn } from "./host.js";
import type { BenchTask, TaskInfo } from "./task.js";

export interface RunOptions {
  /** Id of a task of this package, or of one that a plugin package exports. */
  readonly task: string;
  /** Folders of plugin packages. */
  readonly plugins?: readonly string[];
  /** Measure the plugins that are installed in the working directory too. Default true. */
  readonly installed?: boolean;
  /** Leave out dtok's own tokenizers and the reference lines. Default false. */
  readonly only?: boolean;
  /** Ids of the only tokenizers wanted; reference lines are left out. */
  readonly entries?: readonly string[];
  /** Fresh processes per tokenizer in tasks of the runtime. Default 3. */
  readonly processes?: number;
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onEntry?: (entry: BenchEntry, task: TaskInfo | undefined) => void;
}

/** No entry of the task: neither this package nor a plugin has it. */
export class UnknownTaskError extends Error {
  override readonly name = "UnknownTaskError";
}

interface Source {
  readonly name: string;
  readonly kind: "tokenizer" | "plugin";
  readonly module: string;
  readonly models: string;
}

/**
 * Every entry of a task, each package in a process of its own, after the conformance checks. A plugin that
 * fails is an entry that says so.
 *
 * @throws UnknownTaskError if nobody has the task, MissingError if its data are not there
 */
export async function runTask(options: RunOptions): Promise<BenchFile> {
  const { signal, entries: wanted } = options;
  const tested = taskOfRuntime(options.task);
  const id = tested ?? options.task;
  const known = await loadTask(id);
  const task = known?.task ?? known?.other;
  // Before anything is measured: data that are not there are an error of the whole task.
  const files = task?.files?.() ?? [];
  const runtime = tested === undefined ? undefined : known?.task;
  let info: TaskInfo | undefined = runtime && runtimeInfo(runtime);
  const entries: BenchEntry[] = [];
  const add = (list: readonly BenchEntry[]) => {
    for (const entry of list) options.onEntry?.(entry, info);
    entries.push(...list);
  };

  const sources: Source[] = [];
  if (known && !options.only) {
    const { packageName: name } = known;
    const module = fileURLToPath(import.meta.resolve(name));
    sources.push({ name, kind: "tokenizer", module, models: join(folderOf(name), "models") });
  }
  const installed = options.installed === false ? [] : installedPlugins(process.cwd());
  for (const folder of new Set([...(options.plugins ?? []), ...installed])) {
    try {
      sources.push({ kind: "plugin", ...pluginPackage(folder) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      add([{ id: folder, kind: "plugin", status: "failed", error: text }]);
    }
  }
  const measures = sources.filter(({ kind }) => kind === "plugin").map(({ module }) => module);
  const common = { task: id, ...(wanted && { only: wanted }) };
  const stop = signal && { signal };
  for (const { name, kind, ...at } of sources) {
    if (runtime) {
      await inFreshProcesses(name, kind, { ...at, ...common }, options, add);
      continue;
    }
    let made = await measureIn(name, kind, { ...at, ...common, measures }, stop);
    signal?.throwIfAborted();
    if (kind === "tokenizer" && made.task === undefined && measures.length > 0) {
      // A plugin whose module cannot be loaded is reported as an entry; what it adds is left out.
      made = await measureIn(name, kind, { ...at, ...common }, stop);
    }
    // A package that only adds metrics or quantizers is no entry of a task of tokenizers.
    if (kind === "plugin" && made.task && onlyAbsent(made.entries)) continue;
    info ??= made.task;
    add(made.entries);
  }
  if (info === undefined) {
    throw new UnknownTaskError(
      `task ${options.task}: expected one of ${taskIds.join(", ")}, or one that a plugin exports`,
    );
  }
  if (!options.only && !runtime && wanted === undefined && task?.references) {
    const job = { module: "", models: "", task: id, measures, what: "references" as const };
    const made = await measureIn("reference lines", "tokenizer", job, stop);
    signal?.throwIfAborted();
    add(made.entries);
  }

  const versions = Object.fromEntries(
    ["onnxruntime-node", "onnxruntime-web", "sharp"].flatMap((name) => {
      const version = versionOf(name);
      return version === undefined ? [] : [[name, version]];
    }),
  );
  return {
    format: "dtok-bench-1",
    task: info.id,
    title: info.title,
    command: options.command,
    date: new Date().toISOString(),
    commit: commitOf(),
    machine: `${cpus()[0]?.model.trim() ?? "unknown"} x ${cpus().length}`,
    // What is drawn at random says so in its title; nothing else is.
    seed: 0,
    versions: {
      node: process.version,
      ...versions,
      ...ffmpegVersion(),
      ...(runtime && { packages: isBuilt ? "built" : "source" }),
    },
    data: files.map((file) => ({
      file: `samples/${basename(file)}`,
      sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
    })),
    metrics: info.metrics,
    ...(info.plot && { plot: info.plot }),
    entries,
  };
}

const NONE = /^it exports no /;
const onlyAbsent = (entries: readonly BenchEntry[]) =>
  entries.length === 1 && NONE.test(entries[0]!.error?.replace(/^Error: /, "") ?? "");

function runtimeInfo({ id, unit }: BenchTask): TaskInfo {
  const modality = id.slice(0, id.indexOf("/"));
  return {
    id: `${modality}/runtime`,
    title: `${modality}: speed, memory, cold start, and whether onnxruntime-web gives the same tokens; spreads over fresh processes`,
    metrics: [
      { key: "cold", name: "start of the process to first tokens, ms", better: "less", digits: 0 },
      { key: "encode", name: `encode, ${unit}/s`, better: "more", digits: 2 },
      { key: "decode", name: `decode, ${unit}/s`, better: "more", digits: 2 },
      { key: "memory", name: "peak memory (RSS), MB", better: "less", digits: 0 },
      {
        key: "differ",
        name: "codes that differ on onnxruntime-web, %",
        better: "less",
        digits: 3,
        optional: true,
      },
    ],
  };
}

/** Each tokenizer of a package, after the checks, in processes that have nothing else in them. */
async function inFreshProcesses(
  name: string,
  kind: "tokenizer" | "plugin",
  job: { readonly module: string; readonly models: string; readonly task: string },
  { processes = 3, signal }: RunOptions,
  add: (list: readonly BenchEntry[]) => void,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "dtok-bench-"));
  const signals = join(work, "signals");
  const stop = signal && { signal };
  try {
    const checked = await measureIn(name, kind, { ...job, what: "check", signals }, stop);
    if (!onlyAbsent(checked.entries)) add(checked.entries);
    for (const id of checked.passed) {
      const rows: Record<string, number>[] = [];
      let failure: string | undefined;
      for (let i = 0; i < processes && failure === undefined; i++) {
        const { models } = job;
        const module = kind === "tokenizer" && isBuilt ? name : job.module;
        const { task } = job;
        const fresh = { module, models, id, signals, task, parity: i === 0 };
        const made = await measureFresh(fresh, stop);
        signal?.throwIfAborted();
        if ("error" in made) failure = made.error;
        else rows.push(made.values);
      }
      if (failure !== undefined) add([{ id, kind, status: "failed", error: failure }]);
      else {
        // Which codes differ is the same in every process, so that it is counted in the first alone.
        const { differ } = rows[0]!;
        const values = {
          ...summariseAll(
            rows.map(
              ({ cold, encode, decode, memory }) =>
                ({ cold, encode, decode, memory }) as Record<string, number>,
            ),
          ),
          ...(differ !== undefined && { differ: { mean: differ, spread: 0 } }),
        };
        add([{ id, kind, status: "ok", values }]);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function ffmpegVersion(): Record<string, string> {
  try {
    const text = execFileSync("ffmpeg", ["-version"], { stdio: ["ignore", "pipe", "ignore"] });
    return { ffmpeg: /version (\S+)/.exec(text.toString())?.[1] ?? "unknown" };
  } catch {
    return {}; // reference lines that need it are left out
  }
}

/** The folder of an installed package. */
function folderOf(name: string): string {
  return dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));
}

function versionOf(name: string): string | undefined {
  try {
    // Not every package exports its package.json, so it is looked for above its entry.
    let folder = dirname(createRequire(import.meta.url).resolve(name));
    while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const path = join(folder, "package.json");
      if (!existsSync(path)) continue;
      const found = JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
      if (found.name === name) return found.version;
    }
  } catch {
    // An optional one that is not installed.
  }
  return undefined;
}

/** In the repository the commit, elsewhere this package's version. */
function commitOf(): string {
  const own = fileURLToPath(new URL(".", import.meta.url));
  if (!own.includes(`${join("node_modules", "@dtok")}`)) {
    try {
      const git = ["rev-parse", "--short", "HEAD"];
      return execFileSync("git", git, { cwd: own, stdio: "pipe" }).toString().trim();
    } catch {
      // A copy without its history.
    }
  }
  let folder = own;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    version: string;
  };
  return `@dtok/bench ${version}`;
}
