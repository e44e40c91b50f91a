/*
 * Optimized product quantization. Ge, He, Ke, Sun: "Optimized Product Quantization", CVPR 2013 and
 * IEEE TPAMI 36 (2014), doi 10.1109/TPAMI.2013.240. Cartesian k-means (Norouzi, Fleet, CVPR 2013)
 * minimises the same objective:
 *
 *   min over R orthogonal, codebooks, codes of Σ |R x - ŷ|²
 *
 * Parametric start (section 4.2, eigenvalue allocation): the principal directions are dealt to the M
 * subspaces, largest variance first, each to the subspace of smallest product of variances that has
 * room. Then, non-parametric (section 3.1): one Lloyd step on R x, and R from orthogonal Procrustes,
 * in turns; neither raises the error. R keeps distances, so search on codes works as for PQ.
 */
import {
  type DistanceTables,
  type TableQuantizer,
  productTables,
  productTablesOfCodes,
} from "../search/tables.js";
import type { Codes } from "../spec/codes.js";
import type {
  AsyncOptions,
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { ArgumentError } from "../errors/index.js";
import { BaseQuantizer } from "./base.js";
import { checkCodes } from "./checks.js";
import { fitStep, sampleVectors, sourceDim } from "./fit-sample.js";
import { checkState, specError, stateError, stateFloats } from "./parse.js";
import { checkIterations, joinWords, parseProduct, productState, splitCodebook } from "./pq.js";
import {
  ProductCodebook,
  equalWidths,
  fitProduct,
  gather,
  moveWords,
  rotate,
  rotateBack,
} from "./product.js";
import { identity, principal, procrustes } from "./spectral.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "opq:<codebooks>x<K> or opq+pq:<codebooks>x<K>";
/** Lloyd rounds before the rotation starts to move, so that it follows sensible words. */
const WARM_UP = 4;

export interface OpqFitOptions extends FitOptions {
  /**
   * "nonparametric" (default): alternate rotation and codebooks, from the parametric rotation;
   * "parametric": eigenvalue allocation, then codebooks only.
   */
  readonly rotation?: "nonparametric" | "parametric";
}

/** Product quantizer behind a rotation: latents [N, D] to codes [N, M]. */
export class OpqQuantizer extends BaseQuantizer implements TableQuantizer {
  /** R [D, D], orthogonal, applied as R x. */
  readonly rotation: Float32Array;
  readonly #product: ProductCodebook;

  constructor(rotation: Float32Array, product: ProductCodebook) {
    super({
      kind: "opq",
      spec: `opq:${product.sizes.length}x${product.sizes[0]}`,
      dim: product.dim,
      codebookSizes: product.sizes,
      // Rotating back and forth rounds: two words may lie closer than that.
      idempotent: false,
      prefixDecodable: false,
    });
    this.rotation = rotation;
    this.#product = product;
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    const rows = latents.shape[0];
    const rotated = rotate(latents.data, rows, this.rotation, this.dim);
    this.#product.encode(rotated, rows, out, this.codebookSizes.length);
  }

  override async quantizeAsync(latents: Matrix, options: AsyncOptions = {}): Promise<Codes> {
    const { kernels, signal } = options;
    if (kernels === undefined) return super.quantizeAsync(latents, options);
    signal?.throwIfAborted();
    const rows = this.check(latents);
    const width = this.codebookSizes.length;
    const data = new Int32Array(rows * width);
    await this.#product.encodeWith(kernels, latents.data, rows, data, signal, this.rotation);
    return { data, shape: [rows, width] };
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const rows = codes.shape[0];
    this.#product.decode(codes.data, rows, out, this.codebookSizes.length);
    out.set(rotateBack(out, rows, this.rotation, this.dim));
  }

  distanceTables(queries: Matrix): DistanceTables {
    const rows = this.check(queries);
    const rotated = rotate(queries.data, rows, this.rotation, this.dim);
    return productTables(this.#product, rotated, rows);
  }

  distanceTablesOfCodes(codes: Codes): DistanceTables {
    checkCodes(codes, this.codebookSizes);
    return productTablesOfCodes(this.#product, codes);
  }

  protected stateParts() {
    const [codebooks, size] = [this.codebookSizes.length, this.codebookSizes[0]!];
    return {
      config: { dim: this.dim, codebooks, size },
      tensors: {
        rotation: { data: this.rotation, shape: [this.dim, this.dim] },
        codebook: {
          data: joinWords(this.#product),
          shape: [codebooks, size, this.dim / codebooks],
        },
      },
    };
  }
}

/** Deals directions of falling variance to subspaces: the new order of the directions. */
export function allocateEigenvalues(variances: Float64Array, codebooks: number): number[] {
  const width = variances.length / codebooks;
  const buckets: number[][] = Array.from({ length: codebooks }, () => []);
  const logs = new Float64Array(codebooks);
  const floor = variances[0]! * 1e-12 || Number.MIN_VALUE;
  for (let d = 0; d < variances.length; d++) {
    let best = -1;
    for (let m = 0; m < codebooks; m++) {
      if (buckets[m]!.length < width && (best < 0 || logs[m]! < logs[best]!)) best = m;
    }
    buckets[best]!.push(d);
    // Relative to the floor, so that logarithms are not negative and every direction counts.
    logs[best] = logs[best]! + Math.log(Math.max(variances[d]!, floor) / floor);
  }
  return buckets.flat();
}

/** R of the parametric solution for rows [n, D]. */
export function parametricRotation(
  rows: Float32Array,
  n: number,
  dim: number,
  codebooks: number,
): Float32Array {
  const { variances, directions } = principal(rows, n, dim);
  const out = new Float32Array(dim * dim);
  allocateEigenvalues(variances, codebooks).forEach((from, to) => {
    for (let d = 0; d < dim; d++) out[to * dim + d] = directions[from * dim + d]!;
  });
  return out;
}

/** Rotation and codebooks for rows [n, D]; the parametric start if `start` is left out. */
export async function fitRotated(
  rows: Float32Array,
  n: number,
  widths: readonly number[],
  sizes: readonly number[],
  options: OpqFitOptions,
  start?: { readonly rotation: Float32Array; readonly product?: ProductCodebook },
): Promise<{ rotation: Float32Array; product: ProductCodebook }> {
  const dim = widths.reduce((a, b) => a + b, 0);
  const width = widths.length;
  let rotation = start?.rotation ?? parametricRotation(rows, n, dim, width);
  let rotated = rotate(rows, n, rotation, dim);
  const parametric = options.rotation === "parametric";
  let product = await fitProduct(
    rotated,
    n,
    widths,
    sizes,
    parametric ? options : { ...options, iterations: WARM_UP },
    start?.product,
  );
  if (parametric) return { rotation, product };
  const rounds = options.iterations ?? 25;
  const codes = new Int32Array(n * width);
  const basis = identity(dim);
  for (let round = 0; round < rounds; round++) {
    if (options.kernels === undefined) product.encode(rotated, n, codes, width);
    else await product.encodeWith(options.kernels, rotated, n, codes, options.signal);
    const decoded = new Float32Array(n * dim);
    product.decode(codes, n, decoded, width);
    let error = 0;
    for (let i = 0; i < decoded.length; i++) error += (rotated[i]! - decoded[i]!) ** 2;
    await fitStep(options, "rotation and codebooks", round, rounds, error / n);
    // A = Σ ŷ xᵀ.
    const a = new Float64Array(dim * dim);
    for (let i = 0; i < n; i++) {
      for (let r = 0; r < dim; r++) {
        const v = decoded[i * dim + r]!;
        for (let d = 0, o = r * dim, x = i * dim; d < dim; d++, o++, x++) {
          a[o] = a[o]! + v * rows[x]!;
        }
      }
    }
    rotation = Float32Array.from(procrustes(a, dim, basis));
    rotated = rotate(rows, n, rotation, dim);
    for (let m = 0; m < width; m++) {
      const { start: from, width: w, size, words } = product.parts[m]!;
      const tile = new Float32Array(n * w);
      gather(rotated, 0, n, dim, from, w, tile);
      moveWords(tile, n, w, words, size, codes, width, m);
    }
    product = new ProductCodebook(
      widths,
      product.parts.map((part) => part.words),
    );
  }
  return { rotation, product };
}

function parse(spec: string): [number, number] {
  const body = /^opq(?:\+pq)?:(.*)$/s.exec(spec)?.[1];
  if (body === undefined) throw specError(spec, GRAMMAR);
  return parseProduct(body, spec, GRAMMAR);
}

/** Fits rotation and codebooks; `iterations`: rounds of both, 25 where left out. */
export async function fitOpq(
  spec: string,
  vectors: VectorSource,
  options: OpqFitOptions = {},
): Promise<OpqQuantizer> {
  const [codebooks, size] = parse(spec);
  if (
    options.rotation !== undefined &&
    !["nonparametric", "parametric"].includes(options.rotation)
  ) {
    throw new ArgumentError("rotation", {
      expected: '"nonparametric" or "parametric"',
      got: String(options.rotation),
      remedy: "Leave it out for the non-parametric solution.",
    });
  }
  checkIterations(options);
  const dim = sourceDim(vectors);
  const widths = equalWidths(dim, codebooks, spec);
  const sample = await sampleVectors(vectors, {
    ...options,
    codewords: size,
    bytesPerSample: 12 * dim + 4 * codebooks,
    fixedBytes: 12 * size * dim + 40 * dim * dim,
  });
  const sizes = widths.map(() => size);
  const fitted = await fitRotated(sample.data, sample.shape[0], widths, sizes, options);
  return new OpqQuantizer(fitted.rotation, fitted.product);
}

/** Refuses a rotation that is not orthogonal to within rounding of float32. */
export function checkRotation(rotation: Float32Array, dim: number, state: QuantizerState): void {
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = i === j ? -1 : 0;
      for (let d = 0; d < dim; d++) dot += rotation[i * dim + d]! * rotation[j * dim + d]!;
      if (Math.abs(dot) > 1e-3)
        throw stateError(state, "an orthogonal rotation", `rows ${j}, ${i}`);
    }
  }
}

export const opqFamily: QuantizerFamily = {
  kind: "opq",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("opq:") || spec.startsWith("opq+pq:"),
  fit: fitOpq,
  /** Codebooks [M, K, D/M] without a rotation: that of the identity. */
  fromCodebook(spec, codebook): OpqQuantizer {
    const [codebooks, size] = parse(spec);
    const { words, width } = splitCodebook(codebook, codebooks, size, spec);
    const dim = width * codebooks;
    return new OpqQuantizer(
      Float32Array.from(identity(dim)),
      new ProductCodebook(equalWidths(dim, codebooks, spec), words),
    );
  },
  fromState(state: QuantizerState): OpqQuantizer {
    checkState(state, "opq");
    const { codebooks, dim, words } = productState(state);
    const widths = equalWidths(dim, codebooks, "opq");
    const rotation = stateFloats(state, "rotation", [dim, dim]).data;
    checkRotation(rotation, dim, state);
    return new OpqQuantizer(rotation, new ProductCodebook(widths, words));
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-opq",
    name: "OPQ",
    kind: "opq",
    family: "PQ",
    file: "quantizers/opq.ts",
    use: "opq:16x256 or opq+pq:16x256",
    source: "doi 10.1109/TPAMI.2013.240, sections 3.1 and 4.2",
  },
  {
    id: "t-ckm",
    name: "CKM (Cartesian k-means)",
    kind: "opq",
    family: "PQ",
    file: "quantizers/opq.ts",
    use: "opq:16x256",
    source: "doi 10.1109/CVPR.2013.388; the objective of non-parametric OPQ",
  },
];
