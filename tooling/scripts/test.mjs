// `npm test`: install what is needed, then every check and every test.
import { install, pnpm, requireNode } from "./lib.mjs";

requireNode();
// From the build on, tests that start dtok as a process start the built one.
process.env.DTOK_TEST_BUILT = "1";
install();
const steps = [
  ["Format", ["format:check"]],
  ["Lint and dependency rules", ["lint"]],
  ["Types", ["typecheck"]],
  ["Build", ["run", "build", "--output-logs=errors-only"]],
  ["Published packages (publint, attw)", ["check:packages"]],
  ["Tests in Node.js", ["vitest"]],
  ["Tests in a browser", ["vitest:browser"]],
  ["Bundlers", ["test:bundlers"]],
  ["The site", ["docs:build", "--no-api"]],
  ["Pages in a browser", ["test:docs"]],
  ["Release against a local registry", ["test:release"]],
];
const times = [];
for (const [title, args] of steps) {
  console.log(`\n── ${title}`);
  const start = performance.now();
  pnpm(["--silent", ...(args[0] === "run" ? args : ["run", ...args])]);
  times.push(`${title} ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
console.log(`\nAll checks passed: ${times.join(", ")}.`);
