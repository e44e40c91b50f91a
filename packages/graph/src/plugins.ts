import type { TokenizerPlugin } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { NeighbourhoodCodec } from "./learned/neighbourhood-codec.js";
import { manifest as debianVqManifest } from "./tokenizers/debian-vq.js";
import { manifest as wordnetMlpManifest } from "./tokenizers/wordnet-mlp.js";
import { manifest as wordnetTransformerManifest } from "./tokenizers/wordnet-transformer.js";

/** Debian's packages with their neighbourhoods, one code of 1,024 each. */
export const debianVq: TokenizerPlugin<"graph/debian-vq", "graph"> = {
  manifest: debianVqManifest,
  load: (context) => NeighbourhoodCodec.load(debianVqManifest, context),
};

export const plugins = { "debian-vq": debianVq } as const;

/** Names of the tokenizers that this package ships. */
export type GraphTokenizerName = keyof typeof plugins;

/** Manifests of the encoders that this package ships: tokens to vectors. */
export const nodeEncoders = {
  "wordnet-mlp": wordnetMlpManifest,
  "wordnet-transformer": wordnetTransformerManifest,
} as const satisfies Record<string, Manifest<"graph">>;

/** Names of the encoders that this package ships. */
export type NodeEncoderName = keyof typeof nodeEncoders;
