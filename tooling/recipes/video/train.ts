/**
 * Trains the group network of one video tokenizer on the records and crops of `prepare.ts`:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/train.ts clip-8x --minutes 25
 *
 * Key frames are image/photo-8x as shipped, frozen. The batch goes through its clips group after group,
 * forth and back; each group is predicted from the last frame that was decoded before, errors and all, as
 * at use. `--from` starts
 * from another network's arrays as far as they overlap. Writes .runs/<name>/checkpoint.safetensors
 * (resumed from) and log.jsonl.
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
import { clipConfigs as configs, clipTraining } from "@dtok/train/presets";
import type { ClipModelConfig } from "@dtok/train/presets";
import { estimateMotion, moveReference } from "@dtok/video";
import { movingClip } from "./moving.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "3000" },
    minutes: { type: "string" },
    batch: { type: "string", default: "6" },
    size: { type: "string", default: "112" },
    rate: { type: "string", default: "1e-3" },
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
const { frames: GROUP } = config;
/** Frames of a clip, and how its groups go through them: forth and back, twice. */
const FRAMES = 1 + 2 * GROUP;
const ORDERS = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [7, 6, 5, 4],
  [3, 2, 1, 0],
  [1, 2, 3, 4],
  [5, 6, 7, 8],
];
/** Mean squared error of a prediction (15 dB) from which on a clip is left. */
const CUT = 2000;

const json = (path: string) =>
  JSON.parse(readFileSync(path, "utf8")) as { count: number; size: number };
const data = join(root, ".data", "video");
const crops = json(join(data, "train-crops.json"));
const records = json(join(data, "train-records.json"));
const cropFile = openSync(join(data, "train-crops.bin"), "r");
const recordFile = openSync(join(data, "train-records.bin"), "r");

function read(file: number, bytes: number, index: number): Uint8Array {
  const buffer = Buffer.alloc(bytes);
  readSync(file, buffer, 0, bytes, index * bytes);
  return buffer;
}

/** One clip of FRAMES frames [size, size, 3]: a filmed one, or a moved photograph in three of ten. */
function clip(random: Random): Uint8Array[] {
  const plane = size * size * 3;
  const cut = (all: Uint8Array) =>
    Array.from({ length: FRAMES }, (_, f) => all.subarray(f * plane, (f + 1) * plane));
  if (random.float() < 0.3) {
    const picture = () => read(cropFile, crops.size * crops.size * 3, random.integer(crops.count));
    return cut(movingClip(random, [picture(), picture()], crops.size, size, FRAMES));
  }
  const side = records.size;
  const record = read(recordFile, FRAMES * side * side * 3, random.integer(records.count));
  const out = new Uint8Array(FRAMES * plane);
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
  return cut(out);
}

const runtime = await createRuntime();
const photo = join(root, "packages", "image", "models", "photo-8x");
const photoEncoder = await runtime.load(readFileSync(join(photo, "encoder.onnx")));
const photoDecoder = await runtime.load(readFileSync(join(photo, "decoder.onnx")));
const quantizer = createQuantizer(`fsq-atanh:${config.levels.join(",")}`);
const average = (path: string) => readSafetensors(readFileSync(path)).tensors;

/** Latents to the grid points that a decoder gets. */
function quantized(latents: Tensor): Tensor {
  const cells = latents.data.length / quantizer.dim;
  const codes = quantizer.quantize({
    data: latents.data as Float32Array,
    shape: [cells, quantizer.dim],
  });
  return { data: quantizer.dequantize(codes).data, shape: latents.shape };
}

/** A frame as image/photo-8x brings it back. */
async function decodedKey(frame: Uint8Array): Promise<Uint8Array> {
  const pixels = { data: frame, shape: [1, size, size, 3] };
  const { latents } = await photoEncoder.run({ pixels });
  const back = await photoDecoder.run({ latents: quantized(latents as Tensor) });
  return back.pixels!.data as Uint8Array;
}

/** A clip under way: its frames, and the group in hand. */
interface Walk {
  readonly frames: readonly Uint8Array[];
  group: number;
  /** The last frame decoded. */
  reference: Uint8Array;
}
const walks: Walk[] = [];
const plane = size * size;
const shape = [batch, size, size, 3 * GROUP];
const grid = { rows: size / 16, columns: size / 16 };

/** Frames of a group into place b of a batch, interleaved. */
function place(into: Uint8Array, b: number, frames: readonly Uint8Array[]): void {
  for (let f = 0; f < GROUP; f++) {
    const frame = frames[f] as Uint8Array;
    for (let i = 0; i < plane; i++) {
      const to = (b * plane + i) * 3 * GROUP + 3 * f;
      into[to] = frame[3 * i] as number;
      into[to + 1] = frame[3 * i + 1] as number;
      into[to + 2] = frame[3 * i + 2] as number;
    }
  }
}

/** The last frame of place b in what the last step decoded. */
function decodedLast(b: number): Uint8Array {
  const { data: values } = trainer.outputs.decoded as Tensor<Float32Array>;
  const out = new Uint8Array(plane * 3);
  for (let k = 0; k < 3; k++) {
    const from = (b * 3 * GROUP + 3 * GROUP - 3 + k) * plane;
    for (let i = 0; i < plane; i++) {
      out[i * 3 + k] = Math.round(((values[from + i] as number) + 1) * 127.5);
    }
  }
  return out;
}

function squaredError(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum / a.length;
}

/** The next group of each of the batch's clips. */
async function groups(step: number): Promise<Record<string, Tensor>> {
  const random = new Random(seed, step + 1);
  const frames = new Uint8Array(batch * plane * 3 * GROUP);
  const predicted = new Uint8Array(batch * plane * 3 * GROUP);
  for (let b = 0; b < batch; b++) {
    let walk = walks[b];
    if (walk && walk.group + 1 < ORDERS.length) {
      walk.reference = decodedLast(b);
      walk.group++;
    } else {
      const list = clip(random);
      // At the start the places are spread over the groups.
      const group = walk ? 0 : b % ORDERS.length;
      const first = (ORDERS[group - 1]?.at(-1) ?? 0) as number;
      walk = { frames: list, group, reference: await decodedKey(list[first] as Uint8Array) };
      walks[b] = walk;
    }
    const { group, reference } = walk;
    const wanted = (ORDERS[group] as number[]).map((f) => walk.frames[f] as Uint8Array);
    place(frames, b, wanted);
    const motion = estimateMotion(reference, wanted, grid);
    const moved = moveReference(reference, motion, GROUP, grid);
    place(predicted, b, moved);
    // Behind a cut there is nothing to predict; at use the group is coded as a picture.
    const error = squaredError(moved.at(-1) as Uint8Array, wanted.at(-1) as Uint8Array);
    if (error > CUT) walk.group = ORDERS.length;
  }
  return {
    frames: { data: frames, shape },
    predicted: { data: predicted, shape },
  };
}

/** Copies what two arrays of one rank have in common; the rest of a larger one begins small. */
function overlap(from: Tensor<Float32Array>, into: Tensor<Float32Array>): void {
  if (from.shape.length !== into.shape.length) return;
  const [a, b] = [from.shape as number[], into.shape as number[]];
  for (let i = 0; i < into.data.length; i++) {
    let rest = i;
    let at = 0;
    let inside = true;
    let unit = 1;
    for (let axis = b.length - 1; axis >= 0; axis--) {
      const place = rest % (b[axis] as number);
      rest = Math.floor(rest / (b[axis] as number));
      inside &&= place < (a[axis] as number);
      at += place * unit;
      unit *= a[axis] as number;
    }
    into.data[i] = inside ? (from.data[at] as number) : (into.data[i] as number) * 0.3;
  }
}

const weights = { squared: 6, absolute: 0.2, structural: 0.1 };
const trainer = await Trainer.create(
  runtime,
  (g) => clipTraining(g, config, { batch, size, seed, weights }),
  { betas: [0.9, 0.99], clipNorm: 0.5, averageDecay: 0.997 },
);
if (values.from !== undefined) {
  const from = average(values.from);
  for (const [key, into] of Object.entries(trainer.state())) {
    if (key.endsWith(".m") || key.endsWith(".v")) continue;
    const source = from[key.endsWith(".average") ? key : `${key}.average`];
    if (source) overlap(source as Tensor<Float32Array>, into);
  }
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
const dB = (squared = NaN) => (10 * Math.log10(4 / squared)).toFixed(2);
let preparing = 0;
await trainLoop(trainer, {
  steps,
  schedule,
  batch: async (step) => {
    const start = performance.now();
    const feeds = await groups(step);
    preparing += performance.now() - start;
    return feeds;
  },
  samples: batch,
  checkpoint: join(folder, "checkpoint.safetensors"),
  checkpointEvery: 120,
  log: join(folder, "log.jsonl"),
  logEvery: 25,
  signal: stop.signal,
  onProgress: (p) => {
    const { before, squared } = p.metrics;
    const share = (100 * preparing) / (performance.now() - begun);
    console.log(
      `${progressLine(p)}  PSNR ${dB(before)} -> ${dB(squared)}, ${share.toFixed(0)} % in batches`,
    );
  },
});
clearTimeout(timer);
await trainer.close();
await runtime.close();
closeSync(cropFile);
closeSync(recordFile);
