import type { Codes } from "./codes.js";
import type { AsyncKernels } from "./kernels.js";
import type { Matrix, Tensor } from "./tensor.js";

/** Everything that a quantizer is, as plain data: JSON config and named tensors (one safetensors file). */
export interface QuantizerState {
  readonly kind: string;
  /** Version of this kind's state layout; a reader refuses a newer one. */
  readonly version: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

export interface DequantizeOptions {
  /** Decode from the first `levels` codebooks only; where `prefixDecodable`. Default: the codes' own width. */
  readonly levels?: number;
}

export interface AsyncOptions {
  /** Faster matrix products (threads, ONNX Runtime, …). Default: the portable single-thread kernels. */
  readonly kernels?: AsyncKernels;
  readonly signal?: AbortSignal;
}

/** Maps vectors to codes and codes to vectors. Immutable; made by `fit…`, from a state, or from code. */
export interface Quantizer {
  /** Technique id, as in the table of techniques: "vq", "rvq", "fsq", … */
  readonly kind: string;
  /** Canonical spec string, such as `rvq:8x1024`. */
  readonly spec: string;
  /** D, the width of the vectors. */
  readonly dim: number;
  /** Entries of each codebook, length Q; each at most 2^31. */
  readonly codebookSizes: readonly number[];
  /** True where `quantize(dequantize(c)) = c` is a law of this quantizer. */
  readonly idempotent: boolean;
  /** True where the first q codebooks alone decode to an approximation, for every q. */
  readonly prefixDecodable: boolean;
  /** Latents [N, D] to codes [N, Q]. Ties go to the lowest index. Non-finite input is a typed error. */
  quantize(latents: Matrix): Codes;
  /** The same codes, by faster kernels and without blocking for long. */
  quantizeAsync(latents: Matrix, options?: AsyncOptions): Promise<Codes>;
  /** Codes [N, Q] to vectors [N, D]. Codes out of range are a typed error. */
  dequantize(codes: Codes, options?: DequantizeOptions): Matrix;
  toState(): QuantizerState;
}

/** Vectors to fit on: one matrix, or chunks that are read anew for each pass (may exceed memory). */
export type VectorSource = Matrix | VectorStream;

export interface VectorStream {
  /** D of every chunk. */
  readonly dim: number;
  /** Number of vectors, where known. */
  readonly count?: number;
  /**
   * A fresh pass over the chunks, each [n, D]. With `reuse` a chunk is read only until the next is asked
   * for, so that a source may write all into the same memory; it need not.
   */
  chunks(options?: { readonly reuse?: boolean }): AsyncIterable<Matrix> | Iterable<Matrix>;
}

export interface FitProgress {
  /** What is under way, e.g. "level 3/8". */
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  /** Mean squared error per vector where known. */
  readonly error?: number;
}

export interface FitOptions {
  /** Same seed, same data, same thread count: the same quantizer, bit for bit. Default 0. */
  readonly seed?: number;
  /** Passes of Lloyd's algorithm or of the family's outer loop. */
  readonly iterations?: number;
  readonly init?: "kmeans++" | "random" | "uniform";
  /** Fit on at most this many vectors, sampled uniformly (reservoir). Default 256 per codeword, at least 65,536. */
  readonly maxSamples?: number;
  /** Bytes that fitting may hold beyond the source; the sample shrinks to obey. */
  readonly maxBytes?: number;
  readonly kernels?: AsyncKernels;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * One technique as a value: how its spec string reads, how it is fitted, how a state loads.
 * Registries are lists of these; importing one registers nothing.
 */
export interface QuantizerFamily {
  readonly kind: string;
  /** Grammar of the spec, for help texts: "rvq:<levels>x<K>". */
  readonly grammar: string;
  /** True if `spec` belongs to this family. */
  matches(spec: string): boolean;
  /** Families that need no fitting (FSQ, LFQ, BSQ, random projection with a given dim). */
  create?(spec: string, options?: { readonly dim?: number; readonly seed?: number }): Quantizer;
  fit?(spec: string, vectors: VectorSource, options?: FitOptions): Promise<Quantizer>;
  /** From an existing codebook array: [K, D], [M, K, D] or [M, K, D/M] as the family says. */
  fromCodebook?(spec: string, codebook: Tensor<Float32Array>): Quantizer;
  fromState(state: QuantizerState): Quantizer;
}
