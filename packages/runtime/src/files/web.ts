import type { Manifest } from "@dtok/core";
import { download, fileOf, mismatch, verify } from "./read.js";
import type { ModelReader, ReadOptions } from "./read.js";

const CACHE = "dtok-models-1";

/**
 * Reads a manifest's files from the folder at `base` (a URL that ends in "/", or a function from a
 * file's name to its URL, for bundlers that rename assets), checks size and
 * SHA-256, and keeps them in Cache Storage under their hash.
 */
export function createModelReader(
  base: string | URL | ((name: string) => URL),
  manifest: Manifest,
  options: ReadOptions = {},
): ModelReader {
  return async (name) => {
    const file = fileOf(manifest, name);
    const url =
      typeof base === "function"
        ? base(name)
        : new URL(file.path, new URL(base, globalThis.location?.href));
    const store =
      options.cache === false || globalThis.caches === undefined
        ? undefined
        : // Private windows and opaque origins may refuse storage; the file is then fetched each time.
          await globalThis.caches.open(CACHE).catch(() => undefined);
    const key = `https://dtok.invalid/${file.sha256}`;
    const kept = await store?.match(key);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if ((await mismatch(file, bytes)) === undefined) return bytes;
      await store?.delete(key);
    }
    const bytes = await download(url, file, options);
    await verify(file, bytes, url.href);
    await store?.put(key, new Response(bytes as Uint8Array<ArrayBuffer>)).catch(() => undefined);
    return bytes;
  };
}
