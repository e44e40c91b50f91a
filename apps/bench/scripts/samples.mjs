// samples/ of the published package: the repository's own.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

const here = join(import.meta.dirname, "..");
rmSync(join(here, "samples"), { recursive: true, force: true });
cpSync(join(here, "..", "..", "samples"), join(here, "samples"), { recursive: true });
