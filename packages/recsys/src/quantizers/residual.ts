/*
 * Residual k-means: each level clusters what the levels before left over. Chen, Guan, Wang (Sensors
 * 10, 2010, doi 10.3390/s101211259); as IDs without training in the spirit of TIGER
 * (arXiv 2305.05065) and QARM (arXiv 2411.11739):
 *
 *   r_0 = x;  code_l = argmin over k of |r_(l-1) - c_lk|²;  r_l = r_(l-1) - c_(l, code_l)
 *
 * Greedy, so not idempotent. The first codes are the coarse ones: items alike share prefixes.
 */
import {
  ArgumentError,
  BaseQuantizer,
  FormatError,
  MismatchError,
  ShapeError,
  ValueError,
  checkFinite,
  checkMatrix,
  checkMatrixShape,
  createRandom,
  kmeans,
  portableKernels,
  workFloats,
} from "@dtok/core";
import type {
  AsyncKernels,
  AsyncOptions,
  Codes,
  FitOptions,
  KMeansOptions,
  Matrix,
  QuantizerFamily,
  QuantizerState,
  Tensor,
  VectorSource,
  VectorStream,
} from "@dtok/core";

const KIND = "rkmeans";
const GRAMMAR = "rkmeans:<levels>x<K>";
const SAMPLE_STREAM = 0x7e51d;
const MAX_LEVELS = 64;
/** Multiplications of k-means++. */
const PLUS_PLUS_WORK = 5e8;
/** Relative gain of a pass at which a fit beyond that stops. */
const LARGE_TOLERANCE = 5e-5;
const MAX_SIZE = 65536;
/** Rows of one pass of `quantizeAsync`, times D. */
const ASYNC_VALUES = 1 << 25;

export interface ResidualFitOptions extends FitOptions {
  /** Codebooks [levels, K, D] to start from, of an older fit: codes then stay comparable. */
  readonly start?: Tensor<Float32Array>;
}

/** Quantizer of vectors [N, D] to codes [N, levels]. */
export class ResidualQuantizer extends BaseQuantizer {
  /** [levels, K, D]. */
  readonly codebooks: Tensor<Float32Array>;
  #work: Float32Array | undefined;
  readonly #levels: readonly Matrix[];

  /** @throws ShapeError, ValueError for anything but finite codebooks [levels, K, D] */
  constructor(codebooks: Tensor<Float32Array>) {
    const { data, shape } = codebooks;
    const [levels = 0, size = 0, dim = 0] = shape;
    const fits = levels >= 1 && levels <= MAX_LEVELS && size >= 1 && size <= MAX_SIZE && dim >= 1;
    if (
      !(data instanceof Float32Array) ||
      shape.length !== 3 ||
      !fits ||
      data.length !== levels * size * dim
    ) {
      throw new ShapeError("codebooks", {
        expected: `float32 [levels, K, D], at most ${MAX_LEVELS} levels of ${MAX_SIZE}`,
        got: `[${shape?.join(", ")}] with ${data?.length} numbers`,
        remedy: "Stack the codebooks of all levels along the first axis.",
      });
    }
    checkMatrix({ data, shape: [levels * size, dim] }, dim, "codebooks");
    super({
      kind: KIND,
      spec: `${KIND}:${levels}x${size}`,
      dim,
      codebookSizes: Array.from({ length: levels }, () => size),
      idempotent: false,
      prefixDecodable: true,
    });
    this.codebooks = codebooks;
    this.#levels = Array.from({ length: levels }, (_, l) => ({
      data: data.subarray(l * size * dim, (l + 1) * size * dim),
      shape: [size, dim],
    }));
  }

  protected encode({ data, shape: [rows] }: Matrix, out: Int32Array): void {
    const left: Matrix = { data: data.slice(), shape: [rows, this.dim] };
    for (const [l, level] of this.#levels.entries()) {
      const { indices } = portableKernels().nearest(left, level);
      this.#takeOff(left, level, indices, out, l);
    }
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    if (options.kernels === undefined) return super.quantizeAsync(latents, options);
    this.check(latents);
    return (await this.codesAndError(latents, options.kernels, options.signal)).codes;
  }

  /**
   * Codes of latents [N, D], and the sum of the squared errors of their vectors, which falls off on the way:
   * no vector is decoded.
   */
  async codesAndError(
    latents: Matrix,
    kernels: AsyncKernels,
    signal?: AbortSignal,
  ): Promise<{ readonly codes: Codes; readonly error: number }> {
    signal?.throwIfAborted();
    const rows = checkMatrixShape(latents, this.dim);
    const { dim } = this;
    const width = this.#levels.length;
    const data = new Int32Array(rows * width);
    const step = Math.min(rows, Math.max(1, Math.floor(ASYNC_VALUES / dim)));
    // Kept from call to call: the garbage collector is slow to give such arrays back. Not by two calls.
    let work = this.#work;
    this.#work = undefined;
    if (work === undefined || work.length < step * dim) work = workFloats(step * dim);
    let error = 0;
    for (let row = 0; row < rows; row += step) {
      const end = Math.min(rows, row + step);
      const part = work.subarray(0, (end - row) * dim);
      part.set(latents.data.subarray(row * dim, end * dim));
      const left: Matrix = { data: part, shape: [end - row, dim] };
      for (const [l, level] of this.#levels.entries()) {
        const isLast = l + 1 === width;
        const own = !isLast && kernels.takeOff !== undefined;
        const { indices, distances } = own
          ? await kernels.takeOff!(left, level, signal)
          : await kernels.nearest(left, level, signal);
        for (let n = 0, at = row * width + l; n < indices.length; n++, at += width) {
          data[at] = indices[n]!;
        }
        if (isLast) for (let n = 0; n < distances.length; n++) error += distances[n]!;
        else if (!own) subtract(left, level, indices);
      }
    }
    this.#work = work;
    return { codes: { data, shape: [rows, width] }, error };
  }

  #takeOff(left: Matrix, level: Matrix, indices: Int32Array, out: Int32Array, l: number): void {
    const width = this.#levels.length;
    for (let n = 0; n < indices.length; n++) out[n * width + l] = indices[n]!;
    if (l + 1 < width) subtract(left, level, indices);
  }

  protected decode({ data, shape: [rows, width] }: Codes, levels: number, out: Float32Array): void {
    const { dim } = this;
    for (let n = 0; n < rows; n++) {
      const begin = n * dim;
      for (let l = 0; l < levels; l++) {
        const words = this.#levels[l]!.data;
        const from = data[n * width + l]! * dim;
        if (l === 0) out.set(words.subarray(from, from + dim), begin);
        else for (let d = 0; d < dim; d++) out[begin + d]! += words[from + d]!;
      }
    }
  }

  protected stateParts() {
    const [levels, size] = this.codebooks.shape as [number, number, number];
    return { config: { dim: this.dim, levels, size }, tensors: { codebook: this.codebooks } };
  }
}

/** r -= c[code], row by row. */
function subtract(left: Matrix, level: Matrix, indices: Int32Array): void {
  const dim = left.shape[1];
  // Names of their own: in this loop looking up a property takes as long as the sum.
  const { data } = left;
  const words = level.data;
  for (let n = 0, at = 0; n < indices.length; n++) {
    const from = indices[n]! * dim;
    for (let c = from; c < from + dim; c++) data[at++]! -= words[c]!;
  }
}

/**
 * Fits level by level on at most `maxSamples` vectors (default 65,536, or 256 per code), sampled
 * uniformly in one pass over the source. Memory: the sample, twice.
 *
 * @param spec "rkmeans:3x256"
 */
export async function fitResidual(
  spec: string,
  vectors: VectorSource,
  options: ResidualFitOptions = {},
): Promise<ResidualQuantizer> {
  const [levels, size] = parseLevels(spec);
  const { start } = options;
  const sample = await sampleRows(vectors, Math.max(65_536, 256 * size), SAMPLE_STREAM, options);
  const [rows, dim] = sample.shape;
  if (start !== undefined && start.shape.join() !== `${levels},${size},${dim}`) {
    throw new MismatchError("start", {
      expected: `codebooks [${levels}, ${size}, ${dim}]`,
      got: `[${start.shape.join(", ")}]`,
      remedy: "Refit with the spec of the fit that the codebooks are of.",
    });
  }
  const left: Matrix = { data: workFloats(rows * dim), shape: sample.shape };
  left.data.set(sample.data.subarray(0, rows * dim));
  const data = new Float32Array(levels * size * dim);
  for (let l = 0; l < levels; l++) {
    const stage = `level ${l + 1}/${levels}`;
    const at = l * size * dim;
    const words = data.subarray(at, at + size * dim);
    const level: Matrix = { data: words, shape: [size, dim] };
    if (rows < size) {
      // Fewer vectors than codes: each is a code; the others stay unused.
      for (let k = 0; k < size; k++) {
        words.set(left.data.subarray((k % rows) * dim, (k % rows) * dim + dim), k * dim);
      }
    } else {
      const { seed = 0, iterations, kernels, signal, onProgress, init } = options;
      const shared = {
        clusters: size,
        seed: seed + l,
        maxSamples: rows,
        ...(kernels !== undefined && { kernels }),
        ...(signal !== undefined && { signal }),
      };
      const first =
        start === undefined
          ? await firstCentroids(left, shared, init)
          : { data: start.data.slice(at, at + size * dim), shape: level.shape };
      const { centroids } = await kmeans(left, {
        ...shared,
        stage,
        centroids: first,
        // Of large fits a pass gains little, yet hundreds of directions go on gaining for long.
        ...(size * rows * dim > PLUS_PLUS_WORK && { tolerance: LARGE_TOLERANCE }),
        ...(iterations !== undefined && { iterations }),
        ...(onProgress !== undefined && { onProgress }),
      });
      words.set(centroids.data);
    }
    if (l + 1 === levels) continue;
    if (options.kernels?.takeOff) await options.kernels.takeOff(left, level, options.signal);
    else subtract(left, level, await nearestOf(left, level, options.kernels));
  }
  return new ResidualQuantizer({ data, shape: [levels, size, dim] });
}

/**
 * k-means++ where it takes no more than half a second on all vectors. Beyond, rows drawn evenly: a
 * k-means++ of fewer vectors prefers what lies far out, and ended 2 % above them for embeddings with noise
 * in hundreds of directions.
 */
async function firstCentroids(
  vectors: Matrix,
  options: KMeansOptions,
  asked: FitOptions["init"],
): Promise<Matrix> {
  const { clusters } = options;
  const [rows, dim] = vectors.shape;
  const init = asked ?? (clusters * rows * dim <= PLUS_PLUS_WORK ? "kmeans++" : "random");
  const maxSamples =
    init === "kmeans++"
      ? Math.max(4 * clusters, Math.floor(PLUS_PLUS_WORK / (clusters * dim)))
      : options.maxSamples;
  const { centroids } = await kmeans(vectors, {
    ...options,
    init,
    iterations: 0,
    ...(maxSamples !== undefined && { maxSamples }),
  });
  return centroids;
}

async function nearestOf(left: Matrix, level: Matrix, kernels: AsyncKernels | undefined) {
  return (await (kernels ?? portableKernels()).nearest(left, level)).indices;
}

/** A uniform sample of a source in its order of arrival (algorithm R), the whole of a small one. */
export async function sampleRows(
  source: VectorSource,
  preset: number,
  stream: number,
  { maxSamples, seed = 0, signal }: FitOptions,
): Promise<Matrix> {
  const limit = maxSamples ?? preset;
  const isStream = typeof (source as VectorStream)?.chunks === "function";
  const dim = isStream ? (source as VectorStream).dim : (source as Matrix)?.shape?.[1];
  const random = createRandom(seed, stream);
  let data = new Float32Array(0);
  let seen = 0;
  const chunks = isStream ? (source as VectorStream).chunks({ reuse: true }) : [source as Matrix];
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const rows = checkMatrixShape(chunk, dim, "vectors");
    const kept = Math.min(limit, seen + rows);
    if (data.length < kept * dim) {
      const count = (source as VectorStream).count ?? 0;
      const room = Math.min(limit, Math.max(kept, count, (data.length / dim) * 2));
      const grown = new Float32Array(room * dim);
      grown.set(data);
      data = grown;
    }
    for (let n = 0; n < rows; n++, seen++) {
      const place = seen < limit ? seen : random.integer(seen + 1);
      if (place >= limit) continue;
      data.set(chunk.data.subarray(n * dim, (n + 1) * dim), place * dim);
    }
  }
  if (seen === 0) {
    throw new ValueError("vectors", {
      expected: "at least one vector to fit on",
      got: "none",
      remedy: "Check the source: it is empty.",
    });
  }
  const rows = Math.min(seen, limit);
  const sample: Matrix = { data: data.subarray(0, rows * dim), shape: [rows, dim] };
  checkFinite(sample, "vectors");
  return sample;
}

function parseLevels(spec: string): [number, number] {
  const match = /^rkmeans:(\d{1,2})x(\d{1,5})$/.exec(spec);
  const [levels, size] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || levels < 1 || levels > MAX_LEVELS || size < 1 || size > MAX_SIZE) {
    throw new ArgumentError("quantizer spec", {
      expected: `${GRAMMAR}, up to ${MAX_LEVELS} levels of ${MAX_SIZE}`,
      got: String(spec),
      remedy: "Write for example rkmeans:3x256.",
    });
  }
  return [levels, size];
}

export const residualFamily: QuantizerFamily = {
  kind: KIND,
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith(`${KIND}:`),
  fit: fitResidual,
  fromCodebook(spec, codebook): ResidualQuantizer {
    const [levels, size] = parseLevels(spec);
    const made = new ResidualQuantizer(codebook);
    if (codebook.shape[0] !== levels || codebook.shape[1] !== size) {
      throw new MismatchError(spec, {
        expected: `codebooks [${levels}, ${size}, D]`,
        got: `[${codebook.shape.join(", ")}]`,
        remedy: "Correct the spec.",
      });
    }
    return made;
  },
  fromState(state: QuantizerState): ResidualQuantizer {
    if (state.kind !== KIND || state.version > 1) {
      throw new MismatchError("quantizer state", {
        expected: `kind ${KIND}, version 1`,
        got: `${state.kind}, version ${state.version}`,
        remedy: "Load it by the family of its kind, or update @dtok/recsys.",
      });
    }
    const codebook = state.tensors.codebook;
    const { dim, levels, size } = state.config;
    if (
      !(codebook?.data instanceof Float32Array) ||
      codebook.shape.join() !== `${String(levels)},${String(size)},${String(dim)}`
    ) {
      throw new FormatError("quantizer state", {
        expected: `a tensor "codebook" of float32 [${String(levels)}, ${String(size)}, ${String(dim)}]`,
        got: codebook === undefined ? "none" : `[${codebook.shape.join(", ")}]`,
        remedy: "The file is damaged, or was not written by dtok.",
      });
    }
    return new ResidualQuantizer(codebook as Tensor<Float32Array>);
  },
};
