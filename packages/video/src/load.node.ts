import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import type { ClipCodec } from "./codec/clip-codec.js";
import { readVideo } from "./node/read.js";
import type { VideoInput } from "./node/read.js";
import { folderOf, plugins } from "./plugins.js";
import type { VideoTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { VideoTokenizer } from "./tokenizer.js";

export type LoadVideoOptions = OpenModelOptions;

/** A clip tokenizer with its trained weights. */
export async function loadVideoTokenizer(
  name: VideoTokenizerName | `video/${VideoTokenizerName}` = "clip-8x",
  options: LoadVideoOptions = {},
): Promise<VideoTokenizer<VideoInput>> {
  const { manifest, load } = shippedAs(plugins, "video", name);
  const folder = new URL(`../models/${folderOf(manifest)}/`, import.meta.url);
  return openModel(manifest, folder, options, async (context) =>
    withReader((await load(context)) as ClipCodec, readVideo),
  );
}
