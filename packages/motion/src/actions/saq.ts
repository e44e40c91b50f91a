/*
 * State-conditioned action quantization, after SAQ (Luo et al., arXiv 2310.11731): what a code means
 * depends on the state s, so that a small codebook reaches only what is likely there. SAQ conditions a
 * VQ-VAE's encoder and decoder on s by networks; here the conditioning is piecewise affine and fitted
 * in closed form:
 *
 *   cell j = argmin |s - m_j|²;   k = Q_j(a - A_j s - b_j);   decoded: A_j s + b_j + Q_j⁻¹(k)
 *
 * m are k-means centres of states, A and b ridge regressions in each cell, Q_j a quantizer of core of
 * the cell's residuals; a cell with few of them takes the quantizer of all. The cell costs no bits: both
 * sides know s.
 *
 * Fitted without states, s is the previous action as decoded: the encoder runs the decoder's loop, so
 * errors do not add up, and `side.start` is the first action. Fitting repeats on the loop's own states,
 * with maps scaled down, and keeps what errs least in the loop. With states given,
 * encode(decode(g)) = g for an idempotent quantizer, up to rounding.
 */
import { MismatchError, fitQuantizer, kmeans, quantizerFromState } from "@dtok/core";
import type { FitOptions, Matrix, Quantizer, QuantizerState, Tensor, TokenGrid } from "@dtok/core";
import { momentsOf } from "./scale.js";
import {
  actionGrid,
  badGrid,
  badState,
  checkActionGrid,
  checkActions,
  checkOption,
  checkTrajectories,
  embedState,
  extractState,
  floatsOf,
  integerOf,
} from "./tokenizer.js";
import type { ActionContext, ActionTokenizer } from "./tokenizer.js";
import { chunksOf, rowsOf, stack } from "./vectors.js";

export interface SaqOptions extends FitOptions {
  /** States [T, S] of each trajectory. Default: the previous action. */
  readonly states?: readonly Matrix[];
  /** Cells of the states, at most. Default 8. */
  readonly cells?: number;
  /** Spec of the quantizers of residuals. Default "vq:256". */
  readonly quantizer?: string;
}

/** Scaled states are held in [-8, 8] deviations: codes from anywhere cannot make the loop diverge. */
const REACH = 8;
const MAX_CELLS = 4096;
/**
 * What maps are scaled by, one after the other, each fitted on the states of the best loop so far: the
 * one with the least error in the loop stays. 1 predicts best, less forgets errors faster.
 */
const LEAKS = [1, 1, 0.95, 0.8, 0.5];
/** Vectors for each word that a cell of its own needs. */
const VECTORS_PER_WORD = 4;

interface Moments {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

interface SaqParts {
  readonly actions: Moments;
  readonly states: Moments;
  /** s is the previous action. */
  readonly loop: boolean;
  /** [C, S] */
  readonly centres: Float32Array;
  /** [C, D, S + 1], the offset last. */
  readonly maps: Float32Array;
  /** One for all, then those of single cells. */
  readonly quantizers: readonly Quantizer[];
  /** Which quantizer each cell takes. */
  readonly taken: readonly number[];
}

export class SaqActions implements ActionTokenizer {
  readonly kind = "saq";
  readonly dim: number;
  /** S; asked for by encode and decode unless `loop`. */
  readonly stateDim: number;
  readonly loop: boolean;
  readonly codebookSizes: readonly number[];
  readonly #parts: SaqParts;

  constructor(parts: SaqParts) {
    this.dim = parts.actions.mean.length;
    this.stateDim = parts.states.mean.length;
    this.loop = parts.loop;
    this.codebookSizes = parts.quantizers[0]!.codebookSizes;
    this.#parts = parts;
  }

  static async fit(trajectories: readonly Matrix[], options: SaqOptions = {}): Promise<SaqActions> {
    const dim = checkTrajectories(trajectories);
    const { states, cells = 8, quantizer = "vq:256", ...rest } = options;
    checkOption("cells", cells, 1, MAX_CELLS);
    if (states) {
      const width = checkTrajectories(states);
      const bad = trajectories.findIndex((one, i) => one.shape[0] !== states[i]?.shape[0]);
      if (bad >= 0 || states.length !== trajectories.length || width < 1) {
        throw new MismatchError("states", {
          expected: "one matrix for each trajectory, with as many rows",
          got: `${states.length} for ${trajectories.length}, row counts differ at ${bad}`,
          remedy: "Record states and actions at the same times.",
        });
      }
    }
    const moments = momentsOf(trajectories);
    const stateMoments = states ? momentsOf(states) : moments;
    const x = stack(trajectories.map((one) => chunksOf(one, 1, moments.mean, moments.deviation)));
    let z = stack(
      (states ?? trajectories.map(shifted)).map((one) =>
        chunksOf(one, 1, stateMoments.mean, stateMoments.deviation),
      ),
    );
    clampAll(z.data);
    const rows = x.shape[0];
    const clusters = Math.max(1, Math.min(cells, Math.floor(rows / (8 * (z.shape[1] + 1)))));
    const { centroids } = await kmeans(z, { ...rest, clusters });
    const centres = centroids.data;
    let best: { made: SaqActions; error: number } | undefined;
    for (const leak of states ? [1] : LEAKS) {
      const cellOf = nearestCells(z, centres);
      const maps = ridge(x, z, cellOf, clusters, states ? 1e-3 : 1e-2);
      for (let i = 0; i < maps.length; i++) if ((i + 1) % (z.shape[1] + 1) !== 0) maps[i]! *= leak;
      const residuals = new Float32Array(rows * dim);
      for (let n = 0; n < rows; n++) {
        const state = z.data.subarray(n * z.shape[1], (n + 1) * z.shape[1]);
        predict(maps, cellOf[n]!, state, dim, residuals, n * dim);
        for (let d = 0; d < dim; d++)
          residuals[n * dim + d] = x.data[n * dim + d]! - residuals[n * dim + d]!;
      }
      const all: Matrix = { data: residuals, shape: [rows, dim] };
      const quantizers = [await fitQuantizer(quantizer, all, rest)];
      const needed = VECTORS_PER_WORD * Math.max(...quantizers[0]!.codebookSizes);
      const taken: number[] = [];
      for (let j = 0; j < clusters; j++) {
        const own: number[] = [];
        for (let n = 0; n < rows; n++) if (cellOf[n] === j) own.push(n);
        taken[j] = 0;
        if (clusters === 1 || own.length < needed) continue;
        const data = new Float32Array(own.length * dim);
        for (const [i, n] of own.entries())
          data.set(residuals.subarray(n * dim, (n + 1) * dim), i * dim);
        taken[j] = quantizers.length;
        quantizers.push(await fitQuantizer(quantizer, { data, shape: [own.length, dim] }, rest));
      }
      const made = new SaqActions({
        actions: moments,
        states: stateMoments,
        loop: states === undefined,
        centres,
        maps,
        quantizers,
        taken,
      });
      if (states) return made;
      const runs = trajectories.map((one) => made.#run(one, undefined));
      const error = meanOf(runs.map((run) => run.error));
      if (best && best.error <= error) continue;
      best = { made, error };
      // The states that the loop truly has.
      z = stack(runs.map((run) => run.z));
    }
    return best!.made;
  }

  encode(actions: Matrix, context: ActionContext = {}): TokenGrid {
    const rows = checkActions(actions, this.dim);
    this.#checkStates(context, rows);
    const { codes } = this.#run(actions, context.states);
    const start = this.loop && { start: Array.from(actions.data.subarray(0, this.dim)) };
    return actionGrid(this, codes, { rows, ...start });
  }

  decode(grid: TokenGrid, context: ActionContext = {}): Matrix {
    const rows = checkActionGrid(this, grid);
    if (grid.shape[0] !== rows) throw badGrid(`${rows} positions`, String(grid.shape[0]));
    this.#checkStates(context, rows);
    const { dim, stateDim } = this;
    const { actions, maps, quantizers, taken } = this.#parts;
    const width = this.codebookSizes.length;
    const { start } = grid.side;
    let state: Float32Array;
    if (this.loop) {
      if (
        !Array.isArray(start) ||
        start.length !== dim ||
        !start.every((value) => Number.isFinite(Math.fround(value as number)))
      ) {
        throw badGrid(`side.start of ${dim} numbers`, String(start).slice(0, 80));
      }
      state = this.#scaledStates({ data: Float32Array.from(start), shape: [1, dim] });
    } else state = this.#scaledStates(context.states!);
    const out = new Float32Array(rows * dim);
    for (let t = 0; t < rows; t++) {
      const s = this.loop ? state : state.subarray(t * stateDim, (t + 1) * stateDim);
      const j = nearestCell(s, this.#parts.centres);
      const codes = grid.codes.data.subarray(t * width, (t + 1) * width);
      const word = quantizers[taken[j]!]!.dequantize({ data: codes, shape: [1, width] }).data;
      predict(maps, j, s, dim, out, t * dim);
      for (let d = 0; d < dim; d++) out[t * dim + d]! += word[d]!;
      if (this.loop) {
        state = out.slice(t * dim, (t + 1) * dim);
        clampAll(state);
      }
    }
    return rowsOf({ data: out, shape: [rows, dim] }, rows, actions.mean, actions.deviation);
  }

  toState(): QuantizerState {
    const { actions, states, loop, centres, maps, quantizers, taken } = this.#parts;
    const { dim, stateDim } = this;
    const cells = taken.length;
    let tensors: Record<string, Tensor> = {
      mean: { data: actions.mean, shape: [dim] },
      deviation: { data: actions.deviation, shape: [dim] },
      stateMean: { data: states.mean, shape: [stateDim] },
      stateDeviation: { data: states.deviation, shape: [stateDim] },
      centres: { data: centres, shape: [cells, stateDim] },
      maps: { data: maps, shape: [cells, dim, stateDim + 1] },
    };
    const configs = quantizers.map((quantizer, i) => {
      const part = embedState(`q${i}`, quantizer.toState());
      tensors = { ...tensors, ...part.tensors };
      return part.config;
    });
    return {
      kind: this.kind,
      version: 1,
      config: { dim, stateDim, loop, taken, quantizers: configs },
      tensors,
    };
  }

  static fromState(state: QuantizerState): SaqActions {
    const dim = integerOf(state, "dim", 1, 2 ** 20);
    const stateDim = integerOf(state, "stateDim", 1, 2 ** 20);
    const { loop, taken, quantizers: configs } = state.config;
    if (typeof loop !== "boolean" || (loop && stateDim !== dim))
      throw badState("saq", "config.loop, with states as wide as actions", loop);
    if (!Array.isArray(configs) || configs.length < 1 || configs.length > MAX_CELLS + 1)
      throw badState("saq", "config.quantizers to be a list", typeof configs);
    if (
      !Array.isArray(taken) ||
      taken.length < 1 ||
      taken.length > MAX_CELLS ||
      !taken.every((i) => Number.isSafeInteger(i) && i >= 0 && i < configs.length)
    ) {
      throw badState("saq", "config.taken to be indices of quantizers", String(taken));
    }
    const cells = taken.length;
    const quantizers = configs.map((config, i) =>
      quantizerFromState(extractState(state, `q${i}`, config)),
    );
    const sizes = quantizers[0]!.codebookSizes.join();
    if (quantizers.some((one) => one.dim !== dim || one.codebookSizes.join() !== sizes))
      throw badState("saq", `quantizers of ${dim} numbers and codebooks of ${sizes}`, "others");
    return new SaqActions({
      actions: { mean: floatsOf(state, "mean", dim), deviation: floatsOf(state, "deviation", dim) },
      states: {
        mean: floatsOf(state, "stateMean", stateDim),
        deviation: floatsOf(state, "stateDeviation", stateDim),
      },
      loop,
      centres: floatsOf(state, "centres", cells * stateDim),
      maps: floatsOf(state, "maps", cells * dim * (stateDim + 1)),
      quantizers,
      taken: [...(taken as number[])],
    });
  }

  #checkStates({ states }: ActionContext, rows: number): void {
    if (
      !this.loop &&
      states !== undefined &&
      checkActions(states, this.stateDim, "states") === rows
    )
      return;
    if (this.loop && states === undefined) return;
    throw new MismatchError("states", {
      expected: this.loop ? "none: it was fitted without" : `states [${rows}, ${this.stateDim}]`,
      got: states === undefined ? "none" : `[${states.shape.join(", ")}]`,
      remedy: "Pass states as in fitting.",
    });
  }

  #scaledStates(states: Matrix): Float32Array {
    const { mean, deviation } = this.#parts.states;
    const { data } = chunksOf(states, 1, mean, deviation);
    clampAll(data);
    return data;
  }

  /** Codes of actions, the scaled states that they were made with, the scaled squared error. */
  #run(actions: Matrix, states: Matrix | undefined) {
    const { dim, stateDim, loop } = this;
    const { centres, maps, quantizers, taken } = this.#parts;
    const rows = actions.shape[0];
    const width = this.codebookSizes.length;
    const x = chunksOf(actions, 1, this.#parts.actions.mean, this.#parts.actions.deviation).data;
    const z = new Float32Array(rows * stateDim);
    if (loop) z.set(this.#scaledStates({ data: actions.data.subarray(0, dim), shape: [1, dim] }));
    else z.set(this.#scaledStates(states!));
    const codes = new Int32Array(rows * width);
    const guess = new Float32Array(dim);
    const rest = new Float32Array(dim);
    let error = 0;
    for (let t = 0; t < rows; t++) {
      const s = z.subarray(t * stateDim, (t + 1) * stateDim);
      const j = nearestCell(s, centres);
      const quantizer = quantizers[taken[j]!]!;
      predict(maps, j, s, dim, guess, 0);
      for (let d = 0; d < dim; d++) rest[d] = x[t * dim + d]! - guess[d]!;
      const found = quantizer.quantize({ data: rest, shape: [1, dim] });
      codes.set(found.data, t * width);
      if (!loop) continue;
      const word = quantizer.dequantize(found).data;
      for (let d = 0; d < dim; d++) error += (rest[d]! - word[d]!) ** 2;
      if (t + 1 === rows) continue;
      // As decode adds them up: in float32, so that both loops stay bit for bit together.
      for (let d = 0; d < dim; d++) z[(t + 1) * dim + d] = guess[d]! + word[d]!;
      clampAll(z.subarray((t + 1) * dim, (t + 2) * dim));
    }
    const used: Matrix = { data: z, shape: [rows, stateDim] };
    return { codes, z: used, error: error / rows };
  }
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Each row's predecessor; the first row's is itself. */
function shifted({ data, shape }: Matrix): Matrix {
  const out = data.slice();
  out.copyWithin(shape[1], 0, data.length - shape[1]);
  return { data: out, shape };
}

function clampAll(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) data[i] = Math.min(REACH, Math.max(-REACH, data[i]!));
}

function nearestCell(state: Float32Array, centres: Float32Array): number {
  const width = state.length;
  let [best, at] = [Infinity, 0];
  for (let j = 0; j * width < centres.length; j++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (state[i]! - centres[j * width + i]!) ** 2;
    if (sum < best) [best, at] = [sum, j];
  }
  return at;
}

function nearestCells(z: Matrix, centres: Float32Array): Int32Array {
  const [rows, width] = z.shape;
  return Int32Array.from({ length: rows }, (_, n) =>
    nearestCell(z.data.subarray(n * width, (n + 1) * width), centres),
  );
}

/** out[at…] = A_j s + b_j. */
function predict(
  maps: Float32Array,
  j: number,
  state: Float32Array,
  dim: number,
  out: Float32Array,
  at: number,
): void {
  const width = state.length + 1;
  for (let d = 0; d < dim; d++) {
    const row = (j * dim + d) * width;
    let sum = maps[row + width - 1]!;
    for (let i = 0; i < width - 1; i++) sum += maps[row + i]! * state[i]!;
    out[at + d] = sum;
  }
}

/** Ridge regressions of x on (z, 1) in each cell, by Cholesky's decomposition: [C, D, S + 1]. */
function ridge(
  x: Matrix,
  z: Matrix,
  cellOf: Int32Array,
  cells: number,
  penalty: number,
): Float32Array {
  const dim = x.shape[1];
  const width = z.shape[1] + 1;
  const maps = new Float32Array(cells * dim * width);
  const row = new Float64Array(width);
  for (let j = 0; j < cells; j++) {
    const gram = new Float64Array(width * width);
    const right = new Float64Array(width * dim);
    let count = 0;
    for (let n = 0; n < cellOf.length; n++) {
      if (cellOf[n] !== j) continue;
      count++;
      for (let i = 0; i < width - 1; i++) row[i] = z.data[n * (width - 1) + i]!;
      row[width - 1] = 1;
      for (let a = 0; a < width; a++) {
        for (let b = 0; b <= a; b++) gram[a * width + b]! += row[a]! * row[b]!;
        for (let d = 0; d < dim; d++) right[a * dim + d]! += row[a]! * x.data[n * dim + d]!;
      }
    }
    for (let a = 0; a < width; a++) gram[a * width + a]! += penalty * (count + 1000);
    solve(gram, right, width, dim);
    for (let d = 0; d < dim; d++)
      for (let a = 0; a < width; a++) maps[(j * dim + d) * width + a] = right[a * dim + d]!;
  }
  return maps;
}

/** Solves L Lᵀ y = right in place; `gram` has the lower triangle of a positive definite matrix. */
function solve(gram: Float64Array, right: Float64Array, n: number, columns: number): void {
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = gram[a * n + b]!;
      for (let k = 0; k < b; k++) sum -= gram[a * n + k]! * gram[b * n + k]!;
      gram[a * n + b] = a === b ? Math.sqrt(sum) : sum / gram[b * n + b]!;
    }
  }
  for (let c = 0; c < columns; c++) {
    for (let a = 0; a < n; a++) {
      let sum = right[a * columns + c]!;
      for (let k = 0; k < a; k++) sum -= gram[a * n + k]! * right[k * columns + c]!;
      right[a * columns + c] = sum / gram[a * n + a]!;
    }
    for (let a = n - 1; a >= 0; a--) {
      let sum = right[a * columns + c]!;
      for (let k = a + 1; k < n; k++) sum -= gram[k * n + a]! * right[k * columns + c]!;
      right[a * columns + c] = sum / gram[a * n + a]!;
    }
  }
}
