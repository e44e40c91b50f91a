import type { ModelRuntime } from "@dtok/core";
import { openModel, openModelFolder } from "@dtok/runtime/web";
import type { OpenFolderOptions, ReadOptions } from "@dtok/runtime/web";
import { TextEmbedder } from "./text-embedder.js";

export interface OpenTextEmbedderOptions extends ReadOptions, OpenFolderOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with the model. */
  readonly runtime?: ModelRuntime;
}

/**
 * Opens a text-embedding model: a folder (path or URL) with manifest.json and the files that it names.
 *
 * @throws what reading and `TextEmbedder.load` throw
 */
export async function openTextEmbedder(
  folder: string | URL,
  options: OpenTextEmbedderOptions = {},
): Promise<TextEmbedder> {
  const { manifest } = await openModelFolder(folder, options);
  return openModel(manifest, folder, options, (context) => TextEmbedder.load(manifest, context));
}
