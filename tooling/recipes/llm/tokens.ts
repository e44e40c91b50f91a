/**
 * The pictures' tokens: the training crops of the image recipe (256 x 256), and of the held-out
 * photographs up to 6 such pieces each at full and at half size, all scaled down to 128 x 128.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/llm/tokens.ts image [--limit 14000]
 *
 * Writes .data/llm/image.safetensors: "train" and "test", uint16 [N, 256].
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeSafetensors } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { loadImageTokenizer } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import sharp from "sharp";
import type { Photograph } from "../image/fetch.js";
import { data, root } from "./sources.js";

const here = dirname(fileURLToPath(import.meta.url));
const SIZE = 256;
const { values } = parseArgs({
  allowPositionals: true,
  options: { limit: { type: "string", default: "14000" } },
});

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
const wanted = Math.min(count, Number(values.limit));
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
