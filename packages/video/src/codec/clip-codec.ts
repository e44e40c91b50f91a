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
import { addressOf, blockAt, lend, LENDER_CODES, lenderMotion, motionOfLender } from "./lending.js";
import { moveReference, searchMotion } from "./motion-kernels.js";
import { BLOCK, MOTION_CODES, STILL_CODE } from "./motion.js";
import { ShapeBook } from "./shapes.js";
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
  /** Shapes per block of a second level, where there is one. */
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
  readonly shapes: ModelSession;
  /** Of single frames; of a second level only. */
  readonly keyShapes?: ModelSession;
}

interface Books {
  readonly shapes: ShapeBook;
  readonly keyShapes?: ShapeBook;
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
/** How a block of a group is coded: its first code is this times MOTION_CODES, plus a motion. */
const [LATENTS, SHAPES, QUARTERS, LENDS] = [0, 1, 2, 3];
const WAYS = 3;
/** First code of a block that lends its other codes: this + its motion, as lenders count them. */
export const LENDER_CODE = WAYS * MOTION_CODES;
/** First code of a group's first block where the group is a picture: this + the frames before it. */
export const PICTURE_CODE = LENDER_CODE + LENDER_CODES;
/** Loans that a block may get. */
const LOANS = 6;
/**
 * Mean squared error of a prediction, in 8-bit steps squared (23 dB), from which on a cut is thought of.
 */
const SUSPICIOUS = 326;
/** The same of a block (28 dB) from which on its quarters' motion is sought. */
const UNLIKE = 100;

/**
 * A causal clip tokenizer. The first frame is coded alone; each following group of frames is coded
 * together, predicted from the last decoded frame (the reference), which the encoder keeps too. Codes of a
 * group thus depend on earlier frames only, and a still scene is kept and refined. Every `groups` groups
 * a new key frame starts afresh.
 *
 * Grid: [t, h, w] steps and blocks of 16 x 16 pixels, with four codes a block of one codebook size. In a
 * key step they are those of 2 x 2 cells, row after row. In a group the first is w MOTION_CODES + the
 * block's motion since the reference, found by block matching; w says what the three others are:
 *
 *     0  latents of the group's network: what motion leaves, as it sees it
 *     1  shapes of a dictionary, the sum of which is what motion leaves (`ShapeBook`)
 *     2  motion of the second to fourth quarter, the first code's being that of the first
 *
 * The encoder takes for each block what brings it nearest; a block that is predicted well lends its codes
 * to another (`lend`), its first code then being LENDER_CODE + its motion. Where the scene changes in a group, its codes
 * are those of a picture instead: the first code of its first block is then PICTURE_CODE + the frames
 * before the change, which are shown as the reference; those after it are shown as the picture (its first
 * cell takes the code of the second). With `settings.fine` as many shapes follow in each block, of what
 * the first level leaves, in key frames too.
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
    private readonly books: Books,
  ) {
    this.quantizer = createQuantizer(manifest.quantizer);
    this.settings = manifest.settings as unknown as ClipSettings;
    this.stride = manifest.stride[2] as number;
    this.width = CODES + (this.settings.fine ?? 0);
    this.latencyMs = (this.settings.frames - 1) * 40;
    const [size] = this.quantizer.codebookSizes as [number];
    if (
      this.quantizer.codebookSizes.length !== 1 ||
      size < PICTURE_CODE + this.settings.frames ||
      size < books.shapes.codes ||
      (books.keyShapes === undefined) !== (this.settings.fine === undefined) ||
      manifest.codebookSizes.length !== this.width ||
      manifest.codebookSizes.some((k) => k !== size)
    ) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `${this.width} codebooks of ${size} entries, as ${manifest.quantizer} has, and room for ${PICTURE_CODE} motions and ${books.shapes.codes} shapes`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
  }

  static async load(
    manifest: Manifest<"video">,
    { runtime, readFile }: LoadContext,
  ): Promise<ClipCodec> {
    const parts: (keyof Sessions)[] = ["keyEncoder", "keyDecoder", "encoder", "decoder", "shapes"];
    if (manifest.settings["fine"] !== undefined) parts.push("keyShapes");
    const bytes = await Promise.all(parts.map((part) => readFile(part)));
    const open: { -readonly [part in keyof Sessions]?: ModelSession } = {};
    try {
      for (const [i, part] of parts.entries()) open[part] = await runtime.load(bytes[i]!);
      const sessions = open as Sessions;
      const shapes = await ShapeBook.open(sessions.shapes);
      const keyShapes = sessions.keyShapes && (await ShapeBook.open(sessions.keyShapes));
      return new ClipCodec(manifest, sessions, { shapes, ...(keyShapes && { keyShapes }) });
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

  /**
   * Padded frames (one of a key, `frames` of a group) to codes [rows x columns, Q]. From the `last` group
   * before a key nothing is predicted.
   */
  async encodeStep(
    frames: readonly Uint8Array[],
    reference: Uint8Array | undefined,
    last: boolean,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const { fine } = this.settings;
    const first = reference
      ? await this.encodeGroup(frames, reference, last, extent, tileSize)
      : await this.encodeKey(frames[0] as Uint8Array, extent, tileSize);
    if (!fine) return first;
    const coarse = await first.decode();
    const { codes: more } = await this.bookOf(coarse).encode(frames, coarse, extent.columns, fine);
    const codes = new Int32Array((first.codes.length / CODES) * this.width);
    for (let i = 0; i < codes.length / this.width; i++) {
      codes.set(first.codes.subarray(i * CODES, (i + 1) * CODES), i * this.width);
      codes.set(more.subarray(i * fine, (i + 1) * fine), i * this.width + CODES);
    }
    return { codes, decode: async () => this.refined(coarse, more, extent) };
  }

  /** The dictionary of a key frame or of a group. */
  private bookOf(frames: readonly Uint8Array[]): ShapeBook {
    return frames.length > 1 ? this.books.shapes : (this.books.keyShapes as ShapeBook);
  }

  /** Frames of the first level with the second's shapes. */
  private refined(
    coarse: readonly Uint8Array[],
    codes: Int32Array,
    { rows, columns }: Extent,
  ): Uint8Array[] {
    const frames = coarse.map((frame) => frame.slice());
    const each = codes.length / (rows * columns);
    const list = Array.from(
      { length: rows * columns },
      (_, i) => [i, codes.subarray(i * each, (i + 1) * each)] as const,
    );
    this.bookOf(coarse).add(list, frames, columns);
    return frames;
  }

  private async encodeKey(
    frame: Uint8Array,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const codes = await this.encodePicture(frame, extent, tileSize);
    return { codes, decode: async () => [await this.decodePicture(codes, extent, tileSize)] };
  }

  /** First level of a group: motion and what it leaves, or a picture where the scene changes. */
  private async encodeGroup(
    frames: readonly Uint8Array[],
    reference: Uint8Array,
    last: boolean,
    extent: Extent,
    tileSize?: number,
  ): Promise<EncodedStep> {
    const { rows, columns } = extent;
    const blocks = rows * columns;
    const each = CODES - 1;
    const search = searchMotion(reference, frames, extent);
    const motion = new Int32Array(blocks * 4);
    for (let i = 0; i < motion.length; i++) motion[i] = search.codes[i >> 2] as number;
    let predicted = moveReference(reference, motion, frames.length, extent);
    // Each block's best way: both of coding what motion leaves, or, where both leave much, finer motion.
    const latents = await this.codesOf(frames, predicted, extent, tileSize);
    const all = new Uint8Array(blocks).fill(1);
    const byNetwork = await this.framesFrom(latents, all, predicted, extent, tileSize);
    const byShapes = await this.books.shapes.encode(frames, predicted, columns, each);
    const left = blockErrors(frames, byNetwork, extent);
    const ways = Uint8Array.from(left, (error, i) => {
      const other = byShapes.left[i * (each + 1) + each] as number;
      left[i] = Math.min(error, other);
      return other < error ? SHAPES : LATENTS;
    });
    const unmoved = Float64Array.from(left, (_, i) => byShapes.left[i * (each + 1)] as number);
    const enough = UNLIKE * BLOCK * BLOCK * 3 * frames.length;
    const parted = left.map((error) => (error > enough ? 1 : 0));
    if (parted.includes(1)) {
      const tried = search.quarters(parted);
      const known = { codes: motion.slice(), frames: predicted };
      const shown = moveReference(reference, tried, frames.length, extent, known);
      for (const [i, error] of blockErrors(frames, shown, extent).entries()) {
        if (!parted[i] || error >= (left[i] as number)) continue;
        ways[i] = QUARTERS;
        motion.set(tried.subarray(4 * i, 4 * i + 4), 4 * i);
      }
      if (ways.includes(QUARTERS)) {
        predicted = moveReference(reference, motion, frames.length, extent, known);
      }
    }

    // What all that leaves, and what loans would do about it.
    const coded = predicted.map((frame) => frame.slice());
    const shaped: [number, Int32Array][] = [];
    for (const [i, way] of ways.entries()) {
      if (way === LATENTS) copyBlock(byNetwork, coded, columns, i);
      if (way === SHAPES) shaped.push([i, byShapes.codes.subarray(i * each, (i + 1) * each)]);
    }
    this.books.shapes.add(shaped, coded, columns);
    const most = 2 * LOANS;
    // The better half has little to ask for.
    const median = left.toSorted()[blocks >> 1] as number;
    const asks = left.map((error) => (error >= median ? 1 : 0));
    const rest = await this.books.shapes.encode(frames, coded, columns, most, asks);
    const losses = Float64Array.from(ways, (way, i) =>
      way === QUARTERS || lenderMotion(motion[4 * i] as number) < 0
        ? Infinity
        : (unmoved[i] as number) - (left[i] as number),
    );
    const gains = new Float64Array(blocks * LOANS);
    for (let i = 0; i < gains.length; i++) {
      const at = Math.floor(i / LOANS) * (most + 1) + 2 * (i % LOANS);
      gains[i] = (rest.left[at] as number) - (rest.left[at + 2] as number);
    }
    const borrowers = lend(losses, gains, columns);

    const codes = new Int32Array(blocks * CODES);
    const loans = new Uint8Array(blocks);
    for (const [i, way] of ways.entries()) {
      const to = borrowers[i] as number;
      if (to >= 0) {
        codes[i * CODES] = LENDER_CODE + lenderMotion(motion[4 * i] as number);
        codes[i * CODES + 1] = addressOf(i, to, columns);
        loans[to] = (loans[to] as number) + 1;
        continue;
      }
      const more =
        way === QUARTERS
          ? motion.subarray(4 * i + 1, 4 * i + 4)
          : (way === SHAPES ? byShapes.codes : latents).subarray(i * each, (i + 1) * each);
      codes[i * CODES] = way * MOTION_CODES + (motion[4 * i] as number);
      codes.set(more, i * CODES + 1);
    }
    let decoded: readonly Uint8Array[] | undefined;
    if (loans.some((count) => count > 0)) {
      const base = await this.ownCodes(codes, predicted, extent, tileSize, coded);
      // Beside latents that are not there any more, the network's own came out a little different.
      const changed = loans.map((count, i) => (count > 0 && ways[i] === LATENTS ? 1 : 0));
      const anew = await this.books.shapes.encode(frames, base, columns, most, changed);
      const taken = new Uint8Array(blocks);
      for (let i = 0; i < blocks; i++) {
        const to = borrowers[i] as number;
        if (to < 0) continue;
        const from = to * most + 2 * (taken[to] as number);
        const shapes = ways[to] === LATENTS ? anew : rest;
        codes.set(shapes.codes.subarray(from, from + 2), i * CODES + 2);
        taken[to] = (taken[to] as number) + 1;
      }
      decoded = this.withLoans(codes, base, extent);
    } else if (ways.every((way) => way === LATENTS)) decoded = byNetwork;
    const decode = async () =>
      (decoded ??= await this.residual(codes, predicted, extent, tileSize));
    if (squaredError(predicted.at(-1)!, frames.at(-1)!) < SUSPICIOUS) return { codes, decode };

    const total = (shown: readonly Uint8Array[]) =>
      shown.reduce((sum, frame, i) => sum + squaredError(frame, frames[i] as Uint8Array), 0);
    // The scene changes, if at all, at the greatest difference between two frames.
    const steps = frames.map((frame, i) => squaredError(frame, frames[i - 1] ?? reference));
    const before = steps.indexOf(Math.max(...steps));
    // The picture is shown for all frames after the change. Their mean is nearest to them; what is to be
    // predicted from is better sharp, and that of the frame in the middle.
    const middle = frames[(before + frames.length) >> 1] as Uint8Array;
    const one = last ? meanFrame(frames.slice(before)) : middle;
    const picture = await this.encodePicture(one, extent, tileSize);
    picture[0] = PICTURE_CODE + before;
    const shown = await this.decodeFirstLevel(picture, reference, extent, tileSize);
    if (total(shown) < total(await decode())) return { codes: picture, decode: async () => shown };
    return { codes, decode };
  }

  /** A group's frames from its blocks' codes and what motion predicts. */
  private async residual(
    codes: Int32Array,
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
  ): Promise<readonly Uint8Array[]> {
    const base = await this.ownCodes(codes, predicted, extent, tileSize);
    return this.withLoans(codes, base, extent);
  }

  /** The same of what each block's codes say about itself; `known` has the blocks of shapes already. */
  private async ownCodes(
    codes: Int32Array,
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
    known?: readonly Uint8Array[],
  ): Promise<Uint8Array[]> {
    const blocks = codes.length / CODES;
    const each = CODES - 1;
    const ways = Uint8Array.from({ length: blocks }, (_, i) =>
      Math.min(LENDS, Math.floor((codes[i * CODES] as number) / MOTION_CODES)),
    );
    const kept = ways.map((way) => (way === LATENTS ? 1 : 0));
    const latents = new Int32Array(blocks * each);
    for (let i = 0; i < blocks; i++) {
      latents.set(codes.subarray(i * CODES + 1, (i + 1) * CODES), i * each);
    }
    const frames = await this.framesFrom(latents, kept, predicted, extent, tileSize);
    const shaped: [number, Int32Array][] = [];
    for (let i = 0; i < blocks; i++) {
      if (ways[i] !== SHAPES) continue;
      if (known) copyBlock(known, frames, extent.columns, i);
      else shaped.push([i, latents.subarray(i * each, (i + 1) * each)]);
    }
    this.books.shapes.add(shaped, frames, extent.columns);
    return frames;
  }

  /** Adds what blocks got from others, the lenders in order. */
  private withLoans(
    codes: Int32Array,
    base: readonly Uint8Array[],
    { rows, columns }: Extent,
  ): readonly Uint8Array[] {
    const loans = new Map<number, number[]>();
    for (let i = 0; i < rows * columns; i++) {
      const [first, address, ...shapes] = codes.subarray(i * CODES, (i + 1) * CODES);
      if ((first as number) < LENDER_CODE) continue;
      const to = blockAt(i, address as number, rows, columns);
      if (to < 0) continue;
      const list = loans.get(to);
      if (list) list.push(...shapes);
      else loans.set(to, shapes);
    }
    if (loans.size === 0) return base;
    const frames = base.map((frame) => frame.slice());
    const list = [...loans].map(([to, shapes]) => [to, Int32Array.from(shapes)] as const);
    this.books.shapes.add(list, frames, columns);
    return frames;
  }

  /** Motion of quarters [blocks, 4] as a group's codes tell it. What names no motion stands still. */
  private motionOf(codes: Int32Array): Int32Array {
    const motion = new Int32Array(codes.length);
    for (let i = 0; i < codes.length; i += CODES) {
      const code = codes[i] as number;
      const way = Math.floor(code / MOTION_CODES);
      const own = way < WAYS ? code % MOTION_CODES : motionOfLender(code - LENDER_CODE);
      motion.fill(own, i, i + CODES);
      if (way !== QUARTERS) continue;
      for (let q = 1; q < CODES; q++) {
        const of = codes[i + q] as number;
        motion[i + q] = of < MOTION_CODES ? of : STILL_CODE;
      }
    }
    return motion;
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

  /** Frames beside their prediction to the codes of the group's network. */
  private async codesOf(
    frames: readonly Uint8Array[],
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
  ): Promise<Int32Array> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    const { dim } = quantizer;
    let latents: Float32Array | undefined;
    for (const tile of this.tiles(extent, tileSize, settings.encoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const pixels = (list: readonly Uint8Array[]): Tensor<Uint8Array> => ({
        data: gather(list, columns, stride, tile),
        shape: [1, high * stride, wide * stride, 3 * list.length],
      });
      const feeds = { frames: pixels(frames), predicted: pixels(predicted) };
      const result = await sessions.encoder.run(feeds);
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

  /**
   * The same way back: codes to frames. Blocks that are not `kept` have no latents (0), and are as
   * predicted.
   */
  private async framesFrom(
    codes: Int32Array,
    kept: Uint8Array,
    predicted: readonly Uint8Array[],
    extent: Extent,
    tileSize?: number,
  ): Promise<Uint8Array[]> {
    const { settings, sessions, stride, quantizer } = this;
    const { rows, columns } = extent;
    if (!kept.includes(1)) return predicted.map((frame) => frame.slice());
    const values = quantizer.dequantize({ data: codes, shape: [codes.length, 1] }).data;
    const width = values.length / (rows * columns);
    for (const [i, is] of kept.entries()) if (!is) values.fill(0, i * width, (i + 1) * width);
    const frames = predicted.map((frame) => new Uint8Array(frame.length));
    for (const tile of this.tiles(extent, tileSize, settings.decoderHalo)) {
      const [wide, high] = [tile.right - tile.left, tile.bottom - tile.top];
      const data = new Float32Array(high * wide * width);
      for (let y = 0; y < high; y++) {
        const from = ((tile.top + y) * columns + tile.left) * width;
        data.set(values.subarray(from, from + wide * width), y * wide * width);
      }
      const result = await sessions.decoder.run({
        latents: { data, shape: [1, high, wide, width] },
        predicted: {
          data: gather(predicted, columns, stride, tile),
          shape: [1, high * stride, wide * stride, 3 * predicted.length],
        },
      });
      scatter((result.pixels as Tensor<Uint8Array>).data, frames, columns, stride, tile);
    }
    for (const [i, is] of kept.entries()) if (!is) copyBlock(predicted, frames, columns, i);
    return frames;
  }

  private async decodeFirstLevel(
    codes: Int32Array,
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<readonly Uint8Array[]> {
    const { frames } = this.settings;
    if (!reference) return [await this.decodePicture(codes, extent, tileSize)];
    const before = (codes[0] as number) - PICTURE_CODE;
    if (before >= 0 && before < frames) {
      const cells = codes.slice();
      cells[0] = cells[1] as number;
      const picture = await this.decodePicture(cells, extent, tileSize);
      return Array.from({ length: frames }, (_, i) => (i < before ? reference : picture));
    }
    const predicted = moveReference(reference, this.motionOf(codes), frames, extent);
    return this.residual(codes, predicted, extent, tileSize);
  }

  /** Codes of one step to padded frames: one of a key, `frames` of a group. */
  async decodeStep(
    all: Int32Array,
    reference: Uint8Array | undefined,
    extent: Extent,
    tileSize?: number,
  ): Promise<readonly Uint8Array[]> {
    const { width } = this;
    const first = width === CODES ? all : all.filter((_, i) => i % width < CODES);
    const frames = await this.decodeFirstLevel(first, reference, extent, tileSize);
    if (width === CODES) return frames;
    return this.refined(
      frames,
      all.filter((_, i) => i % width >= CODES),
      extent,
    );
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
    this.done++;
    const last = isKey(codec.settings, this.done);
    const { codes, decode } = await codec.encodeStep(frames, reference, last, extent, tileSize);
    if (!last) this.reference = (await decode()).at(-1);
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

/** The frame that differs least from several. */
function meanFrame(frames: readonly Uint8Array[]): Uint8Array {
  const sums = new Uint32Array((frames[0] as Uint8Array).length).fill(frames.length >> 1);
  for (const frame of frames) {
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (frame[i] as number);
  }
  return Uint8Array.from(sums, (sum) => sum / frames.length);
}

/** Squared error of each block over all frames, of whole blocks. */
function blockErrors(
  target: readonly Uint8Array[],
  frames: readonly Uint8Array[],
  { rows, columns }: Extent,
): Float64Array {
  const errors = new Float64Array(rows * columns);
  const side = BLOCK * 3;
  for (const [f, frame] of frames.entries()) {
    const wanted = target[f] as Uint8Array;
    for (let y = 0, i = 0; y < rows * BLOCK; y++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (const end = i + side; i < end; i++) {
          const e = (wanted[i] as number) - (frame[i] as number);
          sum += e * e;
        }
        const at = (y >> 4) * columns + c;
        errors[at] = (errors[at] as number) + sum;
      }
    }
  }
  return errors;
}

/** One block of frames of whole blocks. */
function copyBlock(
  from: readonly Uint8Array[],
  to: readonly Uint8Array[],
  columns: number,
  block: number,
): void {
  const start = (Math.floor(block / columns) * BLOCK * columns + (block % columns)) * BLOCK * 3;
  for (const [f, frame] of to.entries()) {
    for (let y = 0, at = start; y < BLOCK; y++, at += columns * BLOCK * 3) {
      frame.set((from[f] as Uint8Array).subarray(at, at + BLOCK * 3), at);
    }
  }
}

/** Frames that a clip is likely to have, 0 where nothing tells. */
function expectedFrames(video: VideoSignal): number {
  if (Array.isArray(video.frames)) return video.frames.length;
  const { duration } = video as { readonly duration?: number };
  return duration === undefined ? 0 : Math.round(duration * video.fps);
}
