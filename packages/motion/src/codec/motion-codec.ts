/**
 * Motion as tokens: any skeleton -> one of the bodies -> features at 20 frames per second -> causal
 * encoder -> codes of one position per four frames (0.2 s), and back. Everything is causal, so streams
 * give the tokens of the whole, and long recordings go through in windows.
 */
import {
  ArgumentError,
  MismatchError,
  ShapeError,
  checkTokenGrid,
  checkTokenizer,
  createTokenGrid,
  readSafetensors,
  rvq,
  vq,
} from "@dtok/core";
import type {
  Codes,
  DecodeOptions,
  EncodeOptions,
  LoadContext,
  Manifest,
  Matrix,
  ModelSession,
  Quantizer,
  Stream,
  StreamingCodec,
  Tensor,
  TokenGrid,
} from "@dtok/core";
import {
  FEATURE_DIM,
  FEATURE_FPS,
  fromFeatures,
  startOf,
  toFeatures,
} from "../features/features.js";
import type { FeatureState, Pose, Start } from "../features/features.js";
import { joinPieces } from "../formats/bvh.js";
import { checkMotion, frameCount, sliceMotion } from "../signal.js";
import type { MotionSignal } from "../signal.js";
import { EMBODIMENTS } from "../skeleton/canonical.js";
import type { Embodiment } from "../skeleton/canonical.js";
import { MAX_FRAMES, resample, resampledCount } from "../skeleton/resample.js";
import { retarget, scaledSkeleton } from "../skeleton/retarget.js";
import type { RetargetOptions } from "../skeleton/retarget.js";

/** Frames per code. */
const STRIDE = 4;
/** Codes of one run of the networks: 51 seconds. */
const WINDOW = 256;

export interface MotionSettings {
  /** Bodies that the tokenizer knows, in the order of its heads. */
  readonly bodies: readonly Embodiment[];
  readonly latent: number;
  /** Frames that a code looks back upon, and codes that a frame does. */
  readonly encoderReach: number;
  readonly decoderReach: number;
}

export interface MotionEncodeOptions extends EncodeOptions, RetargetOptions {}

export interface MotionDecodeOptions extends DecodeOptions {
  /** Decode the first levels only. Default: all. */
  readonly levels?: number;
  /** Frames per second of the result. Default: the original's. */
  readonly fps?: number;
}

/** What a grid's side holds. */
interface Side extends Start {
  readonly frames: number;
  readonly fps: number;
  readonly scale: number;
  readonly body: Embodiment;
}

export class MotionCodec implements StreamingCodec<MotionSignal> {
  /**
   * A code needs the four frames that it stands for (three of them wait for the fourth) and, where the
   * motion has another rate, one frame more.
   */
  readonly latencyMs = (1000 * STRIDE) / FEATURE_FPS;
  private readonly settings: MotionSettings;
  private closed = false;

  private constructor(
    readonly manifest: Manifest<"motion">,
    private readonly encoder: ModelSession,
    private readonly decoder: ModelSession,
    readonly quantizer: Quantizer,
  ) {
    this.settings = manifest.settings as unknown as MotionSettings;
  }

  static async load(
    manifest: Manifest<"motion">,
    { runtime, readFile }: LoadContext,
  ): Promise<MotionCodec> {
    const [encoderBytes, decoderBytes, bookBytes] = await Promise.all(
      ["encoder", "decoder", "codebooks"].map(readFile),
    );
    const books = readSafetensors(bookBytes!).tensors.codebooks as Tensor<Float32Array>;
    const [levels, size, dim] = books.shape as [number, number, number];
    const quantizer = levels === 1 ? vq({ data: books.data, shape: [size, dim] }) : rvq(books);
    if (quantizer.codebookSizes.join() !== manifest.codebookSizes.join()) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `codebook sizes ${quantizer.codebookSizes.join(", ")}`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
    const encoder = await runtime.load(encoderBytes!);
    try {
      return new MotionCodec(manifest, encoder, await runtime.load(decoderBytes!), quantizer);
    } catch (error) {
      await encoder.close();
      throw error;
    }
  }

  /**
   * Codes [ceil(seconds * 5)] of a motion. Its skeleton is recognised by the names of its joints
   * (`names` says what cannot be guessed).
   */
  async encode(motion: MotionSignal, options: MotionEncodeOptions = {}): Promise<TokenGrid> {
    options.signal?.throwIfAborted();
    this.checkOpen();
    checkMotion(motion);
    // Resampled first: of a capture at 120 frames per second a sixth is left to be put on the body.
    const made = retarget(resample(motion, FEATURE_FPS), this.bodyOption(options));
    this.checkBody(made.embodiment);
    const features = toFeatures(made.motion, made.embodiment);
    const frames = features.length / FEATURE_DIM;
    const total = Math.ceil(frames / STRIDE);
    const padded = padFrames(features, total * STRIDE);
    const codes = new Int32Array(total * this.quantizer.codebookSizes.length);
    let at = 0;
    for (let code = 0; code < total; code += WINDOW) {
      options.signal?.throwIfAborted();
      const count = Math.min(WINDOW, total - code);
      const reach = Math.min(code * STRIDE, this.settings.encoderReach);
      const from = (code * STRIDE - reach) * FEATURE_DIM;
      const window = padded.subarray(from, (code + count) * STRIDE * FEATURE_DIM);
      const part = await this.quantizeWindow(window, reach / STRIDE, made.embodiment);
      codes.set(part.data, at);
      at += part.data.length;
      options.onProgress?.(code + count, total);
    }
    const side: Side = {
      frames: frameCount(motion),
      fps: motion.fps,
      scale: made.scale,
      body: made.embodiment,
      ...startOf(made.motion),
    };
    return this.grid({ data: codes, shape: [total, this.quantizer.codebookSizes.length] }, side);
  }

  /** The motion on the body's skeleton, in the original's size, rate and number of frames. */
  async decode(grid: TokenGrid, options: MotionDecodeOptions = {}): Promise<MotionSignal> {
    this.checkOpen();
    options.signal?.throwIfAborted();
    const side = this.checkGrid(grid);
    const total = grid.codes.shape[0];
    const features = new Float32Array(total * STRIDE * FEATURE_DIM);
    for (let code = 0; code < total; code += WINDOW) {
      options.signal?.throwIfAborted();
      const count = Math.min(WINDOW, total - code);
      const reach = Math.min(code, this.settings.decoderReach);
      const part = sliceCodes(grid.codes, code - reach, code + count);
      const rows = await this.featuresOf(part, side.body, options.levels);
      features.set(rows.subarray(reach * STRIDE * FEATURE_DIM), code * STRIDE * FEATURE_DIM);
      options.onProgress?.(code + count, total);
    }
    const motion = fromFeatures(features, side.body, side);
    const fps = options.fps ?? side.fps;
    const frames =
      options.fps === undefined ? side.frames : resampledCount(side.frames, side.fps, fps);
    return sized(resample(motion, fps, frames), side.scale);
  }

  /**
   * Codes as frames come. Pieces of one motion on one skeleton at one rate; the grids' positions follow
   * on one another, and each grid's side is that of the whole so far.
   */
  encodeStream(options: MotionEncodeOptions = {}): Stream<MotionSignal, TokenGrid> {
    return new MotionEncodeStream(this, options);
  }

  /** Frames as codes come. `side` is that of the whole's grid (or of the stream's first). */
  decodeStream(side: TokenGrid["side"]): Stream<TokenGrid, MotionSignal> {
    return new MotionDecodeStream(this, this.checkSide(side));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([this.encoder.close(), this.decoder.close()]);
  }

  /** @internal */
  get encoderReach(): number {
    return this.settings.encoderReach;
  }

  /** @internal */
  get decoderReach(): number {
    return this.settings.decoderReach;
  }

  /** @internal */
  bodyOption(options: RetargetOptions): RetargetOptions {
    const { bodies } = this.settings;
    const { names } = options;
    const embodiment = options.embodiment ?? (bodies.length === 1 ? bodies[0]! : undefined);
    return { ...(names && { names }), ...(embodiment && { embodiment }) };
  }

  /** @internal */
  checkBody(embodiment: Embodiment): void {
    const { bodies } = this.settings;
    if (bodies.includes(embodiment)) return;
    throw new MismatchError(this.manifest.id, {
      expected: `the motion of a ${bodies.join(" or a ")}`,
      got: `that of a ${embodiment}`,
      remedy: 'The tokenizer "bodies-rvq" knows both.',
    });
  }

  /**
   * What the quantizer codes: features [4 n, 137] (see `toFeatures`) to latents [n, latent], flat. For
   * measures on learned features.
   */
  async latents(features: Float32Array, body: Embodiment): Promise<Float32Array> {
    this.checkOpen();
    this.checkBody(body);
    const frames = features.length / FEATURE_DIM;
    if (!Number.isInteger(frames / STRIDE) || frames === 0) {
      throw new ShapeError("features", {
        expected: `[T, ${FEATURE_DIM}] with T a positive multiple of ${STRIDE}`,
        got: `${features.length} numbers`,
        remedy: "Take features of toFeatures, cut to whole codes.",
      });
    }
    const out = await this.encoder.run({
      features: { data: features.slice(), shape: [1, frames, FEATURE_DIM] },
      ...this.headOf(body),
    });
    return out.latents!.data as Float32Array;
  }

  /** @internal Features [(skip + n) * 4, 137] to the codes of the last n. */
  async quantizeWindow(features: Float32Array, skip: number, body: Embodiment): Promise<Codes> {
    const { latent } = this.settings;
    const all = await this.latents(features, body);
    const rows = all.length / latent - skip;
    const latents: Matrix = { data: all.slice(skip * latent), shape: [rows, latent] };
    return this.quantizer.quantize(latents);
  }

  /** @internal Codes [n, Q] to features [4 n, 137]. */
  async featuresOf(codes: Codes, body: Embodiment, levels?: number): Promise<Float32Array> {
    const latents = this.quantizer.dequantize(codes, levels === undefined ? {} : { levels });
    const out = await this.decoder.run({
      latents: { data: latents.data, shape: [1, ...latents.shape] },
      ...this.headOf(body),
    });
    return out.features!.data as Float32Array;
  }

  /** @internal */
  grid(codes: Codes, side: Side): TokenGrid {
    return createTokenGrid({
      codes,
      shape: [codes.shape[0]],
      codebookSizes: this.manifest.codebookSizes,
      side: { ...side },
      tokenizer: this.manifest.id,
    });
  }

  /** @internal */
  checkGrid(grid: TokenGrid): Side {
    checkTokenGrid(grid);
    checkTokenizer(grid, this.manifest.id, this.manifest.codebookSizes);
    const side = this.checkSide(grid.side);
    const total = grid.codes.shape[0];
    const needed = Math.ceil(resampledCount(side.frames, side.fps, FEATURE_FPS) / STRIDE);
    if (total === 0 || total !== needed) {
      throw new MismatchError("token grid", {
        expected: `${needed} positions for ${side.frames} frames at ${side.fps} per second`,
        got: String(total),
        remedy: "Cut and join grids by spliceGrids, which keeps their side.",
      });
    }
    return side;
  }

  /** @internal */
  checkSide(side: TokenGrid["side"]): Side {
    const numbers = ["frames", "fps", "scale", "x", "z", "heading"] as const;
    const values = numbers.map((key) => side?.[key]);
    const good =
      values.every((value) => typeof value === "number" && Number.isFinite(value)) &&
      EMBODIMENTS.includes(side.body as Embodiment) &&
      Number.isInteger(side.frames) &&
      (side.frames as number) >= 1 &&
      (side.frames as number) <= MAX_FRAMES &&
      (side.fps as number) > 0 &&
      (side.fps as number) <= 10_000 &&
      (side.scale as number) > 0;
    if (!good) {
      throw new ArgumentError("side of the token grid", {
        expected: `finite ${numbers.join(", ")} and a body, as encode writes them`,
        got: JSON.stringify(side) ?? "none",
        remedy: "Keep the side that encode gave.",
      });
    }
    const made = side as unknown as Side;
    this.checkBody(made.body);
    return made;
  }

  /** @internal */
  checkOpen(): void {
    if (!this.closed) return;
    throw new ArgumentError(this.manifest.id, {
      expected: "a tokenizer that is open",
      got: "one that was closed",
      remedy: "Load it again.",
    });
  }

  private headOf(body: Embodiment): Record<string, Tensor> {
    const { bodies } = this.settings;
    if (bodies.length === 1) return {};
    const data = Float32Array.from(bodies, (name) => (name === body ? 1 : 0));
    return { body: { data, shape: [1, bodies.length] } };
  }
}

/** The last frame stands still until the count is reached. */
function padFrames(features: Float32Array, frames: number): Float32Array {
  const have = features.length / FEATURE_DIM;
  if (have === frames) return features;
  const out = new Float32Array(frames * FEATURE_DIM);
  out.set(features);
  const last = features.subarray((have - 1) * FEATURE_DIM);
  for (let t = have; t < frames; t++) {
    out.set(last, t * FEATURE_DIM);
    // Places stay; turns and ways are none.
    out.fill(0, t * FEATURE_DIM, t * FEATURE_DIM + 3);
    out.fill(0, t * FEATURE_DIM + 67, t * FEATURE_DIM + 133);
  }
  return out;
}

function sliceCodes({ data, shape: [, width] }: Codes, from: number, to: number): Codes {
  return { data: data.slice(from * width, to * width), shape: [to - from, width] };
}

function sized(motion: MotionSignal, factor: number): MotionSignal {
  return {
    ...motion,
    skeleton: scaledSkeleton(motion.skeleton, factor),
    translation: motion.translation.map((value) => value * factor),
  };
}

class MotionEncodeStream implements Stream<MotionSignal, TokenGrid> {
  /** As they came: frames that may still be needed to interpolate. */
  private rest: MotionSignal | undefined;
  /** Index in the source of `rest`'s first frame. */
  private restAt = 0;
  private taken = 0;
  /** Frames of features made so far. */
  private made = 0;
  private scale: number | undefined;
  private body: Embodiment | undefined;
  private fps = 0;
  private start: Start | undefined;
  private readonly before: { last: FeatureState | undefined } = { last: undefined };
  /** Features that the encoder looks back upon, then those that wait for a whole code. */
  private context = new Float32Array(0);
  private waiting: Float32Array = new Float32Array(0);

  constructor(
    private readonly codec: MotionCodec,
    private readonly options: MotionEncodeOptions,
  ) {}

  async push(chunk: MotionSignal): Promise<TokenGrid[]> {
    this.codec.checkOpen();
    checkMotion(chunk);
    if (this.fps !== 0 && chunk.fps !== this.fps) {
      throw new MismatchError("piece of a stream", {
        expected: `${this.fps} frames per second, as before`,
        got: String(chunk.fps),
        remedy: "Open a stream for each recording.",
      });
    }
    if (this.rest && chunk.skeleton.joints.length !== this.rest.skeleton.joints.length) {
      throw new MismatchError("piece of a stream", {
        expected: `a skeleton of ${this.rest.skeleton.joints.length} joints, as before`,
        got: String(chunk.skeleton.joints.length),
        remedy: "Open a stream for each recording.",
      });
    }
    this.rest = this.rest ? joinPieces([this.rest, chunk]) : chunk;
    this.fps = chunk.fps;
    this.taken += frameCount(chunk);
    // Frames whose neighbours are all here.
    const ready = resampledCount(this.taken, this.fps, FEATURE_FPS);
    if (ready > this.made) this.take(ready);
    return this.codesOf(false);
  }

  async flush(): Promise<TokenGrid[]> {
    this.codec.checkOpen();
    return this.made === 0 ? [] : this.codesOf(true);
  }

  private take(ready: number): void {
    const rest = this.rest!;
    const frames: MotionSignal[] = [];
    for (let k = this.made; k < ready; k++) {
      // One frame at a time by the same arithmetic as the whole: its place in the source is exact.
      const first = Math.min(this.taken - 1, Math.floor((k * this.fps) / FEATURE_FPS + 1e-6));
      const at = Math.min(this.taken - 1, (k * this.fps) / FEATURE_FPS);
      const local = first - this.restAt;
      const pair = sliceMotion(rest, local, Math.min(local + 2, frameCount(rest)));
      frames.push(between(pair, Math.max(0, at - first)));
    }
    const made = retarget(
      { ...joinPieces(frames), fps: FEATURE_FPS },
      {
        ...this.codec.bodyOption(this.options),
        ...(this.body && { embodiment: this.body }),
        ...(this.scale && { scale: this.scale }),
      },
    );
    this.codec.checkBody(made.embodiment);
    this.scale ??= made.scale;
    this.body ??= made.embodiment;
    this.start ??= startOf(made.motion);
    const features = toFeatures(made.motion, this.body, this.before);
    const joined = new Float32Array(this.waiting.length + features.length);
    joined.set(this.waiting);
    joined.set(features, this.waiting.length);
    this.waiting = joined;
    this.made = ready;
    const next = Math.min(this.taken - 1, Math.floor((ready * this.fps) / FEATURE_FPS + 1e-6));
    const keep = Math.max(this.restAt, next);
    this.rest = copyMotion(sliceMotion(rest, keep - this.restAt, frameCount(rest)));
    this.restAt = keep;
  }

  private async codesOf(last: boolean): Promise<TokenGrid[]> {
    const perCode = STRIDE * FEATURE_DIM;
    const whole = last
      ? Math.ceil(this.waiting.length / perCode)
      : Math.floor(this.waiting.length / perCode);
    if (whole === 0) return [];
    const fresh = padFrames(
      last ? this.waiting : this.waiting.subarray(0, whole * perCode),
      whole * STRIDE,
    );
    const window = new Float32Array(this.context.length + fresh.length);
    window.set(this.context);
    window.set(fresh, this.context.length);
    const codes = await this.codec.quantizeWindow(
      window,
      this.context.length / perCode,
      this.body!,
    );
    this.context = window.slice(Math.max(0, window.length - this.codec.encoderReach * FEATURE_DIM));
    this.waiting = last ? new Float32Array(0) : this.waiting.slice(whole * perCode);
    const side: Side = {
      frames: this.taken,
      fps: this.fps,
      scale: this.scale!,
      body: this.body!,
      ...this.start!,
    };
    return [this.codec.grid(codes, side)];
  }
}

/** A motion of one or two frames at a share of the way between them. */
function between(pair: MotionSignal, share: number): MotionSignal {
  if (frameCount(pair) === 1 || share <= 1e-6) return sliceMotion(pair, 0, 1);
  // At `share` frames per second, frame 1 of one per second lies `share` frames after frame 0.
  const made = resample({ ...pair, fps: share }, 1, 2);
  return sliceMotion(made, 1, 2);
}

function copyMotion(motion: MotionSignal): MotionSignal {
  return {
    ...motion,
    translation: motion.translation.slice(),
    rotations: motion.rotations.slice(),
    ...(motion.translations && { translations: motion.translations.slice() }),
  };
}

class MotionDecodeStream implements Stream<TokenGrid, MotionSignal> {
  private context: Codes | undefined;
  private readonly pose: { last: Pose | undefined } = { last: undefined };
  /** At 20 frames per second: frames that the next output may lie between. */
  private rest: MotionSignal | undefined;
  private restAt = 0;
  private taken = 0;
  private made = 0;

  constructor(
    private readonly codec: MotionCodec,
    private readonly side: Side,
  ) {}

  async push(grid: TokenGrid): Promise<MotionSignal[]> {
    this.codec.checkOpen();
    checkTokenGrid(grid);
    checkTokenizer(grid, this.codec.manifest.id, this.codec.manifest.codebookSizes);
    if (grid.codes.shape[0] === 0) return [];
    const joined = this.context ? joinCodes(this.context, grid.codes) : grid.codes;
    const skip = joined.shape[0] - grid.codes.shape[0];
    const all = await this.codec.featuresOf(joined, this.side.body);
    const features = all.slice(skip * STRIDE * FEATURE_DIM);
    const reach = Math.min(joined.shape[0], this.codec.decoderReach);
    this.context = sliceCodes(joined, joined.shape[0] - reach, joined.shape[0]);
    const motion = fromFeatures(features, this.side.body, this.side, this.pose);
    this.rest = this.rest ? joinPieces([this.rest, motion]) : motion;
    this.taken += frameCount(motion);
    const { fps, frames } = this.side;
    return this.out(Math.min(frames, resampledCount(this.taken, FEATURE_FPS, fps)));
  }

  /** The last frames, which may lie beyond the last code's. */
  async flush(): Promise<MotionSignal[]> {
    return this.taken === 0 ? [] : this.out(this.side.frames);
  }

  private out(ready: number): MotionSignal[] {
    const count = ready - this.made;
    if (count <= 0 || !this.rest) return [];
    const { fps, scale } = this.side;
    const joints = this.rest.skeleton.joints.length;
    const translation = new Float32Array(count * 3);
    const rotations = new Float32Array(count * joints * 4);
    for (let i = 0; i < count; i++) {
      const at = Math.min(this.taken - 1, ((this.made + i) * FEATURE_FPS) / fps);
      const first = Math.min(this.taken - 1, Math.floor(at + 1e-6));
      const local = first - this.restAt;
      const pair = sliceMotion(this.rest, local, Math.min(local + 2, frameCount(this.rest)));
      const one = between(pair, Math.max(0, at - first));
      translation.set(one.translation, i * 3);
      rotations.set(one.rotations, i * joints * 4);
    }
    this.made = ready;
    const next = Math.min(this.taken - 1, Math.floor((ready * FEATURE_FPS) / fps + 1e-6));
    const keep = Math.max(this.restAt, next);
    const { skeleton } = this.rest;
    this.rest = copyMotion(sliceMotion(this.rest, keep - this.restAt, frameCount(this.rest)));
    this.restAt = keep;
    return [sized({ skeleton, fps, translation, rotations }, scale)];
  }
}

function joinCodes(a: Codes, b: Codes): Codes {
  const data = new Int32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { data, shape: [a.shape[0] + b.shape[0], a.shape[1]] };
}
