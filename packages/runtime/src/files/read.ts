import { ArgumentError, IntegrityError, LimitError, checkRelativePath } from "@dtok/core";
import { MODEL_FILE_MAX_BYTES } from "@dtok/core";
import type { Manifest, ModelFile } from "@dtok/core";
import { digest } from "./sha256.js";

export interface ReadProgress {
  /** Path of the file within its folder. */
  readonly file: string;
  /** Bytes so far; begins anew when a broken transfer is tried again. */
  readonly bytes: number;
  readonly total: number;
}

export interface ReadOptions {
  /** Called as the bytes of a fetched file arrive. */
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly signal?: AbortSignal;
  /** Keep fetched files (on disk in Node.js, in Cache Storage in browsers). Default true. */
  readonly cache?: boolean;
  /** Attempts at a fetch that fails in passing. Default 3. */
  readonly attempts?: number;
  /** Milliseconds without a byte after which a transfer counts as broken. Default 30,000. */
  readonly stallTimeout?: number;
  /** Default: `globalThis.fetch`. For proxies, authorisation, tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Where a model's files lie: a folder, or each file's own address by its name in the manifest (what a
 * bundler makes of `new URL("./encoder.onnx", import.meta.url)`).
 */
export type ModelBase = string | URL | ((name: string) => string | URL);

/** Reads a manifest's files by name, checked against their declared size and SHA-256. */
export type ModelReader = (name: string) => Promise<Uint8Array>;

/** A folder with a `manifest.json` and the files that it names. */
export interface ModelFolder {
  readonly manifest: Manifest;
  readonly readFile: ModelReader;
}

export interface OpenFolderOptions extends ReadOptions {
  /** Lower-case hexadecimal SHA-256 of manifest.json: pins the manifest, and by it all files. */
  readonly manifestSha256?: string;
}

/**
 * A path from a manifest that stays inside its folder, whatever the manifest says. Returns it.
 *
 * @throws IntegrityError
 */
export function safePath(path: string): string {
  return checkRelativePath(path, "model file path");
}

/** The manifest's entry of that name, its path and size checked. */
export function fileOf(manifest: Manifest, name: string): ModelFile {
  const file = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  if (file === undefined) {
    throw new ArgumentError(`file of ${manifest.id}`, {
      expected: `one of ${Object.keys(manifest.files).join(", ")}`,
      got: JSON.stringify(name),
      remedy: "Ask for a file that the manifest names.",
    });
  }
  checkRelativePath(file.path, `file of ${manifest.id}`);
  if (!Number.isSafeInteger(file.bytes) || file.bytes < 0 || file.bytes > MODEL_FILE_MAX_BYTES) {
    throw new LimitError(`size of ${file.path}`, {
      expected: `0 to ${MODEL_FILE_MAX_BYTES} bytes`,
      got: String(file.bytes),
      remedy: "Correct the manifest.",
    });
  }
  return file;
}

/** What is wrong with `bytes`, or undefined where they are what the manifest declares. */
export async function mismatch(file: ModelFile, bytes: Uint8Array): Promise<string | undefined> {
  if (bytes.length !== file.bytes) return `${bytes.length} bytes`;
  const found = await digest(bytes);
  return found === file.sha256 ? undefined : `SHA-256 ${found}`;
}

/** @throws IntegrityError where `bytes` are not what the manifest declares */
export async function verify(file: ModelFile, bytes: Uint8Array, where: string): Promise<void> {
  const problem = await mismatch(file, bytes);
  if (problem !== undefined) throw notAsDeclared(file, problem, where);
}

export function notAsDeclared(file: ModelFile, got: string, where: string): IntegrityError {
  return new IntegrityError(`model file ${where}`, {
    expected: `${file.bytes} bytes with SHA-256 ${file.sha256}`,
    got,
    remedy: "Fetch it again, from the place that the manifest comes from.",
  });
}

/** The pinned hash of a manifest, where one is asked for. */
export async function verifyPin(
  bytes: Uint8Array,
  { manifestSha256 }: OpenFolderOptions,
  where: string,
): Promise<void> {
  if (manifestSha256 === undefined) return;
  const found = await digest(bytes);
  if (found === manifestSha256) return;
  throw new IntegrityError(where, {
    expected: `SHA-256 ${manifestSha256}`,
    got: found,
    remedy: "The manifest has changed since it was pinned; look at it before pinning the new hash.",
  });
}
