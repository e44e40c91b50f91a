import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
import type { MotionCodec } from "./codec/motion-codec.js";
import { pluginOf } from "./plugins.js";
import type { MotionTokenizerName } from "./plugins.js";

export interface LoadMotionOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** URL of the folder of the model's files, ending in "/". Default: this package's copy. */
  readonly baseUrl?: string | URL;
}

// Written out, so that bundlers find each file and ship it as an asset.
const FILES: Readonly<Record<string, Readonly<Record<string, () => URL>>>> = {
  "human-vq": {
    encoder: () => new URL("../models/human-vq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/human-vq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/human-vq/codebooks.safetensors", import.meta.url),
  },
  "human-rvq": {
    encoder: () => new URL("../models/human-rvq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/human-rvq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/human-rvq/codebooks.safetensors", import.meta.url),
  },
  "bodies-rvq": {
    encoder: () => new URL("../models/bodies-rvq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/bodies-rvq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/bodies-rvq/codebooks.safetensors", import.meta.url),
  },
};
/**
 * A motion tokenizer with its trained weights.
 *
 * @param name "human-rvq" (default; 270 bits per second), "human-vq" (45), or "bodies-rvq" (180; people
 *   and four-legged animals)
 */
export async function loadMotionTokenizer(
  name: MotionTokenizerName | `motion/${MotionTokenizerName}` = "human-rvq",
  options: LoadMotionOptions = {},
): Promise<MotionCodec> {
  const plugin = pluginOf(name);
  const folder = plugin.manifest.id.slice("motion/".length);
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? ((file: string) => FILES[folder]![file]!()),
      plugin.manifest,
      options,
    );
    const codec = (await plugin.load({ runtime, readFile })) as MotionCodec;
    const close = codec.close.bind(codec);
    codec.close = async () => {
      await close();
      await closeOwn();
    };
    return codec;
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
