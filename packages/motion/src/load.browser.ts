import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime/web";
import type { OpenModelOptions, PackagedFiles } from "@dtok/runtime/web";
import type { MotionCodec } from "./codec/motion-codec.js";
import { plugins } from "./plugins.js";
import type { MotionTokenizerName } from "./plugins.js";
import type { manifest as bodiesRvq } from "./tokenizers/bodies-rvq.js";
import type { manifest as humanRvq } from "./tokenizers/human-rvq.js";
import type { manifest as humanVq } from "./tokenizers/human-vq.js";

export type LoadMotionOptions = OpenModelOptions;

// Written out, so that bundlers find each file and ship it as an asset; by type, so that none is forgotten.
const FILES: {
  readonly "human-vq": PackagedFiles<typeof humanVq>;
  readonly "human-rvq": PackagedFiles<typeof humanRvq>;
  readonly "bodies-rvq": PackagedFiles<typeof bodiesRvq>;
} = {
  "human-vq": {
    encoder: () => new URL("../models/human-vq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/human-vq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/human-vq/codebooks.safetensors", import.meta.url),
  },
  "human-rvq": {
    encoder: () => new URL("../models/human-rvq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/human-rvq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/human-rvq/codebooks.safetensors", import.meta.url),
  },
  "bodies-rvq": {
    encoder: () => new URL("../models/bodies-rvq/encoder.onnx", import.meta.url),
    decoder: () => new URL("../models/bodies-rvq/decoder.onnx", import.meta.url),
    codebooks: () => new URL("../models/bodies-rvq/codebooks.safetensors", import.meta.url),
  },
};

/**
 * A motion tokenizer with its trained weights.
 *
 * @param name "human-rvq" (default; 270 bits per second), "human-vq" (45), or "bodies-rvq" (180; people
 *   and four-legged animals)
 */
export async function loadMotionTokenizer(
  name: MotionTokenizerName | `motion/${MotionTokenizerName}` = "human-rvq",
  options: LoadMotionOptions = {},
): Promise<MotionCodec> {
  const { manifest, load } = shippedAs(plugins, "motion", name);
  const files = shippedAs(FILES, "motion", manifest.id);
  return openModel(
    manifest,
    files,
    options,
    async (context) => (await load(context)) as MotionCodec,
  );
}
