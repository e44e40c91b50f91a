import type { Manifest, TokenizerPlugin } from "@dtok/core";
import { ClipCodec } from "./codec/clip-codec.js";
import { manifest as clip8xManifest } from "./tokenizers/clip-8x.js";
import { manifest as clip8xFineManifest } from "./tokenizers/clip-8x-fine.js";

/** Four codes per 16 x 16 pixels of a key frame, or of four frames that motion predicts. */
export const clip8x: TokenizerPlugin<"video/clip-8x", "video"> = {
  manifest: clip8xManifest,
  load: (context) => ClipCodec.load(clip8xManifest, context),
};

/** The same with a second level: four codes more of what the first leaves. */
export const clip8xFine: TokenizerPlugin<"video/clip-8x-fine", "video"> = {
  manifest: clip8xFineManifest,
  load: (context) => ClipCodec.load(clip8xFineManifest, context),
};

export const plugins = { "clip-8x": clip8x, "clip-8x-fine": clip8xFine } as const;

/** Names of the tokenizers that this package ships. */
export type VideoTokenizerName = keyof typeof plugins;

/** Folder of a tokenizer's files: its name, or that of the tokenizer whose networks it uses. */
export function folderOf(manifest: Manifest<"video">): string {
  const { folder } = manifest.settings as { readonly folder?: string };
  return folder ?? manifest.id.slice("video/".length);
}
