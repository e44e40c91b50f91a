/*
 * FAST (Pertsch et al., arXiv 2501.09747, section V): chunks of H steps are scaled by quantiles to
 * [-1, 1], each dimension goes through a DCT-II over time, coefficients are scaled and rounded, read
 * with the lowest frequencies of all dimensions first, and shortened by byte-pair merges:
 *
 *   C = round(γ · DCT(a));   codes = C[0, :], C[1, :], … C[H - 1, :];   ids = BPE(codes)
 *
 * The DCT is orthonormal, so a step's error is at most that of the coefficients: √(H D) / (2γ) over a
 * whole chunk in scaled units. Smooth motion leaves most coefficients 0, which the merges swallow.
 *
 * The alphabet is what fitting saw, widened by half on both sides; a coefficient beyond it is clamped.
 * Merges never cross a chunk, so that every chunk can be decoded alone. The last chunk is filled up
 * with its last row; `side.rows` cuts it. encode(decode(g)) = g where rows are a multiple of H and
 * γ is not so large that float32 rounds coefficients across a half (γ up to 10,000 is far from it).
 */
import { CodeBpe } from "@dtok/core";
import type { Matrix, QuantizerState, TokenGrid } from "@dtok/core";
import { boundsOf } from "./scale.js";
import type { Bounds } from "./scale.js";
import {
  actionGrid,
  badGrid,
  badState,
  checkActionGrid,
  checkActions,
  checkOption,
  checkTrajectories,
  floatsOf,
  integerOf,
} from "./tokenizer.js";
import type { ActionTokenizer } from "./tokenizer.js";
import { ArgumentError } from "@dtok/core";

export interface FastOptions {
  /** H, steps of a chunk. Default 20; the paper takes one second. */
  readonly chunk?: number;
  /** γ. Default 10. */
  readonly scale?: number;
  /** Ids in all: the alphabet and the merges. Default 1024. */
  readonly vocabulary?: number;
  /** What is scaled to [-1, 1]. Default [0.01, 0.99]. */
  readonly quantiles?: readonly [number, number];
}

interface FastParts {
  readonly bounds: Bounds;
  readonly chunk: number;
  readonly scale: number;
  /** Coefficient of code 0. */
  readonly lowest: number;
  readonly bpe: CodeBpe;
}

const MAX_CHUNK = 4096;

export class FastActions implements ActionTokenizer {
  readonly kind = "fast";
  readonly dim: number;
  readonly chunk: number;
  readonly scale: number;
  readonly codebookSizes: readonly number[];
  readonly #parts: FastParts;
  readonly #basis: Float64Array;

  constructor(parts: FastParts) {
    this.dim = parts.bounds.low.length;
    this.chunk = checkOption("chunk", parts.chunk, 1, MAX_CHUNK);
    this.scale = checkScale(parts.scale);
    this.codebookSizes = [parts.bpe.vocabulary];
    this.#parts = parts;
    this.#basis = dctBasis(parts.chunk);
  }

  static fit(trajectories: readonly Matrix[], options: FastOptions = {}): FastActions {
    checkTrajectories(trajectories);
    const chunk = checkOption("chunk", options.chunk ?? 20, 1, MAX_CHUNK);
    const scale = checkScale(options.scale ?? 10);
    const bounds = boundsOf(trajectories, options.quantiles ?? [0.01, 0.99]);
    const basis = dctBasis(chunk);
    const chunks = trajectories.flatMap((one) => coefficients(one, bounds, basis, chunk, scale));
    let [least, most] = [0, 0];
    for (const list of chunks)
      for (const value of list) [least, most] = [Math.min(least, value), Math.max(most, value)];
    const spare = Math.ceil((most - least + 1) / 2);
    const lowest = least - spare;
    const size = most + spare - lowest + 1;
    const wanted = checkOption("vocabulary", options.vocabulary ?? 1024, 2, 2 ** 20);
    if (wanted < size) {
      throw new ArgumentError("vocabulary", {
        expected: `at least ${size}: the alphabet at scale ${scale}`,
        got: String(wanted),
        remedy: "Allow more ids, or a smaller scale.",
      });
    }
    for (const list of chunks) for (let i = 0; i < list.length; i++) list[i]! -= lowest;
    const bpe = CodeBpe.train(chunks, { size, vocabulary: wanted, longest: 4096 });
    return new FastActions({ bounds, chunk, scale, lowest, bpe });
  }

  encode(actions: Matrix): TokenGrid {
    const rows = checkActions(actions, this.dim);
    const { bounds, lowest, bpe } = this.#parts;
    const parts = coefficients(actions, bounds, this.#basis, this.chunk, this.scale).map((list) => {
      for (let i = 0; i < list.length; i++)
        list[i] = Math.min(bpe.size - 1, Math.max(0, list[i]! - lowest));
      return bpe.encode(list);
    });
    return actionGrid(this, concat(parts), { rows });
  }

  decode(grid: TokenGrid): Matrix {
    const rows = checkActionGrid(this, grid);
    const { dim, chunk, scale } = this;
    const { bounds, lowest, bpe } = this.#parts;
    const width = chunk * dim;
    const chunks = Math.ceil(rows / chunk);
    const codes = bpe.decode(grid.codes.data);
    if (codes.length !== chunks * width) {
      throw badGrid(
        `${chunks} chunks of ${chunk} x ${dim} coefficients for ${rows} rows`,
        `${codes.length} coefficients`,
      );
    }
    const data = new Float32Array(rows * dim);
    for (let c = 0; c < chunks; c++) {
      const steps = Math.min(chunk, rows - c * chunk);
      for (let t = 0; t < steps; t++) {
        for (let d = 0; d < dim; d++) {
          let sum = 0;
          for (let f = 0; f < chunk; f++) {
            const value = codes[c * width + f * dim + d]! + lowest;
            if (value !== 0) sum += value * this.#basis[f * chunk + t]!;
          }
          const [low, high] = [bounds.low[d]!, bounds.high[d]!];
          data[(c * chunk + t) * dim + d] = low + ((sum / scale + 1) / 2) * (high - low);
        }
      }
    }
    return { data, shape: [rows, dim] };
  }

  toState(): QuantizerState {
    const { bounds, lowest, bpe } = this.#parts;
    const { dim, chunk, scale } = this;
    return {
      kind: this.kind,
      version: 1,
      config: { dim, chunk, scale, lowest, size: bpe.size },
      tensors: {
        low: { data: bounds.low, shape: [dim] },
        high: { data: bounds.high, shape: [dim] },
        pairs: { data: bpe.pairs, shape: [bpe.pairs.length / 2, 2] },
      },
    };
  }

  static fromState(state: QuantizerState): FastActions {
    const dim = integerOf(state, "dim", 1, 2 ** 20);
    const chunk = integerOf(state, "chunk", 1, MAX_CHUNK);
    const lowest = integerOf(state, "lowest", -(2 ** 20), 2 ** 20);
    const size = integerOf(state, "size", 1, 2 ** 21);
    const low = floatsOf(state, "low", dim);
    const high = floatsOf(state, "high", dim);
    const pairs = state.tensors["pairs"]?.data;
    if (!(pairs instanceof Int32Array)) throw badState("fast", "int32 pairs", "none");
    if (low.some((value, d) => !(value < high[d]!))) throw badState("fast", "low < high", "others");
    const scale = checkScale(state.config["scale"] as number);
    return new FastActions({
      bounds: { low, high },
      chunk,
      scale,
      lowest,
      bpe: new CodeBpe(size, pairs),
    });
  }
}

function checkScale(scale: number): number {
  if (typeof scale === "number" && scale > 0 && scale <= 10_000) return scale;
  throw new ArgumentError("scale", {
    expected: "a number above 0, at most 10,000",
    got: String(scale),
    remedy: "Larger is finer: 10 is a usual value.",
  });
}

/** Orthonormal DCT-II [H, H]: row f is the cosine of frequency f. */
function dctBasis(size: number): Float64Array {
  const basis = new Float64Array(size * size);
  for (let f = 0; f < size; f++) {
    const gain = Math.sqrt((f === 0 ? 1 : 2) / size);
    for (let t = 0; t < size; t++)
      basis[f * size + t] = gain * Math.cos((Math.PI * (t + 0.5) * f) / size);
  }
  return basis;
}

/** Rounded coefficients of each chunk, [H, D] flattened. */
function coefficients(
  { data, shape: [rows, dim] }: Matrix,
  { low, high }: Bounds,
  basis: Float64Array,
  chunk: number,
  scale: number,
): Int32Array[] {
  const out: Int32Array[] = [];
  const column = new Float64Array(chunk);
  for (let from = 0; from < rows; from += chunk) {
    const list = new Int32Array(chunk * dim);
    for (let d = 0; d < dim; d++) {
      for (let t = 0; t < chunk; t++) {
        const value = data[Math.min(rows - 1, from + t) * dim + d]!;
        column[t] = (2 * (value - low[d]!)) / (high[d]! - low[d]!) - 1;
      }
      for (let f = 0; f < chunk; f++) {
        let sum = 0;
        for (let t = 0; t < chunk; t++) sum += basis[f * chunk + t]! * column[t]!;
        // Beyond 2^30 an Int32Array would wrap; the alphabet clamps far before.
        list[f * dim + d] = Math.round(Math.max(-(2 ** 30), Math.min(2 ** 30, sum * scale)));
      }
    }
    out.push(list);
  }
  return out;
}

function concat(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
}
