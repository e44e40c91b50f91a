import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { FormatError, LimitError, MissingError } from "@dtok/core";

/** Containers that are opened. Playlists, which name other files, are not among them. */
const FORMATS = [
  ..."mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,ogg,flv,mpeg,mpegts,mpegvideo".split(","),
  ..."asf,ivf,h264,hevc,m4v,mjpeg,mxf,nut,obu,yuv4mpegpipe,webp_pipe,png_pipe,jpeg_pipe".split(","),
].join(",");

/** Only this file is read, and never a network. */
export const SAFE_INPUT = ["-protocol_whitelist", "file", "-format_whitelist", FORMATS];

const children = new Set<ChildProcess>();
let hooked = false;

/** A child that does not outlive this process. */
export function startTool(name: "ffmpeg" | "ffprobe", args: readonly string[]): ChildProcess {
  if (!hooked) {
    hooked = true;
    process.once("exit", () => {
      for (const child of children) child.kill("SIGKILL");
    });
  }
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
  children.add(child);
  child.once("close", () => children.delete(child));
  // Writing to a tool that has gone is reported by its exit.
  child.stdin.on("error", () => undefined);
  return child;
}

/** How a tool ended: its exit status and the end of what it said. */
export function ending(child: ChildProcess): Promise<{ status: number | null; said: string }> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") return reject(error);
      reject(
        new MissingError("ffmpeg", {
          expected: "ffmpeg and ffprobe on the PATH",
          got: "no such programs",
          remedy: "Install ffmpeg, or @mediabunny/server beside this package.",
          cause: error,
        }),
      );
    });
    child.once("close", (status) => resolve({ status, said: said.trim() }));
  });
}

let available: Promise<boolean> | undefined;

/** True where an ffmpeg with ffprobe runs. Asked once per process. */
export function hasFfmpeg(): Promise<boolean> {
  available ??= (async () => {
    try {
      for (const name of ["ffmpeg", "ffprobe"] as const) {
        const child = startTool(name, ["-version"]);
        child.stdout?.resume();
        if ((await ending(child)).status !== 0) return false;
      }
      return true;
    } catch {
      return false;
    }
  })();
  return available;
}

/** A header is small; a probe that takes longer is looking at something hostile. */
const PROBE_MS = 30_000;
const PROBE_BYTES = 1 << 20;

export interface ProbedStream {
  readonly width: number;
  readonly height: number;
  /** Frames per second: the nominal rate and the mean one. */
  readonly nominal: number;
  readonly mean: number;
  /** Seconds, where the header says. */
  readonly duration?: number;
  /** Degrees, a multiple of 90. */
  readonly rotation: number;
  /** Colours as the header declares them: "bt709", "smpte170m" …, or "unknown". */
  readonly matrix: string;
  readonly fullRange: boolean;
}

/** The first video stream's sizes. */
export async function probe(path: string, signal?: AbortSignal): Promise<ProbedStream> {
  const child = startTool("ffprobe", [
    "-v",
    "error",
    ...SAFE_INPUT,
    "-select_streams",
    "v:0",
    "-show_entries",
    // `side_data` alone would also match that of frames, and read the whole film for it.
    "stream=width,height,r_frame_rate,avg_frame_rate,color_space,color_range:stream_side_data=rotation:format=duration",
    "-of",
    "json",
    "-i",
    `file:${path}`,
  ]);
  const end = ending(child);
  let text = "";
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, PROBE_MS);
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    if (text.length > PROBE_BYTES) stop();
  });
  try {
    const { status, said } = await end;
    signal?.throwIfAborted();
    if (late || text.length > PROBE_BYTES) {
      throw new LimitError("video file", {
        expected: `a header that is read within ${PROBE_MS / 1000} s`,
        got: "more",
        remedy: "Check the file.",
      });
    }
    if (status !== 0) {
      throw new FormatError("video file", {
        expected: "MP4, WebM, MKV, AVI, GIF or another video",
        got: said.split("\n").at(-1) ?? "an unknown format",
        remedy: "Check the file; it may be cut off or no video.",
      });
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
  const { streams = [], format } = JSON.parse(text) as {
    streams?: Record<string, unknown>[];
    format?: { duration?: string };
  };
  const duration = Number(format?.duration);
  const stream = streams[0];
  if (!stream) {
    throw new FormatError("video file", {
      expected: "a video stream",
      got: "none",
      remedy: "Check that this is the right file; sound alone is for @dtok/audio.",
    });
  }
  const rate = (value: unknown) => {
    const [over, under] = String(value).split("/").map(Number) as [number, number];
    return over / under;
  };
  const sides = (stream.side_data_list ?? []) as { rotation?: number }[];
  return {
    width: Number(stream.width),
    height: Number(stream.height),
    nominal: rate(stream.r_frame_rate),
    mean: rate(stream.avg_frame_rate),
    ...(duration > 0 && duration < Infinity ? { duration } : {}),
    rotation: sides.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0,
    matrix: String(stream.color_space ?? "unknown"),
    fullRange: stream.color_range === "pc",
  };
}
