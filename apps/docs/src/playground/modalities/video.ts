/** Clips: a key frame, then groups of four frames, whose blocks' first code says how they are coded. */
import type { TokenGrid, VideoSignal } from "@dtok/core";
import {
  PICTURE_CODE,
  firstFrame,
  isKey,
  keyOf,
  loadVideoTokenizer,
  meaningOf,
  readVideo,
  stepsOf,
} from "@dtok/video/web";
import type { CodeMeaning, Timeline, VideoTokenizerName } from "@dtok/video/web";
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
import type { Clip, Decoded, Encoded, Field, Held, Picture } from "../protocol.js";

/** Pixels a side, and frames: what one thread of WebAssembly does while one waits. */
const LIMIT = 256;
const FRAMES = 33;

type Rgba = Uint8ClampedArray<ArrayBuffer>;

const tokenizer = loadOnce((id: string, report: Report) =>
  loadVideoTokenizer(id.split("/")[1] as VideoTokenizerName, { onProgress: loading(id, report) }),
);
type Tokenizer = Awaited<ReturnType<typeof tokenizer>>;

class CodedClip implements Coded {
  private readonly digits: Digits;
  private readonly timeline: Timeline;
  private shown: { codes: Int32Array; frames: Rgba[] } | null = null;
  private readonly prototypes = new Map<number, Picture>();

  constructor(
    private readonly codec: Tokenizer,
    private readonly grid: TokenGrid,
    private readonly original: Clip | null,
    readonly encoded: Encoded,
  ) {
    const { quantizer, settings } = codec.manifest;
    this.digits = new Digits(quantizer);
    this.timeline = settings as unknown as Timeline;
  }

  private get width(): number {
    return this.grid.codebookSizes.length;
  }

  private coarse(codes: Int32Array, kept: number): Int32Array {
    if (kept === this.digits.levels.length) return codes.slice();
    return codes.map((code, i) => {
      const { kind } = this.meaning(codes, i);
      return kind === "cell" || kind === "latent" ? this.digits.coarse(code, kept) : code;
    });
  }

  private meaning(codes: Int32Array, at: number): CodeMeaning {
    const perStep = codes.length / this.grid.shape[0]!;
    const step = Math.floor(at / perStep);
    const key = isKey(this.timeline, step);
    const kind = key ? "key" : codes[step * perStep]! >= PICTURE_CODE ? "picture" : "group";
    const place = at % this.width;
    return meaningOf(codes.subarray(at - place, at - place + this.width), place, kind);
  }

  async decode(given: Int32Array, asked: number | null): Promise<Decoded> {
    const start = performance.now();
    const codes = this.coarse(given, asked ?? this.digits.levels.length);
    const side = this.grid.side as { width: number; height: number; fps: number; frames: number };
    const [steps] = this.grid.shape as [number];
    const perStep = codes.length / steps;
    const frames: Rgba[] = this.shown?.frames.slice() ?? [];
    const changed = this.shown === null ? null : changes(codes, this.shown.codes);
    let done = 0;
    if (changed === null) done = await this.frames(codes, 0, side.frames, frames);
    else {
      // A step reaches to the next key, and no further.
      const touched = [...new Set(changed.map((i) => Math.floor(i / perStep)))];
      for (let at = 0; at < touched.length;) {
        const step = touched[at]!;
        const end = keyOf(this.timeline, step) + 1 + this.timeline.groups;
        const to = Math.min(side.frames, firstFrame(this.timeline, end));
        done += await this.frames(codes, firstFrame(this.timeline, step), to, frames);
        while (at < touched.length && touched[at]! < end) at++;
      }
    }
    this.shown = { codes, frames };
    const { width, height, fps } = side;
    const media: Clip = { kind: "clip", width, height, fps, frames };
    const made =
      done === 0
        ? "nothing changed"
        : `${done} of ${side.frames} frames decoded${changed ? " anew" : ""}`;
    const { original } = this;
    if (!original) {
      return { media, facts: [], error: null, made, milliseconds: performance.now() - start };
    }
    const values = Float32Array.from(frames, (frame, t) => decibels(original.frames[t]!, frame));
    const fields: Field[] = frames.map((frame, t) =>
      pictureError(original.frames[t]!, frame, width, height),
    );
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return {
      media,
      facts: [{ name: "PSNR", value: `${inDecibels(mean)} a frame` }],
      error: {
        legend: PICTURE_LEGEND,
        fields,
        series: {
          values,
          name: "PSNR of every frame",
          unit: "dB",
          end: `${(side.frames / fps).toFixed(1)} s`,
        },
      },
      made,
      milliseconds: performance.now() - start,
    };
  }

  private async frames(codes: Int32Array, from: number, to: number, into: Rgba[]): Promise<number> {
    let t = from;
    for await (const { data, width, height } of this.codec.decodeFrames(regrid(this.grid, codes), {
      from,
      to,
    })) {
      into[t++] = rgbaOf(data, width * height);
    }
    return t - from;
  }

  async describe(codes: Int32Array, at: number): Promise<Held> {
    const code = codes[at]!;
    const meaning = this.meaning(codes, at);
    const plain = { vector: null, prototype: null, near: null, star: null };
    switch (meaning.kind) {
      case "motion": {
        const [x, y] = [meaning.dx, meaning.dy];
        const value =
          x === 0 && y === 0
            ? "stands still"
            : `from ${Math.abs(x)} px ${x < 0 ? "left" : "right"}, ${Math.abs(y)} px ${y < 0 ? "above" : "below"} in the frame before`;
        return {
          ...plain,
          facts: [{ name: meaning.quarters ? "Motion of a quarter" : "Motion", value }],
        };
      }
      case "shape":
        return {
          ...plain,
          facts: [
            { name: "Shape", value: meaning.gain === 0 ? "none" : `no. ${meaning.shape}` },
            { name: "Gain", value: meaning.gain.toFixed(1) },
          ],
        };
      case "loan": {
        const { rows, columns } = meaning;
        const value = `to the block ${Math.abs(rows)} ${rows < 0 ? "above" : "below"}, ${Math.abs(columns)} ${columns < 0 ? "left" : "right"}`;
        return { ...plain, facts: [{ name: "Lends its shapes", value }] };
      }
      case "picture":
        return {
          ...plain,
          facts: [{ name: "Picture", value: `after ${meaning.before} frames the scene changes` }],
        };
      case "none":
        return { ...plain, facts: [{ name: "Stands for", value: "nothing, in this place" }] };
      default: {
        const step = Math.floor(at / (codes.length / this.grid.shape[0]!));
        const key = isKey(this.timeline, step);
        return {
          ...plain,
          facts: [
            ...this.digits.facts(code),
            {
              name: "Stands for",
              value:
                meaning.kind === "cell"
                  ? `8 x 8 pixels of a ${key ? "key frame" : "picture"}`
                  : "16 x 16 pixels of four frames, beside others, given those before",
            },
          ],
          vector: this.digits.vector(code),
          prototype:
            key && this.width === 4
              ? { media: await this.prototype(code), says: "The code alone, 3 x 3 times" }
              : null,
        };
      }
    }
  }

  private async prototype(code: number): Promise<Picture> {
    let known = this.prototypes.get(code);
    if (known === undefined) {
      const [cells, shown, stride] = [5, 3, this.codec.manifest.stride[2] as number];
      const data = new Int32Array(cells * cells * this.width).fill(code);
      const side = cells * stride;
      const grid: TokenGrid = {
        ...this.grid,
        codes: { data, shape: [cells * cells, this.width] },
        shape: [1, cells, cells],
        side: { width: side, height: side, fps: 25, frames: 1 },
      };
      const size = shown * stride;
      const rgb = new Uint8Array(size * size * 3);
      for await (const frame of this.codec.decodeFrames(grid)) {
        for (let y = 0; y < size; y++) {
          const from = ((y + stride) * side + stride) * 3;
          rgb.set(frame.data.subarray(from, from + size * 3), y * size * 3);
        }
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
  original: Clip | null,
  milliseconds: number,
): CodedClip {
  const { manifest } = codec;
  const digits = new Digits(manifest.quantizer);
  const { width, height, frames } = grid.side as { width: number; height: number; frames: number };
  const [steps, rows, columns] = grid.shape as [number, number, number];
  return new CodedClip(codec, grid, original, {
    tokenizer: manifest.id,
    shape: grid.shape,
    codebookSizes: grid.codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes: [digits.palette()],
    paletteOf: grid.codebookSizes.map(() => 0),
    codebooks: grid.codebookSizes.map((_, i) =>
      i === 0
        ? "cell 1, or motion"
        : i < 4
          ? `cell ${i + 1}, or ${i} of what motion leaves`
          : `shape ${i - 3} of what those leave`,
    ),
    facts: [
      { name: "Grid", value: `${steps} steps of ${rows} x ${columns}` },
      ...sizeFacts(grid, width * height * frames, "a pixel"),
    ],
    levels: digits.slider(),
    stride: manifest.stride,
    milliseconds,
  });
}

/** The first frames, scaled to the limit. */
async function collect(video: VideoSignal, report: Report) {
  const [width, height] = fitted(video.width, video.height, LIMIT);
  const large = new OffscreenCanvas(video.width, video.height).getContext("2d")!;
  const small = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  small.imageSmoothingQuality = "high";
  const frames: Rgba[] = [];
  let more = false;
  for await (const frame of video.frames) {
    if (frames.length === FRAMES) {
      more = true;
      break;
    }
    const rgba = rgbaOf(frame.data, frame.width * frame.height);
    if (width === video.width) frames.push(rgba);
    else {
      large.putImageData(new ImageData(rgba, video.width, video.height), 0, 0);
      small.drawImage(large.canvas, 0, 0, width, height);
      const { data } = small.getImageData(0, 0, width, height);
      frames.push(data as unknown as Rgba);
    }
    report("Reading frames", frames.length, FRAMES);
  }
  return { clip: { kind: "clip", width, height, fps: video.fps, frames } satisfies Clip, more };
}

export const engine: Engine = {
  async read(input, name, report) {
    if (!(input instanceof Blob)) throw new Error(`${name} is no clip.`);
    if (!("VideoDecoder" in globalThis)) {
      throw new Error(
        "This browser has no WebCodecs, which clips are decoded by. Try a newer one.",
      );
    }
    const opened = await readVideo(input);
    const { clip, more } = await collect(opened, report);
    if (clip.frames.length === 0) throw new Error(`${name} holds no frames.`);
    const { width, height, fps, frames } = clip;
    const said = [
      more && `the first ${FRAMES} frames`,
      width < opened.width &&
        `at ${width} x ${height} instead of ${opened.width} x ${opened.height} pixels`,
    ].filter(Boolean);
    return {
      source: clip,
      media: clip,
      facts: [
        {
          name: "Clip",
          value: `${frames.length} frames of ${width} x ${height}, ${fps.toFixed(0)} a second`,
        },
      ],
      tokenizers: ["video/clip-8x", "video/clip-8x-fine"],
      ...(said.length > 0 && {
        note: `Taken here: ${said.join(", ")}. The package takes any length and size.`,
      }),
    };
  },
  async encode(source, id, report) {
    const clip = source as Clip;
    const codec = await tokenizer(id, report);
    const { width, height, fps } = clip;
    const start = performance.now();
    report("Encoding", 0, clip.frames.length);
    const frames = clip.frames.map((data) => ({ data, width, height, channels: 4 as const }));
    const grid = await codec.encode(
      { frames, width, height, fps },
      { onProgress: (done) => report("Encoding", done, clip.frames.length) },
    );
    return made(codec, grid, clip, performance.now() - start);
  },
  owns: (grid) => grid.tokenizer?.startsWith("video/") ?? false,
  async restore(grid, _, report) {
    const { frames } = grid.side as { frames?: number };
    if (!(Number.isInteger(frames) && frames! > 0 && frames! <= 20 * FRAMES)) {
      throw new Error(
        `The playground decodes clips of up to ${20 * FRAMES} frames; this file has ${frames}.`,
      );
    }
    const codec = await tokenizer(grid.tokenizer!, report);
    if (grid.shape[0] !== stepsOf(codec.manifest.settings as unknown as Timeline, frames!)) {
      throw new Error("The token file's shape and its number of frames do not fit together.");
    }
    return made(codec, grid, null, 0);
  },
};
