import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tasks } from "../tasks/index.js";
import type { TaskInfo } from "./child.js";
import { installedPlugins, pluginPackage } from "./discover.js";
import type { BenchEntry, BenchFile } from "./format.js";
import { measureIn } from "./host.js";

export interface RunOptions {
  /** Id of a task of this package, or of one that a plugin package exports. */
  readonly task: string;
  /** Folders of plugin packages. */
  readonly plugins?: readonly string[];
  /** Measure the plugins that are installed in the working directory too. Default true. */
  readonly installed?: boolean;
  /** Leave out dtok's own tokenizers and the reference lines. Default false. */
  readonly only?: boolean;
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onEntry?: (entry: BenchEntry, task: TaskInfo | undefined) => void;
}

/** No entry of the task: neither this package nor a plugin has it. */
export class UnknownTaskError extends Error {
  override readonly name = "UnknownTaskError";
}

/**
 * Every entry of a task, each package in a process of its own, after the conformance checks. A plugin that
 * fails is an entry that says so.
 *
 * @throws UnknownTaskError if nobody has the task
 */
export async function runTask(options: RunOptions): Promise<BenchFile> {
  const { signal } = options;
  const known = tasks[options.task];
  let info: TaskInfo | undefined = known?.task;
  const entries: BenchEntry[] = [];
  const add = (list: readonly BenchEntry[]) => {
    for (const entry of list) options.onEntry?.(entry, info);
    entries.push(...list);
  };
  const measure = async (
    name: string,
    kind: "tokenizer" | "plugin",
    at: { readonly module: string; readonly models: string },
  ) => {
    const made = await measureIn(name, kind, { ...at, task: options.task }, signal && { signal });
    info ??= made.task;
    signal?.throwIfAborted();
    add(made.entries);
  };

  if (known && !options.only) {
    const { packageName } = known;
    const module = fileURLToPath(import.meta.resolve(packageName));
    const folder = folderOf(packageName);
    await measure(packageName, "tokenizer", { module, models: join(folder, "models") });
  }
  const installed = options.installed === false ? [] : installedPlugins(process.cwd());
  for (const folder of [...(options.plugins ?? []), ...installed]) {
    try {
      const { name, ...at } = pluginPackage(folder);
      await measure(name, "plugin", at);
    } catch (error) {
      signal?.throwIfAborted();
      const text = error instanceof Error ? error.message : String(error);
      add([{ id: folder, kind: "plugin", status: "failed", error: text }]);
    }
  }
  if (info === undefined) {
    throw new UnknownTaskError(
      `task ${options.task}: expected one of ${Object.keys(tasks).join(", ")}, or one that a plugin exports`,
    );
  }
  const files = known?.task.files?.() ?? [];
  if (!options.only && known?.task.references) add(await known.task.references(files));

  const versions = Object.fromEntries(
    ["onnxruntime-node", "sharp"].flatMap((name) => {
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
    // Nothing here is drawn at random.
    seed: 0,
    versions: { node: process.version, ...versions },
    data: files.map((file) => ({
      file: `samples/${basename(file)}`,
      sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
    })),
    metrics: info.metrics,
    ...(info.plot && { plot: info.plot }),
    entries,
  };
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
