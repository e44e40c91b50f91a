/**
 * What the runs of tooling/recipes/graph/train-links.ts came to, as a table of the documentation site
 * (apps/bench/results) and as one of Markdown:
 *
 *   pnpm bench links wn18rr [debian] [wordnet]
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "@dtok/train/node";
import type { BenchEntry, BenchFile } from "./harness/format.js";
import { root, runsFolder } from "../../../tooling/recipes/graph/data.js";
import { METHODS } from "../../../tooling/recipes/graph/methods.js";
import type { LinkResult } from "../../../tooling/recipes/graph/links.js";

const TITLES: Readonly<Record<string, string>> = {
  wn18rr: "WN18RR's own split",
  debian: "dependencies of Debian 12's packages, no two packages' edges on both sides",
  wordnet: "WordNet 3.1, no inverse or parallel edge in training",
};
const METRICS = [
  { key: "numbers", name: "numbers trained or drawn, thousands", better: "less", digits: 1 },
  { key: "share", name: "of the table's numbers, %", better: "less", digits: 1 },
  { key: "mrr", name: "filtered MRR", better: "more", digits: 3 },
  { key: "ofTable", name: "of the table's MRR, %", better: "more", digits: 1 },
  { key: "hits1", name: "Hits@1, %", better: "more", digits: 1 },
  { key: "hits3", name: "Hits@3, %", better: "more", digits: 1 },
  { key: "hits10", name: "Hits@10, %", better: "more", digits: 1 },
  { key: "epochs", name: "epochs", better: "less", digits: 1 },
  { key: "minutes", name: "minutes on one core", better: "less", digits: 1 },
] as const;
type Key = (typeof METRICS)[number]["key"];

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root })
  .toString()
  .trim();

for (const data of process.argv.slice(2)) {
  const results = METHODS.flatMap((method): (LinkResult & { method: string })[] => {
    const path = join(runsFolder, data, method, "result.json");
    return existsSync(path) ? [JSON.parse(readFileSync(path, "utf8"))] : [];
  });
  const table = results.find(({ method }) => method === "table");
  if (!table) throw new Error(`${data}: no run of the table to compare with`);
  const rows = results.map((result) => {
    const { test, parameters, run, edges } = result;
    const values: Record<Key, number> = {
      numbers: parameters / 1000,
      share: (100 * parameters) / table.parameters,
      mrr: test.mrr,
      ofTable: (100 * test.mrr) / table.test.mrr,
      hits1: 100 * test.hits1,
      hits3: 100 * test.hits3,
      hits10: 100 * test.hits10,
      epochs: (run.trained * run.batch) / edges,
      minutes: (run.trained * run.msPerStep) / 60_000,
    };
    return { result, values };
  });
  const entries = rows.map(({ result, values }): BenchEntry => ({
    id: result.method,
    kind: result.method.startsWith("table") ? "reference" : "tokenizer",
    status: "ok",
    values: Object.fromEntries(METRICS.map(({ key }) => [key, { mean: values[key], spread: 0 }])),
  }));
  const file: BenchFile = {
    format: "dtok-bench-1",
    task: `graph/link-prediction-${data}`,
    title: `Link prediction by vectors made of tokens, beside a row per node: ${TITLES[data] ?? data}`,
    command: `tsx --conditions=@dtok/source tooling/recipes/graph/train-links.ts ${["wordnet", "debian"].includes(data) ? data : `<folder>/${data}`} <entry>`,
    date: new Date().toISOString(),
    commit,
    machine: `${cpus()[0]?.model.trim() ?? "unknown"} x ${cpus().length}`,
    seed: table.run.seed,
    versions: { node: process.version },
    data: [],
    metrics: METRICS,
    plot: { x: "numbers", y: ["mrr"] },
    entries,
  };
  writeFileAtomic(
    join(root, "apps", "bench", "results", `graph-link-prediction-${data}.json`),
    new TextEncoder().encode(`${JSON.stringify(file, null, 1)}\n`),
  );
  console.log(`| method | ${METRICS.map(({ name }) => name).join(" | ")} |`);
  console.log(`| --- | ${METRICS.map(() => "---").join(" | ")} |`);
  for (const { result, values } of rows) {
    const cells = METRICS.map(({ key, digits }) => values[key].toFixed(digits));
    console.log(`| \`${result.method}\` | ${cells.join(" | ")} |`);
  }
}
