import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { ArgumentError, saveTokenGrid } from "@dtok/core";
import type { ImageSignal, Manifest, TokenGrid, VideoSignal } from "@dtok/core";
import { createRuntime, createWebRuntime } from "@dtok/runtime";
import {
  bitsOfVideo,
  compareVideos,
  loadVideoTokenizer,
  plugins,
  readVideo,
  writeVideo,
} from "@dtok/video";
import type { VideoInput, VideoTokenizer, VideoTokenizerName } from "@dtok/video";
import sharp from "sharp";
import { writeOutput } from "../files.js";
import { interruption, printJson, progressBar, table } from "../output.js";

export const DEFAULT_VIDEO = "clip-8x";
const ENDING = /\.(mp4|m4v|mov|webm|mkv|avi|ogv)$/i;

/** True for "clip-8x" and "video/clip-8x". */
export function isVideoModel(name: string): boolean {
  return Object.hasOwn(plugins, name.replace(/^video\//, ""));
}

/** Which of the inputs are clips, by their names; a GIF is one where a video tokenizer is chosen. */
export function areVideos(paths: readonly string[]): boolean[] {
  return paths.map((path) => ENDING.test(path));
}

export function videoManifests(): Manifest<"video">[] {
  return Object.values(plugins).map(({ manifest }) => manifest);
}

interface RunOptions {
  readonly model: string;
  readonly runtime: "auto" | "web";
  readonly json: boolean;
}

async function openVideoTokenizer({
  model,
  runtime: kind,
}: Omit<RunOptions, "json">): Promise<VideoTokenizer<VideoInput>> {
  const runtime = kind === "web" ? await createWebRuntime() : await createRuntime();
  try {
    const tokenizer = await loadVideoTokenizer(model as VideoTokenizerName, { runtime });
    const close = tokenizer.close.bind(tokenizer);
    return { ...tokenizer, close: () => close().then(() => runtime.close()) };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

export interface EncodeVideoOptions extends RunOptions {
  readonly output?: string;
  readonly outputFolder?: string;
  readonly packing: "integers" | "bits" | "radix";
}

export async function encodeVideos(
  paths: readonly string[],
  options: EncodeVideoOptions,
): Promise<void> {
  const { signal } = interruption;
  const tokenizer = await openVideoTokenizer(options);
  const bar = await progressBar("encoding", options.json);
  const results: Record<string, unknown>[] = [];
  try {
    for (const path of paths) {
      const begun = performance.now();
      const grid = await tokenizer.encode(path, {
        signal,
        onProgress: (done, total) => bar.update(done, total, basename(path)),
      });
      const name = `${basename(path, extname(path))}.tokens.safetensors`;
      const target = options.output ?? join(options.outputFolder ?? ".", name);
      const bytes = saveTokenGrid(grid, { packing: options.packing });
      signal.throwIfAborted();
      await writeOutput(target, bytes);
      results.push({
        input: path,
        output: target,
        tokenizer: tokenizer.manifest.id,
        grid: grid.shape,
        codes: grid.codes.data.length,
        frames: grid.side.frames,
        bitsPerSecond: bitsOfVideo(grid).perSecond,
        milliseconds: performance.now() - begun,
      });
    }
  } finally {
    bar.stop();
    await tokenizer.close();
  }
  if (results.some(({ output }) => output === "-")) return;
  if (options.json) printJson(results);
  else {
    for (const { input, output, grid, frames } of results) {
      const shape = (grid as number[]).join(" x ");
      process.stdout.write(
        `${String(input)} -> ${String(output)} (${String(frames)} frames, ${shape} cells)\n`,
      );
    }
  }
}

export async function decodeVideo(
  path: string,
  grid: TokenGrid,
  options: Partial<RunOptions> & { readonly output?: string; readonly json: boolean },
): Promise<void> {
  const begun = performance.now();
  const stem = path === "-" ? "stdin" : basename(path).replace(/(\.tokens)?\.safetensors$/, "");
  const target = options.output ?? `${stem}.mp4`;
  if (target === "-") {
    throw new ArgumentError("--output", {
      expected: "a .mp4, .mkv or .webm file, or a folder for PNG frames",
      got: "-",
      remedy: "Name a file; containers are not written to a pipe.",
    });
  }
  const { signal } = interruption;
  const model = options.model ?? grid.tokenizer ?? DEFAULT_VIDEO;
  const tokenizer = await openVideoTokenizer({ model, runtime: options.runtime ?? "auto" });
  const bar = await progressBar("decoding", options.json);
  try {
    const video = await tokenizer.decode(grid, {
      signal,
      onProgress: (done, total) => bar.update(done, total, basename(target)),
    });
    const frames = await writeVideo(video, target, { signal });
    const { width, height, fps } = video;
    const milliseconds = performance.now() - begun;
    if (options.json) {
      printJson({ input: path, output: target, frames, width, height, fps, milliseconds });
    } else {
      process.stdout.write(`${path} -> ${target} (${frames} frames of ${width} x ${height})\n`);
    }
  } finally {
    bar.stop();
    await tokenizer.close();
  }
}

/** Frames of a strip. */
const STRIP = 6;

/** Original above, decoded below, `STRIP` frames spread over the clip, as PNG. */
class Strip {
  private readonly tiles: { at: number; pair: [Uint8Array, Uint8Array] }[] = [];
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly frames: number,
  ) {}

  add(at: number, original: Uint8Array, decoded: Uint8Array): void {
    const step = Math.max(1, Math.floor(this.frames / STRIP));
    if (at % step === 0 && this.tiles.length < STRIP) {
      this.tiles.push({ at, pair: [original, decoded] });
    }
  }

  async png(): Promise<Uint8Array> {
    const { width, height } = this;
    const raw = { width, height, channels: 3 } as const;
    const layers = this.tiles.flatMap(({ pair }, i) =>
      pair.map((input, row) => ({
        input: input as Buffer,
        raw,
        left: i * width,
        top: row * height,
      })),
    );
    const canvas = {
      width: width * Math.max(1, this.tiles.length),
      height: 2 * height,
      channels: 3,
      background: "black",
    } as const;
    return sharp({ create: canvas }).composite(layers).png().toBuffer();
  }
}

/** Two clips beside each other, frame by frame. */
function beside(
  original: VideoSignal,
  decoded: VideoSignal,
  onPair: (at: number, a: Uint8Array, b: Uint8Array) => void,
): VideoSignal {
  const { width, height, fps } = original;
  async function* frames(): AsyncGenerator<ImageSignal> {
    const others = (decoded.frames as AsyncIterable<ImageSignal>)[Symbol.asyncIterator]();
    let at = 0;
    try {
      for await (const { data } of original.frames) {
        const { done, value } = await others.next();
        if (done) return;
        const out = new Uint8Array(width * height * 6);
        for (let y = 0; y < height; y++) {
          const row = (pixels: ArrayLike<number> & { subarray: Uint8Array["subarray"] }) =>
            pixels.subarray(y * width * 3, (y + 1) * width * 3);
          out.set(row(data as Uint8Array), y * width * 6);
          out.set(row(value.data as Uint8Array), y * width * 6 + width * 3);
        }
        onPair(at++, data as Uint8Array, value.data as Uint8Array);
        yield { data: out, width: 2 * width, height, channels: 3 };
      }
    } finally {
      await others.return?.();
    }
  }
  return { width: 2 * width, height, fps, frames: frames() };
}

export async function evaluateVideos(
  paths: readonly string[],
  options: RunOptions & { readonly outputFolder?: string },
): Promise<void> {
  const { signal } = interruption;
  if (options.outputFolder !== undefined) await mkdir(options.outputFolder, { recursive: true });
  const tokenizer = await openVideoTokenizer(options);
  const bar = await progressBar("measuring", options.json);
  const results: Record<string, number | string>[] = [];
  try {
    for (const path of paths) {
      const begun = performance.now();
      const original = await readVideo(path, { signal });
      const grid = await tokenizer.encode(original, {
        signal,
        onProgress: (done, total) => bar.update(done, total, basename(path)),
      });
      const encoded = performance.now();
      const decoded = await tokenizer.decode(grid, { signal });
      const { psnr, ssim, flicker, frames } = await compareVideos(original, decoded);
      const { perSecond, perPixel } = bitsOfVideo(grid);
      results.push({
        input: path,
        frames,
        bitsPerSecond: perSecond,
        bitsPerPixel: perPixel,
        psnr,
        ssim,
        flicker,
        encodedFramesPerSecond: (frames * 1000) / (encoded - begun),
      });
      if (options.outputFolder === undefined) continue;
      const stem = join(options.outputFolder, basename(path, extname(path)));
      const { width, height } = original;
      const strip = new Strip(width, height, frames);
      const both = beside(original, decoded, (at, a, b) => strip.add(at, a, b));
      await writeVideo(both, `${stem}.compare.mp4`, { signal });
      await writeOutput(`${stem}.strip.png`, await strip.png());
    }
  } finally {
    bar.stop();
    await tokenizer.close();
  }
  if (options.json) {
    printJson({ tokenizer: tokenizer.manifest.id, results });
    return;
  }
  const rows = results.map((r) => [
    basename(r.input as string),
    String(r.frames),
    ((r.bitsPerSecond as number) / 1000).toFixed(1),
    (r.psnr as number).toFixed(2),
    (r.ssim as number).toFixed(3),
    (r.flicker as number).toFixed(2),
  ]);
  const head = ["clip", "frames", "kbit/s", "PSNR dB", "SSIM", "flicker"];
  process.stdout.write(`${tokenizer.manifest.id}\n${await table(head, rows)}\n`);
}
