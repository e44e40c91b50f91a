import {
  ArgumentError,
  checkTokenGrid,
  createQuantizer,
  createTokenGrid,
  LimitError,
  loadQuantizer,
  MismatchError,
  ShapeError,
} from "@dtok/core";
import type {
  AudioSignal,
  DecodeOptions,
  EncodeOptions,
  LoadContext,
  Manifest,
  ModelSession,
  Quantizer,
  SideValue,
  Stream,
  StreamingCodec,
  TokenGrid,
} from "@dtok/core";
import { checkAudio, joinAudio, mixDown } from "../signal/audio.js";
import { Resampler } from "../signal/resample.js";
import { CarriedSession } from "./carried.js";

export interface AudioSettings {
  /** Hertz of what the networks hear and write. */
  readonly sampleRate: number;
  /** Numbers that the encoder and the decoder remember. */
  readonly encoderState: number;
  readonly decoderState: number;
  /** Samples by which the decoder's sound comes later than its codes. Default 0. */
  readonly decoderDelay?: number;
}

export interface AudioRate {
  /** Levels of the residual quantizer to keep, from the coarsest on. Default all. */
  readonly levels?: number;
  /** Bits per second and channel: as many levels as fit, at least one. Instead of `levels`. */
  readonly bitrate?: number;
}

export interface AudioEncodeOptions extends EncodeOptions, AudioRate {
  /** "mix" (default): all channels become one. "keep": each has codes of its own, [t, channels]. */
  readonly channels?: "mix" | "keep";
}

export interface AudioDecodeOptions extends DecodeOptions {
  /** Levels to decode by, from the coarsest on. Default all that there are. */
  readonly levels?: number;
  /** Hertz of the result. Default: the original's. */
  readonly sampleRate?: number;
}

/**
 * Codes of one run of the networks. At least two: products of one row are summed in another order, and
 * a stream's codes would not be those of the whole.
 */
const LEAST = 2;
/** Two to four seconds: some tens of megabytes. */
const MOST = 100;
/** Hours that a grid may claim to last. */
const MAX_HOURS = 100;

/**
 * A causal codec of sound. Whole signals and streams go the same way, piece by piece with carried
 * states, so their codes are the same and memory does not grow with length.
 */
export class AudioCodec implements StreamingCodec<AudioSignal> {
  /** Milliseconds from a sample's arrival to its token, at the model's own sample rate. */
  readonly latencyMs: number;
  /** Milliseconds by which decoded sound comes later than its tokens. */
  readonly decodeLatencyMs: number;
  readonly sampleRate: number;
  /** Samples per code. */
  readonly stride: number;
  #closed = false;

  constructor(
    readonly manifest: Manifest<"audio">,
    readonly quantizer: Quantizer,
    private readonly encoder: ModelSession,
    private readonly decoder: ModelSession,
  ) {
    const { sampleRate, decoderDelay = 0 } = this.settings;
    this.decodeLatencyMs = (1000 * decoderDelay) / sampleRate;
    this.sampleRate = sampleRate;
    this.stride = manifest.stride[0] as number;
    this.latencyMs = (1000 * LEAST * this.stride) / sampleRate;
    if (quantizer.codebookSizes.join() !== manifest.codebookSizes.join()) {
      throw new MismatchError(`manifest of ${manifest.id}`, {
        expected: `codebook sizes ${quantizer.codebookSizes.join(", ")} of its quantizer`,
        got: manifest.codebookSizes.join(", "),
        remedy: "Correct the manifest.",
      });
    }
  }

  private get settings(): AudioSettings {
    return this.manifest.settings as unknown as AudioSettings;
  }

  static async load(
    manifest: Manifest<"audio">,
    { runtime, readFile }: LoadContext,
  ): Promise<AudioCodec> {
    const quantizer = manifest.files.quantizer
      ? loadQuantizer(await readFile("quantizer"))
      : createQuantizer(manifest.quantizer);
    const encoder = await runtime.load(await readFile("encoder"));
    try {
      const decoder = await runtime.load(await readFile("decoder"));
      return new AudioCodec(manifest, quantizer, encoder, decoder);
    } catch (error) {
      await encoder.close();
      throw error;
    }
  }

  /** Bits per second and channel of `levels` levels. */
  bitrate(levels = this.manifest.codebookSizes.length): number {
    const bits = this.manifest.codebookSizes
      .slice(0, levels)
      .reduce((sum, size) => sum + Math.log2(size), 0);
    return (bits * this.sampleRate) / this.stride;
  }

  /** Samples to a grid [t], or [t, channels], of `stride` samples at `sampleRate` a step. */
  async encode(signal: AudioSignal, options: AudioEncodeOptions = {}): Promise<TokenGrid> {
    checkAudio(signal);
    async function* once() {
      yield signal;
    }
    return this.encodePieces(once(), options, signal.samples[0]!.length);
  }

  /** The grid of a signal that comes in pieces of one rate and one number of channels. */
  async encodePieces(
    pieces: AsyncIterable<AudioSignal>,
    options: AudioEncodeOptions = {},
    total?: number,
  ): Promise<TokenGrid> {
    options.signal?.throwIfAborted();
    const stream = this.encodeStream(options);
    const grids: TokenGrid[] = [];
    let done = 0;
    for await (const { samples, sampleRate } of pieces) {
      const length = samples[0]?.length ?? 0;
      // Short ones, so that progress is reported and abort signals are heard.
      const step = Math.max(1, sampleRate * 10);
      for (let at = 0; at < Math.max(1, length); at += step) {
        options.signal?.throwIfAborted();
        const part = samples.map((channel) => channel.subarray(at, at + step));
        grids.push(...(await stream.push({ samples: part, sampleRate })));
        done += part[0]?.length ?? 0;
        options.onProgress?.(done, total ?? done);
      }
    }
    grids.push(...(await stream.flush()));
    return joinGrids(grids);
  }

  async encodeBatch(
    signals: readonly AudioSignal[],
    options: AudioEncodeOptions = {},
  ): Promise<TokenGrid[]> {
    checkList(signals, "signals");
    const out: TokenGrid[] = [];
    for (const signal of signals) out.push(await this.encode(signal, options));
    return out;
  }

  /**
   * Tokens as sound comes. The last grid, from `flush`, carries the length in its side information; the
   * others carry all but that.
   */
  encodeStream(options: AudioEncodeOptions = {}): Stream<AudioSignal, TokenGrid> {
    this.checkOpen();
    const levels = this.levelsOf(options);
    const { channels: wanted = "mix" } = options;
    if (wanted !== "mix" && wanted !== "keep") {
      throw new ArgumentError("channels", {
        expected: `"mix" or "keep"`,
        got: String(wanted),
        remedy: `Leave it out for "mix".`,
      });
    }
    const { stride, sampleRate: rate } = this;
    let begun: { rate: number; inputs: number } | undefined;
    let resamplers: Resampler[] = [];
    let session: CarriedSession | undefined;
    let channels = 1;
    let length = 0;
    let codes = 0;
    /** Samples at the model's rate that wait for a whole run, per channel. */
    let waiting: Float32Array[] = [];

    const append = (pieces: readonly Float32Array[]) => {
      waiting = waiting.map((held, c) => {
        const piece = pieces[c]!;
        const joined = new Float32Array(held.length + piece.length);
        joined.set(held);
        joined.set(piece, held.length);
        return joined;
      });
    };
    /** Runs `count` codes from `at` codes on in what waits and gives their grid. */
    const runOnce = async (at: number, count: number, keep: number): Promise<TokenGrid> => {
      const data = new Float32Array(channels * count * stride);
      for (const [c, held] of waiting.entries()) {
        data.set(held.subarray(at * stride, (at + count) * stride), c * count * stride);
      }
      const latents = await session!.run({ data, shape: [channels, count * stride] });
      const { dim } = this.quantizer;
      // Time first, then channels.
      const rows = new Float32Array(keep * channels * dim);
      for (let c = 0; c < channels; c++) {
        for (let t = 0; t < keep; t++) {
          const from = (c * count + t) * dim;
          rows.set(latents.data.subarray(from, from + dim), (t * channels + c) * dim);
        }
      }
      const found = this.quantizer.quantize({ data: rows, shape: [keep * channels, dim] });
      codes += keep;
      return this.grid(found.data, keep, channels, levels, { sampleRate: begun!.rate });
    };
    const drain = async (): Promise<TokenGrid[]> => {
      const grids: TokenGrid[] = [];
      const ready = Math.floor((waiting[0]?.length ?? 0) / stride);
      let at = 0;
      while (ready - at >= LEAST) {
        const count = Math.min(MOST, ready - at);
        grids.push(await runOnce(at, count, count));
        at += count;
      }
      if (at > 0) waiting = waiting.map((held) => held.slice(at * stride));
      return grids;
    };

    return {
      push: async (signal) => {
        this.checkOpen();
        checkAudio(signal);
        const { samples, sampleRate } = signal;
        if (!begun) {
          begun = { rate: sampleRate, inputs: samples.length };
          channels = wanted === "keep" ? samples.length : 1;
          resamplers = Array.from({ length: channels }, () => new Resampler(sampleRate, rate));
          waiting = Array.from({ length: channels }, () => new Float32Array(0));
          const { encoderState } = this.settings;
          session = new CarriedSession(this.encoder, "samples", "latents", channels, encoderState);
        } else if (begun.rate !== sampleRate || begun.inputs !== samples.length) {
          throw new ShapeError("piece of a stream", {
            expected: `${begun.inputs} channels at ${begun.rate} Hz, as before`,
            got: `${samples.length} channels at ${sampleRate} Hz`,
            remedy: "Begin a new stream where the format changes.",
          });
        }
        length += samples[0]!.length;
        const own = wanted === "keep" ? samples : [mixDown(samples)];
        append(own.map((channel, c) => resamplers[c]!.push(channel)));
        return drain();
      },
      flush: async () => {
        this.checkOpen();
        if (!begun) return [];
        append(resamplers.map((resampler) => resampler.flush()));
        const left = waiting[0]!.length;
        // Silence behind the end, up to whole codes and to a whole run; codes of nothing else are dropped.
        const whole = Math.ceil(left / stride);
        const grids: TokenGrid[] = [];
        if (whole > 0) {
          const run = Math.max(LEAST, whole);
          append(waiting.map(() => new Float32Array(run * stride - left)));
          for (let at = 0; at < whole;) {
            let count = Math.min(MOST, run - at);
            if (run - at - count === 1) count -= 1;
            grids.push(await runOnce(at, count, Math.min(count, whole - at)));
            at += count;
          }
        }
        const side = { sampleRate: begun.rate, length };
        if (grids.length === 0) return [this.grid(new Int32Array(0), 0, channels, levels, side)];
        const last = grids.pop()!;
        grids.push(createTokenGrid({ ...last, side: { ...last.side, ...side } }));
        return grids;
      },
    };
  }

  private grid(
    data: Int32Array,
    time: number,
    channels: number,
    levels: number,
    side: Record<string, SideValue>,
  ): TokenGrid {
    const all = this.manifest.codebookSizes.length;
    let kept = data;
    if (levels < all) {
      kept = new Int32Array(time * channels * levels);
      for (let n = 0; n < time * channels; n++) {
        kept.set(data.subarray(n * all, n * all + levels), n * levels);
      }
    }
    return createTokenGrid({
      codes: { data: kept, shape: [time * channels, levels] },
      shape: channels === 1 ? [time] : [time, channels],
      codebookSizes: this.manifest.codebookSizes.slice(0, levels),
      side,
      tokenizer: this.manifest.id,
    });
  }

  /** A grid to samples of the original's length and rate, in [-1, 1]. */
  async decode(grid: TokenGrid, options: AudioDecodeOptions = {}): Promise<AudioSignal> {
    const pieces: AudioSignal[] = [];
    for await (const piece of this.decodePieces(grid, options)) pieces.push(piece);
    const { sampleRate, channels } = this.checkGrid(grid, options);
    return joinAudio(pieces, options.sampleRate ?? sampleRate, channels);
  }

  /** The same piece by piece, in constant memory. */
  async *decodePieces(
    grid: TokenGrid,
    options: AudioDecodeOptions = {},
  ): AsyncGenerator<AudioSignal> {
    options.signal?.throwIfAborted();
    const { time, channels } = this.checkGrid(grid, options);
    const { length } = grid.side;
    if (!isCount(length)) {
      throw new ArgumentError("side information of a sound's grid", {
        expected: "length in samples",
        got: String(length),
        remedy: "Keep the side values that encode returned, or use decodeStream.",
      });
    }
    const stream = this.decodeStream(grid.side, options);
    for (let at = 0; at < time; at += MOST) {
      options.signal?.throwIfAborted();
      const end = Math.min(time, at + MOST);
      yield* await stream.push(stepsOf(grid, at, end, channels));
      options.onProgress?.(end, time);
    }
    yield* await stream.flush();
  }

  async decodeBatch(
    grids: readonly TokenGrid[],
    options: AudioDecodeOptions = {},
  ): Promise<AudioSignal[]> {
    checkList(grids, "token grids");
    const out: AudioSignal[] = [];
    for (const grid of grids) out.push(await this.decode(grid, options));
    return out;
  }

  /**
   * Sound as tokens come. `side` is that of the tokens' grids: without `sampleRate` the result has the
   * model's rate, with `length` it ends there.
   */
  decodeStream(
    side: TokenGrid["side"],
    options: AudioDecodeOptions = {},
  ): Stream<TokenGrid, AudioSignal> {
    this.checkOpen();
    const { stride, sampleRate: rate } = this;
    const original = isCount(side?.sampleRate) ? side.sampleRate : rate;
    const target = options.sampleRate ?? original;
    let end = isCount(side?.length) ? Math.ceil((side.length * target) / original) : Infinity;
    let channels = 0;
    let resamplers: Resampler[] = [];
    let session: CarriedSession | undefined;
    let given = 0;
    const { decoderDelay: delay = 0 } = this.settings;
    /** Samples before the first one, still to be left out. */
    let skip = delay;
    /** Latents that wait for a whole run, [t, channels, dim]. */
    let waiting = new Float32Array(0);
    const { dim } = this.quantizer;

    const emit = (samples: readonly Float32Array[]): AudioSignal[] => {
      const count = Math.min(samples[0]!.length, end - given);
      given += count;
      if (count <= 0) return [];
      return [{ samples: samples.map((c) => c.subarray(0, count)), sampleRate: target }];
    };
    /** `count` codes to sound, of which `keep` samples count. */
    const runOnce = async (count: number, keep: number): Promise<AudioSignal[]> => {
      const data = new Float32Array(channels * count * dim);
      for (let t = 0; t < count; t++) {
        for (let c = 0; c < channels; c++) {
          const from = (t * channels + c) * dim;
          data.set(waiting.subarray(from, from + dim), (c * count + t) * dim);
        }
      }
      waiting = waiting.slice(count * channels * dim);
      const out = await session!.run({ data, shape: [channels, count, dim] });
      const left = Math.min(skip, keep);
      skip -= left;
      return emit(
        resamplers.map((resampler, c) => {
          const from = c * count * stride;
          const samples = out.data.slice(from + left, from + keep);
          for (let i = 0; i < samples.length; i++) {
            samples[i] = Math.max(-1, Math.min(1, samples[i]!));
          }
          return resampler.push(samples);
        }),
      );
    };

    return {
      push: async (grid) => {
        this.checkOpen();
        const checked = this.checkGrid(grid, options);
        if (channels === 0) {
          channels = checked.channels;
          resamplers = Array.from({ length: channels }, () => new Resampler(rate, target));
          const { decoderState } = this.settings;
          session = new CarriedSession(this.decoder, "latents", "samples", channels, decoderState);
        } else if (channels !== checked.channels) {
          throw new ShapeError("grid of a stream", {
            expected: `${channels} channels, as before`,
            got: String(checked.channels),
            remedy: "Begin a new stream where the format changes.",
          });
        }
        if (isCount(grid.side.length)) {
          end = Math.min(end, Math.ceil((grid.side.length * target) / original));
        }
        const latents = this.quantizer.dequantize(grid.codes, { levels: checked.levels });
        const joined = new Float32Array(waiting.length + latents.data.length);
        joined.set(waiting);
        joined.set(latents.data, waiting.length);
        waiting = joined;
        const out: AudioSignal[] = [];
        for (;;) {
          const ready = waiting.length / (channels * dim);
          if (ready < LEAST) return out;
          const count = Math.min(MOST, ready);
          out.push(...(await runOnce(count, count * stride)));
        }
      },
      flush: async () => {
        this.checkOpen();
        if (channels === 0) return [];
        const out: AudioSignal[] = [];
        // Zeros behind the last code, as in training, until its sound is out.
        const ready = waiting.length / (channels * dim);
        const keep = ready * stride + delay;
        if (keep > skip) {
          const run = Math.max(LEAST, Math.ceil(keep / stride));
          const more = new Float32Array(run * channels * dim);
          more.set(waiting);
          waiting = more;
          out.push(...(await runOnce(run, keep)));
        }
        out.push(...emit(resamplers.map((resampler) => resampler.flush())));
        return out;
      },
    };
  }

  private levelsOf({ levels, bitrate }: AudioRate): number {
    const all = this.manifest.codebookSizes.length;
    if (levels !== undefined && bitrate !== undefined) {
      throw new ArgumentError("levels and bitrate", {
        expected: "one of them",
        got: "both",
        remedy: "Leave one out.",
      });
    }
    if (bitrate !== undefined) {
      if (!(bitrate >= this.bitrate(1) * 0.999)) {
        throw new ArgumentError("bitrate", {
          expected: `at least ${Math.ceil(this.bitrate(1))} bits per second, one level`,
          got: String(bitrate),
          remedy: "Ask for more, or choose a tokenizer of fewer bits.",
        });
      }
      let found = 1;
      while (found < all && this.bitrate(found + 1) <= bitrate * 1.001) found++;
      return found;
    }
    if (levels !== undefined && (!Number.isInteger(levels) || levels < 1 || levels > all)) {
      throw new ArgumentError("levels", {
        expected: `a whole number from 1 to ${all}`,
        got: String(levels),
        remedy: "Leave it out for all of them.",
      });
    }
    if (levels !== undefined && levels < all && !this.quantizer.prefixDecodable) {
      throw new ArgumentError("levels", {
        expected: `all ${all} of ${this.manifest.quantizer}`,
        got: String(levels),
        remedy: "Choose a tokenizer with residual levels.",
      });
    }
    return levels ?? all;
  }

  private checkGrid(grid: TokenGrid, options: AudioDecodeOptions) {
    if (!Array.isArray(grid?.codebookSizes) || typeof grid.side !== "object" || !grid.side) {
      throw new ShapeError("sound grid", {
        expected: "a TokenGrid { codes, shape, codebookSizes, side }",
        got: grid === null ? "null" : typeof grid,
        remedy: "Pass what encode or loadTokenGrid returned.",
      });
    }
    const { id, codebookSizes } = this.manifest;
    const width = grid.codebookSizes.length;
    const prefix = this.quantizer.prefixDecodable ? width >= 1 : width === codebookSizes.length;
    const known =
      prefix &&
      width <= codebookSizes.length &&
      grid.codebookSizes.every((size, q) => size === codebookSizes[q]);
    if (!known || (grid.tokenizer !== undefined && grid.tokenizer !== id)) {
      throw new MismatchError("token grid", {
        expected: `tokens of ${id} (codebooks of ${codebookSizes.join(", ")})`,
        got: `${grid.tokenizer ?? "tokens"} of ${grid.codebookSizes.join(", ")}`,
        remedy: "Decode them by the tokenizer that made them.",
      });
    }
    checkTokenGrid(grid);
    const { sampleRate, length } = grid.side;
    for (const [name, value] of Object.entries({ sampleRate, length })) {
      if (value !== undefined && !isCount(value)) {
        throw new ArgumentError(`side value ${name}`, {
          expected: "a whole number",
          got: String(value),
          remedy: "Keep the side values that encode returned.",
        });
      }
    }
    const [time = 0, channels = 1] = grid.shape;
    if (grid.shape.length > 2 || grid.shape.length < 1 || channels < 1 || channels > 64) {
      throw new ShapeError("sound grid", {
        expected: "[t] or [t, channels]",
        got: `[${grid.shape.join(", ")}]`,
        remedy: "Keep the shape that encode returned.",
      });
    }
    const original = (sampleRate as number | undefined) ?? this.sampleRate;
    if (length !== undefined) {
      const seconds = (length as number) / original;
      if (seconds > MAX_HOURS * 3600) {
        throw new LimitError("length of a sound's grid", {
          expected: `at most ${MAX_HOURS} hours`,
          got: `${(seconds / 3600).toFixed(0)} hours`,
          remedy: "Check the side values.",
        });
      }
    }
    const levels = options.levels ?? width;
    if (!Number.isInteger(levels) || levels < 1 || levels > width) {
      throw new ArgumentError("levels", {
        expected: `a whole number from 1 to ${width}`,
        got: String(levels),
        remedy: "Leave it out for all that there are.",
      });
    }
    return { time, channels, sampleRate: original, levels };
  }

  private checkOpen(): void {
    if (!this.#closed) return;
    throw new ArgumentError(`tokenizer ${this.manifest.id}`, {
      expected: "an open tokenizer",
      got: "one that was closed",
      remedy: "Load it again.",
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.encoder.close(), this.decoder.close()]);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Steps `from` to `to` of a grid. */
function stepsOf(grid: TokenGrid, from: number, to: number, channels: number): TokenGrid {
  const width = grid.codebookSizes.length;
  const perStep = channels * width;
  return createTokenGrid({
    ...grid,
    codes: {
      data: grid.codes.data.slice(from * perStep, to * perStep),
      shape: [(to - from) * channels, width],
    },
    shape: grid.shape.length === 1 ? [to - from] : [to - from, channels],
  });
}

/** Grids of consecutive steps as one; the last one's side information is that of the whole. */
export function joinGrids(grids: readonly TokenGrid[]): TokenGrid {
  const last = grids.at(-1);
  if (!last) {
    throw new ArgumentError("audio signal", {
      expected: "at least one piece, be it empty",
      got: "none",
      remedy: "Check the source.",
    });
  }
  const size = grids.reduce((sum, { codes }) => sum + codes.data.length, 0);
  const data = new Int32Array(size);
  let at = 0;
  for (const { codes } of grids) {
    data.set(codes.data, at);
    at += codes.data.length;
  }
  const width = last.codebookSizes.length;
  const time = grids.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  return createTokenGrid({
    ...last,
    codes: { data, shape: [size / width, width] },
    shape: [time, ...last.shape.slice(1)],
  });
}

function checkList(list: unknown, what: string): void {
  if (Array.isArray(list)) return;
  throw new ArgumentError("batch", {
    expected: `an array of ${what}`,
    got: list === null ? "null" : typeof list,
    remedy: "Put a single one into an array, or use encode and decode.",
  });
}
