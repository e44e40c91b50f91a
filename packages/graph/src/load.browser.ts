import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
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

// Written out, so that bundlers find each file and ship it as an asset.
const FILES: Readonly<Record<string, Readonly<Record<string, () => URL>>>> = {
  "debian-vq": {
    local: () => new URL("../models/debian-vq/local.onnx", import.meta.url),
    encoder: () => new URL("../models/debian-vq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/debian-vq/decoder.onnx", import.meta.url),
    quantizer: () => new URL("../models/debian-vq/quantizer.safetensors", import.meta.url),
  },
  "wordnet-mlp": {
    encoder: () => new URL("../models/wordnet-mlp/encoder.onnx", import.meta.url),
    scorer: () => new URL("../models/wordnet-mlp/scorer.onnx", import.meta.url),
    anchors: () => new URL("../models/wordnet-mlp/anchors.json", import.meta.url),
  },
  "wordnet-transformer": {
    encoder: () => new URL("../models/wordnet-transformer/encoder.onnx", import.meta.url),
    scorer: () => new URL("../models/wordnet-transformer/scorer.onnx", import.meta.url),
    anchors: () => new URL("../models/wordnet-transformer/anchors.json", import.meta.url),
  },
};

async function load<T extends { close(): Promise<void> }>(
  id: string,
  options: LoadGraphOptions,
  open: (runtime: ModelRuntime, file: (name: string) => URL) => Promise<T>,
): Promise<T> {
  const runtime = options.runtime ?? (await createRuntime());
  try {
    const files = FILES[id.slice("graph/".length)] as Record<string, () => URL>;
    const made = await open(runtime, (name) => (files[name] as () => URL)());
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
  return load(plugin.manifest.id, options, async (runtime, file) => {
    const readFile = createModelReader(options.baseUrl ?? file, plugin.manifest, options);
    return (await plugin.load({ runtime, readFile })) as NeighbourhoodCodec;
  });
}

/** An encoder of NodePiece tokens to vectors, with its trained weights. */
export async function loadNodeEncoder(
  name: NodeEncoderName | `graph/${NodeEncoderName}` = "wordnet-mlp",
  options: LoadGraphOptions = {},
): Promise<NodeEncoder> {
  const manifest = nodeEncoderOf(name);
  return load(manifest.id, options, (runtime, file) => {
    const readFile = createModelReader(options.baseUrl ?? file, manifest, options);
    return NodeEncoder.load(manifest, { runtime, readFile });
  });
}
