// `npm test`: install what is needed, then every check and every test.
import { install, pnpmTogether, requireNode } from "./lib.mjs";

requireNode();
// From the build on, tests that start dtok as a process start the built one.
process.env.DTOK_TEST_BUILT = "1";
install();
// Steps of one line run at once: each keeps one core busy, or waits for a disk or a page.
const lines = [
  [
    ["Format", "run", "format:check"],
    ["Lint and dependency rules", "run", "lint"],
    ["Types", "run", "typecheck"],
  ],
  [["Build", "run", "build", "--output-logs=errors-only"]],
  [["Published packages (publint, attw)", "run", "check:packages"]],
  [["Tests in Node.js", "run", "vitest"]],
  [["Tests in a browser", "run", "vitest:browser"]],
  [
    ["Bundlers", "run", "test:bundlers"],
    ["The site", "run", "docs:build", "--no-api"],
  ],
  [["Pages in a browser", "run", "test:docs"]],
  [["Release against a local registry", "run", "test:release"]],
];
const times = [];
for (const steps of lines) {
  const titles = steps.map(([title]) => title).join("; ");
  console.log(`\n── ${titles}`);
  const start = performance.now();
  await pnpmTogether(steps.map(([, ...args]) => ["--silent", ...args]));
  times.push(`${titles} ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
console.log(`\nAll checks passed: ${times.join(", ")}.`);
