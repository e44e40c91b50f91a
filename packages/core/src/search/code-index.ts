import { ArgumentError, MismatchError } from "../errors/index.js";
import { checkCodes, checkInteger } from "../quantizers/checks.js";
import type { Codes } from "../spec/codes.js";
import type { Matrix } from "../spec/tensor.js";
import type { DistanceTables, TableQuantizer } from "./tables.js";

/** Vectors whose distances are summed before the best are picked. */
const TILE = 1024;

export interface SearchResult {
  /** Positions in the index, nearest first, [queries, k]; ties to the lowest position. */
  readonly indices: Int32Array;
  /** Squared distances to the decoded vectors, [queries, k]. */
  readonly distances: Float32Array;
  readonly shape: readonly [queries: number, k: number];
}

/**
 * Exact search on codes: every stored code is scanned by table look-ups. Codes of codebooks up to
 * 256 words are kept in one byte each, larger ones in two or four.
 */
export class CodeIndex {
  readonly quantizer: TableQuantizer;
  /** Vectors in the index. */
  readonly count: number;
  /** [M, count]: the codes of one codebook side by side. */
  readonly #codes: readonly (Uint8Array | Uint16Array | Int32Array)[];
  readonly #norms: Float32Array | undefined;

  /** @param codes [N, M] of `quantizer` */
  constructor(quantizer: TableQuantizer, codes: Codes) {
    const count = checkCodes(codes, quantizer.codebookSizes);
    const width = quantizer.codebookSizes.length;
    this.quantizer = quantizer;
    this.count = count;
    this.#codes = quantizer.codebookSizes.map((size, m) => {
      const column =
        size <= 256
          ? new Uint8Array(count)
          : size <= 65536
            ? new Uint16Array(count)
            : new Int32Array(count);
      for (let n = 0; n < count; n++) column[n] = codes.data[n * width + m]!;
      return column;
    });
    this.#norms = quantizer.codeNorms?.(codes);
  }

  /** The k nearest decoded vectors of each query [n, D]: asymmetric distances, exact. */
  search(queries: Matrix, k: number): SearchResult {
    checkNeighbours(k, this.count);
    // A few queries at a time: tables of many queries would outgrow memory.
    const [n, dim] = [queries.shape[0], this.quantizer.dim];
    const out = emptyResult(n, k);
    const step = 64;
    if (n === 0) this.quantizer.distanceTables(queries);
    for (let first = 0; first < n; first += step) {
      const rows = Math.min(step, n - first);
      // The first part is checked with the whole matrix's shape, so that errors name it.
      const part: Matrix =
        n <= step
          ? queries
          : {
              data: queries.data.subarray(first * dim, (first + rows) * dim),
              shape: [rows, queries.shape[1]],
            };
      this.#scan(this.quantizer.distanceTables(part), k, out, first);
    }
    return out;
  }

  /** The k nearest of each query that is itself a code [n, M]: symmetric distances. */
  searchCodes(queries: Codes, k: number): SearchResult {
    checkNeighbours(k, this.count);
    const n = checkCodes(queries, this.quantizer.codebookSizes, { what: "query codes" });
    const width = queries.shape[1];
    const out = emptyResult(n, k);
    const step = 64;
    for (let first = 0; first < n; first += step) {
      const rows = Math.min(step, n - first);
      const part: Codes = {
        data: queries.data.subarray(first * width, (first + rows) * width),
        shape: [rows, width],
      };
      this.#scan(this.quantizer.distanceTablesOfCodes(part), k, out, first);
    }
    return out;
  }

  /** Distances [queries, count] of all stored vectors: for few queries, or for checks. */
  distances(tables: DistanceTables): Float32Array {
    checkTables(tables, this.quantizer);
    const out = new Float32Array(tables.queries * this.count);
    const tile = new Float64Array(TILE);
    for (let q = 0; q < tables.queries; q++) {
      for (let first = 0; first < this.count; first += TILE) {
        const n = Math.min(TILE, this.count - first);
        this.#sum(tables, q, first, n, tile);
        for (let i = 0; i < n; i++) out[q * this.count + first + i] = tile[i]!;
      }
    }
    return out;
  }

  #sum(tables: DistanceTables, q: number, first: number, n: number, out: Float64Array): void {
    const { data, sizes } = tables;
    let base = (data.length / tables.queries) * q;
    const norms = tables.norms ? this.#norms : undefined;
    const bias = tables.bias[q]!;
    if (norms === undefined) out.fill(bias, 0, n);
    else for (let i = 0; i < n; i++) out[i] = bias + norms[first + i]!;
    let m = 0;
    // Four codebooks in one pass: a quarter of the loads and stores of the sums.
    for (; m + 4 <= sizes.length; m += 4) {
      const c0 = this.#codes[m]!;
      const c1 = this.#codes[m + 1]!;
      const c2 = this.#codes[m + 2]!;
      const c3 = this.#codes[m + 3]!;
      const b0 = base;
      const b1 = b0 + sizes[m]!;
      const b2 = b1 + sizes[m + 1]!;
      const b3 = b2 + sizes[m + 2]!;
      base = b3 + sizes[m + 3]!;
      for (let i = 0, j = first; i < n; i++, j++) {
        out[i] =
          out[i]! +
          data[b0 + c0[j]!]! +
          data[b1 + c1[j]!]! +
          data[b2 + c2[j]!]! +
          data[b3 + c3[j]!]!;
      }
    }
    for (; m < sizes.length; m++) {
      const c = this.#codes[m]!;
      for (let i = 0, j = first; i < n; i++, j++) out[i] = out[i]! + data[base + c[j]!]!;
      base += sizes[m]!;
    }
  }

  #scan(tables: DistanceTables, k: number, out: SearchResult, row: number): void {
    const tile = new Float64Array(TILE);
    const best = new TopK(k);
    for (let q = 0; q < tables.queries; q++) {
      best.clear();
      for (let first = 0; first < this.count; first += TILE) {
        const n = Math.min(TILE, this.count - first);
        this.#sum(tables, q, first, n, tile);
        let worst = best.worst;
        for (let i = 0; i < n; i++) {
          if (tile[i]! < worst || first + i < k) worst = best.push(tile[i]!, first + i);
        }
      }
      best.write(out.indices, out.distances, (row + q) * k);
    }
  }
}

/** The k smallest of a sequence that comes in order of index: a binary heap, the worst on top. */
class TopK {
  readonly #values: Float64Array;
  readonly #indices: Int32Array;
  #size = 0;

  constructor(readonly k: number) {
    this.#values = new Float64Array(k);
    this.#indices = new Int32Array(k);
  }

  /** What a value has to be below to enter. */
  get worst(): number {
    return this.#size < this.k ? Infinity : this.#values[0]!;
  }

  clear(): void {
    this.#size = 0;
  }

  push(value: number, index: number): number {
    const [values, indices] = [this.#values, this.#indices];
    let at = 0;
    if (this.#size < this.k) {
      at = this.#size++;
      for (let up = (at - 1) >> 1; at > 0 && this.#above(value, index, up); up = (at - 1) >> 1) {
        values[at] = values[up]!;
        indices[at] = indices[up]!;
        at = up;
      }
    } else {
      for (let child = 1; child < this.#size; child = 2 * at + 1) {
        if (child + 1 < this.#size && this.#above(values[child + 1]!, indices[child + 1]!, child)) {
          child++;
        }
        if (this.#above(value, index, child)) break;
        values[at] = values[child]!;
        indices[at] = indices[child]!;
        at = child;
      }
    }
    values[at] = value;
    indices[at] = index;
    return this.worst;
  }

  /** True if (value, index) is worse than, or the same as, the entry at `place`. */
  #above(value: number, index: number, place: number): boolean {
    const other = this.#values[place]!;
    return value > other || (value === other && index >= this.#indices[place]!);
  }

  write(indices: Int32Array, distances: Float32Array, at: number): void {
    const order = Array.from({ length: this.#size }, (_, i) => i).sort(
      (a, b) => this.#values[a]! - this.#values[b]! || this.#indices[a]! - this.#indices[b]!,
    );
    for (let i = 0; i < order.length; i++) {
      indices[at + i] = this.#indices[order[i]!]!;
      distances[at + i] = this.#values[order[i]!]!;
    }
  }
}

function emptyResult(n: number, k: number): SearchResult {
  return {
    indices: new Int32Array(n * k),
    distances: new Float32Array(n * k),
    shape: [n, k],
  };
}

function checkNeighbours(k: number, count: number): void {
  if (count === 0) {
    throw new ArgumentError("CodeIndex.search", {
      expected: "an index with at least one vector",
      got: "an empty one",
      remedy: "Build the index from the codes of the collection.",
    });
  }
  checkInteger(k, 1, count, "k, the number of neighbours");
}

function checkTables(tables: DistanceTables, quantizer: TableQuantizer): void {
  const { sizes } = tables;
  if (
    sizes.length !== quantizer.codebookSizes.length ||
    sizes.some((s, m) => s !== quantizer.codebookSizes[m])
  ) {
    throw new MismatchError("distance tables", {
      expected: `codebooks of ${quantizer.codebookSizes.join(", ")} words`,
      got: sizes.join(", "),
      remedy: "Make the tables by this index's quantizer.",
    });
  }
}
