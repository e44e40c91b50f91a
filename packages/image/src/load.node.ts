import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import type { PhotoCodec } from "./codec/photo-codec.js";
import { pluginOf } from "./load-common.js";
import { readImage, readImageAhead } from "./node/read.js";
import type { ImageInput } from "./node/read.js";
import type { ImageTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { ImageTokenizer } from "./tokenizer.js";

export interface LoadImageOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL) of the model's files. Default: the copy in this package. */
  readonly baseUrl?: string | URL;
}

/**
 * A photograph tokenizer with its trained weights.
 *
 * @param name "photo-8x" (default; 0.22 bits per pixel) or "photo-16x" (0.054)
 */
export async function loadImageTokenizer(
  name: ImageTokenizerName | `image/${ImageTokenizerName}` = "photo-8x",
  options: LoadImageOptions = {},
): Promise<ImageTokenizer<ImageInput>> {
  const plugin = pluginOf(name);
  const folder = plugin.manifest.id.slice("image/".length);
  const base = options.baseUrl ?? new URL(`../models/${folder}/`, import.meta.url);
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(base, plugin.manifest, options);
    const codec = await plugin.load({ runtime, readFile });
    return withReader<ImageInput>(codec as PhotoCodec, readImage, closeOwn, readImageAhead);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
