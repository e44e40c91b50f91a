import {
  ArgumentError,
  checkTokenGrid,
  checkTokenizer,
  createQuantizer,
  createTokenGrid,
  MismatchError,
  ShapeError,
} from "@dtok/core";
import type {
  Codec,
  DecodeOptions,
  EncodeOptions,
  ImageSignal,
  LoadContext,
  Manifest,
  Matrix,
  ModelSession,
  Quantizer,
  SideValue,
  Tensor,
  TokenGrid,
} from "@dtok/core";
import {
  checkColour,
  checkImage,
  checkSize,
  hasTransparency,
  MAX_PIXELS,
  toRgb,
  WHITE,
} from "../signal/image.js";
import type { Colour, PictureAhead } from "../signal/image.js";
import { copyWindow, tilesOf } from "./tiles.js";
import type { Tile } from "./tiles.js";

export interface PhotoSettings {
  /** Receptive radius of the encoder and of the decoder, in latent cells. */
  readonly encoderHalo: number;
  readonly decoderHalo: number;
}

export interface PhotoEncodeOptions extends EncodeOptions {
  /** What transparent pixels are laid over. Default white. */
  readonly background?: Colour;
  /** Largest picture that is taken, in pixels. Default 100 megapixels. */
  readonly maxPixels?: number;
  /** Side of a tile in pixels (rounded to the stride); Infinity for no tiles. Default 1024. */
  readonly tileSize?: number;
}

export interface PhotoDecodeOptions extends DecodeOptions {
  readonly maxPixels?: number;
  readonly tileSize?: number;
}

const TILE = 1024;
/** Pixels of one run of the model, over all pictures of a batch: keeps activations below about 0.5 GB. */
const RUN_PIXELS = 1.5 * 1024 * 1024;

/** Share of the rows that a model begins with while the rest is decoded. */
const AHEAD = 1 / 6;

/** A picture on its way through the encoder. */
interface Work {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
  readonly side: Record<string, SideValue>;
}

/**
 * A convolutional photograph tokenizer: pixels -> encoder -> quantizer -> one code per cell, and back.
 * Any size: edges are repeated up to the stride and cut off again; large pictures go through in tiles
 * with context, with the same result.
 */
export class PhotoCodec implements Codec<ImageSignal> {
  readonly quantizer: Quantizer;
  private readonly stride: number;
  private readonly settings: PhotoSettings;

  constructor(
    readonly manifest: Manifest<"image">,
    private readonly encoder: ModelSession,
    private readonly decoder: ModelSession,
  ) {
    this.quantizer = createQuantizer(manifest.quantizer);
    this.stride = manifest.stride[0] as number;
    this.settings = manifest.settings as unknown as PhotoSettings;
    if (this.quantizer.codebookSizes.join() !== manifest.codebookSizes.join()) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `codebook sizes ${this.quantizer.codebookSizes.join(", ")} of ${manifest.quantizer}`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
  }

  static async load(
    manifest: Manifest<"image">,
    { runtime, readFile }: LoadContext,
  ): Promise<PhotoCodec> {
    const [encoderBytes, decoderBytes] = await Promise.all([
      readFile("encoder"),
      readFile("decoder"),
    ]);
    const encoder = await runtime.load(encoderBytes);
    try {
      return new PhotoCodec(manifest, encoder, await runtime.load(decoderBytes));
    } catch (error) {
      await encoder.close();
      throw error;
    }
  }

  /** Pixels to a grid [rows, columns] of one code per `stride` x `stride` pixels. */
  async encode(image: ImageSignal, options: PhotoEncodeOptions = {}): Promise<TokenGrid> {
    return (await this.encodeBatch([image], options))[0] as TokenGrid;
  }

  /** Pictures of equal size share runs of the model. */
  async encodeBatch(
    images: readonly ImageSignal[],
    options: PhotoEncodeOptions = {},
  ): Promise<TokenGrid[]> {
    checkList(images, "pictures");
    const works = images.map((image) => this.prepare(image, options));
    const grids: TokenGrid[] = new Array<TokenGrid>(images.length);
    const total = works.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    let done = 0;
    for (const group of groupsOf(works, this.stride)) {
      options.signal?.throwIfAborted();
      const first = works[group[0] as number] as Work;
      const latents = await this.encodeGroup(
        group.map((i) => works[i] as Work),
        options,
      );
      const made = await this.gridsOf(
        latents,
        group.map((i) => works[i] as Work),
        options,
      );
      for (const [k, i] of group.entries()) grids[i] = made[k] as TokenGrid;
      done += group.length * first.rows * first.columns;
      options.onProgress?.(done, total);
    }
    return grids;
  }

  /** As `encode(await picture.decode())`; the model has the upper rows while the rest is decoded. */
  async encodeAhead(picture: PictureAhead, options: PhotoEncodeOptions = {}): Promise<TokenGrid> {
    const [rows, columns] = [picture.height, picture.width].map((n) =>
      Math.ceil(n / this.stride),
    ) as [number, number];
    const halo = this.settings.encoderHalo;
    const high = Math.ceil(picture.height * AHEAD);
    const split = Math.floor(high / this.stride) - halo;
    // What takes more tiles than one keeps them.
    if (split < 1 || Math.max(rows, columns) > this.tileCells(options.tileSize)) {
      return this.encode(await picture.decode(), options);
    }
    const above = this.prepare(await picture.decode(high), options);
    const whole = picture.decode();
    // Heard of when its turn comes, or never where the upper rows fail first.
    whole.catch(() => undefined);
    const across = { x0: 0, x1: columns, left: 0, right: columns };
    const latents = new Float32Array(rows * columns * this.quantizer.dim);
    const first = { y0: 0, y1: split, top: 0, bottom: split + halo, ...across };
    await this.runTile([above], first, latents);
    const work = this.prepare(await whole, options);
    options.signal?.throwIfAborted();
    const rest = { y0: split, y1: rows, top: Math.max(0, split - halo), bottom: rows, ...across };
    await this.runTile([work], rest, latents);
    const shape = [rows * columns, this.quantizer.dim] as const;
    const [grid] = await this.gridsOf({ data: latents, shape }, [work], options);
    options.onProgress?.(rows * columns, rows * columns);
    return grid as TokenGrid;
  }

  /** Grids of latents [pictures x rows x columns, D]. */
  private async gridsOf(
    latents: Matrix,
    works: readonly Work[],
    { signal }: PhotoEncodeOptions,
  ): Promise<TokenGrid[]> {
    const codes = await this.quantizer.quantizeAsync(latents, signal ? { signal } : {});
    const width = codes.shape[1];
    return works.map(({ rows, columns, side }, k) => {
      const size = rows * columns * width;
      return createTokenGrid({
        codes: {
          data: codes.data.slice(k * size, (k + 1) * size),
          shape: [rows * columns, width],
        },
        shape: [rows, columns],
        codebookSizes: this.manifest.codebookSizes,
        side,
        tokenizer: this.manifest.id,
      });
    });
  }

  private prepare(image: ImageSignal, options: PhotoEncodeOptions): Work {
    const { width, height } = checkImage(image, options.maxPixels ?? MAX_PIXELS);
    return {
      rgb: toRgb(image, checkColour(options.background ?? WHITE)),
      width,
      height,
      rows: Math.ceil(height / this.stride),
      columns: Math.ceil(width / this.stride),
      side: { width, height, ...(hasTransparency(image) ? { alpha: true } : {}) },
    };
  }

  /** Latents [pictures x rows x columns, D] of pictures with one grid size. */
  private async encodeGroup(works: readonly Work[], options: PhotoEncodeOptions): Promise<Matrix> {
    const { rows, columns } = works[0] as Work;
    const dim = this.quantizer.dim;
    const latents = new Float32Array(works.length * rows * columns * dim);
    const core = this.tileCells(options.tileSize);
    for (const tile of tilesOf(rows, columns, core, this.settings.encoderHalo)) {
      options.signal?.throwIfAborted();
      await this.runTile(works, tile, latents);
    }
    return { data: latents, shape: [works.length * rows * columns, dim] };
  }

  /** Latents of a tile's core, into those of the pictures. */
  private async runTile(works: readonly Work[], tile: Tile, latents: Float32Array): Promise<void> {
    const { stride } = this;
    const dim = this.quantizer.dim;
    const { rows, columns, width, height, rgb } = works[0] as Work;
    const [h, w] = [(tile.bottom - tile.top) * stride, (tile.right - tile.left) * stride];
    let pixels: Uint8Array;
    // Whole rows of one picture whose size the stride divides go in as they are.
    if (works.length === 1 && width === w && tile.bottom * stride <= height) {
      pixels = rgb.subarray(tile.top * stride * w * 3, tile.bottom * stride * w * 3);
    } else {
      pixels = new Uint8Array(works.length * h * w * 3);
      for (const [k, work] of works.entries()) {
        const window = { x: tile.left * stride, y: tile.top * stride, width: w, height: h };
        copyWindow(work.rgb, work.width, work.height, window, pixels, k * h * w * 3);
      }
    }
    const result = await this.encoder.run({
      pixels: { data: pixels, shape: [works.length, h, w, 3] },
    });
    const out = (result.latents as Tensor<Float32Array>).data;
    const wide = tile.right - tile.left;
    const high = tile.bottom - tile.top;
    for (let k = 0; k < works.length; k++) {
      for (let y = tile.y0; y < tile.y1; y++) {
        const from = ((k * high + y - tile.top) * wide + tile.x0 - tile.left) * dim;
        const to = ((k * rows + y) * columns + tile.x0) * dim;
        latents.set(out.subarray(from, from + (tile.x1 - tile.x0) * dim), to);
      }
    }
  }

  /** A grid to RGB pixels of the original's size. */
  async decode(grid: TokenGrid, options: PhotoDecodeOptions = {}): Promise<ImageSignal> {
    return (await this.decodeBatch([grid], options))[0] as ImageSignal;
  }

  async decodeBatch(
    grids: readonly TokenGrid[],
    options: PhotoDecodeOptions = {},
  ): Promise<ImageSignal[]> {
    checkList(grids, "token grids");
    const sizes = grids.map((grid) => this.checkGrid(grid, options.maxPixels ?? MAX_PIXELS));
    const images: ImageSignal[] = new Array<ImageSignal>(grids.length);
    const total = sizes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    let done = 0;
    for (const group of groupsOf(sizes, this.stride)) {
      options.signal?.throwIfAborted();
      const { rows, columns } = sizes[group[0] as number] as (typeof sizes)[number];
      const values = group.map(
        (i) => this.quantizer.dequantize((grids[i] as TokenGrid).codes).data,
      );
      const out = group.map((i) => {
        const { width, height } = sizes[i] as (typeof sizes)[number];
        return new Uint8Array(width * height * 3);
      });
      const core = this.tileCells(options.tileSize);
      for (const tile of tilesOf(rows, columns, core, this.settings.decoderHalo)) {
        options.signal?.throwIfAborted();
        const pixels = await this.decodeTile(values, columns, tile);
        for (const [k, i] of group.entries()) {
          this.paste(pixels, k, tile, out[k] as Uint8Array, sizes[i] as (typeof sizes)[number]);
        }
        done += group.length * (tile.y1 - tile.y0) * (tile.x1 - tile.x0);
        options.onProgress?.(done, total);
      }
      for (const [k, i] of group.entries()) {
        const { width, height } = sizes[i] as (typeof sizes)[number];
        images[i] = { data: out[k] as Uint8Array, width, height, channels: 3 };
      }
    }
    return images;
  }

  private async decodeTile(
    values: readonly Float32Array[],
    columns: number,
    tile: Tile,
  ): Promise<Uint8Array> {
    const dim = this.quantizer.dim;
    const [high, wide] = [tile.bottom - tile.top, tile.right - tile.left];
    const latents = new Float32Array(values.length * high * wide * dim);
    for (const [k, value] of values.entries()) {
      for (let y = 0; y < high; y++) {
        const from = ((tile.top + y) * columns + tile.left) * dim;
        latents.set(value.subarray(from, from + wide * dim), (k * high + y) * wide * dim);
      }
    }
    const result = await this.decoder.run({
      latents: { data: latents, shape: [values.length, high, wide, dim] },
    });
    return (result.pixels as Tensor<Uint8Array>).data;
  }

  /** Writes the tile's core into picture k, cut at the picture's own size. */
  private paste(
    pixels: Uint8Array,
    k: number,
    tile: Tile,
    out: Uint8Array,
    { width, height }: { readonly width: number; readonly height: number },
  ): void {
    const { stride } = this;
    const [high, wide] = [(tile.bottom - tile.top) * stride, (tile.right - tile.left) * stride];
    const x0 = tile.x0 * stride;
    const x1 = Math.min(tile.x1 * stride, width);
    const y1 = Math.min(tile.y1 * stride, height);
    for (let y = tile.y0 * stride; y < y1; y++) {
      const from = ((k * high + y - tile.top * stride) * wide + x0 - tile.left * stride) * 3;
      out.set(pixels.subarray(from, from + (x1 - x0) * 3), (y * width + x0) * 3);
    }
  }

  private checkGrid(grid: TokenGrid, maxPixels: number) {
    if (!Array.isArray(grid?.codebookSizes) || typeof grid.side !== "object" || !grid.side) {
      throw new ShapeError("image grid", {
        expected: "a TokenGrid { codes, shape, codebookSizes, side }",
        got: grid === null ? "null" : typeof grid,
        remedy: "Pass what encode or loadTokenGrid returned.",
      });
    }
    // Whose tokens they are comes first: another tokenizer's codes may well be out of range here.
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    checkTokenGrid(grid);
    const { width, height } = grid.side;
    if (typeof width !== "number" || typeof height !== "number") {
      throw new ArgumentError("side information of an image grid", {
        expected: "width and height in pixels",
        got: `width ${String(width)}, height ${String(height)}`,
        remedy: "Keep the side values that encode returned.",
      });
    }
    checkSize(width, height, maxPixels);
    const [rows, columns] = [Math.ceil(height / this.stride), Math.ceil(width / this.stride)];
    if (grid.shape.length !== 2 || grid.shape[0] !== rows || grid.shape[1] !== columns) {
      throw new ShapeError("image grid", {
        expected: `[${rows}, ${columns}] cells for ${width} x ${height} pixels`,
        got: `[${grid.shape.join(", ")}]`,
        remedy: "Change width and height together with the grid.",
      });
    }
    return { width, height, rows, columns };
  }

  private tileCells(tileSize = TILE): number {
    if (!(tileSize >= this.stride)) {
      throw new ArgumentError("tileSize", {
        expected: `at least ${this.stride} pixels`,
        got: String(tileSize),
        remedy: "Leave it out for 1024.",
      });
    }
    // Infinity would leave a grid without any tile; no grid has this many cells.
    return Math.min(Math.floor(tileSize / this.stride), 2 ** 31);
  }

  async close(): Promise<void> {
    await Promise.all([this.encoder.close(), this.decoder.close()]);
  }
}

function checkList(list: unknown, what: string): void {
  if (Array.isArray(list)) return;
  throw new ArgumentError("batch", {
    expected: `an array of ${what}`,
    got: list === null ? "null" : typeof list,
    remedy: "Put a single one into an array, or use encode and decode.",
  });
}

/** Indices of pictures with equal grids, in groups that one run of the model can hold. */
function groupsOf(
  works: readonly { readonly rows: number; readonly columns: number }[],
  stride: number,
): number[][] {
  const open = new Map<string, number[]>();
  const groups: number[][] = [];
  for (const [i, { rows, columns }] of works.entries()) {
    const key = `${rows}x${columns}`;
    const most = Math.max(1, Math.floor(RUN_PIXELS / (rows * columns * stride * stride)));
    const group = open.get(key);
    if (group && group.length < most) group.push(i);
    else {
      const fresh = [i];
      open.set(key, fresh);
      groups.push(fresh);
    }
  }
  return groups;
}
