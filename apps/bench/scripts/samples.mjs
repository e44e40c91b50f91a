// samples/ of the published package: the repository's own, but for MovieLens' files. Their licence allows no
// commercial use, and who installs a package does not choose its data.
import { cpSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

const left = new Set(["films.csv", "films-seen.txt"]);
const here = join(import.meta.dirname, "..");
rmSync(join(here, "samples"), { recursive: true, force: true });
cpSync(join(here, "..", "..", "samples"), join(here, "samples"), {
  recursive: true,
  filter: (path) => !left.has(basename(path)),
});
