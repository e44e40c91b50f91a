import { statSync } from "node:fs";
import { join } from "node:path";
import { bitsOf } from "@dtok/core";
import type { ImageSignal, VideoSignal } from "@dtok/core";
import { loadImageTokenizer } from "@dtok/image/node";
import { collectVideo, compareVideos, readVideo } from "@dtok/video/node";
import { withFfmpeg } from "../harness/ffmpeg.js";
import { summariseAll } from "../harness/format.js";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { sampleFiles } from "../harness/samples.js";
import type { BenchTask, Score } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "kbps", name: "kbit/s", better: "less", digits: 1 },
  { key: "psnr", name: "PSNR, dB", better: "more", digits: 2 },
  { key: "ssim", name: "SSIM", better: "more", digits: 4 },
  { key: "flicker", name: "flicker", better: "less", digits: 2 },
];

const framesOf = (clip: VideoSignal) => clip.frames as readonly ImageSignal[];
const open = async (file: string) => collectVideo(await readVideo(file));

async function compare(original: VideoSignal, decoded: VideoSignal, bits: number) {
  const { psnr, ssim, flicker } = await compareVideos(original, decoded);
  const seconds = framesOf(original).length / original.fps;
  return { kbps: bits / seconds / 1000, psnr, ssim, flicker };
}

const CODECS = {
  "h.264": ["-c:v", "libx264", "-preset", "medium"],
  "h.265": ["-c:v", "libx265", "-preset", "medium", "-x265-params", "log-level=error"],
  av1: ["-c:v", "libaom-av1", "-cpu-used", "6", "-row-mt", "1"],
} as const;

/** H.264, H.265 and AV1 by an installed ffmpeg, whole files; and photograph tokenizers frame by frame. */
async function references(
  files: readonly string[],
  score: Score<VideoSignal>,
): Promise<BenchEntry[]> {
  const entries: BenchEntry[] = [];
  for (const name of ["photo-8x", "photo-16x"] as const) {
    const image = await loadImageTokenizer(name);
    const rows = [];
    for (const file of files) {
      const original = await open(file);
      const grids = await image.encodeBatch(framesOf(original));
      const decoded = { ...original, frames: await image.decodeBatch(grids) };
      const bits = grids.reduce((sum, grid) => sum + bitsOf(grid).total, 0);
      rows.push(await score(original, decoded, bits));
    }
    await image.close();
    const values = summariseAll(rows);
    entries.push({ id: `frames by image/${name}`, kind: "reference", status: "ok", values });
  }
  await withFfmpeg(async (ffmpeg, folder) => {
    for (const [name, options] of Object.entries(CODECS)) {
      for (const quality of name === "av1" ? [63, 55, 45, 35] : [45, 39, 33, 27]) {
        const rows = [];
        for (const file of files) {
          const original = await open(file);
          const out = join(folder, "coded.mkv");
          const rate = ["-crf", String(quality), ...(name === "av1" ? ["-b:v", "0"] : [])];
          ffmpeg("-i", file, ...options, ...rate, "-g", "33", "-an", out);
          const decoded = await readVideo(out, { fps: original.fps });
          rows.push(await score(original, decoded, 8 * statSync(out).size));
        }
        const values = summariseAll(rows);
        entries.push({ id: `${name} crf ${quality}`, kind: "reference", status: "ok", values });
      }
    }
  });
  return entries;
}

export const videoReconstruction: BenchTask<VideoSignal> = {
  id: "video/reconstruction",
  title: "Clips: reconstruction of 3 held-out clips of 33 frames",
  metrics,
  plot: { x: "kbps", y: ["psnr", "ssim"] },
  files: () => sampleFiles(".mp4"),
  async conformance(files) {
    const clip = await open(files[0]!);
    const part = (count: number, width: number, height: number): VideoSignal => ({
      fps: clip.fps,
      width,
      height,
      frames: framesOf(clip)
        .slice(0, count)
        .map((frame) => corner(frame, width, height)),
    });
    return [part(6, 64, 48), part(1, 41, 33)];
  },
  sameExtent: (a, b) => a.width === b.width && a.height === b.height && a.fps === b.fps,
  signals: (files) => Promise.all(files.map(open)),
  compare,
  unit: "frames of 320 x 180",
  amount: (clip) => (framesOf(clip).length * clip.width * clip.height) / (320 * 180),
  references,
};

function corner({ data, width: whole }: ImageSignal, width: number, height: number): ImageSignal {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    out.set(data.subarray(y * whole * 3, (y * whole + width) * 3), y * width * 3);
  }
  return { data: out, width, height, channels: 3 };
}
