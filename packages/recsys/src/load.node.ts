import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import { plugins } from "./plugins.js";
import type { RecsysTokenizerName } from "./plugins.js";
import { withCatalogue } from "./tokenizer.js";
import type { RecsysTokenizer } from "./tokenizer.js";

export type LoadRecsysOptions = OpenModelOptions;

/** A tokenizer with its trained weights and its catalogue. */
export async function loadRecsysTokenizer(
  name: RecsysTokenizerName | `recsys/${RecsysTokenizerName}` = "movielens-small",
  options: LoadRecsysOptions = {},
): Promise<RecsysTokenizer> {
  const plugin = shippedAs(plugins, "recsys", name);
  const { id } = plugin.manifest;
  const folder = new URL(`../models/${id.slice("recsys/".length)}/`, import.meta.url);
  return openModel(plugin.manifest, folder, options, (context) => withCatalogue(plugin, context));
}
