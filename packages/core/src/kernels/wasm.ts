/*
 * Driver of assembly/nearest.ts: lays out its memory, feeds it tiles of vectors and chunks of the
 * codebook. Codes and distances are those of kernels/reference.ts, bit for bit.
 */
import { MissingError } from "../errors/index.js";
import type { Kernels, NearestResult } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { checkNearest } from "./check.js";
import { WASM_BASE64 } from "./nearest-wasm-bytes.js";
import { exactDistance, nearestByDefinition } from "./reference.js";

/** The functions of assembly/nearest.ts, and what is called by name of assembly/additive.ts. All addresses are byte offsets into `memory`. */
interface NearestExports {
  readonly memory: WebAssembly.Memory;
  packCodebook(
    c: number,
    size: number,
    pad: number,
    mean: number,
    panels: number,
    norms: number,
    state: number,
  ): number;
  packVectors(
    x: number,
    rows: number,
    pad: number,
    mean: number,
    packed: number,
    lengths: number,
    state: number,
    norms: number,
    whole: number,
    size: number,
  ): number;
  centreVectors(
    x: number,
    rows: number,
    dim: number,
    pad: number,
    mean: number,
    to: number,
    width: number,
    lengths: number,
  ): number;
  groupMaxima(
    packed: number,
    quads: number,
    pad: number,
    panels: number,
    whole: number,
    panelCount: number,
    blockPanels: number,
    maxima: number,
    top: number,
  ): void;
  finishBlocks(
    x: number,
    rows: number,
    dim: number,
    pad: number,
    lengths: number,
    packed: number,
    panels: number,
    whole: number,
    panelCount: number,
    blockPanels: number,
    maxima: number,
    top: number,
    c: number,
    size: number,
    state: number,
    bests: number,
    indices: number,
    distances: number,
  ): void;
  packByteCodebook(
    c: number,
    size: number,
    dim: number,
    pad: number,
    mean: number,
    columns: number,
    chunk: number,
    b: number,
    scales: number,
    norms: number,
    state: number,
  ): number;
  packBytes(
    x: number,
    rows: number,
    dim: number,
    pad: number,
    mean: number,
    a: number,
    lengths: number,
    steps: number,
    state: number,
  ): number;
  pruneCodebook(params: number): number;
  prunedTile(params: number, rows: number): number;
  packPanels(words: number, total: number, dim: number, panels: number): void;
  products(
    x: number,
    rows: number,
    dim: number,
    panels: number,
    total: number,
    bias: number,
    factor: number,
    out: number,
  ): void;
  finishBytes(
    x: number,
    rows: number,
    dim: number,
    pad: number,
    lengths: number,
    steps: number,
    y: number,
    first: number,
    chunk: number,
    norms: number,
    c: number,
    radius: number,
    scratch: number,
    bests: number,
    indices: number,
  ): void;
  finish(
    x: number,
    rows: number,
    dim: number,
    pad: number,
    lengths: number,
    minima: number,
    groups: number,
    c: number,
    size: number,
    radius: number,
    lanes: number,
    span: number,
    stride: number,
    count: number,
    scratch: number,
    indices: number,
    distances: number,
  ): void;
}

/** Vectors of a tile: with 256 numbers each they take 64 KiB. */
const TILE = 64;
/** Numbers of a chunk of the codebook: 64 MiB, and as much for its panels. */
export const CHUNK_NUMBERS = 1 << 24;
/** An instance whose memory grew beyond this is not kept: WebAssembly memory never shrinks. */
const KEEP_BYTES = 1 << 26;
const PAGE = 65536;
/** Above this |x'| + R, squares might leave float32; such tiles go by the definition. */
export const MAX_REACH = 1e18;
/** A codebook that is wider than a point but of less than this radius goes by the definition too. */
export const MIN_RADIUS = 1e-12;

let compiled: WebAssembly.Module | undefined;
let failed = false;
let kept: NearestExports | undefined;

/** The compiled module, or undefined without WebAssembly SIMD (or where a policy forbids it). */
export function nearestModule(): WebAssembly.Module | undefined {
  if (compiled !== undefined || failed) return compiled;
  try {
    compiled = new WebAssembly.Module(Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0)));
  } catch {
    failed = true;
  }
  return compiled;
}

/** Whether this engine runs the WebAssembly kernels. */
export function hasWasmKernels(): boolean {
  return nearestModule() !== undefined;
}

/** An instance with at least `bytes` of memory; a fresh one is the caller's alone. */
export function instance(bytes: number, fresh = false): NearestExports {
  const module = nearestModule();
  if (module === undefined) {
    throw new MissingError("WebAssembly kernels", {
      expected: "an engine with WebAssembly SIMD, and a policy that allows 'wasm-unsafe-eval'",
      got: "none",
      remedy: "Use referenceKernels.",
    });
  }
  const shared = fresh ? undefined : kept;
  const own = shared ?? (new WebAssembly.Instance(module).exports as unknown as NearestExports);
  const missing = bytes - own.memory.buffer.byteLength;
  if (missing > 0) own.memory.grow(Math.ceil(missing / PAGE));
  if (fresh) return own;
  if (own.memory.buffer.byteLength <= KEEP_BYTES) kept = own;
  else if (kept === own) kept = undefined;
  return own;
}

/** Hands out consecutive pieces of memory, 16-byte aligned. */
export class Layout {
  at = 0;
  take(bytes: number): number {
    const start = this.at;
    this.at += (bytes + 15) & ~15;
    return start;
  }
}

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
  for (const panels of [1, 2, 4, 8, 16]) {
    const work = (4 * size) / (8 * panels) + panels * (3.5 * pad + 12);
    if (work < least) [best, least] = [panels, work];
  }
  return best;
}

/** Where everything lies in the memory of an instance, for one chunk of a codebook [size, dim]. */
export function searchLayout(size: number, dim: number) {
  const pad = (dim + 3) & ~3;
  const panels = (size + 7) >> 3;
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
    state: layout.take(40),
    x: layout.take(TILE * pad * 4),
    packed: layout.take(TILE * pad * 2),
    lengths: layout.take(TILE * 16),
    bests: layout.take(TILE * 8),
    top: layout.take(TILE * 16),
    indicesAt: layout.take(TILE * 4),
    distancesAt: layout.take(TILE * 4),
    norms: layout.take(panels * 32),
    whole: layout.take(panels * 32),
    maxima: layout.take(TILE * blocks * 16),
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

function nearestInChunk(vectors: Matrix, codebook: Matrix): NearestResult {
  const [rows, dim] = vectors.shape;
  const size = codebook.shape[0];
  const place = searchLayout(size, dim);
  const { pad, panels, blockPanels, mean, state, x, packed, lengths, bests, top } = place;
  const { norms, whole, maxima, c, panelsAt, indicesAt, distancesAt } = place;
  const own = instance(place.bytes);
  const { buffer } = own.memory;
  const floats = new Float32Array(buffer);
  floats.fill(0, mean >> 2, (mean >> 2) + pad);
  floats.set(codebookMean(codebook), mean >> 2);
  copyRows(codebook.data, 0, size, dim, pad, floats.subarray(c >> 2));
  const radius = own.packCodebook(c, size, pad, mean, panelsAt, norms, state);
  if (radius !== 0 && !(radius > MIN_RADIUS)) return nearestByDefinition(vectors, codebook);

  const indices = new Int32Array(rows);
  const distances = new Float32Array(rows);
  const tileIndices = new Int32Array(buffer, indicesAt, TILE);
  const tileDistances = new Float32Array(buffer, distancesAt, TILE);
  for (let row = 0; row < rows; row += TILE) {
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
    own.groupMaxima(packed, quads, pad, panelsAt, whole, panels, blockPanels, maxima, top);
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
