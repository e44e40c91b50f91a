import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { ArgumentError, MissingError, ValueError } from "@dtok/core";
import type { ImageSignal, VideoSignal } from "@dtok/core";
import { checkVideo, frameRgb } from "../signal/video.js";
import { ending, hasFfmpeg, startTool } from "./ffmpeg.js";
import { loadSharp } from "./sharp.js";

export interface WriteVideoOptions {
  readonly signal?: AbortSignal;
  /** Called after each frame. */
  readonly onFrame?: (done: number) => void;
}

/** Encoder options per file ending. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  ".mp4": ["-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", "-movflags", "+faststart"],
  ".mkv": ["-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p"],
  ".webm": ["-c:v", "libvpx-vp9", "-crf", "20", "-b:v", "0", "-row-mt", "1", "-pix_fmt", "yuv420p"],
};
const MUXERS: Readonly<Record<string, string>> = {
  ".mp4": "mp4",
  ".mkv": "matroska",
  ".webm": "webm",
};

/**
 * Writes a clip: .mp4, .mkv (H.264) or .webm (VP9) by an installed ffmpeg, or PNG frames into the folder
 * that a path without one of these endings names (needs sharp). A video file appears whole or not at
 * all. Returns the number of frames.
 */
export async function writeVideo(
  video: VideoSignal,
  path: string,
  options: WriteVideoOptions = {},
): Promise<number> {
  checkVideo(video, Infinity);
  const kind = extname(path).toLowerCase();
  if (Object.hasOwn(CONTAINERS, kind)) return writeContainer(video, path, kind, options);
  if (kind !== "") {
    throw new ArgumentError("video file", {
      expected: "a name ending in .mp4, .mkv or .webm, or a folder for PNG frames",
      got: path,
      remedy: "Choose one of these.",
    });
  }
  return writeFrames(video, path, options);
}

async function writeContainer(
  video: VideoSignal,
  path: string,
  kind: string,
  { signal, onFrame }: WriteVideoOptions,
): Promise<number> {
  if (!(await hasFfmpeg())) {
    throw new MissingError("ffmpeg", {
      expected: "ffmpeg on the PATH to write video files",
      got: "none",
      remedy: "Install it, or write PNG frames into a folder.",
    });
  }
  const { width, height, fps } = video;
  const target = resolve(path);
  const parent = await stat(dirname(target)).catch(() => undefined);
  if (!parent?.isDirectory()) {
    throw new ArgumentError(path, {
      expected: "a place in a folder that exists",
      got: dirname(target),
      remedy: "Make the folder first.",
    });
  }
  const temporary = `${target}.${process.pid}.tmp`;
  const child = startTool("ffmpeg", [
    "-v",
    "error",
    "-y",
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-s",
    `${width}x${height}`,
    "-r",
    String(fps),
    "-i",
    "pipe:0",
    // 4:2:0 wants even sizes: an odd side grows by one black line.
    "-vf",
    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
    ...(CONTAINERS[kind] as string[]),
    "-f",
    MUXERS[kind] as string,
    `file:${temporary}`,
  ]);
  child.stdout?.resume();
  const end = ending(child);
  const gone = end.then(
    () => undefined,
    () => undefined,
  );
  let count = 0;
  let whole = false;
  try {
    for await (const frame of video.frames) {
      signal?.throwIfAborted();
      if (child.exitCode !== null) break;
      if (!child.stdin?.write(frameRgb(frame, width, height))) {
        // Whoever comes first: room in the pipe, or the end of the program.
        await Promise.race([new Promise((done) => child.stdin?.once("drain", done)), gone]);
      }
      count++;
      onFrame?.(count);
    }
    child.stdin?.end();
    const { status, said } = await end;
    signal?.throwIfAborted();
    if (status !== 0 || count === 0) {
      throw new ValueError(path, {
        expected: "frames that ffmpeg can encode",
        got:
          said.split("\n").at(-1) || (count === 0 ? "no frames" : `exit status ${String(status)}`),
        remedy: "Check the installed ffmpeg's encoders, or write PNG frames.",
      });
    }
    const file = await open(temporary, "r+");
    await file.sync();
    await file.close();
    await rename(temporary, target);
    whole = true;
    return count;
  } finally {
    if (!whole) {
      child.kill("SIGKILL");
      await gone;
      await rm(temporary, { force: true });
    }
  }
}

async function writeFrames(
  video: VideoSignal,
  folder: string,
  { signal, onFrame }: WriteVideoOptions,
): Promise<number> {
  const sharp = await loadSharp();
  await mkdir(folder, { recursive: true });
  let count = 0;
  for await (const frame of video.frames as AsyncIterable<ImageSignal>) {
    signal?.throwIfAborted();
    const { width, height } = video;
    const raw = frameRgb(frame, width, height);
    const name = join(folder, `${String(count).padStart(6, "0")}.png`);
    const bytes = await sharp(raw, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const file = await open(`${name}.tmp`, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${name}.tmp`, name);
    count++;
    onFrame?.(count);
  }
  return count;
}
