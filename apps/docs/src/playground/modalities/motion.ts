/** Motion of people and four-legged animals: residual levels, five times a second. */
import { createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import {
  durationOf,
  footSkating,
  frameCount,
  jointPositions,
  loadMotionTokenizer,
  matchJoints,
  motionErrors,
  readBvh,
  readGltf,
  retarget,
  scaledSkeleton,
  sliceMotion,
} from "@dtok/motion/web";
import type { Embodiment, MotionSignal, MotionTokenizerName } from "@dtok/motion/web";
import { changes, loadOnce, loading, paletteOf, regrid, saved, sizeFacts } from "../engine.js";
import type { Coded, Engine, Report } from "../engine.js";
import type { Body, Decoded, Encoded, Held } from "../protocol.js";

/** Seconds. */
const LIMIT = 20;
/** Codes a second. */
const RATE = 5;

interface Loaded {
  /** As the file has it. */
  readonly motion: MotionSignal;
  readonly embodiment: Embodiment;
  /** On the tokenizer's body, in the original's size: what errors are measured against. */
  readonly target: MotionSignal;
}

const tokenizer = loadOnce((id: string, report: Report) =>
  loadMotionTokenizer(id.split("/")[1] as MotionTokenizerName, { onProgress: loading(id, report) }),
);
type Tokenizer = Awaited<ReturnType<typeof tokenizer>>;

function bodyOf(motion: MotionSignal): Body {
  const { joints } = motion.skeleton;
  return {
    kind: "body",
    fps: motion.fps,
    frames: frameCount(motion),
    parents: joints.map(({ parent }) => parent),
    sides: joints.map(({ name }) =>
      /left|^l[A-Z_]|[_.]l$/i.test(name) ? 1 : /right|^r[A-Z_]|[_.]r$/i.test(name) ? 2 : 0,
    ),
    places: jointPositions(motion),
  };
}

class CodedMotion implements Coded {
  private shown: { codes: Int32Array; level: number; decoded: Decoded } | null = null;
  private readonly prototypes = new Map<string, Body>();

  constructor(
    private readonly codec: Tokenizer,
    private readonly grid: TokenGrid,
    private readonly target: MotionSignal | null,
    readonly encoded: Encoded,
  ) {}

  private get width(): number {
    return this.grid.codebookSizes.length;
  }

  async decode(given: Int32Array, asked: number | null): Promise<Decoded> {
    const start = performance.now();
    const codes = given.slice();
    const level = asked ?? this.width;
    const { shown } = this;
    if (shown && shown.level === level && changes(codes, shown.codes).length === 0) {
      return { ...shown.decoded, made: "nothing changed", milliseconds: performance.now() - start };
    }
    // Ways add up, so what follows a change moves with it: the whole is one run of the network.
    const motion = await this.codec.decode(
      regrid(this.grid, codes),
      level < this.width ? { levels: level } : {},
    );
    const { target } = this;
    const decoded: Decoded = {
      media: bodyOf(motion),
      facts: [
        ...(target
          ? [
              {
                name: "Joint error",
                value: `${motionErrors(target, motion).mpjpe.toFixed(0)} mm (roots laid upon one another)`,
              },
            ]
          : []),
        {
          name: "Feet slide",
          value: `${(100 * footSkating(motion, this.grid.side.body as Embodiment)).toFixed(1)} cm/s while on the ground`,
        },
      ],
      error: target
        ? {
            legend: "",
            series: {
              values: errorOverTime(target, motion),
              name: "Joint error over time",
              unit: "mm",
              end: `${durationOf(motion).toFixed(1)} s`,
            },
          }
        : null,
      made: `${codes.length / this.width} steps decoded`,
      milliseconds: performance.now() - start,
    };
    this.shown = { codes, level, decoded };
    return decoded;
  }

  async describe(codes: Int32Array, at: number, asked: number | null): Promise<Held> {
    const step = Math.floor(at / this.width);
    const level = at % this.width;
    const stack = codes.slice(step * this.width, (step + 1) * this.width);
    const shown = Math.max(level + 1, Math.min(asked ?? this.width, this.width));
    const vector = this.vector(stack, level);
    return {
      facts: [{ name: "Codeword's length", value: Math.hypot(...vector).toFixed(2) }],
      vector,
      prototype: {
        media: await this.prototype(stack, shown),
        says:
          this.width === 1
            ? "This code again and again, for a second"
            : `This step's first ${shown} levels again and again, for a second`,
      },
      near: null,
      star: null,
    };
  }

  /** What one level adds. */
  private vector(stack: Int32Array, level: number): Float32Array {
    const { quantizer } = this.codec;
    const of = (levels: number) =>
      quantizer.dequantize({ data: stack.slice(0, levels), shape: [1, levels] }).data;
    const whole = of(level + 1);
    if (level === 0) return whole;
    const before = of(level);
    return whole.map((v, d) => v - before[d]!);
  }

  private async prototype(stack: Int32Array, level: number): Promise<Body> {
    const key = stack.subarray(0, level).join();
    let known = this.prototypes.get(key);
    if (known === undefined) {
      const [warm, steps] = [4, 9];
      const fps = 20;
      const data = Int32Array.from(
        { length: steps * this.width },
        (_, i) => stack[i % this.width]!,
      );
      const motion = await this.codec.decode(
        createTokenGrid({
          codes: { data, shape: [steps, this.width] },
          shape: [steps],
          codebookSizes: this.grid.codebookSizes,
          side: { ...this.grid.side, frames: (steps * fps) / RATE, fps, x: 0, z: 0, heading: 0 },
          tokenizer: this.codec.manifest.id,
        }),
        level < this.width ? { levels: level } : {},
      );
      known = bodyOf(sliceMotion(motion, (warm * fps) / RATE, (steps * fps) / RATE));
      this.prototypes.set(key, known);
    }
    return known;
  }

  save(codes: Int32Array) {
    return saved(regrid(this.grid, codes));
  }
}

/** Mean distance of joints in millimetres, roots laid upon one another, of every frame. */
function errorOverTime(a: MotionSignal, b: MotionSignal): Float32Array {
  const [x, y] = [jointPositions(a), jointPositions(b)];
  const frames = Math.min(frameCount(a), frameCount(b));
  const joints = a.skeleton.joints.length;
  const out = new Float32Array(frames);
  for (let t = 0; t < frames; t++) {
    const root = t * joints * 3;
    let sum = 0;
    for (let j = 0; j < joints; j++) {
      const at = root + j * 3;
      let square = 0;
      for (let c = 0; c < 3; c++) {
        square += (x[at + c]! - x[root + c]! - y[at + c]! + y[root + c]!) ** 2;
      }
      sum += Math.sqrt(square);
    }
    out[t] = (1000 * sum) / joints;
  }
  return out;
}

function made(
  codec: Tokenizer,
  grid: TokenGrid,
  target: MotionSignal | null,
  milliseconds: number,
): CodedMotion {
  const { manifest, quantizer } = codec;
  const levels = grid.codebookSizes.length;
  const [steps] = grid.shape as [number];
  const side = grid.side as { frames: number; fps: number };
  const palettes = grid.codebookSizes.map((size, q) => {
    const data = new Int32Array(size * (q + 1));
    for (let k = 0; k < size; k++) data[k * (q + 1) + q] = k;
    const { data: vectors } = quantizer.dequantize({ data, shape: [size, q + 1] });
    return paletteOf(vectors, quantizer.dim);
  });
  return new CodedMotion(codec, grid, target, {
    tokenizer: manifest.id,
    shape: grid.shape,
    codebookSizes: grid.codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes,
    paletteOf: palettes.map((_, q) => q),
    codebooks: palettes.map((_, q) => (levels === 1 ? "code" : `level ${q + 1}`)),
    facts: [
      { name: "Grid", value: `${steps} steps${levels > 1 ? ` x ${levels} levels` : ""}` },
      ...sizeFacts(grid, side.frames / side.fps, "a second"),
    ],
    levels:
      levels > 1
        ? {
            name: "Levels decoded",
            from: 1,
            to: levels,
            says: palettes.map((_, q) => `${q + 1} of ${levels}: ${(q + 1) * 9 * RATE} bit/s`),
          }
        : null,
    stride: [1 / RATE],
    milliseconds,
  });
}

export const engine: Engine = {
  async read(input, name) {
    if (!(input instanceof Blob)) throw new Error(`${name} is no motion.`);
    const whole = /\.(glb|gltf)$/i.test(name)
      ? await readGltf(new Uint8Array(await input.arrayBuffer()), { name })
      : readBvh(await input.text(), { name });
    const frames = frameCount(whole);
    const kept = Math.min(frames, Math.round(LIMIT * whole.fps));
    const motion = kept < frames ? sliceMotion(whole, 0, kept) : whole;
    const { embodiment } = matchJoints(motion.skeleton, {});
    const made = retarget(motion, { embodiment });
    const target: MotionSignal = {
      ...made.motion,
      skeleton: scaledSkeleton(made.motion.skeleton, made.scale),
      translation: made.motion.translation.map((v) => v * made.scale),
    };
    const source: Loaded = { motion, embodiment, target };
    return {
      source,
      media: bodyOf(motion),
      facts: [
        {
          name: "Motion",
          value: `${durationOf(motion).toFixed(1)} s, ${motion.skeleton.joints.length} joints, ${motion.fps.toFixed(0)} frames a second, ${embodiment}`,
        },
      ],
      tokenizers:
        embodiment === "human"
          ? ["motion/human-rvq", "motion/human-vq", "motion/bodies-rvq"]
          : ["motion/bodies-rvq"],
      ...(kept < frames && {
        note: `Taken here: the first ${LIMIT} of ${durationOf(whole).toFixed(0)} seconds. The package takes hours.`,
      }),
    };
  },
  async encode(source, id, report) {
    const { motion, embodiment, target } = source as Loaded;
    const codec = await tokenizer(id, report);
    report("Encoding", 0, 0);
    const start = performance.now();
    const grid = await codec.encode(motion, { embodiment });
    return made(codec, grid, target, performance.now() - start);
  },
  owns: (grid) => grid.tokenizer?.startsWith("motion/") ?? false,
  restore: async (grid, _, report) => made(await tokenizer(grid.tokenizer!, report), grid, null, 0),
};
