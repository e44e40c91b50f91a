/*
 * When and how codewords are searched in blocks with bounding boxes (assembly/pruned.ts): of up to 16
 * coordinates as they are, of more where the codewords lie near few directions. The codes are those of
 * every other kernel; only the time differs, so what decides here is a guess at it.
 */
import type { Matrix } from "../spec/tensor.js";
import { products } from "./products.js";
import { Layout, isRelaxed } from "./module.js";

const TILE = 64;
const BLOCK = 32;
/** Vectors of up to this many numbers need no basis. */
const MAX_PLAIN_DIM = 16;
/** Fewer codewords are searched as fast one by one. */
const MIN_SIZE = 512;
/** The same with relaxed SIMD, for more numbers than 4, and the share of the time that it takes then. */
const [MIN_RELAXED_SIZE, MIN_RELAXED_DIM, RELAXED_SHARE] = [2048, 5, 0.55];
const halvesTime = (dim: number): boolean => isRelaxed() && dim >= MIN_RELAXED_DIM;
/** Directions of a basis: with the length of the rest they fill registers. */
const DIRECTIONS = 19;
/** Share of the codewords' squared lengths that a basis must hold. */
const MIN_SHARE = 0.9;
/** Share that the span of some codewords must hold before rounds better it. */
const MIN_START = 0.5;
/** Codewords that a basis is found from, and rounds of that. */
const [SAMPLE, ROUNDS] = [1024, 3];
/** Vectors, or multiplications, for which looking for a basis is worth its time. */
const [MIN_BASIS_ROWS, MIN_BASIS_WORK] = [32_768, 2 ** 34];

/** Where everything lies; `ints` and `floats` are what assembly/pruned.ts reads at `params`. */
export interface PrunedLayout {
  readonly kind: "pruned";
  readonly tile: number;
  readonly size: number;
  readonly dim: number;
  readonly pad: number;
  readonly bytes: number;
  readonly params: number;
  readonly mean: number;
  readonly x: number;
  readonly c: number;
  readonly indicesAt: number;
  readonly distancesAt: number;
  /** Directions [width, dim] go here; `packPanels` takes them to `basisPanels`. */
  readonly basis: number;
  readonly basisPanels: number;
  readonly zeroed: readonly (readonly [at: number, bytes: number])[];
  readonly width: number;
  readonly ints: Int32Array;
  /** Vector instructions of comparing one vector with all codewords: where blocks take more, give up. */
  readonly limit: number;
}

/** Layout for a codebook [size, dim] and a basis of `width` directions, or none (0). */
export function prunedLayout(size: number, dim: number, width: number): PrunedLayout {
  const pad = (dim + 3) & ~3;
  const dimY = width === 0 ? dim : width + 1;
  const padY = (dimY + 3) & ~3;
  const blocks = Math.ceil(size / BLOCK / 8) * 8;
  const words = blocks * BLOCK;
  const whole = (width + 7) & ~7;
  const layout = new Layout();
  const params = layout.take(152);
  const mean = layout.take(pad * 4);
  const zeros = layout.take(Math.max(padY, whole) * 4);
  const x = layout.take(TILE * pad * 4);
  const centred = layout.take(width === 0 ? 0 : TILE * dim * 4);
  const basis = layout.take(width * dim * 4);
  const basisPanels = layout.take(whole * dim * 4);
  const turned = layout.take(TILE * whole * 4);
  const y = layout.take(TILE * padY * 4);
  const packed = layout.take(TILE * padY * 2);
  const lengths = layout.take(TILE * 16);
  const state = layout.take(40);
  const norms = layout.take(words * 4);
  const wholeAt = layout.take(words * 4);
  const panels = layout.take(words * padY * 2);
  const boxes = layout.take((blocks / 8) * (padY / 2) * 64);
  const octets = Math.ceil(blocks / 64) * 8;
  const outer = layout.take((octets / 8) * (padY / 2) * 64);
  const bounds = layout.take(octets * 4);
  const c = layout.take(size * pad * 4);
  const order = layout.take(size * 4);
  const query = layout.take(padY * 2);
  const scores = layout.take(BLOCK * 4 + 32);
  const indicesAt = layout.take(TILE * 4);
  const distancesAt = layout.take(TILE * 4);
  const rawY = layout.take(size * padY * 4);
  const sortedY = layout.take(size * padY * 4);
  return {
    kind: "pruned",
    tile: TILE,
    size,
    dim,
    pad,
    bytes: layout.at,
    params,
    mean,
    x,
    c,
    indicesAt,
    distancesAt,
    basis,
    basisPanels,
    zeroed: [[zeros, Math.max(padY, whole) * 4]],
    width,
    ints: Int32Array.of(
      x, dim, pad, mean, centred, width, basisPanels, zeros, turned, y, dimY, padY, zeros, packed,
      lengths, state, norms, wholeAt, panels, size, blocks, boxes, c, order, query, scores,
      indicesAt, distancesAt, rawY, sortedY, outer, bounds,
    ), // prettier-ignore
    // Their steps take less time each than those through blocks.
    limit: (halvesTime(dim) ? RELAXED_SHARE : 1) * 0.65 * (size / 8) * (pad * 2 + 8),
  };
}

/**
 * 19 orthonormal directions (or zeros) [width, dim] that nearly all of the codewords lie along, or undefined
 * where there are none: subspace iteration from rows of the codebook. Any directions give the same codes.
 */
export function findBasis({ data, shape: [size, dim] }: Matrix, mean: Float32Array) {
  const width = DIRECTIONS;
  const rows = Math.min(size, SAMPLE);
  const sample = new Float32Array(rows * dim);
  let energy = 0;
  for (let i = 0; i < rows; i++) {
    const from = Math.floor((i * size) / rows) * dim;
    for (let d = 0; d < dim; d++) {
      const value = data[from + d]! - mean[d]!;
      sample[i * dim + d] = value;
      energy += value * value;
    }
  }
  if (!(energy > 0 && Number.isFinite(energy))) return undefined;
  const turned = new Float32Array(rows * width);
  const basis = new Float32Array(width * dim);
  for (let k = 0; k < width; k++) {
    const from = Math.floor(((k + 0.5) * rows) / width) * dim;
    basis.set(sample.subarray(from, from + dim), k * dim);
  }
  for (let round = 0; round < ROUNDS; round++) {
    orthonormalise(basis, width, dim);
    products(sample, rows, dim, basis, width, turned);
    let seen = 0;
    for (let i = 0; i < turned.length; i++) seen += turned[i]! ** 2;
    // Codewords near few directions lie near the span of any few of them; for noise no round helps.
    if (seen < MIN_START * energy) return undefined;
    if (round + 1 === ROUNDS) return seen >= MIN_SHARE * energy ? basis : undefined;
    const next = new Float64Array(width * dim);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < width; k++) {
        const weight = turned[i * width + k]!;
        for (let d = 0, to = k * dim, from = i * dim; d < dim; d++, to++, from++) {
          next[to]! += weight * sample[from]!;
        }
      }
    }
    const scale = 1 / next.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
    for (let i = 0; i < next.length; i++) basis[i] = next[i]! * scale;
  }
  return undefined;
}

/** Gram-Schmidt, twice, in float64; a row that depends on those before becomes zero. */
function orthonormalise(rows: Float32Array, count: number, dim: number): void {
  const work = Float64Array.from(rows);
  for (let k = 0; k < count; k++) {
    const own = work.subarray(k * dim, (k + 1) * dim);
    const length = (): number => Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    const before = length();
    for (let time = 0; time < 2; time++) {
      for (let j = 0; j < k; j++) {
        let dot = 0;
        for (let d = 0; d < dim; d++) dot += own[d]! * work[j * dim + d]!;
        for (let d = 0; d < dim; d++) own[d]! -= dot * work[j * dim + d]!;
      }
    }
    const after = length();
    const scale = after > 1e-6 * before ? 1 / after : 0;
    for (let d = 0; d < dim; d++) own[d]! *= scale;
  }
  rows.set(work);
}

/** A way through blocks, with the basis that it needs. */
export interface PrunedSearch {
  readonly place: PrunedLayout;
  readonly basis: Float32Array | undefined;
}

/**
 * A way through blocks for `rows` vectors and a codebook; undefined where all codewords are compared as
 * soon.
 */
export function prunedSearch(
  rows: number,
  codebook: Matrix,
  mean: Float32Array,
): PrunedSearch | undefined {
  const [size, dim] = codebook.shape;
  const least = halvesTime(dim) ? MIN_RELAXED_SIZE : MIN_SIZE;
  if (size < least || rows < size / 4) return undefined;
  if (dim <= MAX_PLAIN_DIM) return { place: prunedLayout(size, dim, 0), basis: undefined };
  if (dim < 2 * DIRECTIONS) return undefined;
  if (rows < MIN_BASIS_ROWS && rows * size * dim < MIN_BASIS_WORK) return undefined;
  const basis = findBasis(codebook, mean);
  return basis && { place: prunedLayout(size, dim, DIRECTIONS), basis };
}
