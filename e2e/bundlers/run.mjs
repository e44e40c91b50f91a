// Builds app/ from the packages' dist with vite, webpack and esbuild, opens each page in Chromium, and
// checks that it tokenizes a picture. `node e2e/bundlers/run.mjs [name…]`; the packages must be built.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findChromium, launch, problemsOf, serve } from "../../tooling/scripts/browser.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const work = join(here, ".cache");
const app = join(work, "app");

const executablePath = findChromium("Bundler tests");
if (executablePath === undefined) process.exit(0);
installApp();

/** Name, what the user must set, and how the page comes about: a folder to serve, or a server's URL. */
const bundlers = {
  "vite build": async () => {
    const { build } = await import("vite");
    const outDir = join(work, "vite");
    await build({ root: app, logLevel: "warn", build: { outDir, emptyOutDir: true } });
    return { folder: outDir };
  },
  "vite dev": async ({ headers }) => {
    const { createServer } = await import("vite");
    const server = await createServer({
      root: app,
      logLevel: "warn",
      server: { port: 0, host: "127.0.0.1", headers, fs: { allow: [root] } },
      optimizeDeps: { exclude: ["@dtok/image", "onnxruntime-web"] },
    });
    await server.listen();
    return { url: server.resolvedUrls.local[0], close: () => server.close() };
  },
  webpack: async () => {
    const { default: webpack } = await import("webpack");
    const path = join(work, "webpack");
    await new Promise((resolve, reject) => {
      webpack(
        {
          mode: "production",
          context: app,
          entry: "./main.js",
          output: { path, filename: "main.js", clean: true },
          performance: { hints: false },
        },
        (error, stats) => {
          if (error) reject(error);
          else if (stats.hasErrors())
            reject(new Error(stats.toString({ all: false, errors: true })));
          else resolve();
        },
      );
    });
    cpSync(join(app, "index.html"), join(path, "index.html"));
    return { folder: path };
  },
  esbuild: async () => {
    const { build } = await import("esbuild");
    const folder = join(work, "esbuild");
    rmSync(folder, { recursive: true, force: true });
    await build({
      entryPoints: [join(app, "main.js")],
      bundle: true,
      format: "esm",
      splitting: true,
      minify: true,
      outdir: join(folder, "js"),
      logLevel: "warning",
    });
    // esbuild leaves `new URL("…", import.meta.url)` as it stands, so the files go where it points.
    const modules = join(app, "node_modules");
    cpSync(join(modules, "@dtok", "image", "models"), join(folder, "models"), { recursive: true });
    cpSync(
      join(modules, "onnxruntime-web", "dist", "ort-wasm-simd-threaded.wasm"),
      join(folder, "js", "ort-wasm-simd-threaded.wasm"),
    );
    mkdirSync(folder, { recursive: true });
    cpSync(join(app, "index.html"), join(folder, "js", "index.html"));
    return { folder, page: "js/" };
  },
};

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const wanted = process.argv.slice(2);
const browser = await launch(executablePath);
let failed = 0;
try {
  for (const [name, make] of Object.entries(bundlers)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const isolated of [false, true]) {
      const title = `${name}, ${isolated ? "isolated page (threads)" : "plain page"}`;
      const start = performance.now();
      try {
        const headers = isolated ? isolation : {};
        const made = await make({ headers });
        const served = made.folder === undefined ? made : await serve(made.folder, headers);
        try {
          const outcome = await open(served.url + (made.page ?? ""));
          assert.deepEqual(outcome.shape, [15, 25]);
          assert.deepEqual(outcome.size, [200, 120]);
          assert.equal(outcome.isolated, isolated);
          assert.ok(outcome.psnr > 20, `PSNR of a smooth gradient is ${outcome.psnr} dB`);
          const size = made.folder ? `, ${megabytes(made.folder)} MB on disk` : "";
          const seconds = ((performance.now() - start) / 1000).toFixed(1);
          console.log(`ok    ${title}: ${outcome.psnr.toFixed(1)} dB${size}, ${seconds} s`);
        } finally {
          await served.close();
        }
      } catch (error) {
        failed++;
        console.log(`FAIL  ${title}: ${error?.stack ?? error}`);
      }
    }
  }
} finally {
  await browser.close();
}
process.exit(failed > 0 ? 1 : 0);

/** A user's folder: the packages as they are published, not links into this repository. */
function installApp() {
  rmSync(work, { recursive: true, force: true });
  cpSync(join(here, "app"), app, { recursive: true });
  const modules = join(app, "node_modules");
  for (const name of ["core", "runtime", "image"]) {
    const from = join(root, "packages", name);
    if (!existsSync(join(from, "dist"))) {
      console.error(`packages/${name}/dist is missing: run pnpm build first.`);
      process.exit(1);
    }
    const { files } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    for (const entry of ["package.json", ...files.filter((file) => !/[!*]/.test(file))]) {
      if (entry === "src" || !existsSync(join(from, entry))) continue;
      cpSync(join(from, entry), join(modules, "@dtok", name, entry), { recursive: true });
    }
  }
  symlinkSync(join(here, "node_modules", "onnxruntime-web"), join(modules, "onnxruntime-web"));
}

async function open(url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems = problemsOf(page, new URL(url).origin);
  try {
    await page.goto(url);
    await page.waitForFunction(() => globalThis.outcome, undefined, { timeout: 60_000 });
    const { value, error } = await page.evaluate(() => globalThis.outcome);
    if (error) throw new Error(error);
    return value;
  } catch (error) {
    throw new Error([error.message, ...problems].join("\n      "), { cause: error });
  } finally {
    await context.close();
  }
}

function megabytes(folder) {
  const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  return (sizes.reduce((a, b) => a + b, 0) / 1e6).toFixed(0);
}
