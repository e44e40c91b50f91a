/**
 * Tasks over named, checksummed data:
 *
 *   pnpm bench run image/reconstruction [--plugin <folder>]… [--no-installed] [--write]
 *
 * Entries are the tokenizers that ship, plugins (named, or installed with a `dtok.plugin` in their
 * package.json), and JPEG, WebP and AVIF. Each tokenizer passes the conformance checks first, in a process
 * of its own. `--write` makes apps/bench/results/image-reconstruction.json, from which
 * the leaderboard is built. The exit status is 1 if an entry failed.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installedPlugins, pluginPackage } from "./harness/discover.js";
import type { BenchEntry, BenchFile } from "./harness/format.js";
import { measureIn } from "./harness/host.js";
import { metrics, references } from "./harness/image.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    plugin: { type: "string", multiple: true, default: [] },
    "no-installed": { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const task = positionals[0] ?? "image/reconstruction";
if (task !== "image/reconstruction") {
  console.error(`Unknown task ${task}: expected image/reconstruction.`);
  process.exit(2);
}
const root = join(import.meta.dirname, "..", "..", "..");
const samples = join(root, "samples");
const files = readdirSync(samples)
  .filter((name) => name.endsWith(".jpg"))
  .sort()
  .map((name) => join(samples, name));

const job = { files, modality: "image" };
const entries: BenchEntry[] = await measureIn(
  "@dtok/image",
  "tokenizer",
  {
    ...job,
    module: join(root, "packages", "image", "src", "index.ts"),
    models: join(root, "packages", "image", "models"),
  },
  { metrics },
);
const named = values.plugin as string[];
for (const folder of [
  ...named,
  ...(values["no-installed"] ? [] : installedPlugins(process.cwd())),
]) {
  try {
    const { name, module, models } = pluginPackage(folder);
    entries.push(...(await measureIn(name, "plugin", { ...job, module, models }, { metrics })));
  } catch (error) {
    entries.push({
      id: folder,
      kind: "plugin",
      status: "failed",
      error: error instanceof Error ? error.message : String(error),
    });
  }
}
entries.push(...(await references(files)));

const versionOf = (name: string) =>
  (
    JSON.parse(
      readFileSync(join(import.meta.dirname, "..", "node_modules", name, "package.json"), "utf8"),
    ) as { version: string }
  ).version;
const result: BenchFile = {
  format: "dtok-bench-1",
  task,
  title: `Photographs: reconstruction of ${files.length} held-out pictures`,
  command: `pnpm bench run ${task} --no-installed --write`,
  date: new Date().toISOString(),
  commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root }).toString().trim(),
  machine: `${cpus()[0]?.model.trim() ?? "unknown"} x ${cpus().length}`,
  // Nothing here is drawn at random.
  seed: 0,
  versions: {
    node: process.version,
    "onnxruntime-node": versionOf("onnxruntime-node"),
    sharp: versionOf("sharp"),
  },
  data: files.map((file) => ({
    file: file.slice(root.length + 1),
    sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
  })),
  metrics,
  plot: { x: "bpp", y: ["psnr", "msSsim"] },
  entries,
};
for (const { id, status, error, values: measured } of entries) {
  const text = metrics.map(({ key, digits }) => measured?.[key]?.mean.toFixed(digits).padStart(9));
  console.log(`${id.padEnd(24)}${status === "ok" ? text.join(" ") : `FAILED ${error}`}`);
}
if (values.write) {
  const folder = join(import.meta.dirname, "..", "results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${task.replace("/", "-")}.json`);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(result, null, 1)}\n`);
  renameSync(`${path}.tmp`, path);
}
process.exit(entries.some(({ status }) => status === "failed") ? 1 : 0);
