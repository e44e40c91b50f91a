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
 *
 * Options: LETTER's collaborative and diversity regularisers (letter.ts), and LC-Rec's even codes on the
 * last level (arXiv 2311.09049; layers/sinkhorn.ts). Codebooks follow gradients where the diversity of
 * codes is part of the loss, since running means would undo what it moves.
 */
import { ArgumentError, Random, ShapeError, checkMatrix, kmeans } from "@dtok/core";
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
import type { SinkhornAssignOptions } from "../layers/sinkhorn.js";
import { vqLayer } from "../layers/vq.js";
import { cosineSchedule } from "../optim/schedule.js";
import { Trainer } from "../trainer.js";
import { balancedClusters, collaborativeLoss, diversityLoss, drawPartners } from "./letter.js";

/** Steps between clusterings of the codebooks. */
const CLUSTER_EVERY = 100;

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

/** What is added to the loss or to the choice of codes. */
export interface RqVaeRegularisers {
  /**
   * LETTER's collaborative term: quantized latents, through a linear layer, tell an item's collaborative
   * vector from those of the batch. `vectors` [N, C], rows of zeros for items that nobody took.
   * `weight` by default 0.5, which is LETTER's 0.02 in this loss's units at 768-32.
   */
  readonly collaborative?: { readonly vectors: Matrix; readonly weight?: number };
  /**
   * LETTER's diversity term: codes of one of `clusters` (default 10) clusters draw together, others
   * apart. `weight` by default 0.0025, which is LETTER's 1e-4 in this loss's units at 768-32.
   */
  readonly diversity?: { readonly weight?: number; readonly clusters?: number };
  /** LC-Rec: codes of the last level by optimal transport within the batch. */
  readonly sinkhorn?: SinkhornAssignOptions;
}

export interface RqVaeTrainOptions extends RqVaeRegularisers {
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

/**
 * The training graph; inputs "vectors" [batch, D], divided by `scale`; with `collaborative`, "taken"
 * [batch, C] and "known" [batch]; with `diversity`, "partners.<level>" int64 [K, 1].
 */
export function rqVaeTraining(
  g: GraphBuilder,
  config: RqVaeConfig,
  options: {
    readonly batch: number;
    readonly seed: number;
    readonly beta: number;
    /** First codebooks [levels, K, latent]. Left out: a plain autoencoder, which comes first. */
    readonly codebooks?: Tensor<Float32Array>;
    readonly collaborative?: { readonly dim: number; readonly weight: number };
    readonly diversity?: { readonly weight: number };
    readonly sinkhorn?: SinkhornAssignOptions;
  },
) {
  const { dim, latent, levels, size } = filled(config);
  const { batch, collaborative, diversity, sinkhorn } = options;
  const random = new Random(options.seed);
  const x = g.input("vectors", [batch, dim]);
  const z = encoder(g, random, config, x);
  const metrics: Record<string, Value> = {};
  let quantized = z;
  let commitment = g.scalar(0);
  let apart: Value | undefined;
  let codebook: Value | undefined;
  if (options.codebooks !== undefined) {
    let left = z;
    let sum: Value | undefined;
    for (let l = 0; l < levels; l++) {
      const words = options.codebooks.data.slice(l * size * latent, (l + 1) * size * latent);
      const vq = vqLayer(g, `level.${l}`, left, {
        size,
        initial: () => words,
        ...(diversity === undefined
          ? // A fortieth of an even share.
            { decay: 0.95, resetBelow: batch / size / 40 }
          : { update: "gradient" as const }),
        ...(sinkhorn !== undefined && l === levels - 1 && { sinkhorn }),
      });
      // Codewords count as constants, so that every level's commitment moves z.
      const word = stopGradient(vq.quantized);
      left = sub(left, word);
      sum = sum === undefined ? word : add(sum, word);
      commitment = add(commitment, vq.commitmentLoss);
      metrics[`perplexity.${l}`] = vq.perplexity;
      if (diversity !== undefined) {
        const partners = g.input(`partners.${l}`, [size, 1], "int64");
        const term = diversityLoss(vq.codebook, vq.indices, partners);
        apart = apart === undefined ? term : add(apart, term);
        codebook = codebook === undefined ? vq.codebookLoss : add(codebook, vq.codebookLoss);
      }
    }
    quantized = straightThrough(sum as Value, z);
  }
  const y = decoder(g, random, config, quantized);
  const error = reduceMean(square(sub(y, x)));
  metrics.error = error;
  // Both as sums over numbers, in units of the latent's width: means would let the commitment of 32
  // numbers outweigh the reconstruction of 768, and the latents would shrink to nothing.
  let loss = add(mul(error, dim / latent), mul(commitment, options.beta));
  if (codebook !== undefined) loss = add(loss, codebook);
  if (collaborative !== undefined) {
    const taken = g.input("taken", [batch, collaborative.dim]);
    const known = g.input("known", [batch]);
    const h = linearLayer(g, random, "collaborative", quantized, collaborative.dim);
    metrics.collaborative = collaborativeLoss(h, taken, known);
    loss = add(loss, mul(metrics.collaborative, collaborative.weight));
  }
  if (diversity !== undefined && apart !== undefined) {
    metrics.diversity = apart;
    loss = add(loss, mul(apart, diversity.weight));
  }
  return { loss, metrics };
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
  const extra = regularisers(options, rows, full);
  const { mean, scale } = moments(vectors);
  const scaled = new Float32Array(vectors.data.length);
  for (let i = 0; i < scaled.length; i++) {
    scaled[i] = ((vectors.data[i] as number) - (mean[i % dim] as number)) / scale;
  }

  const autoencoder = await Trainer.create(
    runtime,
    (g) => rqVaeTraining(g, full, { batch, seed, beta, ...extra.graph }),
    OPTIMISER,
  );
  let state: Record<string, Tensor<Float32Array>>;
  const data = new Float32Array(batch * dim);
  const picked = new Int32Array(batch);
  const next = (step: number) => {
    const random = new Random(seed, step + 2);
    for (let b = 0; b < batch; b++) {
      picked[b] = random.integer(rows);
      data.set(scaled.subarray(picked[b]! * dim, (picked[b]! + 1) * dim), b * dim);
    }
    return { vectors: { data, shape: [batch, dim] }, ...extra.batch(picked) };
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
    (g) => rqVaeTraining(g, full, { batch, seed, beta, codebooks, ...extra.graph }),
    OPTIMISER,
  );
  try {
    trainer.restore({ ...trainer.state(), ...state }, warmup);
    while (trainer.step < steps) {
      options.signal?.throwIfAborted();
      const partners = await extra.partners(trainer.step, seed, trainer.state());
      const { metrics } = await trainer.run(
        { ...next(trainer.step), ...partners },
        schedule(trainer.step),
      );
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

/** The options' share of the graph and of each step's inputs. */
function regularisers(
  { collaborative, diversity, sinkhorn }: RqVaeRegularisers,
  rows: number,
  { levels, size, latent }: ReturnType<typeof filled>,
) {
  for (const [name, weight] of [
    ["collaborative", collaborative?.weight],
    ["diversity", diversity?.weight],
  ] as const) {
    if (weight === undefined || (weight >= 0 && Number.isFinite(weight))) continue;
    throw new ArgumentError(`weight of ${name}`, {
      expected: "a finite number from 0",
      got: String(weight),
      remedy: "Leave it out for the default.",
    });
  }
  const vectors = collaborative?.vectors;
  if (vectors !== undefined) {
    const count = checkMatrix(vectors, undefined, "collaborative vectors");
    if (count !== rows) {
      throw new ShapeError("collaborative vectors", {
        expected: `${rows} rows, one per item`,
        got: String(count),
        remedy: "Give items that nobody took a row of zeros.",
      });
    }
  }
  const width = vectors?.shape[1] ?? 0;
  const groups = diversity?.clusters ?? Math.max(1, Math.min(10, Math.floor(size / 2)));
  if (!Number.isSafeInteger(groups) || groups < 1 || groups > size) {
    throw new ArgumentError("clusters of diversity", {
      expected: `an integer from 1 to ${size}, the codes of a level`,
      got: String(groups),
      remedy: "Leave it out for 10.",
    });
  }
  let clusters: Int32Array[] = [];
  return {
    graph: {
      ...(vectors !== undefined && {
        collaborative: { dim: width, weight: collaborative?.weight ?? 0.5 },
      }),
      ...(diversity !== undefined && { diversity: { weight: diversity.weight ?? 0.0025 } }),
      ...(sinkhorn !== undefined && { sinkhorn }),
    },
    batch(picked: Int32Array): Record<string, Tensor> {
      if (vectors === undefined) return {};
      const taken = new Float32Array(picked.length * width);
      const known = new Float32Array(picked.length);
      // A row that was drawn twice would be told from itself: the second time it is left out.
      const seen = new Set<number>();
      for (const [b, row] of picked.entries()) {
        const own = vectors.data.subarray(row * width, (row + 1) * width);
        if (seen.has(row) || own.every((value) => value === 0)) continue;
        seen.add(row);
        taken.set(own, b * width);
        known[b] = 1;
      }
      return {
        taken: { data: taken, shape: [picked.length, width] },
        known: { data: known, shape: [picked.length] },
      };
    },
    async partners(
      step: number,
      seed: number,
      state: Readonly<Record<string, Tensor<Float32Array>>>,
    ): Promise<Record<string, Tensor>> {
      if (diversity === undefined) return {};
      if (clusters.length === 0 || step % CLUSTER_EVERY === 0) {
        clusters = await Promise.all(
          Array.from({ length: levels }, (_, l) => {
            const { data } = state[`level.${l}.codebook`] as Tensor<Float32Array>;
            return balancedClusters({ data, shape: [size, latent] }, groups, seed);
          }),
        );
      }
      const random = new Random(seed ^ 0x1e77e6, step);
      return Object.fromEntries(
        clusters.map((of, l) => [
          `partners.${l}`,
          { data: drawPartners(of, random), shape: [size, 1] },
        ]),
      );
    },
  };
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
