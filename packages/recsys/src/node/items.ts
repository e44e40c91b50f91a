import { open, readFile, stat } from "node:fs/promises";
import {
  ArgumentError,
  FormatError,
  LimitError,
  ShapeError,
  ValueError,
  allFinite,
  openNpyRows,
  readSafetensors,
  toFloat32,
} from "@dtok/core";
import type { Matrix, VectorStream } from "@dtok/core";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { TextEmbedder } from "../embed/text-embedder.js";
import { textFeatures } from "../features/text.js";
import { csvRows } from "./csv.js";
import { damaged, parquetHead } from "./parquet.js";

export interface OpenItemsOptions {
  /** Parquet, JSON lines, CSV: the column of names. Default: "item_id", "id" or "item", whichever is there. */
  readonly id?: string;
  /** Parquet, JSON lines, CSV: the column of vectors (lists of numbers; in CSV as JSON, or numbers with spaces between); safetensors: the tensor. Default: the only one that fits. */
  readonly vector?: string;
  /** Parquet, JSON lines, CSV: columns of text, turned into hashed n-gram features (`textFeatures`, without idf) instead of vectors. */
  readonly text?: readonly string[];
  /** Width of those features. Default 768. */
  readonly textDim?: number;
  /** A model that turns texts into vectors instead, such as `openTextEmbedder` opens. */
  readonly embedder?: Pick<TextEmbedder, "embed">;
  /** .npy, safetensors: a text file of names, one a line. Default: the row numbers from 0. */
  readonly idsFile?: string;
  readonly signal?: AbortSignal;
}

/** Items of a file: names, and vectors that are read in chunks, anew for each pass. */
export interface ItemFile {
  readonly ids: readonly string[];
  readonly vectors: VectorStream;
  /** Where vectors come from, for a catalogue's notes. */
  readonly source: string;
  close(): Promise<void>;
}

/** Numbers of a .npy that are held at once: kernels prepare their codebooks at every chunk. */
const NPY_NUMBERS = 1 << 24;
/** Rows of Parquet that are held as objects at once. */
const PARQUET_ROWS = 8192;
/** Of a cell. NaN is read, to be refused by name later. */
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan)$/i;
const ID_COLUMNS = ["item_id", "id", "item"];
/** JSON lines and safetensors are read whole. */
const MAX_WHOLE = 2 ** 31 - 1;

/**
 * Opens items: `.npy` [N, D], `.parquet`, `.jsonl`, `.csv` (`.tsv`) or `.safetensors`.
 *
 * @throws ArgumentError for a file or column that is not there (duplicate ids are the catalogue's to
 *   refuse); FormatError for damaged files; ShapeError, on reading, for missing vectors and vectors
 *   of other widths than the first, ValueError for NaN and infinities
 */
export async function openItems(path: string, options: OpenItemsOptions = {}): Promise<ItemFile> {
  const kind = /\.(npy|parquet|jsonl|ndjson|csv|tsv|safetensors)$/i.exec(path)?.[1]?.toLowerCase();
  if (kind === undefined) {
    throw new ArgumentError(path, {
      expected: "a file .npy, .parquet, .jsonl, .csv or .safetensors",
      got: "another name",
      remedy: "Save the vectors in one of these formats.",
    });
  }
  try {
    await stat(path);
  } catch (cause) {
    throw new ArgumentError(path, {
      expected: "a file that can be read",
      got: (cause as Error).message,
      remedy: "Check the path.",
      cause,
    });
  }
  const file = await (kind === "npy"
    ? openNpy(path, options)
    : kind === "parquet"
      ? openParquet(path, options)
      : kind === "csv" || kind === "tsv"
        ? openCsv(path, options)
        : kind === "safetensors"
          ? openSafetensors(path, options)
          : openJsonLines(path, options));
  return { ...file, vectors: finite(file) };
}

/** The vectors of a file, with the item named where a number is NaN or infinite. */
function finite({ source, ids, vectors }: ItemFile): VectorStream {
  return {
    ...vectors,
    async *chunks(options) {
      let first = 0;
      for await (const chunk of vectors.chunks(options)) {
        const { data, shape } = chunk;
        if (!allFinite(data)) {
          const at = data.findIndex((value) => !(Math.abs(value) < Infinity));
          const row = first + Math.floor(at / shape[1]);
          throw new ValueError(source, {
            expected: "finite numbers",
            got: `${data[at]} in item ${JSON.stringify(ids[row])} (row ${row}, number ${at % shape[1]})`,
            remedy: "Find where the encoder made it, or drop that item.",
          });
        }
        yield chunk;
        first += shape[0];
      }
    },
  };
}

async function openNpy(path: string, options: OpenItemsOptions): Promise<ItemFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const reader =
      (room: (length: number) => Uint8Array) => async (offset: number, length: number) => {
        const bytes = room(length);
        let at = 0;
        while (at < length) {
          const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
          if (bytesRead === 0) return bytes.subarray(0, at);
          at += bytesRead;
        }
        return bytes;
      };
    const fresh = reader((length) => new Uint8Array(length));
    const rows = await openNpyRows(fresh, size);
    const perChunk = Math.max(1, Math.floor(NPY_NUMBERS / rows.columns));
    async function* chunks({ reuse = false } = {}): AsyncGenerator<Matrix> {
      if (!reuse) return yield* rows.chunks(perChunk);
      // One is read while the other is worked on.
      const buffers: ArrayBuffer[] = [];
      let turn = 0;
      const own = reader((length) => {
        turn = 1 - turn;
        if ((buffers[turn]?.byteLength ?? -1) < length) buffers[turn] = new ArrayBuffer(length);
        return new Uint8Array(buffers[turn]!, 0, length);
      });
      yield* (await openNpyRows(own, size)).chunks(perChunk);
    }
    return {
      ids: await namesOf(options.idsFile, rows.rows, path),
      vectors: { dim: rows.columns, count: rows.rows, chunks },
      source: path,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openSafetensors(path: string, options: OpenItemsOptions): Promise<ItemFile> {
  const { tensors } = readSafetensors(await readWhole(path));
  const matrices = Object.keys(tensors).filter((name) => tensors[name]!.shape.length === 2);
  const name = options.vector ?? (matrices.length === 1 ? matrices[0]! : undefined);
  const tensor = name === undefined ? undefined : tensors[name];
  if (tensor?.shape.length !== 2 || !(tensor.shape[1]! >= 1)) {
    throw new ArgumentError(path, {
      expected: name === undefined ? "one tensor [N, D]" : `a tensor ${name} [N, D]`,
      got: Object.entries(tensors)
        .map(([key, { shape }]) => `${key} [${shape.join(", ")}]`)
        .join(", "),
      remedy: "Name the tensor of vectors (vector).",
    });
  }
  const [count, dim] = tensor.shape as [number, number];
  const matrix: Matrix = { data: toFloat32(tensor), shape: [count, dim] };
  return {
    ids: await namesOf(options.idsFile, count, path),
    vectors: { dim, count, chunks: () => [matrix] },
    source: path,
    close: async () => undefined,
  };
}

async function openJsonLines(path: string, options: OpenItemsOptions): Promise<ItemFile> {
  const lines = new TextDecoder().decode(await readWhole(path)).split("\n");
  const rows: Record<string, unknown>[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      throw new FormatError(`${path}, line ${i + 1}`, {
        expected: "a JSON object",
        got: JSON.stringify(line.slice(0, 60)),
        remedy: "Write one object a line.",
        cause,
      });
    }
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new FormatError(`${path}, line ${i + 1}`, {
        expected: "a JSON object",
        got: JSON.stringify(row).slice(0, 60),
        remedy: "Write one object a line.",
      });
    }
    rows.push(row as Record<string, unknown>);
  }
  const columns = Object.keys(rows[0] ?? {});
  const plan = planOf(path, columns, options, (name) => Array.isArray(rows[0]?.[name]));
  const ids = rows.map((row, n) => nameOf(row[plan.id], `${path}, row ${n}`));
  const vectors = await matrixOf(rows, plan, (n) => `${path}, row ${n}`, undefined);
  return {
    ids,
    vectors: { dim: vectors.shape[1], count: rows.length, chunks: () => [vectors] },
    source: path,
    close: async () => undefined,
  };
}

async function openCsv(path: string, options: OpenItemsOptions): Promise<ItemFile> {
  const { size } = await stat(path);
  if (size > MAX_WHOLE) throw tooLarge(path, size);
  let header: readonly string[] | undefined;
  let plan: Plan | undefined;
  const ids: string[] = [];
  const rows: Record<string, unknown>[] = [];
  const lines: number[] = [];
  for await (const { line, values } of csvRows(path, options.signal)) {
    if (header === undefined) {
      header = values;
      continue;
    }
    const names = header;
    // The first row shows which column holds lists.
    plan ??= planOf(path, names, options, (name) => numbersOf(values[names.indexOf(name)]!, true));
    const where = `${path}, line ${line}`;
    ids.push(nameOf(values[names.indexOf(plan.id)], where));
    const row: Record<string, unknown> = {};
    for (const name of plan.text) row[name] = values[names.indexOf(name)];
    if (plan.vector !== undefined) {
      const text = values[names.indexOf(plan.vector)]!;
      const numbers = numbersOf(text);
      if (numbers === undefined && text.trim() !== "") {
        throw new FormatError(where, {
          expected: `numbers in ${plan.vector}, as [1, 2] or with spaces between`,
          got: JSON.stringify(text.slice(0, 60)),
          remedy: "Correct the cell.",
        });
      }
      row[plan.vector] = numbers;
    }
    rows.push(row);
    lines.push(line);
  }
  plan ??= planOf(path, header ?? [], options, (name) => name === options.vector);
  const vectors = await matrixOf(rows, plan, (n) => `${path}, line ${lines[n]}`, undefined);
  return {
    ids,
    vectors: { dim: vectors.shape[1], count: rows.length, chunks: () => [vectors] },
    source: path,
    close: async () => undefined,
  };
}

/** "[1, 2]" or "1 2" to numbers; undefined for anything else, and for a single number where `list`. */
function numbersOf(text: string): Float32Array | undefined;
function numbersOf(text: string, list: true): boolean;
function numbersOf(text: string, list = false): Float32Array | boolean | undefined {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1];
  const parts = (inner ?? text).trim().split(inner === undefined ? /\s+/ : /\s*,\s*/);
  const good = parts.every((part) => NUMBER.test(part));
  if (list) return good && (inner !== undefined || parts.length > 1);
  return good ? Float32Array.from(parts, Number) : undefined;
}

async function openParquet(path: string, options: OpenItemsOptions): Promise<ItemFile> {
  const file = await asyncBufferFromFile(path);
  const { metadata, columns, lists } = await parquetHead(path, file);
  const plan = planOf(path, columns, options, (name) => lists.has(name));
  const count = Number(metadata.num_rows);
  const read = async (names: string[], rowStart: number, rowEnd: number) => {
    options.signal?.throwIfAborted();
    try {
      return await parquetReadObjects({
        file,
        metadata,
        compressors,
        columns: names,
        rowStart,
        rowEnd,
      });
    } catch (cause) {
      throw damaged(path, cause);
    }
  };
  const ids: string[] = [];
  for (let n = 0; n < count; n += PARQUET_ROWS * 8) {
    const rows = await read([plan.id], n, Math.min(count, n + PARQUET_ROWS * 8));
    for (const row of rows) ids.push(nameOf(row[plan.id], `${path}, row ${ids.length}`));
  }
  // One row tells the width.
  const wanted = plan.vector === undefined ? [...plan.text] : [plan.vector];
  const first =
    count === 0
      ? undefined
      : await matrixOf(await read(wanted, 0, 1), plan, (n) => `${path}, row ${n}`, undefined);
  const dim = first?.shape[1] ?? 1;
  return {
    ids,
    vectors: {
      dim,
      count,
      async *chunks() {
        let groupStart = 0;
        // Within row groups, so that none is decoded twice more than it must be.
        for (const group of metadata.row_groups) {
          const groupEnd = groupStart + Number(group.num_rows);
          const step =
            Number(group.num_rows) * dim <= 1 << 26 ? Number(group.num_rows) : PARQUET_ROWS;
          for (let n = groupStart; n < groupEnd; n += step) {
            const rows = await read(wanted, n, Math.min(groupEnd, n + step));
            yield await matrixOf(rows, plan, (i) => `${path}, row ${n + i}`, dim);
          }
          groupStart = groupEnd;
        }
      },
    },
    source: path,
    close: async () => undefined,
  };
}

interface Plan {
  readonly id: string;
  /** Undefined: text features. */
  readonly vector: string | undefined;
  readonly text: readonly string[];
  readonly textDim: number;
  readonly embedder: Pick<TextEmbedder, "embed"> | undefined;
  readonly signal: AbortSignal | undefined;
}

function planOf(
  path: string,
  columns: readonly string[],
  { id, vector, text = [], textDim = 768, embedder, signal }: OpenItemsOptions,
  isList: (name: string) => boolean,
): Plan {
  const missing = (what: string, remedy: string) =>
    new ArgumentError(path, {
      expected: what,
      got: `columns ${columns.join(", ") || "none"}`,
      remedy,
    });
  const named = id ?? ID_COLUMNS.find((name) => columns.includes(name));
  if (named === undefined || !columns.includes(named)) {
    throw missing(`a column ${id ?? ID_COLUMNS.join(" or ")}`, "Name the column of item ids (id).");
  }
  for (const name of text) {
    if (!columns.includes(name))
      throw missing(`a column ${name}`, "Name columns that are there (text).");
  }
  if (text.length > 0) return { id: named, vector: undefined, text, textDim, embedder, signal };
  const lists = columns.filter(isList);
  const found = vector ?? (lists.length === 1 ? lists[0] : undefined);
  if (found === undefined || !columns.includes(found)) {
    throw missing(
      vector === undefined ? "one column of lists of numbers" : `a column ${vector}`,
      "Name the column of vectors (vector), or columns of text (text).",
    );
  }
  return { id: named, vector: found, text: [], textDim, embedder, signal };
}

/** Vectors of rows; `dim` undefined takes the first row's. */
async function matrixOf(
  rows: readonly Record<string, unknown>[],
  plan: Plan,
  where: (row: number) => string,
  dim: number | undefined,
): Promise<Matrix> {
  if (plan.vector === undefined) {
    const texts = rows.map((row) =>
      plan.text
        .map((name) => (row[name] === null || row[name] === undefined ? "" : String(row[name])))
        .join(" "),
    );
    if (plan.embedder === undefined) {
      return textFeatures(texts, { dim: plan.textDim, idf: false });
    }
    return plan.embedder.embed(texts, plan.signal ? { signal: plan.signal } : {});
  }
  const name = plan.vector;
  const width = dim ?? (rows[0]?.[name] as ArrayLike<number> | undefined)?.length ?? 1;
  const data = new Float32Array(rows.length * width);
  for (const [n, row] of rows.entries()) {
    const vector = row[name] as ArrayLike<number> | null | undefined;
    if (vector === null || vector === undefined || vector.length !== width || width === 0) {
      throw new ShapeError(where(n), {
        expected: `a vector of ${width} numbers in ${name}`,
        got: vector === null || vector === undefined ? "none" : `${vector.length} numbers`,
        remedy: "Drop items without a vector, and keep one width.",
      });
    }
    // A null in a list becomes NaN, which every later step refuses.
    for (let d = 0; d < width; d++)
      data[n * width + d] = vector[d] === null ? NaN : Number(vector[d]);
  }
  return { data, shape: [rows.length, width] };
}

function nameOf(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw new ArgumentError(where, {
    expected: "an item id: text or a number",
    got: value === "" ? '""' : JSON.stringify(value ?? null).slice(0, 60),
    remedy: "Give every item an id.",
  });
}

async function namesOf(path: string | undefined, count: number, what: string): Promise<string[]> {
  if (path === undefined) return Array.from({ length: count }, (_, n) => String(n));
  const lines = new TextDecoder().decode(await readWhole(path)).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length !== count) {
    throw new ArgumentError(path, {
      expected: `${count} lines, one per row of ${what}`,
      got: String(lines.length),
      remedy: "Write one item id a line, in the order of the rows.",
    });
  }
  return lines;
}

async function readWhole(path: string): Promise<Uint8Array> {
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (cause) {
    throw new ArgumentError(path, {
      expected: "a file that can be read",
      got: (cause as Error).message,
      remedy: "Check the path.",
      cause,
    });
  }
  if (size > MAX_WHOLE) throw tooLarge(path, size);
  return new Uint8Array(await readFile(path));
}

function tooLarge(path: string, size: number): LimitError {
  return new LimitError(path, {
    expected: `at most ${MAX_WHOLE} bytes`,
    got: String(size),
    remedy: "Use .npy or Parquet, which are read in chunks.",
  });
}
