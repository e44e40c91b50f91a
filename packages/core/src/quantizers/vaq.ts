/*
 * Variance-aware quantization. Paparrizos, Edian, Liu, Elmore, Franklin: "Fast Adaptive Similarity
 * Search through Variance-Aware Quantization", ICDE 2022 (doi 10.1109/ICDE53745.2022.00268): rotate
 * to principal directions, cut into subspaces of falling variance, and give subspace m b_m bits,
 *
 *   min Σ_m D_m(b_m)  subject to  Σ b_m = B,  1 <= b_m <= 13
 *
 * The paper solves a mixed integer program over explained variances. Here D_m is the distortion of a
 * Gaussian of d = D/M dimensions at b bits, d (Π λ)^(1/d) 2^(-2 b / d): it is convex in b, so giving
 * one bit after another to where it helps most reaches the optimum.
 */
import {
  type DistanceTables,
  type TableQuantizer,
  productTables,
  productTablesOfCodes,
} from "../search/tables.js";
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { BaseQuantizer } from "./base.js";
import { checkCodes } from "./checks.js";
import { sampleVectors, sourceDim } from "./fit-sample.js";
import { checkRotation } from "./opq.js";
import {
  checkState,
  parseCount,
  specError,
  stateError,
  stateFloats,
  stateInteger,
  stateIntegers,
} from "./parse.js";
import { checkIterations } from "./pq.js";
import { ProductCodebook, equalWidths, fitProduct, rotate, rotateBack } from "./product.js";
import { principal } from "./spectral.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "vaq:<codebooks>x<K>, K = 2^bits on average";
const MIN_BITS = 1;
const MAX_BITS = 13;

/**
 * Bits of each subspace, their sum `total`, each in [min, max]; ties to the first subspace.
 *
 * @param variances of the directions, one subspace after the other; [M * width]
 */
export function allocateBits(
  variances: ArrayLike<number>,
  codebooks: number,
  total: number,
  min = MIN_BITS,
  max = MAX_BITS,
): number[] {
  const width = variances.length / codebooks;
  const bits = Array.from({ length: codebooks }, () => min);
  const scale = bits.map((_, m) => {
    let log = 0;
    for (let d = 0; d < width; d++) {
      log += Math.log(Math.max(variances[m * width + d]!, Number.MIN_VALUE));
    }
    return Math.exp(log / width);
  });
  for (let left = total - codebooks * min; left > 0; left--) {
    // What one more bit saves falls by the same factor each time: 2^(-2 b / d).
    let best = -1;
    let bestGain = -1;
    for (let m = 0; m < codebooks; m++) {
      const gain = scale[m]! * 2 ** ((-2 * bits[m]!) / width);
      if (bits[m]! < max && gain > bestGain) {
        best = m;
        bestGain = gain;
      }
    }
    bits[best] = bits[best]! + 1;
  }
  return bits;
}

interface Parts {
  readonly mean: Float32Array;
  readonly rotation: Float32Array;
  readonly product: ProductCodebook;
}

/** Product quantizer with unequal codebooks behind a principal rotation: latents [N, D] to [N, M]. */
export class VaqQuantizer extends BaseQuantizer implements TableQuantizer {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const { product } = parts;
    const bits = product.sizes.reduce((sum, size) => sum + Math.log2(size), 0);
    super({
      kind: "vaq",
      spec: `vaq:${product.sizes.length}x${2 ** Math.round(bits / product.sizes.length)}`,
      dim: product.dim,
      codebookSizes: product.sizes,
      idempotent: false,
      prefixDecodable: false,
    });
    this.#parts = parts;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const { product, rotation, mean } = this.#parts;
    const rows = latents.shape[0];
    const rotated = rotate(latents.data, rows, rotation, this.dim, mean);
    product.encode(rotated, rows, out, this.codebookSizes.length);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { product, rotation, mean } = this.#parts;
    const rows = codes.shape[0];
    product.decode(codes.data, rows, out, this.codebookSizes.length);
    out.set(rotateBack(out, rows, rotation, this.dim, mean));
  }

  distanceTables(queries: Matrix): DistanceTables {
    const { product, rotation, mean } = this.#parts;
    const rows = this.check(queries);
    return productTables(product, rotate(queries.data, rows, rotation, this.dim, mean), rows);
  }

  distanceTablesOfCodes(codes: Codes): DistanceTables {
    checkCodes(codes, this.codebookSizes);
    return productTablesOfCodes(this.#parts.product, codes);
  }

  protected stateParts() {
    const { product, rotation, mean } = this.#parts;
    const tensors: Record<string, { data: Float32Array; shape: number[] }> = {
      mean: { data: mean, shape: [this.dim] },
      rotation: { data: rotation, shape: [this.dim, this.dim] },
    };
    product.parts.forEach(({ words, size, width }, m) => {
      tensors[`codebook.${m}`] = { data: words, shape: [size, width] };
    });
    const bits = product.sizes.map((size) => Math.log2(size));
    return { config: { dim: this.dim, bits }, tensors };
  }
}

function parse(spec: string): { codebooks: number; bits: number } {
  const match = /^vaq:(\d+)x(\d+)$/.exec(spec);
  if (match === null) throw specError(spec, GRAMMAR);
  const codebooks = parseCount(match[1]!, 4096, spec, GRAMMAR);
  const bits = Math.log2(parseCount(match[2]!, 2 ** MAX_BITS, spec, GRAMMAR));
  if (!Number.isInteger(bits) || bits < MIN_BITS) {
    throw new ArgumentError(`quantizer ${spec}`, {
      expected: `K that is a power of two from 2 to ${2 ** MAX_BITS}`,
      got: match[2]!,
      remedy: "The budget is M log2(K) bits, dealt out among the codebooks.",
    });
  }
  return { codebooks, bits };
}

/** Fits to a budget of M log2(K) bits; `iterations`: Lloyd's, 25 where left out. */
export async function fitVaq(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<VaqQuantizer> {
  const { codebooks, bits } = parse(spec);
  checkIterations(options);
  const dim = sourceDim(vectors);
  const widths = equalWidths(dim, codebooks, spec);
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: 2 ** bits,
    bytesPerSample: 8 * dim,
    fixedBytes: 12 * 2 ** MAX_BITS * dim + 40 * dim * dim,
  });
  const n = sample.shape[0];
  const { mean, variances, directions } = principal(sample.data, n, dim);
  const sizes = allocateBits(variances, codebooks, codebooks * bits).map((b) => 2 ** b);
  const [rotation, middle] = [Float32Array.from(directions), Float32Array.from(mean)];
  const rotated = rotate(sample.data, n, rotation, dim, middle);
  const product = await fitProduct(rotated, n, widths, sizes, options);
  return new VaqQuantizer({ mean: middle, rotation, product });
}

export const vaqFamily: QuantizerFamily = {
  kind: "vaq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("vaq:"),
  fit: fitVaq,
  fromState(state: QuantizerState): VaqQuantizer {
    checkState(state, "vaq");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const bits = stateIntegers(state, "bits", MIN_BITS, MAX_BITS);
    const total = bits.reduce((a, b) => a + b, 0);
    if (dim % bits.length !== 0 || total % bits.length !== 0) {
      throw stateError(state, "bits that add up to a multiple of the number of codebooks", bits);
    }
    const width = dim / bits.length;
    const words = bits.map((b, m) => stateFloats(state, `codebook.${m}`, [2 ** b, width]).data);
    const rotation = stateFloats(state, "rotation", [dim, dim]).data;
    checkRotation(rotation, dim, state);
    return new VaqQuantizer({
      mean: stateFloats(state, "mean", [dim]).data,
      rotation,
      product: new ProductCodebook(
        bits.map(() => width),
        words,
      ),
    });
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-vaq",
    name: "VAQ",
    kind: "vaq",
    family: "PQ",
    file: "quantizers/vaq.ts",
    use: "vaq:16x256",
    source: "doi 10.1109/ICDE53745.2022.00268",
  },
];
