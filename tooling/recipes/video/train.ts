/**
 * Trains the group network of one video tokenizer on the records of `prepare.ts` and on photographs
 * moved by pans, zooms and rotations (tooling/recipes/image/crops.ts makes their crops):
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/train.ts clip-8x --steps 3000
 *
 * The first frame is image/photo-8x as shipped, frozen: its decoded picture is the reference that the
 * first group starts from. A tokenizer with motion goes through each clip forth and back, group after
 * group, from its own decoded frames; `--from checkpoint` starts it from one without. Writes .runs/<name>/checkpoint.safetensors (resumed from) and log.jsonl.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createQuantizer, Random, readSafetensors } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { progressLine, trainLoop } from "@dtok/train/node";
import { clipConfigs as configs, clipTraining, startWithMotion } from "@dtok/train/presets";
import type { ClipModelConfig } from "@dtok/train/presets";
import { estimateMotion, moveReference } from "@dtok/video";
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
    from: { type: "string" },
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
const config: ClipModelConfig = configs[name];
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

/** Frames [B, size, size, 3] as image/photo-8x brings them back. */
async function decodedKeys(first: Uint8Array): Promise<Uint8Array> {
  const shape = [first.length / (size * size * 3), size, size, 3];
  const { latents } = await photoEncoder.run({ pixels: { data: first, shape } });
  const cells = (latents!.data.length / config.levels.length) | 0;
  const grid = quantizer.dequantize(
    quantizer.quantize({ data: latents!.data as Float32Array, shape: [cells, quantizer.dim] }),
  );
  const { pixels: decoded } = await photoDecoder.run({
    latents: { data: grid.data, shape: latents!.shape },
  });
  return decoded!.data as Uint8Array;
}

async function pixels(step: number): Promise<Record<string, Tensor>> {
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
  return {
    reference: { data: await decodedKeys(first), shape: [batch, size, size, 3] },
    frames: { data: frames, shape: [batch, size, size, channels] },
  };
}

/** A clip under way: its frames, and how many groups of it are done. */
interface Walk {
  readonly frames: readonly Uint8Array[];
  group: number;
}
const walks: Walk[] = [];
/** Frames of the groups: forth and, from the last frame, back. */
const ORDERS = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [7, 6, 5, 4],
  [3, 2, 1, 0],
];

/** The next group of each of the batch's clips, from the last decoded frame of the one before. */
async function walkPixels(step: number): Promise<Record<string, Tensor>> {
  const random = new Random(seed, step + 1);
  const [plane, frames, motion] = [size * size, config.frames, config.motion as number];
  const decoded = (b: number) => {
    const { data } = trainer.outputs.last as Tensor<Float32Array>;
    const out = new Uint8Array(plane * 3);
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < plane; i++) {
        out[i * 3 + k] = Math.round(((data[(b * 3 + k) * plane + i] as number) + 1) * 127.5);
      }
    }
    return out;
  };
  const references: Uint8Array[] = [];
  for (let b = 0; b < batch; b++) {
    const walk = walks[b];
    if (walk) references[b] = decoded(b);
    if (walk && ++walk.group < ORDERS.length) continue;
    const one = clip(random);
    const list = Array.from({ length: FRAMES }, (_, f) =>
      one.subarray(f * plane * 3, (f + 1) * plane * 3),
    );
    // At the start every clip is at its beginning: half of the first ones end early.
    walks[b] = { frames: list, group: walk ? 0 : (b * ORDERS.length) / batch > 2 ? 1 : 0 };
    references[b] = await decodedKeys(list[walks[b].group * frames] as Uint8Array);
  }
  const channels = 3 * frames;
  const [x, y] = [
    new Uint8Array(batch * plane * channels),
    new Uint8Array(batch * plane * channels),
  ];
  const grid = { rows: size / 8, columns: size / 8, stride: 8 };
  for (let b = 0; b < batch; b++) {
    const { frames: list, group } = walks[b] as Walk;
    const wanted = (ORDERS[group] as number[]).map((f) => list[f] as Uint8Array);
    const reference = references[b] as Uint8Array;
    const codes = estimateMotion(reference, wanted, grid, motion);
    const moved = moveReference(reference, codes, frames, grid, motion);
    for (let f = 0; f < frames; f++) {
      for (let i = 0; i < plane; i++) {
        const to = (b * plane + i) * channels + 3 * f;
        for (let k = 0; k < 3; k++) {
          x[to + k] = (wanted[f] as Uint8Array)[3 * i + k] as number;
          y[to + k] = (moved[f] as Uint8Array)[3 * i + k] as number;
        }
      }
    }
  }
  const shape = [batch, size, size, channels];
  return { frames: { data: x, shape }, reference: { data: y, shape } };
}

const moves = config.motion !== undefined;
const weights = { squared: 4, absolute: 0.3, structural: 0.1 };
const trainer = await Trainer.create(
  runtime,
  (g) => clipTraining(g, config, { batch, size, groups: moves ? 1 : GROUPS, seed, weights }),
  { betas: [0.9, 0.99], clipNorm: 0.5, averageDecay: 0.997 },
);
if (values.from !== undefined) {
  startWithMotion(config, readSafetensors(readFileSync(values.from)).tensors, trainer.state());
}
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
  batch: moves ? walkPixels : pixels,
  samples: batch,
  checkpoint: join(folder, "checkpoint.safetensors"),
  checkpointEvery: 120,
  log: join(folder, "log.jsonl"),
  logEvery: 25,
  signal: stop.signal,
  onProgress: (p) =>
    console.log(
      `${progressLine(p)}  PSNR ${Object.entries(p.metrics)
        .filter(([key]) => key.startsWith("squared"))
        .map(([, value]) => dB(value))
        .join(" ")}`,
    ),
});
clearTimeout(timer);
await trainer.close();
await runtime.close();
closeSync(cropFile);
closeSync(recordFile);
