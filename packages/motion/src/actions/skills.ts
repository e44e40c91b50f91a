/*
 * Byte-pair skills, after PRISE (Zheng et al., arXiv 2402.10450): every step's action becomes a code of
 * a vector quantizer, and frequent runs of codes become ids of their own, skills that last several
 * steps. PRISE quantizes latents of a network that predicts the next observation; here the scaled
 * actions themselves are quantized.
 *
 *   codes_t = VQ((a_t - mean) / deviation);   ids = BPE(codes);   decoded: VQ⁻¹(BPE⁻¹(ids))
 *
 * encode(decode(g)) = g, up to the rounding of scaling there and back.
 */
import { CodeBpe, VqQuantizer, fitVq, quantizerFromState } from "@dtok/core";
import type { FitOptions, Matrix, QuantizerState, TokenGrid } from "@dtok/core";
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

export interface SkillsOptions extends FitOptions {
  /** K, codes of one step. Default 64. */
  readonly size?: number;
  /** Codes and skills together. Default 1024. */
  readonly vocabulary?: number;
  /** Steps that one skill may last. Default 32. */
  readonly longest?: number;
}

export class SkillActions implements ActionTokenizer {
  readonly kind = "skills";
  readonly dim: number;
  readonly codebookSizes: readonly number[];

  constructor(
    readonly quantizer: VqQuantizer,
    readonly merges: CodeBpe,
    private readonly mean: Float32Array,
    private readonly deviation: Float32Array,
  ) {
    this.dim = mean.length;
    this.codebookSizes = [merges.vocabulary];
  }

  static async fit(
    trajectories: readonly Matrix[],
    options: SkillsOptions = {},
  ): Promise<SkillActions> {
    checkTrajectories(trajectories);
    const { size = 64, vocabulary = 1024, longest = 32, ...rest } = options;
    checkOption("size", size, 1, 2 ** 20);
    checkOption("vocabulary", vocabulary, size, 2 ** 20);
    const { mean, deviation } = momentsOf(trajectories);
    const scaled = trajectories.map((one) => chunksOf(one, 1, mean, deviation));
    const quantizer = await fitVq(`vq:${size}`, stack(scaled), rest);
    const codes = scaled.map((one) => quantizer.quantize(one).data);
    const merges = CodeBpe.train(codes, { size, vocabulary, longest });
    return new SkillActions(quantizer, merges, mean, deviation);
  }

  encode(actions: Matrix): TokenGrid {
    const rows = checkActions(actions, this.dim);
    const { data } = this.quantizer.quantize(chunksOf(actions, 1, this.mean, this.deviation));
    return actionGrid(this, this.merges.encode(data), { rows });
  }

  decode(grid: TokenGrid): Matrix {
    const rows = checkActionGrid(this, grid);
    const data = this.merges.decode(grid.codes.data);
    if (data.length !== rows) throw badGrid(`skills of ${rows} steps together`, `${data.length}`);
    const back = this.quantizer.dequantize({ data, shape: [rows, 1] });
    return rowsOf(back, rows, this.mean, this.deviation);
  }

  toState(): QuantizerState {
    const { config, tensors } = embedState("steps", this.quantizer.toState());
    const { pairs } = this.merges;
    const shape = [this.dim];
    return {
      kind: this.kind,
      version: 1,
      config: { dim: this.dim, steps: config },
      tensors: {
        ...tensors,
        mean: { data: this.mean, shape },
        deviation: { data: this.deviation, shape },
        pairs: { data: pairs, shape: [pairs.length / 2, 2] },
      },
    };
  }

  static fromState(state: QuantizerState): SkillActions {
    const dim = integerOf(state, "dim", 1, 2 ** 20);
    const quantizer = quantizerFromState(extractState(state, "steps", state.config["steps"]));
    const pairs = state.tensors["pairs"]?.data;
    if (!(pairs instanceof Int32Array)) throw badState("skills", "int32 pairs", "none");
    if (!(quantizer instanceof VqQuantizer) || quantizer.dim !== dim)
      throw badState("skills", `vq of ${dim} numbers`, `${quantizer.spec} of ${quantizer.dim}`);
    return new SkillActions(
      quantizer,
      new CodeBpe(quantizer.codebookSizes[0]!, pairs),
      floatsOf(state, "mean", dim),
      floatsOf(state, "deviation", dim),
    );
  }
}
