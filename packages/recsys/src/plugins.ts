import type { TokenizerPlugin } from "@dtok/core";
import { ItemCodec } from "./codec/item-codec.js";
import { manifest } from "./tokenizers/movielens-small.js";

/** Films of MovieLens (ml-latest-small, 2016): 3 levels x 256. */
export const movielensSmall: TokenizerPlugin<"recsys/movielens-small", "recsys"> = {
  manifest,
  load: (context) => ItemCodec.load(manifest, context),
};

export const plugins = { "movielens-small": movielensSmall } as const;

/** Names of the tokenizers that this package ships. */
export type RecsysTokenizerName = keyof typeof plugins;
