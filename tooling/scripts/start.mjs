// `npm start [-- paths…]`: install, build, tokenize the sample photographs and any paths given.
import { join } from "node:path";
import { install, pnpm, requireNode, root, run } from "./lib.mjs";

requireNode();
install();
console.log("Building …");
pnpm(["run", "build", "--output-logs=errors-only"], { quiet: true });

const given = process.argv.slice(2).filter((argument) => argument !== "--");
run(process.execPath, [
  join(root, "packages", "cli", "dist", "bin.js"),
  "demo",
  "--samples",
  join(root, "samples"),
  "--output",
  join(root, "out"),
  ...given,
]);
