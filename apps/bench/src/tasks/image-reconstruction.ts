import { readFileSync } from "node:fs";
import type { Codec, ImageSignal, TokenGrid } from "@dtok/core";
import { bitsPerPixel, gmsd, multiScaleSsim, psnr, readImage, ssim } from "@dtok/image/node";
import sharp from "sharp";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { summariseAll } from "../harness/format.js";
import { sampleFiles } from "../harness/samples.js";
import type { BenchTask } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bpp", name: "bits per pixel", better: "less", digits: 4 },
  { key: "psnr", name: "PSNR, dB", better: "more", digits: 2 },
  { key: "ssim", name: "SSIM", better: "more", digits: 4 },
  { key: "msSsim", name: "MS-SSIM", better: "more", digits: 4 },
  { key: "gmsd", name: "GMSD", better: "less", digits: 4 },
];

const measure = (original: ImageSignal, decoded: ImageSignal, bpp: number) => ({
  bpp,
  psnr: psnr(original, decoded),
  ssim: ssim(original, decoded),
  msSsim: multiScaleSsim(original, decoded),
  gmsd: gmsd(original, decoded),
});

/** Every file through a tokenizer, after the checks. */
async function measureCodec(codec: Codec<ImageSignal>, files: readonly string[]) {
  const rows = [];
  for (const file of files) {
    const original = await readImage(file);
    const grid: TokenGrid = await codec.encode(original);
    rows.push(measure(original, await codec.decode(grid), bitsPerPixel(grid)));
  }
  return summariseAll(rows);
}

/** Pictures that the conformance checks are run on: small, of sizes that are no multiple of a stride. */
async function conformanceSignals(file: string): Promise<ImageSignal[]> {
  const sizes = [
    [96, 64],
    [51, 37],
  ] as const;
  return Promise.all(
    sizes.map(async ([width, height]) => {
      const { data } = await sharp(file)
        .resize(width, height, { fit: "cover" })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      return { data, width, height, channels: 3 as const };
    }),
  );
}

const qualities = {
  jpeg: [5, 10, 20, 40, 70],
  webp: [1, 5, 15, 40, 70],
  avif: [5, 15, 25, 40, 55],
} as const;

/** JPEG, WebP and AVIF by sharp, whole files with their headers. */
async function references(files: readonly string[]): Promise<BenchEntry[]> {
  const entries: BenchEntry[] = [];
  for (const [format, list] of Object.entries(qualities)) {
    for (const quality of list) {
      const rows = [];
      for (const file of files) {
        const bytes = readFileSync(file);
        const original = await readImage(bytes);
        const upright = sharp(bytes).autoOrient();
        const coded = await upright[format as keyof typeof qualities]({ quality }).toBuffer();
        const bits = (8 * coded.length) / (original.width * original.height);
        rows.push(measure(original, await readImage(coded), bits));
      }
      entries.push({
        id: `${format} ${quality}`,
        kind: "reference",
        status: "ok",
        values: summariseAll(rows),
      });
    }
  }
  return entries;
}

export const imageReconstruction: BenchTask<ImageSignal> = {
  id: "image/reconstruction",
  title: "Photographs: reconstruction of 6 held-out pictures",
  metrics,
  plot: { x: "bpp", y: ["psnr", "msSsim"] },
  files: () => sampleFiles(".jpg"),
  conformance: (files) => conformanceSignals(files[0]!),
  sameExtent: (a, b) => a.width === b.width && a.height === b.height,
  measure: measureCodec,
  references,
};
