import { MissingError } from "@dtok/core";
import type { ModelRuntime, SessionOptions } from "@dtok/core";
import { BaseRuntime, commonOptions } from "./base.js";
import type { OrtModule } from "./tensors.js";

export interface WebRuntimeOptions {
  /**
   * "wasm" (default), or "webgpu": used where the browser has an adapter, with WebAssembly as the
   * fallback. WebGPU sums in another order, so a few codes in ten thousand may differ.
   */
  readonly backend?: "wasm" | "webgpu";
  /** Folder (ends in "/") or URLs of ONNX Runtime's .wasm and .mjs files, where a bundler moves them. */
  readonly wasmPaths?: string | { readonly wasm?: string; readonly mjs?: string };
  /** WebAssembly threads; more than one needs a cross-origin isolated page. Default: the runtime's choice. */
  readonly threads?: number;
}

interface WebModule extends OrtModule {
  readonly env: {
    readonly wasm: { wasmPaths?: unknown; numThreads?: number; proxy?: boolean };
    logLevel?: string;
  };
}

class WebRuntime extends BaseRuntime {
  override readonly name = "web";

  constructor(
    ort: OrtModule,
    private readonly gpu: boolean,
  ) {
    super(ort);
  }

  protected override async ortOptions(options: SessionOptions) {
    const common = commonOptions(options);
    const wanted = options.providers ?? (this.gpu ? ["webgpu"] : []);
    const usable = wanted.filter(
      (provider) => provider !== "wasm" && (provider !== "webgpu" || this.gpu),
    );
    return [...usable, "wasm"].map((provider) => ({ ...common, executionProviders: [provider] }));
  }
}

async function hasGpu(): Promise<boolean> {
  const { gpu } = (globalThis.navigator ?? {}) as {
    gpu?: { requestAdapter(): Promise<unknown> };
  };
  if (!gpu) return false;
  try {
    return (await gpu.requestAdapter()) !== null;
  } catch {
    return false;
  }
}

/** A runtime over onnxruntime-web: browsers, workers, and Node.js without a native build. */
export async function createWebRuntime(options: WebRuntimeOptions = {}): Promise<ModelRuntime> {
  const gpu = options.backend === "webgpu" && (await hasGpu());
  let loaded: unknown;
  try {
    loaded = gpu ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  } catch (error) {
    throw new MissingError("ONNX Runtime", {
      expected: "the package onnxruntime-web",
      got: (error as Error).message,
      remedy: "Run: npm install onnxruntime-web",
      cause: error,
    });
  }
  const module = loaded as { default?: WebModule } & WebModule;
  const ort = module.InferenceSession ? module : (module.default as WebModule);
  const { wasm } = ort.env;
  if (options.wasmPaths !== undefined) wasm.wasmPaths = options.wasmPaths;
  if (options.threads !== undefined) wasm.numThreads = options.threads;
  // Without isolation there is no shared memory; asking for threads only prints a warning.
  else if (globalThis.crossOriginIsolated === false) wasm.numThreads = 1;
  return new WebRuntime(ort, gpu);
}

/** In browsers: onnxruntime-web. */
export async function createRuntime(options: WebRuntimeOptions = {}): Promise<ModelRuntime> {
  return createWebRuntime(options);
}
