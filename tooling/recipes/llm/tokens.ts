/**
 * Tokens of one source, by the tokenizer that dtok ships:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/llm/tokens.ts image [--limit 14000]
 *   tsx --conditions=@dtok/source tooling/recipes/llm/tokens.ts sound [--limit 4000]
 *
 * image: the training crops of the image recipe (256 x 256), and of the held-out photographs up to 6 such
 * pieces each at full and at half size, all scaled down to 128 x 128. sound: random pieces of 2.56 seconds,
 * half speech and half music, of the audio recipe's training and test side, at the coarsest 4 levels.
 *
 * Writes .data/llm/<source>.safetensors: "train" and "test", uint16, one sequence a row.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random, writeSafetensors } from "@dtok/core";
import type { ImageSignal, Tensor } from "@dtok/core";
import { loadAudioTokenizer } from "@dtok/audio";
import { loadImageTokenizer } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import sharp from "sharp";
import { Pieces } from "../audio/pieces.js";
import type { Photograph } from "../image/fetch.js";
import { data, root } from "./sources.js";

const here = dirname(fileURLToPath(import.meta.url));
const SIZE = 256;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { limit: { type: "string" } },
});
if (positionals[0] === "sound") await sounds(Number(values.limit ?? 4000));
else await images(Number(values.limit ?? 14_000));

async function sounds(limit: number): Promise<void> {
  const levels = 4;
  const frames = 128;
  const tokenizer = await loadAudioTokenizer("sound-16k");
  const { id, codebookSizes, stride } = tokenizer.manifest;
  const sampleRate = 16_000;
  const groups = { train: limit, test: 300 } as const;
  const tensors: Record<string, Tensor> = {};
  for (const [split, count] of Object.entries(groups)) {
    const pieces = ["speech", "music"].map(
      (kind) => new Pieces(join(root, ".data", "audio"), `${split}-${kind}`),
    );
    const random = new Random(split === "train" ? 21 : 22);
    const codes = new Uint16Array(count * frames * levels);
    for (let n = 0; n < count; n++) {
      const samples = new Float32Array(frames * stride[0]!);
      pieces[n % 2]!.draw(random, samples);
      const grid = await tokenizer.encode({ samples: [samples], sampleRate }, { levels });
      if (grid.shape.join() !== String(frames) || grid.codes.shape[1] !== levels) {
        throw new Error(
          `Expected ${frames} frames of ${levels} codes, got ${grid.codes.shape.join(" x ")}`,
        );
      }
      codes.set(grid.codes.data, n * frames * levels);
      if (n % 500 === 499) console.log(`${split} ${n + 1}/${count}`);
    }
    for (const piece of pieces) piece.close();
    tensors[split] = { data: codes, shape: [count, frames, levels] };
  }
  await tokenizer.close();
  const notes = { tokenizer: id, codebookSizes: JSON.stringify(codebookSizes.slice(0, levels)) };
  writeFileAtomic(join(data, "sound.safetensors"), writeSafetensors(tensors, notes));
}

async function images(limit: number): Promise<void> {
  const tokenizer = await loadImageTokenizer("photo-8x");
  const codes: { train: number[]; test: number[] } = { train: [], test: [] };
  async function take(split: "train" | "test", pixels: Uint8Array): Promise<void> {
    const raw = { width: SIZE, height: SIZE, channels: 3 } as const;
    const data = await sharp(pixels, { raw })
      .resize(SIZE / 2, SIZE / 2, { kernel: "lanczos3" })
      .raw()
      .toBuffer();
    const signal: ImageSignal = { data, width: SIZE / 2, height: SIZE / 2, channels: 3 };
    codes[split].push(...(await tokenizer.encode(signal)).codes.data);
  }

  const images = join(root, ".data", "image");
  const { count } = JSON.parse(readFileSync(join(images, "train-crops.json"), "utf8")) as {
    count: number;
  };
  const bytes = SIZE * SIZE * 3;
  const file = openSync(join(images, "train-crops.bin"), "r");
  const wanted = Math.min(count, limit);
  for (let n = 0; n < wanted; n++) {
    const pixels = new Uint8Array(bytes);
    readSync(file, pixels, 0, bytes, n * bytes);
    await take("train", pixels);
    if (n % 2000 === 1999) console.log(`${n + 1}/${wanted} crops`);
  }
  closeSync(file);

  const photographs = JSON.parse(
    readFileSync(join(here, "..", "image", "photographs.json"), "utf8"),
  ) as Photograph[];
  for (const { sha256, split } of photographs) {
    if (split !== "test") continue;
    for (const scale of [1, 0.5]) {
      const source = sharp(join(images, "files", sha256))
        .autoOrient()
        .flatten()
        .toColourspace("srgb");
      const { info } = await source.clone().toBuffer({ resolveWithObject: true });
      const most = Math.min(1, 2400 / Math.max(info.width, info.height)) * scale;
      const { data: pixels, info: size } = await source
        .resize(Math.round(info.width * most), Math.round(info.height * most), { fit: "fill" })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      // No photograph counts for more than a few pieces.
      let left = 6;
      for (let y = 0; y + SIZE <= size.height && left > 0; y += 2 * SIZE) {
        for (let x = 0; x + SIZE <= size.width && left > 0; x += 2 * SIZE, left--) {
          const piece = new Uint8Array(bytes);
          for (let row = 0; row < SIZE; row++) {
            const from = ((y + row) * size.width + x) * 3;
            piece.set(pixels.subarray(from, from + SIZE * 3), row * SIZE * 3);
          }
          await take("test", piece);
        }
      }
    }
  }
  await tokenizer.close();
  const tensor = (list: number[]) => ({
    data: Uint16Array.from(list),
    shape: [list.length / 256, 256],
  });
  writeFileAtomic(
    join(data, "image.safetensors"),
    writeSafetensors(
      { train: tensor(codes.train), test: tensor(codes.test) },
      { tokenizer: tokenizer.manifest.id },
    ),
  );
  console.log(`train ${codes.train.length / 256}, test ${codes.test.length / 256} pieces`);
}
