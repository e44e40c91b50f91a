import { ArgumentError } from "@dtok/core";
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

/** "debian-vq" or "graph/debian-vq" to its plugin. */
export function pluginOf(name: string): (typeof plugins)[GraphTokenizerName] {
  const short = name.startsWith("graph/") ? name.slice("graph/".length) : name;
  if (Object.hasOwn(plugins, short)) return plugins[short as GraphTokenizerName];
  throw new ArgumentError("graph tokenizer", {
    expected: `one of ${Object.keys(plugins).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}

/** Manifests of the encoders that this package ships: tokens to vectors. */
export const nodeEncoders = {
  "wordnet-mlp": wordnetMlpManifest,
  "wordnet-transformer": wordnetTransformerManifest,
} as const satisfies Record<string, Manifest<"graph">>;

/** Names of the encoders that this package ships. */
export type NodeEncoderName = keyof typeof nodeEncoders;

/** "wordnet-mlp" or "graph/wordnet-mlp" to its manifest. */
export function nodeEncoderOf(name: string): Manifest<"graph"> {
  const short = name.startsWith("graph/") ? name.slice("graph/".length) : name;
  if (Object.hasOwn(nodeEncoders, short)) return nodeEncoders[short as NodeEncoderName];
  throw new ArgumentError("node encoder", {
    expected: `one of ${Object.keys(nodeEncoders).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these.",
  });
}
