/**
 * The built site in a real Chromium: every page without errors or requests to elsewhere, no sideways
 * scrolling at a phone's width, axe's rules in light and dark, and the playground at work.
 *
 *   node apps/docs/e2e/site.mjs [--screenshots <folder>]
 */
import assert from "node:assert/strict";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { delimiter, extname, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright";

const { values } = parseArgs({ options: { screenshots: { type: "string" } } });
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
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
if (values.screenshots) mkdirSync(values.screenshots, { recursive: true });

const board = join(import.meta.dirname, "..", "site", ".vitepress", "data", "leaderboard.json");
const { tokenizers } = JSON.parse(readFileSync(board, "utf8"));
const pages = [
  "index.html",
  "guide/index.html",
  "guide/image.html",
  "guide/plugins.html",
  "guide/packages/image.html",
  "concepts/index.html",
  "design.html",
  "survey/techniques.html",
  "survey/systems.html",
  "leaderboard/index.html",
  ...tokenizers.map(({ page }) => page.slice(1)),
  "playground.html",
];

const server = await serve(dist);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
});
let failed = 0;
async function check(title, work) {
  try {
    await work();
    console.log(`ok    ${title}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${title}: ${error?.message ?? error}`);
  }
}

/** A page that fails its check on any error, and on any request that leaves this server. */
async function open(path, options, work) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("response", (r) => r.status() >= 400 && problems.push(`${r.status()} ${r.url()}`));
  page.on("request", (r) => {
    if (!/^(data|blob):/.test(r.url()) && !r.url().startsWith(server.url)) {
      problems.push(`a request to ${r.url()}`);
    }
  });
  try {
    await page.goto(server.url + path, { waitUntil: "networkidle" });
    await work(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

async function accessible(page) {
  await page.evaluate(axe);
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
const shot = (page, name) =>
  values.screenshots && page.screenshot({ path: join(values.screenshots, `${name}.png`) });

const looks = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 375, height: 760 }, hasTouch: true, isMobile: true },
};
try {
  for (const path of pages) {
    const name = path.replaceAll("/", "-").replace(".html", "");
    for (const [look, options] of Object.entries(looks)) {
      await check(`${path}, ${look}`, () =>
        open(path, options, async (page) => {
          await accessible(page);
          if (look === "phone") {
            const [inner, wide] = await page.evaluate(() => [
              innerWidth,
              document.documentElement.scrollWidth,
            ]);
            assert.ok(wide <= inner, `${wide} pixels wide on a phone of ${inner}`);
          }
          await shot(page, `${name}-${look}`);
        }),
      );
    }
  }

  await check("tables sort, find and filter by keyboard", () =>
    open("survey/techniques.html", looks.desktop, async (page) => {
      const rows = page.locator(".data-table tbody tr");
      assert.equal(await rows.count(), 86);
      await page.getByLabel("Find in Techniques of the survey").fill("fsq");
      assert.ok((await rows.count()) < 10 && (await rows.count()) > 0);
      await page.getByLabel("Find in Techniques of the survey").fill("");
      const year = page.getByRole("button", { name: "year" });
      await year.focus();
      await page.keyboard.press("Enter");
      const years = await page.locator("tbody td:nth-child(3)").allTextContents();
      assert.deepEqual(years, years.toSorted());
      await page.locator("select").nth(1).selectOption("open");
      const open = await rows.count();
      assert.ok(open > 0 && open < 86);
    }),
  );

  for (const [look, options] of Object.entries(looks)) {
    await check(`playground: encode, hover, paint, swap, compare, download; ${look}`, () =>
      open("playground.html", options, (page) => play(page, look)),
    );
  }
  await check("playground: a file that is no picture gets a message", () =>
    open("playground.html", looks.desktop, async (page) => {
      await page.locator("input[type=file]").setInputFiles({
        name: "notes.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("no picture"),
      });
      await page.getByText("notes.txt is not a picture").waitFor();
    }),
  );
} finally {
  await browser.close();
  await server.close();
}
process.exit(failed === 0 ? 0 : 1);

async function play(page, look) {
  await page.getByRole("button", { name: "cat", exact: true }).click();
  const psnr = page.locator("[data-test=psnr]");
  await psnr.waitFor({ timeout: 90_000 });
  const decibels = async () => Number.parseFloat(await psnr.textContent());
  const before = await decibels();
  assert.ok(before > 25, `${before} dB`);
  const grid = page.getByLabel("Token grid");
  await grid.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  const held = page.locator("[data-test=held]");
  assert.match(await held.textContent(), /Row 1, column 1: token \d+, which holds \(.+\)/);
  await page.keyboard.press("Enter");
  assert.match(await held.textContent(), /Brush: \d+/);

  // A broad stroke of the brush over the cat makes the picture worse, and undoing it brings it back.
  await page.getByLabel("A click").selectOption("paint");
  await grid.scrollIntoViewIfNeeded();
  const box = await grid.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.5, { steps: 12 });
  await page.mouse.up();
  await page.waitForFunction(
    (from) => Number.parseFloat(document.querySelector("[data-test=psnr]").textContent) < from,
    before,
    { timeout: 60_000 },
  );
  await shot(page, `playground-painted-${look}`);
  await page.getByRole("button", { name: /Undo all [1-9]/ }).click();
  await page.waitForFunction(
    (text) => document.querySelector("[data-test=psnr]").textContent === text,
    `${before.toFixed(2)} dB`,
    { timeout: 60_000 },
  );

  await page.getByLabel("A click").selectOption("swap");
  await grid.focus();
  await page.keyboard.press("Enter");
  for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Undo all 2 edits" }).waitFor();

  await page.getByLabel("Compare with").selectOption("photo-16x");
  await page.getByLabel("Error of photo-16x").waitFor({ timeout: 90_000 });
  await page.getByText("Compared.").waitFor();
  if (look === "desktop") await shot(page, "playground-whole");
  if (values.screenshots) {
    await page.screenshot({
      path: join(values.screenshots, `playground-compared-${look}.png`),
      fullPage: true,
    });
  }
  await accessible(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the tokens" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "picture.photo-8x.tokens.safetensors");
  assert.ok(statSync(await download.path()).size > 1000);
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
