import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import type { AudioCodec } from "./codec/audio-codec.js";
import { plugins } from "./plugins.js";
import type { AudioTokenizerName } from "./plugins.js";
import type { manifest as sound16k } from "./tokenizers/sound-16k.js";
import type { manifest as speech40hz } from "./tokenizers/speech-40hz.js";
import type { manifest as units50hz } from "./tokenizers/units-50hz.js";
import { withReader } from "./tokenizer.js";
import type { AudioTokenizer } from "./tokenizer.js";
import { openAudio } from "./web/read.js";
import type { AudioInput } from "./web/read.js";

export type LoadAudioOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: {
  readonly "sound-16k": PackagedFiles<typeof sound16k>;
  readonly "speech-40hz": PackagedFiles<typeof speech40hz>;
  readonly "units-50hz": PackagedFiles<typeof units50hz>;
} = {
  "sound-16k": {
    encoder: () => new URL("../models/sound-16k/encoder.onnx", import.meta.url),
    quantizer: () => new URL("../models/sound-16k/quantizer.safetensors", import.meta.url),
    decoder: () => new URL("../models/sound-16k/decoder.onnx", import.meta.url),
  },
  "speech-40hz": {
    encoder: () => new URL("../models/speech-40hz/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/speech-40hz/decoder.onnx", import.meta.url),
  },
  "units-50hz": {
    encoder: () => new URL("../models/sound-16k/encoder.onnx", import.meta.url),
    quantizer: () => new URL("../models/sound-16k/units.safetensors", import.meta.url),
    decoder: () => new URL("../models/sound-16k/decoder.onnx", import.meta.url),
  },
};

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
  return openModel(manifest, shippedAs(FILES, "audio", manifest.id), options, async (context) =>
    withReader((await load(context)) as AudioCodec, openAudio),
  );
}
