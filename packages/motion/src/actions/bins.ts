/*
 * Uniform bins per dimension, as RT-1 (Brohan et al., arXiv 2212.06817, section 5.1) writes actions:
 *
 *   code_d = floor(B (a_d - low_d) / (high_d - low_d)), clamped to [0, B);   decoded: the bin's middle
 *
 * T steps of D dimensions are T positions of D codebooks of B. Bounds are quantiles of the data: the
 * extremes by default, or the 1st and 99th percentile as OpenVLA (arXiv 2406.09246, section 3.2) has
 * it. Inside the bounds an error is at most half a bin. encode(decode(g)) = g.
 */
import { checkCodes } from "@dtok/core";
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

export interface BinsOptions {
  /** B. Default 256. */
  readonly bins?: number;
  /** Default [0, 1]. */
  readonly quantiles?: readonly [number, number];
}

const MAX_BINS = 65_536;

export class BinActions implements ActionTokenizer {
  readonly kind = "bins";
  readonly dim: number;
  readonly codebookSizes: readonly number[];

  constructor(
    readonly bounds: Bounds,
    readonly bins = 256,
  ) {
    checkOption("bins", bins, 2, MAX_BINS);
    this.dim = bounds.low.length;
    this.codebookSizes = Array<number>(this.dim).fill(bins);
  }

  static fit(trajectories: readonly Matrix[], options: BinsOptions = {}): BinActions {
    checkTrajectories(trajectories);
    return new BinActions(boundsOf(trajectories, options.quantiles ?? [0, 1]), options.bins);
  }

  encode(actions: Matrix): TokenGrid {
    const rows = checkActions(actions, this.dim);
    const { low, high } = this.bounds;
    const codes = new Int32Array(rows * this.dim);
    for (let i = 0; i < codes.length; i++) {
      const d = i % this.dim;
      const at = Math.floor((this.bins * (actions.data[i]! - low[d]!)) / (high[d]! - low[d]!));
      codes[i] = Math.min(this.bins - 1, Math.max(0, at));
    }
    return actionGrid(this, codes, { rows });
  }

  decode(grid: TokenGrid): Matrix {
    const rows = checkActionGrid(this, grid);
    if (grid.shape[0] !== rows) throw badGrid(`${rows} positions`, String(grid.shape[0]));
    checkCodes(grid.codes, this.codebookSizes);
    const { low, high } = this.bounds;
    const data = new Float32Array(rows * this.dim);
    for (let i = 0; i < data.length; i++) {
      const d = i % this.dim;
      data[i] = low[d]! + ((grid.codes.data[i]! + 0.5) / this.bins) * (high[d]! - low[d]!);
    }
    return { data, shape: [rows, this.dim] };
  }

  toState(): QuantizerState {
    const { low, high } = this.bounds;
    return {
      kind: this.kind,
      version: 1,
      config: { dim: this.dim, bins: this.bins },
      tensors: { low: { data: low, shape: [this.dim] }, high: { data: high, shape: [this.dim] } },
    };
  }

  static fromState(state: QuantizerState): BinActions {
    const dim = integerOf(state, "dim", 1, 2 ** 20);
    const bins = integerOf(state, "bins", 2, MAX_BINS);
    const low = floatsOf(state, "low", dim);
    const high = floatsOf(state, "high", dim);
    if (low.some((value, d) => !(value < high[d]!))) throw badState("bins", "low < high", "others");
    return new BinActions({ low, high }, bins);
  }
}
