import { readFileSync } from "node:fs";
import type { ImageSignal } from "@dtok/core";
import { gmsd, multiScaleSsim, psnr, readImage, ssim } from "@dtok/image/node";
import sharp from "sharp";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { summariseAll } from "../harness/format.js";
import { sampleFiles } from "../harness/samples.js";
import type { BenchTask, Score } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "bpp", name: "bits per pixel", better: "less", digits: 4 },
  { key: "psnr", name: "PSNR, dB", better: "more", digits: 2 },
  { key: "ssim", name: "SSIM", better: "more", digits: 4 },
  { key: "msSsim", name: "MS-SSIM", better: "more", digits: 4 },
  { key: "gmsd", name: "GMSD", better: "less", digits: 4 },
];

const compare = (original: ImageSignal, decoded: ImageSignal, bits: number) => ({
  bpp: bits / (original.width * original.height),
  psnr: psnr(original, decoded),
  ssim: ssim(original, decoded),
  msSsim: multiScaleSsim(original, decoded),
  gmsd: gmsd(original, decoded),
});

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
async function references(
  files: readonly string[],
  score: Score<ImageSignal>,
): Promise<BenchEntry[]> {
  const entries: BenchEntry[] = [];
  for (const [format, list] of Object.entries(qualities)) {
    for (const quality of list) {
      const rows = [];
      for (const file of files) {
        const bytes = readFileSync(file);
        const original = await readImage(bytes);
        const upright = sharp(bytes).autoOrient();
        const coded = await upright[format as keyof typeof qualities]({ quality }).toBuffer();
        rows.push(await score(original, await readImage(coded), 8 * coded.length));
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
  signals: (files) => Promise.all(files.map((file) => readImage(file))),
  compare,
  unit: "megapixels",
  amount: ({ width, height }) => (width * height) / 1e6,
  references,
};
