/*
 * The WebAssembly module of assembly/index.ts: compiled once, at the first call.
 */
import { MissingError } from "../errors/index.js";
import { WASM_BASE64 as RELAXED_BASE64 } from "./nearest-relaxed-wasm-bytes.js";
import { WASM_BASE64 } from "./nearest-wasm-bytes.js";

/** The functions of assembly/nearest.ts (of assembly/relaxed.ts with relaxed SIMD), and what is called by name of assembly/additive.ts. All addresses are byte offsets into `memory`. */
export interface NearestExports {
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
    state: number,
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
  narrowGaps(x: number, rows: number, pad: number, pick: number, gaps: number): number;
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

/** An instance whose memory grew beyond this is not kept: WebAssembly memory never shrinks. */
const KEEP_BYTES = 1 << 26;
const PAGE = 65536;

type Kind = "relaxed" | "plain";
const BYTES: Readonly<Record<Kind, string>> = { relaxed: RELAXED_BASE64, plain: WASM_BASE64 };

const modules = new Map<Kind, WebAssembly.Module>();
let used: Kind | undefined;
let failed = false;
let kept: NearestExports | undefined;

/**
 * Uses the module of this kind from now on, if the engine compiles it.
 *
 * @param around calls `compile`, for an engine that has relaxed SIMD behind a switch
 * @returns whether it does
 */
export function useModule(
  kind: Kind,
  around = (compile: () => WebAssembly.Module): WebAssembly.Module => compile(),
): boolean {
  if (used === kind) return true;
  try {
    if (!modules.has(kind)) {
      const bytes = Uint8Array.from(atob(BYTES[kind]), (c) => c.charCodeAt(0));
      modules.set(
        kind,
        around(() => new WebAssembly.Module(bytes)),
      );
    }
    used = kind;
    kept = undefined;
    return true;
  } catch {
    return false;
  }
}

function chosen(): Kind | undefined {
  if (used === undefined && !failed) failed = !useModule("relaxed") && !useModule("plain");
  return used;
}

/**
 * The compiled module, or undefined without WebAssembly SIMD (or where a policy forbids it): with
 * relaxed SIMD that of assembly/relaxed.ts, twice as fast. The codes are the same.
 */
export function nearestModule(): WebAssembly.Module | undefined {
  const kind = chosen();
  return kind && modules.get(kind);
}

/** Whether it is the one with relaxed SIMD. */
export function isRelaxed(): boolean {
  return chosen() === "relaxed";
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
