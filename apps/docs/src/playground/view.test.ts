import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import fc from "fast-check";
import { HEAT, coloursOf, inkOn, planeOf, sameAs, takes } from "./view.js";
import { views } from "./views/index.js";

describe("planes of tokens", () => {
  const layouts = fc.constantFrom("panes", "timeline", "table" as const);
  const extents = fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 5 })));
  it("hold each shown token once, and find it again", () => {
    fc.assert(
      fc.property(layouts, extents, fc.integer({ min: 1, max: 4 }), (layout, extent, width) => {
        const shape = layout === "panes" ? extent : [extent[0]!];
        const sizes = Array.from({ length: width }, () => 8);
        const steps = layout === "panes" ? extent[0]! : 1;
        const seen = new Set<number>();
        for (let step = 0; step < steps; step++) {
          for (let q = 0; q < (layout === "panes" ? width : 1); q++) {
            const plane = planeOf(layout, { shape, codebookSizes: sizes }, step, q);
            for (let cell = 0; cell < plane.rows * plane.columns; cell++) {
              const at = plane.at(cell);
              expect(seen.has(at)).toBe(false);
              seen.add(at);
              expect(plane.cell(at)).toBe(cell);
            }
          }
        }
        expect(seen.size).toBe(shape.reduce((a, b) => a * b, width));
      }),
    );
  });

  it("show another step's tokens nowhere", () => {
    const plane = planeOf("panes", { shape: [2, 2, 2], codebookSizes: [9] }, 1);
    expect(plane.cell(3)).toBe(-1);
    expect(plane.cell(4)).toBe(0);
  });

  it("have each codebook's colours", () => {
    const plane = planeOf("timeline", { shape: [2], codebookSizes: [2, 2] });
    const colours = coloursOf(plane, Int32Array.of(0, 1, 1, 0), {
      palettes: [Uint8Array.of(1, 1, 1, 2, 2, 2), Uint8Array.of(3, 3, 3, 4, 4, 4)],
      paletteOf: [0, 1],
      codebookSizes: [2, 2],
    } as never);
    // The first level's row, then the second's.
    expect([0, 3, 6, 9].map((i) => colours[i])).toEqual([1, 2, 4, 3]);
  });

  it("know where else a code stands, in its own codebook only", () => {
    expect(sameAs(Int32Array.of(5, 5, 5, 1, 7, 5), 0, 2)).toEqual([0, 2]);
    expect(sameAs(Int32Array.of(5, 5, 5, 1, 7, 5), 1, 2)).toEqual([1, 5]);
  });
});

describe("colours", () => {
  const linear = (v: number) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]: readonly number[]) =>
    0.2126 * linear(r!) + 0.7152 * linear(g!) + 0.0722 * linear(b!);

  it("carry ink of at least WCAG's 4.5 to 1", () => {
    const channel = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(channel, channel, channel, (r, g, b) => {
        const ground = luminance([r, g, b]) + 0.05;
        const ink = inkOn(r, g, b) === "#fff" ? 1.05 : 0.05;
        expect(Math.max(ground, ink) / Math.min(ground, ink)).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });

  it("of heat grow lighter all the way", () => {
    for (let i = 1; i < 256; i++) {
      expect(luminance(HEAT.subarray(3 * i, 3 * i + 3) as never)).toBeGreaterThanOrEqual(
        luminance(HEAT.subarray(3 * i - 3, 3 * i) as never) - 1e-3,
      );
    }
  });
});

it("files go to their kind by name or type", () => {
  const kindOf = (name: string, type = "") => views.find((view) => takes(view, name, type))?.id;
  expect(
    ["a.PNG", "a.mp3", "a.webm", "walk.bvh", "x.glb", "kg.tsv", "kg.nt", "items.csv"].map((name) =>
      kindOf(name),
    ),
  ).toEqual(["image", "audio", "video", "motion", "motion", "graph", "graph", "items"]);
  expect(kindOf("no-ending", "image/heic")).toBe("image");
  expect(kindOf("clip", "video/mp4")).toBe("video");
  expect(kindOf("notes.txt", "text/plain")).toBeUndefined();
});

describe("the lines of code that do the same", () => {
  const root = join(import.meta.dirname, "..", "..", "..", "..");
  // Inside the app, so that imports resolve.
  const folder = mkdtempSync(join(import.meta.dirname, "..", "..", ".readme-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const samples = join(root, "samples");

  it("run", { timeout: 180_000 }, async () => {
    copyFileSync(join(samples, "cat.jpg"), join(folder, "photo.jpg"));
    copyFileSync(
      join(root, "packages", "audio", "test", "fixtures", "tone.mp3"),
      join(folder, "talk.mp3"),
    );
    copyFileSync(join(samples, "boxing.bvh"), join(folder, "walk.bvh"));
    copyFileSync(join(samples, "europe.tsv"), join(folder, "triples.tsv"));
    const programs = [
      ["image", "image/photo-16x", null, 5],
      ["audio", "audio/sound-16k", 3, 12],
      ["motion", "motion/human-rvq", 2, 6],
      ["graph", "graph/nodepiece-ppr", 5, 5],
      ["graph", "graph/random-eq", 5, 5],
      ["items", "recsys/residual-k-means", 4, 4],
      ["items", "recsys/hierarchical-k-means", 4, 4],
      ["items", "recsys/movielens-small", 4, 4],
    ] as const;
    const names = programs.map(([id, tokenizer, level, levels], i) => {
      const code = views.find((view) => view.id === id)!.code(tokenizer, level, levels);
      expect(code.trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(7);
      writeFileSync(join(folder, `${i}.ts`), code);
      return `await import("./${i}.js"); console.log("ran ${i}");`;
    });
    writeFileSync(join(folder, "all.ts"), names.join("\n"));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--conditions=@dtok/source", join(folder, "all.ts")],
      { cwd: folder },
    );
    expect(stdout.match(/^ran \d$/gm)).toHaveLength(programs.length);
    expect(stdout).toMatch(/<a_\d+><b_\d+>/);
  });
});
