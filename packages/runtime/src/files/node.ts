import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MissingError } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { download, fileOf, mismatch, verify } from "./read.js";
import type { ModelReader, ReadOptions } from "./read.js";

export interface NodeReadOptions extends ReadOptions {
  /** Default: $DTOK_CACHE, else $XDG_CACHE_HOME/dtok, else ~/.cache/dtok. */
  readonly cacheFolder?: string;
}

export function defaultCacheFolder(): string {
  const { DTOK_CACHE, XDG_CACHE_HOME } = process.env;
  return DTOK_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "dtok");
}

/**
 * Reads a manifest's files from `base`: a folder (path or file: URL) or an http(s) URL that ends in
 * "/". Size and SHA-256 are checked; fetched files are kept on disk under their hash.
 */
export function createModelReader(
  base: string | URL,
  manifest: Manifest,
  options: NodeReadOptions = {},
): ModelReader {
  const text = String(base);
  const url = /^[a-z][a-z0-9+.-]+:/i.test(text)
    ? new URL(text)
    : pathToFileURL(text.endsWith("/") ? text : `${text}/`);
  return (name) =>
    url.protocol === "file:"
      ? readLocal(url, manifest, name)
      : readRemote(url, manifest, name, options);
}

async function readLocal(base: URL, manifest: Manifest, name: string): Promise<Uint8Array> {
  const file = fileOf(manifest, name);
  const path = fileURLToPath(new URL(file.path, base));
  let bytes: Uint8Array;
  try {
    // The size first: a wrong file is refused before it is read.
    const { size } = await stat(path);
    if (size !== file.bytes) {
      await verify(file, new Uint8Array(0), `${path} (${size} bytes on disk)`);
    }
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new MissingError(`model file of ${manifest.id}`, {
      expected: path,
      got: "no such file",
      remedy: "Install the package again, or point to the folder of the model.",
      cause: error,
    });
  }
  await verify(file, bytes, path);
  return bytes;
}

async function readRemote(
  base: URL,
  manifest: Manifest,
  name: string,
  options: NodeReadOptions,
): Promise<Uint8Array> {
  const file = fileOf(manifest, name);
  const url = new URL(file.path, base);
  const folder = options.cacheFolder ?? defaultCacheFolder();
  const kept = join(folder, file.sha256);
  if (options.cache !== false) {
    const bytes = await readFile(kept).catch(() => undefined);
    if (bytes && (await mismatch(file, bytes)) === undefined) return bytes;
  }
  const bytes = await download(url, file, options);
  await verify(file, bytes, url.href);
  if (options.cache !== false) await keep(folder, kept, bytes);
  return bytes;
}

/** Several processes may do this at once: each writes a file of its own, and the last rename wins. */
async function keep(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch {
    // A cache that cannot be written (read-only home, full disk) must not stop the work.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
