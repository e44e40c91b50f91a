import { defineConfig } from "vitest/config";

// Tests run on source: the private condition picks src/ of every workspace package, so no build is needed.
const conditions = ["@dtok/source"];

export default defineConfig({
  resolve: { conditions: [...conditions, "node", "import", "default"] },
  ssr: { resolve: { conditions: [...conditions, "node", "import", "default"] } },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "apps/*/{src,test}/**/*.test.ts",
      "tooling/**/*.test.ts",
      "examples/**/*.test.ts",
    ],
    exclude: ["**/*.browser.test.ts", "**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
