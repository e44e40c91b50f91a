import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
import type { ClipCodec } from "./codec/clip-codec.js";
import { folderOf, pluginOf } from "./load-common.js";
import type { VideoTokenizerName } from "./plugins.js";
import type { manifest as clip8xFine } from "./tokenizers/clip-8x-fine.js";
import type { manifest as clip8x } from "./tokenizers/clip-8x.js";
import { withReader } from "./tokenizer.js";
import type { VideoTokenizer } from "./tokenizer.js";
import { readVideo } from "./web/read.js";
import type { VideoInput } from "./web/read.js";

export interface LoadVideoOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** URL of the folder of the model's files, ending in "/". Default: this package's copy. */
  readonly baseUrl?: string | URL;
}

type File = keyof (typeof clip8x)["files"] | keyof (typeof clip8xFine)["files"];

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: Readonly<Record<string, Readonly<Record<File, () => URL>>>> = {
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
  const plugin = pluginOf(name);
  const files = FILES[folderOf(plugin.manifest)]!;
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? ((file: string) => files[file as File]()),
      plugin.manifest,
      options,
    );
    const codec = await plugin.load({ runtime, readFile });
    return withReader<VideoInput>(codec as ClipCodec, readVideo, closeOwn);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
