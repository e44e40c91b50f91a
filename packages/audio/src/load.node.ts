import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime";
import type { ReadOptions } from "@dtok/runtime";
import type { AudioCodec } from "./codec/audio-codec.js";
import { folderOf, pluginOf } from "./load-common.js";
import { openAudio } from "./node/read.js";
import type { AudioInput } from "./node/read.js";
import type { AudioTokenizerName } from "./plugins.js";
import { withReader } from "./tokenizer.js";
import type { AudioTokenizer } from "./tokenizer.js";

export interface LoadAudioOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the tokenizer. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL) of the model's files. Default: the copy in this package. */
  readonly baseUrl?: string | URL;
}

/**
 * A tokenizer of sound with its trained weights.
 *
 * @param name "sound-16k" (default; speech, music and sound, 0.5 to 6 kbit/s)
 */
export async function loadAudioTokenizer(
  name: AudioTokenizerName | `audio/${AudioTokenizerName}` = "sound-16k",
  options: LoadAudioOptions = {},
): Promise<AudioTokenizer<AudioInput>> {
  const plugin = pluginOf(name);
  const folder = folderOf(plugin.manifest);
  const base = options.baseUrl ?? new URL(`../models/${folder}/`, import.meta.url);
  const runtime = options.runtime ?? (await createRuntime());
  const closeOwn = async () => {
    if (!options.runtime) await runtime.close();
  };
  try {
    const readFile = createModelReader(base, plugin.manifest, options);
    const codec = await plugin.load({ runtime, readFile });
    return withReader<AudioInput>(codec as AudioCodec, openAudio, closeOwn);
  } catch (error) {
    await closeOwn();
    throw error;
  }
}
