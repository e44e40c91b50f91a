import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTokenizer, templates } from "./index.js";
import type { TemplateName } from "./index.js";

let work: string;
let source: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "dtok-create-test-"));
  source = join(work, "templates");
  const script = join(import.meta.dirname, "..", "scripts", "templates.mjs");
  execFileSync(process.execPath, [script, source]);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const textOf = (folder: string, files: readonly string[]) =>
  files
    .filter((file) => !file.endsWith(".onnx"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");

describe.each(Object.keys(templates) as TemplateName[])("template %s", (template) => {
  it("becomes a package under its own names, with nothing that only holds in the repository", () => {
    const folder = join(work, "out", template, "dtok-sea-shell");
    const made = createTokenizer({ folder, template, source });
    const modality = templates[template].id.split("/")[0];
    expect(made).toMatchObject({ packageName: "dtok-sea-shell", id: `${modality}/sea-shell` });
    expect(made.files).toEqual(expect.arrayContaining([".gitignore", "src/index.ts", "README.md"]));
    const text = textOf(folder, made.files);
    for (const old of ["workspace:", "plugin-template", "@dtok/source", templates[template].id]) {
      expect(text).not.toContain(old);
    }
    expect(text).toContain("export const seaShell:");
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      private?: boolean;
      dependencies: Record<string, string>;
      dtok: { plugin: string };
    };
    expect(manifest.private).toBeUndefined();
    expect(manifest.dependencies["@dtok/core"]).toMatch(/^\^\d+\.\d+\.\d+/);
    expect(manifest.dtok.plugin).toBe("./dist/index.js");
  });
});

describe("createTokenizer", () => {
  it.each([
    ["@me/Codec", /package name/],
    ["a b", /package name/],
    ["", /package name/],
  ])("refuses the name %j", (packageName, message) => {
    const folder = join(work, "refused");
    expect(() => createTokenizer({ folder, packageName, source })).toThrow(message);
    expect(existsSync(folder)).toBe(false);
  });

  it("takes a scope, and gives a variable that is no word of the language", () => {
    const folder = join(work, "scoped");
    const made = createTokenizer({ folder, packageName: "@me/class", source });
    expect(made.id).toBe("image/class");
    expect(readFileSync(join(folder, "src", "index.ts"), "utf8")).toContain(
      "export const classTokenizer:",
    );
  });

  it("uses an empty folder, and leaves one with files as it is", () => {
    const empty = join(work, "empty");
    mkdirSync(empty);
    expect(createTokenizer({ folder: empty, source }).files.length).toBeGreaterThan(5);
    const full = join(work, "full");
    mkdirSync(full);
    writeFileSync(join(full, "mine.txt"), "mine");
    expect(() => createTokenizer({ folder: full, source })).toThrow(/nothing was changed/);
    expect(readdirSync(full)).toEqual(["mine.txt"]);
    expect(readdirSync(work).filter((name) => name.startsWith(".dtok-create"))).toEqual([]);
  });

  it("refuses an unknown template", () => {
    const template = "constructor" as TemplateName;
    expect(() => createTokenizer({ folder: join(work, "x"), template, source })).toThrow(/image/);
  });
});
