/**
 * Tasks over named, checksummed data; also the command of the published package (`dtok bench`):
 *
 *   pnpm bench run image/reconstruction [--plugin <folder>]… [--no-installed] [--write]
 *
 * Entries are the tokenizers that ship, plugins (named, or installed with a `dtok.plugin` in their
 * package.json), and classical codecs. Each tokenizer passes the conformance checks first, in a process
 * of its own. `--write` makes apps/bench/results/<task>.json, from which the leaderboard is built. The exit
 * status is 1 if an entry failed.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runTask, UnknownTaskError } from "./harness/run-task.js";
import { taskIds } from "./tasks/index.js";

const usage = `Usage: dtok bench [options]

Measures tokenizers on a task: dtok's own, plugins that are installed here or named, classical codecs.

Options:
  --task <id>         one of those below, or one that a plugin exports
                      (default: image/reconstruction)
  --entry <id>        this tokenizer alone; may be given again
  --plugin <folder>   a plugin package: its package.json has "dtok": { "plugin": "./dist/index.js" }
  --only              the plugins alone
  --no-installed      not the plugins in ./node_modules
  -o, --output <file> writes the results as JSON, as the leaderboard reads them
  --json              prints them
  -h, --help          shows this

Tasks:
${taskIds.map((id) => `  ${id}`).join("\n")}

Exit codes: 0 done, 1 an entry failed, 2 wrong usage, 130 interrupted.

Example: dtok bench --plugin . --task image/reconstruction -o results.json`;

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        task: { type: "string" },
        plugin: { type: "string", multiple: true, default: [] },
        entry: { type: "string", multiple: true },
        only: { type: "boolean", default: false },
        "no-installed": { type: "boolean", default: false },
        output: { type: "string", short: "o" },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

const { values, positionals } = parsed();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const task = values.task ?? positionals[0] ?? "image/reconstruction";
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

try {
  const result = await runTask({
    task,
    plugins: values.plugin as string[],
    installed: !values["no-installed"],
    only: values.only,
    ...(values.entry && { entries: values.entry as string[] }),
    command: values.write
      ? `pnpm bench run ${task} --no-installed --write`
      : `dtok bench --task ${task}${(values.plugin as string[]).map((p) => ` --plugin ${p}`).join("")}`,
    signal: stop.signal,
    onEntry({ id, status, error, values: measured }, info) {
      if (values.json) return;
      const cells = info?.metrics.map(({ key, digits }) =>
        (measured?.[key]?.mean.toFixed(digits) ?? "–").padStart(9),
      );
      console.log(`${id.padEnd(32)} ${status === "ok" ? cells?.join(" ") : `FAILED ${error}`}`);
    },
  });
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    const over = result.data.length > 0 ? `, mean over ${result.data.length} files` : "";
    const names = result.metrics.map(({ name }) => name).join("; ");
    console.log(`\n${" ".repeat(33)}${names}${over}`);
  }
  if (values.output !== undefined) writeWhole(values.output, result);
  if (values.write) {
    const folder = fileURLToPath(new URL("../results/", import.meta.url));
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, `${task.replace("/", "-")}.json`), result);
  }
  process.exitCode = result.entries.some(({ status }) => status === "failed") ? 1 : 0;
} catch (error) {
  if (stop.signal.aborted) process.exitCode = 130;
  else if (error instanceof UnknownTaskError) process.exitCode = 2;
  else process.exitCode = 1;
  console.error(
    stop.signal.aborted ? "interrupted; nothing was written" : (error as Error).message,
  );
}

function writeWhole(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(temporary, path);
}
