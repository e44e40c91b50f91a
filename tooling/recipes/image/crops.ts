/**
 * Cuts the training pictures into 256 x 256 crops at several scales, in a fixed random order:
 * .data/image/train-crops.bin, uint8 [N, 256, 256, 3], and train-crops.json beside it.
 */
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@dtok/core";
import sharp from "sharp";
import type { Photograph } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "image");
const SIZE = 256;
/** No picture gives more than this: a 20-megapixel wallpaper is still one scene. */
const MOST = { photograph: 400, render: 12, texture: 6 } as const;
/** Crops per 256 x 256 pixels of a scale: they overlap, yet no two are the same. */
const DENSITY = 3;
/** A 4000-pixel original is smooth at its own scale; users' pictures are mostly 500 to 2000 pixels. */
const LARGEST = 2400;

async function main(): Promise<void> {
  const random = new Random(20_260_101);
  const list = (
    JSON.parse(readFileSync(join(here, "photographs.json"), "utf8")) as Photograph[]
  ).filter(({ split }) => split === "train");
  const path = join(data, "train-crops.bin");
  const file = openSync(`${path}.unshuffled`, "w");
  let count = 0;
  const byKind: Record<string, number> = {};
  for (const [n, { sha256, kind }] of list.entries()) {
    const image = sharp(join(data, "files", sha256), { limitInputPixels: 80e6 })
      .autoOrient()
      .flatten()
      .toColourspace("srgb");
    const full = await image
      .clone()
      .resize({ width: LARGEST, height: LARGEST, fit: "inside", withoutEnlargement: true })
      .png({ compressionLevel: 0 })
      .toBuffer();
    const { width, height } = await sharp(full).metadata();
    let left = MOST[kind];
    for (const scale of [0.5, 1, 0.25, 0.71, 0.35]) {
      const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
      if (Math.min(w, h) < SIZE) continue;
      const { data: pixels } = await sharp(full)
        .resize(w, h, { fit: "fill", kernel: "lanczos3" })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const share = Math.min(left, Math.ceil(((w * h) / SIZE ** 2) * DENSITY));
      for (let i = 0; i < share; i++) {
        const [x0, y0] = [random.integer(w - SIZE + 1), random.integer(h - SIZE + 1)];
        const crop = Buffer.alloc(SIZE * SIZE * 3);
        for (let y = 0; y < SIZE; y++) {
          const from = ((y0 + y) * w + x0) * 3;
          pixels.copy(crop, y * SIZE * 3, from, from + SIZE * 3);
        }
        // Flat crops teach nothing: most are left out.
        let change = 0;
        for (let p = 3; p < crop.length; p += 12)
          change += Math.abs((crop[p] as number) - (crop[p - 3] as number));
        if (change / (crop.length / 12) < 0.7 && random.float() > 0.1) continue;
        writeSync(file, crop);
        count++;
        byKind[kind] = (byKind[kind] ?? 0) + 1;
        left--;
      }
      if (left <= 0) break;
    }
    if (n % 100 === 99) console.log(`${n + 1}/${list.length} pictures, ${count} crops`);
  }
  closeSync(file);

  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const from = openSync(`${path}.unshuffled`, "r");
  const to = openSync(`${path}.part`, "w");
  const bytes = SIZE * SIZE * 3;
  const crop = Buffer.alloc(bytes);
  const { readSync } = await import("node:fs");
  for (const at of order) {
    readSync(from, crop, 0, bytes, at * bytes);
    writeSync(to, crop);
  }
  closeSync(from);
  closeSync(to);
  rmSync(`${path}.unshuffled`);
  renameSync(`${path}.part`, path);
  writeFileSync(
    join(data, "train-crops.json"),
    JSON.stringify({ count, size: SIZE, channels: 3, byKind }),
  );
  console.log(`${count} crops of ${list.length} pictures`, byKind);
}

await main();
