import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import type { MotionCodec } from "./codec/motion-codec.js";
import { pluginOf } from "./plugins.js";
import type { MotionTokenizerName } from "./plugins.js";

export interface LoadMotionOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL) of the model's files, ending in "/". Default: this package's copy. */
  readonly baseUrl?: string | URL;
}

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
      options.baseUrl ?? new URL(`../models/${folder}/`, import.meta.url),
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
