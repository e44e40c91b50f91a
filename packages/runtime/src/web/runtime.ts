import type { ModelRuntime } from "@dtok/core";
import { OrtRuntime } from "../ort/runtime.js";
import { hasWebGpu, missingWeb, unwrap, webBackend } from "./backend.js";
import type { WebRuntimeOptions } from "./backend.js";

/**
 * A runtime over onnxruntime-web for pages and workers.
 *
 * @throws MissingError where the package is not installed
 */
export async function createWebRuntime(options: WebRuntimeOptions = {}): Promise<ModelRuntime> {
  const gpu = options.backend === "webgpu" && (await hasWebGpu());
  let loaded: unknown;
  try {
    loaded = gpu ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  } catch (error) {
    throw missingWeb(error);
  }
  return new OrtRuntime(webBackend(unwrap(loaded), options, gpu));
}
