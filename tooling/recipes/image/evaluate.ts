/**
 * Measures a tokenizer on the held-out photographs (packages that training never saw), beside JPEG,
 * WebP and AVIF at the same bits on the same pictures, and writes the model card.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/image/evaluate.ts photo-8x [--limit 60] [--no-codecs]
 *
 * A codec gets every quality setting, at full size and scaled down (and up again), and the best PSNR
 * that it reaches in at most the tokens' bytes counts; where even its smallest file is larger, that
 * smallest file counts, in the codec's favour. A codec's whole file is counted, headers included.
 * WebP is measured without scaling too, as most people write it. Where the tokens stand on photographs
 * with much detail and on those with little is told apart, and how many bits their codes would need if
 * they were entropy coded: a code costs the same everywhere, a codec's bits go where they are needed.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ImageSignal } from "@dtok/core";
import {
  bitsPerPixel,
  gmsd,
  haarPsi,
  loadImageTokenizer,
  multiScaleSsim,
  psnr,
  ssim,
} from "@dtok/image";
import type { ImageTokenizerName } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import sharp from "sharp";
import type { Photograph } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: "string", default: "1000" },
    "no-codecs": { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const name = positionals[0] as ImageTokenizerName;

const METRICS = {
  psnr,
  ssim,
  msSsim: multiScaleSsim,
  haarPsi,
  gmsd,
} as const;
type Row = Record<keyof typeof METRICS | "bpp", number>;

function measure(original: ImageSignal, other: ImageSignal, bpp: number): Row {
  const row = { bpp } as Row;
  for (const [key, metric] of Object.entries(METRICS)) {
    row[key as keyof typeof METRICS] = metric(original, other);
  }
  return row;
}

type CodecName = "jpeg" | "webp" | "avif";

async function squeeze(
  image: ImageSignal,
  codec: CodecName,
  bytes: number,
  scales: readonly number[] = [1, 0.71, 0.5, 0.35],
): Promise<Row> {
  const { width, height } = image;
  const raw = { raw: { width, height, channels: 3 as const } };
  let best: { picture: ImageSignal; size: number; psnr: number } | undefined;
  let smallest: { picture: ImageSignal; size: number } | undefined;
  for (const scale of scales) {
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    const small = await sharp(image.data, raw).resize(w, h, { fit: "fill" }).raw().toBuffer();
    const encode = (quality: number) => {
      const pipeline = sharp(small, { raw: { width: w, height: h, channels: 3 } });
      if (codec === "jpeg") return pipeline.jpeg({ quality, mozjpeg: true }).toBuffer();
      if (codec === "webp") return pipeline.webp({ quality, effort: 5 }).toBuffer();
      return pipeline.avif({ quality, effort: 3 }).toBuffer();
    };
    const back = async (file: Buffer): Promise<ImageSignal> => {
      const data = await sharp(await sharp(file).raw().toBuffer(), {
        raw: { width: w, height: h, channels: 3 },
      })
        .resize(width, height, { fit: "fill", kernel: "cubic" })
        .removeAlpha()
        .raw()
        .toBuffer();
      return { data, width, height, channels: 3 };
    };
    let [low, high] = [1, 90];
    let fit: Buffer | undefined;
    while (low <= high) {
      const quality = (low + high) >> 1;
      const file = await encode(quality);
      if (file.length <= bytes) {
        fit = file;
        low = quality + 1;
      } else {
        if (quality === 1 && (!smallest || file.length < smallest.size)) {
          smallest = { picture: await back(file), size: file.length };
        }
        high = quality - 1;
      }
    }
    if (!fit) continue;
    const picture = await back(fit);
    const found = psnr(image, picture);
    if (!best || found > best.psnr) best = { picture, size: fit.length, psnr: found };
    // Smaller scales only help while the codec is starved.
    else break;
  }
  const chosen = best ?? (smallest as NonNullable<typeof smallest>);
  return measure(image, chosen.picture, (chosen.size * 8) / (width * height));
}

const list = (JSON.parse(readFileSync(join(here, "photographs.json"), "utf8")) as Photograph[])
  .filter(({ split, width, height }) => split === "test" && Math.min(width, height) >= 300)
  .slice(0, Number(values.limit));
const tokenizer = await loadImageTokenizer(name);
const UNSCALED = "webp, not scaled";
const rows: Record<string, Row[]> = { [name]: [], jpeg: [], webp: [], [UNSCALED]: [], avif: [] };
const used = new Map<number, number>();
/** Bits per pixel of WebP at quality 50: how much there is in a photograph. */
const detail: number[] = [];
let codes = 0;
for (const { sha256 } of list) {
  const { data, info } = await sharp(join(root, ".data", "image", "files", sha256))
    .autoOrient()
    .flatten({ background: "#fff" })
    .toColourspace("srgb")
    .resize({ width: 1024, height: 1024, fit: "inside", withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) continue;
  const image: ImageSignal = { data, width: info.width, height: info.height, channels: 3 };
  const grid = await tokenizer.encode(image);
  for (const code of grid.codes.data) used.set(code, (used.get(code) ?? 0) + 1);
  codes += grid.codes.data.length;
  const bpp = bitsPerPixel(grid);
  (rows[name] as Row[]).push(measure(image, await tokenizer.decode(grid), bpp));
  if (values["no-codecs"]) continue;
  const bytes = Math.ceil((bpp * image.width * image.height) / 8);
  for (const codec of ["jpeg", "webp", "avif"] as const) {
    (rows[codec] as Row[]).push(await squeeze(image, codec, bytes));
  }
  (rows[UNSCALED] as Row[]).push(await squeeze(image, "webp", bytes, [1]));
  const raw = { raw: { width: image.width, height: image.height, channels: 3 as const } };
  const webp = await sharp(image.data, raw).webp({ quality: 50 }).toBuffer();
  detail.push((webp.length * 8) / (image.width * image.height));
}
await tokenizer.close();

const means = Object.fromEntries(
  Object.entries(rows)
    .filter(([, list]) => list.length > 0)
    .map(([key, list]) => [
      key,
      Object.fromEntries(
        Object.keys(list[0] as Row).map((metric) => [
          metric,
          list.reduce((sum, row) => sum + row[metric as keyof Row], 0) / list.length,
        ]),
      ) as Row,
    ]),
);
const count = (rows[name] as Row[]).length;
console.log(
  `${count} held-out photographs, ${codes} codes, ${used.size} of ${tokenizer.manifest.codebookSizes[0]} used`,
);
console.table(means);
let entropy = 0;
for (const n of used.values()) entropy -= (n / codes) * Math.log2(n / codes);
/** Means of HaarPSI over the half of the photographs with the most detail, and over the other. */
const halves = (who: string): [number, number] => {
  const order = detail.map((_, i) => i).toSorted((a, b) => detail[b]! - detail[a]!);
  const middle = Math.ceil(order.length / 2);
  const of = (part: number[]) =>
    part.reduce((sum, i) => sum + (rows[who] as Row[])[i]!.haarPsi, 0) / part.length;
  return [of(order.slice(0, middle)), of(order.slice(middle))];
};
console.log(`${entropy.toFixed(2)} bits of entropy per code`);
if (!values["no-codecs"]) {
  for (const who of Object.keys(rows)) {
    console.log(
      `HaarPSI, much detail and little: ${who} ${halves(who)
        .map((v) => v.toFixed(3))
        .join(" ")}`,
    );
  }
}
if (values.write) {
  const packages = [...new Set(list.map((photograph) => photograph.package))].toSorted();
  const data = `${count} held-out photographs of ${packages.join(", ")}, at most 1024 pixels a side`;
  const units: Record<string, string> = { bpp: "bits per pixel", psnr: "dB" };
  const card = Object.entries(means).flatMap(([who, row]) =>
    Object.entries(row).map(([metric, value]) => ({
      metric: who === name ? metric : `${who} ${metric}`,
      value: Number(value.toFixed(4)),
      ...(units[metric] ? { unit: units[metric] } : {}),
      data,
    })),
  );
  card.push({
    metric: "share of the codebook used",
    value: Number((used.size / (tokenizer.manifest.codebookSizes[0] as number)).toFixed(4)),
    data: `${data}; ${codes} codes`,
  });
  card.push({
    metric: "entropy of the codes",
    value: Number(entropy.toFixed(2)),
    unit: "bits per code",
    data: `${data}; each code by itself, ${codes} of them`,
  });
  for (const who of Object.keys(rows)) {
    const prefix = who === name ? "" : `${who} `;
    for (const [i, half] of ["the half with most detail", "the half with least detail"].entries()) {
      const value = Number((halves(who)[i] as number).toFixed(4));
      card.push({ metric: `${prefix}haarPsi, ${half}`, value, data });
    }
  }
  writeFileAtomic(
    join(root, "packages", "image", "models", name, "card.json"),
    new TextEncoder().encode(`${JSON.stringify(card, null, 2)}\n`),
  );
}
