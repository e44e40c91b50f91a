import { defineConfig } from "tsup";
import { preset } from "../../tooling/tsup/preset";

export default defineConfig(
  preset({ index: "src/index.ts", "index.browser": "src/index.browser.ts" }),
);
