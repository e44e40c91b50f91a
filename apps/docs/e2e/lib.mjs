/** What the tests of the built site share: a server, a Chromium, checks that are counted. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { findChromium, launch, problemsOf, serve } from "../../../tooling/scripts/browser.mjs";

export const looks = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 375, height: 760 }, hasTouch: true, isMobile: true },
};

export const samples = join(import.meta.dirname, "..", "..", "..", "samples");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * A page that breaks none of axe's rules of WCAG 2.1 A and AA.
 *
 * @param rows how much of long tables is tried. Their rows are of one style, and contrast takes a minute over
 *   thousands of cells. "some": the first four of each; "names": those for contrast, all for the other rules;
 *   "all": every row by every rule
 * @param contrast try contrast alone: nothing else depends on the colours
 */
export async function accessible(page, { rows = "some", contrast = false } = {}) {
  await page.evaluate(axe);
  const broken = await page.evaluate(
    async ([wanted, colours]) => {
      const broken = [];
      const run = async (options) =>
        broken.push(...(await globalThis.axe.run(document, options)).violations);
      const tags = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
      const alone = { type: "rule", values: ["color-contrast"] };
      const but = { "color-contrast": { enabled: false } };
      if (wanted === "names") await run({ runOnly: tags, rules: but });
      if (wanted !== "all") {
        for (const row of document.querySelectorAll("main tbody tr:nth-child(n + 5)")) row.remove();
      }
      await run({ runOnly: colours || wanted === "names" ? alone : tags });
      return broken.map(
        ({ id, nodes }) =>
          `${id}: ${nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`)}`,
      );
    },
    [rows, contrast],
  );
  assert.deepEqual(broken, []);
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
  const executablePath = findChromium("Tests of the site");
  if (executablePath === undefined) process.exit(0);
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  const server = await serve(dist);
  // A microphone that plays a sample.
  const browser = await launch(executablePath, [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${join(samples, "conf-kicked.wav")}`,
  ]);
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
      const problems = problemsOf(page, server.url);
      try {
        for (const path of Array.isArray(paths) ? paths : [paths]) {
          problems.length = 0;
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
