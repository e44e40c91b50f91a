import { MissingError } from "@dtok/core";
import { describeCause } from "../errors.js";
import { createSerialGate } from "../ort/binding.js";
import type { Backend, OrtBinding } from "../ort/binding.js";

export interface WebRuntimeOptions {
  /**
   * "wasm" (default), or "webgpu": used where the browser has an adapter, with WebAssembly as the
   * fallback. WebGPU sums in another order, so a few codes in ten thousand may differ.
   */
  readonly backend?: "wasm" | "webgpu";
  /** Folder (ends in "/") or URLs of ONNX Runtime's .wasm and .mjs files, where a bundler moves them. */
  readonly wasmPaths?: string | { readonly wasm?: string | URL; readonly mjs?: string | URL };
  /**
   * WebAssembly threads, at least 1. More than one needs a cross-origin isolated page. One setting
   * for the whole page, taken when the first model loads. Default: ONNX Runtime's own choice (up to
   * 4) on an isolated page, else 1.
   */
  readonly threads?: number;
}

export interface WebBinding extends OrtBinding {
  readonly env: { readonly wasm: { wasmPaths?: unknown; numThreads?: number } };
}

/** The module itself, or what a CommonJS wrapper puts under `default`. */
export function unwrap(loaded: unknown): WebBinding {
  const module = loaded as WebBinding & { readonly default?: WebBinding };
  return module.InferenceSession === undefined ? (module.default as WebBinding) : module;
}

export function missingWeb(error: unknown): MissingError {
  return new MissingError("onnxruntime-web", {
    expected: "the package onnxruntime-web, version 1.21 or later",
    got: describeCause(error),
    remedy: "Install it: npm install onnxruntime-web",
    cause: error,
  });
}

/** onnxruntime-web holds one WebAssembly instance per page and refuses to be entered twice. */
const gate = createSerialGate();

export function webBackend(binding: WebBinding, options: WebRuntimeOptions, gpu: boolean): Backend {
  const { wasm } = binding.env;
  if (options.wasmPaths !== undefined) wasm.wasmPaths = options.wasmPaths;
  if (options.threads !== undefined) wasm.numThreads = options.threads;
  // Without isolation there is no shared memory; asking for threads would only print a warning.
  else if (globalThis.crossOriginIsolated !== true) wasm.numThreads = 1;
  return {
    name: "web",
    binding,
    providers: gpu ? ["webgpu"] : [],
    fallback: "wasm",
    available: async (provider) => provider === "webgpu" && gpu,
    // An output array that is passed in is copied to the WebAssembly heap, but never back.
    writesInPlace: false,
    gate,
  };
}

/** Whether the browser gives out a WebGPU adapter. */
export async function hasWebGpu(): Promise<boolean> {
  const { gpu } = (globalThis.navigator ?? {}) as {
    gpu?: { requestAdapter(): Promise<unknown> };
  };
  if (gpu === undefined) return false;
  try {
    return (await gpu.requestAdapter()) !== null;
  } catch {
    return false;
  }
}
