/**
 * What a tokenizer makes of the samples, for its page: pictures side by side, spectrograms, clips, skeletons,
 * neighbourhoods, films, and how often each code is used. All of it is run here, from the weights that ship.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import { MelSpectrogram, encodeWav, readAudio } from "@dtok/audio/node";
import { codebookUsage } from "@dtok/core";
import type {
  AudioSignal,
  Codec,
  ImageSignal,
  ModelRuntime,
  TokenGrid,
  VideoSignal,
} from "@dtok/core";
import { psnr, readImage } from "@dtok/image/node";
import { readMotion, renderMotionGif, sliceMotion } from "@dtok/motion/node";
import type { MotionSignal } from "@dtok/motion/node";
import { filmVectors } from "@dtok/recsys/node";
import type { ItemSignal } from "@dtok/recsys/node";
import { collectVideo, readVideo } from "@dtok/video/node";
import { parse } from "csv-parse/sync";
import sharp from "sharp";
import { openCodec } from "../../bench/src/harness/plugins.js";
import { toSvg, plotDocument } from "./figure.js";
import { neighbourhoods } from "./graph-example.js";
import type { Shipped } from "./manifests.js";

export interface Example {
  /** What it shows, in words. */
  readonly title: string;
  /** Files below pictures/, side by side. `still` is shown to who wants no motion. */
  readonly pictures?: readonly {
    readonly file: string;
    readonly alt: string;
    readonly width: number;
    readonly height: number;
    readonly still?: string;
  }[];
  readonly sounds?: readonly { readonly file: string; readonly name: string }[];
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }; // prettier-ignore
}

export interface Examples {
  readonly examples: readonly Example[];
  /** A picture of how often codes are used, and what it shows. */
  readonly usage: readonly { readonly file: string; readonly alt: string; readonly says: string }[];
}

interface Work {
  readonly codec: Codec<unknown>;
  readonly short: string;
  readonly samples: string;
  readonly folder: string;
  readonly grids: TokenGrid[];
}

/** The examples of one tokenizer; none of a modality that is not known here. */
export async function examplesOf(
  { manifest, plugin, folder }: Shipped,
  runtime: ModelRuntime,
  root: string,
  pictures: string,
): Promise<Examples> {
  const make = makers[manifest.modality];
  if (make === undefined) return { examples: [], usage: [] };
  const codec = await openCodec(plugin, join(root, folder, "models"), runtime);
  await mkdir(pictures, { recursive: true });
  const short = manifest.id.replace("/", "-");
  const work: Work = { codec, short, samples: join(root, "samples"), folder: pictures, grids: [] };
  try {
    const examples = await make(work);
    return { examples, usage: await usageOf(work) };
  } finally {
    await codec.close();
  }
}

const makers: Readonly<Record<string, ((work: Work) => Promise<Example[]>) | undefined>> = {
  image: images,
  audio: sounds,
  video: clips,
  motion: motions,
  graph: ({ codec, grids, samples, folder, short }) =>
    neighbourhoods(codec, grids, samples, folder, short),
  recsys: films,
};

async function through<S>(
  { codec, grids }: Work,
  signal: S,
): Promise<{ grid: TokenGrid; back: S }> {
  const grid = await codec.encode(signal);
  grids.push(grid);
  return { grid, back: (await codec.decode(grid)) as S };
}

async function images(work: Work): Promise<Example[]> {
  const examples: Example[] = [];
  for (const name of ["cat", "coffee", "pavilion"]) {
    const original = await readImage(join(work.samples, `${name}.jpg`));
    const { grid, back } = await through(work, original);
    const [width, height] = [400, Math.round((400 * original.height) / original.width)];
    const save = async (image: ImageSignal, file: string) => {
      const raw = { width: image.width, height: image.height, channels: image.channels };
      await sharp(image.data, { raw }).webp({ quality: 88 }).toFile(join(work.folder, file));
    };
    const [first, second] = [`${name}.webp`, `${work.short}-${name}.webp`];
    await save(original, first);
    await save(back, second);
    const tokens = grid.codes.data.length;
    examples.push({
      title: `${original.width} x ${original.height} pixels, ${tokens} tokens, ${psnr(original, back).toFixed(1)} dB`,
      pictures: [
        { file: first, alt: `${name}, original`, width, height },
        { file: second, alt: `${name}, decoded from tokens`, width, height },
      ],
    });
  }
  return examples;
}

/** Dark blue over violet and orange to white, as most spectrograms are shown. */
const COLOURS = [
  [0, 0, 20],
  [60, 10, 110],
  [170, 40, 90],
  [240, 120, 30],
  [255, 250, 190],
] as const;
export const SPECTROGRAM_BANDS = 96;

/** A logarithmic mel spectrogram, 80 dB from dark to bright; gives its width in pixels. */
export async function spectrogram(
  { samples, sampleRate }: AudioSignal,
  path: string,
): Promise<number> {
  const x = samples[0]!;
  const mel = new MelSpectrogram(
    sampleRate,
    1024,
    Math.max(64, Math.floor(x.length / 480)),
    SPECTROGRAM_BANDS,
  );
  const values = mel.of(x);
  const frames = mel.frames(x.length);
  const pixels = new Uint8Array(frames * SPECTROGRAM_BANDS * 3);
  for (let t = 0; t < frames; t++) {
    for (let b = 0; b < SPECTROGRAM_BANDS; b++) {
      const decibels = 20 * Math.log10(Math.max(1e-5, values[t * SPECTROGRAM_BANDS + b]!));
      const place = Math.max(0, Math.min(0.999, (decibels + 80) / 80)) * (COLOURS.length - 1);
      const low = Math.floor(place);
      for (let c = 0; c < 3; c++) {
        const [from, to] = [COLOURS[low]![c]!, COLOURS[low + 1]![c]!];
        pixels[((SPECTROGRAM_BANDS - 1 - b) * frames + t) * 3 + c] = Math.round(from + (to - from) * (place - low)); // prettier-ignore
      }
    }
  }
  await sharp(pixels, { raw: { width: frames, height: SPECTROGRAM_BANDS, channels: 3 } })
    .webp({ quality: 90 })
    .toFile(path);
  return frames;
}

async function sounds(work: Work): Promise<Example[]> {
  const examples: Example[] = [];
  for (const name of ["conf-kicked", "confbridge-only-participant"]) {
    const original = await readAudio(join(work.samples, `${name}.wav`));
    const { grid, back } = await through(work, original);
    const parts = [
      ["original", original, name],
      ["decoded from tokens", back, `${work.short}-${name}`],
    ] as const;
    const pictures = [];
    for (const [what, signal, file] of parts) {
      const width = await spectrogram(signal, join(work.folder, `${file}.webp`));
      await writeFile(join(work.folder, `${file}.wav`), encodeWav(signal));
      pictures.push({
        file: `${file}.webp`,
        alt: `Spectrogram of ${name}, ${what}`,
        width,
        height: SPECTROGRAM_BANDS,
      });
    }
    const seconds = original.samples[0]!.length / original.sampleRate;
    examples.push({
      title: `${seconds.toFixed(1)} s of speech, ${grid.codes.data.length} tokens`,
      pictures,
      sounds: parts.map(([what, , file]) => ({ file: `${file}.wav`, name: what })),
    });
  }
  return examples;
}

async function clips(work: Work): Promise<Example[]> {
  const examples: Example[] = [];
  for (const name of ["carphone"]) {
    const original = await collectVideo(await readVideo(join(work.samples, `${name}.mp4`)));
    const { grid, back } = await through<VideoSignal>(work, original);
    const decoded = await collectVideo(back);
    const pictures = [];
    for (const [what, clip, file] of [
      ["original", original, name],
      ["decoded from tokens", decoded, `${work.short}-${name}`],
    ] as const) {
      const frames = clip.frames as readonly ImageSignal[];
      const { width, height } = clip;
      const joined = new Uint8Array(frames.length * width * height * 3);
      for (const [t, { data }] of frames.entries()) joined.set(data, t * width * height * 3);
      const raw = { width, height: height * frames.length, channels: 3 as const, pageHeight: height }; // prettier-ignore
      const delay = frames.map(() => Math.round(1000 / clip.fps));
      await sharp(joined, { raw })
        .webp({ quality: 80, loop: 0, delay, effort: 2 })
        .toFile(join(work.folder, `${file}.webp`));
      await sharp(frames.at(-1)!.data, { raw: { width, height, channels: 3 } })
        .webp({ quality: 85 })
        .toFile(join(work.folder, `${file}-still.webp`));
      pictures.push({
        file: `${file}.webp`,
        still: `${file}-still.webp`,
        alt: `${name}, ${what}`,
        width,
        height,
      });
    }
    const frames = (original.frames as readonly ImageSignal[]).length;
    examples.push({ title: `${frames} frames, ${grid.codes.data.length} tokens`, pictures });
  }
  return examples;
}

async function motions(work: Work): Promise<Example[]> {
  const original = sliceMotion(await readMotion(join(work.samples, "boxing.bvh")), 0, 150);
  const { grid, back } = await through<MotionSignal>(work, original);
  const file = `${work.short}-boxing.gif`;
  const gif = await renderMotionGif([
    { title: "original", motion: original },
    { title: "decoded from tokens", motion: back },
  ]);
  await writeFile(join(work.folder, file), gif);
  const { width = 640, height = 320 } = await sharp(gif).metadata();
  const still = `${work.short}-boxing-still.webp`;
  await sharp(gif, { page: 40 }).webp({ quality: 85 }).toFile(join(work.folder, still));
  const alt = "Skeletons boxing: the original, and what is decoded from tokens";
  return [
    {
      title: `5 s of boxing, ${grid.codes.data.length} tokens; the original's skeleton, and the tokenizer's`,
      pictures: [{ file, still, alt, width, height }],
    },
  ];
}

async function films(work: Work): Promise<Example[]> {
  const read = async (name: string) =>
    parse<{ title: string; year: string; genres: string }>(
      await readFile(join(work.samples, name), "utf8"),
      { columns: true },
    );
  const [known, fresh] = [await read("films.csv"), await read("films-new.csv")];
  const { grid } = await through<ItemSignal>(work, { vectors: filmVectors(known) });
  const { grid: news } = await through<ItemSignal>(work, { vectors: filmVectors(fresh) });
  const width = grid.codes.shape[1];
  const idOf = ({ codes }: TokenGrid, n: number) => [...codes.data.subarray(n * width, (n + 1) * width)]; // prettier-ignore
  const rows = ["Parasite", "Toy Story 4", "Oppenheimer", "Dune: Part Two", "Free Solo", "Wicked"];
  const table = rows.map((title) => {
    const n = fresh.findIndex((film) => film.title === title);
    const id = idOf(news, n);
    const shared = (m: number) => {
      const other = idOf(grid, m);
      const at = other.findIndex((code, q) => code !== id[q]);
      return at < 0 ? width : at;
    };
    const near = known
      .map((film, m) => ({ film, shared: shared(m) }))
      .filter((one) => one.shared > 0)
      .toSorted((a, b) => b.shared - a.shared)
      .slice(0, 3);
    return [
      `${title} (${fresh[n]!.year})`,
      id.join(" "),
      near.map(({ film, shared: s }) => `${film.title} (${s} of ${width})`).join("; "),
    ];
  });
  return [
    {
      title:
        "Films that came after training, by their texts, and known ones that share first codes",
      table: { head: ["film", "codes", "shares codes with"], rows: table },
    },
  ];
}

const INKS = ["#2646b8", "#b3541e", "#2d7a46"];

/** Counts of codes, the most used first, for each level that is worth a line. */
async function usageOf({ codec, grids, short, folder }: Work): Promise<Examples["usage"]> {
  const { codebookSizes: sizes } = codec.manifest;
  const rows = grids.reduce((sum, { codes }) => sum + codes.shape[0], 0);
  const data = new Int32Array(rows * sizes.length);
  let at = 0;
  for (const { codes } of grids) {
    data.set(codes.data, at);
    at += codes.data.length;
  }
  const usage = codebookUsage({ data, shape: [rows, sizes.length] }, sizes);
  const levels = [...new Set([0, sizes.length >> 1, sizes.length - 1])];
  const points = levels.flatMap((level) => {
    const counts = new Map<number, number>();
    for (let n = 0; n < rows; n++) {
      const code = data[n * sizes.length + level]!;
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    return [...counts.values()]
      .toSorted((a, b) => b - a)
      .map((count, rank) => ({ level: `level ${level + 1}`, rank: rank + 1, share: (100 * count) / rows })); // prettier-ignore
  });
  const file = `${short}-usage.svg`;
  const { document, style } = plotDocument();
  const figure = Plot.plot({
    document,
    style,
    width: 640,
    height: 260,
    marginLeft: 52,
    marginBottom: 40,
    x: { type: "log", label: "code, the most used first →", grid: true, tickFormat: "~s" },
    y: { type: "log", label: "↑ share of all codes, %", grid: true, tickFormat: "~g" },
    color: { domain: levels.map((level) => `level ${level + 1}`), range: INKS },
    marks: [
      Plot.line(points, { x: "rank", y: "share", stroke: "level", strokeWidth: 2 }),
      ...(levels.length > 1 ? levels : []).map((level, i) =>
        Plot.text([`level ${level + 1}`], {
          frameAnchor: "top-right",
          dy: 16 * i + 4,
          dx: -8,
          fill: INKS[i]!,
          fontWeight: "bold",
          text: (name: string) => name,
        }),
      ),
    ],
  });
  await writeFile(join(folder, file), toSvg(figure));
  const first = usage[0]!;
  const says =
    `Over the samples on this page, ${rows} ${rows === 1 ? "position" : "positions"}: the first codebook uses ` +
    `${first.used} of ${first.size} codes, perplexity ${first.perplexity.toFixed(0)}. ` +
    "A flat line is even use; few samples cannot show all of a large codebook.";
  return [{ file, alt: `How often codes of ${codec.manifest.id} are used, by rank`, says }];
}
