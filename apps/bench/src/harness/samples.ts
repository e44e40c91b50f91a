import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** In the package beside dist/, on source the repository's own. */
const folder = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "../../../../samples/" : "../samples/",
    import.meta.url,
  ),
);

/** Absolute paths of the sample files with an ending, in order. */
export function sampleFiles(ending: string): string[] {
  if (!existsSync(folder)) throw new Error("samples: expected the folder that the package ships");
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Absolute paths of sample files by their names. */
export const sampleFilesNamed = (...names: readonly string[]) =>
  names.map((name) => join(folder, name));
