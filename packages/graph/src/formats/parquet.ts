import { ArgumentError, FormatError } from "@dtok/core";
import type { AsyncBuffer } from "hyparquet";
import { EdgeCollector, Names } from "./reading.js";
import type { ReadGraph, ReadOptions } from "./reading.js";

export interface ReadParquetOptions extends ReadOptions {
  /** Columns by name. Default the first of the usual names: head, source, subject, from, … */
  readonly columns?: {
    readonly head: string;
    readonly relation?: string;
    readonly tail: string;
  };
  /** Relation of edges where no column has it. Default "edge". */
  readonly unnamed?: string;
}

const USUAL = {
  head: ["head", "source", "subject", "from", "src"],
  relation: ["relation", "predicate", "rel", "kind", "type", "label", "edge"],
  tail: ["tail", "target", "object", "to", "dst"],
} as const;

/** Rows that are decoded at a time. */
const ROWS = 1 << 16;

/**
 * A graph from a Parquet file of edges, one a row, by parts. Numbers are names as they are written.
 *
 * @param file the bytes, or what reads ranges of them: `{ byteLength, slice(start, end) }`
 * @throws FormatError with the number of the row
 */
export async function readParquet(
  file: Uint8Array | ArrayBuffer | AsyncBuffer,
  options: ReadParquetOptions = {},
): Promise<ReadGraph> {
  const [{ parquetMetadataAsync, parquetRead, parquetSchema }, { compressors }] = await Promise.all(
    [import("hyparquet"), import("hyparquet-compressors")],
  );
  const buffer = file instanceof Uint8Array ? ownBuffer(file) : file;
  const collector = new EdgeCollector(options, "Parquet", "row");
  const broken = (error: unknown): never => {
    throw new FormatError(collector.name, {
      expected: "a Parquet file",
      got: (error as Error).message,
      remedy: "Check that it is whole, and no other format.",
      cause: error,
    });
  };
  const metadata = await parquetMetadataAsync(buffer).catch(broken);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const columns = options.columns ?? usual(names, collector.name);
  for (const name of Object.values(columns)) {
    if (names.includes(name)) continue;
    throw new ArgumentError(`columns of ${collector.name}`, {
      expected: `names among ${names.join(", ")}`,
      got: name,
      remedy: "Choose columns that the file has.",
    });
  }
  const nodes = new Names();
  const relations = new Names();
  const unnamed = options.unnamed ?? "edge";
  const wanted = [columns.head, columns.tail, ...(columns.relation ? [columns.relation] : [])];
  const total = Number(metadata.num_rows);
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += ROWS) {
      options.signal?.throwIfAborted();
      const rowEnd = Math.min(groupEnd, rowStart + ROWS);
      await parquetRead({
        file: buffer,
        metadata,
        compressors,
        columns: wanted,
        rowStart,
        rowEnd,
        rowFormat: "object",
        onComplete(rows) {
          for (const row of rows) {
            collector.line++;
            const [head, tail] = [text(row[columns.head]), text(row[columns.tail])];
            if (head === undefined || tail === undefined) {
              collector.refuse("a row without a name", "a name in both columns of nodes");
              continue;
            }
            const kind = columns.relation ? text(row[columns.relation]) : undefined;
            collector.add(nodes.id(head), relations.id(kind ?? unnamed), nodes.id(tail));
          }
        },
      }).catch((error: unknown) => (error instanceof FormatError ? raise(error) : broken(error)));
      options.onProgress?.(Math.round((buffer.byteLength * rowEnd) / Math.max(1, total)));
    }
    groupStart = groupEnd;
  }
  return collector.finish(nodes.list, relations.list);
}

function raise(error: Error): never {
  throw error;
}

/** What a cell calls a node; nothing where it is empty, or no name at all. */
function text(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  return undefined;
}

/** The bytes alone, where the array is a window on more. */
function ownBuffer(data: Uint8Array): ArrayBuffer {
  return data.slice().buffer;
}

function usual(names: readonly string[], name: string) {
  const find = (what: keyof typeof USUAL) => USUAL[what].find((usually) => names.includes(usually));
  const [head, relation, tail] = [find("head"), find("relation"), find("tail")];
  if (head !== undefined && tail !== undefined) {
    return { head, tail, ...(relation !== undefined && { relation }) };
  }
  throw new FormatError(name, {
    expected: `a column called ${USUAL.head.join(", ")}, and one called ${USUAL.tail.join(", ")}`,
    got: names.join(", "),
    remedy: "Name the columns: { head, relation, tail }.",
  });
}
