import type { ModelRuntime } from "@dtok/core";
import { OrtRuntime } from "../ort/runtime.js";
import { missingWeb, unwrap, webBackend } from "../web/backend.js";
import type { WebRuntimeOptions } from "../web/backend.js";

/**
 * onnxruntime-web's WebAssembly build inside Node.js: no native code, several times slower.
 * `backend: "webgpu"` falls back to WebAssembly here.
 *
 * @throws MissingError where the package is not installed
 */
export async function createWebRuntime(options: WebRuntimeOptions = {}): Promise<ModelRuntime> {
  let loaded: unknown;
  try {
    // The main entry: it alone has a build for Node.js.
    loaded = await import("onnxruntime-web");
  } catch (error) {
    throw missingWeb(error);
  }
  return new OrtRuntime(webBackend(unwrap(loaded), options, false));
}
