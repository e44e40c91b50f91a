/**
 * Measures the video tokenizers on the held-out clips against the photograph tokenizers frame by frame,
 * and against H.264, H.265 and AV1 at the first tokenizer's bits and at multiples of them; writes cards,
 * their tables in the models' README.md, and measured.md beside this file.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/video/evaluate.ts clip-8x clip-8x-fine \
 *     [--frames 66] [--codecs h264,h265,av1] [--rates 1,2,4] [--write]
 *
 * What does not depend on the tokenizers' networks (photographs, codecs at given bits) is kept in
 * .data/video/evaluate/references.json and not measured again; delete it to do so.
 * Needs a system ffmpeg (with libx264, libx265, libaom or SVT-AV1) for the codecs and for scaling.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ImageSignal, Measurement, VideoSignal } from "@dtok/core";
import { bitsOf } from "@dtok/core";
import { loadImageTokenizer } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";
import {
  bitsOfVideo,
  collectVideo,
  compareVideos,
  loadVideoTokenizer,
  readVideo,
} from "@dtok/video";
import type { VideoComparison, VideoTokenizerName } from "@dtok/video";
import type { Clip } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const data = join(root, ".data", "video");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: "string", default: "66" },
    width: { type: "string", default: "320" },
    write: { type: "boolean", default: false },
    codecs: { type: "string", default: "h264,h265,av1" },
    rates: { type: "string", default: "1,2,4" },
  },
});
const names = (positionals.length > 0 ? positionals : ["clip-8x"]) as VideoTokenizerName[];

const work = join(data, "evaluate");
mkdirSync(work, { recursive: true });
const ffmpeg = (...args: string[]) =>
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args], { stdio: ["ignore", "ignore", "pipe"] });

const ENCODERS: Readonly<Record<string, readonly string[]>> = {
  h264: ["-c:v", "libx264", "-preset", "medium"],
  h265: ["-c:v", "libx265", "-preset", "medium", "-x265-params", "log-level=error"],
  av1: ["-c:v", "libaom-av1", "-cpu-used", "6", "-row-mt", "1"],
};

interface Row extends VideoComparison {
  readonly method: string;
  readonly clip: string;
  /** Bits per second, side information and container included. */
  readonly bits: number;
  /** Codes per frame. */
  readonly tokens?: number;
  /** A codec's rate as a multiple of the first tokenizer's bits. */
  readonly rate?: number;
}
const rows: Row[] = [];

const kept = join(work, "references.json");
const references: Record<string, Row | null> = existsSync(kept)
  ? (JSON.parse(readFileSync(kept, "utf8")) as Record<string, Row | null>)
  : {};
/** A row that was measured before, or now. */
async function reference(key: string, measure: () => Promise<Row | undefined>): Promise<void> {
  const name = `${key} ${values.width} ${values.frames}`;
  references[name] ??= (await measure()) ?? null;
  writeFileAtomic(kept, new TextEncoder().encode(JSON.stringify(references)));
  const row = references[name];
  if (row) rows.push(row);
}

const videos = await Promise.all(names.map((name) => loadVideoTokenizer(name)));
const images = [await loadImageTokenizer("photo-8x"), await loadImageTokenizer("photo-16x")];
const clips = (JSON.parse(readFileSync(join(here, "clips.json"), "utf8")) as Clip[]).filter(
  ({ split }) => split === "test",
);
for (const { path, sha256 } of clips) {
  const clip = path.split("/").at(-1) as string;
  const scaled = join(work, `${clip}.${values.width}.${values.frames}.mkv`);
  if (!existsSync(scaled)) {
    const size = `scale='min(${values.width},iw)':-2:flags=area`;
    const lossless = ["-frames:v", values.frames, "-an", "-c:v", "ffv1", "-pix_fmt", "yuv420p"];
    ffmpeg("-i", join(data, "files", sha256), "-vf", size, ...lossless, scaled);
  }
  const original: VideoSignal = await collectVideo(await readVideo(scaled));
  const { width, height, fps } = original;
  const frames = (original.frames as ImageSignal[]).length;

  let bits = 0;
  for (const video of videos) {
    const grid = await video.encode(original);
    const spent = bitsOfVideo(grid).perSecond;
    bits ||= spent;
    rows.push({
      method: video.manifest.id.slice("video/".length),
      clip,
      bits: spent,
      tokens: grid.codes.data.length / frames,
      ...(await compareVideos(original, await video.decode(grid))),
    });
  }
  for (const image of images) {
    await reference(`${image.manifest.id} ${clip}`, async () => {
      const grids = await image.encodeBatch(original.frames as ImageSignal[]);
      const back = { ...original, frames: await image.decodeBatch(grids) };
      const total = grids.reduce((sum, one) => sum + bitsOf(one).total, 0);
      return {
        method: image.manifest.id,
        clip,
        bits: (total * fps) / frames,
        tokens: grids.reduce((sum, { codes }) => sum + codes.data.length, 0) / frames,
        ...(await compareVideos(original, back)),
      };
    });
  }
  for (const codec of values.codecs.split(",").filter(Boolean)) {
    const out = join(work, `${clip}.${codec}.mkv`);
    for (const rate of values.rates.split(",").map(Number)) {
      await reference(`${codec} ${clip} ${Math.round((bits * rate) / 100)}`, async () => {
        // A short clip cannot be steered exactly: the largest rate whose file stays within the bits.
        for (const share of [1, 0.85]) {
          const wanted = String(Math.round(bits * rate * share));
          ffmpeg("-i", scaled, ...(ENCODERS[codec] as string[]), "-b:v", wanted, "-g", "33", out);
          const spent = (statSync(out).size * 8 * fps) / frames;
          if (spent > bits * rate * 1.03 && share === 1) continue;
          const decoded = await readVideo(out, { fps });
          const compared = await compareVideos(original, decoded);
          return { method: codec, clip, bits: spent, rate, ...compared };
        }
        return undefined;
      });
    }
    rmSync(out, { force: true });
  }
  console.log(`${clip}: ${frames} frames of ${width} x ${height} at ${fps.toFixed(2)}/s`);
  for (const row of rows.filter((r) => r.clip === clip)) console.log(line(row));
}
for (const video of videos) await video.close();
for (const image of images) await image.close();

function line(r: Row): string {
  return `| ${[
    r.method,
    r.clip,
    (r.bits / 1000).toFixed(1),
    r.tokens === undefined ? "–" : r.tokens.toFixed(0),
    r.psnr.toFixed(2),
    r.ssim.toFixed(3),
    r.flicker.toFixed(2),
  ].join(" | ")} |`;
}

const packages = [...new Set(clips.map((clip) => clip.package))].join(", ");
const about = `${clips.length} held-out clips of ${packages}; ${values.frames} frames, at most ${values.width} pixels wide`;

/** Means over clips of one method; of a codec, at the first tokenizer's bits. */
function measurements(method: string, prefix: string): Measurement[] {
  const own = rows.filter((row) => row.method === method && (row.rate ?? 1) === 1);
  if (own.length === 0) return [];
  const value = (key: "psnr" | "ssim" | "flicker" | "bits") =>
    Number((own.reduce((sum, row) => sum + row[key], 0) / own.length).toFixed(4));
  return [
    { metric: `${prefix}bits per second`, value: value("bits"), unit: "bits/s", data: about },
    { metric: `${prefix}psnr`, value: value("psnr"), unit: "dB", data: about },
    { metric: `${prefix}ssim`, value: value("ssim"), data: about },
    { metric: `${prefix}flicker`, value: value("flicker"), unit: "8-bit steps", data: about },
  ];
}

/**
 * Codes per frame that the photograph tokenizers need for a PSNR: on the line between the two that were
 * measured. Beyond either end only a bound is known.
 */
function photographCodes(clip: string, psnr: number): { codes: number; bound: "" | "<" | ">" } {
  const points = rows
    .filter((r) => r.clip === clip && r.method.startsWith("image/"))
    .toSorted((a, b) => a.psnr - b.psnr);
  const [low, high] = [points[0] as Row, points.at(-1) as Row];
  if (psnr <= low.psnr) return { codes: low.tokens as number, bound: "<" };
  if (psnr >= high.psnr) return { codes: high.tokens as number, bound: ">" };
  const share = (psnr - low.psnr) / (high.psnr - low.psnr);
  const [a, b] = [low.tokens as number, high.tokens as number];
  return { codes: a + share * (b - a), bound: "" };
}

const head = [
  "| method | clip | kbit/s | codes/frame | PSNR dB | SSIM | flicker (less is better) |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
];
const table = [...head, ...rows.map(line)].join("\n");
/** Codes against the photograph tokenizers' at the same PSNR; a bound where it lies beyond both. */
function ratio({ clip, psnr, tokens = 0 }: Row): { value: number; needed: string; text: string } {
  const { codes, bound } = photographCodes(clip, psnr);
  const value = tokens / codes;
  // Fewer codes than the bound: a ratio of at least this, and the other way round.
  const inverse = bound === "<" ? "> " : bound === ">" ? "< " : "";
  return {
    value,
    needed: `${bound} ${codes.toFixed(0)}`.trim(),
    text: `${inverse}${value.toFixed(2)}`,
  };
}
const ratiosOf = (of: readonly string[]) =>
  [
    "| tokenizer | clip | codes/frame | photographs' codes/frame at its PSNR | ratio |",
    "| --- | --- | ---: | ---: | ---: |",
    ...of.flatMap((name) => {
      const own = rows.filter(({ method }) => method === name);
      const mean = own.reduce((sum, row) => sum + ratio(row).value, 0) / own.length;
      return [
        ...own.map((row) => {
          const { needed, text } = ratio(row);
          return `| ${name} | ${row.clip} | ${(row.tokens ?? 0).toFixed(0)} | ${needed} | ${text} |`;
        }),
        `| ${name} | mean, bounds as they stand | | | ${mean.toFixed(2)} |`,
      ];
    }),
  ].join("\n");
/** Means over clips, one row a method. */
const meansOf = (of: readonly string[]) =>
  [
    "| method | kbit/s | codes/frame | PSNR dB | SSIM | flicker (less is better) |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...of.map((method) => {
      const own = rows.filter((row) => row.method === method && (row.rate ?? 1) === 1);
      const mean = (of: (row: Row) => number) =>
        own.reduce((sum, row) => sum + of(row), 0) / own.length;
      const cells = [
        method,
        (mean(({ bits }) => bits) / 1000).toFixed(1),
        own[0]?.tokens === undefined ? "–" : mean(({ tokens = 0 }) => tokens).toFixed(0),
        mean(({ psnr }) => psnr).toFixed(2),
        mean(({ ssim }) => ssim).toFixed(3),
        mean(({ flicker }) => flicker).toFixed(2),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");
const methods = [...new Set(rows.map(({ method }) => method))];
const means = meansOf(methods);
const ratios = ratiosOf(names);
console.log(`${about}\n${means}\n\n${ratios}`);
if (values.write) {
  const encode = (text: string) => new TextEncoder().encode(text);
  const others = methods.filter((method) => !(names as string[]).includes(method));
  // What all are compared with stands on the first one's card alone.
  for (const [i, name] of names.entries()) {
    const card = [
      ...measurements(name, ""),
      ...(i > 0 ? [] : others.flatMap((method) => measurements(method, `${method} `))),
    ];
    const folder = join(root, "packages", "video", "models", name);
    writeFileAtomic(join(folder, "card.json"), encode(`${JSON.stringify(card, null, 2)}\n`));
    const readme = join(folder, "README.md");
    const text = readFileSync(readme, "utf8");
    const from = text.indexOf("## Measured");
    // What is said below the last table stays; check it.
    const until = text.indexOf("\n", text.lastIndexOf("\n|", text.indexOf("\n## ", from)) + 1);
    const measured = `## Measured\n\nMeans over ${about}; codecs at clip-8x's bits (each clip:\n\`tooling/recipes/video/measured.md\`).\n\n${i === 0 ? means : meansOf([names[0] as string, name])}\n\nCodes at the same PSNR, against the photograph tokenizers frame by frame:\n\n${ratiosOf([name])}`;
    writeFileAtomic(readme, encode(text.slice(0, from) + measured + text.slice(until)));
  }
  writeFileAtomic(
    join(here, "measured.md"),
    encode(
      `# Video tokenizers, measured\n\n${about}. Written by evaluate.ts.\n\n${means}\n\n${table}\n\nCodes at the same PSNR, against the photograph tokenizers frame by frame (on the line between photo-16x\nand photo-8x):\n\n${ratios}\n`,
    ),
  );
}
