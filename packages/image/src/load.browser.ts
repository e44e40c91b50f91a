import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import type { PhotoCodec } from "./codec/photo-codec.js";
import { plugins } from "./plugins.js";
import type { ImageTokenizerName } from "./plugins.js";
import type { manifest as photo16x } from "./tokenizers/photo-16x.js";
import type { manifest as photo8x } from "./tokenizers/photo-8x.js";
import { withReader } from "./tokenizer.js";
import type { ImageTokenizer } from "./tokenizer.js";
import { readImage } from "./web/read.js";
import type { ImageInput } from "./web/read.js";

export type LoadImageOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: {
  readonly "photo-8x": PackagedFiles<typeof photo8x>;
  readonly "photo-16x": PackagedFiles<typeof photo16x>;
} = {
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
  const { manifest, load } = shippedAs(plugins, "image", name);
  return openModel(manifest, shippedAs(FILES, "image", manifest.id), options, async (context) =>
    withReader((await load(context)) as PhotoCodec, readImage),
  );
}
