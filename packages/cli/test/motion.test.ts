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

test("encode, decode and eval know motions by their files' names", async () => {
  const tokens = path("plain.tokens.safetensors");
  const said = await dtok("encode", path("walk.bvh"), "-o", tokens, "--json");
  expect(JSON.parse(said)).toMatchObject([{ output: tokens, grid: [10] }]);
  await dtok("decode", tokens, "-o", path("plain.bvh"));
  expect((await readMotion(path("plain.bvh"))).translation.length).toBe(40 * 3);
  // A body in units that the file does not say: twice as large by the option.
  const one = await dtok("eval", path("walk.bvh"), "--unit", "cm", "--json");
  const two = await dtok("eval", path("walk.bvh"), "--unit", "0.02", "--json");
  const error = (json: string) =>
    (JSON.parse(json) as { results: { mpjpe: number }[] }).results[0]!.mpjpe;
  expect(error(two) / error(one)).toBeCloseTo(2, 1);
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

test("trajectories of a robot: fit, encode, decode, by the columns' names", async () => {
  const rows = Array.from({ length: 200 }, (_, t) =>
    [t / 50, Math.sin(t / 9), Math.cos(t / 15)].map((v) => v.toFixed(5)).join(","),
  );
  writeFileSync(path("arm.csv"), `time,elbow,wrist\n${rows.join("\n")}\n`);
  // Other columns, in another order: found by name.
  const turned = rows.map((row) => row.split(",").toReversed().join(","));
  writeFileSync(path("turned.csv"), `wrist,elbow,time\n${turned.join("\n")}\n`);
  for (const kind of ["bins", "fast", "skills", "saq", "hyperbolic"]) {
    const tokenizer = path(`${kind}.safetensors`);
    const extra = {
      bins: "bins=128",
      fast: "chunk=10,quantiles=0:1",
      skills: "size=32",
      saq: "quantizer=vq:16",
      hyperbolic: "quantizer=vq-hyp:32",
    }[kind]!;
    const fit = ["motion", "actions", "fit", kind, path("arm.csv"), "--without", "time"];
    await dtok(...fit, "--with", extra, "-o", tokenizer);
    const made = JSON.parse(
      await dtok(
        ..."motion actions encode".split(" "),
        path("turned.csv"),
        "-t",
        tokenizer,
        "-o",
        path("arm.tokens"),
        "--json",
      ),
    ) as { rows: number; rmse: number };
    expect(made.rows).toBe(200);
    expect(made.rmse).toBeLessThan(0.3);
    const decode = ["motion", "actions", "decode", path("arm.tokens"), "-t", tokenizer];
    await dtok(...decode, "-o", path("back.csv"));
    const lines = readFileSync(path("back.csv"), "utf8").trim().split("\n");
    expect(lines[0]).toBe("elbow,wrist");
    expect(lines.length).toBe(201);
    await dtok(...decode, "-o", path("back.npy"));
    await dtok(
      ...fit.slice(0, 4),
      path("back.npy"),
      "--with",
      extra,
      "-o",
      path("npy.safetensors"),
    );
  }
  const tokens = ["motion", "actions", "encode", path("walk.bvh"), "-t", path("bins.safetensors")];
  await expect(dtok(...tokens, "-o", path("x"))).rejects.toThrow(/\.csv/);
  const misspelt = ["motion", "actions", "fit", "bins", path("arm.csv"), "--with", "bin=3"];
  await expect(dtok(...misspelt, "-o", path("x"))).rejects.toThrow(/bins, quantiles/);
  const cut = ["motion", "actions", "encode", path("cut.csv"), "-t", path("bins.safetensors")];
  writeFileSync(path("cut.csv"), "elbow,wrist\n1,2\n3\n");
  await expect(dtok(...cut, "-o", path("x"))).rejects.toThrow(/line 3/);
  expect(readdirSync(folder)).not.toContain("x");
});
