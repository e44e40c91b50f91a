import type { TokenizerPlugin } from "@dtok/core";
import { PhotoCodec } from "@dtok/image";
import { manifest } from "./manifest.js";

/** Pictures, five cosine coefficients of 8 x 8 pixels to a code. */
export const dct8x: TokenizerPlugin<"image/dct-8x", "image"> = {
  manifest,
  load: (context) => PhotoCodec.load(manifest, context),
};
