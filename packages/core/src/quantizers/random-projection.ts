/*
 * Random-projection quantizer. Chiu, Qin, Zhang, Yu, Wu: "Self-supervised Learning with
 * Random-projection Quantizer for Speech Recognition" (BEST-RQ), arXiv 2202.01855, section 3.1:
 *
 *   y = argmin over i of | c_i / |c_i|  -  A x / |A x| |
 *
 * A [h, D] is drawn once by Xavier's rule, C [K, h] from the standard normal distribution; neither is
 * ever trained. A x = 0 has no direction and gets code 0.
 *
 * Several codebooks (as USM uses for its multi-softmax targets, arXiv 2303.01037) have an A and a C
 * each. The paper has no decoder, its codes are training targets; `dequantize` gives the vector of
 * least length whose projections come closest to the chosen unit codewords. It knows the direction
 * of A x only.
 */
import { ArgumentError, FormatError } from "../errors/index.js";
import { portableKernels } from "../kernels/portable.js";
import { createRandom } from "../math/random.js";
import type { Codes } from "../spec/codes.js";
import type { QuantizerFamily, QuantizerState } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { checkInteger } from "./checks.js";
import { checkState, parseCount, specBody, specError, stateFloats, stateInteger } from "./parse.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "rpq:[<codebooks>x]<K>[,<width>]";
/** h of the paper. */
const DEFAULT_WIDTH = 16;
const MAX_CODEBOOKS = 256;
const MAX_SIZE = 2 ** 20;
const MAX_WIDTH = 1024;
const MAX_DIM = 65536;
/** Numbers in all codebooks and projections: 1 GiB. */
const MAX_NUMBERS = 2 ** 28;

export interface RandomProjectionOptions {
  /** D, the width of the vectors. */
  readonly dim: number;
  /** K, the entries of each codebook. Default 8192. */
  readonly size?: number;
  /** h, the width that vectors are projected to. Default 16. */
  readonly width?: number;
  /** Q. Default 1. */
  readonly codebooks?: number;
  /** Default 0. */
  readonly seed?: number;
}

interface Parts {
  readonly dim: number;
  readonly size: number;
  readonly width: number;
  readonly codebooks: number;
  readonly seed: number;
  /** [Q, h, D]. */
  readonly projection: Float32Array;
  /** [Q, K, h], rows of length 1. */
  readonly codebook: Float32Array;
}

/** Random-projection quantizer of latents [N, D] to codes [N, Q]; everything follows from a seed. */
export class RandomProjectionQuantizer extends BaseQuantizer {
  readonly seed: number;
  /** h, the width that vectors are projected to. */
  readonly width: number;
  readonly #parts: Parts;
  #decoder: Float64Array | undefined;

  constructor(parts: Parts) {
    const { dim, size, width, codebooks } = parts;
    super({
      kind: "rpq",
      spec: `rpq:${codebooks === 1 ? "" : `${codebooks}x`}${size}${width === DEFAULT_WIDTH ? "" : `,${width}`}`,
      dim,
      codebookSizes: Array.from({ length: codebooks }, () => size),
      // True as a rule, but two codewords of a random codebook may lie closer than float32 can tell.
      idempotent: false,
      prefixDecodable: false,
    });
    this.seed = parts.seed;
    this.width = width;
    this.#parts = parts;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const { dim, size, width, codebooks, projection, codebook } = this.#parts;
    const rows = latents.shape[0];
    const { data } = latents;
    const v = new Float64Array(width);
    const units = new Float32Array(rows * width);
    const { nearest } = portableKernels();
    for (let q = 0; q < codebooks; q++) {
      for (let n = 0; n < rows; n++) {
        let norm = 0;
        for (let r = 0; r < width; r++) {
          const at = (q * width + r) * dim;
          let sum = 0;
          for (let d = 0; d < dim; d++) sum += projection[at + d]! * data[n * dim + d]!;
          v[r] = sum;
          norm += sum * sum;
        }
        norm = Math.sqrt(norm);
        for (let r = 0; r < width; r++) units[n * width + r] = norm > 0 ? v[r]! / norm : 0;
      }
      const words = codebook.subarray(q * size * width, (q + 1) * size * width);
      const { indices } = nearest(
        { data: units, shape: [rows, width] },
        { data: words, shape: [size, width] },
      );
      for (let n = 0; n < rows; n++) {
        // All codewords are equally near to no direction, up to rounding: the first.
        let zero = true;
        for (let r = 0; zero && r < width; r++) zero = units[n * width + r] === 0;
        out[n * codebooks + q] = zero ? 0 : indices[n]!;
      }
    }
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { dim, size, width, codebooks, codebook } = this.#parts;
    const total = codebooks * width;
    this.#decoder ??= pseudoInverse(this.#parts.projection, total, dim);
    const decoder = this.#decoder; // [D, Q h]
    const target = new Float64Array(total);
    for (let n = 0; n < codes.shape[0]; n++) {
      for (let q = 0; q < codebooks; q++) {
        const from = (q * size + codes.data[n * codebooks + q]!) * width;
        for (let r = 0; r < width; r++) target[q * width + r] = codebook[from + r]!;
      }
      for (let d = 0; d < dim; d++) {
        let sum = 0;
        for (let r = 0; r < total; r++) sum += decoder[d * total + r]! * target[r]!;
        out[n * dim + d] = sum;
      }
    }
  }

  protected stateParts() {
    const { dim, size, width, codebooks, seed, projection, codebook } = this.#parts;
    return {
      config: { dim, size, width, codebooks, seed },
      tensors: {
        projection: { data: projection, shape: [codebooks, width, dim] },
        codebook: { data: codebook, shape: [codebooks, size, width] },
      },
    };
  }
}

/** Draws projection and codebooks from the seed. */
export function randomProjection(options: RandomProjectionOptions): RandomProjectionQuantizer {
  const dim = checkInteger(options.dim, 1, MAX_DIM, "dim");
  const size = checkInteger(options.size ?? 8192, 1, MAX_SIZE, "size");
  const width = checkInteger(options.width ?? DEFAULT_WIDTH, 1, MAX_WIDTH, "width");
  const codebooks = checkInteger(options.codebooks ?? 1, 1, MAX_CODEBOOKS, "codebooks");
  const seed = options.seed ?? 0;
  checkInteger(codebooks * width * (dim + size), 1, MAX_NUMBERS, "numbers of all codebooks");
  const projection = new Float32Array(codebooks * width * dim);
  const codebook = new Float32Array(codebooks * size * width);
  const limit = Math.sqrt(6 / (dim + width));
  const row = new Float64Array(width);
  for (let q = 0; q < codebooks; q++) {
    const random = createRandom(seed, q);
    const first = q * width * dim;
    for (let i = 0; i < width * dim; i++) projection[first + i] = limit * (2 * random.float() - 1);
    for (let k = 0; k < size; k++) {
      let norm = 0;
      for (let r = 0; r < width; r++) {
        row[r] = random.normal();
        norm += row[r]! * row[r]!;
      }
      norm = Math.sqrt(norm);
      for (let r = 0; r < width; r++) codebook[(q * size + k) * width + r] = row[r]! / norm;
    }
  }
  return new RandomProjectionQuantizer({ dim, size, width, codebooks, seed, projection, codebook });
}

export const randomProjectionFamily: QuantizerFamily = {
  kind: "rpq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("rpq:"),
  create(spec, options = {}): RandomProjectionQuantizer {
    const match = /^(?:(\d+)x)?(\d+)(?:,(\d+))?$/.exec(specBody(spec, "rpq", GRAMMAR));
    if (match === null) throw specError(spec, GRAMMAR);
    const read = (text: string | undefined, max: number, otherwise: number): number =>
      text === undefined ? otherwise : parseCount(text, max, spec, GRAMMAR);
    if (options.dim === undefined) {
      throw new ArgumentError(`quantizer ${spec}`, {
        expected: "dim, the width of the vectors",
        got: "none",
        remedy: "Pass { dim }, for example 80 for mel spectra.",
      });
    }
    return randomProjection({
      dim: options.dim,
      codebooks: read(match[1], MAX_CODEBOOKS, 1),
      size: read(match[2], MAX_SIZE, 8192),
      width: read(match[3], MAX_WIDTH, DEFAULT_WIDTH),
      ...(options.seed !== undefined && { seed: options.seed }),
    });
  },
  fromState(state: QuantizerState): RandomProjectionQuantizer {
    checkState(state, "rpq");
    const dim = stateInteger(state, "dim", 1, MAX_DIM);
    const size = stateInteger(state, "size", 1, MAX_SIZE);
    const width = stateInteger(state, "width", 1, MAX_WIDTH);
    const codebooks = stateInteger(state, "codebooks", 1, MAX_CODEBOOKS);
    const seed = stateInteger(state, "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    return new RandomProjectionQuantizer({
      dim,
      size,
      width,
      codebooks,
      seed,
      // Read, not drawn again: a file means the same even if drawing ever changes.
      projection: stateFloats(state, "projection", [codebooks, width, dim]).data,
      codebook: stateFloats(state, "codebook", [codebooks, size, width]).data,
    });
  },
};

/**
 * Moore-Penrose inverse [D, R] of a matrix [R, D] of full rank, by the normal equations of its
 * shorter side: A^T (A A^T)^-1 or (A^T A)^-1 A^T.
 */
function pseudoInverse(matrix: Float32Array, rows: number, columns: number): Float64Array {
  const wide = rows <= columns;
  const n = wide ? rows : columns;
  const at = (i: number, j: number): number =>
    wide ? matrix[i * columns + j]! : matrix[j * columns + i]!;
  const m = wide ? columns : rows;
  // at: B [n, m]; Gram matrix B B^T, lower triangle, turned into its Cholesky factor.
  const gram = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < m; k++) sum += at(i, k) * at(j, k);
      gram[i * n + j] = sum;
    }
    largest = Math.max(largest, gram[i * n + i]!);
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= gram[i * n + k]! * gram[j * n + k]!;
      if (i !== j) gram[i * n + j] = sum / gram[j * n + j]!;
      else if (sum > 1e-13 * largest) gram[i * n + i] = Math.sqrt(sum);
      else {
        throw new FormatError("random projection", {
          expected: "linearly independent rows",
          got: "a projection that maps different directions to one",
          remedy: "Encoding works; for decoding make the quantizer from another seed.",
        });
      }
    }
  }
  // Solve (B B^T) X = B column by column; X [n, m] is the transpose of the inverse of B^T's kind.
  const out = new Float64Array(rows * columns);
  const x = new Float64Array(n);
  for (let c = 0; c < m; c++) {
    for (let i = 0; i < n; i++) {
      let sum = at(i, c);
      for (let k = 0; k < i; k++) sum -= gram[i * n + k]! * x[k]!;
      x[i] = sum / gram[i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i]!;
      for (let k = i + 1; k < n; k++) sum -= gram[k * n + i]! * x[k]!;
      x[i] = sum / gram[i * n + i]!;
    }
    for (let i = 0; i < n; i++) out[wide ? c * rows + i : i * rows + c] = x[i]!;
  }
  return out;
}

export const techniques: readonly Technique[] = [
  {
    id: "t-random-projection",
    name: "Random-projection quantizer (BEST-RQ)",
    kind: "rpq",
    family: "general",
    file: "quantizers/random-projection.ts",
    use: "rpq:8192",
    source: "arXiv 2202.01855, section 3.1",
  },
];
