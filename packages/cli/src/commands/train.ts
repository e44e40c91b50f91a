import { mkdir, readdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ArgumentError, isDtokError, Random } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { readImage, toRgb } from "@dtok/image";
import { createNodeRuntime } from "@dtok/runtime";
import { cosineSchedule, Trainer } from "@dtok/train";
import { loadCheckpoint, progressLine, trainLoop, writeFileAtomic } from "@dtok/train/node";
import { exportPhotoModel, photoConfigs, photoTraining } from "@dtok/train/presets";
import { Option } from "commander";
import type { Command } from "commander";
import { interruption, printJson, wholeNumber } from "../output.js";

interface Options {
  readonly output: string;
  readonly preset: keyof typeof photoConfigs;
  readonly name: string;
  readonly steps: number;
  readonly batch: number;
  readonly size: number;
  readonly rate: string;
  readonly seed: number;
  readonly json: boolean;
}

/** Decoded training pictures are kept in memory up to this many bytes. */
const MOST_BYTES = 2 ** 31;

export function addTrain(program: Command): void {
  program
    .command("train")
    .description("train a photograph tokenizer on a folder of your own pictures")
    .argument("<folder>", "pictures, subfolders included")
    .requiredOption(
      "-o, --output <folder>",
      "model folder; a run that was stopped goes on from here",
    )
    .addOption(
      new Option("--preset <name>", "network")
        .choices(Object.keys(photoConfigs))
        .default("photo-8x"),
    )
    .option("--name <name>", "name of the tokenizer", "my-photos")
    .option("--steps <n>", "training steps", wholeNumber(1), 5000)
    .option("--batch <n>", "crops per step", wholeNumber(1), 8)
    .option("--size <pixels>", "side of a crop, a multiple of 32", wholeNumber(32), 128)
    .option("--rate <number>", "peak learning rate", "0.002")
    .option("--seed <n>", "seed of weights and crops", wholeNumber(0), 1)
    .option("--json", "the result as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  dtok train holiday/ -o my-model
  dtok encode photo.jpg --model ./my-model -o photo.tokens.safetensors

Ctrl-C writes a checkpoint; the same command goes on from it.`,
    )
    .action(async (folder: string, options: Options) => {
      const { steps, batch, size, seed } = options;
      const rate = Number(options.rate);
      if (!(rate > 0) || size % 32 !== 0) {
        throw new ArgumentError("training options", {
          expected: "a positive --rate and a --size that 32 divides",
          got: `--rate ${options.rate} --size ${size}`,
          remedy: "Leave them out for the defaults.",
        });
      }
      const pictures = await readPictures(folder, size);
      await mkdir(options.output, { recursive: true });
      const runtime = await createNodeRuntime();
      const config = photoConfigs[options.preset];
      const trainer = await Trainer.create(
        runtime,
        (graph) =>
          photoTraining(graph, config, {
            batch,
            size,
            seed,
            weights: { squared: 4, absolute: 0.3, structural: 0.1 },
          }),
        { betas: [0.9, 0.99], clipNorm: 0.5, averageDecay: 0.9995 },
      );
      const checkpoint = join(options.output, "checkpoint.safetensors");
      try {
        const resumed = loadCheckpoint(trainer, checkpoint);
        process.stderr.write(
          `${pictures.length} pictures${resumed ? `, going on from step ${trainer.step}` : ""}\n`,
        );
        await trainLoop(trainer, {
          steps,
          schedule: cosineSchedule({
            learningRate: rate,
            steps,
            warmup: Math.min(200, steps / 10),
          }),
          batch: (step) => crops(pictures, batch, size, new Random(seed, step + 1)),
          samples: batch,
          checkpoint,
          log: join(options.output, "log.jsonl"),
          signal: interruption.signal,
          onProgress: (p) => {
            const line = progressLine(p);
            process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
          },
        });
        if (process.stderr.isTTY) process.stderr.write("\n");
        const manifest = writeModel(options, trainer);
        if (options.json) printJson({ output: options.output, step: trainer.step, manifest });
        else process.stdout.write(`${options.output}: ${manifest.id}, ${trainer.step} steps\n`);
        interruption.signal.throwIfAborted();
      } finally {
        await trainer.close();
        await runtime.close();
      }
    });
}

async function readPictures(folder: string, size: number): Promise<ImageSignal[]> {
  const pictures: ImageSignal[] = [];
  let bytes = 0;
  const names = (await readdir(folder, { recursive: true })).toSorted();
  for (const name of names) {
    interruption.signal.throwIfAborted();
    if (!/\.(jpe?g|png|webp|avif|tiff?)$/i.test(name) || bytes > MOST_BYTES) continue;
    try {
      const image = await readImage(join(folder, name));
      if (Math.min(image.width, image.height) < size) continue;
      const rgb: ImageSignal = { ...image, data: toRgb(image), channels: 3 };
      bytes += rgb.data.length;
      pictures.push(rgb);
    } catch (error) {
      if (!isDtokError(error)) throw error;
      process.stderr.write(`left out: ${error.message}\n`);
    }
  }
  if (pictures.length > 0) return pictures;
  throw new ArgumentError("training pictures", {
    expected: `at least one picture of ${size} x ${size} pixels or more`,
    got: `none among ${names.length} files of ${folder}`,
    remedy: "Check the folder, or lower --size.",
  });
}

function crops(pictures: readonly ImageSignal[], batch: number, size: number, random: Random) {
  const data = new Uint8Array(batch * size * size * 3);
  for (let b = 0; b < batch; b++) {
    const { data: from, width, height } = pictures[random.integer(pictures.length)] as ImageSignal;
    const [x0, y0] = [random.integer(width - size + 1), random.integer(height - size + 1)];
    for (let y = 0; y < size; y++) {
      const row = ((y0 + y) * width + x0) * 3;
      data.set(from.subarray(row, row + size * 3), (b * size + y) * size * 3);
    }
  }
  return { pixels: { data, shape: [batch, size, size, 3] } };
}

function writeModel(options: Options, trainer: Trainer) {
  const { encoder, decoder, manifest } = exportPhotoModel(
    photoConfigs[options.preset],
    trainer.state(),
    { "dtok.step": String(trainer.step) },
  );
  const files: Record<string, { path: string; bytes: number; sha256: string }> = {};
  for (const [part, bytes] of Object.entries({ encoder, decoder })) {
    writeFileAtomic(join(options.output, `${part}.onnx`), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    files[part] = { path: `${part}.onnx`, bytes: bytes.length, sha256 };
  }
  const whole = {
    format: "dtok-manifest-1",
    id: `image/${options.name}`,
    modality: "image",
    version: "0.1.0",
    description: `${options.preset} trained for ${trainer.step} steps on pictures of its owner`,
    ...manifest,
    files,
    licences: { code: "Apache-2.0", weights: "its owner's", data: "its owner's" },
  };
  writeFileAtomic(
    join(options.output, "manifest.json"),
    new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`),
  );
  return whole;
}
