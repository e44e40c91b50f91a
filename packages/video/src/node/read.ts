import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError, FormatError, MissingError } from "@dtok/core";
import type { ImageSignal } from "@dtok/core";
import { openWithMediabunny } from "../signal/mediabunny.js";
import type { OpenedVideo, ReadVideoOptions as CommonOptions } from "../signal/options.js";
import { nominalRate } from "../signal/rate.js";
import { checkFps, checkSize } from "../signal/video.js";
import { i420ToRgb, yuvMatrix } from "../signal/yuv.js";
import type { YuvMatrix } from "../signal/yuv.js";
import { ending, hasFfmpeg, probe, SAFE_INPUT, startTool } from "./ffmpeg.js";
import { kindOfStills, openStills } from "./stills.js";

/** What `encode` takes in Node.js: a path, a file: URL, or the bytes of a file. */
export type VideoInput = string | URL | Uint8Array | ArrayBuffer | Blob;

export interface ReadVideoOptions extends CommonOptions {
  /**
   * Who decodes: "ffmpeg" (an installed one, in a process of its own) or "webcodecs" (mediabunny with
   * the WebCodecs of @mediabunny/server; AVI of motion JPEG and GIF by sharp). Default: ffmpeg where it is
   * installed.
   */
  readonly backend?: "ffmpeg" | "webcodecs";
}

/**
 * Opens a clip. Its frames are decoded as they are read, each reading from the start, and turned
 * upright as the file's metadata asks.
 */
export async function readVideo(
  input: VideoInput,
  options: ReadVideoOptions = {},
): Promise<OpenedVideo> {
  options.signal?.throwIfAborted();
  if (options.fps !== undefined) checkFps(options.fps);
  const backend = options.backend ?? ((await hasFfmpeg()) ? "ffmpeg" : "webcodecs");
  if (backend === "ffmpeg") {
    const bytes = await bytesOf(input);
    return bytes ? openBytes(bytes, options) : openFile(await pathOf(input), options);
  }
  const from = (await bytesOf(input)) ?? (await pathOf(input));
  const stills = await kindOfStills(from);
  if (stills) return openStills(stills, from, options);
  await provideWebCodecs();
  const { BufferSource, FilePathSource } = await import("mediabunny");
  return openWithMediabunny(
    () => (typeof from === "string" ? new FilePathSource(from) : new BufferSource(from)),
    options,
  );
}

async function bytesOf(input: VideoInput): Promise<Uint8Array | undefined> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (input instanceof Blob) return new Uint8Array(await input.arrayBuffer());
  return undefined;
}

async function pathOf(input: VideoInput): Promise<string> {
  const isPath = typeof input === "string" && input !== "" && !input.includes("\0");
  if (!isPath && !(input instanceof URL && input.protocol === "file:")) {
    throw new ArgumentError("video", {
      expected: "a path, a file: URL, or the bytes of a file",
      got: input instanceof URL ? input.protocol : input === null ? "null" : typeof input,
      remedy: "Download the file first, or pass { frames, width, height, fps }.",
    });
  }
  const path = resolve(input instanceof URL ? fileURLToPath(input) : input);
  let problem: string | undefined;
  try {
    if (!(await stat(path)).isFile()) problem = "something else than a file";
  } catch (error) {
    problem = (error as Error).message;
  }
  if (problem === undefined) return path;
  throw new ArgumentError(`video ${path}`, {
    expected: "a file that can be read",
    got: problem,
    remedy: "Check the path.",
  });
}

let provided: Promise<void> | undefined;

/** WebCodecs in Node.js, from the optional @mediabunny/server. */
function provideWebCodecs(): Promise<void> {
  provided ??= (async () => {
    if ("VideoDecoder" in globalThis) return;
    try {
      // Named by a variable: bundlers and type checkers need not find what is optional.
      const name = "@mediabunny/server";
      const server = (await import(name)) as {
        registerMediabunnyServer: (options: { hardwareContext: null }) => void;
      };
      // Without the search for a graphics card, which writes to stderr what it does not find.
      server.registerMediabunnyServer({ hardwareContext: null });
    } catch (error) {
      throw new MissingError("video decoder", {
        expected: "ffmpeg on the PATH, or the package @mediabunny/server",
        got: "neither",
        remedy: "Install one of them.",
        cause: error,
      });
    }
  })();
  return provided;
}

/** Bytes in a file of their own for as long as they are read: containers want to seek. */
async function openBytes(bytes: Uint8Array, options: ReadVideoOptions): Promise<OpenedVideo> {
  const withFile = async () => {
    const folder = await mkdtemp(join(tmpdir(), "dtok-video-"));
    const drop = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", drop);
    const path = join(folder, "clip");
    try {
      await writeFile(path, bytes);
    } catch (error) {
      drop();
      throw error;
    }
    const close = async () => {
      process.off("exit", drop);
      await rm(folder, { recursive: true, force: true });
    };
    return { path, close };
  };
  const first = await withFile();
  let head: OpenedVideo;
  try {
    head = await openFile(first.path, options);
  } finally {
    await first.close();
  }
  async function* frames(): AsyncGenerator<ImageSignal, void, undefined> {
    const { path, close } = await withFile();
    try {
      yield* (await openFile(path, options)).frames;
    } finally {
      await close();
    }
  }
  return { ...head, frames: { [Symbol.asyncIterator]: frames } };
}

async function openFile(path: string, options: ReadVideoOptions): Promise<OpenedVideo> {
  const stream = await probe(path, options.signal);
  const turned = Math.abs(stream.rotation) % 180 === 90;
  const [width, height] = turned ? [stream.height, stream.width] : [stream.width, stream.height];
  checkSize(width, height, options.maxPixels);
  // A variable rate shows as a nominal rate (a common multiple) far from the mean.
  const steady = Math.abs(stream.nominal - stream.mean) < 0.02 * stream.mean;
  const mean = steady ? stream.nominal : stream.mean > 0 ? stream.mean : stream.nominal;
  const fps = checkFps(options.fps ?? nominalRate(mean));
  const matrix = yuvMatrix(stream.matrix, width, height);
  const color = { matrix, fullRange: stream.fullRange };
  const frames = () => decode(path, width, height, fps, color, options);
  const { duration } = stream;
  return {
    width,
    height,
    fps,
    ...(duration === undefined ? {} : { duration }),
    frames: { [Symbol.asyncIterator]: frames },
  };
}

/** Frames by a child process that writes I420; at most some frames wait in the pipe. */
async function* decode(
  path: string,
  width: number,
  height: number,
  fps: number,
  { matrix, fullRange }: { readonly matrix: YuvMatrix; readonly fullRange: boolean },
  { signal }: ReadVideoOptions,
): AsyncGenerator<ImageSignal, void, undefined> {
  signal?.throwIfAborted();
  const child = startTool("ffmpeg", [
    "-nostdin",
    "-v",
    "error",
    ...SAFE_INPUT,
    "-i",
    `file:${path}`,
    "-map",
    "0:v:0",
    "-an",
    "-vf",
    // One size throughout, as the header says. What is 4:2:0 already passes as it is: our own
    // conversion to RGB is the same in browsers.
    `fps=${fps},scale=${width}:${height}:in_color_matrix=${matrix}:out_color_matrix=${matrix}:` +
      `out_range=${fullRange ? "pc" : "tv"},format=yuv420p`,
    "-f",
    "rawvideo",
    "pipe:1",
  ]);
  child.stdin?.end();
  const end = ending(child);
  end.catch(() => undefined);
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  const size = width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
  let frame = new Uint8Array(size);
  let filled = 0;
  let count = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const take = Math.min(chunk.length - at, size - filled);
        frame.set(chunk.subarray(at, at + take), filled);
        filled += take;
        at += take;
        if (filled < size) continue;
        const data = i420ToRgb(frame, width, height, matrix, fullRange);
        yield { data, width, height, channels: 3 };
        count++;
        filled = 0;
        frame = new Uint8Array(size);
      }
    }
    const { status, said } = await end;
    signal?.throwIfAborted();
    if (status !== 0 || filled > 0 || count === 0) {
      throw new FormatError("video stream", {
        expected: "frames that decode",
        got: `${said.split("\n").at(-1) || "nothing"} after ${count} frames`,
        remedy: "Check the file; it may be cut off or damaged.",
      });
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
