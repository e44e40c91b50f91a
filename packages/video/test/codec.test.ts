import { checkCodec, checkStreamingCodec } from "@dtok/conformance";
import {
  collectVideo,
  compareVideos,
  LENDER_CODE,
  loadVideoTokenizer,
  meaningOf,
  MOTION_CODES,
  PICTURE_CODE,
  stepsOf,
} from "@dtok/video";
import type { ClipCodec, VideoTokenizer, VideoTokenizerName } from "@dtok/video";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";
import type { ImageSignal, ModelRuntime, StreamingCodec, VideoSignal } from "@dtok/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panning } from "./clips.js";

/** The largest difference of two clips' samples. */
function difference(a: VideoSignal, b: VideoSignal): number {
  const [x, y] = [a.frames as ImageSignal[], b.frames as ImageSignal[]];
  if (x.length !== y.length || a.width !== b.width || a.height !== b.height) return Infinity;
  let worst = 0;
  for (const [t, frame] of x.entries()) {
    for (let i = 0; i < frame.data.length; i++) {
      worst = Math.max(worst, Math.abs(frame.data[i]! - y[t]!.data[i]!));
    }
  }
  return worst;
}

/** The codec with frames that are all there: what the checks compare. */
function eager(codec: ClipCodec): StreamingCodec<VideoSignal> {
  return {
    manifest: codec.manifest,
    latencyMs: codec.latencyMs,
    encode: (clip, options) => codec.encode(clip, options),
    decode: async (grid, options) => collectVideo(await codec.decode(grid, options)),
    encodeStream: () => codec.encodeStream(),
    decodeStream: (side) => codec.decodeStream(side),
    close: () => codec.close(),
  };
}

const streaming = {
  split: (clip: VideoSignal, size: number) => {
    const frames = clip.frames as ImageSignal[];
    return Array.from({ length: Math.ceil(frames.length / size) }, (_, i) => ({
      ...clip,
      frames: frames.slice(i * size, (i + 1) * size),
    }));
  },
  join: (pieces: readonly VideoSignal[]) => ({
    ...pieces[0]!,
    frames: pieces.flatMap(({ frames }) => frames as ImageSignal[]),
  }),
  difference,
  sizes: [1, 3, 7],
  tolerance: 0,
};

const runtimes: [string, () => Promise<ModelRuntime>][] = [
  ["onnxruntime-node", createRuntime],
  ["onnxruntime-web", createWebRuntime],
];

describe.each(["clip-8x", "clip-8x-fine"] as VideoTokenizerName[])("%s", (name) => {
  describe.each(runtimes)("on %s", (_, make) => {
    let runtime: ModelRuntime;
    let tokenizer: VideoTokenizer<unknown>;
    beforeAll(async () => {
      runtime = await make();
      tokenizer = await loadVideoTokenizer(name, { runtime });
    }, 60_000);
    afterAll(async () => {
      await tokenizer.close();
      await runtime.close();
    });

    it("passes the checks of every tokenizer", async () => {
      // The checks end by closing what they are given.
      const own = await loadVideoTokenizer(name, { runtime });
      const results = await checkCodec(eager(own.codec), [panning(6, 40, 32), panning(1, 17, 9)], {
        sameExtent: (a, b) => difference(a, b) < Infinity,
      });
      expect(results.filter(({ status }) => status === "fail")).toEqual([]);
    });

    it("passes the checks of every stream", async () => {
      const results = await checkStreamingCodec(
        eager(tokenizer.codec),
        panning(38, 24, 16),
        streaming,
      );
      expect(results.filter(({ status }) => status === "fail")).toEqual([]);
    });
  });

  describe("clips", () => {
    let tokenizer: VideoTokenizer<unknown>;
    beforeAll(async () => {
      tokenizer = await loadVideoTokenizer(name);
    });
    afterAll(() => tokenizer.close());

    it("brings a moving scene back, at odd sizes", async () => {
      const clip = panning(12, 99, 67);
      const grid = await tokenizer.encode(clip);
      expect(grid.shape).toEqual([4, 5, 7]);
      const back = await collectVideo(await tokenizer.decode(grid));
      expect(back.frames).toHaveLength(12);
      expect([back.width, back.height, back.fps]).toEqual([99, 67, 25]);
      const { psnr } = await compareVideos(clip, back);
      expect(psnr).toBeGreaterThan(24);
    });

    it("keeps a still scene: errors do not add up over eight groups", async () => {
      const clip = panning(33, 64, 64, [0, 0]);
      const still = { ...clip, frames: clip.frames.map(() => clip.frames[0]!) };
      const back = await collectVideo(await tokenizer.decode(await tokenizer.encode(still)));
      const error = (t: number) => {
        const [a, b] = [still.frames[t]!.data, back.frames[t]!.data];
        let sum = 0;
        for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
        return sum;
      };
      // What stands still is refined: half of the key's error is left at most.
      expect(error(32)).toBeLessThan(error(0) / 2);
    });

    it("takes single pictures", async () => {
      const [picture] = panning(1, 50, 30).frames as [ImageSignal];
      const grid = await tokenizer.encode(picture);
      expect(grid.shape).toEqual([1, 2, 4]);
      const back = await collectVideo(await tokenizer.decode(grid));
      expect(back.frames).toHaveLength(1);
      expect(back.frames[0]).toMatchObject({ width: 50, height: 30, channels: 3 });
    });

    it("gives in tiles what it gives whole", async () => {
      const clip = panning(5, 176, 144);
      const whole = await tokenizer.encode(clip);
      const tiled = await tokenizer.encode(clip, { tileSize: 64 });
      const differing = whole.codes.data.filter((code, i) => code !== tiled.codes.data[i]).length;
      // Sums in another order may move a latent that lies on a boundary to the next value.
      expect(differing / whole.codes.data.length).toBeLessThan(0.01);
      const a = await collectVideo(await tokenizer.decode(whole));
      const b = await collectVideo(await tokenizer.decode(whole, { tileSize: 64 }));
      expect(difference(a, b)).toBeLessThanOrEqual(2);
    });

    it("decodes any frames from the steps since their key", async () => {
      const clip = panning(75, 24, 24);
      const grid = await tokenizer.encode(clip);
      expect(grid.shape[0]).toBe(stepsOf(tokenizer.codec.settings, 75));
      const whole = await collectVideo(await tokenizer.decode(grid));
      for (const [from, to] of [
        [0, 1],
        [5, 9],
        [33, 34],
        [40, 61],
        [74, 75],
      ] as const) {
        const frames: ImageSignal[] = [];
        for await (const frame of tokenizer.decodeFrames(grid, { from, to })) frames.push(frame);
        expect(
          difference({ ...whole, frames }, { ...whole, frames: whole.frames.slice(from, to) }),
        ).toBe(0);
      }
      // What lies before the key is not looked at.
      const cells = grid.codes.data.length / grid.shape[0]!;
      const data = grid.codes.data.slice();
      data.fill(0, 0, 9 * cells);
      const blank = { ...grid, codes: { ...grid.codes, data } };
      const frames: ImageSignal[] = [];
      for await (const frame of tokenizer.decodeFrames(blank, { from: 40, to: 50 }))
        frames.push(frame);
      expect(
        difference({ ...whole, frames }, { ...whole, frames: whole.frames.slice(40, 50) }),
      ).toBe(0);
    });

    it("gives frames the codes of their past alone", async () => {
      const clip = panning(13, 32, 32);
      const other = {
        ...clip,
        frames: [...clip.frames.slice(0, 9), ...panning(4, 32, 32, [7, 7]).frames],
      };
      const a = await tokenizer.encode(clip);
      const b = await tokenizer.encode(other);
      const cells = a.codes.data.length / a.shape[0]!;
      expect(b.codes.data.slice(0, 3 * cells)).toEqual(a.codes.data.slice(0, 3 * cells));
      expect(b.codes.data.slice(3 * cells)).not.toEqual(a.codes.data.slice(3 * cells));
    });

    it("codes a group in which the scene changes as a picture", async () => {
      const before = panning(8, 64, 48);
      const after = panning(8, 64, 48, [0, 0]).frames.map((frame) => ({
        ...frame,
        data: Uint8Array.from(frame.data, (value) => 255 - (value >> 1)),
      }));
      // Key 0, group 1 to 4; the change comes with frame 7, the third of the group 5 to 8.
      const clip = { ...before, frames: [...before.frames.slice(0, 7), ...after.slice(0, 6)] };
      const grid = await tokenizer.encode(clip);
      expect(grid.shape).toEqual([4, 3, 4]);
      const step = grid.codes.data.length / 4;
      expect(grid.codes.data[2 * step]).toBe(PICTURE_CODE + 2);
      const back = await collectVideo(await tokenizer.decode(grid));
      const error = (t: number) => {
        const [a, b] = [clip.frames[t]!.data, back.frames[t]!.data];
        let sum = 0;
        for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
        return sum / a.length;
      };
      // 20 dB on both sides of the change, and after the group.
      for (const t of [5, 6, 7, 8, 12]) expect([t, error(t) < 650]).toEqual([t, true]);
    });

    it("decodes whatever codes a model writes", async () => {
      const grid = await tokenizer.encode(panning(9, 48, 32));
      const decode = async (of: (i: number) => number) => {
        const data = grid.codes.data.map((_, i) => of(i));
        return collectVideo(await tokenizer.decode({ ...grid, codes: { ...grid.codes, data } }));
      };
      for (const of of [
        () => 15359,
        () => MOTION_CODES,
        () => 2 * MOTION_CODES,
        () => LENDER_CODE,
        () => PICTURE_CODE,
        (i: number) => (i * 7919) % 15360,
        (i: number) => LENDER_CODE + ((i * 7919) % 300),
      ]) {
        expect((await decode(of)).frames).toHaveLength(9);
      }
    });

    it("codes its blocks in more ways than one, and says what each code is", async () => {
      const grid = await tokenizer.encode(panning(9, 96, 64));
      const width = grid.codebookSizes.length;
      const blocks = grid.codes.data.length / width;
      const kinds = new Map<string, number>();
      for (let i = 0; i < blocks; i++) {
        const codes = grid.codes.data.subarray(i * width, (i + 1) * width);
        for (let place = 0; place < width; place++) {
          const { kind } = meaningOf(codes, place, i < blocks / 3 ? "key" : "group");
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }
      }
      expect(kinds.get("cell")).toBe((blocks / 3) * 4);
      for (const kind of ["motion", "shape"]) expect([kind, kinds.has(kind)]).toEqual([kind, true]);
      expect(kinds.has("none")).toBe(false);
    });

    it("pulls a group ahead and no more", async () => {
      let pulled = 0;
      const clip = panning(30, 16, 16);
      const lazy: VideoSignal = {
        ...clip,
        frames: (async function* () {
          for (const frame of clip.frames) {
            pulled++;
            yield frame;
          }
        })(),
      };
      let done = 0;
      for await (const grid of tokenizer.encodeGroups(lazy)) {
        done = grid.side.frames as number;
        expect(pulled).toBeLessThanOrEqual(done + 2 * 4);
      }
      expect(done).toBe(30);
    });
  });
});

it("brings clips nearer by its second level, at least 1.5 dB", async () => {
  const clip = panning(17, 96, 64, [1.3, -0.7]);
  const psnr = async (name: VideoTokenizerName) => {
    const tokenizer = await loadVideoTokenizer(name);
    const back = await tokenizer.decode(await tokenizer.encode(clip));
    const compared = await compareVideos(clip, back);
    await tokenizer.close();
    return compared.psnr;
  };
  expect(await psnr("clip-8x-fine")).toBeGreaterThan((await psnr("clip-8x")) + 1.5);
});
