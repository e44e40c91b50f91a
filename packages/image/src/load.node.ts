import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import type { PhotoCodec } from "./codec/photo-codec.js";
import { readImage, readImageAhead } from "./node/read.js";
import type { ImageInput } from "./node/read.js";
import { plugins } from "./plugins.js";
import type { ImageTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { ImageTokenizer } from "./tokenizer.js";

export type LoadImageOptions = OpenModelOptions;

/**
 * A photograph tokenizer with its trained weights.
 *
 * @param name "photo-8x" (default; 0.22 bits per pixel) or "photo-16x" (0.054)
 */
export async function loadImageTokenizer(
  name: ImageTokenizerName | `image/${ImageTokenizerName}` = "photo-8x",
  options: LoadImageOptions = {},
): Promise<ImageTokenizer<ImageInput>> {
  const { manifest, load } = shippedAs(plugins, "image", name);
  const folder = new URL(`../models/${manifest.id.slice("image/".length)}/`, import.meta.url);
  return openModel(manifest, folder, options, async (context) =>
    withReader((await load(context)) as PhotoCodec, readImage, readImageAhead),
  );
}
