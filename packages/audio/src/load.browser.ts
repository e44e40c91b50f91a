import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/web";
import type { ReadOptions } from "@dtok/runtime/web";
import type { AudioCodec } from "./codec/audio-codec.js";
import { pluginOf } from "./load-common.js";
import type { AudioTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { AudioTokenizer } from "./tokenizer.js";
import { openAudio } from "./web/read.js";
import type { AudioInput } from "./web/read.js";

export interface LoadAudioOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** URL of the folder of the model's files, ending in "/". Default: this package's copy. */
  readonly baseUrl?: string | URL;
}

// Written out, so that bundlers find each file and ship it as an asset.
const FILES: Readonly<Record<string, Readonly<Record<string, () => URL>>>> = {
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
  const plugin = pluginOf(name);
  const files = FILES[plugin.manifest.id.slice("audio/".length)] as Record<string, () => URL>;
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(
      options.baseUrl ?? ((file: string) => (files[file] as () => URL)()),
      plugin.manifest,
      options,
    );
    const codec = await plugin.load({ runtime, readFile });
    return withReader<AudioInput>(codec as AudioCodec, openAudio, closeOwn);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
