/*
 * Projected residual vector quantization. Wei, Guan, Yu: "Projected Residual Vector Quantization for ANN
 * Search", IEEE MultiMedia 21 (2014), doi 10.1109/MMUL.2013.65; survey section 2.2.2. Each level looks at
 * the d principal coordinates of what is left, and the energy outside of them stays in the residual:
 *
 *   y = P_m (r_m - μ_m);   code_m = argmin |y - c_mk|²;   r_m+1 = r_m - (μ_m + P_mᵀ c_m,code_m)
 *
 * The rows of P_m [d, D] are orthonormal, so |r - μ - Pᵀc|² = |y - c|² + (what P does not see): the codes
 * are those of RVQ with the words μ_m + P_mᵀ c_mk, found in d dimensions instead of D.
 */
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { AdditiveCodebooks, AdditiveQuantizer } from "./additive.js";
import { fitStep, sourceDim } from "./fit-sample.js";
import {
  checkState,
  parseCount,
  specError,
  stateError,
  stateFloats,
  stateInteger,
} from "./parse.js";
import { checkIterations } from "./pq.js";
import { nearestWords } from "./product.js";
import { kmeansLevel, sampleForLevels, subtract } from "./rvq.js";
import { principal } from "./spectral.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "prvq:<levels>x<K>,dim=<projected>";
const MAX_LEVELS = 4096;
const TILE = 4096;

/** What is learned, of all levels. */
export interface ProjectedLevels {
  readonly levels: number;
  readonly size: number;
  /** d. */
  readonly width: number;
  /** D. */
  readonly dim: number;
  /** μ [M, D]. */
  readonly means: Float32Array;
  /** P [M, d, D], orthonormal rows. */
  readonly bases: Float32Array;
  /** c [M, K, d]. */
  readonly words: Float32Array;
}

/** Residual quantizer that searches in projections: latents [N, D] to codes [N, M]. */
export class PrvqQuantizer extends AdditiveQuantizer {
  readonly #parts: ProjectedLevels;

  constructor(parts: ProjectedLevels) {
    super(fold(parts), {
      kind: "prvq",
      spec: `prvq:${parts.levels}x${parts.size},dim=${parts.width}`,
      prefixDecodable: true,
    });
    this.#parts = parts;
  }

  /** d, the coordinates that each level sees. */
  get projectedDim(): number {
    return this.#parts.width;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const { levels, size, width, dim, words } = this.#parts;
    const rows = latents.shape[0];
    const seen = new Float32Array(Math.min(TILE, rows) * width);
    for (let first = 0; first < rows; first += TILE) {
      const n = Math.min(TILE, rows - first);
      const rest = latents.data.slice(first * dim, (first + n) * dim);
      for (let m = 0; m < levels; m++) {
        project(this.#parts, m, rest, n, seen);
        const book = words.subarray(m * size * width, (m + 1) * size * width);
        nearestWords(seen, n, width, book, size, out, first * levels + m, levels);
        const folded = this.books.words.subarray(m * size * dim);
        if (m + 1 < levels) subtract(rest, n, dim, folded, out, first * levels + m, levels);
      }
    }
  }

  protected stateParts() {
    const { levels, size, width, dim, means, bases, words } = this.#parts;
    return {
      config: { dim, codebooks: levels, size, width },
      tensors: {
        mean: { data: means, shape: [levels, dim] },
        basis: { data: bases, shape: [levels, width, dim] },
        codebook: { data: words, shape: [levels, size, width] },
      },
    };
  }
}

/** P_m (r - μ_m) of rows [n, D] into out [n, d]. */
function project(
  { width, dim, means, bases }: ProjectedLevels,
  level: number,
  rows: Float32Array,
  n: number,
  out: Float32Array,
): void {
  const centred = new Float32Array(dim);
  for (let i = 0, r = 0, o = 0; i < n; i++) {
    for (let d = 0, c = level * dim; d < dim; d++) centred[d] = rows[r++]! - means[c++]!;
    for (let w = 0, b = level * width * dim; w < width; w++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += bases[b++]! * centred[d]!;
      out[o++] = sum;
    }
  }
}

/** Words μ_m + P_mᵀ c of all levels, [M, K, D]. */
function fold(parts: ProjectedLevels): AdditiveCodebooks {
  const { levels, size, width, dim, means, bases, words } = parts;
  const out = new Float32Array(levels * size * dim);
  const sum = new Float64Array(dim);
  for (let j = 0; j < levels * size; j++) {
    const m = Math.floor(j / size);
    for (let d = 0; d < dim; d++) sum[d] = means[m * dim + d]!;
    for (let w = 0; w < width; w++) {
      const c = words[j * width + w]!;
      for (let d = 0, b = (m * width + w) * dim; d < dim; d++) sum[d] = sum[d]! + c * bases[b++]!;
    }
    out.set(sum, j * dim);
  }
  return new AdditiveCodebooks(levels, size, dim, out);
}

function parse(spec: string) {
  const match = /^prvq:(\d+)x(\d+),dim=(\d+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  return {
    levels: parseCount(match[1]!, MAX_LEVELS, spec, GRAMMAR),
    size: parseCount(match[2]!, 65536, spec, GRAMMAR),
    width: parseCount(match[3]!, 2 ** 24, spec, GRAMMAR),
  };
}

/** Fits `prvq:<levels>x<K>,dim=<projected>`; `iterations` of each k-means, 25 where left out. */
export async function fitPrvq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<PrvqQuantizer> {
  const { levels, size, width } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  if (width > dim) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `a projection to at most D = ${dim} coordinates`,
      got: String(width),
      remedy: "Use fewer coordinates, or rvq, which has no projection.",
    });
  }
  const parsed = { levels, size, beam: 1 };
  const sample = await sampleForLevels(vectors, parsed, options);
  const n = sample.shape[0];
  const rest = sample.data.slice(0, n * dim);
  const parts = {
    levels,
    size,
    width,
    dim,
    means: new Float32Array(levels * dim),
    bases: new Float32Array(levels * width * dim),
    words: new Float32Array(levels * size * width),
  };
  const kmeans = kmeansLevel(parsed, options);
  const codes = new Int32Array(n);
  const seen = new Float32Array(n * width);
  for (let m = 0; m < levels; m++) {
    await fitStep(options, `level ${m + 1}/${levels}`, m, levels);
    const { mean, directions } = principal(rest, n, dim);
    parts.means.set(mean, m * dim);
    parts.bases.set(directions.subarray(0, width * dim), m * width * dim);
    project(parts, m, rest, n, seen);
    const book = await kmeans({ data: seen, shape: [n, width] }, m);
    parts.words.set(book, m * size * width);
    nearestWords(seen, n, width, book, size, codes, 0, 1);
    const folded = fold(oneLevel(parts, m));
    subtract(rest, n, dim, folded.words, codes, 0, 1);
  }
  return new PrvqQuantizer(parts);
}

function oneLevel(parts: ProjectedLevels, m: number): ProjectedLevels {
  const { size, width, dim } = parts;
  return {
    ...parts,
    levels: 1,
    means: parts.means.subarray(m * dim, (m + 1) * dim),
    bases: parts.bases.subarray(m * width * dim, (m + 1) * width * dim),
    words: parts.words.subarray(m * size * width, (m + 1) * size * width),
  };
}

export const prvqFamily: QuantizerFamily = {
  kind: "prvq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("prvq:"),
  fit: fitPrvq,
  fromState(state: QuantizerState): PrvqQuantizer {
    checkState(state, "prvq");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const levels = stateInteger(state, "codebooks", 1, MAX_LEVELS);
    const size = stateInteger(state, "size", 1, 65536);
    const width = stateInteger(state, "width", 1, dim);
    const bases = stateFloats(state, "basis", [levels, width, dim]).data;
    checkOrthonormal(state, bases, levels, width, dim);
    return new PrvqQuantizer({
      levels,
      size,
      width,
      dim,
      means: stateFloats(state, "mean", [levels, dim]).data,
      bases,
      words: stateFloats(state, "codebook", [levels, size, width]).data,
    });
  },
};

/** Rows that are not orthonormal would make codes that are not the nearest: silently wrong. */
function checkOrthonormal(
  state: QuantizerState,
  bases: Float32Array,
  levels: number,
  width: number,
  dim: number,
): void {
  for (let m = 0; m < levels; m++) {
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = 0;
        const [i, j] = [(m * width + a) * dim, (m * width + b) * dim];
        for (let d = 0; d < dim; d++) dot += bases[i + d]! * bases[j + d]!;
        if (!(Math.abs(dot - (a === b ? 1 : 0)) < 1e-3)) {
          throw stateError(state, "orthonormal rows in each basis", `${dot} for rows ${b}, ${a}`);
        }
      }
    }
  }
}

export const techniques: readonly Technique[] = [
  {
    id: "t-prvq",
    name: "PRVQ (residual levels in principal projections)",
    kind: "prvq",
    family: "RVQ",
    file: "quantizers/prvq.ts",
    use: "prvq:8x256,dim=16",
    source: "doi 10.1109/MMUL.2013.65; survey section 2.2.2",
  },
];
