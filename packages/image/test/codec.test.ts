import { readFileSync, readdirSync } from "node:fs";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { loadImageTokenizer, psnr, readImage } from "@dtok/image";
import type { ImageTokenizerName } from "@dtok/image";
import type { ImageSignal } from "@dtok/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";

const samples = new URL("../../../samples/", import.meta.url);
const sample = (name: string) => new URL(name, samples);

/** |a - b| of each sample. */
function differences(a: ImageSignal, b: ImageSignal): Uint8Array {
  return Uint8Array.from(a.data as Uint8Array, (v, i) => Math.abs(v - (b.data[i] as number)));
}

describe.each(["photo-8x", "photo-16x"] as ImageTokenizerName[])("%s", (name) => {
  it("brings photographs back, better than their mean colour by far", async () => {
    const tokenizer = await loadImageTokenizer(name);
    const floor = name === "photo-8x" ? 20 : 16;
    for (const file of readdirSync(samples).filter((entry) => entry.endsWith(".jpg"))) {
      const original = await readImage(sample(file));
      const back = await tokenizer.decode(await tokenizer.encode(original));
      expect([back.width, back.height]).toEqual([original.width, original.height]);
      expect(psnr(original, back)).toBeGreaterThan(floor);
    }
    await tokenizer.close();
  });

  it("gives in tiles what it gives whole", async () => {
    const tokenizer = await loadImageTokenizer(name);
    const original = await readImage(sample("flower.jpg"));
    const whole = await tokenizer.encode(original);
    const tiled = await tokenizer.encode(original, { tileSize: 160 });
    const differing = whole.codes.data.filter((code, i) => code !== tiled.codes.data[i]).length;
    // Sums in another order may move a latent that lies on a boundary to the next value.
    expect(differing / whole.codes.data.length).toBeLessThan(0.002);
    const a = await tokenizer.decode(whole);
    const b = await tokenizer.decode(whole, { tileSize: 160 });
    const worst = differences(a, b).reduce((most, v) => Math.max(most, v), 0);
    expect(worst).toBeLessThanOrEqual(1);
    await tokenizer.close();
  });

  it("runs batches of mixed sizes as it runs single pictures", async () => {
    const tokenizer = await loadImageTokenizer(name);
    const crop = async (left: number, width: number, height: number) => {
      const data = await sharp(readFileSync(sample("coffee.jpg")))
        .extract({ left, top: 20, width, height })
        .raw()
        .toBuffer();
      return { data: new Uint8Array(data), width, height, channels: 3 } satisfies ImageSignal;
    };
    const images = [
      await crop(0, 96, 64),
      await crop(30, 50, 41),
      await crop(60, 96, 64),
      await crop(9, 95, 63),
    ];
    const grids = await tokenizer.encodeBatch(images);
    const decoded = await tokenizer.decodeBatch(grids);
    let differing = 0;
    let count = 0;
    for (const [i, image] of images.entries()) {
      const single = await tokenizer.encode(image);
      expect(grids[i]?.shape).toEqual(single.shape);
      expect([decoded[i]?.width, decoded[i]?.height]).toEqual([image.width, image.height]);
      count += single.codes.data.length;
      differing += single.codes.data.filter((code, n) => code !== grids[i]?.codes.data[n]).length;
    }
    expect(differing / count).toBeLessThan(0.01);
    expect(await tokenizer.encodeBatch([])).toEqual([]);
    await tokenizer.close();
  });

  it.each(["jpeg", "png"] as const)("begins with the upper rows of a large %s", async (format) => {
    const tokenizer = await loadImageTokenizer(name);
    for (const [width, height] of [
      [640, 513],
      [523, 777],
    ] as const) {
      const file = await sharp(readFileSync(sample("flower.jpg")))
        .resize(width, height, { fit: "fill" })
        .toFormat(format)
        .toBuffer();
      const grid = await tokenizer.encode(file);
      const whole = await tokenizer.encode(await readImage(file));
      expect({ ...grid, codes: undefined }).toEqual({ ...whole, codes: undefined });
      const differing = whole.codes.data.filter((code, i) => code !== grid.codes.data[i]).length;
      expect(differing / whole.codes.data.length).toBeLessThan(0.002);
      // What is cut off below is missed although the upper rows are there.
      const cut = file.subarray(0, Math.floor(file.length * 0.7));
      await expect(tokenizer.encode(cut)).rejects.toMatchObject({ code: "format" });
    }
    await tokenizer.close();
  });

  it("encodes any number of pictures in order, the next one opened ahead", async () => {
    const tokenizer = await loadImageTokenizer(name);
    const asked: string[] = [];
    const names = ["cat.jpg", "coffee.jpg", "no such file.jpg", "cat.jpg"];
    function* paths() {
      for (const file of names) {
        asked.push(file);
        yield sample(file);
      }
    }
    const grids = tokenizer.encodeEach(paths());
    const first = await grids.next();
    expect(asked).toEqual(names.slice(0, 2));
    expect(first.value).toEqual(await tokenizer.encode(sample("cat.jpg")));
    expect((await grids.next()).value).toEqual(await tokenizer.encode(sample("coffee.jpg")));
    // A picture's failure comes in its turn, not when it was opened.
    await expect(grids.next()).rejects.toMatchObject({ code: "argument" });
    expect(await grids.next()).toEqual({ done: true, value: undefined });
    // Who stops early leaves nothing behind.
    for await (const _ of tokenizer.encodeEach([sample("cat.jpg"), "no such file.jpg"])) break;
    for await (const _ of tokenizer.encodeEach([])) expect.unreachable();
    await tokenizer.close();
  });

  it("gives the same codes on onnxruntime-web, but for ties", async () => {
    const native = await createRuntime();
    const web = await createWebRuntime();
    const a = await loadImageTokenizer(name, { runtime: native });
    const b = await loadImageTokenizer(name, { runtime: web });
    const original = await readImage(sample("cat.jpg"));
    const [x, y] = [await a.encode(original), await b.encode(original)];
    const same = x.codes.data.filter((code, i) => code === y.codes.data[i]).length;
    expect(same / x.codes.data.length).toBeGreaterThanOrEqual(0.999);
    const [p, q] = [await a.decode(x), await b.decode(x)];
    const errors = differences(p, q);
    const mean = errors.reduce((sum, v) => sum + v, 0) / errors.length;
    expect(mean).toBeLessThan(1);
    await Promise.all([a.close(), b.close()]);
    await Promise.all([native.close(), web.close()]);
  });

  it("stops when asked to", async () => {
    const tokenizer = await loadImageTokenizer(name);
    const stop = new AbortController();
    stop.abort();
    const work = tokenizer.encode(sample("cat.jpg"), { signal: stop.signal });
    await expect(work).rejects.toThrow(/abort/i);
    await tokenizer.close();
  });
});
