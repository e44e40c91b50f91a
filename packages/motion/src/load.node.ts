import { shippedAs } from "@dtok/core";
import { openModel } from "@dtok/runtime";
import type { OpenModelOptions } from "@dtok/runtime";
import type { MotionCodec } from "./codec/motion-codec.js";
import { plugins } from "./plugins.js";
import type { MotionTokenizerName } from "./plugins.js";

export type LoadMotionOptions = OpenModelOptions;

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
  const folder = new URL(`../models/${manifest.id.slice("motion/".length)}/`, import.meta.url);
  return openModel(
    manifest,
    folder,
    options,
    async (context) => (await load(context)) as MotionCodec,
  );
}
