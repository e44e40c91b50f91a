/**
 * Cuts the training clips into records of 9 frames of 160 x 160 pixels at several scales and frame
 * steps: .data/video/train-records.bin. Needs a system ffmpeg (data preparation only).
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/prepare.ts
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@dtok/core";
import type { Clip } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, "..", "..", "..", ".data", "video");
const clips = JSON.parse(readFileSync(join(here, "clips.json"), "utf8")) as Clip[];

const SIZE = 160;
const FRAMES = 9;
/** Heights that clips are scaled to (never up beyond their own). */
const HEIGHTS = [200, 320];

const random = new Random(7);
const out = openSync(join(data, "train-records.bin.part"), "w");
let count = 0;
for (const clip of clips) {
  if (clip.split !== "train") continue;
  for (const height of HEIGHTS) {
    const { stdout, status } = spawnSync(
      "ffmpeg",
      [
        "-v",
        "error",
        "-i",
        join(data, "files", clip.sha256),
        "-vf",
        `scale=-2:'min(${height},ih)':flags=area,scale='max(iw,${SIZE})':-2`,
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
    for (let start = 0; start + FRAMES <= frames; start += 5) {
      const step = Math.min(1 + random.integer(2), Math.floor((frames - start - 1) / (FRAMES - 1)));
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
