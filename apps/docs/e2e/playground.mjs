/** The playground at work in a real Chromium: each kind of file from opening to tokens and back. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { accessible, fits, looks, samples } from "./lib.mjs";

/** What a loaded machine may take. */
const WAIT = { timeout: 120_000 };

/**
 * Each kind: its sample, a tokenizer to compare with, what comparing must show, and which of the numbers an
 * edit and the slider change.
 */
const kinds = [
  {
    sample: "cat",
    file: "cat.jpg",
    rival: "image/photo-16x",
    shows: "Error of image/photo-16x",
    number: /PSNR\s+([\d.]+)/,
    tokenizer: "image/photo-8x",
  },
  {
    sample: "voice 3",
    file: "call-fwd-on-busy.wav",
    rival: "audio/units-50hz",
    shows: "Error of audio/units-50hz",
    number: /Mel distance\s+([\d.]+)/,
    tokenizer: "audio/sound-16k",
  },
  {
    sample: "carphone",
    file: "carphone.mp4",
    // Whichever the package has beside the default.
    rival: null,
    shows: /^Error of video\/clip-8x-/,
    number: /PSNR\s+([\d.]+)/,
    tokenizer: "video/clip-8x",
  },
  {
    sample: "boxing",
    file: "boxing.bvh",
    rival: "motion/human-vq",
    shows: /^Joint error over time: human-rvq and human-vq/,
    number: /Joint error\s+(\d+)/,
    tokenizer: "motion/human-rvq",
  },
  {
    sample: "Europe",
    file: "europe.tsv",
    rival: "graph/random-eq",
    shows: /^Nodes that share a node's tokens, most first: nodepiece-degree and random-eq/,
    number: /Different rows of tokens\s+(\d+)/,
  },
  {
    sample: "108 films",
    file: "classics.csv",
    rival: "recsys/movielens-small",
    shows: /^Error of every item's vector over .+: residual-k-means and movielens-small/,
    number: /variance\s+([\d.]+)/,
    tokenizer: "recsys/residual-k-means",
  },
];

/** @param site what start() of lib.mjs gives */
export async function playground(site) {
  const { check, shot } = site;
  const open = (path, options, work) =>
    site.open(path, options, (page) => {
      page.setDefaultTimeout(WAIT.timeout);
      return work(page);
    });
  const waiting = [];
  const later = (title, work) => waiting.push(() => check(title, work));
  for (const kind of kinds) {
    later(`playground: ${kind.file} from opening to tokens and back`, () =>
      open("playground.html", looks.desktop, (page) => play(page, kind, site)),
    );
  }
  later("playground: painted and swapped by touch and by keys on a phone", () =>
    open("playground.html", looks.phone, async (page) => {
      await page.getByRole("button", { name: "cat", exact: true }).click();
      await page.locator("[data-test=fact-result]").first().waitFor(WAIT);
      await byKeys(page);
      await fits(page);
      await accessible(page);
      await shot(page, "playground-phone-cat", true);
    }),
  );
  later("playground: in the dark", () =>
    open("playground.html", looks.dark, async (page) => {
      await page.getByRole("button", { name: "Europe", exact: true }).click();
      await page.locator(".pg-token").nth(2).hover();
      await page.locator(".pg-star svg").waitFor(WAIT);
      await accessible(page);
      await shot(page, "playground-dark-europe", true);
    }),
  );
  later("playground: the microphone, by a device that plays a sample, and one that is denied", () =>
    open("playground.html", looks.desktop, async (page) => {
      await page.getByRole("button", { name: "Record sound" }).click();
      await page.getByRole("button", { name: "Stop recording" }).waitFor(WAIT);
      await page.waitForTimeout(2500);
      await page.getByRole("button", { name: "Stop recording" }).click();
      await page.getByRole("heading", { name: /^recording\.(weba|ogg|m4a)$/ }).waitFor(WAIT);
      await page.locator("[data-test=fact-result]").first().waitFor(WAIT);
      const title = await page.locator(".pg-title").innerText();
      const seconds = Number(/([\d.]+) s\b/.exec(title)?.[1]);
      assert.ok(seconds > 1 && seconds < 12, `seconds in ${title}`);
      // Not silence: a voice has bright places among dark ones.
      const bright = await page.getByLabel("Spectrogram of the original").evaluate((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) if (data[i] > 200) count++;
        return count / (data.length / 4);
      });
      assert.ok(bright > 0.01 && bright < 0.9, `${bright} of the spectrogram is bright`);
      await shot(page, "playground-microphone", true);

      await page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () =>
          Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
      });
      await page.getByRole("button", { name: "Record sound" }).click();
      await page
        .getByRole("alert")
        .filter({ hasText: "The microphone cannot be used" })
        .waitFor(WAIT);
    }),
  );
  later("playground: files that are none of its kinds are refused in words", () =>
    open("playground.html", looks.desktop, async (page) => {
      const alert = page.getByRole("alert");
      for (const [name, content, says] of [
        ["notes.txt", "no picture", /notes\.txt is of no kind that the playground takes: picture/],
        ["broken.jpg", "no picture", /broken\.jpg is not a picture that this browser reads/],
        ["broken.wav", "no sound", /WAV|sound/],
        ["broken.bvh", "no motion", /HIERARCHY|BVH/],
        ["broken.tsv", "one\ttwo\n", /line 1: .*three columns/s],
        ["broken.csv", "a,b\n1,2\n", /has 1 rows; IDs need at least 4/],
        ["broken.tokens.safetensors", "no tokens", /safetensors/],
      ]) {
        await give(page, { name, mimeType: "", buffer: Buffer.from(content) });
        await alert.filter({ hasText: says }).waitFor(WAIT);
      }
      // A token file whose bytes were changed.
      const file = readFileSync(
        join(import.meta.dirname, "fixtures", "foreign.tokens.safetensors"),
      );
      await give(page, { name: "foreign.tokens.safetensors", mimeType: "", buffer: file });
      await alert.filter({ hasText: /which the playground has no decoder of/ }).waitFor(WAIT);
    }),
  );
  // Two at a time: each page computes in one thread.
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all([lane(), lane()]);
}

const give = (page, file) => page.locator("input[type=file]").setInputFiles(file);
/** The numbers below the tokens. */
const numbers = (page) => page.locator(".pg-numbers").innerText();
async function number(page, { number: pattern }) {
  const text = await numbers(page);
  const found = pattern.exec(text);
  assert.ok(found, `${pattern} in ${text}`);
  return Number(found[1]);
}
async function settled(page, kind, is) {
  const until = Date.now() + WAIT.timeout;
  let value;
  while (Date.now() < until) {
    value = await number(page, kind);
    if (is(value)) return value;
    await page.waitForTimeout(100);
  }
  throw new Error(`it stayed at ${value}`);
}
/** By keys: a pointer might meet the page's sticky head. */
async function tool(page, name) {
  await page.getByRole("radio", { name }).focus();
  await page.keyboard.press("Space");
}

/** Picks with the keyboard, paints, and undoes it. */
async function byKeys(page) {
  const grid = page.getByRole("application");
  await grid.focus();
  for (const key of ["ArrowRight", "ArrowDown", "Home"]) await page.keyboard.press(key);
  const held = page.locator("[data-test=held]");
  assert.match(await held.innerText(), /Row 2, column 1, FSQ .+: code \d+ of 15,360/);
  await page.keyboard.press("Enter");
  assert.doesNotMatch(await page.locator("[data-test=brush]").innerText(), /none/);
  await tool(page, "paints");
  await grid.focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Reset 1 code/ }).waitFor();
  await tool(page, "swaps");
  await grid.focus();
  await page.keyboard.press("Enter");
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Reset 2 codes/ }).waitFor();
}

async function play(page, kind, { shot }) {
  await page.getByRole("button", { name: kind.sample, exact: true }).click();
  await page.locator("[data-test=fact-result]").first().waitFor(WAIT);
  const before = await number(page, kind);
  const held = page.locator("[data-test=held]");
  const table = await page.locator(".pg-token").count();

  // What a token holds.
  const grid = page.getByRole("application");
  if (table > 0) {
    await page.locator(".pg-token").nth(3).hover();
    await page.locator(".pg-near li").first().waitFor(WAIT);
  } else {
    await grid.scrollIntoViewIfNeeded();
    const box = await grid.boundingBox();
    await page.mouse.move(box.x + 20, box.y + box.height / 2);
    await page.locator(".pg-held .pg-facts").waitFor(WAIT);
  }
  assert.match(await held.innerText(), /: code \d+ of [\d,]+/);
  if (kind.sample === "cat" || kind.sample === "boxing") {
    await page.locator(".pg-proto canvas").waitFor(WAIT);
  }

  // Painted: a number changes; undone: it is as it was.
  if (table > 0) {
    const rows = page.locator(".pg-tokens tbody tr");
    await rows.nth(0).locator(".pg-token").first().click();
    await tool(page, "paints");
    await rows.nth(5).locator(".pg-token").first().click();
  } else {
    let box = await grid.boundingBox();
    await page.mouse.click(box.x + 20, box.y + box.height / 2);
    await tool(page, "paints");
    await page.getByLabel("Size").selectOption("5");
    // Choosing a tool may have scrolled the page.
    await grid.scrollIntoViewIfNeeded();
    box = await grid.boundingBox();
    await page.mouse.move(box.x + 60, box.y + box.height * 0.5);
    await page.mouse.down();
    await page.mouse.move(box.x + 200, box.y + box.height * 0.5, { steps: 10 });
    await page.mouse.up();
  }
  await page.getByRole("button", { name: /^Reset [\d,]+ code/ }).waitFor(WAIT);
  await settled(page, kind, (value) => value !== before);
  if (["cat", "voice 3"].includes(kind.sample)) {
    await page.locator("[data-test=status]").filter({ hasText: "decoded anew" }).waitFor(WAIT);
  }
  await shot(page, `playground-painted-${kind.sample.replaceAll(" ", "-")}`);

  // What is saved holds the edits, and opens again with them.
  const edited = await numbers(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the tokens" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /\.tokens\.safetensors$/);
  const saved = await download.path();
  assert.ok(statSync(saved).size > 200);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  while (await page.getByRole("button", { name: /^Reset [\d,]+ code/ }).count()) {
    await page.getByRole("button", { name: "Undo", exact: true }).click();
  }
  await settled(page, kind, (value) => value === before);

  // Fewer levels.
  const slider = page.locator(".pg-level input");
  const most = Number(await slider.getAttribute("max"));
  await slider.focus();
  await page.keyboard.press("Home");
  await settled(page, kind, (value) => value !== before);
  for (let i = 1; i < most; i++) await page.keyboard.press("ArrowRight");
  await settled(page, kind, (value) => value === before);

  // Side by side.
  const menu = page.getByLabel("Compare with");
  const rival = kind.rival ?? (await menu.locator("option").last().getAttribute("value"));
  await menu.selectOption(rival);
  await page.getByLabel(kind.shows).first().waitFor(WAIT);
  await page.getByText("Compared.").waitFor(WAIT);
  assert.match(await page.locator(".pg-numbers thead").innerText(), new RegExp(rival));
  await shot(page, `playground-${kind.sample.replaceAll(" ", "-")}`, true);
  await accessible(page);
  if (kind.sample === "108 films") {
    await tool(page, "prefix tree");
    await page.locator(".pg-tree summary").first().click();
    await shot(page, "playground-tree", true);
    await accessible(page);
  }

  // The saved tokens again, edits and all.
  await give(page, {
    name: "again.tokens.safetensors",
    mimeType: "",
    buffer: readFileSync(saved),
  });
  await page.getByText("Tokens alone: there is no original").waitFor(WAIT);
  const line = (text) => /^Tokens\t.*$|^Vocabulary\t.*$/m.exec(text)?.[0];
  await page.locator(".pg-numbers").waitFor(WAIT);
  assert.equal(line(await numbers(page)), line(edited));

  // A file of one's own, by the same way that a drop takes.
  if (kind.sample === "cat") {
    await give(page, join(samples, "coffee.jpg"));
    await page.getByRole("heading", { name: "coffee.jpg" }).waitFor(WAIT);
    await page.locator("[data-test=fact-result]").first().waitFor(WAIT);
  }
}
