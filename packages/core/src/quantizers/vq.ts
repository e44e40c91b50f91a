/*
 * Vector quantization (van den Oord et al., arXiv 1711.00937, Eq. 1; survey Eq. 3):
 *
 *   k = argmin over j of |x - c_j|^2, ties to the lowest index;   decoded: c_k
 *
 * `vq-cos` is VQ on the unit sphere after an optional low-dimensional projection (ViT-VQGAN, Yu et
 * al., arXiv 2110.04627, section 3.2): y = P x, k = argmin |y/|y| - c_j|^2 with |c_j| = 1, which is
 * the codeword of largest cosine; decoded: P' c_k, or c_k where there is no projection. y = 0 has no
 * direction: it stays 0, is equally far from all unit vectors, and the tie goes by rounding of their
 * lengths; so it is defined as code 0.
 *
 * quantize(dequantize(c)) = c holds for VQ unless a codeword occurs twice (then the first of them
 * wins); for vq-cos it is not claimed: scaling to length 1 rounds, and P P' need not be the identity.
 */
import { ShapeError } from "../errors/index.js";
import { nearest } from "../kernels/portable.js";
import type { NearestResult } from "../spec/kernels.js";
import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { checkFinite, checkMatrix } from "./checks.js";
import { kmeans, normaliseRows } from "./kmeans.js";
import type { KMeansOptions } from "./kmeans.js";
import { isStream } from "./fit-sample.js";
import {
  checkState,
  parseCount,
  specBody,
  stateError,
  stateFloats,
  stateInteger,
} from "./parse.js";
import type { Technique } from "./technique.js";

const MAX_SIZE = 2 ** 24;

export type VqMetric = "l2" | "cosine";

/** Matrices of the cosine quantizer's projection, ViT-VQGAN's two linear layers. */
export interface VqProjection {
  /** P [d, D]: latents to the codebook's space. */
  readonly down: Matrix;
  /** P' [D, d]: codewords to latents. */
  readonly up: Matrix;
}

export interface VqOptions {
  /** Default "l2". */
  readonly metric?: VqMetric;
  /** Only with "cosine". */
  readonly projection?: VqProjection;
}

/** Vector quantizer of latents [N, D] to codes [N, 1]. */
export class VqQuantizer extends BaseQuantizer {
  readonly metric: VqMetric;
  readonly #codebook: Matrix;
  readonly #projection: VqProjection | undefined;

  /** @param codebook [K, D], or [K, d] behind a projection; copied, and scaled to length 1 for cosine */
  constructor(codebook: Matrix, options: VqOptions = {}) {
    const { metric = "l2", projection } = options;
    const size = checkMatrix(codebook, undefined, "codebook");
    if (size < 1 || size > MAX_SIZE) {
      throw new ShapeError("codebook", {
        expected: `[K, D] with K from 1 to ${MAX_SIZE}`,
        got: `K = ${size}`,
        remedy: "Split a larger codebook into several (rvq, pq).",
      });
    }
    const width = codebook.shape[1];
    const own: Matrix = { data: codebook.data.slice(), shape: [size, width] };
    if (metric === "cosine") normaliseRows(own);
    let dim = width;
    if (projection !== undefined) {
      dim = projection.down.shape[1];
      checkMatrix(projection.down, dim, "projection.down");
      checkMatrix(projection.up, width, "projection.up");
      if (
        metric !== "cosine" ||
        projection.down.shape[0] !== width ||
        projection.up.shape[0] !== dim
      ) {
        throw new ShapeError("projection", {
          expected: `metric "cosine", down [${width}, D] and up [D, ${width}]`,
          got: `${metric}, down [${projection.down.shape.join(", ")}], up [${projection.up.shape.join(", ")}]`,
          remedy: "Fold a projection into the codebook for l2.",
        });
      }
    }
    super({
      kind: metric === "cosine" ? "vq-cos" : "vq",
      spec: `${metric === "cosine" ? "vq-cos" : "vq"}:${size}`,
      dim,
      codebookSizes: [size],
      idempotent: metric === "l2" && distinctRows(own),
      prefixDecodable: false,
    });
    this.metric = metric;
    this.#codebook = own;
    this.#projection = projection;
  }

  /** A copy of the codebook, [K, D]. */
  get codebook(): Matrix {
    return { data: this.#codebook.data.slice(), shape: this.#codebook.shape };
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const mapped = this.#map(latents);
    out.set(this.#settle(mapped, nearest(mapped, this.#codebook)));
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    if (options.kernels === undefined) return super.quantizeAsync(latents, options);
    options.signal?.throwIfAborted();
    const rows = checkMatrix(latents, this.dim);
    const mapped = this.#map(latents);
    const found = await options.kernels.nearest(mapped, this.#codebook, options.signal);
    return { data: this.#settle(mapped, found), shape: [rows, 1] };
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { data, shape } = this.#codebook;
    const width = shape[1];
    for (let n = 0; n < codes.shape[0]; n++) {
      const from = codes.data[n]! * width;
      const word = data.subarray(from, from + width);
      if (this.#projection === undefined) out.set(word, n * width);
      else multiply(this.#projection.up, word, out, n * this.dim);
    }
  }

  protected stateParts() {
    const { data, shape } = this.#codebook;
    const tensors: Record<string, Tensor> = { codebook: { data, shape } };
    if (this.#projection !== undefined) {
      tensors["down"] = this.#projection.down;
      tensors["up"] = this.#projection.up;
    }
    return { config: { dim: this.dim, size: shape[0], width: shape[1] }, tensors };
  }

  /** Where the codebook lives: projected and scaled to length 1 for cosine. */
  #map(latents: Matrix): Matrix {
    if (this.metric === "l2") return latents;
    const [rows, dim] = latents.shape;
    const width = this.#codebook.shape[1];
    const data = new Float32Array(rows * width);
    if (this.#projection === undefined) {
      data.set(latents.data);
    } else {
      for (let n = 0; n < rows; n++) {
        const row = latents.data.subarray(n * dim, (n + 1) * dim);
        multiply(this.#projection.down, row, data, n * width);
      }
    }
    const mapped: Matrix = { data, shape: [rows, width] };
    checkFinite(mapped, "projected latents");
    normaliseRows(mapped);
    return mapped;
  }

  #settle(mapped: Matrix, { indices }: NearestResult): Int32Array {
    if (this.metric === "l2") return indices;
    const width = mapped.shape[1];
    for (let n = 0; n < indices.length; n++) {
      let zero = true;
      for (let d = 0; d < width && zero; d++) zero = mapped.data[n * width + d] === 0;
      if (zero) indices[n] = 0;
    }
    return indices;
  }
}

/** A VQ quantizer of an existing codebook [K, D]. */
export function vq(codebook: Matrix, options: VqOptions = {}): VqQuantizer {
  return new VqQuantizer(codebook, options);
}

/** Fits `vq:<K>` or `vq-cos:<K>` by k-means; options as of `kmeans`. */
export async function fitVq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions & Partial<Pick<KMeansOptions, "tolerance" | "batchSize">> = {},
): Promise<VqQuantizer> {
  const [kind, clusters] = parseSpec(spec);
  if (kind === "vq") {
    const { centroids } = await kmeans(vectors, { ...options, clusters });
    return new VqQuantizer(centroids);
  }
  const { centroids } = await kmeans(unitVectors(vectors), {
    ...options,
    clusters,
    spherical: true,
  });
  return new VqQuantizer(centroids, { metric: "cosine" });
}

/** The same vectors at length 1; zero vectors stay zero. */
function unitVectors(source: VectorSource): VectorSource {
  const scale = (matrix: Matrix): Matrix => {
    checkMatrix(matrix, undefined, "vectors");
    const own: Matrix = { data: matrix.data.slice(), shape: matrix.shape };
    normaliseRows(own);
    return own;
  };
  if (!isStream(source)) return scale(source);
  return {
    dim: source.dim,
    ...(source.count !== undefined && { count: source.count }),
    async *chunks() {
      for await (const chunk of source.chunks()) yield scale(chunk);
    },
  };
}

function parseSpec(spec: string): ["vq" | "vq-cos", number] {
  const kind = spec.startsWith("vq-cos:") ? "vq-cos" : "vq";
  const grammar = `${kind}:<K>`;
  return [kind, parseCount(specBody(spec, kind, grammar), MAX_SIZE, spec, grammar)];
}

function family(kind: "vq" | "vq-cos", metric: VqMetric): QuantizerFamily {
  return {
    kind,
    grammar: `${kind}:<K>`,
    matches: (spec) => spec.startsWith(`${kind}:`),
    fit: fitVq,
    fromCodebook(spec, codebook): VqQuantizer {
      const [, size] = parseSpec(spec);
      const { shape, data } = codebook;
      if (!(data instanceof Float32Array) || shape.length !== 2 || shape[0] !== size) {
        throw new ShapeError(`codebook of ${spec}`, {
          expected: `float32 [${size}, D]`,
          got: `[${shape?.join(", ")}]`,
          remedy: "Let K of the spec be the number of rows.",
        });
      }
      return new VqQuantizer({ data, shape: [shape[0]!, shape[1]!] }, { metric });
    },
    fromState(state: QuantizerState): VqQuantizer {
      checkState(state, kind);
      const dim = stateInteger(state, "dim", 1, 2 ** 24);
      const size = stateInteger(state, "size", 1, MAX_SIZE);
      const width = stateInteger(state, "width", 1, 2 ** 24);
      const { data } = stateFloats(state, "codebook", [size, width]);
      const codebook: Matrix = { data, shape: [size, width] };
      if (!Object.hasOwn(state.tensors, "down")) {
        if (width !== dim) throw stateError(state, `tensors "down" and "up"`, "none");
        return new VqQuantizer(codebook, { metric });
      }
      const down = stateFloats(state, "down", [width, dim]).data;
      const up = stateFloats(state, "up", [dim, width]).data;
      return new VqQuantizer(codebook, {
        metric,
        projection: {
          down: { data: down, shape: [width, dim] },
          up: { data: up, shape: [dim, width] },
        },
      });
    },
  };
}

export const vqFamily = /* @__PURE__ */ family("vq", "l2");
export const vqCosineFamily = /* @__PURE__ */ family("vq-cos", "cosine");

/** out[at…] = matrix · vector, in float64. */
function multiply(
  { data, shape: [rows, columns] }: Matrix,
  vector: Float32Array,
  out: Float32Array,
  at: number,
): void {
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0, i = r * columns; c < columns; c++) sum += data[i++]! * vector[c]!;
    out[at + r] = sum;
  }
}

/** True if no row occurs twice; -0 and 0 are one place. Sorts, so equal rows come to lie side by side. */
function distinctRows({ data, shape: [rows, dim] }: Matrix): boolean {
  const compare = (a: number, b: number): number => {
    for (let d = 0, i = a * dim, j = b * dim; d < dim; d++, i++, j++) {
      if (data[i] !== data[j]) return data[i]! - data[j]!;
    }
    return 0;
  };
  const order = Int32Array.from({ length: rows }, (_, n) => n).sort(compare);
  for (let n = 1; n < rows; n++) if (compare(order[n - 1]!, order[n]!) === 0) return false;
  return true;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-vq",
    name: "VQ",
    kind: "vq",
    family: "VQ",
    file: "quantizers/vq.ts",
    use: "vq:1024",
    source: "arXiv 1711.00937, Eq. 1; survey Eq. 3",
  },
  {
    id: "t-vq-cosine",
    name: "l2-normalised VQ with low-dimensional projection (ViT-VQGAN)",
    kind: "vq-cos",
    family: "VQ",
    file: "quantizers/vq.ts",
    use: "vq-cos:8192",
    source: "arXiv 2110.04627, section 3.2",
  },
];
