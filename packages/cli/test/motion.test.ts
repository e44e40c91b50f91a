import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bodies, readMotion, writeBvh } from "@dtok/motion/node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createProgram } from "../src/program.js";

const folder = mkdtempSync(join(tmpdir(), "dtok-motion-"));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const { skeleton } = bodies.human;
  const frames = 40;
  const translation = new Float32Array(frames * 3);
  const rotations = new Float32Array(frames * 22 * 4);
  for (let t = 0; t < frames; t++) {
    translation.set([0, 0.93, t / 40], t * 3);
    for (let j = 0; j < 22; j++) rotations[(t * 22 + j) * 4 + 3] = 1;
  }
  writeFileSync(path("walk.bvh"), writeBvh({ skeleton, fps: 20, translation, rotations }));
});

async function dtok(...words: string[]): Promise<string> {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    await createProgram().parseAsync(["node", "dtok", ...words]);
  } finally {
    spy.mockRestore();
  }
  return lines.join("");
}

test("a motion goes to tokens, is cut and joined, and comes back as files that read", async () => {
  const tokens = path("walk.tokens.safetensors");
  expect(await dtok("motion", "encode", path("walk.bvh"), "-o", tokens)).toMatch(/60 codes/);
  await dtok("motion", "decode", tokens, "-o", path("back.glb"));
  expect((await readMotion(path("back.glb"))).skeleton.joints.length).toBeGreaterThan(21);
  const said = await dtok(
    "motion",
    "splice",
    `${tokens}@0:1`,
    `${tokens}@1:2`,
    "-o",
    path("both.bvh"),
  );
  expect(said).toMatch(/2\.0 s/);
  expect((await readMotion(path("both.bvh"))).translation.length).toBe(40 * 3);
});

test("eval writes a GIF and a page beside its numbers", async () => {
  const json = await dtok("eval", path("walk.bvh"), "-d", path("compare"), "--json");
  const { tokenizer, results } = JSON.parse(json) as {
    tokenizer: string;
    results: { mpjpe: number }[];
  };
  expect(tokenizer).toBe("motion/human-rvq");
  expect(results[0]!.mpjpe).toBeGreaterThan(0);
  expect(readdirSync(path("compare")).toSorted()).toEqual([
    "walk.compare.gif",
    "walk.compare.html",
  ]);
  expect(readFileSync(path("compare/walk.compare.html"), "utf8")).toContain("bits/s");
});

test("what cannot be read is a typed error and writes nothing", async () => {
  writeFileSync(path("bad.bvh"), "HIERARCHY\nROOT x\n");
  await expect(dtok("motion", "encode", path("bad.bvh"), "-d", path("none"))).rejects.toThrow(
    /line 2/,
  );
  await expect(dtok("motion", "convert", path("walk.bvh"), "-o", path("x.obj"))).rejects.toThrow(
    /bvh/,
  );
});
