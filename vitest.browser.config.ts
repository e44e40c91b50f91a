import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumArguments, findChromium } from "./tooling/scripts/browser.mjs";

/**
 * Tests in a real, headless Chromium: `npx vitest run -c vitest.browser.config.ts`. The browser is
 * $CHROMIUM_PATH, else one on the PATH; nothing is downloaded. Without one the run is skipped, and
 * says so.
 */
const executablePath = findChromium("Browser tests");
if (executablePath === undefined) process.exit(0);

/** What Node.js says to compare with: a script of this repository, run on source. */
async function runInNode(_: unknown, script: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--conditions=@dtok/source", script, ...args],
    { cwd: import.meta.dirname, maxBuffer: 2 ** 28 },
  );
  return stdout;
}

export default defineConfig({
  resolve: { conditions: ["@dtok/source", "browser", "module", "import", "default"] },
  // Pre-bundled, its `new URL("….wasm", import.meta.url)` would point beside the bundle.
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  server: {
    // Cross-origin isolation: without it there is no SharedArrayBuffer, hence no WebAssembly threads.
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    include: ["packages/*/{src,test}/**/*.browser.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 60_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      commands: { runInNode },
      instances: [{ browser: "chromium" }],
      provider: playwright({
        launchOptions: {
          executablePath,
          args: chromiumArguments,
        },
      }),
    },
  },
});
