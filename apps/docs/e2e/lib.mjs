/** What the tests of the built site share: a server, a Chromium, checks that are counted. */
import assert from "node:assert/strict";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { delimiter, extname, join } from "node:path";
import { chromium } from "playwright";

export const looks = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 375, height: 760 }, hasTouch: true, isMobile: true },
};

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A page that breaks none of axe's rules of WCAG 2.1 A and AA. */
export async function accessible(page) {
  await page.evaluate(axe);
  // Rows of a table are alike, and axe takes a minute over thousands of cells.
  await page.evaluate(() => {
    for (const row of document.querySelectorAll("main tbody tr:nth-child(n + 5)")) row.remove();
  });
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }),
  );
  assert.deepEqual(
    violations.map(
      ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((n) => n.html.slice(0, 160))}`,
    ),
    [],
  );
}

/** No sideways scrolling. */
export async function fits(page) {
  const [inner, wide] = await page.evaluate(() => [
    innerWidth,
    document.documentElement.scrollWidth,
  ]);
  assert.ok(wide <= inner, `${wide} pixels wide on a screen of ${inner}`);
}

/**
 * The built site, served, and a browser; `check` counts what fails, `open` visits a page.
 *
 * @param screenshots folder for them, or undefined for none
 */
export async function start(screenshots) {
  const dist = join(import.meta.dirname, "..", "site", ".vitepress", "dist");
  if (!existsSync(dist)) {
    console.error("The site is not built: run pnpm docs:build first.");
    process.exit(1);
  }
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.log("Tests of the site skipped: no Chromium found (set CHROMIUM_PATH).");
    process.exit(process.env.DTOK_REQUIRE_BROWSER ? 1 : 0);
  }
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  const server = await serve(dist);
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
  });
  let failed = 0;
  return {
    dist,
    screenshots,
    async check(title, work) {
      const from = performance.now();
      try {
        await work();
        console.log(`ok    ${title} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed++;
        console.log(`FAIL  ${title}: ${error?.message ?? error}`);
      }
    },
    /** Pages of one look, one after the other, that fail on any error and any request to elsewhere. */
    async open(paths, options, work) {
      const context = await browser.newContext({ reducedMotion: "reduce", ...options });
      const page = await context.newPage();
      let problems = [];
      page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("response", (r) => r.status() >= 400 && problems.push(`${r.status()} ${r.url()}`));
      page.on("request", (r) => {
        if (!/^(data|blob):/.test(r.url()) && !r.url().startsWith(server.url)) {
          problems.push(`a request to ${r.url()}`);
        }
      });
      try {
        for (const path of Array.isArray(paths) ? paths : [paths]) {
          problems = [];
          await page.goto(server.url + path, { waitUntil: "load" });
          await page.waitForSelector("#app main, #VPContent", { state: "attached" });
          await work(page, path);
          assert.deepEqual(problems, [], path);
        }
      } finally {
        await context.close();
      }
    },
    shot: (page, name, fullPage = false) =>
      screenshots && page.screenshot({ path: join(screenshots, `${name}.png`), fullPage }),
    async end() {
      await browser.close();
      await server.close();
      return failed;
    },
  };
}

/** The smallest static server. */
async function serve(folder) {
  const types = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".wasm": "application/wasm",
  };
  const http = createServer((request, response) => {
    let path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    if (path.endsWith("/")) path += "index.html";
    const file = join(folder, path);
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}/`,
    close: () => new Promise((resolve) => (http.closeAllConnections(), http.close(resolve))),
  };
}

function findChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
