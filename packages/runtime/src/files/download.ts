import { LimitError, MissingError } from "@dtok/core";
import type { ModelFile } from "@dtok/core";
import { FetchError, describeCause } from "../errors.js";
import { notAsDeclared, verify } from "./read.js";
import type { ReadOptions } from "./read.js";

/** A failure that may pass: a broken connection, a busy server. */
class Transient extends Error {
  constructor(
    message: string,
    override readonly cause: unknown,
    /** Milliseconds that the server asks to wait. */
    readonly wait = 0,
  ) {
    super(message);
  }
}

/** Statuses of a server that is busy or of a gateway that lost it. */
const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
const LONGEST_WAIT = 10_000;

/**
 * Fetches a file of known size and hash. Memory grows with what has arrived, not with what the
 * manifest claims; the first byte too many ends it.
 *
 * @throws MissingError (404 and the like), FetchError (after the last attempt), IntegrityError
 */
export async function downloadFile(
  url: URL,
  file: ModelFile,
  options: ReadOptions,
): Promise<Uint8Array> {
  const tooLong = (got: string) => notAsDeclared(file, got, url.href);
  return retrying(url, options, async () => {
    const bytes = await downloadOnce(url, file.bytes, tooLong, options, (done) =>
      options.onProgress?.({ file: file.path, bytes: done, total: file.bytes }),
    );
    if (bytes.length < file.bytes) {
      throw new Transient(`it ended after ${bytes.length} of ${file.bytes} bytes`, undefined);
    }
    await verify(file, bytes, url.href);
    return bytes;
  });
}

/** Fetches a document of unknown size up to `limit` bytes. */
export async function downloadDocument(
  url: URL,
  limit: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  const tooLong = (got: string) =>
    new LimitError(url.href, {
      expected: `at most ${limit} bytes`,
      got,
      remedy: "Check the address.",
    });
  return retrying(url, options, () => downloadOnce(url, limit, tooLong, options));
}

async function retrying(
  url: URL,
  options: ReadOptions,
  attempt: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const attempts = Math.max(1, options.attempts ?? 3);
  for (let i = 1; ; i++) {
    options.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      // An abort comes out of `fetch` as whatever reason the caller gave.
      options.signal?.throwIfAborted();
      if (!(error instanceof Transient)) throw error;
      if (i >= attempts) {
        throw new FetchError(`model file ${url.href}`, {
          expected: "the file",
          got: `${error.message}, ${attempts === 1 ? "once" : `${attempts} times`}`,
          remedy: "Check the network and try again.",
          cause: error.cause ?? error,
        });
      }
      // A second, four seconds, …, spread out so that many clients do not return at once.
      const backoff = 250 * 4 ** (i - 1) * (1 + Math.random());
      await pause(Math.min(LONGEST_WAIT, Math.max(error.wait, backoff)), options.signal);
    }
  }
}

async function downloadOnce(
  url: URL,
  limit: number,
  tooLong: (got: string) => Error,
  options: ReadOptions,
  onBytes?: (done: number) => void,
): Promise<Uint8Array> {
  const stall = new AbortController();
  const stallTimeout = options.stallTimeout ?? 30_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stall.abort(new Error(`no byte came for ${stallTimeout} ms`)),
      stallTimeout,
    );
  };
  const signal = options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal;
  const network = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      throw new Transient(describeCause(reasonOf(error)), error);
    }
  };
  alive();
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const response = await network(() => (options.fetch ?? globalThis.fetch)(url, { signal }));
    if (!response.ok) throw badStatus(url, response);
    const declared = Number(response.headers.get("content-length") ?? NaN);
    // With an encoding (gzip, br) the length is that of the compressed bytes.
    if (!response.headers.get("content-encoding") && declared > limit) {
      throw tooLong(`an answer of ${declared} bytes`);
    }
    if (response.body === null) return new Uint8Array(0);
    const reader = (body = response.body.getReader());
    const chunks: Uint8Array[] = [];
    let done = 0;
    for (;;) {
      alive();
      const next = await network(() => reader.read());
      if (next.done) break;
      if (done + next.value.length > limit) throw tooLong(`more than ${limit} bytes`);
      chunks.push(next.value);
      done += next.value.length;
      onBytes?.(done);
    }
    return join(chunks, done);
  } finally {
    clearTimeout(timer);
    // Frees the connection where the transfer was given up; a broken stream has nothing to free.
    await body?.cancel().catch(() => undefined);
  }
}

function badStatus(url: URL, response: Response): Error {
  void response.body?.cancel().catch(() => undefined);
  const got = `HTTP status ${response.status}`;
  if (TRANSIENT_STATUS.has(response.status)) {
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    return new Transient(got, undefined, Number.isFinite(seconds) ? seconds * 1000 : 0);
  }
  return new MissingError(`model file ${url.href}`, {
    expected: "the file",
    got,
    remedy: "Check the address; model files lie beside their manifest.",
  });
}

/** undici says "fetch failed" and keeps the reason in `cause`. */
function reasonOf(error: unknown): unknown {
  const cause = (error as { cause?: unknown } | null)?.cause;
  return cause instanceof Error && cause.message !== "" ? cause : error;
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
