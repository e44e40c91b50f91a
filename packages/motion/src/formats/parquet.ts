import { FormatError, ValueError } from "@dtok/core";
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { columnPicker, finish } from "./trajectory.js";
import type { Trajectory, TrajectorySchema } from "./trajectory.js";

/**
 * A Parquet table of joints or end effectors, one row per moment, by its schema (see
 * `readCsvTrajectory`).
 *
 * @throws FormatError, ValueError with the row; MismatchError where a column of the schema is missing
 */
export async function readParquetTrajectory(
  bytes: Uint8Array,
  schema: TrajectorySchema,
  name = "trajectory",
): Promise<Trajectory> {
  const file = bytes.slice().buffer;
  let names: string[];
  let records: Record<string, unknown>[];
  try {
    const metadata = await parquetMetadataAsync(file);
    names = parquetSchema(metadata).children.map(({ element }) => element.name);
    records = await parquetReadObjects({ file, metadata, compressors });
  } catch (error) {
    throw new FormatError(name, {
      expected: "a Parquet file",
      got: (error as Error).message,
      remedy: "Check the file, or read a CSV by readCsvTrajectory.",
      cause: error,
    });
  }
  const columns = columnPicker(names, schema, name).map((at) => names[at]!);
  const rows = records.map((record, t) =>
    columns.map((column) => {
      const raw = record[column];
      const value = typeof raw === "bigint" ? Number(raw) : raw;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new ValueError(`${name}, row ${t}, column ${column}`, {
        expected: "a finite number",
        got: String(raw),
        remedy: "Fill gaps of the recording first.",
      });
    }),
  );
  return finish(rows, schema, name);
}

/** The names of a Parquet table's columns. @throws FormatError */
export async function parquetColumns(bytes: Uint8Array, name = "trajectory"): Promise<string[]> {
  try {
    const metadata = await parquetMetadataAsync(bytes.slice().buffer);
    return parquetSchema(metadata).children.map(({ element }) => element.name);
  } catch (error) {
    throw new FormatError(name, {
      expected: "a Parquet file",
      got: (error as Error).message,
      remedy: "Check the file.",
      cause: error,
    });
  }
}
