import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ArgumentError, IntegrityError } from "@dtok/core";
import type { Matrix, VectorStream } from "@dtok/core";
import { Catalogue, idsToParquet, openItems, openTextEmbedder } from "@dtok/recsys";
import type { ItemFile, OpenItemsOptions } from "@dtok/recsys";
import { readInput, writeOutput } from "../files.js";
import { interruption } from "../output.js";

/** What a folder of IDs holds: the catalogue, its IDs as a table, and the encoder where one was trained. */
export const CATALOGUE = "catalogue.safetensors";
export const TABLE = "ids.parquet";
export const ENCODER = "encoder.onnx";
export const DECODER = "decoder.onnx";

export interface ItemFlags {
  readonly id?: string;
  readonly vector?: string;
  readonly text?: string;
  readonly textDim?: number;
  readonly ids?: string;
  readonly embedder?: string;
}

/** Flags of the command line over what the catalogue remembers of its first file. */
export function itemOptions(
  flags: ItemFlags,
  notes: Readonly<Record<string, string>> = {},
): OpenItemsOptions {
  const text = flags.text ?? notes.text;
  const pick = { id: flags.id ?? notes.id, vector: flags.vector ?? notes.vector };
  return {
    signal: interruption.signal,
    ...(pick.id !== undefined && { id: pick.id }),
    ...(pick.vector !== undefined && text === undefined && { vector: pick.vector }),
    ...(text !== undefined && { text: text.split(",").map((name) => name.trim()) }),
    ...(flags.textDim !== undefined
      ? { textDim: flags.textDim }
      : notes.textDim !== undefined && { textDim: Number(notes.textDim) }),
    ...(flags.ids !== undefined && { idsFile: flags.ids }),
  };
}

export function notesOf(flags: ItemFlags): Record<string, string> {
  return {
    ...(flags.id !== undefined && { id: flags.id }),
    ...(flags.vector !== undefined && { vector: flags.vector }),
    ...(flags.text !== undefined && { text: flags.text }),
    ...(flags.textDim !== undefined && { textDim: String(flags.textDim) }),
    ...(flags.embedder !== undefined && { embedder: flags.embedder }),
  };
}

/** Opens items, and the model of their texts where the flags or the catalogue's notes name one. */
export async function withItems<T>(
  path: string,
  flags: ItemFlags,
  work: (file: ItemFile) => Promise<T>,
  notes: Readonly<Record<string, string>> = {},
): Promise<T> {
  const folder = flags.embedder ?? notes.embedder;
  const options = itemOptions(flags, notes);
  if (folder !== undefined && options.text === undefined) {
    throw new ArgumentError("--embedder", {
      expected: "--text, the columns that it reads",
      got: "none",
      remedy: "Name columns of text.",
    });
  }
  const embedder = folder === undefined ? undefined : await openTextEmbedder(folder);
  try {
    const file = await openItems(path, { ...options, ...(embedder && { embedder }) });
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  } finally {
    await embedder?.close();
  }
}

/** A folder's catalogue, or a catalogue file. */
export async function readCatalogue(path: string): Promise<Catalogue> {
  return Catalogue.load(await readInput(await catalogueFile(path)));
}

async function catalogueFile(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isFolder ? join(path, CATALOGUE) : path;
}

/** Writes the catalogue last: a folder with a new catalogue has its table and models too. */
export async function writeFolder(
  folder: string,
  catalogue: Catalogue,
  models: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new ArgumentError(folder, {
      expected: "a folder that can be made",
      got: (cause as Error).message,
      remedy: "Choose another name.",
      cause,
    });
  }
  for (const [name, bytes] of Object.entries(models)) await writeOutput(join(folder, name), bytes);
  await writeOutput(join(folder, TABLE), idsToParquet(catalogue));
  await writeOutput(join(folder, CATALOGUE), catalogue.save());
}

export const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Vectors to what the catalogue's quantizer takes: through its encoder, where it has one. */
export interface Encoder {
  encode(vectors: Matrix): Promise<Matrix>;
  close(): Promise<void>;
}

export async function openEncoder(folder: string, catalogue: Catalogue): Promise<Encoder> {
  const wanted = catalogue.notes.encoder;
  if (wanted === undefined)
    return { encode: async (vectors) => vectors, close: async () => undefined };
  const path = join(folder, ENCODER);
  const bytes = await readInput(path);
  if (digestOf(bytes) !== wanted) {
    throw new IntegrityError(path, {
      expected: `SHA-256 ${wanted}, as the catalogue says`,
      got: digestOf(bytes),
      remedy: "Use the encoder that was trained with this catalogue, or fit anew.",
    });
  }
  return encoderOf(bytes, catalogue.quantizer.dim);
}

export async function encoderOf(bytes: Uint8Array, width: number): Promise<Encoder> {
  const { createRuntime } = await import("@dtok/runtime");
  const runtime = await createRuntime();
  const session = await runtime.load(bytes);
  return {
    async encode(vectors) {
      const [rows] = vectors.shape;
      if (rows === 0) return { data: new Float32Array(0), shape: [0, width] };
      const { latents } = await session.run({ vectors });
      return { data: latents?.data as Float32Array, shape: [rows, width] };
    },
    close: () => runtime.close(),
  };
}

/** A stream of vectors seen through an encoder. */
export function encoded(vectors: VectorStream, encoder: Encoder, width: number): VectorStream {
  return {
    dim: width,
    ...(vectors.count !== undefined && { count: vectors.count }),
    async *chunks() {
      for await (const chunk of vectors.chunks()) yield await encoder.encode(chunk);
    },
  };
}

/** All vectors at once, for methods that need them so. */
export async function gathered(vectors: VectorStream): Promise<Matrix> {
  const parts: Matrix[] = [];
  let rows = 0;
  for await (const chunk of vectors.chunks()) {
    parts.push(chunk);
    rows += chunk.shape[0];
  }
  const data = new Float32Array(rows * vectors.dim);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, shape: [rows, vectors.dim] };
}
