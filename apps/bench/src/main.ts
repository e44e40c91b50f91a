/** `pnpm bench <name> …`: one benchmark at a time, each a script of its own. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const benches = {
  quantizers:
    "nearest codeword, k-means: ratios to faiss on the same arrays (--python <python with faiss-cpu>)",
  collapse: "use of codes against error: every family, every remedy, five seeds",
  train: "a training step against the bare matrix-product rate",
  run: "a task of the leaderboard: run image/reconstruction [--plugin <folder>]… [--write]",
  image: "photograph tokenizers: time outside the model, cold start of the command, speed",
  video: "clip tokenizers end to end: frames a second, share of the model, overlap with media",
  graph:
    "a million nodes: read, choose anchors, tokenize, write; beside graphology and PyKEEN (--python)",
  links:
    "link prediction by tokens beside a row per node: the table of runs of tooling/recipes/graph",
  llm: "packing, unpacking, masks and merges of sequences",
} as const;

const [name = "", ...args] = process.argv.slice(2);
if (!(name in benches)) {
  console.log("Usage: pnpm bench <name> [options]\n");
  for (const [key, what] of Object.entries(benches)) console.log(`  ${key.padEnd(12)}${what}`);
  process.exit(name === "" || name === "--help" ? 0 : 2);
}
const file = join(dirname(fileURLToPath(import.meta.url)), `${name}.ts`);
const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--conditions=@dtok/source", file, ...args],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
