import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..");
const run = promisify(execFile);
// On source, or on the built packages where `npm test` has built them: without a compiler on the way.
const isBuilt = Boolean(process.env.DTOK_TEST_BUILT);
const flags = isBuilt ? [] : ["--import", "tsx", "--conditions=@dtok/source"];
const bin = isBuilt ? "bin/dtok.js" : "src/bin.ts";

/** Fenced blocks of one language. */
function snippets(file: string, language: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(
    (match) => match[1] as string,
  );
}

function withoutTypes(code: string): string {
  const { ESNext: target } = ts.ScriptTarget;
  const { ESNext: module } = ts.ModuleKind;
  return ts.transpileModule(code, { compilerOptions: { target, module } }).outputText;
}

const readmes = ["README.md"];
for (const name of readdirSync(join(root, "packages"))) {
  const file = join("packages", name, "README.md");
  if (existsSync(join(root, file))) readmes.push(file);
}
const bench = join("apps", "bench", "README.md");
readmes.push(bench);
// The site's own pages; those of packages are their READMEs.
const guide = join("apps", "docs", "site", "guide");
for (const name of readdirSync(join(root, guide))) {
  if (name.endsWith(".md")) readmes.push(join(guide, name));
}
const programs = readmes.flatMap((file) =>
  snippets(file, "ts").map((code, i) => [file, i + 1, code] as const),
);

// Inside examples/, so that the snippets' imports resolve as a user's would; a package that no example needs
// finds itself.
let folder: string;
let own: string;
beforeAll(() => {
  folder = mkdtempSync(join(here, ".readme-"));
  own = mkdtempSync(join(root, "apps", "bench", ".readme-"));
  copyFileSync(join(root, "samples", "cat.jpg"), join(folder, "photo.jpg"));
  const sound = join(root, "packages", "audio", "test", "fixtures", "tone.mp3");
  copyFileSync(sound, join(folder, "talk.mp3"));
  const motion = join(root, "packages", "motion", "test", "fixtures", "walk.bvh");
  copyFileSync(motion, join(folder, "walk.bvh"));
});
afterAll(() => {
  for (const made of [folder, own]) rmSync(made, { recursive: true, force: true });
});

describe("READMEs", () => {
  it.each(programs)(
    "%s, TypeScript snippet %i runs",
    { timeout: 180_000 },
    async (readme, i, code) => {
      const file = join(
        readme === bench ? own : folder,
        `${readme.replaceAll(/\W/g, "-")}-${i}.${isBuilt ? "mjs" : "ts"}`,
      );
      writeFileSync(file, isBuilt ? withoutTypes(code) : code);
      rmSync(join(folder, "back.png"), { force: true });
      const { stdout } = await run(process.execPath, [...flags, file], { cwd: folder });
      if (code.includes("console.log")) expect(stdout).not.toBe("");
      expect(existsSync(join(folder, "back.png"))).toBe(code.includes("back.png"));
    },
  );

  it("commands run, in their order", { timeout: 180_000 }, async () => {
    rmSync(join(folder, "back.png"), { force: true });
    const lines = snippets("README.md", "sh").flatMap((block) => block.trim().split("\n"));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const [command, ...args] = line.split(/\s+/);
      expect(command).toBe("dtok");
      const path = join(root, "packages", "cli", bin);
      await run(process.execPath, [...flags, path, ...args], { cwd: folder });
    }
    expect(existsSync(join(folder, "back.png"))).toBe(true);
  });

  it("names no file that is not there", () => {
    const text = readFileSync(join(root, "README.md"), "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
      (match) => match[1] as string,
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});
