import { ArgumentError, IntegrityError, LimitError, MissingError } from "@dtok/core";
import type { Manifest, ModelFile } from "@dtok/core";
import { digest } from "./sha256.js";

export interface ReadOptions {
  /** Bytes so far and in all, of the file being fetched. */
  readonly onProgress?: (progress: { file: string; bytes: number; total: number }) => void;
  readonly signal?: AbortSignal;
  /** Keep fetched files (on disk in Node.js, in Cache Storage in browsers). Default true. */
  readonly cache?: boolean;
}

/** Reads a manifest's files by name. */
export type ModelReader = (name: string) => Promise<Uint8Array>;

/** Largest model file that is read. */
const MAX_BYTES = 4 * 2 ** 30;
const ATTEMPTS = 3;

/** A path from a manifest that stays inside its folder, whatever the manifest says. */
export function safePath(path: string): string {
  const bad =
    path === "" ||
    path.includes("\\") ||
    path.includes("\0") ||
    /^[a-z][a-z0-9+.-]*:/i.test(path) ||
    path.startsWith("/") ||
    path.split("/").some((part) => part === ".." || part === "." || part === "") ||
    /%2e|%2f|%5c/i.test(path);
  if (bad) {
    throw new IntegrityError("model file path", {
      expected: "a relative path inside the model's folder",
      got: JSON.stringify(path),
      remedy: "Do not load this manifest: it points outside its folder.",
    });
  }
  return path;
}

export function fileOf(manifest: Manifest, name: string): ModelFile {
  const file = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  if (!file) {
    throw new ArgumentError(`file of ${manifest.id}`, {
      expected: `one of ${Object.keys(manifest.files).join(", ")}`,
      got: name,
      remedy: "Ask for a file that the manifest names.",
    });
  }
  safePath(file.path);
  if (!Number.isSafeInteger(file.bytes) || file.bytes < 1 || file.bytes > MAX_BYTES) {
    throw new LimitError(`size of ${file.path}`, {
      expected: `1 to ${MAX_BYTES} bytes`,
      got: String(file.bytes),
      remedy: "Correct the manifest.",
    });
  }
  return file;
}

/** Compares bytes with what the manifest declares. */
export async function verify(file: ModelFile, bytes: Uint8Array, where: string): Promise<void> {
  const problem = await mismatch(file, bytes);
  if (problem === undefined) return;
  throw new IntegrityError(`model file ${where}`, {
    expected: `${file.bytes} bytes with SHA-256 ${file.sha256}`,
    got: problem,
    remedy: "Fetch it again, from the place that the manifest comes from.",
  });
}

export async function mismatch(file: ModelFile, bytes: Uint8Array): Promise<string | undefined> {
  if (bytes.length !== file.bytes) return `${bytes.length} bytes`;
  const found = await digest(bytes);
  return found === file.sha256 ? undefined : `SHA-256 ${found}`;
}

/** Fetches a file of known size: stops at the first byte too many, tries again after a broken transfer. */
export async function download(
  url: URL,
  file: ModelFile,
  options: ReadOptions,
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await downloadOnce(url, file, options);
    } catch (error) {
      const final = error instanceof IntegrityError || error instanceof MissingError;
      if (final || options.signal?.aborted || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * 4 ** (attempt - 1)));
    }
  }
}

async function downloadOnce(url: URL, file: ModelFile, options: ReadOptions): Promise<Uint8Array> {
  const response = await fetch(url, options.signal ? { signal: options.signal } : {});
  if (!response.ok || !response.body) {
    const parts = {
      expected: "the file",
      got: `HTTP status ${response.status}`,
      remedy: "Check the address; model files lie beside their manifest.",
    };
    if (response.status >= 500) throw new Error(`${url.href}: ${parts.got}`);
    throw new MissingError(`model file ${url.href}`, parts);
  }
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > file.bytes) {
      await reader.cancel();
      await verify(file, new Uint8Array(0), `${url.href} (longer than declared)`);
    }
    bytes.set(value, at);
    at += value.length;
    options.onProgress?.({ file: file.path, bytes: at, total: file.bytes });
  }
  if (at < file.bytes) throw new Error(`${url.href} ended after ${at} of ${file.bytes} bytes`);
  return bytes;
}
