import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

/**
 * Tests in a real, headless Chromium: `npx vitest run -c vitest.browser.config.ts`. The browser is
 * $CHROMIUM_PATH, else one on the PATH; nothing is downloaded. Without one the run is skipped, and
 * says so.
 */
const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findChromium(): string | undefined {
  const named = process.env["CHROMIUM_PATH"];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which is not an executable file.`);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

const executablePath = findChromium();
if (executablePath === undefined) {
  console.log("Browser tests skipped: no Chromium found (set CHROMIUM_PATH).");
  // Where they must not be skipped (continuous integration), that is a failure.
  process.exit(process.env["DTOK_REQUIRE_BROWSER"] ? 1 : 0);
}

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
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
          ],
        },
      }),
    },
  },
});
