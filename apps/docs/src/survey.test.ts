import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { techniques } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { codeOfSystem, codeOfTechnique } from "./survey-links.js";
import { readTsv, systemRows, techniqueRows } from "./survey.js";

const root = join(import.meta.dirname, "..", "..", "..");

describe("the survey's tables", () => {
  const rows = techniqueRows(root);
  const systems = systemRows(root);

  it("have all 86 techniques and 186 systems, each once", () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(86);
    expect(rows).toHaveLength(86);
    expect(new Set(systems.map(({ id }) => id)).size).toBe(186);
    expect(systems).toHaveLength(186);
  });

  it("point at files that are there and say what the link says", () => {
    for (const { code } of [...rows, ...systems]) {
      for (const { file } of code) expect(existsSync(join(root, file)) || file).toBe(true);
    }
    for (const { code } of Object.values(codeOfTechnique)) {
      for (const link of code) {
        if (typeof link === "string") continue;
        expect(readFileSync(join(root, link.file), "utf8")).toContain(link.text);
      }
    }
  });

  it("link systems to files that name them", () => {
    const names = new Map(systems.map(({ id, name }) => [id, name]));
    const wrong = Object.entries(codeOfSystem).flatMap(([id, { code, called }]) => {
      const name = called ?? names.get(id);
      const says = (file: string) =>
        name !== undefined && readFileSync(join(root, file), "utf8").includes(name);
      return code.filter(({ file }) => !says(file)).map(({ file }) => `${id}: ${file}`);
    });
    expect(wrong).toEqual([]);
  });

  it("name only techniques of the survey in the link table", () => {
    const ids = new Set(rows.map(({ id }) => id));
    expect(Object.keys(codeOfTechnique).filter((id) => !ids.has(id))).toEqual([]);
  });

  it("count what core registers as running", () => {
    const registered = new Set(techniques.map(({ id }) => id));
    const wrong = rows.filter(
      (row) =>
        (registered.has(row.id) && row.status === "open") ||
        (row.status === "open") !== (row.code.length === 0),
    );
    expect(wrong).toEqual([]);
  });
});

it("refuses a table with a torn line, by its number", () => {
  expect(readTsv("a\tb\n1\t2\n")).toEqual([{ a: "1", b: "2" }]);
  expect(() => readTsv("a\tb\n1\t2\n3\n")).toThrow("line 3: expected 2 cells, got 1");
});
