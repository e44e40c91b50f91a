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
  pursueShapes(params: number): void;
  addShapes(params: number): void;
}

/** An instance whose memory grew beyond this is not kept: WebAssembly memory never shrinks. */
const KEEP_BYTES = 1 << 26;
const PAGE = 65536;

let compiled: WebAssembly.Module | undefined;
let failed = false;
let kept: ClipKernels | undefined;

function moduleOf(): WebAssembly.Module | undefined {
  if (compiled === undefined && !failed) {
    try {
      compiled = new WebAssembly.Module(Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0)));
    } catch {
      failed = true;
    }
  }
  return compiled;
}

/** Whether an instance has, or now gets, so much memory. */
export function grow({ memory }: ClipKernels, bytes: number): boolean {
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return true;
  try {
    memory.grow(Math.ceil(missing / PAGE));
    return true;
  } catch {
    return false;
  }
}

/** An instance of the caller's own; undefined without WebAssembly SIMD, or where it cannot grow so far. */
export function freshKernels(bytes: number): ClipKernels | undefined {
  const module = moduleOf();
  if (module === undefined) return undefined;
  const own = new WebAssembly.Instance(module).exports as unknown as ClipKernels;
  return grow(own, bytes) ? own : undefined;
}

/** One that all share, each for as long as it does not wait: what was in its memory is gone the next time. */
export function kernels(bytes: number): ClipKernels | undefined {
  const own = kept !== undefined && grow(kept, bytes) ? kept : freshKernels(bytes);
  if (own === undefined) return undefined;
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
