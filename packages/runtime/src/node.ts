import { MissingError } from "@dtok/core";
import type { ModelRuntime, SessionOptions } from "@dtok/core";
import { BaseRuntime, commonOptions } from "./base.js";
import type { OrtModule } from "./tensors.js";
import { createWebRuntime } from "./web.js";

class NodeRuntime extends BaseRuntime {
  override readonly name = "node";

  constructor(ort: OrtModule) {
    super(ort);
  }

  protected override async ortOptions(options: SessionOptions) {
    const common = commonOptions(options);
    const wanted = (options.providers ?? []).filter((provider) => provider !== "cpu");
    return [...wanted, "cpu"].map((provider) => ({ ...common, executionProviders: [provider] }));
  }
}

/** A runtime over onnxruntime-node. Throws MissingError where the package is not installed. */
export async function createNodeRuntime(): Promise<ModelRuntime> {
  let ort: unknown;
  try {
    ort = await import("onnxruntime-node");
  } catch (error) {
    throw new MissingError("ONNX Runtime", {
      expected: "the package onnxruntime-node",
      got: (error as Error).message,
      remedy: "Run: npm install onnxruntime-node (or onnxruntime-web, which is slower).",
      cause: error,
    });
  }
  const module = ort as { default?: OrtModule } & OrtModule;
  return new NodeRuntime(module.InferenceSession ? module : (module.default as OrtModule));
}

/** The fastest runtime that is installed: onnxruntime-node, else onnxruntime-web's WebAssembly build. */
export async function createRuntime(): Promise<ModelRuntime> {
  try {
    return await createNodeRuntime();
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    try {
      return await createWebRuntime();
    } catch {
      throw error;
    }
  }
}
