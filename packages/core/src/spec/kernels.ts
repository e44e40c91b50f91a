import type { Matrix } from "./tensor.js";

export interface NearestResult {
  /** Index of the nearest codeword of each vector, length N; ties to the lowest index. */
  readonly indices: Int32Array;
  /** Squared Euclidean distance to it, length N. */
  readonly distances: Float32Array;
}

/** The portable kernels: synchronous, one thread. TypeScript reference and WebAssembly SIMD build agree. */
export interface Kernels {
  readonly name: string;
  /** Vectors [N, D], codebook [K, D] to the nearest codeword of each. */
  nearest(vectors: Matrix, codebook: Matrix): NearestResult;
}

/**
 * A search that the WebAssembly module of core makes tile by tile (`PqQuantizer`, `RvqQuantizer`, … build
 * it): for kernels of core's own making.
 */
export interface TilePlan {
  /** Plans of equal ids are the same: a thread prepares it once. */
  readonly id: number;
  /** Memory in bytes. */
  readonly bytes: number;
  /** Most vectors of a tile; numbers of a vector; codes of one. */
  readonly tile: number;
  readonly dim: number;
  readonly width: number;
  /** Where the tile's vectors and codes lie, in bytes. */
  readonly x: number;
  readonly codes: number;
  readonly data: readonly (readonly [
    at: number,
    values: Float32Array | Float64Array | Int32Array,
  ])[];
  /** Calls that come first, once: name and arguments. */
  readonly prepare: readonly (readonly [name: string, ...args: number[]])[];
  /** Calls for each tile: name and first argument; the second is the number of vectors. */
  readonly run: readonly (readonly [name: string, at: number])[];
}

/** Kernels that may use threads or an accelerator. */
export interface AsyncKernels {
  readonly name: string;
  nearest(vectors: Matrix, codebook: Matrix, signal?: AbortSignal): Promise<NearestResult>;
  /**
   * The same, and takes each vector's codeword off it, in place (float32): a level of residual
   * quantization. Absent where it would be no faster than doing so afterwards. Vectors in shared memory
   * (`workFloats`) are not copied.
   */
  takeOff?(vectors: Matrix, codebook: Matrix, signal?: AbortSignal): Promise<NearestResult>;
  /**
   * Codes of vectors [N, D] into `out` [N, width] by a plan, on all threads. Vectors are checked already.
   * A code of -1 is left to the caller: squares may leave float32 there.
   */
  runPlan?(plan: TilePlan, vectors: Matrix, out: Int32Array, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
