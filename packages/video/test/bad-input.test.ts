import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDtokError } from "@dtok/core";
import type { ImageSignal, VideoSignal } from "@dtok/core";
import {
  collectVideo,
  compareVideos,
  loadVideoTokenizer,
  readVideo,
  writeVideo,
} from "@dtok/video";
import type { VideoTokenizer } from "@dtok/video";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panning } from "./clips.js";

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return isDtokError(error) ? error.code : String(error);
  }
  return "no error";
}

describe("frames and grids", () => {
  let tokenizer: VideoTokenizer<unknown>;
  beforeAll(async () => {
    tokenizer = await loadVideoTokenizer();
  });
  afterAll(() => tokenizer.close());
  const clip = panning(6, 24, 16);
  const frame = clip.frames[0]!;

  it.each([
    ["no frames", { ...clip, frames: [] }, "argument"],
    [
      "a frame of another size",
      { ...clip, frames: [frame, panning(1, 16, 16).frames[0]!] },
      "shape",
    ],
    ["too few samples", { ...clip, frames: [{ ...frame, data: new Uint8Array(5) }] }, "shape"],
    ["five channels", { ...clip, frames: [{ ...frame, channels: 5 }] }, "shape"],
    ["no size", { ...clip, width: 0 }, "shape"],
    ["an absurd size", { ...clip, width: 1e6, height: 1e6 }, "limit"],
    ["no rate", { ...clip, fps: 0 }, "argument"],
    ["a rate that is no number", { ...clip, fps: NaN }, "argument"],
    ["no frames at all", { width: 8, height: 8, fps: 1, frames: undefined }, "argument"],
  ])("refuses %s", async (_, bad, code) => {
    expect(await codeOf(() => tokenizer.codec.encode(bad as never))).toBe(code);
  });

  it("passes on what the frames throw, and lets go of them", async () => {
    let closed = false;
    const frames = (async function* () {
      try {
        yield frame;
        throw new RangeError("camera unplugged");
      } finally {
        closed = true;
      }
    })();
    await expect(tokenizer.encode({ ...clip, frames })).rejects.toThrow("camera unplugged");
    expect(closed).toBe(true);
  });

  it("stops at an abort", async () => {
    const stop = new AbortController();
    const frames = (async function* () {
      for (let i = 0; ; i++) {
        if (i === 9) stop.abort(new Error("enough"));
        yield frame;
      }
    })();
    await expect(tokenizer.encode({ ...clip, frames }, { signal: stop.signal })).rejects.toThrow(
      "enough",
    );
  });

  it("refuses grids that do not fit", async () => {
    const grid = await tokenizer.encode(clip);
    const side = (change: object) => ({ ...grid, side: { ...grid.side, ...change } });
    const decode = (bad: unknown) => codeOf(() => tokenizer.decode(bad as never));
    expect(await decode(undefined)).toBe("shape");
    expect(await decode(side({ width: 1000 }))).toBe("shape");
    expect(await decode(side({ frames: 60 }))).toBe("shape");
    expect(await decode(side({ frames: -1 }))).toBe("argument");
    expect(await decode(side({ fps: "25" }))).toBe("argument");
    expect(await decode(side({ width: 1e9, height: 1e9 }))).toBe("limit");
    expect(await decode({ ...grid, tokenizer: "video/other" })).toBe("mismatch");
    const data = grid.codes.data.slice();
    data[3] = 15360;
    expect(await decode({ ...grid, codes: { ...grid.codes, data } })).toBe("code-range");
    const range = async (from: number, to: number) =>
      collectVideo({ ...clip, frames: tokenizer.decodeFrames(grid, { from, to }) });
    expect(await codeOf(() => range(2, 9))).toBe("argument");
    expect(await codeOf(() => range(-1, 3))).toBe("argument");
  });
});

const ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

// The other backend needs @mediabunny/server, which brings 200 MB.
describe.skipIf(!ffmpeg)("files, by an installed ffmpeg", () => {
  const folder = mkdtempSync(join(tmpdir(), "dtok-video-test-"));
  const at = (name: string) => join(folder, name);
  const make = (name: string, ...args: string[]) => {
    const done = spawnSync("ffmpeg", ["-v", "error", "-y", ...args, at(name)]);
    if (done.status !== 0) throw new Error(String(done.stderr));
  };
  const source = (size: string, seconds = 1) => [
    "-f",
    "lavfi",
    "-i",
    `testsrc=s=${size}:r=10:d=${seconds}`,
  ];
  const count = async (name: string, options = {}) =>
    (await collectVideo(await readVideo(at(name), options))).frames.length;
  beforeAll(() => make("good.mp4", ...source("64x48")));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["mp4", "libx264"],
    ["webm", "libvpx-vp9"],
    ["mkv", "ffv1"],
    ["avi", "mjpeg"],
    ["gif", "gif"],
  ])("reads .%s", async (kind, codec) => {
    const pixels = kind === "gif" ? "rgb8" : codec === "mjpeg" ? "yuvj420p" : "yuv420p";
    make(`kinds.${kind}`, ...source("66x50"), "-c:v", codec, "-pix_fmt", pixels);
    const video = await readVideo(at(`kinds.${kind}`));
    expect([video.width, video.height, video.fps]).toEqual([66, 50, 10]);
    const { frames } = await collectVideo(video);
    expect(frames).toHaveLength(10);
    expect(new Set(frames[0]!.data).size).toBeGreaterThan(10);
  });

  it("turns frames as the metadata asks", async () => {
    // A quarter turn in the track header's matrix, 40 bytes after the box's name: [0 1; -1 0] in 16.16.
    const bytes = readFileSync(at("good.mp4"));
    const matrix = bytes.indexOf("tkhd") + 44;
    for (const [i, value] of [0, 0x10000, 0, -0x10000, 0].entries()) {
      bytes.writeInt32BE(value, matrix + 4 * i);
    }
    writeFileSync(at("turned.mp4"), bytes);
    const video = await readVideo(at("turned.mp4"));
    expect([video.width, video.height]).toEqual([48, 64]);
    const turned = (await collectVideo(video)).frames[0]!;
    const upright = (await collectVideo(await readVideo(at("good.mp4")))).frames[0]!;
    // The top left corner comes to the top right: clockwise.
    const red = (frame: ImageSignal, x: number, y: number) =>
      frame.data[(y * frame.width + x) * 3]!;
    for (const [x, y] of [
      [5, 3],
      [40, 30],
      [60, 10],
    ] as const) {
      expect(Math.abs(red(turned, 47 - y, x) - red(upright, x, y))).toBeLessThanOrEqual(24);
    }
  });

  it("takes odd sizes, a single frame, and bytes", async () => {
    make("odd.mkv", ...source("33x17"), "-frames:v", "1", "-c:v", "ffv1", "-pix_fmt", "yuv420p");
    const bytes = await collectVideo(await readVideo(readFileSync(at("odd.mkv"))));
    const file = await collectVideo(await readVideo(at("odd.mkv")));
    expect(file.frames).toHaveLength(1);
    expect(bytes.frames).toEqual(file.frames);
  });

  it("makes a variable rate even", async () => {
    const drop = ["-vf", "select='not(mod(n,3))+lt(n,9)'", "-fps_mode", "vfr"];
    make("variable.mkv", ...source("32x32", 3), ...drop, "-c:v", "ffv1");
    const frames = await count("variable.mkv", { fps: 10 });
    expect(Math.abs(frames - 30)).toBeLessThanOrEqual(3);
  });

  it("scales a stream that changes its size to its first", async () => {
    make("a.ts", ...source("64x48"), "-c:v", "mpeg2video");
    make("b.ts", ...source("96x80"), "-c:v", "mpeg2video");
    writeFileSync(
      at("both.ts"),
      Buffer.concat([readFileSync(at("a.ts")), readFileSync(at("b.ts"))]),
    );
    const video = await collectVideo(await readVideo(at("both.ts"), { fps: 10 }));
    expect(video.frames.length).toBeGreaterThan(9);
    expect(video.frames.every(({ width, height }) => width === 64 && height === 48)).toBe(true);
  });

  it("refuses what is no video", async () => {
    make("sound.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac");
    writeFileSync(at("text.mp4"), "not a video at all");
    writeFileSync(at("empty.mp4"), "");
    // A playlist would have other files opened.
    writeFileSync(at("list.m3u8"), `#EXTM3U\n#EXTINF:1,\n${at("good.mp4")}\n`);
    for (const name of ["sound.mp4", "text.mp4", "empty.mp4", "list.m3u8"]) {
      expect([name, await codeOf(() => readVideo(at(name)))]).toEqual([name, "format"]);
    }
    expect(await codeOf(() => readVideo(at("missing.mp4")))).toBe("argument");
    expect(await codeOf(() => readVideo(folder))).toBe("argument");
    expect(await codeOf(() => readVideo("" as never))).toBe("argument");
    expect(await codeOf(() => readVideo(new URL("https://example.org/a.mp4")))).toBe("argument");
    expect(await codeOf(() => readVideo(at("good.mp4"), { maxPixels: 100 }))).toBe("limit");
  });

  it("tells a file that is cut off from a whole one", async () => {
    const whole = readFileSync(at("good.mp4"));
    // The index of an MP4 stands at its end.
    writeFileSync(at("cut.mp4"), whole.subarray(0, whole.length / 2));
    expect(await codeOf(() => readVideo(at("cut.mp4")))).toBe("format");
  });

  it("leaves no child and no temporary file when a reader stops early", async () => {
    const before = readdirSync(tmpdir()).filter(
      (name) => name.startsWith("dtok-video-") && !name.includes("test"),
    );
    const video = await readVideo(readFileSync(at("good.mp4")));
    for await (const frame of video.frames) {
      expect(frame.width).toBe(64);
      break;
    }
    const after = readdirSync(tmpdir()).filter(
      (name) => name.startsWith("dtok-video-") && !name.includes("test"),
    );
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });

  it("writes files that come back, and nothing where it fails", async () => {
    const clip = panning(8, 48, 32);
    for (const name of ["out.mp4", "out.webm", "out.mkv"]) {
      expect(await writeVideo(clip, at(name))).toBe(8);
      const { psnr } = await compareVideos(clip, await readVideo(at(name)));
      expect(psnr).toBeGreaterThan(28);
    }
    writeFileSync(at("kept.mp4"), "good");
    const broken: VideoSignal = {
      ...clip,
      frames: (function* (): Generator<ImageSignal> {
        yield clip.frames[0]!;
        throw new Error("decoder lost");
      })(),
    };
    await expect(writeVideo(broken, at("kept.mp4"))).rejects.toThrow("decoder lost");
    expect(readFileSync(at("kept.mp4"), "utf8")).toBe("good");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(await codeOf(() => writeVideo(clip, at("no/such/out.mp4")))).toBe("argument");
    expect(await codeOf(() => writeVideo(clip, at("out.xyz")))).toBe("argument");
  });

  it("writes PNG frames", async () => {
    expect(await writeVideo(panning(3, 16, 16), at("frames"))).toBe(3);
    expect(readdirSync(at("frames"))).toEqual(["000000.png", "000001.png", "000002.png"]);
  });
});
