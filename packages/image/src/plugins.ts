import type { TokenizerPlugin } from "@dtok/core";
import { PhotoCodec } from "./codec/photo-codec.js";
import { manifest as photo16xManifest } from "./tokenizers/photo-16x.js";
import { manifest as photo8xManifest } from "./tokenizers/photo-8x.js";

/** One code per 8 x 8 pixels, 0.22 bits per pixel. */
export const photo8x: TokenizerPlugin<"image/photo-8x", "image"> = {
  manifest: photo8xManifest,
  load: (context) => PhotoCodec.load(photo8xManifest, context),
};

/** One code per 16 x 16 pixels, 0.054 bits per pixel. */
export const photo16x: TokenizerPlugin<"image/photo-16x", "image"> = {
  manifest: photo16xManifest,
  load: (context) => PhotoCodec.load(photo16xManifest, context),
};

export const plugins = { "photo-8x": photo8x, "photo-16x": photo16x } as const;

/** Names of the tokenizers that this package ships. */
export type ImageTokenizerName = keyof typeof plugins;
