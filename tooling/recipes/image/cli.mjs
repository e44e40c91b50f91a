// `pnpm recipe:image <step> …`: runs one step of the recipe on source.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const steps = ["fetch", "crops", "train", "export", "evaluate", "card"];
const [step, ...args] = process.argv.slice(2);
if (!steps.includes(step)) {
  console.error(
    `Usage: pnpm recipe:image <${steps.join(" | ")}> …  (see tooling/recipes/image/README.md)`,
  );
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "--conditions=@dtok/source", join(here, `${step}.ts`), ...args],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
