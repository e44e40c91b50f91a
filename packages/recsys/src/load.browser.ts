import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
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

// Written out, so that bundlers find each file and ship it as an asset.
const FILES: Readonly<Record<string, Readonly<Record<string, () => URL>>>> = {
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
  const plugin = pluginOf(name);
  const files = FILES[plugin.manifest.id.slice("recsys/".length)] as Record<string, () => URL>;
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? ((file: string) => (files[file] as () => URL)()),
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
