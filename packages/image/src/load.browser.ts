import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
import type { PhotoCodec } from "./codec/photo-codec.js";
import { pluginOf } from "./load-common.js";
import type { ImageTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { ImageTokenizer } from "./tokenizer.js";
import { readImage } from "./web/read.js";
import type { ImageInput } from "./web/read.js";

export interface LoadImageOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** URL of the folder of the model's files, ending in "/". Default: this package's copy. */
  readonly baseUrl?: string | URL;
}

// Written out, so that bundlers find each file and ship it as an asset.
const FILES: Readonly<Record<string, Readonly<Record<string, () => URL>>>> = {
  "photo-8x": {
    encoder: () => new URL("../models/photo-8x/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/photo-8x/decoder.onnx", import.meta.url),
  },
  "photo-16x": {
    encoder: () => new URL("../models/photo-16x/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/photo-16x/decoder.onnx", import.meta.url),
  },
};

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
  const files = FILES[plugin.manifest.id.slice("image/".length)] as Record<string, () => URL>;
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? ((file: string) => (files[file] as () => URL)()),
      plugin.manifest,
      options,
    );
    const codec = await plugin.load({ runtime, readFile });
    return withReader<ImageInput>(codec as PhotoCodec, readImage, closeOwn);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
