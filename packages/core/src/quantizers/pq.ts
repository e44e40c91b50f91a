/*
 * Product quantization. Jégou, Douze, Schmid: "Product Quantization for Nearest Neighbor Search",
 * IEEE TPAMI 33 (2011), doi 10.1109/TPAMI.2010.57, section II-B; survey Eq. 14:
 *
 *   x = (x_1, …, x_M), x_m of D/M coordinates;  code_m = argmin over k of |x_m - c_mk|²
 *   decode: (c_1,code_1, …, c_M,code_M)
 *
 * The squared error is the sum of the M squared errors, so the M searches are independent and the
 * code is the best one in the whole product codebook of K^M words.
 */
import { ShapeError } from "../errors/index.js";
import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix, Tensor } from "../spec/tensor.js";
import {
  type DistanceTables,
  type TableQuantizer,
  productTables,
  productTablesOfCodes,
} from "../search/tables.js";
import { BaseQuantizer } from "./base.js";
import { checkCodes, checkFinite, checkInteger } from "./checks.js";
import { sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specBody, specError, stateFloats, stateInteger } from "./parse.js";
import { ProductCodebook, distinctWords, equalWidths, fitProduct } from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "pq:<codebooks>x<K>";
export const MAX_CODEBOOKS = 4096;
export const MAX_SIZE = 65536;

/** M and K of "<M>x<K>". */
export function parseProduct(body: string, spec: string, grammar: string): [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(body);
  if (match === null) throw specError(spec, grammar);
  return [
    parseCount(match[1]!, MAX_CODEBOOKS, spec, grammar),
    parseCount(match[2]!, MAX_SIZE, spec, grammar),
  ];
}

/**
 * Cuts one array of codebooks [M, K, width] into M views.
 *
 * @throws ShapeError for another shape, ValueError for NaN and infinities
 */
export function splitCodebook(
  codebook: Tensor<Float32Array>,
  codebooks: number,
  size: number,
  what: string,
): { readonly words: Float32Array[]; readonly width: number } {
  const { data, shape } = codebook;
  const width = shape?.[2] ?? 0;
  if (
    !(data instanceof Float32Array) ||
    shape.length !== 3 ||
    shape[0] !== codebooks ||
    shape[1] !== size ||
    !(width >= 1) ||
    data.length !== codebooks * size * width
  ) {
    throw new ShapeError(`codebook of ${what}`, {
      expected: `float32 [${codebooks}, ${size}, width]`,
      got: `[${shape?.join(", ")}] with ${data?.length} numbers`,
      remedy: "Stack the codebooks along the first axis.",
    });
  }
  checkFinite({ data, shape: [codebooks * size, width] }, `codebook of ${what}`);
  return {
    width,
    words: Array.from({ length: codebooks }, (_, m) =>
      data.slice(m * size * width, (m + 1) * size * width),
    ),
  };
}

/** Product quantizer of latents [N, D] to codes [N, M]. */
export class PqQuantizer extends BaseQuantizer implements TableQuantizer {
  readonly #product: ProductCodebook;

  /** @param words M codebooks, each [K, D/M] */
  constructor(dim: number, words: readonly Float32Array[]) {
    const widths = equalWidths(dim, words.length, "pq");
    const product = new ProductCodebook(widths, words);
    super({
      kind: "pq",
      spec: `pq:${words.length}x${product.sizes[0]}`,
      dim,
      codebookSizes: product.sizes,
      // A word is its own nearest unless an equal word comes before it.
      idempotent: distinctWords(product),
      prefixDecodable: false,
    });
    this.#product = product;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    this.#product.encode(latents.data, latents.shape[0], out, this.codebookSizes.length);
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    const { kernels, signal } = options;
    if (kernels === undefined) return super.quantizeAsync(latents, options);
    signal?.throwIfAborted();
    const rows = this.check(latents);
    const width = this.codebookSizes.length;
    const data = new Int32Array(rows * width);
    await this.#product.encodeWith(kernels, latents.data, rows, data, signal);
    return { data, shape: [rows, width] };
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    this.#product.decode(codes.data, codes.shape[0], out, this.codebookSizes.length);
  }

  /** Squared distances of queries [n, D] to every word, for search on codes; see `CodeIndex`. */
  distanceTables(queries: Matrix): DistanceTables {
    const rows = this.check(queries);
    return productTables(this.#product, queries.data, rows);
  }

  /** The same for queries that are codes themselves (symmetric distance computation). */
  distanceTablesOfCodes(codes: Codes): DistanceTables {
    checkCodes(codes, this.codebookSizes);
    return productTablesOfCodes(this.#product, codes);
  }

  protected stateParts() {
    const [codebooks, size] = [this.codebookSizes.length, this.codebookSizes[0]!];
    const width = this.dim / codebooks;
    return {
      config: { dim: this.dim, codebooks, size },
      tensors: {
        codebook: { data: joinWords(this.#product), shape: [codebooks, size, width] },
      },
    };
  }
}

/** Options of `pq`: those of every fit. `iterations`: Lloyd's, 25 where left out. */
export async function fitPq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<PqQuantizer> {
  const [codebooks, size] = parseProduct(specBody(spec, "pq", GRAMMAR), spec, GRAMMAR);
  const dim = sourceDim(vectors);
  const widths = equalWidths(dim, codebooks, spec);
  checkIterations(options);
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: (4 * dim) / codebooks + 8,
    fixedBytes: 12 * size * dim,
  });
  const sizes = widths.map(() => size);
  const product = await fitProduct(sample.data, sample.shape[0], widths, sizes, options);
  return new PqQuantizer(
    dim,
    product.parts.map((part) => part.words),
  );
}

export const pqFamily: QuantizerFamily = {
  kind: "pq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("pq:"),
  fit: fitPq,
  fromCodebook(spec, codebook): PqQuantizer {
    const [codebooks, size] = parseProduct(specBody(spec, "pq", GRAMMAR), spec, GRAMMAR);
    const { words, width } = splitCodebook(codebook, codebooks, size, spec);
    return new PqQuantizer(codebooks * width, words);
  },
  fromState(state: QuantizerState): PqQuantizer {
    checkState(state, "pq");
    const { codebooks, dim, words } = productState(state);
    equalWidths(dim, codebooks, "pq");
    return new PqQuantizer(dim, words);
  },
};

/** dim, codebooks, size and words [codebooks, size, dim / codebooks] of a state. */
export function productState(state: QuantizerState) {
  const dim = stateInteger(state, "dim", 1, 2 ** 24);
  const codebooks = stateInteger(state, "codebooks", 1, MAX_CODEBOOKS);
  const size = stateInteger(state, "size", 1, MAX_SIZE);
  const { data } = stateFloats(state, "codebook", [codebooks, size, dim / codebooks]);
  const each = data.length / codebooks;
  const words = Array.from({ length: codebooks }, (_, m) => data.slice(m * each, (m + 1) * each));
  return { dim, codebooks, size, words };
}

/** All words of a product whose codebooks have equal sizes, one after the other. */
export function joinWords(product: ProductCodebook): Float32Array {
  const out = new Float32Array(product.parts.reduce((sum, part) => sum + part.words.length, 0));
  let at = 0;
  for (const { words } of product.parts) {
    out.set(words, at);
    at += words.length;
  }
  return out;
}

/** `iterations` where given: an integer from 0. */
export function checkIterations(options: FitOptions): void {
  if (options.iterations !== undefined) {
    checkInteger(options.iterations, 0, 1_000_000, "iterations");
  }
}

export const techniques: readonly Technique[] = [
  {
    id: "t-pq",
    name: "PQ",
    kind: "pq",
    family: "PQ",
    file: "quantizers/pq.ts",
    use: "pq:16x256",
    source: "doi 10.1109/TPAMI.2010.57, section II-B; survey Eq. 14",
  },
];
