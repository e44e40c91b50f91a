import { defineConfig } from "tsup";
import { preset } from "../../tooling/tsup/preset";

export default defineConfig(preset(["src/index.ts", "src/bin.ts"]));
