import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LimitError, MANIFEST_MAX_BYTES, MissingError, parseManifest } from "@dtok/core";
import type { Manifest, ModelFile } from "@dtok/core";
import { FetchError, describeCause } from "../errors.js";
import { downloadDocument, downloadFile } from "./download.js";
import { fileOf, mismatch, notAsDeclared, verify, verifyPin } from "./read.js";
import type {
  ModelBase,
  ModelFolder,
  ModelReader,
  OpenFolderOptions,
  ReadOptions,
} from "./read.js";

export interface NodeReadOptions extends ReadOptions {
  /** Default: $DTOK_CACHE, else $XDG_CACHE_HOME/dtok, else ~/.cache/dtok. */
  readonly cacheFolder?: string;
}

/** $DTOK_CACHE, else $XDG_CACHE_HOME/dtok, else ~/.cache/dtok. */
export function defaultCacheFolder(): string {
  const { DTOK_CACHE, XDG_CACHE_HOME } = process.env;
  return DTOK_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "dtok");
}

type FileAddress = Exclude<ModelBase, string | URL>;

/**
 * Reads a manifest's files from `base`: a folder (path or file: URL) or an http(s) URL of one.
 * Fetched files are kept on disk under their hash; a kept file that was damaged is fetched again.
 *
 * @throws (the returned function) MissingError, IntegrityError, FetchError, LimitError
 */
export function createModelReader(
  base: ModelBase,
  manifest: Manifest,
  options: NodeReadOptions = {},
): ModelReader {
  const folder = typeof base === "function" ? undefined : folderUrl(base);
  return async (name) => {
    options.signal?.throwIfAborted();
    const file = fileOf(manifest, name);
    const url = folder ? new URL(file.path, folder) : fileUrl((base as FileAddress)(name));
    return url.protocol === "file:"
      ? readLocal(fileURLToPath(url), file, manifest.id)
      : readRemote(url, file, options);
  };
}

/**
 * Opens a folder that holds `manifest.json` and the files that it names.
 *
 * @param base path, file: URL or http(s) URL of the folder
 * @throws MissingError, FormatError, IntegrityError, FetchError, LimitError
 */
export async function openModelFolder(
  base: string | URL,
  options: NodeReadOptions & OpenFolderOptions = {},
): Promise<ModelFolder> {
  const url = new URL("manifest.json", folderUrl(base));
  const where = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  const bytes =
    url.protocol === "file:"
      ? await readDocument(where, MANIFEST_MAX_BYTES)
      : await downloadDocument(url, MANIFEST_MAX_BYTES, options);
  await verifyPin(bytes, options, where);
  const manifest = parseManifest(bytes, where);
  return { manifest, readFile: createModelReader(base, manifest, options) };
}

/** A URL of the folder, ending in "/" so that names resolve below it. */
function folderUrl(base: string | URL): URL {
  const url = fileUrl(base);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function fileUrl(place: string | URL): URL {
  const text = String(place);
  // Two letters at least: "C:\models" is a path.
  return /^[a-z][a-z0-9+.-]+:/i.test(text) ? new URL(text) : pathToFileURL(text);
}

async function readLocal(path: string, file: ModelFile, id: string): Promise<Uint8Array> {
  const bytes = await readAtMost(path, file.bytes, `model file of ${id}`, (size) =>
    notAsDeclared(file, `${size} bytes`, path),
  );
  await verify(file, bytes, path);
  return bytes;
}

async function readDocument(path: string, limit: number): Promise<Uint8Array> {
  return readAtMost(
    path,
    limit,
    path,
    (size) =>
      new LimitError(path, {
        expected: `at most ${limit} bytes`,
        got: String(size),
        remedy: "Check the path.",
      }),
  );
}

/** The whole of a regular file, whose size is looked at before anything is read. */
async function readAtMost(
  path: string,
  limit: number,
  what: string,
  tooLong: (size: number) => Error,
): Promise<Uint8Array> {
  let handle: FileHandle;
  try {
    // Asked before opening: to open a pipe waits for its writer.
    if (!(await stat(path)).isFile()) throw notRegular(path, what);
    handle = await open(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "missing") throw error;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw new FetchError(what, {
        expected: `${path}, readable`,
        got: describeCause(error),
        remedy: "Check its permissions.",
        cause: error,
      });
    }
    throw new MissingError(what, {
      expected: path,
      got: "no such file",
      remedy: "Install the package again, or point to the folder of the model.",
      cause: error,
    });
  }
  try {
    const { size } = await handle.stat();
    if (size > limit) throw tooLong(size);
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at === size ? bytes : bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

function notRegular(path: string, what: string): MissingError {
  return new MissingError(what, {
    expected: `${path} as a regular file`,
    got: "a folder or a device",
    remedy: "Point to the folder of the model.",
  });
}

async function readRemote(
  url: URL,
  file: ModelFile,
  options: NodeReadOptions,
): Promise<Uint8Array> {
  if (options.cache === false) return downloadFile(url, file, options);
  const folder = options.cacheFolder ?? defaultCacheFolder();
  const kept = join(folder, file.sha256);
  const cached = await readAtMost(
    kept,
    file.bytes,
    "cached file",
    () => new Error("too long"),
  ).catch(() => undefined);
  if (cached !== undefined && (await mismatch(file, cached)) === undefined) return cached;
  const bytes = await downloadFile(url, file, options);
  await keep(folder, kept, bytes);
  return bytes;
}

const TEMPORARY = /\.(\d+)\.tmp$/;
/** Older than this, a temporary file is what a killed process left behind. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Several processes may do this at once: each writes a file of its own, and the last rename wins. */
async function keep(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}${Math.random().toString().slice(2)}.tmp`;
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
    await sweep(folder);
  } catch {
    // A cache that cannot be written (read-only home, full disk) must not stop the work.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
  }
}
