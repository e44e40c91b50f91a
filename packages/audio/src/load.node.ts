import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import type { AudioCodec } from "./codec/audio-codec.js";
import { openAudio } from "./node/read.js";
import type { AudioInput } from "./node/read.js";
import { folderOf, plugins } from "./plugins.js";
import type { AudioTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { AudioTokenizer } from "./tokenizer.js";

export type LoadAudioOptions = OpenModelOptions;

/**
 * A tokenizer of sound with its trained weights.
 *
 * @param name "sound-16k" (default; speech, music and sound, 0.5 to 6 kbit/s), "speech-40hz" (one code
 * of 32,768 a step, 600 bit/s), "units-50hz" (500 units of speech)
 */
export async function loadAudioTokenizer(
  name: AudioTokenizerName | `audio/${AudioTokenizerName}` = "sound-16k",
  options: LoadAudioOptions = {},
): Promise<AudioTokenizer<AudioInput>> {
  const { manifest, load } = shippedAs(plugins, "audio", name);
  const folder = new URL(`../models/${folderOf(manifest)}/`, import.meta.url);
  return openModel(manifest, folder, options, async (context) =>
    withReader((await load(context)) as AudioCodec, openAudio),
  );
}
