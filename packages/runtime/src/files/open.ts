import type { LoadContext, Manifest, ModelRuntime } from "@dtok/core";
import type { ModelBase, ModelReader, ReadOptions } from "./read.js";

export interface OpenModelOptions extends ReadOptions {
  /** A runtime of your own, which stays open. Default: a new one, closed with what is opened. */
  readonly runtime?: ModelRuntime;
  /** Folder (path or URL) of the model's files. Default: the copy in the package. */
  readonly baseUrl?: string | URL;
}

/**
 * Addresses of a manifest's files, one by one as bundlers want them:
 * `{ encoder: () => new URL("../models/name/encoder.onnx", import.meta.url) }`.
 */
export type PackagedFiles<M extends { readonly files: object }> = Readonly<
  Record<keyof M["files"], () => URL>
>;

/** Opens a model that a package ships. */
export type OpenModel = <T extends { close(): Promise<void> }>(
  manifest: Manifest,
  packaged: string | URL | Readonly<Record<string, () => URL>>,
  options: OpenModelOptions,
  load: (context: LoadContext) => Promise<T>,
) => Promise<T>;

/** `openModel` of one of the two runtimes. */
export function modelOpener(
  createRuntime: () => Promise<ModelRuntime>,
  createReader: (base: ModelBase, manifest: Manifest, options: ReadOptions) => ModelReader,
): OpenModel {
  return async (manifest, packaged, options, load) => {
    const place = options.baseUrl ?? packaged;
    const base =
      typeof place === "string" || place instanceof URL
        ? place
        : (file: string) => (place[file] as () => URL)();
    const runtime = options.runtime ?? (await createRuntime());
    try {
      const made = await load({ runtime, readFile: createReader(base, manifest, options) });
      if (options.runtime) return made;
      const close = made.close.bind(made);
      made.close = async () => {
        await close();
        await runtime.close();
      };
      return made;
    } catch (error) {
      if (!options.runtime) await runtime.close();
      throw error;
    }
  };
}
