/**
 * Trains one photograph tokenizer on the crops that `fetch.ts` and `crops.ts` made:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/image/train.ts photo-8x --steps 20000
 *
 * Writes .runs/<name>/checkpoint.safetensors (resumed from when it is there) and log.jsonl.
 * The same seed gives the same batches and, within rounding, the same losses.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { progressLine, trainLoop } from "@dtok/train/node";
import { photoConfigs as configs, photoTraining as training } from "@dtok/train/presets";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "20000" },
    batch: { type: "string", default: "8" },
    size: { type: "string", default: "128" },
    rate: { type: "string", default: "1.5e-3" },
    seed: { type: "string", default: "1" },
    squared: { type: "string", default: "4" },
    absolute: { type: "string", default: "0.3" },
    structural: { type: "string", default: "0.1" },
    output: { type: "string" },
  },
});
const name = positionals[0] as keyof typeof configs;
if (!(name in configs)) {
  console.error(
    `Usage: train.ts <${Object.keys(configs).join(" | ")}> [--steps N] [--batch N] [--size N]`,
  );
  process.exit(2);
}
const [steps, batch, size, rate, seed] = [
  values.steps,
  values.batch,
  values.size,
  values.rate,
  values.seed,
].map(Number) as [number, number, number, number, number];
const folder = values.output ?? join(root, ".runs", name);
const weights = {
  squared: Number(values.squared),
  absolute: Number(values.absolute),
  structural: Number(values.structural),
};

const data = join(root, ".data", "image");
const { count, size: cropSize } = JSON.parse(
  readFileSync(join(data, "train-crops.json"), "utf8"),
) as {
  count: number;
  size: number;
};
const file = openSync(join(data, "train-crops.bin"), "r");
const crop = Buffer.alloc(cropSize * cropSize * 3);

/** `batch` random windows of random crops, half of them mirrored: a function of the step alone. */
function pixels(step: number) {
  const random = new Random(seed, step + 1);
  const out = new Uint8Array(batch * size * size * 3);
  for (let b = 0; b < batch; b++) {
    readSync(file, crop, 0, crop.length, random.integer(count) * crop.length);
    const [x0, y0] = [random.integer(cropSize - size + 1), random.integer(cropSize - size + 1)];
    const mirrored = random.float() < 0.5;
    for (let y = 0; y < size; y++) {
      const row = ((y0 + y) * cropSize + x0) * 3;
      const to = (b * size + y) * size * 3;
      if (!mirrored) {
        out.set(crop.subarray(row, row + size * 3), to);
        continue;
      }
      for (let x = 0; x < size; x++) {
        const from = row + (size - 1 - x) * 3;
        out[to + x * 3] = crop[from] as number;
        out[to + x * 3 + 1] = crop[from + 1] as number;
        out[to + x * 3 + 2] = crop[from + 2] as number;
      }
    }
  }
  return { pixels: { data: out, shape: [batch, size, size, 3] } };
}

const runtime = await createRuntime();
const trainer = await Trainer.create(
  runtime,
  (g) => training(g, configs[name], { batch, size, seed, weights }),
  { betas: [0.9, 0.99], clipNorm: 0.5, averageDecay: 0.9995 },
);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
await trainLoop(trainer, {
  steps,
  schedule: cosineSchedule({ learningRate: rate, steps, warmup: 200 }),
  batch: pixels,
  samples: batch,
  checkpoint: join(folder, "checkpoint.safetensors"),
  log: join(folder, "log.jsonl"),
  signal: stop.signal,
  onProgress: (p) =>
    console.log(
      `${progressLine(p)}  PSNR ${(10 * Math.log10(4 / (p.metrics.squared as number))).toFixed(2)}`,
    ),
});
await trainer.close();
await runtime.close();
closeSync(file);
