/**
 * The built site in a real Chromium: every page without errors or requests to elsewhere, no sideways
 * scrolling at a phone's width, axe's rules in light and dark, tables by keyboard; then the playground
 * (playground.mjs).
 *
 *   node apps/docs/e2e/site.mjs [--screenshots <folder>] [--only pages|playground] [--all]
 *
 * Without --all axe's rules are tried on a page of each kind, and contrast on the first rows of tables.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { accessible, fits, looks, start } from "./lib.mjs";
import { playground } from "./playground.mjs";

const { values } = parseArgs({
  options: {
    screenshots: { type: "string" },
    only: { type: "string" },
    all: { type: "boolean", default: false },
  },
});
const site = await start(values.screenshots);
const { check, open, shot, dist } = site;

/** Every page that was built, but the API's, which are many of one kind. */
const pages = readdirSync(dist, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".html") && name !== "404.html" && !name.startsWith("api/"))
  .sort();
/** One page of each kind, for what depends on the style sheet alone. */
const kinds = [
  "index.html",
  "guide/image.html",
  "concepts/index.html",
  "survey/techniques.html",
  "leaderboard/index.html",
  "leaderboard/audio-sound-16k.html",
  "leaderboard/recsys-movielens-small.html",
  "playground.html",
];

async function everyPage() {
  const nameOf = (path) => path.replaceAll("/", "-").replace(".html", "");
  /** Every page of a list is tried, and all that fail are named. */
  const each = async (list, look, work) => {
    const failures = [];
    await open(list, looks[look], async (page, path) => {
      try {
        await shot(page, `${nameOf(path)}-${look}`);
        await work(page);
      } catch (error) {
        failures.push(`${path}: ${error.message}`);
      }
    });
    assert.deepEqual(failures, []);
  };
  const some = (page) => accessible(page);
  const inTheDark = (page) => accessible(page, { contrast: true });
  if (values.all) {
    // All content in the light; what the look alone decides, in the dark and on a phone.
    await check(`${pages.length} pages keep axe's rules, every row`, () =>
      each(pages, "desktop", (page) => accessible(page, { rows: "all" })),
    );
    await check(`${pages.length} pages keep them in the dark`, () =>
      each(pages, "dark", inTheDark),
    );
    await check(`${pages.length} pages keep them on a phone, and fit it`, () =>
      each(pages, "phone", async (page) => {
        await fits(page);
        await accessible(page);
      }),
    );
    return;
  }
  // Side by side: one waits for its server while the other draws.
  await Promise.all([
    (async () => {
      await check(`${kinds.length} kinds of pages keep axe's rules`, () =>
        each(kinds, "desktop", (page) => accessible(page, { rows: "names" })),
      );
      await check(`${kinds.length} kinds of pages keep them in the dark`, () =>
        each(kinds, "dark", inTheDark),
      );
    })(),
    (async () => {
      await check(`${kinds.length} kinds of pages keep them on a phone`, () =>
        each(kinds, "phone", some),
      );
      await check(`${pages.length} pages fit a phone`, () => each(pages, "phone", fits));
    })(),
  ]);
}

async function tables() {
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
      const filter = page.locator(".data-table select").nth(1);
      await filter.selectOption("runs");
      const some = await rows.count();
      assert.ok(some > 0 && some < 86);
      await filter.selectOption("");
      assert.equal(await rows.count(), 86);
    }),
  );
  await check("the leaderboard has every tokenizer, and each its page with samples", () =>
    open("leaderboard/index.html", looks.desktop, async (page) => {
      const board = join(dist, "..", "data", "leaderboard.json");
      const { tokenizers } = JSON.parse(readFileSync(board, "utf8"));
      const rows = page.locator(".data-table").first().locator("tbody tr");
      assert.equal(await rows.count(), tokenizers.length);
      await rows.getByRole("link", { name: "image/photo-8x" }).click();
      await page.getByRole("heading", { name: "Samples" }).waitFor();
      const broken = () => [...document.images].filter((i) => i.complete && i.naturalWidth === 0);
      assert.equal(await page.evaluate(`(${broken})().length`), 0);
      await page.getByText("pnpm bench run image/reconstruction --entry image/photo-8x").waitFor();
    }),
  );
}

let failed = 1;
try {
  if (values.only !== "playground") {
    await everyPage();
    await tables();
  }
  if (values.only !== "pages") await playground(site);
} finally {
  failed = await site.end();
}
process.exit(failed === 0 ? 0 : 1);
