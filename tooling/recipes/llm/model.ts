/* The trained model as it runs in Node.js: one id after another, with a cache of keys and values. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@dtok/core";
import type { ModelRuntime, ModelSession, Tensor } from "@dtok/core";
import { Vocabulary } from "@dtok/llm";
import { stepOnnx } from "./gpt.js";
import type { GptShape } from "./gpt.js";
import { runs } from "./sources.js";

export interface Trained {
  readonly shape: GptShape;
  readonly vocabulary: Vocabulary;
  readonly step: number;
  /** Running averages of the weights. */
  readonly parameters: Record<string, Tensor<Float32Array>>;
}

export function loadTrained(folder = runs): Trained {
  const { shape, vocabulary } = JSON.parse(
    readFileSync(join(folder, "vocabulary.json"), "utf8"),
  ) as {
    shape: GptShape;
    vocabulary: unknown;
  };
  const { tensors, metadata } = readSafetensors(
    readFileSync(join(folder, "checkpoint.safetensors")),
  );
  const parameters: Record<string, Tensor<Float32Array>> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!name.endsWith(".average")) continue;
    parameters[name.slice(0, -".average".length)] = tensor as Tensor<Float32Array>;
  }
  return {
    shape,
    vocabulary: Vocabulary.fromJSON(vocabulary),
    step: Number(metadata.step),
    parameters,
  };
}

/** Logits of what follows, id by id. */
export class Generator {
  private place = 0;
  private readonly unseen: Float32Array;
  private readonly cache: Record<string, Tensor<Float32Array>> = {};
  private readonly fresh: Record<string, Tensor<Float32Array>> = {};
  private readonly logits: Float32Array;

  private constructor(
    private readonly session: ModelSession,
    private readonly shape: GptShape,
  ) {
    const { length, width, layers, heads, vocabulary } = shape;
    const size = width / heads;
    this.unseen = new Float32Array(length + 1);
    this.logits = new Float32Array(vocabulary);
    for (let l = 0; l < layers; l++) {
      for (const name of [`k.${l}`, `v.${l}`]) {
        this.cache[name] = {
          data: new Float32Array(heads * length * size),
          shape: [heads, length, size],
        };
        this.fresh[`new.${name}`] = {
          data: new Float32Array(heads * size),
          shape: [heads, 1, size],
        };
      }
    }
    this.reset();
  }

  static async create(
    runtime: ModelRuntime,
    { shape, parameters }: Pick<Trained, "shape" | "parameters">,
  ): Promise<Generator> {
    return new Generator(await runtime.load(stepOnnx(shape, parameters)), shape);
  }

  reset(): void {
    this.place = 0;
    // The new id itself stands behind the cache.
    this.unseen.fill(-1e9).fill(0, this.shape.length);
  }

  /** Takes an id; gives the logits [V] of the next, an array that the next call overwrites. */
  async next(id: number): Promise<Float32Array> {
    const { length, width, heads } = this.shape;
    const size = width / heads;
    const outputs = {
      ...this.fresh,
      logits: { data: this.logits, shape: [1, this.logits.length] },
    };
    await this.session.runInto!(
      {
        id: { data: BigInt64Array.of(BigInt(id)), shape: [1] },
        place: { data: BigInt64Array.of(BigInt(this.place)), shape: [1] },
        unseen: { data: this.unseen, shape: [1, length + 1] },
        ...this.cache,
      },
      outputs,
    );
    for (const [name, { data }] of Object.entries(this.cache)) {
      const rows = this.fresh[`new.${name}`]!.data;
      for (let h = 0; h < heads; h++) {
        data.set(rows.subarray(h * size, (h + 1) * size), (h * length + this.place) * size);
      }
    }
    this.unseen[this.place] = 0;
    this.place++;
    return this.logits;
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

/** An id drawn from logits at a temperature; those at -Infinity never are. */
export function sample(logits: Float32Array, temperature: number, uniform: number): number {
  let highest = -Infinity;
  for (const x of logits) if (x > highest) highest = x;
  let sum = 0;
  for (const x of logits) sum += Math.exp((x - highest) / temperature);
  let left = uniform * sum;
  let last = 0;
  for (let id = 0; id < logits.length; id++) {
    const p = Math.exp((logits[id]! - highest) / temperature);
    if (p === 0) continue;
    last = id;
    left -= p;
    if (left <= 0) break;
  }
  return last;
}
