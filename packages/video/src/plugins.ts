import type { TokenizerPlugin } from "@dtok/core";
import { ClipCodec } from "./codec/clip-codec.js";
import { manifest as clip8xManifest } from "./tokenizers/clip-8x.js";
import { manifest as clip8xMotionManifest } from "./tokenizers/clip-8x-motion.js";

/** A key frame at one code per 8 x 8 pixels, then one code per 8 x 8 pixels of four frames. */
export const clip8x: TokenizerPlugin<"video/clip-8x", "video"> = {
  manifest: clip8xManifest,
  load: (context) => ClipCodec.load(clip8xManifest, context),
};

/** The same in two levels: the motion of each cell, then one code of what it leaves. */
export const clip8xMotion: TokenizerPlugin<"video/clip-8x-motion", "video"> = {
  manifest: clip8xMotionManifest,
  load: (context) => ClipCodec.load(clip8xMotionManifest, context),
};

export const plugins = { "clip-8x": clip8x, "clip-8x-motion": clip8xMotion } as const;

/** Names of the tokenizers that this package ships. */
export type VideoTokenizerName = keyof typeof plugins;
