import { FormatError } from "@dtok/core";
import type { ModelSession, Tensor } from "@dtok/core";

/**
 * A causal graph and what it remembers of the signal so far. `run` takes the next piece and puts the
 * graph's "next" in the place of its "state".
 */
export class CarriedSession {
  #state: Float32Array;

  /**
   * @param input name of the graph's input, beside "state"
   * @param output name of its output, beside "next"
   * @param batch signals side by side
   * @param size numbers of the state of one signal
   */
  constructor(
    private readonly session: ModelSession,
    private readonly input: string,
    private readonly output: string,
    private readonly batch: number,
    private readonly size: number,
  ) {
    this.#state = new Float32Array(batch * size);
  }

  async run(piece: Tensor<Float32Array>): Promise<Tensor<Float32Array>> {
    const state = { data: this.#state, shape: [this.batch, this.size] };
    const out = await this.session.run({ [this.input]: piece, state });
    const next = out.next?.data;
    if (!(next instanceof Float32Array) || next.length !== this.#state.length) {
      throw new FormatError("model graph", {
        expected: `an output "next" of ${this.#state.length} numbers`,
        got: String(next?.length),
        remedy: "Export the model and its manifest together.",
      });
    }
    this.#state = next;
    return out[this.output] as Tensor<Float32Array>;
  }
}
