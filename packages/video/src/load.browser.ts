import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import type { ClipCodec } from "./codec/clip-codec.js";
import { folderOf, plugins } from "./plugins.js";
import type { VideoTokenizerName } from "./plugins.js";
import type { manifest as clip8xFine } from "./tokenizers/clip-8x-fine.js";
import type { manifest as clip8x } from "./tokenizers/clip-8x.js";
import { withReader } from "./tokenizer.js";
import type { VideoTokenizer } from "./tokenizer.js";
import { readVideo } from "./web/read.js";
import type { VideoInput } from "./web/read.js";

export type LoadVideoOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: Readonly<
  Record<string, PackagedFiles<typeof clip8x> & PackagedFiles<typeof clip8xFine>>
> = {
  "clip-8x": {
    keyEncoder: () => new URL("../models/clip-8x/key-encoder.onnx", import.meta.url),
    keyDecoder: () => new URL("../models/clip-8x/key-decoder.onnx", import.meta.url),
    encoder: () => new URL("../models/clip-8x/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/clip-8x/decoder.onnx", import.meta.url),
    shapes: () => new URL("../models/clip-8x/shapes.onnx", import.meta.url),
    keyShapes: () => new URL("../models/clip-8x/key-shapes.onnx", import.meta.url),
  },
};

/** A clip tokenizer with its trained weights. */
export async function loadVideoTokenizer(
  name: VideoTokenizerName | `video/${VideoTokenizerName}` = "clip-8x",
  options: LoadVideoOptions = {},
): Promise<VideoTokenizer<VideoInput>> {
  const { manifest, load } = shippedAs(plugins, "video", name);
  return openModel(
    manifest,
    shippedAs(FILES, "video", folderOf(manifest)),
    options,
    async (context) => withReader((await load(context)) as ClipCodec, readVideo),
  );
}
