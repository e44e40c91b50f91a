/**
 * The clip tokenizers end to end: a file of 256 x 256 pixels to tokens, and tokens to a file.
 *
 *   pnpm bench video [--runs 5] [--frames 66] [--size 256] [--json]
 *
 * Needs an installed ffmpeg. Files are decoded and encoded by processes of their own, or by threads of
 * @mediabunny/server, while the networks work. The share of the media's own time that is hidden is the
 * overlap: (read alone + encode from memory - encode from the file) / read alone, the median over runs of
 * what each run gave; likewise of writing, where the encoder alone is measured on frames in memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ImageSignal, VideoSignal } from "@dtok/core";
import { createRuntime } from "@dtok/runtime/node";
import { collectVideo, loadVideoTokenizer, plugins, readVideo, writeVideo } from "@dtok/video/node";
import type { VideoTokenizerName } from "@dtok/video/node";
import { timedRuntime } from "./harness/timed-runtime.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    frames: { type: "string", default: "66" },
    size: { type: "string", default: "256" },
    json: { type: "boolean", default: false },
  },
});
const [runs, frames, size] = [values.runs, values.frames, values.size].map(Number) as [
  number,
  number,
  number,
];
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] as number;

/** Textures that pan at three speeds: something for block matching to find. */
function scene(): VideoSignal {
  const pictures = Array.from({ length: frames }, (_, t): ImageSignal => {
    const data = new Uint8Array(size * size * 3);
    for (let y = 0, o = 0; y < size; y++) {
      const speed = 1 + Math.floor((3 * y) / size);
      for (let x = 0; x < size; x++) {
        const u = x + speed * t;
        const value = 128 + 50 * Math.sin(u * 0.13) * Math.cos(y * 0.17) + 30 * Math.sin(u * 0.51);
        data[o++] = value;
        data[o++] = value * 0.8 + 20;
        data[o++] = 255 - value;
      }
    }
    return { data, width: size, height: size, channels: 3 };
  });
  return { frames: pictures, width: size, height: size, fps: 25 };
}

const folder = mkdtempSync(join(tmpdir(), "dtok-bench-video-"));
const rows: Record<string, Record<string, number>> = {};
try {
  const file = join(folder, "clip.mp4");
  await writeVideo(scene(), file);
  const native = await createRuntime();
  const clock = timedRuntime(native);
  for (const name of Object.keys(plugins) as VideoTokenizerName[]) {
    const tokenizer = await loadVideoTokenizer(name, { runtime: clock.runtime });
    const inMemory = await collectVideo(await readVideo(file));
    const grid = await tokenizer.encode(inMemory);
    const drain = async (video: VideoSignal) => {
      for await (const _ of video.frames);
    };
    // Interleaved, so that a busy machine slows all of them alike.
    const work: Record<string, () => Promise<unknown>> = {
      read: async () => drain(await readVideo(file)),
      encodeMemory: () => tokenizer.encode(inMemory),
      encodeFile: () => tokenizer.encode(file),
      decodeFrames: async () => drain(await tokenizer.decode(grid)),
      write: () => writeVideo(inMemory, join(folder, "back.mp4")),
      decodeFile: async () => writeVideo(await tokenizer.decode(grid), join(folder, "back.mp4")),
    };
    const times: Record<string, number[]> = {};
    const shares: Record<string, number[]> = {};
    for (let run = 0; run <= runs; run++) {
      for (const [key, task] of Object.entries(work)) {
        const before = clock.milliseconds();
        const start = performance.now();
        await task();
        const spent = performance.now() - start;
        if (run === 0) continue;
        (times[key] ??= []).push(spent);
        (shares[key] ??= []).push((clock.milliseconds() - before) / spent);
      }
    }
    await tokenizer.close();
    const ms = (key: string) => median(times[key] as number[]);
    const share = (key: string) => median(shares[key] as number[]) * 100;
    /** Of the time that `media` takes alone, the share that `both` does not wait for. */
    const hidden = (media: string, codec: string, both: string) =>
      median(
        (times[media] as number[]).map(
          (alone, i) =>
            (100 * (alone + (times[codec] as number[])[i]! - (times[both] as number[])[i]!)) /
            alone,
        ),
      );
    rows[name] = {
      "file to tokens, frames/s": (frames * 1000) / ms("encodeFile"),
      "in the session, %": share("encodeFile"),
      "reading alone, ms": ms("read"),
      "encoding from memory, ms": ms("encodeMemory"),
      "encoding from the file, ms": ms("encodeFile"),
      "reading hidden, %": hidden("read", "encodeMemory", "encodeFile"),
      "tokens to file, frames/s": (frames * 1000) / ms("decodeFile"),
      "decode in the session, %": share("decodeFile"),
      "writing alone, ms": ms("write"),
      "decoding to memory, ms": ms("decodeFrames"),
      "decoding to the file, ms": ms("decodeFile"),
      "writing hidden, %": hidden("write", "decodeFrames", "decodeFile"),
      "both ways, frames/s": (frames * 1000) / (ms("encodeFile") + ms("decodeFile")),
    };
  }
  await native.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const machine = `${cpus()[0]?.model.trim()} x ${cpus().length}, Node.js ${process.versions.node}`;
if (values.json) {
  console.log(JSON.stringify({ machine, size: [size, size], frames, runs, rows }, null, 2));
} else {
  console.log(`${machine}; medians of ${runs}; ${frames} frames of ${size} x ${size} pixels`);
  for (const row of Object.values(rows)) {
    for (const [key, value] of Object.entries(row)) row[key] = Number(value.toFixed(1));
  }
  console.table(rows);
}
