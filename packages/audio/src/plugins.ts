import type { TokenizerPlugin } from "@dtok/core";
import { AudioCodec } from "./codec/audio-codec.js";
import { manifest as sound16kManifest } from "./tokenizers/sound-16k.js";

/** Speech, music and sound: 50 codes of up to 12 levels a second, 0.5 to 6 kbit/s. */
export const sound16k: TokenizerPlugin<"audio/sound-16k", "audio"> = {
  manifest: sound16kManifest,
  load: (context) => AudioCodec.load(sound16kManifest, context),
};

export const plugins = { "sound-16k": sound16k } as const;

/** Names of the tokenizers that this package ships. */
export type AudioTokenizerName = keyof typeof plugins;
