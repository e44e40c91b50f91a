import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError, isDtokError } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import { decodeAacByModule } from "./aac-module.js";

/** Only this file is read, whatever it says, and as nothing but MP4 or a bare AAC stream. */
const SAFE = ["-protocol_whitelist", "file,pipe", "-format_whitelist", "mov,mp4,m4a,aac"];
/** Four hours of stereo at 48 kHz. */
const MAX_BYTES = 4 * 3600 * 48_000 * 2 * 4;

/** Bytes that a program writes. Rejects with ENOENT where there is no such program. */
function output(
  name: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = spawn(name, args, {
        stdio: ["ignore", "pipe", "pipe"],
        signal,
        killSignal: "SIGKILL",
      });
    } catch (error) {
      reject(error as Error);
      return;
    }
    const parts: Buffer[] = [];
    let size = 0;
    let said = "";
    child.stdout!.on("data", (part: Buffer) => {
      size += part.length;
      if (size > MAX_BYTES) child.kill("SIGKILL");
      else parts.push(part);
    });
    child.stderr!.on("data", (part: Buffer) => (said = (said + part.toString("utf8")).slice(-500)));
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(Buffer.concat(parts));
      else
        reject(new Error(size > MAX_BYTES ? "more than 4 hours" : said.trim().split("\n").at(-1)));
    });
  });
}

/**
 * AAC by an installed ffmpeg, which reads every profile, else by modules that npm installs. The file lies in
 * a folder of its own meanwhile, since MP4 is read back and forth.
 *
 * @throws MissingError without either, FormatError for what they refuse
 */
export async function decodeAac(bytes: Uint8Array, signal?: AbortSignal): Promise<AudioSignal> {
  const folder = mkdtempSync(join(tmpdir(), "dtok-audio-"));
  const drop = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", drop);
  try {
    const path = join(folder, "sound");
    writeFileSync(path, bytes);
    const input = ["-v", "error", ...SAFE];
    const show = ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,channels"];
    const head = await output(
      "ffprobe",
      [...input, ...show, "-of", "json", `file:${path}`],
      signal,
    );
    const { streams = [] } = JSON.parse(head.toString("utf8")) as {
      streams?: { sample_rate?: string; channels?: number }[];
    };
    const [rate, channels] = [Number(streams[0]?.sample_rate), Number(streams[0]?.channels)];
    if (!(rate > 0) || !(channels > 0)) throw new Error("no stream of sound");
    const form = ["-map", "0:a:0", "-f", "f32le", "-ar", String(rate), "-ac", String(channels)];
    const strict = ["-nostdin", ...input, "-xerror", "-i", `file:${path}`, ...form, "pipe:1"];
    const data = await output("ffmpeg", strict, signal);
    const length = Math.floor(data.length / 4 / channels);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const samples = Array.from({ length: channels }, () => new Float32Array(length));
    for (let i = 0, at = 0; i < length; i++) {
      for (let c = 0; c < channels; c++, at += 4) samples[c]![i] = view.getFloat32(at, true);
    }
    return { samples, sampleRate: rate };
  } catch (error) {
    if (signal?.aborted) throw error;
    const cause = error as NodeJS.ErrnoException;
    if (cause.code === "ENOENT" && cause.syscall?.startsWith("spawn")) return byModule(bytes);
    throw new FormatError("AAC sound", {
      expected: "a whole M4A or AAC file",
      got: cause.message || "one that ffmpeg refuses",
      remedy: "Check the file; it may be cut off.",
      cause,
    });
  } finally {
    process.off("exit", drop);
    drop();
  }
}

async function byModule(bytes: Uint8Array): Promise<AudioSignal> {
  try {
    return await decodeAacByModule(bytes);
  } catch (error) {
    if (isDtokError(error)) throw error;
    throw new FormatError("AAC sound", {
      expected: "a whole M4A or AAC file",
      got: error instanceof Error ? error.message : String(error),
      remedy: "Check the file; it may be cut off.",
      cause: error,
    });
  }
}
