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
  close(): Promise<void>;
}
