import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { isDtokError, loadTokenGrid, saveTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { loadImageTokenizer, readImage } from "@dtok/image";
import type { ImageInput, ImageTokenizer } from "@dtok/image";
import sharp from "sharp";
import type { Sharp } from "sharp";
import { headerSize } from "../src/web/header.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let tokenizer: ImageTokenizer<ImageInput>;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dtok-image-"));
  tokenizer = await loadImageTokenizer("photo-8x");
});
afterAll(async () => {
  await tokenizer.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A gradient with a red left half and a blue right one, so that orientation shows. */
function picture(width: number, height: number, channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      data[at] = x < width / 2 ? 220 : 20;
      data[at + 1] = Math.round((y / height) * 255);
      data[at + 2] = x < width / 2 ? 20 : 220;
      if (channels === 4) data[at + 3] = y < height / 2 ? 0 : 255;
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isDtokError(error)) throw new Error(`expected a typed error, got ${String(error)}`);
  return error;
}

/** A PNG whose header claims a size; the rest is empty. */
function pngHeader(width: number, height: number): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(checksum(body), 0);
    return Buffer.concat([frame.subarray(0, 4), body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", Buffer.alloc(0)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** zlib.crc32 came with Node.js 20.15; older typings do not know it. */
const checksum = (bytes: Buffer): number => crc32(bytes);

describe("pictures at an address", () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    const png = await picture(40, 24).png().toBuffer();
    server = createServer((request, response) => {
      if (request.url === "/photo.png") response.end(png);
      else if (request.url === "/endless") response.write("never more");
      else response.writeHead(request.url === "/empty" ? 200 : 404).end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("is fetched, as a string or a URL", async () => {
    const local = await tokenizer.encode(await picture(40, 24).png().toBuffer());
    for (const url of [`${address}/photo.png`, new URL("/photo.png", address)]) {
      expect((await tokenizer.encode(url)).codes.data).toEqual(local.codes.data);
    }
  });

  it("gives a typed error where there is none, nothing, or no server", async () => {
    const missing = await failure(tokenizer.encode(`${address}/none.png`));
    expect(missing.message).toContain("404");
    expect((await failure(tokenizer.encode(`${address}/empty`))).code).toBe("format");
    expect((await failure(tokenizer.encode("http://127.0.0.1:1/x.png"))).code).toBe("argument");
  });

  it("stops when asked to", async () => {
    const stop = new AbortController();
    const work = tokenizer.encode(`${address}/endless`, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await expect(work).rejects.toThrow("enough");
  });
});

describe("pictures that are broken", () => {
  it("a truncated JPEG", async () => {
    const whole = await picture(256, 256).jpeg().toBuffer();
    const error = await failure(tokenizer.encode(whole.subarray(0, whole.length >> 1)));
    expect(error.code).toBe("format");
  });

  it("a file of 0 bytes, as path and as bytes", async () => {
    const path = join(folder, "empty.jpg");
    writeFileSync(path, "");
    expect((await failure(tokenizer.encode(path))).code).toBe("format");
    expect((await failure(tokenizer.encode(new Uint8Array(0)))).message).toContain("0 bytes");
  });

  it("text that calls itself a picture, and a missing file", async () => {
    expect((await failure(tokenizer.encode(Buffer.from("no picture")))).code).toBe("format");
    const error = await failure(tokenizer.encode(join(folder, "none.jpg")));
    expect(error.message).toContain("none.jpg");
  });

  it("a header of 30,000 x 30,000: refused before memory is asked for", async () => {
    const before = process.memoryUsage().rss;
    const error = await failure(tokenizer.encode(pngHeader(30_000, 30_000)));
    expect(error.code).toBe("limit");
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it("an AVIF's declared size, which a browser must know before it decodes", async () => {
    const avif = await picture(96, 64).avif().toBuffer();
    expect(headerSize(avif)).toEqual({ width: 96, height: 64 });
    expect(headerSize(avif.subarray(0, 12))).toBeUndefined();
  });

  it("inputs of no known kind", async () => {
    for (const input of [null, undefined, 7, {}, []]) {
      expect((await failure(tokenizer.encode(input as never))).code).toMatch(/argument|shape/);
    }
  });

  it("raw pixels that lie about their size, or have none", async () => {
    const data = new Uint8Array(12);
    for (const raw of [
      { data, width: 3, height: 3, channels: 3 },
      { data, width: 0, height: 4, channels: 3 },
      { data, width: Number.NaN, height: 4, channels: 3 },
      { data, width: 2, height: 2, channels: 2 },
      { data: new Float32Array(12), width: 2, height: 2, channels: 3 },
    ]) {
      const error = await failure(tokenizer.encode(raw as never));
      expect(error.code).toMatch(/shape|argument/);
    }
  });
});

describe("options outside their domain", () => {
  const rgba = { data: new Uint8Array(8 * 8 * 4), width: 8, height: 8, channels: 4 } as const;

  it("backgrounds that are no colour", async () => {
    for (const background of ["white", [Number.NaN, 0, 0], [300, 0, 0], [0.5, 0, 0], [1, 2]]) {
      const work = tokenizer.encode(rgba, { background: background as never });
      expect((await failure(work)).code).toBe("argument");
    }
  });

  it("limits that would let everything pass", async () => {
    for (const maxPixels of [Number.NaN, 0, -1]) {
      expect((await failure(tokenizer.encode(rgba, { maxPixels }))).code).toBe("argument");
    }
  });

  it("tiles smaller than a cell; an endless tile is no tile", async () => {
    for (const tileSize of [0, 7, Number.NaN]) {
      expect((await failure(tokenizer.encode(rgba, { tileSize }))).code).toBe("argument");
    }
    const raw = await readImage(await picture(40, 24).png().toBuffer());
    const grid = await tokenizer.encode(raw);
    const endless = { tileSize: Number.POSITIVE_INFINITY };
    expect((await tokenizer.encode(raw, endless)).codes).toEqual(grid.codes);
    expect(await tokenizer.decode(grid, endless)).toEqual(await tokenizer.decode(grid));
  });
});

describe("pictures that are unusual", () => {
  it("1 x 1 pixel", async () => {
    const grid = await tokenizer.encode(await picture(1, 1).png().toBuffer());
    expect(grid.shape).toEqual([1, 1]);
    const back = await tokenizer.decode(grid);
    expect([back.width, back.height, back.data.length]).toEqual([1, 1, 3]);
  });

  it("CMYK gives the colours that it stands for", async () => {
    const cmyk = await picture(64, 64).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const { data, channels } = await readImage(cmyk);
    expect(channels).toBe(3);
    const at = (32 * 64 + 8) * 3;
    expect(data[at] as number).toBeGreaterThan((data[at + 2] as number) + 80);
  });

  it("16 bits per sample are scaled to 8", async () => {
    const deep = await picture(40, 40)
      .toColourspace("rgb16")
      .png({ bitdepth: 16 } as never)
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    const eight = await readImage(await picture(40, 40).png().toBuffer());
    const converted = await readImage(deep);
    const worst = Math.max(
      ...eight.data.map((v, i) => Math.abs(v - (converted.data[i] as number))),
    );
    expect(worst).toBeLessThanOrEqual(1);
  });

  it("alpha is laid over the background and noted", async () => {
    const bytes = await picture(64, 64, 4).png().toBuffer();
    const white = await tokenizer.encode(bytes);
    const black = await tokenizer.encode(bytes, { background: [0, 0, 0] });
    expect(white.side.alpha).toBe(true);
    const top = async (grid: TokenGrid) =>
      (await tokenizer.decode(grid)).data[8 * 64 * 3] as number;
    expect(await top(white)).toBeGreaterThan(200);
    expect(await top(black)).toBeLessThan(55);
    const opaque = await tokenizer.encode(await picture(64, 64).ensureAlpha().png().toBuffer());
    expect(opaque.side.alpha).toBeUndefined();
  });

  it("an animated GIF gives its first frame, or the page asked for", async () => {
    const frames = [
      { r: 255, g: 0, b: 0 },
      { r: 0, g: 0, b: 255 },
    ].map((background) =>
      sharp({ create: { width: 32, height: 32, channels: 3, background } })
        .png()
        .toBuffer(),
    );
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const first = await readImage(gif);
    const second = await readImage(gif, { page: 1 });
    expect([first.width, first.height]).toEqual([32, 32]);
    expect(first.data[0] as number).toBeGreaterThan(200);
    expect(second.data[2] as number).toBeGreaterThan(200);
  });

  it("EXIF orientation is applied", async () => {
    const turned = await picture(80, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { width, height, data } = await readImage(turned);
    expect([width, height]).toEqual([40, 80]);
    // The red left half has become the upper one.
    expect(data[(10 * 40 + 20) * 3] as number).toBeGreaterThan(150);
    expect(data[(70 * 40 + 20) * 3] as number).toBeLessThan(100);
  });

  it("grey, grey with alpha, a sharp pipeline, a Blob, an ArrayBuffer and ImageData-like pixels", async () => {
    const grey = await picture(24, 24).greyscale().png().toBuffer();
    const greyAlpha = await picture(24, 24, 4).greyscale().png().toBuffer();
    const rgba = await picture(24, 24).ensureAlpha().raw().toBuffer();
    const inputs: ImageInput[] = [
      grey,
      greyAlpha,
      picture(24, 24).png(),
      new Blob([new Uint8Array(grey)]),
      new Uint8Array(grey).buffer,
      { data: new Uint8ClampedArray(rgba), width: 24, height: 24 },
    ];
    for (const input of inputs) {
      expect((await tokenizer.encode(input)).shape).toEqual([3, 3]);
    }
  });
});

describe("token grids that do not belong", () => {
  const encode = async () => tokenizer.encode(await picture(40, 24).png().toBuffer());

  it("tokens of another tokenizer", async () => {
    const grid = { ...(await encode()), tokenizer: "image/another" };
    expect((await failure(tokenizer.decode(grid))).code).toBe("mismatch");
  });

  it("what is no grid, and no batch", async () => {
    const grid = await encode();
    const { side: _side, ...sideless } = grid;
    const { codes: _codes, ...codeless } = grid;
    for (const value of [undefined, null, 7, {}, [], sideless, codeless]) {
      expect((await failure(tokenizer.decode(value as never))).code).toBe("shape");
    }
    expect((await failure(tokenizer.decodeBatch(undefined as never))).code).toBe("argument");
    expect((await failure(tokenizer.encodeBatch({} as never))).code).toBe("argument");
  });

  it("codes out of range", async () => {
    const grid = await encode();
    const data = grid.codes.data.slice();
    data[3] = 15360;
    const codes = { ...grid.codes, data };
    expect((await failure(tokenizer.decode({ ...grid, codes }))).code).toBe("code-range");
  });

  it("side information that is missing or lies", async () => {
    const grid = await encode();
    for (const side of [
      {},
      { width: Number.NaN, height: 24 },
      { width: 400, height: 24 },
      { width: 1e9, height: 1e9 },
      { width: -8, height: 24 },
      { width: "40", height: 24 },
    ]) {
      const { code } = await failure(tokenizer.decode({ ...grid, side } as TokenGrid));
      expect(code).toMatch(/argument|shape|limit/);
    }
  });

  it("a token file cut short, or with a flipped bit", async () => {
    const bytes = saveTokenGrid(await encode());
    expect(() => loadTokenGrid(bytes.subarray(0, bytes.length - 5))).toThrowError(/expected/);
    for (const at of [bytes.length - 3, bytes.length >> 1]) {
      const broken = bytes.slice();
      broken[at] = (broken[at] as number) ^ 1;
      expect(() => loadTokenGrid(broken)).toThrow();
    }
  });
});

describe("model files that are not what they claim", () => {
  it("a wrong checksum is refused before the graph is loaded", async () => {
    const { mkdirSync, copyFileSync, readFileSync } = await import("node:fs");
    const source = new URL("../models/photo-8x/", import.meta.url);
    const copy = join(folder, "model");
    mkdirSync(copy);
    copyFileSync(new URL("decoder.onnx", source), join(copy, "decoder.onnx"));
    const bytes = readFileSync(new URL("encoder.onnx", source));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 255;
    writeFileSync(join(copy, "encoder.onnx"), bytes);
    const error = await failure(loadImageTokenizer("photo-8x", { baseUrl: copy }));
    expect(error.code).toBe("integrity");
    writeFileSync(join(copy, "encoder.onnx"), bytes.subarray(0, 1000));
    expect((await failure(loadImageTokenizer("photo-8x", { baseUrl: copy }))).code).toBe(
      "integrity",
    );
  });

  it("an unknown name", async () => {
    expect((await failure(loadImageTokenizer("photo-9x" as never))).message).toContain("photo-8x");
  });
});
