/*
 * k-means. Lloyd, "Least squares quantization in PCM" (1982); initialisation by k-means++, Arthur and
 * Vassilvitskii (SODA 2007); mini-batches by Sculley, "Web-scale k-means clustering" (WWW 2010).
 *
 *   assign:  a_n = argmin over k of |x_n - c_k|^2        update:  c_k = mean of { x_n : a_n = k }
 *
 * Sums are float64, so the objective does not rise by rounding of the update. A cluster without
 * vectors takes the vector farthest from its centroid; each such vector is taken once, farthest first.
 */
import { ArgumentError } from "../errors/index.js";
import { gapsOf } from "../kernels/gaps.js";
import { portableKernels, workFloats } from "../kernels/portable.js";
import { Random, createRandom } from "../math/random.js";
import type { NearestResult } from "../spec/kernels.js";
import type { FitOptions, VectorSource } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { nextTask } from "./base.js";
import { checkInteger, checkMatrix } from "./checks.js";
import { fitStep, sampleVectors } from "./fit-sample.js";
import type { Technique } from "./technique.js";

const INIT_STREAM = 1;
const BATCH_STREAM = 2;
/** k-means++ by default up to this many multiplications: about half a second. */
const PLUS_PLUS_WORK = 5e8;
/** Multiplications between two turns of the event loop: some tens of milliseconds. */
const SLICE_WORK = 5e8;
const MAX_CLUSTERS = 2 ** 24;
/** Numbers that are copied into shared memory: 256 MiB. */
const MAX_SHARED = 2 ** 26;

export interface KMeansOptions extends FitOptions {
  /** K. */
  readonly clusters: number;
  /** Starts here instead of `init`, [K, D] (warm start). */
  readonly centroids?: Matrix;
  /** Stops once the objective falls by less than this share in one pass. Default 1e-4; 0 for never. */
  readonly tolerance?: number;
  /** Mini-batch k-means on this many vectors a step; `iterations` then counts steps. Default: Lloyd. */
  readonly batchSize?: number;
  /** Spherical k-means: centroids are scaled to length 1 after each update (vectors should be). */
  readonly spherical?: boolean;
  /** Name for progress reports. Default "k-means". */
  readonly stage?: string;
}

export interface KMeansResult {
  /** [K, D]. */
  readonly centroids: Matrix;
  /** Vectors of the sample in each cluster at the last assignment. */
  readonly counts: Int32Array;
  /** Mean squared distance per vector of the sample to the centroids returned. */
  readonly error: number;
  /** Passes (or mini-batch steps) made. */
  readonly iterations: number;
  /** True if `tolerance` was met before `iterations` ran out. */
  readonly converged: boolean;
}

/**
 * K centroids of vectors [N, D].
 *
 * @throws ArgumentError if there are fewer vectors than clusters; ShapeError, ValueError on bad input
 */
export async function kmeans(source: VectorSource, options: KMeansOptions): Promise<KMeansResult> {
  const clusters = checkInteger(options.clusters, 1, MAX_CLUSTERS, "clusters");
  const dim = (source as { dim?: number }).dim ?? (source as Matrix).shape?.[1] ?? 1;
  const sample = await sampleVectors(source, {
    ...options,
    codewords: clusters,
    bytesPerSample: 8,
    fixedBytes: clusters * dim * 24,
  });
  const vectors = sharedWith(options, sample);
  const rows = vectors.shape[0];
  if (rows < clusters) {
    throw new ArgumentError("k-means", {
      expected: `at least ${clusters} vectors for ${clusters} clusters`,
      got: `${rows}`,
      remedy: "Ask for fewer clusters, or pass more vectors (or a larger maxSamples).",
    });
  }
  const tolerance = options.tolerance ?? 1e-4;
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new ArgumentError("tolerance", {
      expected: "a number in [0, 1)",
      got: String(tolerance),
      remedy: "Pass the relative change at which to stop, such as 1e-4.",
    });
  }
  const centroids = startingCentroids(vectors, clusters, options);
  if (options.spherical === true) normaliseRows(centroids);
  return options.batchSize === undefined
    ? lloyd(vectors, centroids, tolerance, options)
    : miniBatch(vectors, centroids, options.batchSize, options);
}

/** The vectors where threads see them, which would copy them in every pass; not where memory is bounded. */
function sharedWith({ kernels, maxBytes }: FitOptions, vectors: Matrix): Matrix {
  const { data, shape } = vectors;
  if (kernels === undefined || maxBytes !== undefined || data.length > MAX_SHARED) return vectors;
  if (typeof SharedArrayBuffer === "undefined" || data.buffer instanceof SharedArrayBuffer) {
    return vectors;
  }
  const shared = workFloats(data.length);
  shared.set(data);
  return { data: shared, shape };
}

async function lloyd(
  vectors: Matrix,
  start: Matrix,
  tolerance: number,
  options: KMeansOptions,
): Promise<KMeansResult> {
  const steps = checkInteger(options.iterations ?? 25, 0, 1e6, "iterations");
  const stage = options.stage ?? "k-means";
  const sums = new ClusterSums(vectors, start.shape[0]);
  let centroids = start;
  let assigned = await assign(vectors, centroids, options);
  let error = meanOf(assigned.distances);
  let step = 0;
  let converged = false;
  while (step < steps && !converged) {
    const next = update(vectors, assigned, centroids, sums, options.spherical === true);
    const nextAssigned = await assign(vectors, next, options);
    const nextError = meanOf(nextAssigned.distances);
    step++;
    await fitStep(options, stage, step, steps, Math.min(error, nextError));
    // Re-seeding an empty cluster, or scaling to length 1, may raise the objective: keep the better.
    if (nextError > error) {
      converged = true;
      break;
    }
    converged = tolerance > 0 && error - nextError <= tolerance * error;
    centroids = next;
    assigned = nextAssigned;
    error = nextError;
  }
  const counts = countsOf(assigned.indices, centroids.shape[0]);
  return { centroids, counts, error, iterations: step, converged };
}

async function miniBatch(
  vectors: Matrix,
  start: Matrix,
  batchSize: number,
  options: KMeansOptions,
): Promise<KMeansResult> {
  const [rows, dim] = vectors.shape;
  const size = start.shape[0];
  const batch = Math.min(rows, checkInteger(batchSize, 1, 2 ** 31, "batchSize"));
  const perPass = Math.ceil(rows / batch);
  const steps = checkInteger(options.iterations ?? 10 * perPass, 0, 1e9, "iterations");
  const stage = options.stage ?? "mini-batch k-means";
  const random = createRandom(options.seed ?? 0, BATCH_STREAM);
  const seen = new Float64Array(size);
  const means = Float64Array.from(start.data);
  const centroids: Matrix = { data: start.data.slice(), shape: start.shape };
  const part: Matrix = { data: new Float32Array(batch * dim), shape: [batch, dim] };
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < batch; i++) {
      const row = random.integer(rows);
      part.data.set(vectors.data.subarray(row * dim, (row + 1) * dim), i * dim);
    }
    const { indices, distances } = await assign(part, centroids, options);
    // Each vector pulls its centroid by 1 / (vectors that it has seen): the running mean.
    for (let i = 0; i < batch; i++) {
      const k = indices[i]!;
      const rate = 1 / ++seen[k]!;
      for (let d = 0, at = k * dim; d < dim; d++, at++) {
        means[at]! += rate * (part.data[i * dim + d]! - means[at]!);
      }
    }
    // Once a pass: a centroid that saw nothing moves onto a vector of this batch that lies far off.
    if (step % perPass === 0) {
      const far = farthestFirst(distances);
      let next = 0;
      for (let k = 0; k < size; k++) {
        if (seen[k] !== 0 || next >= far.length || distances[far[next]!] === 0) continue;
        const from = far[next++]! * dim;
        for (let d = 0; d < dim; d++) means[k * dim + d] = part.data[from + d]!;
      }
    }
    centroids.data.set(means);
    if (options.spherical === true) normaliseRows(centroids);
    await fitStep(options, stage, step, steps, meanOf(distances));
  }
  const final = await assign(vectors, centroids, options);
  return {
    centroids,
    counts: countsOf(final.indices, size),
    error: meanOf(final.distances),
    iterations: steps,
    converged: false,
  };
}

/** Assignment in slices, so that timers and abort signals get their turn. */
async function assign(
  vectors: Matrix,
  centroids: Matrix,
  options: FitOptions,
): Promise<NearestResult> {
  const { kernels, signal } = options;
  if (kernels !== undefined) return kernels.nearest(vectors, centroids, signal);
  const [rows, dim] = vectors.shape;
  const step = Math.max(256, Math.floor(SLICE_WORK / (dim * centroids.shape[0])));
  const portable = portableKernels();
  if (rows <= step) return portable.nearest(vectors, centroids);
  const indices = new Int32Array(rows);
  const distances = new Float32Array(rows);
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    const part = portable.nearest(
      { data: vectors.data.subarray(row * dim, end * dim), shape: [end - row, dim] },
      centroids,
    );
    indices.set(part.indices, row);
    distances.set(part.distances, row);
    await nextTask();
    signal?.throwIfAborted();
  }
  return { indices, distances };
}

/**
 * Sums of the clusters' vectors, moved along with the vectors that change their cluster: after the first
 * passes these are few.
 */
class ClusterSums {
  readonly sums: Float64Array;
  #indices: Int32Array | undefined;

  constructor(
    readonly vectors: Matrix,
    readonly size: number,
  ) {
    this.sums = new Float64Array(size * vectors.shape[1]);
  }

  move(indices: Int32Array): void {
    const { sums } = this;
    const {
      data,
      shape: [rows, dim],
    } = this.vectors;
    const old = this.#indices;
    for (let n = 0; n < rows; n++) {
      const to = indices[n]!;
      const from = old === undefined ? -1 : old[n]!;
      if (to === from) continue;
      let x = n * dim;
      const end = x + dim;
      let b = to * dim;
      if (from < 0) {
        for (; x < end; x++, b++) sums[b]! += data[x]!;
        continue;
      }
      for (let a = from * dim; x < end; x++, a++, b++) {
        const value = data[x]!;
        sums[a]! -= value;
        sums[b]! += value;
      }
    }
    this.#indices = indices;
  }
}

/** Means of the clusters; empty ones take the vectors farthest from their centroids. */
function update(
  vectors: Matrix,
  { indices, distances }: NearestResult,
  old: Matrix,
  clusters: ClusterSums,
  spherical: boolean,
): Matrix {
  const [rows, dim] = vectors.shape;
  const size = old.shape[0];
  clusters.move(indices);
  const { sums } = clusters;
  const counts = countsOf(indices, size);
  const data = new Float32Array(size * dim);
  let far: Int32Array | undefined;
  let next = 0;
  for (let k = 0; k < size; k++) {
    const at = k * dim;
    if (counts[k]! > 0) {
      const scale = counts[k]!;
      for (let d = 0; d < dim; d++) data[at + d] = sums[at + d]! / scale;
      continue;
    }
    far ??= farthestFirst(distances);
    // Not the only vector of its cluster: that one would be empty next. Distance 0: nothing to gain.
    while (next < rows && counts[indices[far[next]!]!]! < 2) next++;
    const n = next < rows ? far[next++]! : -1;
    if (n < 0 || distances[n] === 0) {
      data.set(old.data.subarray(at, at + dim), at);
    } else {
      data.set(vectors.data.subarray(n * dim, (n + 1) * dim), at);
    }
  }
  const centroids: Matrix = { data, shape: [size, dim] };
  if (spherical) normaliseRows(centroids);
  return centroids;
}

function startingCentroids(vectors: Matrix, clusters: number, options: KMeansOptions): Matrix {
  const [rows, dim] = vectors.shape;
  if (options.centroids !== undefined) {
    const given = checkMatrix(options.centroids, dim, "centroids");
    checkInteger(given, clusters, clusters, "rows of centroids");
    return { data: options.centroids.data.slice(), shape: [clusters, dim] };
  }
  const random = createRandom(options.seed ?? 0, INIT_STREAM);
  const init = options.init ?? (clusters * rows * dim <= PLUS_PLUS_WORK ? "kmeans++" : "random");
  switch (init) {
    case "random":
      return pickRows(vectors, random.sample(clusters, rows));
    case "uniform":
      return uniformInBox(vectors, clusters, random);
    case "kmeans++":
      return pickRows(vectors, plusPlus(vectors, clusters, random));
    default:
      throw new ArgumentError("init", {
        expected: '"kmeans++", "random" or "uniform"',
        got: String(init),
        remedy: "Leave it out for the default.",
      });
  }
}

/** Rows chosen one after the other with probability proportional to the squared distance to those chosen. */
function plusPlus(vectors: Matrix, clusters: number, random: Random): Float64Array {
  const rows = vectors.shape[0];
  const chosen = new Float64Array(clusters);
  const { gaps, add } = gapsOf(vectors);
  const taken = new Uint8Array(rows);
  let pick = random.integer(rows);
  for (let k = 0; ; k++) {
    chosen[k] = pick;
    taken[pick] = 1;
    if (k + 1 === clusters) return chosen;
    const total = add(pick);
    if (total > 0) {
      let left = random.float() * total;
      let last = -1;
      pick = -1;
      for (let n = 0; n < rows && pick < 0; n++) {
        if (gaps[n] === 0) continue;
        last = n;
        left -= gaps[n]!;
        if (left < 0) pick = n;
      }
      // Rounding may leave a crumb behind the last row.
      if (pick < 0) pick = last;
    } else {
      // Only duplicates are left.
      do pick = random.integer(rows);
      while (taken[pick] === 1);
    }
  }
}

function uniformInBox(vectors: Matrix, clusters: number, random: Random): Matrix {
  const [rows, dim] = vectors.shape;
  const low = new Float64Array(dim).fill(Infinity);
  const high = new Float64Array(dim).fill(-Infinity);
  for (let n = 0, i = 0; n < rows; n++) {
    for (let d = 0; d < dim; d++, i++) {
      low[d] = Math.min(low[d]!, vectors.data[i]!);
      high[d] = Math.max(high[d]!, vectors.data[i]!);
    }
  }
  const data = new Float32Array(clusters * dim);
  for (let i = 0; i < data.length; i++) {
    const d = i % dim;
    data[i] = low[d]! + random.float() * (high[d]! - low[d]!);
  }
  return { data, shape: [clusters, dim] };
}

function pickRows({ data, shape: [, dim] }: Matrix, rows: ArrayLike<number>): Matrix {
  const out = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    out.set(data.subarray(rows[i]! * dim, (rows[i]! + 1) * dim), i * dim);
  }
  return { data: out, shape: [rows.length, dim] };
}

/** Scales rows to length 1 in place; a zero row stays zero. */
export function normaliseRows({ data, shape: [rows, dim] }: Matrix): void {
  for (let n = 0; n < rows; n++) {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += data[n * dim + d]! * data[n * dim + d]!;
    if (sum === 0) continue;
    const length = Math.sqrt(sum);
    for (let d = 0; d < dim; d++) data[n * dim + d]! /= length;
  }
}

/** Rows by falling distance, of equal ones the first first. */
function farthestFirst(distances: Float32Array): Int32Array {
  const order = Int32Array.from(distances, (_, n) => n);
  return order.sort((a, b) => distances[b]! - distances[a]! || a - b);
}

function countsOf(indices: Int32Array, size: number): Int32Array {
  const counts = new Int32Array(size);
  for (let n = 0; n < indices.length; n++) counts[indices[n]!]!++;
  return counts;
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n]!;
  return values.length === 0 ? 0 : sum / values.length;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-kmeans-lloyd",
    name: "k-means (Lloyd), with re-seeding of empty clusters",
    family: "VQ",
    file: "quantizers/kmeans.ts",
    use: "kmeans(vectors, { clusters: 1024 })",
    source: "doi:10.1109/TIT.1982.1056489",
  },
  {
    id: "t-kmeans-plusplus",
    name: "k-means++ initialisation",
    family: "VQ",
    file: "quantizers/kmeans.ts",
    use: 'init: "kmeans++"',
    source: "Arthur and Vassilvitskii, SODA 2007",
  },
  {
    id: "t-kmeans-mini-batch",
    name: "Mini-batch k-means",
    family: "VQ",
    file: "quantizers/kmeans.ts",
    use: "batchSize: 4096",
    source: "doi:10.1145/1772690.1772862",
  },
  {
    id: "t-kmeans-spherical",
    name: "Spherical k-means",
    family: "VQ",
    file: "quantizers/kmeans.ts",
    use: "spherical: true",
    source: "doi:10.1023/A:1007612920971",
  },
];
