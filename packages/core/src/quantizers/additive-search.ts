/*
 * Codes of vectors by additive codebooks: WebAssembly with the whole search of a tile in one call, on
 * threads where there are kernels that have them, else the same arithmetic in TypeScript.
 */
import { Layout, hasWasmKernels } from "../kernels/module.js";
import { MAX_PLAN_BYTES, MAX_THREAD_BYTES, PlanRunner, tilePlan } from "../kernels/tile-plan.js";
import type { AsyncKernels, TilePlan } from "../spec/kernels.js";
import type { FitOptions } from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { fitStep } from "./fit-sample.js";
import { type AdditiveCodebooks, MAX_WORDS, exponentOf } from "./additive.js";

/** Unary terms of a tile: 512 KiB of the second-level cache. */
const TILE_TERMS = 1 << 17;
const MAX_TILE = 64;
/** The WebAssembly search looks for equal paths one by one. */
const MAX_WASM_BEAM = 64;
/** Vectors of magnitudes beyond this many words are shrunk: float32 would keep only their direction. */
const FAR = 2 ** 50;

/** Vectors between two reports of progress. */
const FIT_SLICE = 1024;

/** How codes are searched for. */
export interface AdditiveMethod {
  /** Level by level; any codebook next; that, and iterated local search after it. */
  readonly kind: "residual" | "additive" | "local";
  /** Paths that are kept. */
  readonly beam: number;
  /** Rounds of local search, and a number that its random changes depend on. */
  readonly rounds?: number;
  readonly salt?: number;
}

/** One vector's code: from its unary terms at `unaryAt` into out[at…]; `row` is the vector as it came. */
export type PlainSearch = (
  unary: Float32Array,
  unaryAt: number,
  row: Float32Array,
  out: Int32Array,
  at: number,
) => void;

/** Search by one method, for as many vectors as come. */
export class AdditiveSearch {
  readonly #books: AdditiveCodebooks;
  readonly #method: AdditiveMethod;
  readonly #makePlain: (books: AdditiveCodebooks) => PlainSearch;
  #plain: PlainSearch | undefined;
  #plan: TilePlan | null | undefined;
  #runner: PlanRunner | undefined;

  /** @param plain the method in TypeScript, for codebooks near 1 (`AdditiveCodebooks.normal`) */
  constructor(
    books: AdditiveCodebooks,
    method: AdditiveMethod,
    plain: (books: AdditiveCodebooks) => PlainSearch,
  ) {
    this.#books = books;
    this.#method = method;
    this.#makePlain = plain;
  }

  /** Codes of rows [count, D] into out [count, stride]. */
  encode(rows: Float32Array, count: number, out: Int32Array, stride = this.#books.codebooks): void {
    const { codebooks } = this.#books;
    const plan = (this.#plan ??= hasWasmKernels() ? additivePlan(this.#books, this.#method) : null);
    if (plan === null) {
      this.encodePlainly(rows, count, out, stride);
      return;
    }
    this.#runner ??= new PlanRunner(plan);
    const codes = stride === codebooks ? out : new Int32Array(count * codebooks);
    this.#runner.run(rows, 0, count, codes);
    if (codes !== out) spread(codes, count, codebooks, out, stride);
  }

  /** The same on the threads of `kernels`, where they run plans and the tables are not too large. */
  async encodeWith(
    kernels: AsyncKernels | undefined,
    rows: Float32Array,
    count: number,
    out: Int32Array,
    stride = this.#books.codebooks,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!this.runsOn(kernels, count)) {
      this.encode(rows, count, out, stride);
      return;
    }
    const { codebooks, dim } = this.#books;
    const codes = stride === codebooks ? out : new Int32Array(count * codebooks);
    const vectors = { data: rows.subarray(0, count * dim), shape: [count, dim] as const };
    await kernels!.runPlan!(this.#plan!, vectors, codes, signal);
    if (codes !== out) spread(codes, count, codebooks, out, stride);
  }

  /** True if `kernels` can run this search of `count` vectors on their threads. */
  runsOn(kernels: AsyncKernels | undefined, count: number): boolean {
    if (kernels?.runPlan === undefined || count < 2 * MAX_TILE) return false;
    const plan = (this.#plan ??= hasWasmKernels() ? additivePlan(this.#books, this.#method) : null);
    return plan !== null && plan.bytes <= MAX_THREAD_BYTES;
  }

  /** The same codes in TypeScript. */
  encodePlainly(
    rows: Float32Array,
    count: number,
    out: Int32Array,
    stride = this.#books.codebooks,
  ): void {
    const { books, scale } = this.#books.normal;
    const plain = (this.#plain ??= this.#makePlain(books));
    const { dim, total } = books;
    const tile = Math.min(MAX_TILE, count);
    const scaled = new Float32Array(tile * dim);
    const unary = new Float32Array(tile * total);
    for (let first = 0; first < count; first += tile) {
      const n = Math.min(tile, count - first);
      for (let i = 0; i < n; i++) {
        let most = 0;
        const from = (first + i) * dim;
        for (let d = 0; d < dim; d++) {
          const value = rows[from + d]! * scale;
          most = Math.max(most, Math.abs(value));
          scaled[i * dim + d] = value;
        }
        if (most <= FAR) continue;
        const by = scale * 2 ** (50 - exponentOf(most));
        for (let d = 0; d < dim; d++) scaled[i * dim + d] = rows[from + d]! * by;
      }
      books.unary(scaled, 0, n, unary);
      for (let i = 0; i < n; i++) {
        const row = rows.subarray((first + i) * dim, (first + i + 1) * dim);
        plain(unary, i * total, row, out, (first + i) * stride);
      }
    }
  }
}

/** Codes of a fit's sample [n, D] into codes [n, M], with progress between slices. */
export async function encodeInSteps(
  search: AdditiveSearch,
  { data, shape: [rows, dim] }: Matrix,
  codes: Int32Array,
  width: number,
  options: FitOptions,
  error: number,
): Promise<void> {
  const { kernels, signal } = options;
  if (search.runsOn(kernels, rows)) {
    await search.encodeWith(kernels, data, rows, codes, width, signal);
    return;
  }
  for (let first = 0; first < rows; first += FIT_SLICE) {
    const n = Math.min(FIT_SLICE, rows - first);
    const part = data.subarray(first * dim, (first + n) * dim);
    search.encode(part, n, codes.subarray(first * width, (first + n) * width));
    await fitStep(options, "codes", first, rows, error);
  }
}

function spread(codes: Int32Array, count: number, width: number, out: Int32Array, stride: number) {
  for (let i = 0; i < count; i++) {
    for (let m = 0; m < width; m++) out[i * stride + m] = codes[i * width + m]!;
  }
}

/** The plan of assembly/additive.ts, or null where it would not fit. */
function additivePlan(all: AdditiveCodebooks, method: AdditiveMethod): TilePlan | null {
  const { books, scale } = all.normal;
  const { codebooks, size, dim, words } = books;
  const { kind, beam, rounds = 0, salt = 0 } = method;
  const padded = (size + 3) & ~3;
  const total = codebooks * padded;
  const whole = (total + 7) & ~7;
  const hasPairs = kind !== "residual" || codebooks * size <= MAX_WORDS;
  if (kind !== "residual" && beam > MAX_WASM_BEAM) return null;
  const tile = Math.max(4, Math.min(MAX_TILE, (TILE_TERMS / whole) & ~3));
  // Blocks of 16 words are read, also behind the last one.
  const slack = 64;
  const scratch =
    kind === "residual"
      ? 8 * beam * codebooks + 12 * beam + 4 * codebooks + 4 * dim + slack
      : 8 * beam * total + 16 * beam * codebooks + 4 * beam + 16 * codebooks + 4 * padded + slack;
  const bytes =
    4 * whole * (2 * dim + 2) + (hasPairs ? 4 * total * whole : 0) + 4 * tile * (2 * dim + whole);
  if (bytes + scratch > MAX_PLAN_BYTES) return null;
  const layout = new Layout();
  const params = layout.take(80);
  const place = {
    words: layout.take(total * dim * 4),
    panels: layout.take(whole * dim * 4),
    norms: layout.take(whole * 4),
    zeros: layout.take(whole * 4),
    pairs: hasPairs ? layout.take(total * whole * 4 + slack) : 0,
    x: layout.take(tile * dim * 4),
    scaled: layout.take(tile * dim * 4),
    unary: layout.take(tile * whole * 4 + slack),
    codes: layout.take(tile * codebooks * 4),
    scratch: layout.take(scratch),
  };
  const spaced = new Float32Array(total * dim);
  const norms = new Float32Array(whole).fill(1e38);
  for (let m = 0; m < codebooks; m++) {
    const part = words.subarray(m * size * dim, (m + 1) * size * dim);
    spaced.set(part, m * padded * dim);
    norms.set(books.norms.subarray(m * size, (m + 1) * size), m * padded);
  }
  const ints = Int32Array.of(
    place.x, dim, codebooks, padded, total, place.panels, place.norms, place.pairs, place.unary,
    place.codes, beam, place.scratch, rounds, salt, place.words, place.scaled, codebooks, size,
  ); // prettier-ignore
  return tilePlan({
    bytes: layout.at,
    tile,
    dim,
    width: codebooks,
    x: place.x,
    codes: place.codes,
    data: [
      [params, ints],
      [params + 72, Float64Array.of(scale)],
      [place.words, spaced],
      [place.norms, norms],
      [place.zeros, new Float32Array(whole)],
    ],
    prepare: [
      ["packPanels", place.words, total, dim, place.panels],
      ...(hasPairs ? [["pairTable", params, place.zeros] as const] : []),
    ],
    run: [
      [
        kind === "residual" ? "beamTile" : kind === "additive" ? "additiveTile" : "localSearchTile",
        params,
      ],
    ],
  });
}
