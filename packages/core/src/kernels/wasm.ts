/*
 * Driver of assembly/nearest.ts and, with relaxed SIMD, assembly/relaxed.ts: lays out their memory, feeds them
 * tiles of vectors and chunks of the codebook. Codes and distances are those of kernels/reference.ts, bit for bit.
 */
import type { Kernels, NearestResult } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { checkNearest } from "./check.js";
import { type PrunedSearch, prunedSearch } from "./pruned.js";
import { Layout, instance } from "./module.js";
import { exactDistance, nearestByDefinition } from "./reference.js";

/** Vectors of a tile: with 256 numbers each they take 64 KiB. */
const TILE = 64;
/** Numbers of a chunk of the codebook: 64 MiB, and as much for its panels. */
export const CHUNK_NUMBERS = 1 << 24;
/** Above this |x'| + R, squares might leave float32; such tiles go by the definition. */
export const MAX_REACH = 1e18;
/** A codebook that is wider than a point but of less than this radius goes by the definition too. */
export const MIN_RADIUS = 1e-12;

/** Writes rows [first, end) into `to`, padded by zeros to `pad` numbers each. */
export function copyRows(
  from: Float32Array,
  first: number,
  end: number,
  dim: number,
  pad: number,
  to: Float32Array,
): void {
  if (dim === pad) {
    to.set(from.subarray(first * dim, end * dim));
    return;
  }
  to.fill(0, 0, (end - first) * pad);
  for (let n = first; n < end; n++) {
    to.set(from.subarray(n * dim, (n + 1) * dim), (n - first) * pad);
  }
}

/** Mean of the rows of a codebook. */
export function codebookMean({ data, shape: [rows, dim] }: Matrix): Float32Array {
  const sums = new Float64Array(dim);
  for (let n = 0, i = 0; n < rows; n++) {
    for (let d = 0; d < dim; d++) sums[d]! += data[i++]!;
  }
  return Float32Array.from(sums, (sum) => sum / rows);
}

/**
 * Panels of 8 codewords of which four greatest scores are kept. Larger blocks leave fewer scores to
 * read, smaller ones fewer to take anew: the least sum, in vector instructions.
 */
function blockFor(size: number, pad: number): number {
  let [best, least] = [16, Infinity];
  for (const panels of [2, 4, 8, 16]) {
    const work = (4 * size) / (8 * panels) + panels * (3.5 * pad + 12);
    if (work < least) [best, least] = [panels, work];
  }
  return best;
}

/**
 * Where everything lies in the memory of an instance, for one chunk of a codebook [size, dim]; there is room
 * for what either module makes of it.
 */
export function searchLayout(size: number, dim: number) {
  const pad = (dim + 3) & ~3;
  const panels = 2 * Math.ceil(size / 16);
  const blockPanels = blockFor(size, pad);
  const blocks = Math.ceil(panels / blockPanels);
  const layout = new Layout();
  return {
    tile: TILE,
    size,
    dim,
    pad,
    panels,
    blockPanels,
    mean: layout.take(pad * 4),
    state: layout.take(96),
    x: layout.take(TILE * pad * 4),
    packed: layout.take(TILE * pad * 2),
    lengths: layout.take(TILE * 16),
    bests: layout.take(TILE * 8),
    top: layout.take(TILE * 16),
    indicesAt: layout.take(TILE * 4),
    distancesAt: layout.take(TILE * 4),
    norms: layout.take(panels * 32),
    whole: layout.take(panels * 32),
    maxima: layout.take(TILE * Math.max(blocks * 16, Math.ceil(panels / 16) * 32)),
    c: layout.take(size * pad * 4),
    panelsAt: layout.take(panels * pad * 16),
    bytes: layout.at,
  };
}

/** Vectors of a tile and most columns of a chunk where bytes are multiplied elsewhere: 1 MiB of products. */
const [BYTE_TILE, BYTE_CHUNK] = [128, 1024];

/** The same where something else multiplies bytes. */
export function byteLayout(size: number, dim: number) {
  const pad = (dim + 3) & ~3;
  const chunk = Math.min(BYTE_CHUNK, Math.ceil(size / 32) * 32);
  const columns = Math.ceil(size / chunk) * chunk;
  const layout = new Layout();
  return {
    tile: BYTE_TILE,
    size,
    dim,
    pad,
    chunk,
    columns,
    mean: layout.take(pad * 4),
    state: layout.take(40),
    x: layout.take(BYTE_TILE * pad * 4),
    a: layout.take(BYTE_TILE * dim),
    lengths: layout.take(BYTE_TILE * 16),
    steps: layout.take(BYTE_TILE * 4),
    scratch: layout.take((chunk / 32) * 16),
    bests: layout.take(BYTE_TILE * 8),
    indicesAt: layout.take(BYTE_TILE * 4),
    y: layout.take(BYTE_TILE * chunk * 4),
    scales: layout.take(columns * 4),
    norms: layout.take(columns * 4),
    c: layout.take(size * pad * 4),
    b: layout.take(columns * dim),
    bytes: layout.at,
  };
}

/**
 * Nearest codewords through blocks with bounding boxes, of the first rows or of all: the number of rows
 * that are done. It stops where comparing with all codewords is sooner.
 */
function nearestInBlocks(
  { place, basis }: PrunedSearch,
  mean: Float32Array,
  vectors: Matrix,
  codebook: Matrix,
  { indices, distances }: NearestResult,
): number {
  const [rows, dim] = vectors.shape;
  const { pad, x, indicesAt, distancesAt, params, limit } = place;
  const own = instance(place.bytes);
  const { buffer } = own.memory;
  const floats = new Float32Array(buffer);
  new Int32Array(buffer, params, place.ints.length).set(place.ints);
  for (const [at, bytes] of place.zeroed) new Uint8Array(buffer, at, bytes).fill(0);
  floats.fill(0, place.mean >> 2, (place.mean >> 2) + pad);
  floats.set(mean, place.mean >> 2);
  copyRows(codebook.data, 0, place.size, dim, pad, floats.subarray(place.c >> 2));
  if (basis !== undefined) {
    floats.set(basis, place.basis >> 2);
    own.packPanels(place.basis, place.width, dim, place.basisPanels);
  }
  const radius = own.pruneCodebook(params);
  if (radius !== 0 && !(radius > MIN_RADIUS)) return 0;
  let cost = 0;
  let row = 0;
  for (let seen = 0; row < rows; row += TILE) {
    if (seen >= 256 && cost > limit * seen) return row;
    const count = Math.min(TILE, rows - row);
    copyRows(vectors.data, row, row + count, dim, pad, floats.subarray(x >> 2));
    const spent = own.prunedTile(params, count);
    if (spent < 0) {
      const part = nearestByDefinition(
        { data: vectors.data.subarray(row * dim, (row + count) * dim), shape: [count, dim] },
        codebook,
      );
      indices.set(part.indices, row);
      distances.set(part.distances, row);
      continue;
    }
    cost += spent;
    seen += count;
    indices.set(new Int32Array(buffer, indicesAt, count), row);
    distances.set(new Float32Array(buffer, distancesAt, count), row);
  }
  return rows;
}

function nearestInChunk(vectors: Matrix, codebook: Matrix): NearestResult {
  const [rows, dim] = vectors.shape;
  const size = codebook.shape[0];
  const indices = new Int32Array(rows);
  const distances = new Float32Array(rows);
  const middle = codebookMean(codebook);
  const search = prunedSearch(rows, codebook, middle);
  const done =
    search === undefined
      ? 0
      : nearestInBlocks(search, middle, vectors, codebook, { indices, distances });
  if (done >= rows) return { indices, distances };
  const place = searchLayout(size, dim);
  const { pad, panels, blockPanels, mean, state, x, packed, lengths, bests, top } = place;
  const { norms, whole, maxima, c, panelsAt, indicesAt, distancesAt } = place;
  const own = instance(place.bytes);
  const { buffer } = own.memory;
  const floats = new Float32Array(buffer);
  floats.fill(0, mean >> 2, (mean >> 2) + pad);
  floats.set(middle, mean >> 2);
  copyRows(codebook.data, 0, size, dim, pad, floats.subarray(c >> 2));
  const radius = own.packCodebook(c, size, pad, mean, panelsAt, norms, state);
  if (radius !== 0 && !(radius > MIN_RADIUS)) return nearestByDefinition(vectors, codebook);

  const tileIndices = new Int32Array(buffer, indicesAt, TILE);
  const tileDistances = new Float32Array(buffer, distancesAt, TILE);
  for (let row = done; row < rows; row += TILE) {
    const end = Math.min(rows, row + TILE);
    const count = end - row;
    copyRows(vectors.data, row, end, dim, pad, floats.subarray(x >> 2));
    const longest = own.packVectors(
      x,
      count,
      pad,
      mean,
      packed,
      lengths,
      state,
      norms,
      whole,
      size,
    );
    if (!(radius + longest < MAX_REACH)) {
      const part = nearestByDefinition(
        { data: vectors.data.subarray(row * dim, end * dim), shape: [count, dim] },
        codebook,
      );
      indices.set(part.indices, row);
      distances.set(part.distances, row);
      continue;
    }
    const quads = (count + 3) >> 2;
    own.groupMaxima(packed, quads, pad, panelsAt, whole, panels, blockPanels, maxima, top, state);
    own.finishBlocks(
      x,
      count,
      dim,
      pad,
      lengths,
      packed,
      panelsAt,
      whole,
      panels,
      blockPanels,
      maxima,
      top,
      c,
      size,
      state,
      bests,
      indicesAt,
      distancesAt,
    );
    indices.set(count === TILE ? tileIndices : tileIndices.subarray(0, count), row);
    distances.set(count === TILE ? tileDistances : tileDistances.subarray(0, count), row);
  }
  return { indices, distances };
}

/** Part `b` of the codebook begins at codeword `offset`: where it is nearer, it wins. */
function mergeChunk(
  vectors: Matrix,
  codebook: Matrix,
  a: NearestResult,
  b: NearestResult,
  offset: number,
): void {
  const dim = vectors.shape[1];
  for (let n = 0; n < a.indices.length; n++) {
    if (b.distances[n]! > a.distances[n]!) continue;
    const k = offset + b.indices[n]!;
    // float32 distances may be equal where those of the definition are not.
    const wins =
      b.distances[n]! < a.distances[n]! ||
      exactDistance(vectors.data, n, codebook.data, k, dim) <
        exactDistance(vectors.data, n, codebook.data, a.indices[n]!, dim);
    if (!wins) continue;
    a.indices[n] = k;
    a.distances[n] = b.distances[n]!;
  }
}

/** As `wasmKernels.nearest`, for arguments that are checked already. `chunkNumbers` is for tests. */
export function nearestByWasm(
  vectors: Matrix,
  codebook: Matrix,
  chunkNumbers = CHUNK_NUMBERS,
): NearestResult {
  const [size, dim] = codebook.shape;
  if (vectors.shape[0] === 0) {
    return { indices: new Int32Array(0), distances: new Float32Array(0) };
  }
  const chunk = Math.max(1, Math.floor(chunkNumbers / dim));
  if (size <= chunk) return nearestInChunk(vectors, codebook);
  let result: NearestResult | undefined;
  for (let first = 0; first < size; first += chunk) {
    const end = Math.min(size, first + chunk);
    const part = nearestInChunk(vectors, {
      data: codebook.data.subarray(first * dim, end * dim),
      shape: [end - first, dim],
    });
    if (result === undefined) result = part;
    else mergeChunk(vectors, codebook, result, part, first);
  }
  return result!;
}

/**
 * WebAssembly SIMD kernels, one thread, for Node.js and browsers. Compiled at the first call.
 *
 * @throws MissingError where `hasWasmKernels()` is false
 */
export const wasmKernels: Kernels = {
  name: "wasm-simd",
  nearest(vectors, codebook) {
    checkNearest(vectors, codebook);
    return nearestByWasm(vectors, codebook);
  },
};
