/** The playground at work in a real Chromium. Tests of the playground are added here. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { accessible, looks } from "./lib.mjs";

/** @param site what start() of lib.mjs gives */
export async function playground(site) {
  const { check, open } = site;
  for (const [look, options] of Object.entries(looks)) {
    await check(`playground: encode, hover, paint, swap, compare, download; ${look}`, () =>
      open("playground.html", options, (page) => play(page, look, site)),
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
}

async function play(page, look, { shot, screenshots }) {
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
  if (screenshots) {
    await page.screenshot({
      path: join(screenshots, `playground-compared-${look}.png`),
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
