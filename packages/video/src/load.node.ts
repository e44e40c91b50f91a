import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import type { ClipCodec } from "./codec/clip-codec.js";
import { folderOf, pluginOf } from "./load-common.js";
import { readVideo } from "./node/read.js";
import type { VideoInput } from "./node/read.js";
import type { VideoTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { VideoTokenizer } from "./tokenizer.js";

export interface LoadVideoOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL) of the model's files. Default: the copy in this package. */
  readonly baseUrl?: string | URL;
}

/** A clip tokenizer with its trained weights. */
export async function loadVideoTokenizer(
  name: VideoTokenizerName | `video/${VideoTokenizerName}` = "clip-8x",
  options: LoadVideoOptions = {},
): Promise<VideoTokenizer<VideoInput>> {
  const plugin = pluginOf(name);
  const base =
    options.baseUrl ?? new URL(`../models/${folderOf(plugin.manifest)}/`, import.meta.url);
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(base, plugin.manifest, options);
    const codec = await plugin.load({ runtime, readFile });
    return withReader<VideoInput>(codec as ClipCodec, readVideo, closeOwn);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
