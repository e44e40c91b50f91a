import { MissingError, isDtokError } from "@dtok/core";
import type { ModelRuntime } from "@dtok/core";
import { describeCause } from "../errors.js";
import { openGate } from "../ort/binding.js";
import type { Backend, OrtBinding } from "../ort/binding.js";
import { OrtRuntime } from "../ort/runtime.js";
import type { WebRuntimeOptions } from "../web/backend.js";
import { createWebRuntime } from "./web-runtime.js";

interface NodeBinding extends OrtBinding {
  listSupportedBackends?(): { readonly name: string; readonly bundled: boolean }[];
}

/**
 * A runtime over onnxruntime-node (native code, all processor cores; `run` blocks the event loop
 * while it computes).
 *
 * @throws MissingError where the package is not installed or its native part does not start
 */
export async function createNodeRuntime(): Promise<ModelRuntime> {
  return new OrtRuntime(nodeBackend(await importNodeBinding()));
}

/**
 * The fastest runtime that is installed: onnxruntime-node, else onnxruntime-web's WebAssembly build.
 *
 * @param options used where the choice falls on onnxruntime-web
 * @throws MissingError where neither is installed
 */
export async function createRuntime(options: WebRuntimeOptions = {}): Promise<ModelRuntime> {
  try {
    return await createNodeRuntime();
  } catch (error) {
    if (!isDtokError(error) || error.code !== "missing") throw error;
    try {
      return await createWebRuntime(options);
    } catch {
      // What is missing is best told by the first choice's error, which names both packages.
      throw error;
    }
  }
}

async function importNodeBinding(): Promise<NodeBinding> {
  try {
    const module = (await import("onnxruntime-node")) as unknown as NodeBinding & {
      readonly default?: NodeBinding;
    };
    return module.InferenceSession === undefined ? (module.default as NodeBinding) : module;
  } catch (error) {
    throw new MissingError("onnxruntime-node", {
      expected: "the package onnxruntime-node, version 1.21 or later",
      got: describeCause(error),
      remedy:
        "Install it (npm install onnxruntime-node), or onnxruntime-web as the slower fallback.",
      cause: error,
    });
  }
}

function nodeBackend(binding: NodeBinding): Backend {
  return {
    name: "node",
    binding,
    providers: [],
    fallback: "cpu",
    // "Not bundled" (cuda, tensorrt) means that its library was never installed: asking would throw.
    available: async (provider) =>
      binding.listSupportedBackends?.().some((b) => b.name === provider && b.bundled) ?? false,
    writesInPlace: true,
    gate: openGate,
  };
}
