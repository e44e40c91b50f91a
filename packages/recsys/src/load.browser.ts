import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import { plugins } from "./plugins.js";
import type { RecsysTokenizerName } from "./plugins.js";
import { withCatalogue } from "./tokenizer.js";
import type { RecsysTokenizer } from "./tokenizer.js";
import type { manifest as movielensSmall } from "./tokenizers/movielens-small.js";

export type LoadRecsysOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: { readonly "movielens-small": PackagedFiles<typeof movielensSmall> } = {
  "movielens-small": {
    encoder: () => new URL("../models/movielens-small/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/movielens-small/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/movielens-small/codebooks.safetensors", import.meta.url),
    catalogue: () => new URL("../models/movielens-small/catalogue.safetensors", import.meta.url),
  },
};

/** A tokenizer with its trained weights and its catalogue. */
export async function loadRecsysTokenizer(
  name: RecsysTokenizerName | `recsys/${RecsysTokenizerName}` = "movielens-small",
  options: LoadRecsysOptions = {},
): Promise<RecsysTokenizer> {
  const plugin = shippedAs(plugins, "recsys", name);
  const files = shippedAs(FILES, "recsys", plugin.manifest.id);
  return openModel(plugin.manifest, files, options, (context) => withCatalogue(plugin, context));
}
