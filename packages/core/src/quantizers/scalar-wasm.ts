import { WASM_BASE64 } from "./scalar-wasm-bytes.js";

/** The functions of assembly/scalar.ts. Addresses are byte offsets into `memory`. */
interface ScalarExports {
  readonly memory: WebAssembly.Memory;
  signBits(from: number, count: number, to: number): number;
  cutBits(from: number, count: number, widths: number, cycle: number, to: number): void;
  thresholdIndices(
    from: number,
    rows: number,
    dim: number,
    table: number,
    codebooks: number,
    to: number,
    scratch: number,
  ): number;
  bitValues(
    from: number,
    count: number,
    widths: number,
    cycle: number,
    low: number,
    high: number,
    to: number,
  ): void;
  gatherRows(
    from: number,
    stride: number,
    rows: number,
    divisor: number,
    size: number,
    table: number,
    channels: number,
    to: number,
    outStride: number,
  ): void;
}

/** The kernels with the views that their callers write through. */
export interface ScalarKernels extends ScalarExports {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
}

/** Bytes of one block of latents: input, bit stream and codes of it stay in the nearest cache. */
export const BLOCK_BYTES = 1 << 15;
/** Where the parts of a block lie. */
export const INPUT_AT = 0;
export const STREAM_AT = 1 << 16;
export const CODES_AT = 1 << 17;
export const TABLE_AT = 1 << 18;
export const TABLE_BYTES = 1 << 19;
const PAGES = (TABLE_AT + TABLE_BYTES) >> 16;

let kernels: ScalarKernels | undefined;
let tried = false;

/**
 * The WebAssembly kernels, or undefined where WebAssembly or its SIMD is missing or forbidden (a
 * content security policy without 'wasm-unsafe-eval'): callers then run their TypeScript loops.
 * Compiled at the first call, synchronously: 1 kB takes well under a millisecond.
 */
export function scalarKernels(): ScalarKernels | undefined {
  if (tried) return kernels;
  tried = true;
  try {
    const bytes = Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const own = exports as unknown as ScalarExports;
    own.memory.grow(PAGES);
    kernels = {
      memory: own.memory,
      signBits: own.signBits,
      cutBits: own.cutBits,
      thresholdIndices: own.thresholdIndices,
      bitValues: own.bitValues,
      gatherRows: own.gatherRows,
      floats: new Float32Array(own.memory.buffer),
      ints: new Int32Array(own.memory.buffer),
    };
  } catch {
    kernels = undefined;
  }
  return kernels;
}
