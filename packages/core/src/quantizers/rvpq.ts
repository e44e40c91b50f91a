/*
 * Residual vector product quantization. Niu, Xu, Zhao, He, Zhao: "Residual Vector Product
 * Quantization for approximate nearest neighbor search", Expert Systems with Applications 232 (2023),
 * doi 10.1016/j.eswa.2023.120832: inside each of M subspaces L residual codebooks, whose chosen words
 * add up; all codebooks of a subspace are optimised together.
 *
 * The start is greedy residual k-means. Then codes, by beam search inside the subspace, and the L
 * codebooks, by least squares, are improved in turns. Codes are [N, M L], the L levels of a subspace
 * side by side.
 */
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import {
  AdditiveCodebooks,
  checkTableSize,
  leastSquaresCodebooks,
  residualStart,
} from "./additive.js";
import type { AdditiveSearch } from "./additive-search.js";
import { additiveSearch } from "./aq.js";
import { BaseQuantizer } from "./base.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, parseCount, specError, stateFloats, stateInteger } from "./parse.js";
import { checkIterations } from "./pq.js";
import { equalWidths, gather } from "./product.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "rvpq:<subspaces>x<levels>x<K>";
const BEAM = 8;

/** Residual codebooks in each subspace: latents [N, D] to codes [N, M L]. */
export class RvpqQuantizer extends BaseQuantizer {
  readonly #parts: readonly AdditiveCodebooks[];
  #searches: readonly AdditiveSearch[] | undefined;

  /** @param parts codebooks [L, K, D/M] of each subspace */
  constructor(parts: readonly AdditiveCodebooks[]) {
    const { codebooks, size, dim } = parts[0]!;
    super({
      kind: "rvpq",
      spec: `rvpq:${parts.length}x${codebooks}x${size}`,
      dim: dim * parts.length,
      codebookSizes: Array.from({ length: parts.length * codebooks }, () => size),
      // Another code of the subspace may have the same sum.
      idempotent: false,
      prefixDecodable: false,
    });
    this.#parts = parts;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const n = latents.shape[0];
    const stride = this.codebookSizes.length;
    const searches = (this.#searches ??= this.#parts.map((part) => additiveSearch(part, BEAM)));
    this.#parts.forEach((part, m) => {
      const tile = new Float32Array(n * part.dim);
      gather(latents.data, 0, n, this.dim, m * part.dim, part.dim, tile);
      const codes = new Int32Array(n * part.codebooks);
      searches[m]!.encode(tile, n, codes);
      for (let i = 0, from = 0; i < n; i++) {
        for (let l = 0; l < part.codebooks; l++) {
          out[i * stride + m * part.codebooks + l] = codes[from++]!;
        }
      }
    });
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const [n, stride] = codes.shape;
    this.#parts.forEach(({ codebooks, size, dim, words }, m) => {
      for (let i = 0; i < n; i++) {
        for (let l = 0; l < codebooks; l++) {
          const from = (l * size + codes.data[i * stride + m * codebooks + l]!) * dim;
          for (let d = 0, o = i * this.dim + m * dim; d < dim; d++, o++) {
            out[o] = out[o]! + words[from + d]!;
          }
        }
      }
    });
  }

  protected stateParts() {
    const { codebooks: levels, size, dim: width } = this.#parts[0]!;
    const subspaces = this.#parts.length;
    const data = new Float32Array(subspaces * levels * size * width);
    this.#parts.forEach((part, m) => data.set(part.words, m * part.words.length));
    return {
      config: { dim: this.dim, subspaces, levels, size },
      tensors: { codebook: { data, shape: [subspaces, levels, size, width] } },
    };
  }
}

/** `iterations`: rounds of codes and codebooks in each subspace, 5 where left out. */
export async function fitRvpq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<RvpqQuantizer> {
  const match = /^rvpq:(\d+)x(\d+)x(\d+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const subspaces = parseCount(match[1]!, 4096, spec, GRAMMAR);
  const levels = parseCount(match[2]!, 64, spec, GRAMMAR);
  const size = parseCount(match[3]!, 65536, spec, GRAMMAR);
  checkTableSize(levels, size, spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const width = equalWidths(dim, subspaces, spec)[0]!;
  const total = levels * size;
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 12 * width + 4 * levels,
    fixedBytes: 12 * total * total + 24 * total * width,
  });
  const n = sample.shape[0];
  const rounds = options.iterations ?? 5;
  const parts: AdditiveCodebooks[] = [];
  for (let m = 0; m < subspaces; m++) {
    const rows = new Float32Array(n * width);
    gather(sample.data, 0, n, dim, m * width, width, rows);
    const { words, codes } = await residualStart(rows, n, width, levels, size, options);
    let books = new AdditiveCodebooks(levels, size, width, words);
    let best = books;
    let bestError = books.error(rows, n, codes);
    for (let round = 0; round < rounds; round++) {
      await fitStep(options, `subspace ${m + 1}/${subspaces}`, round, rounds, bestError);
      const solved = leastSquaresCodebooks(rows, n, width, codes, levels, size);
      books = new AdditiveCodebooks(levels, size, width, solved);
      const search = additiveSearch(books, BEAM);
      await search.encodeWith(options.kernels, rows, n, codes, levels, options.signal);
      const error = books.error(rows, n, codes);
      if (error < bestError) {
        best = books;
        bestError = error;
      }
    }
    parts.push(best);
  }
  return new RvpqQuantizer(parts);
}

export const rvpqFamily: QuantizerFamily = {
  kind: "rvpq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("rvpq:"),
  fit: fitRvpq,
  fromState(state: QuantizerState): RvpqQuantizer {
    checkState(state, "rvpq");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const subspaces = stateInteger(state, "subspaces", 1, 4096);
    const levels = stateInteger(state, "levels", 1, 64);
    const size = stateInteger(state, "size", 1, 65536);
    const width = equalWidths(dim, subspaces, "rvpq")[0]!;
    checkTableSize(levels, size, "rvpq");
    const { data } = stateFloats(state, "codebook", [subspaces, levels, size, width]);
    const each = levels * size * width;
    return new RvpqQuantizer(
      Array.from(
        { length: subspaces },
        (_, m) => new AdditiveCodebooks(levels, size, width, data.slice(m * each, (m + 1) * each)),
      ),
    );
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-rvpq",
    name: "RVPQ",
    kind: "rvpq",
    family: "PQ",
    file: "quantizers/rvpq.ts",
    use: "rvpq:8x2x256",
    source: "doi 10.1016/j.eswa.2023.120832",
  },
];
