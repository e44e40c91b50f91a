import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectVideo, readVideo } from "@dtok/video/node";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";

/** AVI with motion JPEG and GIF are read without an ffmpeg. */
const backend = "webcodecs" as const;

function chunk(id: string, ...parts: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.write(id, 0, "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}
const list = (kind: string, ...parts: Uint8Array[]) =>
  chunk("LIST", Buffer.from(kind, "latin1"), ...parts);

function stream(kind: string, codec: string, [width, height]: [number, number], fps = 12) {
  const header = Buffer.alloc(56);
  header.write(kind, 0, "latin1");
  header.writeUInt32LE(1000, 20);
  header.writeUInt32LE(fps * 1000, 24);
  header.writeUInt32LE(4, 32);
  const format = Buffer.alloc(40);
  format.writeUInt32LE(40, 0);
  format.writeInt32LE(width, 4);
  format.writeInt32LE(height, 8);
  format.write(codec, 16, "latin1");
  return list("strl", chunk("strh", header), chunk("strf", format));
}

const shade = (value: number) =>
  sharp({
    create: { width: 20, height: 14, channels: 3, background: { r: value, g: 60, b: 200 } },
  });
const jpeg = (value: number) => shade(value).jpeg({ quality: 95 }).toBuffer();

async function avi(codec = "MJPG", size: [number, number] = [20, 14]): Promise<Uint8Array> {
  const pictures = await Promise.all([10, 90, 170].map(jpeg));
  return chunk(
    "RIFF",
    Buffer.from("AVI "),
    list(
      "hdrl",
      chunk("avih", Buffer.alloc(56)),
      stream("auds", "\0\0\0\0", [0, 0]),
      stream("vids", codec, size),
    ),
    chunk("JUNK", Buffer.alloc(33)),
    list(
      "movi",
      chunk("00wb", Buffer.alloc(17)),
      chunk("01dc", pictures[0]!),
      // Nothing: as the one before.
      chunk("01dc"),
      list("rec ", chunk("01dc", pictures[1]!)),
      chunk("01dc", pictures[2]!),
    ),
    chunk("idx1", Buffer.alloc(32)),
  );
}

describe("AVI and GIF without an ffmpeg", () => {
  const folder = mkdtempSync(join(tmpdir(), "dtok-stills-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("reads motion JPEG beside sound, from bytes and from a file", async () => {
    const bytes = await avi();
    const path = join(folder, "clip.avi");
    writeFileSync(path, bytes);
    for (const input of [bytes, path]) {
      const video = await readVideo(input, { backend });
      expect([video.width, video.height, video.fps, video.duration]).toEqual([20, 14, 12, 4 / 12]);
      const { frames } = await collectVideo(video);
      const reds = frames.map(({ data }) => data[0]!);
      expect(reds).toHaveLength(4);
      for (const [i, red] of [10, 10, 90, 170].entries()) {
        expect(Math.abs(reds[i]! - red)).toBeLessThan(6);
      }
    }
    const slower = await readVideo(path, { backend, fps: 6 });
    expect((await collectVideo(slower)).frames).toHaveLength(3);
  });

  it("reads a GIF at an even rate, its clear parts white", async () => {
    const colours = [0, 100, 200].map((v) => Buffer.alloc(9 * 6 * 4, Uint8Array.of(v, v, v, 255)));
    colours[1]!.fill(0, 0, 4);
    const pages = Buffer.concat(colours);
    const raw = { width: 9, height: 18, channels: 4 as const, pageHeight: 6 };
    const gif = await sharp(pages, { raw })
      .gif({ delay: [100, 300, 100] })
      .toBuffer();
    const video = await readVideo(gif, { backend, fps: 10 });
    expect([video.width, video.height, video.duration]).toEqual([9, 6, 0.5]);
    const { frames } = await collectVideo(video);
    expect(frames.map(({ data }) => data[3])).toEqual([0, 100, 100, 100, 200]);
    expect([...frames[1]!.data.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect((await readVideo(gif, { backend })).fps).toBe(6);
  });

  it("says what is wrong with others", async () => {
    const whole = await avi();
    const drain = async (bytes: Uint8Array, options = {}) =>
      collectVideo(await readVideo(bytes, { backend, ...options }));
    await expect(drain(whole.subarray(0, 100))).rejects.toThrow(/expected a whole AVI/);
    await expect(drain(whole.subarray(0, whole.length - 300))).rejects.toThrow(/cut off/);
    await expect(drain(await avi("XVID"))).rejects.toThrow(/XVID.*Install ffmpeg/s);
    await expect(drain(await avi("MJPG", [24, 14]))).rejects.toThrow(/20 x 14 in 24 x 14/);
    await expect(drain(await avi("MJPG", [2 ** 30, 2 ** 30]))).rejects.toThrow(/megapixels/);
    await expect(drain(whole, { maxPixels: 100 })).rejects.toThrow(/megapixels/);
    const bad = whole.slice();
    const at = Buffer.from(bad).indexOf("01dc");
    bad.fill(7, at + 8, at + 60);
    await expect(drain(bad)).rejects.toThrow(/cut off/);
    const gif = await shade(5).gif().toBuffer();
    await expect(drain(gif.subarray(0, 12))).rejects.toThrow(/whole AVI or GIF/);
  });

  it("stops at a signal", async () => {
    const stop = new AbortController();
    const video = await readVideo(await avi(), { backend, signal: stop.signal });
    const iterator = video.frames[
      Symbol.asyncIterator as never
    ] as never as () => AsyncIterator<unknown>;
    const frames = iterator.call(video.frames);
    await frames.next();
    stop.abort();
    await expect(frames.next()).rejects.toThrow(/abort/i);
  });
});
