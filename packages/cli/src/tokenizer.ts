import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ArgumentError, MismatchError, parseManifest } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { loadImageTokenizer, PhotoCodec, plugins, readImage, withReader } from "@dtok/image";
import type { ImageInput, ImageTokenizer, ImageTokenizerName } from "@dtok/image";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime";

export interface OpenOptions {
  readonly runtime: "auto" | "web";
}

/** A tokenizer by name, or from a folder that holds manifest.json and the files that it lists. */
export async function openTokenizer(
  model: string,
  { runtime: kind }: OpenOptions,
): Promise<ImageTokenizer<ImageInput>> {
  const name = model.replace(/^image\//, "");
  const isName = Object.hasOwn(plugins, name);
  const isFolder = /[/\\.]/.test(model) && !isName;
  if (!isName && !isFolder) {
    throw new ArgumentError("--model", {
      expected: `one of ${Object.keys(plugins).join(", ")}, or a folder with a manifest.json`,
      got: model,
      remedy: "`dtok list` shows what is installed.",
    });
  }
  const runtime = kind === "web" ? await createWebRuntime() : await createRuntime();
  if (isName) {
    const tokenizer = await loadImageTokenizer(name as ImageTokenizerName, { runtime });
    return closing(tokenizer, () => runtime.close());
  }
  const manifest = await readManifest(model);
  const codec = await PhotoCodec.load(manifest, {
    runtime,
    readFile: createModelReader(model, manifest),
  });
  return closing(withReader<ImageInput>(codec, readImage), () => runtime.close());
}

function closing<I>(tokenizer: ImageTokenizer<I>, more: () => Promise<void>): ImageTokenizer<I> {
  const close = tokenizer.close.bind(tokenizer);
  return {
    ...tokenizer,
    close: async () => {
      await close();
      await more();
    },
  };
}

export async function readManifest(folder: string): Promise<Manifest<"image">> {
  const path = join(folder, "manifest.json");
  let text: Uint8Array;
  try {
    text = await readFile(path);
  } catch (error) {
    throw new ArgumentError("model folder", {
      expected: `a file ${path}`,
      got: (error as Error).message,
      remedy: "`dtok train` writes such a folder.",
      cause: error,
    });
  }
  const manifest = parseManifest(text, path);
  if (manifest.modality !== "image") {
    throw new MismatchError(path, {
      expected: "an image tokenizer",
      got: `modality ${manifest.modality}`,
      remedy: "Use a version of dtok that has this modality.",
    });
  }
  return manifest as Manifest<"image">;
}
