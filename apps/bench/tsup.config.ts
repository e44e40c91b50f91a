import { defineConfig } from "tsup";
import { preset } from "../../tooling/tsup/preset";

const { onSuccess: _, ...options } = preset({
  index: "src/index.ts",
  run: "src/run.ts",
  child: "src/harness/child.ts",
  fresh: "src/harness/fresh.ts",
});

// Bundled by tsup: a task shares its baselines with a recipe, outside this folder.
export default defineConfig({ ...options, dts: { entry: "src/index.ts" } });
