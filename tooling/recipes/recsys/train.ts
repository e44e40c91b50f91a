/**
 * Trains the RQ-VAE of the films that `fetch.ts` made:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/train.ts [--steps 2400] [--batch 512]
 *
 * Writes .runs/recsys/movielens-small: encoder.onnx, decoder.onnx, codebooks.safetensors, log.jsonl.
 * The same seed gives the same batches and, within rounding, the same losses. About 10 minutes on two
 * cores.
 */
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSafetensors } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { trainRqVae } from "@dtok/train/presets";
import { itemVectors, loadDataset, root } from "./items.js";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "2400" },
    batch: { type: "string", default: "512" },
    seed: { type: "string", default: "1" },
    "texts-only": { type: "boolean", default: false },
    output: { type: "string", default: join(root, ".runs", "recsys", "movielens-small") },
  },
});
const folder = values.output;
mkdirSync(folder, { recursive: true });
const log = join(folder, "log.jsonl");
rmSync(log, { force: true });

const vectors = itemVectors(loadDataset("ml-latest-small"), !values["texts-only"]);
const runtime = await createRuntime();
const begun = performance.now();
const trained = await trainRqVae(
  runtime,
  vectors,
  { levels: 3, size: 256 },
  {
    steps: Number(values.steps),
    batch: Number(values.batch),
    seed: Number(values.seed),
    onProgress: (p) => {
      if (p.step % 50 !== 0) return;
      const seconds = Math.round((performance.now() - begun) / 1000);
      appendFileSync(log, `${JSON.stringify({ ...p, seconds })}\n`);
      const used = p.perplexity.map((value) => value.toFixed(0)).join(" ");
      console.log(
        `${p.step}/${p.steps}  error ${p.error.toFixed(4)}  perplexity ${used}  ${seconds} s`,
      );
    },
  },
);
writeFileAtomic(join(folder, "encoder.onnx"), trained.encoder);
writeFileAtomic(join(folder, "decoder.onnx"), trained.decoder);
writeFileAtomic(
  join(folder, "codebooks.safetensors"),
  writeSafetensors({ codebook: trained.codebooks }),
);
await runtime.close();
