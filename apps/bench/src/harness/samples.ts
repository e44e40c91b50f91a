import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** In the package, or in the repository, whose samples they are. */
const FOLDERS = ["../samples/", "../../samples/", "../../../../samples/"];

/** Absolute paths of the sample files with an ending, in order. */
export function sampleFiles(ending: string): string[] {
  const folder = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) =>
    existsSync(join(path, "README.md")),
  );
  if (folder === undefined) throw new Error("samples: expected the folder that the package ships");
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}
