/**
 * Trains the group network of one video tokenizer on the records of `prepare.ts` and on photographs
 * moved by pans, zooms and rotations (tooling/recipes/image/crops.ts makes their crops):
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/train.ts clip-8x --steps 3000
 *
 * The first frame is image/photo-8x as shipped, frozen: its decoded picture is the reference that the
 * first group starts from. Writes .runs/<name>/checkpoint.safetensors (resumed from) and log.jsonl.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createQuantizer, Random } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { progressLine, trainLoop } from "@dtok/train/node";
import { clipConfigs as configs, clipTraining } from "@dtok/train/presets";
import { movingClip } from "./moving.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "3000" },
    minutes: { type: "string" },
    batch: { type: "string", default: "8" },
    size: { type: "string", default: "96" },
    rate: { type: "string", default: "1.5e-3" },
    seed: { type: "string", default: "1" },
    output: { type: "string" },
  },
});
const name = positionals[0] as keyof typeof configs;
if (!(name in configs)) {
  console.error(`Usage: train.ts <${Object.keys(configs).join(" | ")}> [--steps N] [--batch N]`);
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
const config = configs[name];
const GROUPS = 2;
const FRAMES = 1 + GROUPS * config.frames;

const json = (path: string) =>
  JSON.parse(readFileSync(path, "utf8")) as { count: number; size: number };
const data = join(root, ".data");
const crops = json(join(data, "image", "train-crops.json"));
const records = json(join(data, "video", "train-records.json"));
const cropFile = openSync(join(data, "image", "train-crops.bin"), "r");
const recordFile = openSync(join(data, "video", "train-records.bin"), "r");

function read(file: number, bytes: number, index: number): Uint8Array {
  const buffer = Buffer.alloc(bytes);
  readSync(file, buffer, 0, bytes, index * bytes);
  return buffer;
}

/** One clip [FRAMES, size, size, 3]: a real one or a moved photograph, by the flip of a coin. */
function clip(random: Random): Uint8Array {
  if (random.float() < 0.5) {
    const picture = () => read(cropFile, crops.size * crops.size * 3, random.integer(crops.count));
    return movingClip(random, [picture(), picture()], crops.size, size, FRAMES);
  }
  const side = records.size;
  const record = read(recordFile, FRAMES * side * side * 3, random.integer(records.count));
  const out = new Uint8Array(FRAMES * size * size * 3);
  const [x0, y0] = [random.integer(side - size + 1), random.integer(side - size + 1)];
  const mirrored = random.float() < 0.5;
  const reversed = random.float() < 0.5;
  for (let f = 0; f < FRAMES; f++) {
    const source = reversed ? FRAMES - 1 - f : f;
    for (let y = 0; y < size; y++) {
      const row = ((source * side + y0 + y) * side + x0) * 3;
      const to = (f * size + y) * size * 3;
      for (let x = 0; x < size; x++) {
        const from = row + (mirrored ? size - 1 - x : x) * 3;
        out[to + x * 3] = record[from] as number;
        out[to + x * 3 + 1] = record[from + 1] as number;
        out[to + x * 3 + 2] = record[from + 2] as number;
      }
    }
  }
  return out;
}

const runtime = await createRuntime();
const photo = join(root, "packages", "image", "models", "photo-8x");
const photoEncoder = await runtime.load(readFileSync(join(photo, "encoder.onnx")));
const photoDecoder = await runtime.load(readFileSync(join(photo, "decoder.onnx")));
const quantizer = createQuantizer(`fsq-atanh:${config.levels.join(",")}`);

async function pixels(step: number) {
  const random = new Random(seed, step + 1);
  const first = new Uint8Array(batch * size * size * 3);
  const channels = 3 * (FRAMES - 1);
  const frames = new Uint8Array(batch * size * size * channels);
  const plane = size * size;
  for (let b = 0; b < batch; b++) {
    const one = clip(random);
    first.set(one.subarray(0, plane * 3), b * plane * 3);
    for (let f = 1; f < FRAMES; f++) {
      for (let i = 0; i < plane; i++) {
        const to = (b * plane + i) * channels + (f - 1) * 3;
        const from = (f * plane + i) * 3;
        frames[to] = one[from] as number;
        frames[to + 1] = one[from + 1] as number;
        frames[to + 2] = one[from + 2] as number;
      }
    }
  }
  const shape = [batch, size, size, 3];
  const { latents } = await photoEncoder.run({ pixels: { data: first, shape } });
  const cells = (latents!.data.length / config.levels.length) | 0;
  const grid = quantizer.dequantize(
    quantizer.quantize({ data: latents!.data as Float32Array, shape: [cells, quantizer.dim] }),
  );
  const { pixels: reference } = await photoDecoder.run({
    latents: { data: grid.data, shape: latents!.shape },
  });
  return {
    reference: { data: reference!.data, shape },
    frames: { data: frames, shape: [batch, size, size, channels] },
  };
}

const weights = { squared: 4, absolute: 0.3, structural: 0.1 };
const trainer = await Trainer.create(
  runtime,
  (g) => clipTraining(g, config, { batch, size, groups: GROUPS, seed, weights }),
  { betas: [0.9, 0.99], clipNorm: 0.5, averageDecay: 0.997 },
);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
// With --minutes the rate falls with the clock instead of the steps, and the steps done are logged.
const budget = values.minutes === undefined ? undefined : Number(values.minutes) * 60_000;
const timer = budget === undefined ? undefined : setTimeout(() => stop.abort(), budget);
const begun = performance.now();
const byStep = cosineSchedule({ learningRate: rate, steps, warmup: 100 });
const byClock = cosineSchedule({ learningRate: rate, steps: 1000 });
const schedule = (step: number) =>
  budget === undefined
    ? byStep(step)
    : byClock(((performance.now() - begun) / budget) * 1000) * Math.min(1, (step + 1) / 100);
const dB = (squared: number) => (10 * Math.log10(4 / squared)).toFixed(2);
await trainLoop(trainer, {
  steps,
  schedule,
  batch: pixels,
  samples: batch,
  checkpoint: join(folder, "checkpoint.safetensors"),
  checkpointEvery: 120,
  log: join(folder, "log.jsonl"),
  signal: stop.signal,
  onProgress: (p) =>
    console.log(
      `${progressLine(p)}  PSNR ${dB(p.metrics.squared0 as number)} ${dB(p.metrics.squared1 as number)}`,
    ),
});
clearTimeout(timer);
await trainer.close();
await runtime.close();
closeSync(cropFile);
closeSync(recordFile);
