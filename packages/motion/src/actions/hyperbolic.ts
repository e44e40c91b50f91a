/*
 * Chunks of H steps as codes of a hyperbolic codebook, after LLM-AR (arXiv 2404.00532), which writes
 * actions as sentences over a codebook in the Poincaré ball; here without its encoder, on the scaled
 * steps themselves. The codebook is @dtok/core's `vq-hyp`; any other quantizer of core can take its
 * place (`quantizer: "vq:512"` is the same thing in flat space).
 *
 * encode(decode(g)) = g where rows are a multiple of H and the quantizer is idempotent, up to the
 * rounding of scaling there and back.
 */
import { fitQuantizer, quantizerFromState } from "@dtok/core";
import type { FitOptions, Matrix, Quantizer, QuantizerState, TokenGrid } from "@dtok/core";
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
import type { ActionTokenizer } from "./tokenizer.js";
import { chunksOf, rowsOf, stack } from "./vectors.js";

export interface HyperbolicOptions extends FitOptions {
  /** H, steps of a chunk. Default 4. */
  readonly chunk?: number;
  /** Spec of the quantizer of chunks. Default "vq-hyp:512". */
  readonly quantizer?: string;
}

export class HyperbolicActions implements ActionTokenizer {
  readonly kind = "hyperbolic";
  readonly dim: number;
  readonly codebookSizes: readonly number[];

  constructor(
    readonly quantizer: Quantizer,
    readonly chunk: number,
    private readonly mean: Float32Array,
    private readonly deviation: Float32Array,
  ) {
    this.dim = mean.length;
    this.codebookSizes = quantizer.codebookSizes;
  }

  static async fit(
    trajectories: readonly Matrix[],
    options: HyperbolicOptions = {},
  ): Promise<HyperbolicActions> {
    checkTrajectories(trajectories);
    const { chunk = 4, quantizer = "vq-hyp:512", ...rest } = options;
    checkOption("chunk", chunk, 1, 4096);
    const { mean, deviation } = momentsOf(trajectories);
    const vectors = stack(trajectories.map((one) => chunksOf(one, chunk, mean, deviation)));
    return new HyperbolicActions(
      await fitQuantizer(quantizer, vectors, rest),
      chunk,
      mean,
      deviation,
    );
  }

  encode(actions: Matrix): TokenGrid {
    const rows = checkActions(actions, this.dim);
    const vectors = chunksOf(actions, this.chunk, this.mean, this.deviation);
    return actionGrid(this, this.quantizer.quantize(vectors).data, { rows });
  }

  decode(grid: TokenGrid): Matrix {
    const rows = checkActionGrid(this, grid);
    const chunks = Math.ceil(rows / this.chunk);
    if (grid.shape[0] !== chunks) throw badGrid(`${chunks} chunks`, String(grid.shape[0]));
    return rowsOf(this.quantizer.dequantize(grid.codes), rows, this.mean, this.deviation);
  }

  toState(): QuantizerState {
    const { config, tensors } = embedState("chunks", this.quantizer.toState());
    const shape = [this.dim];
    return {
      kind: this.kind,
      version: 1,
      config: { dim: this.dim, chunk: this.chunk, chunks: config },
      tensors: {
        ...tensors,
        mean: { data: this.mean, shape },
        deviation: { data: this.deviation, shape },
      },
    };
  }

  static fromState(state: QuantizerState): HyperbolicActions {
    const dim = integerOf(state, "dim", 1, 2 ** 20);
    const chunk = integerOf(state, "chunk", 1, 4096);
    const mean = floatsOf(state, "mean", dim);
    const deviation = floatsOf(state, "deviation", dim);
    const quantizer = quantizerFromState(extractState(state, "chunks", state.config["chunks"]));
    if (quantizer.dim !== chunk * dim)
      throw badState("hyperbolic", `vectors of ${chunk * dim}`, quantizer.dim);
    return new HyperbolicActions(quantizer, chunk, mean, deviation);
  }
}
