import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { bitsPerUnit, labelled, leaderboard, paretoFront } from "./leaderboard.js";

it("finds the front of five points by hand", () => {
  const points = [
    { id: "a", x: 1, y: 3 },
    { id: "b", x: 2, y: 2 },
    { id: "c", x: 2, y: 5 },
    { id: "d", x: 3, y: 5 },
    { id: "e", x: 4, y: 9 },
  ];
  expect(paretoFront(points, "more").map(({ id }) => id)).toEqual(["a", "c", "e"]);
  expect(paretoFront(points, "less").map(({ id }) => id)).toEqual(["a", "b"]);
});

it("keeps exactly the points that no other dominates", () => {
  const point = fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 20 }), (list) => {
      const points = list.map((p, i) => ({ ...p, id: String(i) }));
      const front = paretoFront(points, "more");
      const beats = (a: { x: number; y: number }, b: { x: number; y: number }) =>
        a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
      for (const p of points) {
        const on = front.some((f) => f.x === p.x && f.y === p.y);
        expect(on).toBe(!points.some((other) => beats(other, p)));
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

it("counts bits per pixel of 15360 codes per 8 x 8 pixels", () => {
  const manifest = { codebookSizes: [15360], stride: [8, 8] };
  expect(bitsPerUnit(manifest as never)).toBeCloseTo(0.2173, 4);
});

it("shows a plugin's entry, its spread, the front, and what failed with its reason", async () => {
  const root = mkdtempSync(join(tmpdir(), "dtok-board-"));
  try {
    const results = join(root, "apps", "bench", "results");
    mkdirSync(results, { recursive: true });
    const value = (mean: number, spread = 0) => ({ mean, spread });
    const entry = (id: string, kind: string, bpp: number, psnr: number) => ({
      id,
      kind,
      status: "ok",
      values: { bpp: value(bpp), psnr: value(psnr, 1.5) },
    });
    const file = {
      format: "dtok-bench-1",
      task: "image/reconstruction",
      title: "Photographs",
      command: "pnpm bench run image/reconstruction",
      date: "2026-01-01T00:00:00Z",
      commit: "abc",
      machine: "two cores",
      seed: 0,
      versions: {},
      data: [],
      metrics: [
        { key: "bpp", name: "bits per pixel", better: "less", digits: 2 },
        { key: "psnr", name: "PSNR", better: "more", digits: 1 },
      ],
      plot: { x: "bpp", y: ["psnr"] },
      entries: [
        entry("image/mine", "plugin", 0.25, 27.04),
        entry("jpeg 10", "reference", 0.2, 26),
        { id: "image/bad", kind: "plugin", status: "failed", error: "no weights today" },
      ],
    };
    writeFileSync(join(results, "image-reconstruction.json"), JSON.stringify(file));
    writeFileSync(join(results, "other.json"), "{}");
    const none = async () => ({ examples: [], usage: [] });
    const { sections } = await leaderboard(root, [], root, none);
    expect(sections.map(({ name }) => name)).toEqual(["Photographs"]);
    const [task] = sections[0]!.tasks;
    expect(task!.rows[0]).toMatchObject({ id: "image/mine", psnr: 27, "psnr:spread": 1.5 });
    expect(task!.failed).toMatchObject([{ id: "image/bad", error: "no weights today" }]);
    const svg = readFileSync(join(root, "public/pictures/image-reconstruction-psnr.svg"), "utf8");
    expect(svg).toContain("image/mine");
    expect(svg).toContain("jpeg");
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it("names each line of a plot once, and none upon another", () => {
  const points = [
    { id: "a 1", series: "a", x: 1, y: 10 },
    { id: "a 2", series: "a", x: 100, y: 20 },
    { id: "b 1", series: "b", x: 10, y: 12 },
    { id: "b 2", series: "b", x: 100, y: 19.9 },
  ];
  const names = labelled(points, { better: "more" });
  expect(names.map(({ id, side }) => [id, side])).toEqual([
    ["a 2", "start"],
    ["b 1", "end"],
  ]);
});
