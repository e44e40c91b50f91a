import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadTokenGrid } from "@dtok/core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createProgram } from "../program.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-graph-"));
  const lines = ["cat\tisa\tmammal", "dog\tisa\tmammal", "mammal\tisa\tanimal"];
  writeFileSync(join(folder, "animals.tsv"), lines.join("\n"));
  writeFileSync(join(folder, "broken.tsv"), "cat\tisa\n");
  const xml = `<graphml><key id="k" attr.name="relation"/><graph edgedefault="directed"><node id="cat"/><node id="pet"/><edge source="cat" target="pet"><data key="k">isa</data></edge></graph></graphml>`;
  writeFileSync(join(folder, "pets.graphml"), xml);
  writeFileSync(join(folder, "pets.edges.gz"), gzipSync("cat x pet isa\ndog x pet isa\n"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    await createProgram().parseAsync(["node", "dtok", "graph", ...args]);
  } finally {
    log.mockRestore();
    write.mockRestore();
  }
  return lines.join("\n");
}

it("tokenizes to Parquet, a token grid and lines", async () => {
  const triples = join(folder, "animals.tsv");
  for (const kind of ["parquet", "safetensors", "txt"]) {
    const output = join(folder, `tokens.${kind}`);
    const text = await run("tokenize", triples, "--anchors", "2", "-o", output, "--json");
    expect(JSON.parse(text)).toMatchObject({ nodes: 4, edges: 3, anchors: 2, perNode: 2 });
  }
  expect(readFileSync(join(folder, "tokens.parquet")).toString("latin1", 0, 4)).toBe("PAR1");
  expect(loadTokenGrid(readFileSync(join(folder, "tokens.safetensors"))).codes.shape).toEqual([
    4, 16,
  ]);
  expect(readFileSync(join(folder, "tokens.txt"), "utf8").split("\n")[1]).toMatch(/^cat: mammal@1/);
});

it("tokens of neighbours by random codes", async () => {
  const output = join(folder, "near.txt");
  const flags = ["--anchors", "1", "--codes", "2x16", "--neighbours", "3"];
  const text = await run("tokenize", join(folder, "animals.tsv"), ...flags, "-o", output, "--json");
  // An anchor, its distance, 12 relations, 2 codes, 3 relations, 3 times 2 codes.
  expect(JSON.parse(text)).toMatchObject({ tokensPerNode: 1 + 1 + 12 + 2 + 3 + 6 });
  expect(readFileSync(output, "utf8")).toMatch(/^cat: .* \| isa> \| isa>mammal$/m);
  await expect(
    run("tokenize", join(folder, "animals.tsv"), "--neighbours", "3", "-o", output),
  ).rejects.toThrow(/identity/);
});

it("explains a node in words and as a drawing", async () => {
  const svg = join(folder, "cat.svg");
  const text = await run(
    "explain",
    join(folder, "animals.tsv"),
    "cat",
    "--anchors",
    "1",
    "--svg",
    svg,
  );
  expect(text).toContain("1 edge from mammal: cat isa mammal");
  expect(text).toContain("has isa");
  expect(readFileSync(svg, "utf8")).toMatch(/^<svg .*isa →.*mammal/s);
  const json = JSON.parse(
    await run("explain", join(folder, "animals.tsv"), "animal", "--anchors", "1", "--json"),
  ) as Record<string, unknown>;
  expect(json).toMatchObject({
    node: "animal",
    anchors: [{ node: "mammal", distance: 1, path: [{ from: "mammal", relation: "isa" }] }],
    texts: ["<|anchor:mammal|>", "<|distance:1|>", "<|relation:<isa|>"],
  });
});

it("reads other formats, packed ones, and writes other tokens", async () => {
  const output = join(folder, "other.txt");
  expect(
    JSON.parse(await run("tokenize", join(folder, "pets.graphml"), "-o", output, "--json")),
  ).toMatchObject({ nodes: 2, edges: 1, relations: 1 });
  const edges = join(folder, "pets.edges.gz");
  const columns = ["--columns", "source,-,target,relation"];
  for (const as of ["nodepiece", "earl", "nt-llm"]) {
    const text = await run("tokenize", edges, ...columns, "--as", as, "-o", output, "--json");
    expect(JSON.parse(text)).toMatchObject({ nodes: 3, edges: 2, method: as });
    expect(readFileSync(output, "utf8").split("\n")[0]).toMatch(/^cat: /);
  }
  await expect(run("tokenize", join(folder, "tokens.txt.doc"), "-o", output)).rejects.toThrow(
    /Name the format/,
  );
});

it("names what is wrong, and writes nothing", async () => {
  const output = join(folder, "none.parquet");
  await expect(run("tokenize", join(folder, "broken.tsv"), "-o", output)).rejects.toThrow(/line 1/);
  await expect(run("tokenize", join(folder, "gone.tsv"), "-o", output)).rejects.toThrow(
    /gone\.tsv/,
  );
  await expect(run("explain", join(folder, "animals.tsv"), "yeti")).rejects.toThrow(/yeti/);
  await expect(run("tokenize", join(folder, "animals.tsv"), "-o", "x.doc")).rejects.toThrow(/doc/);
  expect(() => readFileSync(output)).toThrow();
});
