import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { renderTechniques } from "../../../tooling/scripts/techniques-table.js";
import type { Technique } from "../src/quantizers/technique.js";
import { quantizerFamilies } from "../src/quantizers/spec.js";
import { techniques } from "../src/techniques.js";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

test("TECHNIQUES.md is current", async () => {
  const options = { parser: "markdown", printWidth: 100 } as const;
  expect(readFileSync(at("TECHNIQUES.md"), "utf8")).toBe(
    await format(renderTechniques(techniques), options),
  );
});

test("every module that exports techniques is in the list", async () => {
  const listed = new Set(techniques);
  for (const name of readdirSync(at("src/quantizers"))) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const module = (await import(at(`src/quantizers/${name}`))) as {
      techniques?: readonly Technique[];
    };
    const rows = module.techniques ?? [];
    expect(rows.filter((row) => !listed.has(row))).toEqual([]);
    expect(rows.filter((row) => row.file !== `quantizers/${name}`)).toEqual([]);
  }
});

describe("rows", () => {
  test("ids are unique and explicit", () => {
    const ids = techniques.map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^t-[a-z0-9-]+$/);
  });
  test("files and their tests exist", () => {
    const files = techniques.flatMap(({ file }) => [file, file.replace(/\.ts$/, ".test.ts")]);
    expect(files.filter((file) => !existsSync(at(`src/${file}`)))).toEqual([]);
  });
  test("kinds are kinds of a family, and every family has a row", () => {
    const kinds = new Set(quantizerFamilies.map((family) => family.kind));
    const named = new Set(techniques.flatMap((row) => (row.kind === undefined ? [] : [row.kind])));
    expect([...named].filter((kind) => !kinds.has(kind))).toEqual([]);
    expect([...kinds].filter((kind) => !named.has(kind))).toEqual([]);
  });
});
