import type { Manifest, TokenizerPlugin } from "@dtok/core";
import { AudioCodec } from "./codec/audio-codec.js";
import { manifest as sound16kManifest } from "./tokenizers/sound-16k.js";
import { manifest as speech40hzManifest } from "./tokenizers/speech-40hz.js";
import { manifest as units50hzManifest } from "./tokenizers/units-50hz.js";

/** Speech, music and sound: 50 codes of up to 12 levels a second, 0.5 to 6 kbit/s. */
export const sound16k: TokenizerPlugin<"audio/sound-16k", "audio"> = {
  manifest: sound16kManifest,
  load: (context) => AudioCodec.load(sound16kManifest, context),
};

/** Speech: 40 codes a second of one codebook of 32,768 (FSQ), 600 bit/s. */
export const speech40hz: TokenizerPlugin<"audio/speech-40hz", "audio"> = {
  manifest: speech40hzManifest,
  load: (context) => AudioCodec.load(speech40hzManifest, context),
};

/** Speech as 500 k-means units over sound-16k's latents, 50 a second; `toUnits` merges runs of one unit. */
export const units50hz: TokenizerPlugin<"audio/units-50hz", "audio"> = {
  manifest: units50hzManifest,
  load: (context) => AudioCodec.load(units50hzManifest, context),
};

export const plugins = {
  "sound-16k": sound16k,
  "speech-40hz": speech40hz,
  "units-50hz": units50hz,
} as const;

/** Names of the tokenizers that this package ships. */
export type AudioTokenizerName = keyof typeof plugins;

/** Folder of the model's files below models/: the tokenizer's name, or that of the one whose networks it shares. */
export function folderOf({ id, settings }: Manifest<"audio">): string {
  const shared = settings?.folder;
  return typeof shared === "string" ? shared : id.slice("audio/".length);
}
