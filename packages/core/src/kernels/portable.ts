import type { Kernels, NearestResult } from "../spec/kernels.js";
import type { Matrix } from "../spec/tensor.js";
import { referenceKernels } from "./reference.js";
import { hasWasmKernels } from "./module.js";
import { wasmKernels } from "./wasm.js";

/** The fastest synchronous kernels of this engine. */
export function portableKernels(): Kernels {
  return hasWasmKernels() ? wasmKernels : referenceKernels;
}

/**
 * Nearest codeword of each vector [N, D] in a codebook [K, D] by squared Euclidean distance; of
 * equally near ones the first. Codes do not depend on the kernels that ran.
 */
export function nearest(vectors: Matrix, codebook: Matrix): NearestResult {
  return portableKernels().nearest(vectors, codebook);
}

/**
 * Zeros that threads can work on without a copy: in shared memory where the engine has it (a browser
 * must isolate the page), else ordinary ones.
 */
export function workFloats(length: number): Float32Array {
  return typeof SharedArrayBuffer === "undefined"
    ? new Float32Array(length)
    : new Float32Array(new SharedArrayBuffer(length * 4));
}
