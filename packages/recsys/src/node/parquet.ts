import { FormatError } from "@dtok/core";
import { parquetMetadataAsync, parquetSchema } from "hyparquet";
import type { AsyncBuffer, FileMetaData } from "hyparquet";

/** The metadata of a Parquet file, its columns, and those of them that hold lists. */
export async function parquetHead(path: string, file: AsyncBuffer) {
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(file);
  } catch (cause) {
    throw damaged(path, cause);
  }
  const { children } = parquetSchema(metadata);
  return {
    metadata,
    columns: children.map(({ element }) => element.name),
    lists: new Set(
      children
        .filter(
          ({ children: inner, element }) =>
            inner.length > 0 ||
            element.repetition_type === "REPEATED" ||
            element.converted_type === "JSON" ||
            element.logical_type?.type === "JSON",
        )
        .map(({ element }) => element.name),
    ),
  };
}

export function damaged(path: string, cause: unknown): FormatError {
  return new FormatError(path, {
    expected: "a Parquet file",
    got: (cause as Error).message,
    remedy:
      "Write the file again; if it opens elsewhere, save it uncompressed or with zstd or snappy.",
    cause,
  });
}
