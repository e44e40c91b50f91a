/**
 * Files without an ffmpeg: mediabunny's demuxers with the decoders of the optional @mediabunny/server.
 * fixtures/clip.mp4 (H.264) and clip.webm (VP9) are ten frames of ffmpeg's test source, 66 x 50 at 10 a
 * second.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDtokError } from "@dtok/core";
import { collectVideo, compareVideos, loadVideoTokenizer, readVideo } from "@dtok/video";
import { describe, expect, it } from "vitest";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
const backend = "webcodecs";

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return isDtokError(error) ? error.code : String(error);
  }
  return "no error";
}

describe.each(["clip.mp4", "clip.webm"])("%s by @mediabunny/server", (name) => {
  it("comes from a path and from bytes", async () => {
    const video = await readVideo(fixture(name), { backend });
    expect([video.width, video.height, video.fps]).toEqual([66, 50, 10]);
    const { frames } = await collectVideo(video);
    expect(frames).toHaveLength(10);
    expect(new Set(frames[0]!.data).size).toBeGreaterThan(10);
    const bytes = await collectVideo(await readVideo(readFileSync(fixture(name)), { backend }));
    expect(bytes.frames).toEqual(frames);
    // Each reading starts anew.
    expect((await collectVideo(video)).frames).toEqual(frames);
  });

  it.skipIf(!ffmpeg)("is what an installed ffmpeg reads, sample for sample", async () => {
    const ours = await collectVideo(await readVideo(fixture(name), { backend }));
    const theirs = await collectVideo(await readVideo(fixture(name), { backend: "ffmpeg" }));
    expect(ours.frames).toEqual(theirs.frames);
  });

  it("is let go of in the middle", async () => {
    for await (const frame of (await readVideo(fixture(name), { backend })).frames) {
      expect(frame.width).toBe(66);
      break;
    }
  });

  it("stops at an abort", async () => {
    const stop = new AbortController();
    const video = await readVideo(fixture(name), { backend, signal: stop.signal });
    const read = async () => {
      for await (const _ of video.frames) stop.abort(new Error("enough"));
    };
    await expect(read()).rejects.toThrow("enough");
  });

  it.each([0, 1, 20, 400, 1500])(
    "cut to %i bytes: a typed error, or the frames before",
    async (n) => {
      const cut = readFileSync(fixture(name)).subarray(0, n);
      let frames = 0;
      const code = await codeOf(async () => {
        for await (const _ of (await readVideo(cut, { backend })).frames) frames++;
      });
      expect(["format", "no error"]).toContain(code);
      if (code === "no error") expect(frames).toBeGreaterThan(0);
      if (n < 400) expect(code).toBe("format");
    },
  );
});

it("refuses sound alone and other files", async () => {
  const wav = Buffer.concat([
    Buffer.from("RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00", "latin1"),
    Buffer.from("\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x08\x00\x00\x00", "latin1"),
    Buffer.alloc(8),
  ]);
  expect(await codeOf(() => readVideo(wav, { backend }))).toBe("format");
  expect(await codeOf(() => readVideo(new Uint8Array(1000).fill(7), { backend }))).toBe("format");
  expect(await codeOf(() => readVideo(fixture("clip.mp4"), { backend, maxPixels: 99 }))).toBe(
    "limit",
  );
});

it.skipIf(!ffmpeg)(
  "takes pixels that are not square as they are stored, as ffmpeg does",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "dtok-video-test-"));
    try {
      const path = join(folder, "wide.mp4");
      const source = "testsrc=s=64x48:r=10:d=0.5,setsar=2";
      expect(
        spawnSync("ffmpeg", [
          "-v",
          "error",
          "-f",
          "lavfi",
          "-i",
          source,
          "-pix_fmt",
          "yuv420p",
          path,
        ]).status,
      ).toBe(0);
      const ours = await collectVideo(await readVideo(path, { backend }));
      const theirs = await collectVideo(await readVideo(path, { backend: "ffmpeg" }));
      expect([ours.width, ours.height]).toEqual([64, 48]);
      expect(ours.frames).toEqual(theirs.frames);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

it("encodes and decodes end to end", async () => {
  const tokenizer = await loadVideoTokenizer("clip-8x");
  const video = await readVideo(fixture("clip.mp4"), { backend });
  const grid = await tokenizer.encode(video);
  expect(grid.side).toEqual({ width: 66, height: 50, fps: 10, frames: 10 });
  const { psnr } = await compareVideos(video, await tokenizer.decode(grid));
  expect(psnr).toBeGreaterThan(10);
  await tokenizer.close();
});
