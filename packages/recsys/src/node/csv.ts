import { createReadStream } from "node:fs";
import { ArgumentError, FormatError } from "@dtok/core";
import { CsvError, parse } from "csv-parse";

/** One row of a CSV file and the line it ended on (from 1). */
export interface CsvRow {
  readonly line: number;
  readonly values: readonly string[];
}

/** Characters of one row: more is a quote that was never closed. */
const MAX_ROW = 1 << 24;

/**
 * Rows of a CSV file with a header, as a stream: RFC 4180, in UTF-8 with or without a byte order mark;
 * tab-separated where the name ends in .tsv. The first row yielded is the header.
 *
 * @throws FormatError with the line, for rows of another width than the header's, quotes that do not
 *   close, text that is not UTF-8, and headers that name a column twice
 */
export async function* csvRows(path: string, signal?: AbortSignal): AsyncGenerator<CsvRow> {
  const tabs = /\.tsv$/i.test(path);
  const file = createReadStream(path, signal === undefined ? {} : { signal });
  const parser = parse({
    bom: true,
    info: true,
    delimiter: tabs ? "\t" : ",",
    // Tab-separated files quote nothing: an inch is an inch.
    quote: tabs ? null : '"',
    skip_empty_lines: true,
    max_record_size: MAX_ROW,
  });
  file.on("error", (error) => parser.destroy(error));
  file.pipe(parser);
  let header = true;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (header) checkHeader(record, path);
      // The decoder writes U+FFFD where bytes are not UTF-8; a file that holds that very character is rare.
      const at = record.findIndex((value) => value.includes("\ufffd"));
      if (at >= 0) {
        throw new FormatError(`${path}, line ${info.lines}`, {
          expected: "text in UTF-8",
          got: JSON.stringify(record[at]!.slice(0, 60)),
          remedy: "Save the file as UTF-8.",
        });
      }
      header = false;
      yield { line: info.lines, values: record };
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = (cause as CsvError & { lines?: number }).lines ?? 0;
    throw new FormatError(`${path}, line ${line}`, {
      expected: "a CSV row as wide as the header, with quotes that close",
      got: cause.message,
      remedy: "Correct that line; quotes inside quoted text are written twice.",
      cause,
    });
  } finally {
    file.destroy();
    parser.destroy();
  }
  if (header) {
    throw new FormatError(path, {
      expected: "a header, then rows",
      got: "an empty file",
      remedy: "Name the columns in the first line.",
    });
  }
}

function checkHeader(names: readonly string[], path: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new FormatError(`${path}, line 1`, {
    expected: "a header that names each column once",
    got: `${JSON.stringify(twice)} twice`,
    remedy: "Rename one of them.",
  });
}

/** The place of a column that must be there. */
export function columnAt(header: readonly string[], name: string, path: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  throw new ArgumentError(path, {
    expected: `a column ${name}`,
    got: `columns ${header.join(", ")}`,
    remedy: "Name a column that is there.",
  });
}
