import { ArgumentError, MANIFEST_MAX_BYTES, parseManifest } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { downloadDocument, downloadFile } from "./download.js";
import { fileOf, mismatch, verifyPin } from "./read.js";
import type {
  ModelBase,
  ModelFolder,
  ModelReader,
  OpenFolderOptions,
  ReadOptions,
} from "./read.js";

const CACHE = "dtok-models-1";

type FileAddress = Exclude<ModelBase, string | URL>;

/**
 * Reads a manifest's files from the folder at `base` (a URL, relative to the page). Fetched files
 * are kept in Cache Storage under their hash; a kept file that was damaged is fetched again.
 *
 * @throws (the returned function) MissingError, IntegrityError, FetchError, LimitError
 */
export function createModelReader(
  base: ModelBase,
  manifest: Manifest,
  options: ReadOptions = {},
): ModelReader {
  const folder = typeof base === "function" ? undefined : folderUrl(base);
  return async (name) => {
    options.signal?.throwIfAborted();
    const file = fileOf(manifest, name);
    const url = folder
      ? new URL(file.path, folder)
      : new URL((base as FileAddress)(name), globalThis.location?.href);
    const store =
      // Below data: and blob: nothing is far away.
      options.cache === false || !/^https?:$/.test(url.protocol) ? undefined : await openStore();
    const key = `https://dtok.invalid/sha256/${file.sha256}`;
    const kept = await store?.match(key).catch(() => undefined);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if ((await mismatch(file, bytes)) === undefined) return bytes;
    }
    const bytes = await downloadFile(url, file, options);
    // A full disk must not stop the work.
    await store?.put(key, new Response(bytes as Uint8Array<ArrayBuffer>)).catch(() => undefined);
    return bytes;
  };
}

/**
 * Opens a folder that holds `manifest.json` and the files that it names.
 *
 * @param base URL of the folder, relative to the page
 * @throws MissingError, FormatError, IntegrityError, FetchError, LimitError
 */
export async function openModelFolder(
  base: string | URL,
  options: OpenFolderOptions = {},
): Promise<ModelFolder> {
  const url = new URL("manifest.json", folderUrl(base));
  const bytes = await downloadDocument(url, MANIFEST_MAX_BYTES, options);
  await verifyPin(bytes, options, url.href);
  const manifest = parseManifest(bytes, url.href);
  return { manifest, readFile: createModelReader(base, manifest, options) };
}

function folderUrl(base: string | URL): URL {
  let url: URL;
  try {
    url = new URL(base, globalThis.location?.href);
  } catch (cause) {
    throw new ArgumentError("base", {
      expected: "a URL of a folder",
      got: JSON.stringify(String(base)),
      remedy: "Pass an absolute URL, or one relative to the page.",
      cause,
    });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Private windows, opaque origins and insecure pages have no storage: files are fetched each time. */
async function openStore(): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(CACHE);
  } catch {
    return undefined;
  }
}
