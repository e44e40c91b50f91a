/** Sound: 12 residual levels, one code of FSQ, or units, 40 or 50 times a second. */
import { createTokenGrid } from "@dtok/core";
import type { Quantizer, TokenGrid } from "@dtok/core";
import {
  MelSpectrogram,
  encodeWav,
  loadAudioTokenizer,
  melDistance,
  mixDown,
  readAudio,
  resample,
  siSdr,
} from "@dtok/audio/web";
import type { AudioTokenizerName } from "@dtok/audio/web";
import {
  Digits,
  changes,
  loadOnce,
  loading,
  paletteOf,
  regrid,
  saved,
  sizeFacts,
} from "../engine.js";
import type { Coded, Engine, Report } from "../engine.js";
import type { Decoded, Encoded, Field, Held, Sound } from "../protocol.js";

const RATE = 16_000;
/** Seconds. */
const LIMIT = 12;
/** Codes that a code of the decoders reaches, and more: their convolutions see fewer than 24. */
const REACH = 32;
const BANDS = 80;
const WINDOW = 1024;
const HOP = 160;
/** Decibels below the loudest that the spectrogram shows. */
const RANGE = 70;

const spectrum = new MelSpectrogram(RATE, WINDOW, HOP, BANDS);

/** Decibels, [bands, frames] from high to low. */
function decibelsOf(samples: Float32Array): { width: number; db: Float32Array } {
  const mel = spectrum.of(samples);
  const width = mel.length / BANDS;
  const db = new Float32Array(mel.length);
  for (let t = 0; t < width; t++) {
    for (let b = 0; b < BANDS; b++) {
      db[(BANDS - 1 - b) * width + t] = 20 * Math.log10(Math.max(mel[t * BANDS + b]!, 1e-6));
    }
  }
  return { width, db };
}

function soundOf(samples: Float32Array, top: number): Sound {
  const { width, db } = decibelsOf(samples);
  const values = new Uint8ClampedArray(db.length);
  for (let i = 0; i < db.length; i++) values[i] = 255 * (1 + (db[i]! - top) / RANGE);
  return {
    kind: "sound",
    wav: encodeWav({ samples: [samples], sampleRate: RATE }) as Uint8Array<ArrayBuffer>,
    seconds: samples.length / RATE,
    spectrogram: { width, height: BANDS, values },
  };
}

const loudest = (samples: Float32Array): number =>
  decibelsOf(samples).db.reduce((most, v) => Math.max(most, v), -60);

/** Difference of two spectrograms; 30 dB is the top. What both lack does not count. */
function soundError(a: Float32Array, b: Float32Array, top: number): Field {
  const [x, y] = [decibelsOf(a), decibelsOf(b)];
  const floor = top - RANGE;
  const values = new Uint8ClampedArray(x.db.length);
  for (let i = 0; i < values.length; i++) {
    const difference = Math.max(x.db[i]!, floor) - Math.max(y.db[i]!, floor);
    values[i] = (Math.abs(difference) / 30) * 255;
  }
  return { width: x.width, height: BANDS, values };
}

const tokenizer = loadOnce(async (id: string, report: Report) => {
  const name = id.split("/")[1] as AudioTokenizerName;
  const codec = await loadAudioTokenizer(name, { onProgress: loading(id, report) });
  return codec;
});
type Tokenizer = Awaited<ReturnType<typeof tokenizer>>;

class CodedSound implements Coded {
  private readonly digits: Digits | null;
  private readonly top: number;
  private shown: { codes: Int32Array; level: number; samples: Float32Array } | null = null;
  private readonly prototypes = new Map<string, Sound>();

  constructor(
    private readonly codec: Tokenizer,
    private readonly grid: TokenGrid,
    private readonly original: Float32Array | null,
    readonly encoded: Encoded,
  ) {
    const { quantizer } = codec.manifest;
    this.digits = quantizer.startsWith("fsq") ? new Digits(quantizer) : null;
    this.top = original ? loudest(original) : 0;
  }

  private get width(): number {
    return this.grid.codebookSizes.length;
  }

  async decode(given: Int32Array, asked: number | null): Promise<Decoded> {
    const start = performance.now();
    const codes = given.slice();
    const level = asked ?? this.width;
    const steps = codes.length / this.width;
    const { shown } = this;
    let samples: Float32Array;
    let made = `${steps} steps decoded`;
    if (shown !== null && shown.level === level) {
      const changed = changes(codes, shown.codes).map((i) => Math.floor(i / this.width));
      if (changed.length === 0) {
        samples = shown.samples;
        made = "nothing changed";
      } else {
        const { stride } = this.codec;
        // Sound that comes later than its codes: codes tell of samples before their own too.
        const lead = Math.ceil((this.codec.decodeLatencyMs * RATE) / 1000 / stride);
        const from = Math.max(0, changed[0]! - lead);
        const to = Math.min(steps, changed.at(-1)! + 1 + REACH + lead);
        samples = shown.samples.slice();
        const first = Math.max(0, from - REACH);
        const part = await this.samplesOf(codes, first, to, level);
        const end = to < steps ? (to - lead) * stride : samples.length;
        const kept = part.subarray((from - first) * stride, end - first * stride);
        samples.set(kept.subarray(0, samples.length - from * stride), from * stride);
        made = `steps ${first} to ${to - 1} of ${steps} decoded anew`;
      }
    } else samples = await this.samplesOf(codes, 0, steps, level);
    this.shown = { codes, level, samples };
    const { original } = this;
    const pair =
      original && ([original, samples] as const).map((x) => ({ samples: [x], sampleRate: RATE }));
    return {
      media: soundOf(samples, original ? this.top : loudest(samples)),
      facts: pair
        ? [
            { name: "SI-SDR", value: `${siSdr(pair[0]!, pair[1]!).toFixed(1)} dB` },
            { name: "Mel distance", value: melDistance(pair[0]!, pair[1]!).toFixed(2) },
          ]
        : [],
      error: original
        ? {
            legend: "black: none, yellow: 30 dB and more",
            fields: [soundError(original, samples, this.top)],
          }
        : null,
      made,
      milliseconds: performance.now() - start,
    };
  }

  /** Samples of the steps `from` to `to`. The decoder begins there, as at the start of a sound. */
  private async samplesOf(
    codes: Int32Array,
    from: number,
    to: number,
    level: number,
  ): Promise<Float32Array> {
    const steps = codes.length / this.width;
    const whole = from === 0 && to === steps;
    const length = whole
      ? (this.grid.side.length as number)
      : Math.min(
          (to - from) * this.codec.stride,
          (this.grid.side.length as number) - from * this.codec.stride,
        );
    const { samples } = await this.codec.decode(
      createTokenGrid({
        codes: {
          data: codes.slice(from * this.width, to * this.width),
          shape: [to - from, this.width],
        },
        shape: [to - from],
        codebookSizes: this.grid.codebookSizes,
        side: { sampleRate: this.codec.sampleRate, length },
        tokenizer: this.codec.manifest.id,
      }),
      level < this.width ? { levels: level } : {},
    );
    return samples[0]!;
  }

  async describe(codes: Int32Array, at: number, asked: number | null): Promise<Held> {
    const { quantizer } = this.codec;
    const step = Math.floor(at / this.width);
    const level = at % this.width;
    const shown = Math.max(level + 1, Math.min(asked ?? this.width, this.width));
    const vector = levelVector(quantizer, codes.subarray(step * this.width), level);
    const stack = codes.slice(step * this.width, (step + 1) * this.width);
    return {
      facts: this.digits
        ? this.digits.facts(codes[at]!)
        : [{ name: "Codeword's length", value: Math.hypot(...vector).toFixed(2) }],
      vector,
      prototype: {
        media: await this.prototype(stack, shown),
        says:
          this.width === 1
            ? "This code, held for half a second"
            : `This step's first ${shown} levels, held for half a second`,
      },
      near: null,
      star: null,
    };
  }

  private async prototype(stack: Int32Array, level: number): Promise<Sound> {
    const key = `${stack.subarray(0, level).join()}`;
    let known = this.prototypes.get(key);
    if (known === undefined) {
      const steps = Math.ceil((0.5 * this.codec.sampleRate) / this.codec.stride);
      const codes = Int32Array.from(
        { length: steps * this.width },
        (_, i) => stack[i % this.width]!,
      );
      const { samples } = await this.codec.decode(
        createTokenGrid({
          codes: { data: codes, shape: [steps, this.width] },
          shape: [steps],
          codebookSizes: this.grid.codebookSizes,
          side: { sampleRate: this.codec.sampleRate, length: steps * this.codec.stride },
          tokenizer: this.codec.manifest.id,
        }),
        level < this.width ? { levels: level } : {},
      );
      known = soundOf(samples[0]!, this.original ? this.top : loudest(samples[0]!));
      this.prototypes.set(key, known);
    }
    return known;
  }

  save(codes: Int32Array) {
    return saved(regrid(this.grid, codes));
  }
}

/** What one level adds: the vector by levels up to it, less that by the levels before. */
function levelVector(quantizer: Quantizer, stack: Int32Array, level: number): Float32Array {
  const of = (levels: number) =>
    quantizer.dequantize(
      { data: stack.slice(0, levels), shape: [1, levels] },
      levels < quantizer.codebookSizes.length ? { levels } : {},
    ).data;
  const whole = of(level + 1);
  if (level === 0) return whole;
  const before = of(level);
  return whole.map((v, d) => v - before[d]!);
}

/** Colours of every level's codes, by what each adds alone. */
function palettesOf(quantizer: Quantizer): Uint8Array[] {
  const { codebookSizes, dim } = quantizer;
  const { tensors } = quantizer.toState();
  const books = Object.values(tensors).find(
    ({ data, shape }) => data instanceof Float32Array && shape.at(-1) === dim,
  );
  if (books && books.data.length === codebookSizes.length * codebookSizes[0]! * dim) {
    const size = codebookSizes[0]! * dim;
    return codebookSizes.map((_, q) =>
      paletteOf((books.data as Float32Array).subarray(q * size, (q + 1) * size), dim),
    );
  }
  const codes = Int32Array.from({ length: codebookSizes[0]! }, (_, k) => k);
  return [paletteOf(quantizer.dequantize({ data: codes, shape: [codes.length, 1] }).data, dim)];
}

function made(
  codec: Tokenizer,
  grid: TokenGrid,
  original: Float32Array | null,
  milliseconds: number,
): CodedSound {
  const { manifest, quantizer, sampleRate, stride } = codec;
  const levels = grid.codebookSizes.length;
  const seconds = (grid.side.length as number) / (grid.side.sampleRate as number);
  const digits = manifest.quantizer.startsWith("fsq") ? new Digits(manifest.quantizer) : null;
  const palettes = digits ? [digits.palette()] : palettesOf(quantizer);
  return new CodedSound(codec, grid, original, {
    tokenizer: manifest.id,
    shape: grid.shape,
    codebookSizes: grid.codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes,
    paletteOf: grid.codebookSizes.map((_, q) => Math.min(q, palettes.length - 1)),
    codebooks: digits
      ? [`FSQ ${digits.levels.join(" x ")}`]
      : grid.codebookSizes.map((_, q) => (levels === 1 ? "units" : `level ${q + 1}`)),
    facts: [
      { name: "Grid", value: `${grid.shape[0]} steps${levels > 1 ? ` x ${levels} levels` : ""}` },
      ...sizeFacts(grid, seconds, "a second"),
    ],
    levels:
      levels > 1 && quantizer.prefixDecodable
        ? {
            name: "Levels decoded",
            from: 1,
            to: levels,
            says: Array.from(
              { length: levels },
              (_, i) => `${i + 1} of ${levels}: ${codec.bitrate(i + 1).toFixed(0)} bit/s`,
            ),
          }
        : null,
    stride: [stride / sampleRate],
    milliseconds,
  });
}

export const engine: Engine = {
  async read(input, name) {
    const { samples, sampleRate } = input instanceof Blob ? await readAudio(input) : input;
    const whole = samples[0]!.length / sampleRate;
    if (samples[0]!.length === 0) throw new Error(`${name} holds no samples.`);
    const mono = mixDown(samples.map((channel) => channel.subarray(0, LIMIT * sampleRate)));
    const even = resample(mono, sampleRate, RATE);
    const said = [
      whole > LIMIT && `the first ${LIMIT} of ${whole.toFixed(0)} seconds`,
      samples.length > 1 && "channels mixed",
    ].filter(Boolean);
    return {
      source: even,
      media: soundOf(even, loudest(even)),
      facts: [{ name: "Sound", value: `${(even.length / RATE).toFixed(2)} s at ${sampleRate} Hz` }],
      tokenizers: ["audio/sound-16k", "audio/speech-40hz", "audio/units-50hz"],
      ...(said.length > 0 && {
        note: `Taken here: ${said.join(", ")}. The package takes any length.`,
      }),
    };
  },
  async encode(source, id, report) {
    const samples = source as Float32Array;
    const codec = await tokenizer(id, report);
    report("Encoding", 0, 0);
    const start = performance.now();
    const grid = await codec.encode(
      { samples: [samples], sampleRate: RATE },
      { onProgress: (done, total) => report("Encoding", done, total) },
    );
    return made(codec, grid, samples, performance.now() - start);
  },
  owns: (grid) => grid.tokenizer?.startsWith("audio/") ?? false,
  async restore(grid, _, report) {
    if (grid.shape.length > 1) {
      throw new Error("The playground plays tokens of one channel; this file has several.");
    }
    const codec = await tokenizer(grid.tokenizer!, report);
    if (typeof grid.side.length !== "number")
      throw new Error("The token file does not say its sound's length.");
    // Of another rate: as many seconds at the model's own.
    const rate = (grid.side.sampleRate as number | undefined) ?? RATE;
    const length = Math.ceil((grid.side.length * RATE) / rate);
    return made(codec, { ...grid, side: { sampleRate: RATE, length } }, null, 0);
  },
};
