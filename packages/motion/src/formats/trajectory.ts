/**
 * Trajectories of joints or end effectors as columns of numbers over time. A schema names the columns
 * and their units; CSV here, Parquet by `readParquetTrajectory`.
 */
import { FormatError, LimitError, MismatchError, ValueError } from "@dtok/core";
import type { Matrix } from "@dtok/core";

/** What the numbers of a column are; angles are brought to radians, lengths to metres. */
export type ColumnUnit = "radians" | "degrees" | "metres" | "millimetres" | "seconds" | "none";

export interface TrajectorySchema {
  /** Column of time, and its unit in seconds (0.001 for milliseconds). Default: rows at `rate`. */
  readonly time?: { readonly column: string; readonly seconds?: number };
  /** Rows per second where no column tells the time. */
  readonly rate?: number;
  /** Columns in the order wanted, with units; a column without a header is named by its number from 0. */
  readonly columns: readonly { readonly column: string; readonly unit?: ColumnUnit }[];
}

export interface Trajectory {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** [T, D]: radians, metres. */
  readonly values: Matrix;
  /** Rows per second (the median step, where a column tells the time). */
  readonly rate: number;
}

const FACTORS: Readonly<Record<ColumnUnit, number>> = {
  radians: 1,
  degrees: Math.PI / 180,
  metres: 1,
  millimetres: 0.001,
  seconds: 1,
  none: 1,
};
const MAX_ROWS = 20_000_000;

/**
 * A CSV (or tab- or space-separated) table. The first line is a header where it holds a word that is no
 * number.
 *
 * @throws FormatError, ValueError with the line; MismatchError where a column of the schema is missing
 */
export function readCsvTrajectory(
  text: string,
  schema: TrajectorySchema,
  name = "trajectory",
): Trajectory {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== "");
  if (first < 0) throw empty(name);
  const cut = separator(lines[first]!);
  const head = cut(lines[first]!);
  const headed = isHeader(head);
  const names = headed ? head : head.map((_, i) => String(i));
  const pick = columnPicker(names, schema, name);
  const rows: number[][] = [];
  for (let i = first + (headed ? 1 : 0); i < lines.length; i++) {
    if (lines[i]!.trim() === "") continue;
    const words = cut(lines[i]!);
    if (words.length !== names.length) {
      throw new FormatError(`${name}, line ${i + 1}`, {
        expected: `${names.length} columns`,
        got: String(words.length),
        remedy: "Give every row all columns.",
      });
    }
    rows.push(
      pick.map((c) => {
        const value = words[c] === "" ? NaN : Number(words[c]);
        if (Number.isFinite(value)) return value;
        throw new ValueError(`${name}, line ${i + 1}, column ${names[c]}`, {
          expected: "a finite number",
          got: JSON.stringify(words[c]),
          remedy: "Fill gaps of the recording first.",
        });
      }),
    );
    if (rows.length > MAX_ROWS) {
      throw new LimitError(name, {
        expected: `at most ${MAX_ROWS} rows`,
        got: "more",
        remedy: "Split the file.",
      });
    }
  }
  return finish(rows, schema, name);
}

/** The names of a table's columns: its header, or their numbers from 0. @throws FormatError */
export function csvColumns(text: string, name = "trajectory"): string[] {
  const first = /\S[^\r\n]*/.exec(text)?.[0];
  if (first === undefined) throw empty(name);
  const head = separator(first)(first);
  return isHeader(head) ? head : head.map((_, i) => String(i));
}

const isHeader = (words: readonly string[]) =>
  words.some((word) => word === "" || !Number.isFinite(Number(word)));

function separator(line: string): (line: string) => string[] {
  for (const mark of [",", ";", "\t"])
    if (line.includes(mark)) return (one) => one.split(mark).map((word) => word.trim());
  return (one) => one.trim().split(/\s+/);
}

function empty(name: string): FormatError {
  return new FormatError(name, {
    expected: "at least one row of numbers",
    got: "none",
    remedy: "Check the file.",
  });
}

/** Indices of the schema's columns, the time's first where there is one. */
export function columnPicker(
  names: readonly string[],
  schema: TrajectorySchema,
  name: string,
): number[] {
  const wanted = [
    ...(schema.time ? [schema.time.column] : []),
    ...schema.columns.map(({ column }) => column),
  ];
  return wanted.map((column) => {
    const at = names.indexOf(column);
    if (at >= 0) return at;
    throw new MismatchError(`columns of ${name}`, {
      expected: `a column "${column}", as the schema says`,
      got: names.slice(0, 20).join(", "),
      remedy: "Correct the schema; columns without a header are named by their numbers from 0.",
    });
  });
}

/** Rows (the time first where the schema has one) to a trajectory in radians and metres. */
export function finish(
  rows: readonly (readonly number[])[],
  schema: TrajectorySchema,
  name: string,
): Trajectory {
  if (rows.length === 0) throw empty(name);
  const skip = schema.time ? 1 : 0;
  const factors = schema.columns.map(({ unit = "none" }) => FACTORS[unit]);
  const data = new Float32Array(rows.length * factors.length);
  for (const [t, row] of rows.entries())
    for (const [d, factor] of factors.entries())
      data[t * factors.length + d] = row[d + skip]! * factor;
  let rate = schema.rate ?? NaN;
  if (schema.time) {
    const seconds = schema.time.seconds ?? 1;
    const steps = rows.slice(1).map((row, i) => (row[0]! - rows[i]![0]!) * seconds);
    const bad = steps.findIndex((step) => !(step > 0));
    if (bad >= 0 || steps.length === 0) {
      throw new ValueError(`time in ${name}, row ${bad + 1}`, {
        expected: "time that grows from row to row, two rows at least",
        got: steps.length === 0 ? "one row" : `a step of ${steps[bad]} s`,
        remedy: "Sort the rows by time and remove doubled ones.",
      });
    }
    rate = 1 / steps.toSorted((a, b) => a - b)[steps.length >> 1]!;
  }
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new ValueError(`rate of ${name}`, {
      expected: "a column of time, or rows per second",
      got: String(schema.rate),
      remedy: "Add `time` or `rate` to the schema.",
    });
  }
  return {
    columns: schema.columns.map(({ column }) => column),
    values: { data, shape: [rows.length, factors.length] },
    rate,
  };
}
