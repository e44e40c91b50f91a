import { ArgumentError, ShapeError, ValueError } from "@dtok/core";
import type { ModelRuntime, ModelSession, SessionOptions, Tensor } from "@dtok/core";
import { GraphBuilder } from "./graph/builder.js";
import type { Parameter, Value } from "./graph/builder.js";
import { gradients } from "./graph/gradients.js";
import { adamScalars, adamStep } from "./optim/adam.js";
import type { AdamOptions } from "./optim/adam.js";

/**
 * Builds the forward pass: a scalar loss, whatever else is worth watching (scalars), and float32 arrays of
 * fixed shape that the next batch needs (`Trainer.outputs`).
 */
export type ModelFunction = (graph: GraphBuilder) => {
  readonly loss: Value;
  readonly metrics?: Readonly<Record<string, Value>>;
  readonly outputs?: Readonly<Record<string, Value>>;
};

export interface TrainerOptions extends AdamOptions {
  readonly session?: SessionOptions;
}

export interface StepResult {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * A network, its gradients and Adam as one ONNX graph, and the arrays that it carries from step to
 * step. Two sets of arrays are swapped, so that a step copies nothing.
 */
export class Trainer {
  private front: Record<string, Tensor<Float32Array>>;
  private back: Record<string, Tensor<Float32Array>>;
  /** Steps taken. */
  step = 0;

  private constructor(
    private readonly session: ModelSession,
    private readonly options: TrainerOptions,
    private readonly names: readonly Parameter[],
    private readonly metricNames: readonly string[],
    state: Record<string, Tensor<Float32Array>>,
    /** Of matrix products and convolutions, forward and backward, per step. */
    readonly flopsPerStep: number,
    /** The model's outputs as the last step left them (zeros before the first). */
    readonly outputs: Readonly<Record<string, Tensor<Float32Array>>>,
  ) {
    this.front = state;
    this.back = Object.fromEntries(
      Object.entries(state).map(([name, { data, shape }]) => [
        name,
        { data: new Float32Array(data.length), shape },
      ]),
    );
  }

  static async create(
    runtime: ModelRuntime,
    model: ModelFunction,
    options: TrainerOptions = {},
  ): Promise<Trainer> {
    const graph = new GraphBuilder("training-step");
    const { loss, metrics = {}, outputs: arrays = {} } = model(graph);
    for (const [name, value] of Object.entries(metrics)) {
      if (value.shape.some((size) => size !== 1)) {
        throw new ShapeError(`metric ${name}`, {
          expected: "a scalar",
          got: `[${value.shape.join(", ")}]`,
          remedy: "Reduce it to its mean.",
        });
      }
    }
    const all = [...graph.parameters.values()];
    const parameters = all.filter(({ value }) => !graph.updates.has(value.name));
    const found = gradients(
      loss,
      parameters.map(({ value }) => value),
    );
    const updates = parameters.map((parameter, i) => {
      const gradient = found[i];
      if (!gradient) {
        throw new ArgumentError(`parameter ${parameter.value.name}`, {
          expected: "a part in the loss",
          got: "no path from it to the loss",
          remedy: "Use it, or remove it from the model.",
        });
      }
      return [parameter, gradient] as const;
    });
    const { next, gradientNorm } = adamStep(graph, updates, options);
    const outputs: Record<string, Value> = { loss, gradient_norm: gradientNorm };
    for (const [name, value] of Object.entries(metrics)) outputs[`metric.${name}`] = value;
    for (const [name, value] of Object.entries(arrays)) outputs[`output.${name}`] = value;
    for (const [name, value] of Object.entries(next)) outputs[`next.${name}`] = value;
    for (const [name, value] of graph.updates) outputs[`next.${name}`] = value;
    const session = await runtime.load(graph.toOnnx(outputs, "inputs"), {
      denormalsAsZero: true,
      ...options.session,
    });

    const state: Record<string, Tensor<Float32Array>> = {};
    for (const { value, shape, initial } of parameters) {
      state[value.name] = { data: initial.slice(), shape };
      state[`${value.name}.m`] = { data: new Float32Array(initial.length), shape };
      state[`${value.name}.v`] = { data: new Float32Array(initial.length), shape };
      if (options.averageDecay) state[`${value.name}.average`] = { data: initial.slice(), shape };
    }
    for (const { value, shape, initial } of all) {
      if (graph.updates.has(value.name)) state[value.name] = { data: initial.slice(), shape };
    }
    const room = Object.fromEntries(
      Object.entries(arrays).map(([name, { shape }]) => {
        const sizes = shape.map(Number);
        return [name, { data: new Float32Array(sizes.reduce((a, b) => a * b, 1)), shape: sizes }];
      }),
    );
    return new Trainer(session, options, all, Object.keys(metrics), state, graph.flops, room);
  }

  /** One step on a batch (the model's inputs by name) at the given learning rate. */
  async run(batch: Readonly<Record<string, Tensor>>, learningRate: number): Promise<StepResult> {
    const t = this.step + 1;
    const feeds: Record<string, Tensor> = { ...batch, ...this.front };
    for (const [name, value] of Object.entries(adamScalars(t, learningRate, this.options))) {
      feeds[name] = { data: Float32Array.of(value), shape: [] };
    }
    const scalars: Record<string, Tensor<Float32Array>> = {};
    for (const name of ["loss", "gradient_norm", ...this.metricNames.map((m) => `metric.${m}`)]) {
      scalars[name] = { data: new Float32Array(1), shape: [] };
    }
    const outputs: Record<string, Tensor> = { ...scalars };
    for (const [name, tensor] of Object.entries(this.outputs)) outputs[`output.${name}`] = tensor;
    for (const [name, tensor] of Object.entries(this.back)) outputs[`next.${name}`] = tensor;
    if (this.session.runInto) await this.session.runInto(feeds, outputs);
    else {
      for (const [name, tensor] of Object.entries(await this.session.run(feeds))) {
        (outputs[name] as Tensor<Float32Array>).data.set(tensor.data as Float32Array);
      }
    }
    const scalar = (name: string) => scalars[name]?.data[0] as number;
    const result: StepResult = {
      loss: scalar("loss"),
      gradientNorm: scalar("gradient_norm"),
      metrics: Object.fromEntries(this.metricNames.map((m) => [m, scalar(`metric.${m}`)])),
    };
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      // The arrays of the last good step are still in front.
      throw new ValueError(`training step ${t}`, {
        expected: "a finite loss and gradient",
        got: `loss ${result.loss}, gradient norm ${result.gradientNorm}`,
        remedy:
          "Lower the learning rate, clip gradients, or look at the batch; the parameters are those of the step before.",
      });
    }
    [this.front, this.back] = [this.back, this.front];
    this.step = t;
    return result;
  }

  /** The trained arrays by name: the running averages where they are kept, else the weights. */
  parameters({ averaged = true } = {}): Record<string, Tensor<Float32Array>> {
    const suffix = averaged && this.options.averageDecay ? ".average" : "";
    return Object.fromEntries(
      this.names.map(({ value }) => {
        // Arrays with an update rule of their own have no average.
        const { data, shape } = (this.front[value.name + suffix] ??
          this.front[value.name]) as Tensor<Float32Array>;
        return [value.name, { data: data.slice(), shape }];
      }),
    );
  }

  /** All arrays of a checkpoint (weights, moments, averages). */
  state(): Record<string, Tensor<Float32Array>> {
    return this.front;
  }

  /** Continues from a checkpoint's arrays after `step` steps. */
  restore(state: Readonly<Record<string, Tensor>>, step: number): void {
    for (const [name, { data, shape }] of Object.entries(this.front)) {
      const given = state[name];
      if (!given || given.shape.join() !== shape.join() || !(given.data instanceof Float32Array)) {
        throw new ShapeError(`checkpoint array ${name}`, {
          expected: `float32 [${shape.join(", ")}]`,
          got: given ? `[${given.shape.join(", ")}]` : "nothing",
          remedy: "Resume with the same model and optimiser options as the checkpoint's.",
        });
      }
      data.set(given.data);
    }
    this.step = step;
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}
