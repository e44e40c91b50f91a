import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import { NodeEncoder } from "./encoders/node-encoder.js";
import type { NeighbourhoodCodec } from "./learned/neighbourhood-codec.js";
import { nodeEncoders, plugins } from "./plugins.js";
import type { GraphTokenizerName, NodeEncoderName } from "./plugins.js";
import type { manifest as debianVq } from "./tokenizers/debian-vq.js";
import type { manifest as wordnetMlp } from "./tokenizers/wordnet-mlp.js";
import type { manifest as wordnetTransformer } from "./tokenizers/wordnet-transformer.js";

export type LoadGraphOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: {
  readonly "debian-vq": PackagedFiles<typeof debianVq>;
  readonly "wordnet-mlp": PackagedFiles<typeof wordnetMlp>;
  readonly "wordnet-transformer": PackagedFiles<typeof wordnetTransformer>;
} = {
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

/** A tokenizer of nodes with their neighbourhoods, with its trained weights. */
export async function loadGraphTokenizer(
  name: GraphTokenizerName | `graph/${GraphTokenizerName}` = "debian-vq",
  options: LoadGraphOptions = {},
): Promise<NeighbourhoodCodec> {
  const { manifest, load } = shippedAs(plugins, "graph", name);
  return openModel(
    manifest,
    shippedAs(FILES, "graph", manifest.id),
    options,
    async (context) => (await load(context)) as NeighbourhoodCodec,
  );
}

/** An encoder of NodePiece tokens to vectors, with its trained weights. */
export async function loadNodeEncoder(
  name: NodeEncoderName | `graph/${NodeEncoderName}` = "wordnet-mlp",
  options: LoadGraphOptions = {},
): Promise<NodeEncoder> {
  const manifest = shippedAs(nodeEncoders, "graph", name, "node encoder");
  return openModel(manifest, shippedAs(FILES, "graph", manifest.id), options, (context) =>
    NodeEncoder.load(manifest, context),
  );
}
