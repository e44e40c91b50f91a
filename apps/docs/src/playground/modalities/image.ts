/** Pictures: one code a cell of 8 x 8 or 16 x 16 pixels. */
import { createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { loadImageTokenizer } from "@dtok/image/web";
import type { ImageTokenizerName } from "@dtok/image/web";
import {
  Digits,
  PICTURE_LEGEND,
  changes,
  decibels,
  fitted,
  inDecibels,
  loadOnce,
  loading,
  pictureError,
  regrid,
  rgbaOf,
  saved,
  sizeFacts,
} from "../engine.js";
import type { Coded, Engine, Report } from "../engine.js";
import type { Decoded, Encoded, Held, Picture } from "../protocol.js";

/** Pixels a side: what one thread of WebAssembly does while one waits. */
const LIMIT = 512;
/** Beyond this share of the cells a whole decoding costs no more than a part. */
const PART = 0.5;

const tokenizer = loadOnce((id: string, report: Report) =>
  loadImageTokenizer(id.split("/")[1] as ImageTokenizerName, { onProgress: loading(id, report) }),
);
type Tokenizer = Awaited<ReturnType<typeof tokenizer>>;

/** Pixels of a blob, upright and over white. */
export async function readPicture(blob: Blob, name: string, limit: number) {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      colorSpaceConversion: "none",
      imageOrientation: "from-image",
    });
  } catch {
    throw new Error(
      `${name} is not a picture that this browser reads. Choose a JPEG, PNG, WebP or AVIF.`,
    );
  }
  const [width, height] = fitted(bitmap.width, bitmap.height, limit);
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const whole = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height)
    .data as unknown as Uint8ClampedArray<ArrayBuffer>;
  return { picture: { kind: "picture", width, height, rgba } satisfies Picture, whole };
}

class CodedPicture implements Coded {
  private readonly digits: Digits;
  private readonly stride: number;
  private readonly halo: number;
  private shown: { codes: Int32Array; rgba: Uint8ClampedArray<ArrayBuffer> } | null = null;
  private readonly prototypes = new Map<number, Picture>();

  constructor(
    private readonly codec: Tokenizer,
    private readonly grid: TokenGrid,
    private readonly original: Picture | null,
    readonly encoded: Encoded,
  ) {
    this.digits = new Digits(codec.manifest.quantizer);
    this.stride = codec.manifest.stride[0] as number;
    this.halo = codec.manifest.settings.decoderHalo as number;
  }

  async decode(given: Int32Array, level: number | null): Promise<Decoded> {
    const start = performance.now();
    const kept = level ?? this.digits.levels.length;
    const codes =
      kept === this.digits.levels.length
        ? given.slice()
        : given.map((code) => this.digits.coarse(code, kept));
    const { width, height } = this.grid.side as { width: number; height: number };
    const changed = this.shown === null ? null : changes(codes, this.shown.codes);
    let made = "";
    let rgba: Uint8ClampedArray<ArrayBuffer>;
    if (changed !== null && changed.length <= codes.length * PART) {
      rgba = this.shown!.rgba.slice();
      made = changed.length === 0 ? "nothing changed" : await this.patch(rgba, codes, changed);
    } else {
      const { data } = await this.codec.decode(regrid(this.grid, codes));
      rgba = rgbaOf(data, width * height);
      made = `all ${codes.length.toLocaleString("en")} cells decoded`;
    }
    this.shown = { codes, rgba };
    const media: Picture = { kind: "picture", width, height, rgba: rgba.slice() };
    const { original } = this;
    return {
      media,
      facts: original ? [{ name: "PSNR", value: inDecibels(decibels(original.rgba, rgba)) }] : [],
      error: original
        ? { legend: PICTURE_LEGEND, fields: [pictureError(original.rgba, rgba, width, height)] }
        : null,
      made,
      milliseconds: performance.now() - start,
    };
  }

  /** Decodes the cells around those that changed, and puts what they reach into the picture. */
  private async patch(
    rgba: Uint8ClampedArray,
    codes: Int32Array,
    changed: readonly number[],
  ): Promise<string> {
    const [rows, columns] = this.grid.shape as [number, number];
    const { stride, halo } = this;
    const { width, height } = this.grid.side as { width: number; height: number };
    let [top, left, bottom, right] = [rows, columns, 0, 0];
    for (const at of changed) {
      const [row, column] = [Math.floor(at / columns), at % columns];
      top = Math.min(top, row - halo);
      bottom = Math.max(bottom, row + halo + 1);
      left = Math.min(left, column - halo);
      right = Math.max(right, column + halo + 1);
    }
    // What a changed cell reaches, and as much context again.
    const clip = (low: number, high: number, end: number) =>
      [Math.max(0, low), Math.min(end, high)] as const;
    const [y0, y1] = clip(top, bottom, rows);
    const [x0, x1] = clip(left, right, columns);
    const [cy0, cy1] = clip(top - halo, bottom + halo, rows);
    const [cx0, cx1] = clip(left - halo, right + halo, columns);
    const [high, wide] = [cy1 - cy0, cx1 - cx0];
    const part = new Int32Array(high * wide);
    for (let y = 0; y < high; y++) {
      const from = (cy0 + y) * columns + cx0;
      part.set(codes.subarray(from, from + wide), y * wide);
    }
    const [pw, ph] = [wide * stride, high * stride];
    const { data } = await this.codec.decode(
      createTokenGrid({
        codes: { data: part, shape: [high * wide, 1] },
        shape: [high, wide],
        codebookSizes: this.grid.codebookSizes,
        side: { width: pw, height: ph },
        tokenizer: this.codec.manifest.id,
      }),
    );
    const endY = Math.min(height, y1 * stride);
    const endX = Math.min(width, x1 * stride);
    for (let y = y0 * stride; y < endY; y++) {
      let from = ((y - cy0 * stride) * pw + (x0 - cx0) * stride) * 3;
      for (let x = x0 * stride; x < endX; x++, from += 3) {
        const to = (y * width + x) * 4;
        rgba[to] = data[from]!;
        rgba[to + 1] = data[from + 1]!;
        rgba[to + 2] = data[from + 2]!;
      }
    }
    return `${high} x ${wide} of ${rows} x ${columns} cells decoded anew`;
  }

  async describe(codes: Int32Array, at: number): Promise<Held> {
    const code = codes[at]!;
    return {
      facts: this.digits.facts(code),
      vector: this.digits.vector(code),
      prototype: { media: await this.prototype(code), says: "The code alone, 3 x 3 times" },
      near: null,
      star: null,
    };
  }

  private async prototype(code: number): Promise<Picture> {
    let known = this.prototypes.get(code);
    if (known === undefined) {
      const [cells, shown] = [5, 3];
      const side = cells * this.stride;
      const { data } = await this.codec.decode(
        createTokenGrid({
          codes: { data: new Int32Array(cells * cells).fill(code), shape: [cells * cells, 1] },
          shape: [cells, cells],
          codebookSizes: this.grid.codebookSizes,
          side: { width: side, height: side },
          tokenizer: this.codec.manifest.id,
        }),
      );
      const size = shown * this.stride;
      const rgb = new Uint8Array(size * size * 3);
      for (let y = 0; y < size; y++) {
        const from = ((y + this.stride) * side + this.stride) * 3;
        rgb.set(data.subarray(from, from + size * 3), y * size * 3);
      }
      known = { kind: "picture", width: size, height: size, rgba: rgbaOf(rgb, size * size) };
      this.prototypes.set(code, known);
    }
    return known;
  }

  save(codes: Int32Array) {
    return saved(regrid(this.grid, codes));
  }
}

function made(
  codec: Tokenizer,
  grid: TokenGrid,
  original: Picture | null,
  milliseconds: number,
): CodedPicture {
  const digits = new Digits(codec.manifest.quantizer);
  const { width, height } = grid.side as { width: number; height: number };
  const [rows, columns] = grid.shape as [number, number];
  const { manifest } = codec;
  return new CodedPicture(codec, grid, original, {
    tokenizer: manifest.id,
    shape: grid.shape,
    codebookSizes: grid.codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes: [digits.palette()],
    paletteOf: [0],
    codebooks: [`FSQ ${digits.levels.join(" x ")}`],
    facts: [
      { name: "Grid", value: `${rows} x ${columns}` },
      ...sizeFacts(grid, width * height, "a pixel"),
    ],
    levels: digits.slider(),
    stride: manifest.stride,
    milliseconds,
  });
}

export const engine: Engine = {
  async read(input, name) {
    if (!(input instanceof Blob)) throw new Error(`${name} is no picture.`);
    const { picture, whole } = await readPicture(input, name, LIMIT);
    const small = whole.width > picture.width;
    return {
      source: picture,
      media: picture,
      facts: [{ name: "Picture", value: `${picture.width} x ${picture.height} pixels` }],
      tokenizers: ["image/photo-8x", "image/photo-16x"],
      ...(small && {
        note: `Scaled from ${whole.width} x ${whole.height} to ${LIMIT} pixels for this page; the package takes any size.`,
      }),
    };
  },
  async encode(source, id, report) {
    const picture = source as Picture;
    const codec = await tokenizer(id, report);
    report("Encoding", 0, 0);
    const start = performance.now();
    const { rgba: data, width, height } = picture;
    const grid = await codec.encode({ data, width, height, channels: 4 });
    return made(codec, grid, picture, performance.now() - start);
  },
  owns: (grid) => grid.tokenizer?.startsWith("image/") ?? false,
  restore: async (grid, _, report) => made(await tokenizer(grid.tokenizer!, report), grid, null, 0),
};
