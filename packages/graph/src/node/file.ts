import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ArgumentError } from "@dtok/core";
import { readParquet } from "../formats/parquet.js";
import { graphFormatOf, readGraph } from "../formats/read.js";
import type { ReadGraphOptions } from "../formats/read.js";
import type { ReadGraph } from "../formats/reading.js";

/** Bytes that are read from a file at a time. */
const CHUNK = 1 << 20;

/**
 * A graph from a file (a path, or a file:, http: or https: URL), its format by the name's ending (`.gz` too)
 * unless told. Of Parquet on disk only what is needed is read.
 *
 * @throws FormatError with the number of the line, ArgumentError for a file that cannot be read or whose
 * ending is no format's
 */
export async function readGraphFile(
  file: string | URL,
  options: ReadGraphOptions = {},
): Promise<ReadGraph> {
  const address = String(file);
  const isRemote = /^https?:/i.test(address);
  const path = isRemote
    ? new URL(address).pathname
    : address.startsWith("file:")
      ? fileURLToPath(address)
      : address;
  const format = options.format ?? graphFormatOf(path);
  if (format === undefined) {
    throw new ArgumentError(path, {
      expected: "a name that ends in .tsv, .nt, .edges, .graphml, .gexf, .gml or .parquet",
      got: "another ending",
      remedy: "Name the format.",
    });
  }
  const more = { ...options, format, name: options.name ?? path };
  if (isRemote) return readGraph(await bodyOf(address, options.signal), more);
  try {
    if (format !== "parquet" || path.endsWith(".gz")) {
      return await readGraph(createReadStream(path, { highWaterMark: CHUNK }), more);
    }
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { columns: _, ...rest } = more;
      return await readParquet(
        {
          byteLength: size,
          async slice(from: number, to = size) {
            const part = Buffer.alloc(Math.max(0, Math.min(size, to) - from));
            await file.read(part, 0, part.length, from);
            return part.buffer.slice(part.byteOffset, part.byteOffset + part.length) as ArrayBuffer;
          },
        },
        rest,
      );
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES" && code !== "EISDIR") throw error;
    throw new ArgumentError(path, {
      expected: "a file that can be read",
      got: message,
      remedy: "Check the path.",
      cause: error,
    });
  }
}

async function bodyOf(
  address: string,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array>> {
  try {
    const response = await fetch(address, { signal: signal ?? null });
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
    return response.body;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ArgumentError(address, {
      expected: "a file that can be fetched",
      got: error instanceof Error ? error.message : String(error),
      remedy: "Check the address and the connection.",
      cause: error,
    });
  }
}
