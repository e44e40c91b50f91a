import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MissingError } from "@dtok/core";

/** $DTOK_BENCH_SAMPLES, else in the package beside dist/, on source the repository's own. */
const folder =
  process.env["DTOK_BENCH_SAMPLES"] ??
  fileURLToPath(
    new URL(
      import.meta.url.endsWith(".ts") ? "../../../../samples/" : "../samples/",
      import.meta.url,
    ),
  );

function missing(what: string, got: string): MissingError {
  return new MissingError("samples", {
    expected: `${what} in ${folder}`,
    got,
    remedy:
      "Name the folder samples/ of a clone of the repository by DTOK_BENCH_SAMPLES. MovieLens' films " +
      "are there alone: their licence allows no commercial use, so that the package leaves them out.",
  });
}

/**
 * Absolute paths of the sample files with an ending, in order.
 *
 * @throws MissingError
 */
export function sampleFiles(ending: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.filter((name) => name.endsWith(ending)).sort();
  if (found.length === 0) throw missing(`files that end in ${ending}`, "none");
  return found.map((name) => join(folder, name));
}

/**
 * Absolute paths of sample files by their names.
 *
 * @throws MissingError
 */
export function sampleFilesNamed(...names: readonly string[]): string[] {
  return names.map((name) => {
    const path = join(folder, name);
    if (!existsSync(path)) throw missing(name, "no such file");
    return path;
  });
}
