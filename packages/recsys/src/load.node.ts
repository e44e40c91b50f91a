import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import { Catalogue } from "./catalogue/catalogue.js";
import type { ItemCodec } from "./codec/item-codec.js";
import { pluginOf } from "./plugins.js";
import type { RecsysTokenizerName } from "./plugins.js";

export interface LoadRecsysOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL, ending in "/") of the model's files. Default: the copy in this package. */
  readonly baseUrl?: string | URL;
}

/** A tokenizer of items and the catalogue that it was trained on. */
export interface RecsysTokenizer {
  readonly codec: ItemCodec;
  /** IDs of the items it was trained on, ready for more. */
  readonly catalogue: Catalogue;
  close(): Promise<void>;
}

/** A tokenizer with its trained weights and its catalogue. */
export async function loadRecsysTokenizer(
  name: RecsysTokenizerName | `recsys/${RecsysTokenizerName}` = "movielens-small",
  options: LoadRecsysOptions = {},
): Promise<RecsysTokenizer> {
  const plugin = pluginOf(name);
  const folder = plugin.manifest.id.slice("recsys/".length);
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? new URL(`../models/${folder}/`, import.meta.url),
      plugin.manifest,
      options,
    );
    const codec = (await plugin.load({ runtime, readFile })) as ItemCodec;
    const catalogue = Catalogue.load(await readFile("catalogue"));
    const close = async () => {
      await codec.close();
      await closeOwn();
    };
    return { codec, catalogue, close };
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
