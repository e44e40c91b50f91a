import type { TokenizerPlugin } from "@dtok/core";
import { MotionCodec } from "./codec/motion-codec.js";
import { manifest as bodiesRvqManifest } from "./tokenizers/bodies-rvq.js";
import { manifest as humanRvqManifest } from "./tokenizers/human-rvq.js";
import { manifest as humanVqManifest } from "./tokenizers/human-vq.js";

/** People, one code of 512 per 0.2 s: 45 bits per second. */
export const humanVq: TokenizerPlugin<"motion/human-vq", "motion"> = {
  manifest: humanVqManifest,
  load: (context) => MotionCodec.load(humanVqManifest, context),
};

/** People, six codes of 512 per 0.2 s, coarse to fine: 270 bits per second. */
export const humanRvq: TokenizerPlugin<"motion/human-rvq", "motion"> = {
  manifest: humanRvqManifest,
  load: (context) => MotionCodec.load(humanRvqManifest, context),
};

/** People and four-legged animals, four codes of 512 per 0.2 s: 180 bits per second. */
export const bodiesRvq: TokenizerPlugin<"motion/bodies-rvq", "motion"> = {
  manifest: bodiesRvqManifest,
  load: (context) => MotionCodec.load(bodiesRvqManifest, context),
};

export const plugins = {
  "human-vq": humanVq,
  "human-rvq": humanRvq,
  "bodies-rvq": bodiesRvq,
} as const;

/** Names of the tokenizers that this package ships. */
export type MotionTokenizerName = keyof typeof plugins;
