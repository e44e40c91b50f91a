import { defineConfig } from "tsup";
import { preset } from "../../tooling/tsup/preset";

export default defineConfig(
  preset({
    index: "src/index.ts",
    run: "src/run.ts",
    child: "src/harness/child.ts",
    fresh: "src/harness/fresh.ts",
  }),
);
