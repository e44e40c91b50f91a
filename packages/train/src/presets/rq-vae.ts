/*
 * RQ-VAE for semantic IDs: TIGER (Rajput et al., arXiv 2305.05065, section 3.1). An MLP brings item
 * vectors to a small latent, which is quantized level by level on residuals, and another MLP brings
 * them back:
 *
 *   loss = |x - x'|² + sum over levels of (|sg(r_l) - e_l|² + beta |r_l - sg(e_l)|²),  beta = 0.25
 *
 * For the first quarter of the steps nothing is quantized; then the codebooks start from k-means of
 * the latents, level by level, and follow running means. Codes that hardly anybody uses move to vectors
 * of the batch. (Quantized from the first step on, latents of sparse text features collapsed to a few
 * codes before the decoder could use them.)
 */
import { ArgumentError, Random, ShapeError, kmeans } from "@dtok/core";
import type { Matrix, ModelRuntime, Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/builder.js";
import {
  add,
  mul,
  relu,
  square,
  stopGradient,
  straightThrough,
  sub,
} from "../graph/elementwise.js";
import { reduceMean } from "../graph/shape.js";
import { linearLayer } from "../layers/layers.js";
import { vqLayer } from "../layers/vq.js";
import { cosineSchedule } from "../optim/schedule.js";
import { Trainer } from "../trainer.js";

/** Of both phases. */
const OPTIMISER = { betas: [0.9, 0.99], clipNorm: 1 } as const;

export interface RqVaeConfig {
  /** Width of the item vectors. */
  readonly dim: number;
  /** Widths between input and latent. Default [512, 256, 128], TIGER's. */
  readonly hidden?: readonly number[];
  /** Default 32. */
  readonly latent?: number;
  /** Default 3. */
  readonly levels?: number;
  /** Codes per level. Default 256. */
  readonly size?: number;
}

export interface RqVaeTrainOptions {
  readonly steps?: number;
  /** Items per step. Default 1024. */
  readonly batch?: number;
  /** Default 1e-3, falling to zero. */
  readonly learningRate?: number;
  readonly seed?: number;
  /** Weight of the commitment loss. Default 0.25. */
  readonly beta?: number;
  readonly onProgress?: (progress: RqVaeProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RqVaeProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean squared error over the vectors' variance. */
  readonly error: number;
  /** exp of the entropy of each level's codes in the batch; empty while nothing is quantized. */
  readonly perplexity: readonly number[];
}

export interface ExportedRqVae {
  /** "vectors" [n, D] to "latents" [n, latent]. */
  readonly encoder: Uint8Array;
  /** "latents" [n, latent] (sums of codewords) to "vectors" [n, D]. */
  readonly decoder: Uint8Array;
  /** [levels, K, latent]. */
  readonly codebooks: Tensor<Float32Array>;
}

function filled(config: RqVaeConfig) {
  const { dim, hidden = [512, 256, 128], latent = 32, levels = 3, size = 256 } = config;
  for (const [name, value] of Object.entries({ dim, latent, levels, size })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ArgumentError(name, {
        expected: "a positive integer",
        got: String(value),
        remedy: "Leave it out for TIGER's.",
      });
    }
  }
  return { dim, hidden, latent, levels, size };
}

/** Linear layers with ReLU between them. */
function mlp(g: GraphBuilder, random: Random, name: string, x: Value, widths: readonly number[]) {
  let h = x;
  for (const [i, width] of widths.entries()) {
    const last = i === widths.length - 1;
    h = linearLayer(g, random, `${name}.${i}`, h, width, last ? 1 : 2);
    if (!last) h = relu(h);
  }
  return h;
}

function encoder(g: GraphBuilder, random: Random, config: RqVaeConfig, x: Value): Value {
  const { hidden, latent } = filled(config);
  return mlp(g, random, "enc", x, [...hidden, latent]);
}

function decoder(g: GraphBuilder, random: Random, config: RqVaeConfig, z: Value): Value {
  const { hidden, dim } = filled(config);
  return mlp(g, random, "dec", z, [...hidden.toReversed(), dim]);
}

/** The training graph; input "vectors" [batch, D], divided by `scale`. */
export function rqVaeTraining(
  g: GraphBuilder,
  config: RqVaeConfig,
  options: {
    readonly batch: number;
    readonly seed: number;
    readonly beta: number;
    /** First codebooks [levels, K, latent]. Left out: a plain autoencoder, which comes first. */
    readonly codebooks?: Tensor<Float32Array>;
  },
) {
  const { dim, latent, levels, size } = filled(config);
  const random = new Random(options.seed);
  const x = g.input("vectors", [options.batch, dim]);
  const z = encoder(g, random, config, x);
  const metrics: Record<string, Value> = {};
  let quantized = z;
  let commitment = g.scalar(0);
  if (options.codebooks !== undefined) {
    let left = z;
    let sum: Value | undefined;
    for (let l = 0; l < levels; l++) {
      const words = options.codebooks.data.slice(l * size * latent, (l + 1) * size * latent);
      const vq = vqLayer(g, `level.${l}`, left, {
        size,
        initial: () => words,
        decay: 0.95,
        // A fortieth of an even share.
        resetBelow: options.batch / size / 40,
      });
      // Codewords count as constants, so that every level's commitment moves z.
      const word = stopGradient(vq.quantized);
      left = sub(left, word);
      sum = sum === undefined ? word : add(sum, word);
      commitment = add(commitment, vq.commitmentLoss);
      metrics[`perplexity.${l}`] = vq.perplexity;
    }
    quantized = straightThrough(sum as Value, z);
  }
  const y = decoder(g, random, config, quantized);
  const error = reduceMean(square(sub(y, x)));
  metrics.error = error;
  // Both as sums over numbers, in units of the latent's width: means would let the commitment of 32
  // numbers outweigh the reconstruction of 768, and the latents would shrink to nothing.
  return { loss: add(mul(error, dim / latent), mul(commitment, options.beta)), metrics };
}

/**
 * Trains on vectors [N, D], whose variance becomes 1 inside; minutes for ten thousands of items. The
 * same seed and data give the same batches.
 */
export async function trainRqVae(
  runtime: ModelRuntime,
  vectors: Matrix,
  config: Omit<RqVaeConfig, "dim"> = {},
  options: RqVaeTrainOptions = {},
): Promise<ExportedRqVae> {
  const [rows, dim] = vectors.shape;
  const full = filled({ ...config, dim });
  const { steps = 3000, learningRate = 1e-3, seed = 0, beta = 0.25 } = options;
  const batch = Math.max(1, options.batch ?? 1024);
  if (rows < full.size) {
    throw new ShapeError("vectors", {
      expected: `at least ${full.size} items for ${full.size} codes per level`,
      got: String(rows),
      remedy: "Use smaller codebooks, or residual k-means, which needs no training.",
    });
  }
  const { mean, scale } = moments(vectors);
  const scaled = new Float32Array(vectors.data.length);
  for (let i = 0; i < scaled.length; i++) {
    scaled[i] = ((vectors.data[i] as number) - (mean[i % dim] as number)) / scale;
  }

  const autoencoder = await Trainer.create(
    runtime,
    (g) => rqVaeTraining(g, full, { batch, seed, beta }),
    OPTIMISER,
  );
  let state: Record<string, Tensor<Float32Array>>;
  const data = new Float32Array(batch * dim);
  const next = (step: number) => {
    const random = new Random(seed, step + 2);
    for (let b = 0; b < batch; b++) {
      const row = random.integer(rows);
      data.set(scaled.subarray(row * dim, (row + 1) * dim), b * dim);
    }
    return { vectors: { data, shape: [batch, dim] } };
  };
  const schedule = cosineSchedule({ learningRate, steps, warmup: Math.min(100, steps / 10) });
  const warmup = Math.floor(steps / 4);
  try {
    for (let step = 0; step < warmup; step++) {
      options.signal?.throwIfAborted();
      const { metrics } = await autoencoder.run(next(step), schedule(step));
      options.onProgress?.({
        step: step + 1,
        steps,
        error: metrics.error as number,
        perplexity: [],
      });
    }
    state = { ...autoencoder.state() };
  } finally {
    await autoencoder.close();
  }
  const codebooks = await firstCodebooks(runtime, full, state, scaled, seed);
  const trainer = await Trainer.create(
    runtime,
    (g) => rqVaeTraining(g, full, { batch, seed, beta, codebooks }),
    OPTIMISER,
  );
  try {
    trainer.restore({ ...trainer.state(), ...state }, warmup);
    while (trainer.step < steps) {
      options.signal?.throwIfAborted();
      const { metrics } = await trainer.run(next(trainer.step), schedule(trainer.step));
      const perplexity = Array.from(
        { length: full.levels },
        (_, l) => metrics[`perplexity.${l}`] as number,
      );
      const error = metrics.error as number;
      options.onProgress?.({ step: trainer.step, steps, error, perplexity });
    }
    return exportRqVae(full, trainer.parameters(), { mean, scale });
  } finally {
    await trainer.close();
  }
}

/** k-means, level by level, of the latents of a sample. */
async function firstCodebooks(
  runtime: ModelRuntime,
  config: ReturnType<typeof filled>,
  state: Readonly<Record<string, Tensor<Float32Array>>>,
  scaled: Float32Array,
  seed: number,
): Promise<Tensor<Float32Array>> {
  const { dim, latent, levels, size } = config;
  const g = new GraphBuilder("rq-vae-start");
  const latents = encoder(g, new Random(seed), config, g.input("vectors", ["n", dim]));
  const session = await runtime.load(g.toOnnx({ latents }, state));
  const rows = scaled.length / dim;
  const count = Math.min(rows, Math.max(8192, 16 * size));
  const picks = new Random(seed, 1).sample(count, rows);
  const sample = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const row = picks[i] as number;
    sample.set(scaled.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  try {
    const out = await session.run({ vectors: { data: sample, shape: [count, dim] } });
    const z: Matrix = { data: (out.latents as Tensor<Float32Array>).data, shape: [count, latent] };
    return await residualStart(z, levels, size, seed);
  } finally {
    await session.close();
  }
}

/** Inference graphs that undo the scaling; kernels stored in float16 and computed in float32. */
export function exportRqVae(
  config: RqVaeConfig,
  trained: Readonly<Record<string, Tensor<Float32Array>>>,
  { mean, scale }: { readonly mean: Float32Array; readonly scale: number },
  metadata: Readonly<Record<string, string>> = {},
): ExportedRqVae {
  const { dim, latent, levels, size } = filled(config);
  const parameters = Object.fromEntries(
    Object.entries(trained).map(([name, tensor]) => [
      name,
      tensor.shape.length > 1 ? toFloat16(tensor) : tensor,
    ]),
  );
  const up = new GraphBuilder("rq-vae-encoder");
  const shift = (g: GraphBuilder) => g.constant({ data: mean, shape: [dim] }, "mean");
  const x = mul(sub(up.input("vectors", ["n", dim]), shift(up)), 1 / scale);
  const latents = encoder(up, new Random(0), config, x);
  const down = new GraphBuilder("rq-vae-decoder");
  const y = decoder(down, new Random(0), config, down.input("latents", ["n", latent]));
  const vectors = add(mul(y, scale), shift(down));
  const data = new Float32Array(levels * size * latent);
  for (let l = 0; l < levels; l++) {
    data.set((trained[`level.${l}.codebook`] as Tensor<Float32Array>).data, l * size * latent);
  }
  return {
    encoder: up.toOnnx({ latents }, parameters, metadata),
    decoder: down.toOnnx({ vectors }, parameters, metadata),
    codebooks: { data, shape: [levels, size, latent] },
  };
}

/** Mean per column, and the root of the mean variance over columns. */
function moments({ data, shape: [rows, dim] }: Matrix): { mean: Float32Array; scale: number } {
  const sums = new Float64Array(dim);
  let energy = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    sums[i % dim] = (sums[i % dim] as number) + value;
    energy += value * value;
  }
  const mean = Float32Array.from(sums, (sum) => sum / rows);
  const variance = energy / data.length - mean.reduce((sum, m) => sum + m * m, 0) / dim;
  return { mean, scale: variance > 1e-20 ? Math.sqrt(variance) : 1 };
}

async function residualStart(
  latents: Matrix,
  levels: number,
  size: number,
  seed: number,
): Promise<Tensor<Float32Array>> {
  const [rows, dim] = latents.shape;
  const left: Matrix = { data: latents.data.slice(), shape: latents.shape };
  const data = new Float32Array(levels * size * dim);
  for (let l = 0; l < levels; l++) {
    const { centroids } = await kmeans(left, { clusters: size, seed: seed + l, iterations: 15 });
    data.set(centroids.data, l * size * dim);
    for (let n = 0; n < rows; n++) {
      const row = left.data.subarray(n * dim, (n + 1) * dim);
      let best = 0;
      let least = Infinity;
      for (let k = 0; k < size; k++) {
        let gap = 0;
        for (let d = 0; d < dim; d++) {
          gap += ((row[d] as number) - (centroids.data[k * dim + d] as number)) ** 2;
        }
        if (gap < least) [least, best] = [gap, k];
      }
      for (let d = 0; d < dim; d++) {
        row[d] = (row[d] as number) - (centroids.data[best * dim + d] as number);
      }
    }
  }
  return { data, shape: [levels, size, dim] };
}
