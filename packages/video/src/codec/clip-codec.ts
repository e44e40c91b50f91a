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
import { estimateMotion, motionCodes, moveReference, stillCode } from "./motion.js";
import { cropFrame, gather, padFrame, scatter } from "./frames.js";
import type { Extent } from "./frames.js";
import { tilesOf } from "./tiles.js";
import { firstFrame, isKey, keyOf, stepOfFrame, stepsOf } from "./timeline.js";
import type { Timeline } from "./timeline.js";

/** What a clip tokenizer's manifest says in `settings`: the timeline, and receptive radii in cells. */
export interface ClipSettings extends Timeline {
  readonly keyEncoderHalo: number;
  readonly keyDecoderHalo: number;
  readonly encoderHalo: number;
  readonly decoderHalo: number;
  /** Largest motion per group in pixels, where the first code of a cell is its motion. */
  readonly motion?: number;
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

const PARTS = ["keyEncoder", "keyDecoder", "encoder", "decoder"] as const;
const TILE = 512;

/**
 * A causal clip tokenizer. The first frame is coded alone; each following group of frames is coded
 * together, given the last decoded frame (the reference), which the encoder keeps too. Codes of a group
 * thus depend on earlier frames only, and a still scene is kept and refined. Every `groups` groups a new
 * key frame starts afresh. With `settings.motion` each cell's first code is its motion since the
 * reference, found by block matching; the networks see the reference as moved and code what is left.
 *
 * Grid: [t, h, w] steps and cells of 8 x 8 pixels, Q codes a cell. Side: width, height (pixels), fps,
 * frames (frames from the stream's start to the grid's end).
 */
export class ClipCodec implements StreamingCodec<VideoSignal> {
  readonly quantizer: Quantizer;
  readonly settings: ClipSettings;
  /** Milliseconds until a group is whole, at 25 frames per second; the time of the networks comes on top. */
  readonly latencyMs: number;
  private readonly stride: number;
  /** Codes of a cell, and those of them that the quantizer makes. */
  private readonly width: number;
  private readonly codes: number;

  constructor(
    readonly manifest: Manifest<"video">,
    private readonly sessions: Sessions,
  ) {
    this.quantizer = createQuantizer(manifest.quantizer);
    this.settings = manifest.settings as unknown as ClipSettings;
    this.stride = manifest.stride[2] as number;
    const { motion } = this.settings;
    this.width = manifest.codebookSizes.length;
    this.codes = this.width - (motion === undefined ? 0 : 1);
    this.latencyMs = (this.settings.frames - 1) * 40;
    const [size] = this.quantizer.codebookSizes;
    const vectors = motion === undefined ? [] : [motionCodes(motion)];
    if (
      this.quantizer.codebookSizes.length !== 1 ||
      this.codes < 1 ||
      manifest.codebookSizes.some((k, i) => k !== (vectors[i] ?? size))
    ) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `codebooks of ${[...vectors, size].join(", ")} entries, as its motion and ${manifest.quantizer} have`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
  }

  static async load(
    manifest: Manifest<"video">,
    { runtime, readFile }: LoadContext,
  ): Promise<ClipCodec> {
    const bytes = await Promise.all(PARTS.map((part) => readFile(part)));
    const open: Partial<Record<(typeof PARTS)[number], ModelSession>> = {};
    try {
      for (const [i, part] of PARTS.entries()) open[part] = await runtime.load(bytes[i]!);
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
  ): Promise<Int32Array> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    const halo = reference ? settings.encoderHalo : settings.keyEncoderHalo;
    const motion = this.motionOf(frames, reference, extent);
    const references = reference && this.referencesOf(reference, motion, extent);
    const width = this.codes * quantizer.dim;
    const latents = new Float32Array(rows * columns * width);
    for (const tile of tilesOf(rows, columns, this.tileCells(tileSize), halo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const pixels = (list: readonly Uint8Array[]): Tensor<Uint8Array> => ({
        data: gather(list, columns, stride, tile),
        shape: [1, high * stride, wide * stride, 3 * list.length],
      });
      const result = references
        ? await sessions.encoder.run({ frames: pixels(frames), reference: pixels(references) })
        : await sessions.keyEncoder.run({ pixels: pixels(frames) });
      const out = (result.latents as Tensor<Float32Array>).data;
      for (let y = tile.y0; y < tile.y1; y++) {
        const from = ((y - tile.top) * wide + tile.x0 - tile.left) * width;
        latents.set(
          out.subarray(from, from + (tile.x1 - tile.x0) * width),
          (y * columns + tile.x0) * width,
        );
      }
    }
    const { dim } = quantizer;
    const codes = quantizer.quantize({ data: latents, shape: [latents.length / dim, dim] }).data;
    if (!motion) return codes;
    const out = new Int32Array(rows * columns * this.width);
    for (let i = 0; i < motion.length; i++) {
      out[i * this.width] = motion[i] as number;
      out.set(codes.subarray(i * this.codes, (i + 1) * this.codes), i * this.width + 1);
    }
    return out;
  }

  /** Motion code of each cell, where the tokenizer has them. */
  private motionOf(
    frames: readonly Uint8Array[],
    reference: Uint8Array | undefined,
    { rows, columns }: Extent,
  ): Int32Array | undefined {
    const { stride } = this;
    const { motion } = this.settings;
    if (motion === undefined) return undefined;
    if (!reference) return new Int32Array(rows * columns).fill(stillCode(motion));
    return estimateMotion(reference, frames, { rows, columns, stride }, motion);
  }

  /** What the group's networks see of the reference: itself, or it as moved to each frame. */
  private referencesOf(
    reference: Uint8Array,
    codes: Int32Array | undefined,
    { rows, columns }: Extent,
  ): readonly Uint8Array[] {
    const { stride } = this;
    const { motion, frames } = this.settings;
    if (motion === undefined || !codes) return [reference];
    return moveReference(reference, codes, frames, { rows, columns, stride }, motion);
  }

  /** Codes of one step to padded frames: one of a key, `frames` of a group. */
  async decodeStep(
    all: Int32Array,
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array[]> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    const moves = settings.motion !== undefined;
    const codes = moves ? all.filter((_, i) => i % this.width !== 0) : all;
    const motion = moves ? all.filter((_, i) => i % this.width === 0) : undefined;
    const references = reference && this.referencesOf(reference, motion, extent);
    const values = quantizer.dequantize({ data: codes, shape: [codes.length, 1] }).data;
    const width = this.codes * quantizer.dim;
    const count = reference ? settings.frames : 1;
    const frames = Array.from(
      { length: count },
      () => new Uint8Array(rows * columns * stride * stride * 3),
    );
    const halo = reference ? settings.decoderHalo : settings.keyDecoderHalo;
    for (const tile of tilesOf(rows, columns, this.tileCells(tileSize), halo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const data = new Float32Array(high * wide * width);
      for (let y = 0; y < high; y++) {
        const from = ((tile.top + y) * columns + tile.left) * width;
        data.set(values.subarray(from, from + wide * width), y * wide * width);
      }
      const latents = { data, shape: [1, high, wide, width] };
      const result = references
        ? await sessions.decoder.run({
            latents,
            reference: {
              data: gather(references, columns, stride, tile),
              shape: [1, high * stride, wide * stride, 3 * references.length],
            },
          })
        : await sessions.keyDecoder.run({ latents });
      scatter((result.pixels as Tensor<Uint8Array>).data, frames, columns, stride, tile);
    }
    return frames;
  }

  /** Frames as callers see them to frames of whole cells, and back. */
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
    const codes = await codec.encodeStep(frames, reference, extent, options.tileSize);
    this.done++;
    // After the last group before a key nothing is predicted from it.
    if (!isKey(codec.settings, this.done)) {
      this.reference = (await codec.decodeStep(codes, reference, extent, options.tileSize)).at(-1);
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

/** Frames that a clip is likely to have, 0 where nothing tells. */
function expectedFrames(video: VideoSignal): number {
  if (Array.isArray(video.frames)) return video.frames.length;
  const { duration } = video as { readonly duration?: number };
  return duration === undefined ? 0 : Math.round(duration * video.fps);
}
