import { defineConfig } from "tsup";
import { preset } from "../../tooling/tsup/preset";

export default defineConfig(preset({ index: "src/index.ts", "node/index": "src/node/index.ts" }));
