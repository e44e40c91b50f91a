import type { ModelRuntime } from "@dtok/core";
import { createRuntime, openModelFolder } from "@dtok/runtime/web";
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
  const { manifest, readFile } = await openModelFolder(folder, options);
  if (options.runtime !== undefined) {
    return TextEmbedder.load(manifest, { runtime: options.runtime, readFile });
  }
  const runtime = await createRuntime();
  try {
    const embedder = await TextEmbedder.load(manifest, { runtime, readFile });
    const closeModel = embedder.close.bind(embedder);
    embedder.close = async () => {
      await closeModel();
      await runtime.close();
    };
    return embedder;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
