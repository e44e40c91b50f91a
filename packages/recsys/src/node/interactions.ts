import { stat } from "node:fs/promises";
import { ArgumentError } from "@dtok/core";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { Interactions } from "../features/collaborative.js";
import { columnAt, csvRows } from "./csv.js";
import { damaged, parquetHead } from "./parquet.js";

export interface ReadInteractionsOptions {
  /** Column of users. Default: "user_id", "userId" or "user", whichever is there. */
  readonly user?: string;
  /** Column of items. Default: "item_id", "itemId" or "item". */
  readonly item?: string;
  /** Column of strengths, finite and above 0. Default: every interaction counts 1. */
  readonly weight?: string;
  readonly signal?: AbortSignal;
}

/** What a file of interactions holds, by the rows of a catalogue. */
export interface InteractionFile extends Interactions {
  /** Users by index. */
  readonly userIds: readonly string[];
  /** Interactions left out: their item is not in the catalogue. */
  readonly unknown: number;
}

/** Rows of Parquet that are held as objects at once. */
const PARQUET_ROWS = 65_536;
const USERS = ["user_id", "userId", "user"];
const ITEMS = ["item_id", "itemId", "item"];

/**
 * Who took what, from `.csv`, `.tsv` or `.parquet`, for `collaborativeFeatures`. The file is read as a
 * stream; what stays in memory is 8 to 12 bytes per interaction and the users' names.
 *
 * @param items names of the catalogue's items, in the order of their rows
 * @throws ArgumentError for a file or column that is not there; FormatError for damaged files;
 *   ArgumentError with the line (of CSV) or row (of Parquet, from 0) for a missing user or item, or a weight that is no finite
 *   number above 0
 */
export async function readInteractions(
  path: string,
  items: readonly string[],
  options: ReadInteractionsOptions = {},
): Promise<InteractionFile> {
  const kind = /\.(csv|tsv|parquet)$/i.exec(path)?.[1]?.toLowerCase();
  if (kind === undefined) {
    throw new ArgumentError(path, {
      expected: "a file .csv, .tsv or .parquet",
      got: "another name",
      remedy: "Save the interactions in one of these formats.",
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
  const rows = new Map(items.map((item, row) => [item, row]));
  const users = new Map<string, number>();
  const [userOf, itemOf, weightOf] = [
    new Grown(Int32Array),
    new Grown(Int32Array),
    new Grown(Float32Array),
  ];
  let unknown = 0;
  const put = (user: unknown, item: unknown, weight: unknown, where: () => string) => {
    const userName = nameOf(user, "a user", where);
    const row = rows.get(nameOf(item, "an item", where));
    if (options.weight !== undefined) {
      const value = typeof weight === "string" && weight.trim() === "" ? NaN : Number(weight);
      if (!(value > 0 && Number.isFinite(Math.fround(value)) && Math.fround(value) > 0)) {
        throw new ArgumentError(where(), {
          expected: `a finite number above 0 in ${options.weight}`,
          got: String(weight).slice(0, 60),
          remedy: "Leave such interactions out.",
        });
      }
      if (row !== undefined) weightOf.push(value);
    }
    if (row === undefined) {
      unknown++;
      return;
    }
    let index = users.get(userName);
    if (index === undefined) users.set(userName, (index = users.size));
    userOf.push(index);
    itemOf.push(row);
  };
  const pick = (names: readonly string[], chosen: string | undefined, usual: readonly string[]) =>
    chosen ?? usual.find((name) => names.includes(name)) ?? (usual[0] as string);

  if (kind === "parquet") {
    const file = await asyncBufferFromFile(path);
    const { metadata, columns } = await parquetHead(path, file);
    const user = pick(columns, options.user, USERS);
    const item = pick(columns, options.item, ITEMS);
    const names = [user, item, ...(options.weight === undefined ? [] : [options.weight])];
    for (const name of names) columnAt(columns, name, path);
    const count = Number(metadata.num_rows);
    for (let n = 0; n < count; n += PARQUET_ROWS) {
      options.signal?.throwIfAborted();
      const rowEnd = Math.min(count, n + PARQUET_ROWS);
      const part = await parquetReadObjects({
        file,
        metadata,
        compressors,
        columns: names,
        rowStart: n,
        rowEnd,
      }).catch((cause: unknown) => {
        throw damaged(path, cause);
      });
      for (const [i, row] of part.entries()) {
        put(row[user], row[item], row[options.weight ?? ""], () => `${path}, row ${n + i}`);
      }
    }
  } else {
    let at: readonly number[] | undefined;
    for await (const { line, values } of csvRows(path, options.signal)) {
      if (at === undefined) {
        const user = pick(values, options.user, USERS);
        const item = pick(values, options.item, ITEMS);
        at = [user, item, ...(options.weight === undefined ? [] : [options.weight])].map((name) =>
          columnAt(values, name, path),
        );
        continue;
      }
      const [user, item, weight] = at as [number, number, number?];
      put(
        values[user],
        values[item],
        weight === undefined ? undefined : values[weight],
        () => `${path}, line ${line}`,
      );
    }
  }
  return {
    users: userOf.done(),
    items: itemOf.done(),
    ...(options.weight !== undefined && { weights: weightOf.done() }),
    userIds: [...users.keys()],
    unknown,
  };
}

function nameOf(value: unknown, what: string, where: () => string): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw new ArgumentError(where(), {
    expected: `${what}: text or a number`,
    got: JSON.stringify(value ?? null).slice(0, 60),
    remedy: "Leave such interactions out.",
  });
}

/** A typed array that grows. */
class Grown<T extends Int32Array | Float32Array> {
  private data: T;
  private length = 0;

  constructor(private readonly make: new (length: number) => T) {
    this.data = new make(1024);
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const grown = new this.make(this.length * 2);
      grown.set(this.data);
      this.data = grown;
    }
    this.data[this.length++] = value;
  }

  done(): T {
    return this.data.slice(0, this.length) as T;
  }
}
