import { MismatchError } from "@dtok/core";
import type { ModelSession, Tensor } from "@dtok/core";
import { BLOCK } from "./motion.js";
import { DictionaryMemory, pursueByWasm } from "./shapes-wasm.js";
import type { Terms } from "./shapes-wasm.js";

/**
 * What a prediction leaves of a block, as a sum of shapes: matching pursuit (Mallat and Zhang 1993,
 * doi:10.1109/78.258082; of motion's residuals Neff and Zakhor 1997, doi:10.1109/76.554427) over a trained
 * dictionary, each stage a gain-shape quantizer (Sabin and Gray 1984, doi:10.1109/TASSP.1984.1164346):
 *
 *     code = (2 g + s) S + k      adds GAINS[g] (-1)^s shape_k to the block, of S shapes
 *
 * A stage takes the shape that correlates most with what the stages before it left. Gain 0 adds nothing;
 * its code is 0. What a decoder does is plain arithmetic in a fixed order: the same on every machine.
 */

/**
 * What a shape of length 1 is multiplied by, in 8-bit steps: nothing, then each half as much again as the
 * one before, from 5 to 1460.
 */
export const GAINS: readonly number[] = [0, ...Array.from({ length: 15 }, (_, i) => 5 * 1.5 ** i)];

/** Shapes of a dictionary: times two signs and the gains 15360 codes, as many as the networks' codebooks. */
export const SHAPES = 480;

/** Blocks that are compared with the dictionary in one run. */
const BATCH = 512;

/** A dictionary of shapes of `frames` frames of a block. */
export class ShapeBook {
  private constructor(
    private readonly session: ModelSession,
    /** Shapes of length 1 and their sums. */
    private readonly dictionary: Dictionary,
    /** Products of all pairs [S, S]. */
    private readonly products: Float32Array,
    readonly count: number,
    readonly frames: number,
  ) {}

  /** Codes that one stage has. */
  get codes(): number {
    return 2 * GAINS.length * this.count;
  }

  /**
   * From a graph that compares blocks "residuals" [N, L] with its "shapes" [S, L]: "correlations" [N, S].
   * The session is the book's from now on.
   */
  static async open(session: ModelSession): Promise<ShapeBook> {
    const length = session.inputs[0]?.shape[1];
    const blank = { data: new Float32Array(length as number), shape: [1, length as number] };
    const { shapes } = await session.run({ residuals: blank }, ["shapes"]);
    const { data, shape } = shapes as Tensor<Float32Array>;
    const [count, size] = shape as [number, number];
    const { correlations } = await session.run({ residuals: { data, shape } }, ["correlations"]);
    const frames = size / (BLOCK * BLOCK * 3);
    if (!Number.isInteger(frames) || count !== SHAPES) {
      throw new MismatchError("dictionary of shapes", {
        expected: `${SHAPES} shapes of whole frames of ${BLOCK} x ${BLOCK} x 3 samples`,
        got: `${count} of ${size} samples`,
        remedy: "Export it again.",
      });
    }
    const products = (correlations as Tensor<Float32Array>).data;
    const ordered = frameAfterFrame(data, frames);
    const dictionary =
      DictionaryMemory.open(ordered, frames) ?? new DictionaryByDefinition(ordered, frames);
    return new ShapeBook(session, dictionary, products, count, frames);
  }

  /**
   * Codes [blocks, stages] of what `base` leaves of `target` (frames of whole blocks, `columns` across), and
   * per block the squared error before the first stage and after each [blocks, stages + 1] (before
   * rounding to bytes). Only of the blocks that `wanted` names, where given; those of others are 0.
   */
  async encode(
    target: readonly Uint8Array[],
    base: readonly Uint8Array[],
    columns: number,
    stages: number,
    wanted?: ArrayLike<number>,
  ): Promise<{ readonly codes: Int32Array; readonly left: Float64Array }> {
    const blocks = (target[0] as Uint8Array).length / (BLOCK * BLOCK * 3);
    const codes = new Int32Array(blocks * stages);
    const left = new Float64Array(blocks * (stages + 1));
    const length = BLOCK * BLOCK * 3 * this.frames;
    const list = Array.from({ length: blocks }, (_, i) => i).filter((i) => !wanted || wanted[i]);
    for (let from = 0; from < list.length; from += BATCH) {
      const some = list.slice(from, from + BATCH);
      const data = new Float32Array(some.length * length);
      const before = new Float64Array(some.length);
      for (const [i, block] of some.entries()) {
        const into = data.subarray(i * length, (i + 1) * length);
        before[i] = this.gather(target, base, columns, block, into);
      }
      const feeds = { residuals: { data, shape: [some.length, length] } };
      const { correlations } = await this.session.run(feeds, ["correlations"]);
      const rest = (correlations as Tensor<Float32Array>).data;
      const found =
        pursueByWasm(rest, this.products, GAINS, stages, before) ??
        pursueByDefinition(rest, this.products, stages, before);
      for (const [i, block] of some.entries()) {
        codes.set(found.codes.subarray(i * stages, (i + 1) * stages), block * stages);
        left.set(
          found.left.subarray(i * (stages + 1), (i + 1) * (stages + 1)),
          block * (stages + 1),
        );
      }
    }
    return { codes, left };
  }

  /** One block of target - base into `into`; its squared length. */
  private gather(
    target: readonly Uint8Array[],
    base: readonly Uint8Array[],
    columns: number,
    block: number,
    into: Float32Array,
  ): number {
    const step = 3 * this.frames;
    const top = Math.floor(block / columns) * BLOCK;
    const side = (block % columns) * BLOCK;
    let sum = 0;
    for (let f = 0; f < this.frames; f++) {
      const [a, b] = [target[f] as Uint8Array, base[f] as Uint8Array];
      for (let y = 0; y < BLOCK; y++) {
        let from = ((top + y) * columns * BLOCK + side) * 3;
        let to = y * BLOCK * step + 3 * f;
        for (let x = 0; x < BLOCK; x++, to += step) {
          for (let k = 0; k < 3; k++, from++) {
            const e = (a[from] as number) - (b[from] as number);
            into[to + k] = e;
            sum += e * e;
          }
        }
      }
    }
    return sum;
  }

  /** Adds what the codes of each block say to frames of whole blocks, in place; a block comes once. */
  add(
    list: Iterable<readonly [block: number, codes: Int32Array]>,
    frames: readonly Uint8Array[],
    columns: number,
  ): void {
    const all: Terms[] = [];
    for (const [block, codes] of list) {
      const [shapes, gains]: [number[], number[]] = [[], []];
      for (const code of codes) {
        // What a model writes may name no gain.
        const gain = GAINS[Math.floor(code / (2 * this.count))] ?? 0;
        if (gain === 0) continue;
        gains.push(Math.floor(code / this.count) % 2 === 1 ? -gain : gain);
        shapes.push(code % this.count);
      }
      if (shapes.length > 0) all.push({ block, shapes, gains });
    }
    this.dictionary.add(all, frames, columns);
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

interface Dictionary {
  add(list: readonly Terms[], frames: readonly Uint8Array[], columns: number): void;
}

/** Shapes [S, L], of each pixel its frames' RGB, to [S, frames, 16, 48]. */
function frameAfterFrame(shapes: Float32Array, frames: number): Float32Array {
  const out = new Float32Array(shapes.length);
  const pixels = BLOCK * BLOCK;
  const length = pixels * 3 * frames;
  for (let start = 0, i = 0; start < out.length; start += length) {
    for (let p = 0; p < pixels; p++) {
      for (let f = 0; f < frames; f++) {
        const to = start + (f * pixels + p) * 3;
        for (let k = 0; k < 3; k++) out[to + k] = shapes[i++] as number;
      }
    }
  }
  return out;
}

/** Sums of shapes in plain TypeScript: products and sums in float64, rounded to float32 where stored. */
export class DictionaryByDefinition implements Dictionary {
  constructor(
    private readonly shapes: Float32Array,
    private readonly frames: number,
  ) {}

  add(list: readonly Terms[], frames: readonly Uint8Array[], columns: number): void {
    const length = BLOCK * BLOCK * 3 * this.frames;
    const side = BLOCK * 3;
    for (const { block, shapes, gains } of list) {
      const sum = new Float32Array(length);
      for (const [t, shape] of shapes.entries()) {
        const gain = gains[t] as number;
        for (let i = 0, s = shape * length; i < length; i++, s++) {
          sum[i] = (sum[i] as number) + gain * (this.shapes[s] as number);
        }
      }
      const start = (Math.floor(block / columns) * BLOCK * columns + (block % columns)) * side;
      for (let line = 0, i = 0; line < this.frames * BLOCK; line++) {
        const frame = frames[Math.floor(line / BLOCK)] as Uint8Array;
        let to = start + (line % BLOCK) * columns * side;
        for (const end = to + side; to < end; to++, i++) {
          // Rounded half up, as a negative sum is 0 in the end.
          const value = (frame[to] as number) + (sum[i] as number) + 0.5;
          frame[to] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
      }
    }
  }
}

/** `pursueByWasm` in plain TypeScript; `correlations` are those with what is left in the end. */
export function pursueByDefinition(
  correlations: Float32Array,
  products: Float32Array,
  stages: number,
  before: Float64Array,
): { readonly codes: Int32Array; readonly left: Float64Array } {
  const count = correlations.length / before.length;
  const codes = new Int32Array(before.length * stages);
  const left = new Float64Array(before.length * (stages + 1));
  for (const [block, error] of before.entries()) {
    const rest = correlations.subarray(block * count, (block + 1) * count);
    let sum = error;
    left.fill(sum, block * (stages + 1), (block + 1) * (stages + 1));
    for (let stage = 0; stage < stages; stage++) {
      let best = 0;
      let most = 0;
      for (let k = 0; k < count; k++) {
        const size = Math.abs(rest[k] as number);
        if (size > most) [best, most] = [k, size];
      }
      const wanted = rest[best] as number;
      const g = nearestGain(most);
      if (g === 0) break;
      const value = wanted < 0 ? -(GAINS[g] as number) : (GAINS[g] as number);
      codes[block * stages + stage] = (2 * g + (wanted < 0 ? 1 : 0)) * count + best;
      sum += value * (value - 2 * wanted);
      left.fill(sum, block * (stages + 1) + stage + 1, (block + 1) * (stages + 1));
      for (let k = 0, row = best * count; k < count; k++, row++) {
        rest[k] = (rest[k] as number) - value * (products[row] as number);
      }
    }
  }
  return { codes, left };
}

/** The gain whose square error is least: place in GAINS. */
function nearestGain(value: number): number {
  let g = 0;
  while (g + 1 < GAINS.length && value > ((GAINS[g] as number) + (GAINS[g + 1] as number)) / 2) {
    g++;
  }
  return g;
}
