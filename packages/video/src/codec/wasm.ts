/*
 * The WebAssembly module of assembly/index.ts: compiled once, at the first call.
 */
import { WASM_BASE64 } from "./wasm-bytes.js";

/** The functions of assembly/*.ts. All addresses are byte offsets into `memory`. */
export interface ClipKernels {
  readonly memory: WebAssembly.Memory;
  searchBlocks(params: number): void;
  matchOverlapped(params: number): void;
  searchQuarters(params: number): void;
  padReference(params: number): void;
  compensate(params: number): void;
}

/** An instance whose memory grew beyond this is not kept: WebAssembly memory never shrinks. */
const KEEP_BYTES = 1 << 26;
const PAGE = 65536;

let compiled: WebAssembly.Module | undefined;
let failed = false;
let kept: ClipKernels | undefined;

/** An instance with at least `bytes` of memory; undefined without WebAssembly SIMD, or where it cannot grow. */
export function kernels(bytes: number): ClipKernels | undefined {
  if (compiled === undefined && !failed) {
    try {
      compiled = new WebAssembly.Module(Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0)));
    } catch {
      failed = true;
    }
  }
  if (compiled === undefined) return undefined;
  const own = kept ?? (new WebAssembly.Instance(compiled).exports as unknown as ClipKernels);
  const missing = bytes - own.memory.buffer.byteLength;
  if (missing > 0) {
    try {
      own.memory.grow(Math.ceil(missing / PAGE));
    } catch {
      return undefined;
    }
  }
  kept = own.memory.buffer.byteLength <= KEEP_BYTES ? own : undefined;
  return own;
}

/** Hands out consecutive pieces of memory, 16-byte aligned, each with room to read 32 bytes beyond it. */
export class Layout {
  at = 0;
  take(bytes: number): number {
    const start = this.at;
    this.at += (bytes + 32 + 15) & ~15;
    return start;
  }
}
