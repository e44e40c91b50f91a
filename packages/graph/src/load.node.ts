import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import { NodeEncoder } from "./encoders/node-encoder.js";
import type { NeighbourhoodCodec } from "./learned/neighbourhood-codec.js";
import { nodeEncoders, plugins } from "./plugins.js";
import type { GraphTokenizerName, NodeEncoderName } from "./plugins.js";

export type LoadGraphOptions = OpenModelOptions;

/** Where this package has the files of a model. */
const folderOf = (id: string) =>
  new URL(`../models/${id.slice("graph/".length)}/`, import.meta.url);

/** A tokenizer of nodes with their neighbourhoods, with its trained weights. */
export async function loadGraphTokenizer(
  name: GraphTokenizerName | `graph/${GraphTokenizerName}` = "debian-vq",
  options: LoadGraphOptions = {},
): Promise<NeighbourhoodCodec> {
  const { manifest, load } = shippedAs(plugins, "graph", name);
  return openModel(
    manifest,
    folderOf(manifest.id),
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
  return openModel(manifest, folderOf(manifest.id), options, (context) =>
    NodeEncoder.load(manifest, context),
  );
}
