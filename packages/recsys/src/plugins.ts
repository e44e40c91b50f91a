import { ArgumentError } from "@dtok/core";
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

/** "movielens-small" or "recsys/movielens-small" to its plugin. */
export function pluginOf(name: string): (typeof plugins)[RecsysTokenizerName] {
  const short = name.startsWith("recsys/") ? name.slice("recsys/".length) : name;
  if (Object.hasOwn(plugins, short)) return plugins[short as RecsysTokenizerName];
  throw new ArgumentError("recsys tokenizer", {
    expected: `one of ${Object.keys(plugins).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}
