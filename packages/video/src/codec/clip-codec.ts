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
  DecodeOptions,
  EncodeOptions,
  ImageSignal,
  LoadContext,
  Manifest,
  ModelSession,
  Quantizer,
  Stream,
  StreamingCodec,
  Tensor,
  TokenGrid,
  VideoSignal,
} from "@dtok/core";
import {
  checkFps,
  checkSize,
  checkVideo,
  frameRgb,
  framesOf,
  MAX_PIXELS,
} from "../signal/video.js";
import { estimateMotion, MOTION_CODES, moveReference, STILL_CODE } from "./motion.js";
import { cropFrame, gather, padFrame, scatter } from "./frames.js";
import type { Extent } from "./frames.js";
import { tilesOf } from "./tiles.js";
import { firstFrame, isKey, keyOf, stepOfFrame, stepsOf } from "./timeline.js";
import type { Timeline } from "./timeline.js";

/** What a clip tokenizer's manifest says in `settings`: the timeline, and receptive radii in blocks. */
export interface ClipSettings extends Timeline {
  readonly keyEncoderHalo: number;
  readonly keyDecoderHalo: number;
  readonly encoderHalo: number;
  readonly decoderHalo: number;
  /** Codes per block of a second level, where there is one: the group's networks once more. */
  readonly fine?: number;
  /** Folder of the files, where it is not the tokenizer's own name. */
  readonly folder?: string;
}

export interface ClipEncodeOptions extends EncodeOptions {
  /** Largest frame that is taken, in pixels. Default 36 megapixels. */
  readonly maxPixels?: number;
  /** Side of a tile in pixels (rounded down to the stride). Default 512. */
  readonly tileSize?: number;
}

export interface ClipDecodeOptions extends DecodeOptions {
  readonly maxPixels?: number;
  readonly tileSize?: number;
  /** First frame, from 0. Decoding starts at the key before it. Default 0. */
  readonly from?: number;
  /** Frame to stop before. Default: the clip's end. */
  readonly to?: number;
}

interface Sessions {
  readonly keyEncoder: ModelSession;
  readonly keyDecoder: ModelSession;
  readonly encoder: ModelSession;
  readonly decoder: ModelSession;
}

/** Codes of one step, and the way to what a decoder makes of them. */
interface EncodedStep {
  readonly codes: Int32Array;
  readonly decode: () => Promise<readonly Uint8Array[]>;
}

const TILE = 512;
/** Codes of a block on the first level: of a key frame's 2 x 2 cells, or motion and what it leaves. */
const CODES = 4;
/** Cells of a key frame that lie along a block's side. */
const CELLS = 2;
/**
 * Mean squared error of a prediction, in 8-bit steps squared (23 dB), from which on a cut is thought of.
 */
const SUSPICIOUS = 326;

/**
 * A causal clip tokenizer. The first frame is coded alone; each following group of frames is coded
 * together, predicted from the last decoded frame (the reference), which the encoder keeps too. Codes of a
 * group thus depend on earlier frames only, and a still scene is kept and refined. Every `groups` groups
 * a new key frame starts afresh.
 *
 * Grid: [t, h, w] steps and blocks of 16 x 16 pixels, with four codes a block of one codebook size. In a
 * key step they are those of 2 x 2 cells, row after row. In a group the first is the block's motion since
 * the reference, found by block matching, and the others what motion leaves. Where the scene changes in
 * a group, its codes are those of a picture instead: the first code of its first block is then
 * MOTION_CODES + the frames before the change, which are shown as the reference; those after it are shown
 * as the picture (its first cell takes the code of the second). With `settings.fine` as many codes follow
 * in each block: the group's networks once more, with what the first level decoded as the prediction.
 *
 * Side: width, height (pixels), fps, frames (frames from the stream's start to the grid's end).
 */
export class ClipCodec implements StreamingCodec<VideoSignal> {
  readonly quantizer: Quantizer;
  readonly settings: ClipSettings;
  /** Milliseconds until a group is whole, at 25 frames per second; the time of the networks comes on top. */
  readonly latencyMs: number;
  private readonly stride: number;
  /** Codes of a block. */
  private readonly width: number;

  constructor(
    readonly manifest: Manifest<"video">,
    private readonly sessions: Sessions,
  ) {
    this.quantizer = createQuantizer(manifest.quantizer);
    this.settings = manifest.settings as unknown as ClipSettings;
    this.stride = manifest.stride[2] as number;
    this.width = CODES + (this.settings.fine ?? 0);
    this.latencyMs = (this.settings.frames - 1) * 40;
    const [size] = this.quantizer.codebookSizes as [number];
    if (
      this.quantizer.codebookSizes.length !== 1 ||
      size < MOTION_CODES + this.settings.frames ||
      manifest.codebookSizes.length !== this.width ||
      manifest.codebookSizes.some((k) => k !== size)
    ) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `${this.width} codebooks of ${size} entries, as ${manifest.quantizer} has, and room for ${MOTION_CODES} motions`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
  }

  static async load(
    manifest: Manifest<"video">,
    { runtime, readFile }: LoadContext,
  ): Promise<ClipCodec> {
    const parts: (keyof Sessions)[] = ["keyEncoder", "keyDecoder", "encoder", "decoder"];
    const bytes = await Promise.all(parts.map((part) => readFile(part)));
    const open: { -readonly [part in keyof Sessions]?: ModelSession } = {};
    try {
      for (const [i, part] of parts.entries()) open[part] = await runtime.load(bytes[i]!);
      return new ClipCodec(manifest, open as Sessions);
    } catch (error) {
      await Promise.all(Object.values(open).map((session) => session.close()));
      throw error;
    }
  }

  /** A clip to one grid. Frames are pulled as they are needed; only the tokens are kept. */
  async encode(video: VideoSignal, options: ClipEncodeOptions = {}): Promise<TokenGrid> {
    checkVideo(video, options.maxPixels);
    const { width, height, fps } = video;
    const chunks: Int32Array[] = [];
    let frames = 0;
    for await (const step of this.encodeSteps(video, options)) {
      chunks.push(step.codes);
      frames = step.frames;
      options.onProgress?.(frames, Math.max(frames, expectedFrames(video)));
    }
    if (frames === 0) {
      throw new ArgumentError("video", {
        expected: "at least one frame",
        got: "none",
        remedy: "Check that the file has a video stream.",
      });
    }
    return this.grid(chunks, { width, height, fps, frames });
  }

  /**
   * A clip to one grid per step as its frames come, in memory that does not grow with the clip. The next
   * group is read while the networks work on this one.
   */
  async *encodeGroups(
    video: VideoSignal,
    options: ClipEncodeOptions = {},
  ): AsyncGenerator<TokenGrid, void, undefined> {
    checkVideo(video, options.maxPixels);
    const { width, height, fps } = video;
    for await (const { codes, frames } of this.encodeSteps(video, options)) {
      yield this.grid([codes], { width, height, fps, frames });
    }
  }

  private async *encodeSteps(video: VideoSignal, options: ClipEncodeOptions) {
    const extent = this.extentOf(video.width, video.height);
    const state = new EncoderState(this, extent, options);
    const iterator = framesOf(video);
    // The next step's frames, under way while the networks run.
    const pull = async (step: number) => {
      const group: Uint8Array[] = [];
      const wanted = isKey(this.settings, step) ? 1 : this.settings.frames;
      while (group.length < wanted) {
        const { done, value } = await iterator.next();
        if (done) break;
        group.push(frameRgb(value, video.width, video.height));
      }
      return group;
    };
    let pending: Promise<Uint8Array[]> | undefined;
    try {
      let frames = 0;
      let step = 0;
      let group = await pull(step);
      while (group.length > 0) {
        options.signal?.throwIfAborted();
        pending = pull(++step);
        // An error while the networks run is thrown where the group is awaited.
        pending.catch(() => undefined);
        const codes = await state.step(group);
        frames += group.length;
        yield { codes, frames };
        group = await pending;
      }
    } finally {
      await pending?.catch(() => undefined);
      await iterator.return?.();
    }
  }

  encodeStream(options: ClipEncodeOptions = {}): Stream<VideoSignal, TokenGrid> {
    let state: EncoderState | undefined;
    let clip: { width: number; height: number; fps: number } | undefined;
    let waiting: Uint8Array[] = [];
    let frames = 0;
    const emit = async () => {
      frames += waiting.length;
      const codes = await (state as EncoderState).step(waiting);
      waiting = [];
      return this.grid([codes], { ...(clip as NonNullable<typeof clip>), frames });
    };
    return {
      push: async (video) => {
        checkVideo(video, options.maxPixels);
        clip ??= { width: video.width, height: video.height, fps: video.fps };
        state ??= new EncoderState(this, this.extentOf(clip.width, clip.height), options);
        const out: TokenGrid[] = [];
        for await (const frame of video.frames) {
          waiting.push(frameRgb(frame, clip.width, clip.height));
          const whole = isKey(this.settings, state.done) ? 1 : this.settings.frames;
          if (waiting.length === whole) out.push(await emit());
        }
        return out;
      },
      flush: async () => (waiting.length > 0 ? [await emit()] : []),
    };
  }

  /**
   * A grid to a clip whose frames are decoded as they are read, again at each reading. Nothing but the
   * group in hand is kept.
   */
  async decode(grid: TokenGrid, options: ClipDecodeOptions = {}): Promise<VideoSignal> {
    const { width, height, fps } = this.checkGrid(grid, options);
    return {
      width,
      height,
      fps,
      frames: { [Symbol.asyncIterator]: () => this.decodeFrames(grid, options) },
    };
  }

  /**
   * Frames `from` to `to` of a grid. The context that a frame needs beside its own step's codes is those
   * of the steps since the key before it, at most `settings.groups`; nothing earlier is touched.
   */
  async *decodeFrames(
    grid: TokenGrid,
    options: ClipDecodeOptions = {},
  ): AsyncGenerator<ImageSignal, void, undefined> {
    const { width, height, frames, extent } = this.checkGrid(grid, options);
    const { from = 0, to = frames } = options;
    if (!(
      Number.isInteger(from) &&
      Number.isInteger(to) &&
      from >= 0 &&
      from <= to &&
      to <= frames
    )) {
      throw new ArgumentError("frames to decode", {
        expected: `0 <= from <= to <= ${frames}, whole numbers`,
        got: `from ${from}, to ${to}`,
        remedy: "Ask for frames that the grid holds.",
      });
    }
    if (from === to) return;
    const first = keyOf(this.settings, stepOfFrame(this.settings, from));
    const end = stepsOf(this.settings, to);
    const state = new DecoderState(this, extent, options, first);
    for (let step = first; step < end; step++) {
      options.signal?.throwIfAborted();
      const start = firstFrame(this.settings, step);
      for (const [i, data] of (await state.step(this.stepCodes(grid, step))).entries()) {
        if (start + i < from || start + i >= to) continue;
        yield { data, width, height, channels: 3 };
        options.onProgress?.(start + i + 1 - from, to - from);
      }
    }
  }

  decodeStream(
    side: TokenGrid["side"],
    options: ClipDecodeOptions = {},
  ): Stream<TokenGrid, VideoSignal> {
    const { width, height, fps } = this.checkSide(side, options.maxPixels);
    const extent = this.extentOf(width, height);
    const state = new DecoderState(this, extent, options, 0);
    let emitted = 0;
    return {
      push: async (grid) => {
        this.checkTokens(grid, extent);
        const known = this.checkSide(grid.side, options.maxPixels);
        if (known.width !== width || known.height !== height) {
          throw new MismatchError("grid of a stream", {
            expected: `${width} x ${height} pixels`,
            got: `${known.width} x ${known.height}`,
            remedy: "Open a new stream for another clip.",
          });
        }
        const frames: ImageSignal[] = [];
        for (let step = 0; step < (grid.shape[0] as number); step++) {
          for (const data of await state.step(this.stepCodes(grid, step))) {
            // A last group may hold fewer frames than it has room for.
            if (emitted >= known.frames) break;
            emitted++;
            frames.push({ data, width, height, channels: 3 });
          }
        }
        return frames.length > 0 ? [{ frames, width, height, fps }] : [];
      },
      flush: async () => [],
    };
  }

  private stepCodes(grid: TokenGrid, step: number): Int32Array {
    const size = grid.codes.data.length / (grid.shape[0] as number);
    return grid.codes.data.subarray(step * size, (step + 1) * size);
  }

  private grid(
    chunks: readonly Int32Array[],
    side: { width: number; height: number; fps: number; frames: number },
  ): TokenGrid {
    const { rows, columns } = this.extentOf(side.width, side.height);
    const data = new Int32Array(chunks.length * rows * columns * this.width);
    for (const [i, chunk] of chunks.entries()) data.set(chunk, i * chunk.length);
    return createTokenGrid({
      codes: { data, shape: [chunks.length * rows * columns, this.width] },
      shape: [chunks.length, rows, columns],
      codebookSizes: this.manifest.codebookSizes,
      side,
      tokenizer: this.manifest.id,
    });
  }

  private extentOf(width: number, height: number): Extent {
    const [rows, columns] = [Math.ceil(height / this.stride), Math.ceil(width / this.stride)];
    return { width, height, rows, columns };
  }

  /** Padded frames (one of a key, `frames` of a group) to codes [rows x columns, Q]. */
  async encodeStep(
    frames: readonly Uint8Array[],
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const { fine } = this.settings;
    const first = reference
      ? await this.encodeGroup(frames, reference, extent, tileSize)
      : await this.encodeKey(frames[0] as Uint8Array, extent, tileSize);
    if (!fine) return first;
    const { encoder, decoder } = this.sessions;
    const predicted = this.filled(await first.decode());
    const more = await this.codesOf(encoder, this.filled(frames), predicted, extent, tileSize);
    const codes = new Int32Array((first.codes.length / CODES) * this.width);
    for (let i = 0; i < codes.length / this.width; i++) {
      codes.set(first.codes.subarray(i * CODES, (i + 1) * CODES), i * this.width);
      codes.set(more.subarray(i * fine, (i + 1) * fine), i * this.width + CODES);
    }
    const decode = async () => {
      const all = await this.framesFrom(decoder, more, predicted, extent, tileSize);
      return reference ? all : all.slice(-1);
    };
    return { codes, decode };
  }

  private async encodeKey(
    frame: Uint8Array,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const codes = await this.encodePicture(frame, extent, tileSize);
    return { codes, decode: async () => [await this.decodePicture(codes, extent, tileSize)] };
  }

  /** A key's single frame as often as the second level wants frames. */
  private filled(frames: readonly Uint8Array[]): readonly Uint8Array[] {
    if (frames.length > 1) return frames;
    return Array.from({ length: this.settings.frames }, () => frames[0] as Uint8Array);
  }

  /** First level of a group: motion and what it leaves, or a picture where the scene changes. */
  private async encodeGroup(
    frames: readonly Uint8Array[],
    reference: Uint8Array,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const { rows, columns } = extent;
    const { encoder, decoder } = this.sessions;
    const motion = estimateMotion(reference, frames, { rows, columns, stride: this.stride });
    const predicted = this.predict(reference, motion, extent);
    const left = await this.codesOf(encoder, frames, predicted, extent, tileSize);
    const codes = new Int32Array(motion.length * CODES);
    const each = CODES - 1;
    for (let i = 0; i < motion.length; i++) {
      codes[i * CODES] = motion[i] as number;
      codes.set(left.subarray(i * each, (i + 1) * each), i * CODES + 1);
    }
    const decode = () => this.framesFrom(decoder, left, predicted, extent, tileSize);
    if (squaredError(predicted.at(-1)!, frames.at(-1)!) < SUSPICIOUS) return { codes, decode };

    const decoded = await decode();
    const total = (shown: readonly Uint8Array[]) =>
      shown.reduce((sum, frame, i) => sum + squaredError(frame, frames[i] as Uint8Array), 0);
    // The scene changes, if at all, at the greatest difference between two frames.
    const steps = frames.map((frame, i) => squaredError(frame, frames[i - 1] ?? reference));
    const before = steps.indexOf(Math.max(...steps));
    // The picture is that of the frame in the middle: its neighbours are shown as it, too.
    const middle = (before + frames.length) >> 1;
    const picture = await this.encodePicture(frames[middle] as Uint8Array, extent, tileSize);
    picture[0] = MOTION_CODES + before;
    const shown = await this.decodeFirstLevel(picture, reference, extent, tileSize);
    if (total(shown) < total(decoded)) return { codes: picture, decode: async () => shown };
    return { codes, decode: async () => decoded };
  }

  /** The frames of a group as motion alone predicts them. What names no motion stands still. */
  private predict(
    reference: Uint8Array,
    motion: Int32Array,
    { rows, columns }: Extent,
  ): readonly Uint8Array[] {
    const known = motion.map((code) => (code < MOTION_CODES ? code : STILL_CODE));
    const grid = { rows, columns, stride: this.stride };
    return moveReference(reference, known, this.settings.frames, grid);
  }

  /** A picture alone to the codes of its cells, four to a block. */
  private async encodePicture(
    frame: Uint8Array,
    extent: Extent,
    tileSize?: number,
  ): Promise<Int32Array> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    const { dim } = quantizer;
    const latents = new Float32Array(rows * columns * CODES * dim);
    for (const tile of this.tiles(extent, tileSize, settings.keyEncoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const pixels: Tensor<Uint8Array> = {
        data: gather([frame], columns, stride, tile),
        shape: [1, high * stride, wide * stride, 3],
      };
      const result = await sessions.keyEncoder.run({ pixels });
      const out = (result.latents as Tensor<Float32Array>).data;
      const row = wide * CELLS * dim;
      for (let y = tile.y0; y < tile.y1; y++) {
        for (let x = tile.x0; x < tile.x1; x++) {
          for (let k = 0; k < CODES; k++) {
            const cellY = (y - tile.top) * CELLS + Math.floor(k / CELLS);
            const cellX = (x - tile.left) * CELLS + (k % CELLS);
            const from = cellY * row + cellX * dim;
            latents.set(out.subarray(from, from + dim), ((y * columns + x) * CODES + k) * dim);
          }
        }
      }
    }
    return quantizer.quantize({ data: latents, shape: [latents.length / dim, dim] }).data;
  }

  private async decodePicture(
    codes: Int32Array,
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    const { dim } = quantizer;
    const values = quantizer.dequantize({ data: codes, shape: [codes.length, 1] }).data;
    const picture = new Uint8Array(rows * columns * stride * stride * 3);
    for (const tile of this.tiles(extent, tileSize, settings.keyDecoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const data = new Float32Array(high * wide * CODES * dim);
      const row = wide * CELLS * dim;
      for (let y = 0; y < high; y++) {
        for (let x = 0; x < wide; x++) {
          for (let k = 0; k < CODES; k++) {
            const from = (((tile.top + y) * columns + tile.left + x) * CODES + k) * dim;
            const cellY = y * CELLS + Math.floor(k / CELLS);
            const cellX = x * CELLS + (k % CELLS);
            data.set(values.subarray(from, from + dim), cellY * row + cellX * dim);
          }
        }
      }
      const shape = [1, high * CELLS, wide * CELLS, dim];
      const result = await sessions.keyDecoder.run({ latents: { data, shape } });
      scatter((result.pixels as Tensor<Uint8Array>).data, [picture], columns, stride, tile);
    }
    return picture;
  }

  /** Frames beside their prediction to the codes of a group's network. */
  private async codesOf(
    session: ModelSession,
    frames: readonly Uint8Array[],
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
  ): Promise<Int32Array> {
    const { settings, stride, quantizer } = this;
    const { rows, columns } = extent;
    const { dim } = quantizer;
    let latents: Float32Array | undefined;
    for (const tile of this.tiles(extent, tileSize, settings.encoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const pixels = (list: readonly Uint8Array[]): Tensor<Uint8Array> => ({
        data: gather(list, columns, stride, tile),
        shape: [1, high * stride, wide * stride, 3 * list.length],
      });
      const result = await session.run({ frames: pixels(frames), predicted: pixels(predicted) });
      const { data: out, shape } = result.latents as Tensor<Float32Array>;
      const width = shape[3] as number;
      latents ??= new Float32Array(rows * columns * width);
      for (let y = tile.y0; y < tile.y1; y++) {
        const from = ((y - tile.top) * wide + tile.x0 - tile.left) * width;
        latents.set(
          out.subarray(from, from + (tile.x1 - tile.x0) * width),
          (y * columns + tile.x0) * width,
        );
      }
    }
    const all = latents as Float32Array;
    return quantizer.quantize({ data: all, shape: [all.length / dim, dim] }).data;
  }

  /** The same way back: codes to frames. */
  private async framesFrom(
    session: ModelSession,
    codes: Int32Array,
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array[]> {
    const { settings, stride, quantizer } = this;
    const { rows, columns } = extent;
    const values = quantizer.dequantize({ data: codes, shape: [codes.length, 1] }).data;
    const width = values.length / (rows * columns);
    const frames = predicted.map((frame) => new Uint8Array(frame.length));
    for (const tile of this.tiles(extent, tileSize, settings.decoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const data = new Float32Array(high * wide * width);
      for (let y = 0; y < high; y++) {
        const from = ((tile.top + y) * columns + tile.left) * width;
        data.set(values.subarray(from, from + wide * width), y * wide * width);
      }
      const result = await session.run({
        latents: { data, shape: [1, high, wide, width] },
        predicted: {
          data: gather(predicted, columns, stride, tile),
          shape: [1, high * stride, wide * stride, 3 * predicted.length],
        },
      });
      scatter((result.pixels as Tensor<Uint8Array>).data, frames, columns, stride, tile);
    }
    return frames;
  }

  private async decodeFirstLevel(
    codes: Int32Array,
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array[]> {
    const { frames } = this.settings;
    if (!reference) return [await this.decodePicture(codes, extent, tileSize)];
    const before = (codes[0] as number) - MOTION_CODES;
    if (before >= 0 && before < frames) {
      const cells = codes.slice();
      cells[0] = cells[1] as number;
      const picture = await this.decodePicture(cells, extent, tileSize);
      return Array.from({ length: frames }, (_, i) => (i < before ? reference : picture));
    }
    const motion = codes.filter((_, i) => i % CODES === 0);
    const left = codes.filter((_, i) => i % CODES !== 0);
    const predicted = this.predict(reference, motion, extent);
    return this.framesFrom(this.sessions.decoder, left, predicted, extent, tileSize);
  }

  /** Codes of one step to padded frames: one of a key, `frames` of a group. */
  async decodeStep(
    all: Int32Array,
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array[]> {
    const { width } = this;
    const first = width === CODES ? all : all.filter((_, i) => i % width < CODES);
    const frames = await this.decodeFirstLevel(first, reference, extent, tileSize);
    if (width === CODES) return frames;
    const more = all.filter((_, i) => i % width >= CODES);
    const { decoder } = this.sessions;
    const fine = await this.framesFrom(decoder, more, this.filled(frames), extent, tileSize);
    return reference ? fine : fine.slice(-1);
  }

  private tiles({ rows, columns }: Extent, tileSize: number | undefined, halo: number) {
    return tilesOf(rows, columns, this.tileCells(tileSize), halo);
  }

  /** Frames as callers see them to frames of whole blocks, and back. */
  pad(rgb: Uint8Array, extent: Extent): Uint8Array {
    return padFrame(rgb, extent, this.stride);
  }

  crop(padded: Uint8Array, extent: Extent): Uint8Array {
    return cropFrame(padded, extent, this.stride);
  }

  private checkGrid(grid: TokenGrid, options: ClipDecodeOptions) {
    if (!Array.isArray(grid?.codebookSizes) || typeof grid.side !== "object" || !grid.side) {
      throw new ShapeError("video grid", {
        expected: "a TokenGrid { codes, shape, codebookSizes, side }",
        got: grid === null ? "null" : typeof grid,
        remedy: "Pass what encode or loadTokenGrid returned.",
      });
    }
    // Whose tokens they are comes first: another tokenizer's codes may well be out of range here.
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    const side = this.checkSide(grid.side, options.maxPixels);
    const extent = this.extentOf(side.width, side.height);
    this.checkTokens(grid, extent);
    const steps = stepsOf(this.settings, side.frames);
    if (grid.shape[0] !== steps) {
      throw new ShapeError("video grid", {
        expected: `${steps} steps for ${side.frames} frames`,
        got: `${String(grid.shape[0])}`,
        remedy: "Change the side value frames together with the grid.",
      });
    }
    return { ...side, extent };
  }

  private checkTokens(grid: TokenGrid, { rows, columns }: Extent): void {
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    checkTokenGrid(grid);
    if (grid.shape.length !== 3 || grid.shape[1] !== rows || grid.shape[2] !== columns) {
      throw new ShapeError("video grid", {
        expected: `[steps, ${rows}, ${columns}]`,
        got: `[${grid.shape.join(", ")}]`,
        remedy: "Change width and height together with the grid.",
      });
    }
  }

  private checkSide(side: TokenGrid["side"], maxPixels = MAX_PIXELS) {
    const { width, height, fps, frames } = side as Record<string, number>;
    if (
      typeof width !== "number" ||
      typeof height !== "number" ||
      typeof fps !== "number" ||
      !Number.isSafeInteger(frames) ||
      (frames as number) < 1
    ) {
      throw new ArgumentError("side information of a video grid", {
        expected: "width and height in pixels, fps, and frames of at least 1",
        got: JSON.stringify(side) ?? "undefined",
        remedy: "Keep the side values that encode returned.",
      });
    }
    checkSize(width, height, maxPixels);
    checkFps(fps);
    return { width, height, fps, frames: frames as number };
  }

  private tileCells(tileSize = TILE): number {
    if (!(tileSize >= this.stride)) {
      throw new ArgumentError("tileSize", {
        expected: `at least ${this.stride} pixels`,
        got: String(tileSize),
        remedy: `Leave it out for ${TILE}.`,
      });
    }
    return Math.min(Math.floor(tileSize / this.stride), 2 ** 31);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.sessions).map((session: ModelSession) => session.close()));
  }
}

/** What an encoder carries from step to step: how many are done, and the last decoded frame. */
class EncoderState {
  done = 0;
  private reference: Uint8Array | undefined;

  constructor(
    private readonly codec: ClipCodec,
    private readonly extent: Extent,
    private readonly options: ClipEncodeOptions,
  ) {}

  /** RGB frames of one step (a last group may be short: its last frame is repeated) to codes. */
  async step(rgb: readonly Uint8Array[]): Promise<Int32Array> {
    const { codec, extent, options } = this;
    const key = isKey(codec.settings, this.done);
    const frames = rgb.map((frame) => codec.pad(frame, extent));
    const whole = key ? 1 : codec.settings.frames;
    while (frames.length < whole) frames.push(frames.at(-1) as Uint8Array);
    const reference = key ? undefined : this.reference;
    const { tileSize } = options;
    const { codes, decode } = await codec.encodeStep(frames, reference, extent, tileSize);
    this.done++;
    // After the last group before a key nothing is predicted from it.
    if (!isKey(codec.settings, this.done)) {
      this.reference = (await decode()).at(-1);
    }
    return codes;
  }
}

/** The same of a decoder. */
class DecoderState {
  private reference: Uint8Array | undefined;

  constructor(
    private readonly codec: ClipCodec,
    private readonly extent: Extent,
    private readonly options: ClipDecodeOptions,
    private done: number,
  ) {}

  /** Codes of one step to RGB frames of the clip's size. */
  async step(codes: Int32Array): Promise<Uint8Array[]> {
    const { codec, extent, options } = this;
    const reference = isKey(codec.settings, this.done) ? undefined : this.reference;
    const frames = await codec.decodeStep(codes, reference, extent, options.tileSize);
    this.reference = frames.at(-1);
    this.done++;
    return frames.map((frame) => codec.crop(frame, extent));
  }
}

/** Mean squared difference of two frames, 8-bit steps squared. */
function squaredError(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum / a.length;
}

/** Frames that a clip is likely to have, 0 where nothing tells. */
function expectedFrames(video: VideoSignal): number {
  if (Array.isArray(video.frames)) return video.frames.length;
  const { duration } = video as { readonly duration?: number };
  return duration === undefined ? 0 : Math.round(duration * video.fps);
}
