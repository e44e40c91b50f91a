import { MismatchError } from "@dtok/core";
import type { ModelSession, Tensor } from "@dtok/core";
import { BLOCK } from "./motion.js";

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
  /** Room for the sum of one block's shapes. */
  private readonly sum: Float32Array;

  private constructor(
    private readonly session: ModelSession,
    /** Shapes [S, L] of length 1, L = 16 x 16 x 3 frames: pixels row after row, of each its frames' RGB. */
    private readonly shapes: Float32Array,
    /** Products of all pairs [S, S]. */
    private readonly products: Float32Array,
    readonly count: number,
    readonly frames: number,
  ) {
    this.sum = new Float32Array(BLOCK * BLOCK * 3 * frames);
  }

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
    return new ShapeBook(session, data, products, count, frames);
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
      for (const [i, block] of some.entries()) {
        const into = data.subarray(i * length, (i + 1) * length);
        left[block * (stages + 1)] = this.gather(target, base, columns, block, into);
      }
      const feeds = { residuals: { data, shape: [some.length, length] } };
      const { correlations } = await this.session.run(feeds, ["correlations"]);
      const rest = (correlations as Tensor<Float32Array>).data;
      for (const [i, block] of some.entries()) {
        this.pursue(
          rest.subarray(i * this.count, (i + 1) * this.count),
          codes.subarray(block * stages, (block + 1) * stages),
          left.subarray(block * (stages + 1), (block + 1) * (stages + 1)),
        );
      }
    }
    return { codes, left };
  }

  /** Stage after stage on correlations with what is left, in place; left[0] is known. */
  private pursue(rest: Float32Array, codes: Int32Array, left: Float64Array): void {
    const { count, products } = this;
    for (let stage = 0; stage < codes.length; stage++) {
      let best = 0;
      let most = 0;
      for (let k = 0; k < count; k++) {
        const size = Math.abs(rest[k] as number);
        if (size > most) [best, most] = [k, size];
      }
      const wanted = rest[best] as number;
      const g = nearestGain(most);
      if (g === 0) {
        left.fill(left[stage] as number, stage + 1);
        return;
      }
      const value = wanted < 0 ? -(GAINS[g] as number) : (GAINS[g] as number);
      codes[stage] = (2 * g + (wanted < 0 ? 1 : 0)) * count + best;
      left[stage + 1] = (left[stage] as number) + value * (value - 2 * wanted);
      for (let k = 0, row = best * count; k < count; k++, row++) {
        rest[k] = (rest[k] as number) - value * (products[row] as number);
      }
    }
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

  /** Adds what the codes of one block say to frames of whole blocks, in place. */
  add(codes: Int32Array, frames: readonly Uint8Array[], columns: number, block: number): void {
    const length = BLOCK * BLOCK * 3 * this.frames;
    const { sum } = this;
    let any = false;
    for (const code of codes) {
      const g = Math.floor(code / (2 * this.count));
      // What a model writes may name no gain.
      const gain = GAINS[g] ?? 0;
      if (gain === 0) continue;
      const value = Math.floor(code / this.count) % 2 === 1 ? -gain : gain;
      const from = (code % this.count) * length;
      const shape = this.shapes.subarray(from, from + length);
      if (any) {
        for (let i = 0; i < length; i++) {
          sum[i] = (sum[i] as number) + value * (shape[i] as number);
        }
      } else for (let i = 0; i < length; i++) sum[i] = value * (shape[i] as number);
      any = true;
    }
    if (!any) return;
    const step = 3 * this.frames;
    const top = Math.floor(block / columns) * BLOCK;
    const side = (block % columns) * BLOCK;
    for (let f = 0; f < this.frames; f++) {
      const frame = frames[f] as Uint8Array;
      for (let y = 0; y < BLOCK; y++) {
        let to = ((top + y) * columns * BLOCK + side) * 3;
        let from = y * BLOCK * step + 3 * f;
        for (let x = 0; x < BLOCK; x++, from += step, to += 3) {
          // Rounded half up, as a negative sum is 0 in the end.
          for (let k = 0; k < 3; k++) {
            const value = (frame[to + k] as number) + (sum[from + k] as number) + 0.5;
            frame[to + k] = value < 0 ? 0 : value > 255 ? 255 : value;
          }
        }
      }
    }
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

/** The gain whose square error is least: place in GAINS. */
function nearestGain(value: number): number {
  let g = 0;
  while (g + 1 < GAINS.length && value > ((GAINS[g] as number) + (GAINS[g + 1] as number)) / 2) {
    g++;
  }
  return g;
}
