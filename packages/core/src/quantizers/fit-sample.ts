import { ArgumentError, ValueError } from "../errors/index.js";
import { createRandom } from "../math/random.js";
import type { FitOptions, VectorSource, VectorStream } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { nextTask } from "./base.js";
import { checkInteger, checkMatrix, isCount } from "./checks.js";

/** Stream number of the sampler: its draws do not depend on how many others a fit makes. */
const SAMPLE_STREAM = 0x5a3b1e;
const MIN_SAMPLES = 65_536;
const SAMPLES_PER_WORD = 256;

export interface SampleOptions extends FitOptions {
  /** Codewords of the largest codebook, for the default of `maxSamples`. */
  readonly codewords: number;
  /** Bytes that fitting holds for each sampled vector besides the vector itself. Default 0. */
  readonly bytesPerSample?: number;
  /** Bytes that fitting holds besides the sample (tables, normal equations). Default 0. */
  readonly fixedBytes?: number;
}

/** True for a source that is read in chunks. */
export function isStream(source: VectorSource): source is VectorStream {
  return typeof (source as VectorStream | undefined)?.chunks === "function";
}

/**
 * A uniform sample of a source, in the source's order; the whole source where it is small enough.
 * One pass over a stream (reservoir sampling, algorithm R of Vitter, 1985).
 *
 * The result is only read: it may be the caller's own array.
 *
 * @returns Matrix [n, D] with 1 <= n <= the sample's bound, all finite
 * @throws ValueError for an empty source, ArgumentError if `maxBytes` holds no sample
 */
export async function sampleVectors(source: VectorSource, options: SampleOptions): Promise<Matrix> {
  const dim = sourceDim(source);
  const limit = sampleLimit(dim, options);
  const random = createRandom(options.seed ?? 0, SAMPLE_STREAM);
  if (!isStream(source)) {
    const rows = checkMatrix(source, undefined, "vectors");
    if (rows === 0) throw emptyError();
    if (rows <= limit) return source;
    const picks = random.sample(limit, rows).sort();
    const data = new Float32Array(limit * dim);
    for (let i = 0; i < limit; i++) {
      data.set(source.data.subarray(picks[i]! * dim, (picks[i]! + 1) * dim), i * dim);
    }
    return { data, shape: [limit, dim] };
  }
  let data = new Float32Array(Math.min(limit, source.count ?? 1024) * dim);
  let seen = 0;
  const places = new Float64Array(limit);
  for await (const chunk of source.chunks()) {
    options.signal?.throwIfAborted();
    const rows = checkMatrix(chunk, dim, "vectors of a chunk");
    for (let r = 0; r < rows; r++, seen++) {
      let at = seen;
      if (seen >= limit) {
        at = random.integer(seen + 1);
        if (at >= limit) continue;
      } else if ((seen + 1) * dim > data.length) {
        const grown = new Float32Array(Math.min(limit * dim, Math.max(dim, data.length * 2)));
        grown.set(data);
        data = grown;
      }
      places[at] = seen;
      data.set(chunk.data.subarray(r * dim, (r + 1) * dim), at * dim);
    }
  }
  if (seen === 0) throw emptyError();
  const rows = Math.min(seen, limit);
  if (seen <= limit) return { data: data.subarray(0, rows * dim), shape: [rows, dim] };
  // Back to the source's order, so that a stream and a matrix are treated alike.
  const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const sorted = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i++) {
    sorted.set(data.subarray(order[i]! * dim, (order[i]! + 1) * dim), i * dim);
  }
  return { data: sorted, shape: [rows, dim] };
}

/** D of a source. */
export function sourceDim(source: VectorSource): number {
  if (source === null || typeof source !== "object") {
    throw new ArgumentError("vectors", {
      expected: "a matrix [N, D] or a stream of matrices",
      got: String(source),
      remedy: "Pass { data, shape } or { dim, chunks }.",
    });
  }
  if (isStream(source)) return checkInteger(source.dim, 1, 2 ** 24, "dim of the vector stream");
  if (source.shape?.length === 2 && isCount(source.shape[1]) && source.shape[1] > 0) {
    return source.shape[1];
  }
  checkMatrix(source, undefined, "vectors");
  return source.shape[1];
}

function sampleLimit(dim: number, options: SampleOptions): number {
  let limit = Math.max(MIN_SAMPLES, SAMPLES_PER_WORD * options.codewords);
  if (options.maxSamples !== undefined) {
    limit = checkInteger(options.maxSamples, 1, 2 ** 31, "maxSamples");
  }
  if (options.maxBytes !== undefined) {
    checkInteger(options.maxBytes, 1, Number.MAX_SAFE_INTEGER, "maxBytes");
    const fixed = options.fixedBytes ?? 0;
    const each = dim * 4 + (options.bytesPerSample ?? 0);
    const fits = Math.floor((options.maxBytes - fixed) / each);
    if (fits < 1) {
      throw new ArgumentError("maxBytes", {
        expected: `at least ${fixed + each} bytes: ${fixed} for codebooks and tables, ${each} a vector`,
        got: String(options.maxBytes),
        remedy: "Allow more memory, or ask for fewer or smaller codebooks.",
      });
    }
    limit = Math.min(limit, fits);
  }
  return limit;
}

function emptyError(): ValueError {
  return new ValueError("vectors", {
    expected: "at least one vector to fit on",
    got: "none",
    remedy: "Check the source: it is empty.",
  });
}

/** Reports progress, obeys an abort signal, and lets other tasks run between the steps of a fit. */
export async function fitStep(
  options: FitOptions,
  stage: string,
  step: number,
  steps: number,
  error?: number,
): Promise<void> {
  options.signal?.throwIfAborted();
  options.onProgress?.({ stage, step, steps, ...(error !== undefined && { error }) });
  await nextTask();
  options.signal?.throwIfAborted();
}
