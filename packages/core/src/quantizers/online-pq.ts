/*
 * Online product quantization. Xu, Tsang, Zhang: "Online Product Quantization", IEEE TKDE 30 (2018),
 * doi 10.1109/TKDE.2018.2817526, section 4. A new vector x with code k in subspace m moves one word:
 *
 *   n_mk <- n_mk + 1;   c_mk <- c_mk + (x_m - c_mk) / n_mk
 *
 * so that every word stays the mean of all vectors it ever got. A batch is encoded by the codebooks
 * before it. Two budgets bound the change: the share of subspaces and the share of words of each that
 * may move; those of the largest shift are taken. What leaves a sliding window is taken out the same
 * way, with the sign turned round.
 *
 * An update gives a new quantizer with the next version number; the old one stays as it was, so codes
 * can be kept beside the version that made them.
 */
import { ArgumentError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import {
  type DistanceTables,
  type TableQuantizer,
  productTables,
  productTablesOfCodes,
} from "../search/tables.js";
import { BaseQuantizer } from "./base.js";
import { checkCodes, checkMatrix } from "./checks.js";
import { sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, specBody, stateError, stateFloats, stateInteger } from "./parse.js";
import { checkIterations, joinWords, parseProduct, productState, splitCodebook } from "./pq.js";
import { ProductCodebook, equalWidths, fitProduct } from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "online-pq:<codebooks>x<K>";

export interface OnlineUpdateOptions {
  /** Share of the subspaces that may change, in (0, 1]. Default 1. */
  readonly subspaces?: number;
  /** Share of the words of each of these that may change, in (0, 1]. Default 1. */
  readonly words?: number;
}

/** Product quantizer that learns from a stream, one immutable version after the other. */
export class OnlinePqQuantizer extends BaseQuantizer implements TableQuantizer {
  /** Number of updates since the first fit. Codes belong to one version. */
  readonly version: number;
  readonly #product: ProductCodebook;
  /** Vectors behind each word, [M, K]. */
  readonly #counts: Float32Array;

  constructor(product: ProductCodebook, counts: Float32Array, version = 0) {
    super({
      kind: "online-pq",
      spec: `online-pq:${product.sizes.length}x${product.sizes[0]}`,
      dim: product.dim,
      codebookSizes: product.sizes,
      // Words may come to coincide as they move.
      idempotent: false,
      prefixDecodable: false,
    });
    this.version = version;
    this.#product = product;
    this.#counts = counts;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    this.#product.encode(latents.data, latents.shape[0], out, this.codebookSizes.length);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    this.#product.decode(codes.data, codes.shape[0], out, this.codebookSizes.length);
  }

  distanceTables(queries: Matrix): DistanceTables {
    const rows = this.check(queries);
    return productTables(this.#product, queries.data, rows);
  }

  distanceTablesOfCodes(codes: Codes): DistanceTables {
    checkCodes(codes, this.codebookSizes);
    return productTablesOfCodes(this.#product, codes);
  }

  /** The next version, having learnt vectors [N, D]. An empty batch changes only the version. */
  update(vectors: Matrix, options: OnlineUpdateOptions = {}): OnlinePqQuantizer {
    return this.#move(vectors, this.quantize(vectors), 1, options);
  }

  /**
   * The next version, having unlearnt vectors [N, D] that leave a sliding window, by the codes under
   * which they were learnt. A word that loses all its vectors stays where it is.
   */
  forget(vectors: Matrix, codes: Codes, options: OnlineUpdateOptions = {}): OnlinePqQuantizer {
    const rows = checkMatrix(vectors, this.dim, "vectors");
    if (checkCodes(codes, this.codebookSizes) !== rows) {
      throw new ArgumentError("codes", {
        expected: `${rows} codes, one for each vector`,
        got: String(codes.shape[0]),
        remedy: "Pass the codes that `quantize` gave for these vectors.",
      });
    }
    return this.#move(vectors, codes, -1, options);
  }

  #move(
    vectors: Matrix,
    codes: Codes,
    sign: 1 | -1,
    options: OnlineUpdateOptions,
  ): OnlinePqQuantizer {
    const { parts } = this.#product;
    const subspaces = budget(options.subspaces, parts.length, "subspaces");
    const n = vectors.shape[0];
    const counts = this.#counts.slice();
    const moves = parts.map(({ start, width, size, words }, m) => {
      const sums = new Float64Array(size * width);
      const gained = new Float64Array(size);
      for (let i = 0; i < n; i++) {
        const k = codes.data[i * parts.length + m]!;
        gained[k] = gained[k]! + sign;
        for (let d = 0; d < width; d++) {
          const delta = vectors.data[i * this.dim + start + d]! - words[k * width + d]!;
          sums[k * width + d] = sums[k * width + d]! + sign * delta;
        }
      }
      // The shift of each word if it moved: Σ ± (x - c) / n, by definition the same as one by one.
      const shifts = new Float64Array(size);
      for (let k = 0; k < size; k++) {
        const after = Math.max(0, this.#counts[m * size + k]! + gained[k]!);
        for (let d = 0; d < width; d++) {
          const shift = after > 0 ? sums[k * width + d]! / after : 0;
          sums[k * width + d] = shift;
          shifts[k] = shifts[k]! + shift * shift;
        }
      }
      return { gained, sums, shifts, total: shifts.reduce((a, b) => a + b, 0) };
    });
    const chosen = largest(
      moves.map((move) => move.total),
      subspaces,
    );
    const words = parts.map((part) => part.words.slice());
    for (const m of chosen) {
      const { size, width } = parts[m]!;
      const { gained, sums, shifts } = moves[m]!;
      for (const k of largest([...shifts], budget(options.words, size, "words"))) {
        const at = m * size + k;
        counts[at] = Math.max(0, counts[at]! + gained[k]!);
        for (let d = 0, o = k * width; d < width; d++, o++) {
          words[m]![o] = words[m]![o]! + sums[o]!;
        }
      }
    }
    const widths = parts.map((part) => part.width);
    return new OnlinePqQuantizer(new ProductCodebook(widths, words), counts, this.version + 1);
  }

  protected stateParts() {
    const [codebooks, size] = [this.codebookSizes.length, this.codebookSizes[0]!];
    return {
      config: { dim: this.dim, codebooks, size, version: this.version },
      tensors: {
        codebook: {
          data: joinWords(this.#product),
          shape: [codebooks, size, this.dim / codebooks],
        },
        counts: { data: this.#counts, shape: [codebooks, size] },
      },
    };
  }
}

function budget(share: number | undefined, of: number, what: string): number {
  const value = share ?? 1;
  if (!(value > 0 && value <= 1)) {
    throw new ArgumentError(what, {
      expected: "a share in (0, 1]",
      got: String(share),
      remedy: "Pass 1 to let all of them change.",
    });
  }
  return Math.max(1, Math.round(value * of));
}

/** Places of the `count` largest values; ties to the first. */
function largest(values: readonly number[], count: number): number[] {
  return values
    .map((_, i) => i)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, count);
}

/** Version 0: product quantization of a sample, each word with the vectors it got. */
export async function fitOnlinePq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<OnlinePqQuantizer> {
  const [codebooks, size] = parseProduct(specBody(spec, "online-pq", GRAMMAR), spec, GRAMMAR);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const widths = equalWidths(dim, codebooks, spec);
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: (4 * dim) / codebooks + 4 * codebooks,
    fixedBytes: 12 * size * dim,
  });
  const n = sample.shape[0];
  const sizes = widths.map(() => size);
  const product = await fitProduct(sample.data, n, widths, sizes, options);
  const codes = new Int32Array(n * codebooks);
  product.encode(sample.data, n, codes, codebooks);
  const counts = new Float32Array(codebooks * size);
  for (let i = 0; i < codes.length; i++) {
    const at = (i % codebooks) * size + codes[i]!;
    counts[at] = counts[at]! + 1;
  }
  return new OnlinePqQuantizer(product, counts);
}

export const onlinePqFamily: QuantizerFamily = {
  kind: "online-pq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("online-pq:"),
  fit: fitOnlinePq,
  /** Words without a history: the first vectors of each replace it. */
  fromCodebook(spec, codebook): OnlinePqQuantizer {
    const [codebooks, size] = parseProduct(specBody(spec, "online-pq", GRAMMAR), spec, GRAMMAR);
    const { words, width } = splitCodebook(codebook, codebooks, size, spec);
    return new OnlinePqQuantizer(
      new ProductCodebook(
        words.map(() => width),
        words,
      ),
      new Float32Array(codebooks * size),
    );
  },
  fromState(state: QuantizerState): OnlinePqQuantizer {
    checkState(state, "online-pq");
    const { codebooks, dim, size, words } = productState(state);
    const widths = equalWidths(dim, codebooks, "online-pq");
    const counts = stateFloats(state, "counts", [codebooks, size]).data;
    if (counts.some((count) => count < 0)) throw stateError(state, "counts of at least 0", "less");
    return new OnlinePqQuantizer(
      new ProductCodebook(widths, words),
      counts,
      stateInteger(state, "version", 0, Number.MAX_SAFE_INTEGER),
    );
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-online-pq",
    name: "Online PQ",
    kind: "online-pq",
    family: "PQ",
    file: "quantizers/online-pq.ts",
    use: "online-pq:16x256, then update(vectors)",
    source: "doi 10.1109/TKDE.2018.2817526, section 4",
  },
];
