/*
 * Distance tables for search on codes. Jégou, Douze, Schmid (doi 10.1109/TPAMI.2010.57), section
 * III-A: the squared distance between a query and a decoded vector is a sum of table entries, one
 * per codebook. Asymmetric (ADC): the query is a vector, the distance to the decoded vector is exact.
 * Symmetric (SDC): the query is a code too.
 *
 * For additive codes x̂ = Σ c_m the inner products between codebooks remain (Babenko and Lempitsky,
 * CVPR 2014, section 3.3): |q - x̂|² = |q|² - 2 Σ q·c_m + |x̂|², with |x̂|² kept for each vector.
 */
import type { Codes } from "../spec/codes.js";
import type { Quantizer } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import type { ProductCodebook } from "../quantizers/product.js";

/** distance(q, n) = bias[q] + Σ_m data[q, offset_m + code_nm] (+ norm[n] where `norms`). */
export interface DistanceTables {
  /** Number of queries. */
  readonly queries: number;
  /** Entries of each codebook, length M. */
  readonly sizes: readonly number[];
  /** [queries, ΣK_m]. */
  readonly data: Float32Array;
  /** [queries]. */
  readonly bias: Float64Array;
  /** True if |x̂|² of each stored vector has to be added (`codeNorms` of the quantizer). */
  readonly norms: boolean;
}

/** A quantizer whose codes can be searched by tables. */
export interface TableQuantizer extends Quantizer {
  distanceTables(queries: Matrix): DistanceTables;
  distanceTablesOfCodes(codes: Codes): DistanceTables;
  /** |x̂|² of each code, where the tables want it. */
  codeNorms?(codes: Codes): Float32Array;
}

/** Tables of a product of codebooks for rows [n, D]. */
export function productTables(
  product: ProductCodebook,
  rows: Float32Array,
  n: number,
): DistanceTables {
  const { total } = product;
  const data = new Float32Array(n * total);
  for (let i = 0; i < n; i++) product.distances(rows, i * product.dim, data, i * total);
  return { queries: n, sizes: product.sizes, data, bias: new Float64Array(n), norms: false };
}

/** Tables between words: the queries are codes [n, M]. */
export function productTablesOfCodes(product: ProductCodebook, codes: Codes): DistanceTables {
  const [n, width] = codes.shape;
  const decoded = new Float32Array(n * product.dim);
  product.decode(codes.data, n, decoded, width);
  return productTables(product, decoded, n);
}
