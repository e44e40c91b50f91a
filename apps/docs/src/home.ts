/** The picture of the first page: a photograph, then its tokens as colours, then what these decode to. */
import { join } from "node:path";
import { createQuantizer } from "@dtok/core";
import type { Codec, ImageSignal, ModelRuntime } from "@dtok/core";
import { psnr, readImage } from "@dtok/image/node";
import sharp from "sharp";
import type { Sharp } from "sharp";
import { openCodec } from "../../bench/src/harness/plugins.js";
import type { Shipped } from "./manifests.js";
import { codebookVectors, paletteOf } from "./playground/engine.js";

const CELL = 8;
/** Pixels of the screen for one of the photograph's. */
const SCALE = 2;

export interface Home {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly tokens: number;
  readonly decibels: number;
}

export async function drawHome(
  root: string,
  shipped: readonly Shipped[],
  runtime: ModelRuntime,
  folder: string,
): Promise<Home> {
  const one = shipped.find(({ manifest }) => manifest.id === "image/photo-8x")!;
  const codec = (await openCodec(
    one.plugin,
    join(root, one.folder, "models"),
    runtime,
  )) as Codec<ImageSignal>;
  try {
    const original = await readImage(join(root, "samples", "cat.jpg"));
    const grid = await codec.encode(original);
    const back = await codec.decode(grid);
    const { data, dim } = codebookVectors(createQuantizer(one.manifest.quantizer));
    const palette = paletteOf(data, dim);
    const [rows, columns] = grid.shape as [number, number];
    const cells = new Uint8Array(rows * columns * 3);
    for (const [n, code] of grid.codes.data.entries()) {
      cells.set(palette.subarray(code * 3, code * 3 + 3), n * 3);
    }
    const { width, height } = original;
    const size = { width: width * SCALE, height: height * SCALE };
    // Borders of the thirds lie on those of cells.
    const third = Math.round(columns / 3) * CELL * SCALE;
    const picture = ({ data: pixels, channels }: ImageSignal) =>
      sharp(pixels, { raw: { width, height, channels } }).resize(size);
    const tokens = sharp(cells, { raw: { width: columns, height: rows, channels: 3 } }).resize({
      width: columns * CELL * SCALE,
      height: rows * CELL * SCALE,
      kernel: "nearest",
    });
    const cut = async (image: Sharp, left: number, to: number) => ({
      // Cut from the finished picture: within one pipeline sharp would cut before it scales.
      input: await sharp(await image.png().toBuffer())
        .extract({ left, top: 0, width: to - left, height: size.height })
        .toBuffer(),
      left,
      top: 0,
    });
    const file = "home.webp";
    await sharp({ create: { ...size, channels: 3, background: "#fff" } })
      .composite([
        await cut(picture(original), 0, third),
        await cut(tokens, third, 2 * third),
        await cut(picture(back), 2 * third, size.width),
      ])
      .webp({ quality: 90 })
      .toFile(join(folder, file));
    return { file, ...size, tokens: rows * columns, decibels: psnr(original, back) };
  } finally {
    await codec.close();
  }
}
