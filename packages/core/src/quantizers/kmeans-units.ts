/*
 * k-means units: the index of the nearest centroid of a frozen feature, one per frame, as the units of
 * speech language models. Lakhotia et al.: "On Generative Spoken Language Modeling from Raw Audio",
 * arXiv 2102.01192, section 3.1; survey tables 2 and 3 ("k-means").
 *
 *   u_n = argmin over k of |x_n - c_k|^2, then runs of equal units merged, their lengths kept
 *
 * The merge is `deduplicate` of run-length.ts; with the durations it is invertible. Units have no
 * decoder of their own in most systems; `dequantize` gives the centroids.
 */
import { portableKernels } from "../kernels/portable.js";
import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import { ShapeError } from "../errors/index.js";
import { BaseQuantizer } from "./base.js";
import { checkMatrix } from "./checks.js";
import { kmeans } from "./kmeans.js";
import { checkState, parseCount, specBody, stateFloats, stateInteger } from "./parse.js";
import { deduplicate, expand } from "./run-length.js";
import type { DeduplicateOptions, RunLengthUnits } from "./run-length.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "kmeans:<K>";
const MAX_UNITS = 2 ** 24;

/** Nearest-centroid units of latents [N, D], codes [N, 1], with run-length merging. */
export class KMeansUnits extends BaseQuantizer {
  /** [K, D]. */
  readonly #centroids: Matrix;

  constructor(centroids: Matrix) {
    const size = checkMatrix(centroids, undefined, "centroids");
    if (size < 1 || size > MAX_UNITS) {
      throw new ShapeError("centroids", {
        expected: `a matrix [K, D] with K from 1 to ${MAX_UNITS}`,
        got: `[${centroids.shape.join(", ")}]`,
        remedy: "Pass one row per unit.",
      });
    }
    super({
      kind: "kmeans",
      spec: `kmeans:${size}`,
      dim: centroids.shape[1],
      codebookSizes: [size],
      // Of equal centroids only the first is ever chosen.
      idempotent: rowsDiffer(centroids),
      prefixDecodable: false,
    });
    this.#centroids = { data: centroids.data.slice(), shape: centroids.shape };
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    out.set(portableKernels().nearest(latents, this.#centroids).indices);
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    if (options.kernels === undefined) return super.quantizeAsync(latents, options);
    options.signal?.throwIfAborted();
    const rows = checkMatrix(latents, this.dim);
    if (rows === 0) return { data: new Int32Array(0), shape: [0, 1] };
    const { indices } = await options.kernels.nearest(latents, this.#centroids, options.signal);
    return { data: indices, shape: [rows, 1] };
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { dim } = this;
    const { data } = this.#centroids;
    for (let n = 0; n < codes.shape[0]; n++) {
      const from = codes.data[n]! * dim;
      for (let d = 0; d < dim; d++) out[n * dim + d] = data[from + d]!;
    }
  }

  /** Units of a sequence of frames [T, D], runs merged. `durations` are in frames. */
  encodeUnits(frames: Matrix, options: DeduplicateOptions = {}): RunLengthUnits {
    return deduplicate(this.quantize(frames).data, options);
  }

  /** Centroids of units with their durations: [sum of durations, D]. */
  decodeUnits(units: RunLengthUnits): Matrix {
    const data = expand(units);
    return this.dequantize({ data, shape: [data.length, 1] });
  }

  protected stateParts() {
    const { data, shape } = this.#centroids;
    return { config: { size: shape[0], dim: shape[1] }, tensors: { centroids: { data, shape } } };
  }
}

/** Fits K centroids by Lloyd's algorithm; see `kmeans` for the options. */
export async function fitKMeansUnits(
  units: number,
  frames: VectorSource,
  options: FitOptions = {},
): Promise<KMeansUnits> {
  const { centroids } = await kmeans(frames, { ...options, clusters: units });
  return new KMeansUnits(centroids);
}

export const kmeansUnitsFamily: QuantizerFamily = {
  kind: "kmeans",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("kmeans:"),
  async fit(spec, vectors, options): Promise<KMeansUnits> {
    const units = parseCount(specBody(spec, "kmeans", GRAMMAR), MAX_UNITS, spec, GRAMMAR);
    return fitKMeansUnits(units, vectors, options);
  },
  fromCodebook(spec, codebook: Tensor<Float32Array>): KMeansUnits {
    const units = parseCount(specBody(spec, "kmeans", GRAMMAR), MAX_UNITS, spec, GRAMMAR);
    const { data, shape } = codebook;
    if (shape.length !== 2 || shape[0] !== units) {
      throw new ShapeError("codebook", {
        expected: `shape [${units}, D]`,
        got: `[${shape.join(", ")}]`,
        remedy: "Pass one row per unit.",
      });
    }
    return new KMeansUnits({ data, shape: [units, shape[1]!] });
  },
  fromState(state: QuantizerState): KMeansUnits {
    checkState(state, "kmeans");
    const size = stateInteger(state, "size", 1, MAX_UNITS);
    const dim = stateInteger(state, "dim", 1, Number.MAX_SAFE_INTEGER);
    return new KMeansUnits({
      data: stateFloats(state, "centroids", [size, dim]).data,
      shape: [size, dim],
    });
  },
};

/** True if no two rows are equal (0 and -0 are). */
function rowsDiffer({ data, shape: [rows, columns] }: Matrix): boolean {
  const compare = (a: number, b: number): number => {
    for (let d = 0; d < columns; d++) {
      const difference = data[a * columns + d]! - data[b * columns + d]!;
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const order = Int32Array.from({ length: rows }, (_, i) => i).sort(compare);
  for (let i = 1; i < rows; i++) if (compare(order[i - 1]!, order[i]!) === 0) return false;
  return true;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-k-means-tokens",
    name: "k-means units",
    kind: "kmeans",
    family: "units",
    file: "quantizers/kmeans-units.ts",
    use: "kmeans:500",
    source: "arXiv 2102.01192, section 3.1; survey tables 2 and 3",
  },
];
