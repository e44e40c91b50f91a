import { MissingError } from "@dtok/core";
import type { ModelRuntime } from "@dtok/core";
import { describeCause } from "../errors.js";
import { openGate } from "../ort/binding.js";
import type { Backend, OrtBinding } from "../ort/binding.js";
import { OrtRuntime } from "../ort/runtime.js";

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
      remedy: "Install it (npm install onnxruntime-node), or onnxruntime-web as the slower fallback.",
      cause: error,
    });
  }
}

function nodeBackend(binding: NodeBinding): Backend {
  return {
    name: "node",
    binding,
    fallback: "cpu",
    // "Not bundled" (cuda, tensorrt) means that its library was never installed: asking would throw.
    available: async (provider) =>
      binding.listSupportedBackends?.().some((b) => b.name === provider && b.bundled) ?? false,
    writesInPlace: true,
    gate: openGate,
  };
}
