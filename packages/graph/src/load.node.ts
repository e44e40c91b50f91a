import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import { NodeEncoder } from "./encoders/node-encoder.js";
import type { NeighbourhoodCodec } from "./learned/neighbourhood-codec.js";
import { nodeEncoderOf, pluginOf } from "./plugins.js";
import type { GraphTokenizerName, NodeEncoderName } from "./plugins.js";

export interface LoadGraphOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with what is loaded. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL, ending in "/") of the model's files. Default: the copy in this package. */
  readonly baseUrl?: string | URL;
}

async function load<T extends { close(): Promise<void> }>(
  id: string,
  options: LoadGraphOptions,
  open: (runtime: ModelRuntime, folder: URL) => Promise<T>,
): Promise<T> {
  const runtime = options.runtime ?? (await createRuntime());
  try {
    const folder = id.slice("graph/".length);
    const made = await open(runtime, new URL(`../models/${folder}/`, import.meta.url));
    if (options.runtime) return made;
    const close = made.close.bind(made);
    made.close = async () => {
      await close();
      await runtime.close();
    };
    return made;
  } catch (error) {
    if (!options.runtime) await runtime.close();
    throw error;
  }
}

/** A tokenizer of nodes with their neighbourhoods, with its trained weights. */
export function loadGraphTokenizer(
  name: GraphTokenizerName | `graph/${GraphTokenizerName}` = "debian-vq",
  options: LoadGraphOptions = {},
): Promise<NeighbourhoodCodec> {
  const plugin = pluginOf(name);
  return load(plugin.manifest.id, options, async (runtime, folder) => {
    const readFile = createModelReader(options.baseUrl ?? folder, plugin.manifest, options);
    return (await plugin.load({ runtime, readFile })) as NeighbourhoodCodec;
  });
}

/** An encoder of NodePiece tokens to vectors, with its trained weights. */
export async function loadNodeEncoder(
  name: NodeEncoderName | `graph/${NodeEncoderName}` = "wordnet-mlp",
  options: LoadGraphOptions = {},
): Promise<NodeEncoder> {
  const manifest = nodeEncoderOf(name);
  return load(manifest.id, options, (runtime, folder) => {
    const readFile = createModelReader(options.baseUrl ?? folder, manifest, options);
    return NodeEncoder.load(manifest, { runtime, readFile });
  });
}
