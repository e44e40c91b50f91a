import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const here = new URL("./", import.meta.url);
const examples = readdirSync(here).filter((name) => /^\d\d-.*\.ts$/.test(name));
const run = promisify(execFile);

async function output(name: string): Promise<string> {
  const file = fileURLToPath(new URL(name, here));
  const onSource = ["--import", "tsx", "--conditions=@dtok/source"];
  return (await run(process.execPath, [...onSource, file], { cwd: fileURLToPath(here) })).stdout;
}

/** Numbers behind a word, one per line that has it. */
function numbers(text: string, word: string): number[] {
  return [...text.matchAll(new RegExp(`${word} (-?[\\d.]+)`, "g"))].map((match) =>
    Number(match[1]),
  );
}

describe("examples", () => {
  it.each(examples)("%s is 30 lines at most", (name) => {
    const lines = readFileSync(new URL(name, here), "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(30);
  });

  it("01: the photograph comes back", { timeout: 120_000 }, async () => {
    const text = await output("01-photo-to-tokens.ts");
    expect(numbers(text, "PSNR")[0]).toBeGreaterThan(20);
    expect(numbers(text, "pixel")[0]).toBeLessThan(0.3);
  });

  it("02: the sequence comes back", { timeout: 120_000 }, async () => {
    const text = await output("02-tokens-for-a-language-model.ts");
    expect(text).toContain("a whole sequence: true");
    expect(text).toContain("picture 451 x 300");
  });

  it(
    "03: more bits lose less; the numbers are shares of a variance",
    { timeout: 120_000 },
    async () => {
      const [vq, pq2, aq2, pq4] = numbers(await output("03-fit-a-quantizer.ts"), "error");
      expect(vq).toBeLessThan(1);
      expect(pq2).toBeLessThan(vq!);
      expect(aq2).toBeLessThan(vq!);
      expect(pq4).toBeLessThan(Math.min(pq2!, aq2!));
    },
  );

  it(
    "04: loses less than a quarter of what no code at all loses",
    { timeout: 120_000 },
    async () => {
      const text = await output("04-train-a-tokenizer.ts");
      expect(numbers(text, "held-out")[0]).toBeLessThan(numbers(text, "mean")[0]! / 4);
    },
  );

  it("05: a stranger's tokenizer passes the checks", { timeout: 120_000 }, async () => {
    const text = await output("05-write-a-plugin.ts");
    expect(numbers(text, "error")[0]).toBeLessThan(0.15);
    expect(text.match(/^pass /gm)?.length).toBeGreaterThan(6);
    expect(text).not.toMatch(/^fail/m);
  });

  it("the plugin template's own code is under 60 lines without its comments", () => {
    const own = ["index.ts", "index.test.ts"].flatMap((name) =>
      readFileSync(new URL(`plugin-template/src/${name}`, here), "utf8").split("\n"),
    );
    expect(own.filter((line) => !/^\s*(\/\/.*|\/\*.*)?$/.test(line)).length).toBeLessThan(60);
  });
});
