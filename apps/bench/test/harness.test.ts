import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installedPlugins, pluginPackage } from "../src/harness/discover.js";
import { summarise } from "../src/harness/format.js";
import { measureIn } from "../src/harness/host.js";
import { runTask, UnknownTaskError } from "../src/harness/run-task.js";
import { likeness } from "../src/tasks/graph-links.js";
import { nextFilm, prefixClasses } from "../src/tasks/recsys-ids.js";

const fixtures = join(import.meta.dirname, "fixtures");
const files = [join(import.meta.dirname, "..", "..", "..", "samples", "cat.jpg")];
const measure = async (name: string, milliseconds = 120_000) => {
  const { module, models } = pluginPackage(join(fixtures, name));
  const job = { module, models, files, task: "image/reconstruction" };
  const { entries } = await measureIn(name, "plugin", job, { milliseconds });
  return entries;
};

describe("a plugin in the harness", { timeout: 150_000 }, () => {
  it("is measured after its checks", async () => {
    const [entry, ...more] = await measure("good");
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ id: "image/mean", kind: "plugin", status: "ok" });
    // 9 bits for 256 pixels, and the side information; means of 16 pixels keep something of a cat.
    expect(entry?.values?.["bpp"]?.mean).toBeGreaterThan(9 / 256);
    expect(entry?.values?.["bpp"]?.mean).toBeLessThan(0.05);
    expect(entry?.values?.["psnr"]?.mean).toBeGreaterThan(15);
  });

  it("that throws is named, and the one beside it is measured", async () => {
    // A module's exports come by name: "mean", then "plugin".
    const [good, bad] = await measure("throws");
    expect(bad).toMatchObject({ id: "image/throws", status: "failed" });
    expect(bad?.error).toContain("no weights today");
    expect(good).toMatchObject({ id: "image/beside", status: "ok" });
  });

  it("that lies about its sizes or leaves its range fails its checks by name", async () => {
    const entries = await measure("lies");
    expect(entries.map(({ id, status }) => [id, status])).toEqual([
      ["image/other-sizes", "failed"],
      ["image/out-of-range", "failed"],
    ]);
    expect(entries[0]?.error).toContain("valid, as its manifest declares");
    expect(entries[1]?.error).toContain("valid, as its manifest declares");
  });

  it("that ends its process takes nobody down", async () => {
    expect(await measure("leaves")).toMatchObject([
      { id: "leaves", status: "failed", error: expect.stringContaining("ended early (7)") },
    ]);
  });

  it("that never returns is stopped", async () => {
    expect(await measure("endless", 8000)).toEqual([
      { id: "endless", kind: "plugin", status: "failed", error: "it did not finish within 8 s" },
    ]);
  });
});

describe("what a plugin brings beside tokenizers", { timeout: 150_000 }, () => {
  const { module, models } = pluginPackage(join(fixtures, "extras"));
  const run = async (task: string, from = module) => {
    const job = {
      module: from,
      models,
      task,
      measures: [module],
      ...(from !== module && { files }),
    };
    return measureIn("extras", "plugin", job);
  };

  it("a metric is a column of everybody's", async () => {
    const good = pluginPackage(join(fixtures, "good"));
    const { entries, task } = await run("image/reconstruction", good.module);
    expect(task?.metrics.map(({ key }) => key)).toContain("close");
    const value = entries[0]?.values?.["close"]?.mean;
    expect(value).toBeGreaterThan(20);
    expect(value).toBeLessThan(100);
  });

  it("a layout is measured, and one that forgets a code is named", async () => {
    const { entries } = await run("llm/layouts");
    expect(entries.map(({ id, status }) => [id, status])).toEqual([
      ["backwards", "ok"],
      ["forgetful", "failed"],
    ]);
    expect(entries[0]?.values?.["ids"]?.mean).toBe(1);
    expect(entries[1]?.error).toContain("it never writes code 3999");
  });

  it("tokens of nodes are an entry of the graph's task", async () => {
    const { entries } = await run("graph/links");
    expect(entries).toMatchObject([{ id: "graph/first-letters", status: "ok" }]);
    expect(entries[0]?.values?.["bits"]?.mean).toBe(7);
    expect(entries[0]?.values?.["mrr"]?.spread).toBeGreaterThan(0);
  });

  it("a quantizer family is measured by its examples", async () => {
    const { entries } = await run("vectors/quantizers");
    expect(entries).toMatchObject([{ kind: "plugin", status: "ok" }]);
    expect(entries[0]?.values?.["bits"]?.mean).toBe(16);
    expect(entries[0]?.values?.["error"]?.mean).toBeLessThan(100);
  });
});

it("runs a task whole: plugins, those that are none, versions and checksums", async () => {
  const result = await runTask({
    task: "llm/layouts",
    plugins: [join(fixtures, "extras"), join(fixtures, "nowhere")],
    installed: false,
    only: true,
    command: "a test",
  });
  expect(result).toMatchObject({ format: "dtok-bench-1", task: "llm/layouts", command: "a test" });
  expect(result.versions["node"]).toBe(process.version);
  const failed = result.entries.filter(({ status }) => status === "failed");
  expect(failed.map(({ error }) => error)).toEqual([
    expect.stringContaining("a folder with a package.json"),
    expect.stringContaining("it never writes code"),
  ]);
  const nobody = { task: "smell/reconstruction", command: "", installed: false };
  await expect(runTask(nobody)).rejects.toThrow(UnknownTaskError);
}, 150_000);

describe("plugin packages", () => {
  it("that are none are refused by what is missing", () => {
    expect(() => pluginPackage(join(fixtures, "nowhere"))).toThrow("a folder with a package.json");
    expect(() => pluginPackage(join(fixtures, "..", ".."))).toThrow('"dtok": { "plugin"');
  });

  it("are found by their field only", () => {
    expect(installedPlugins(join(fixtures, "..", ".."))).toEqual([]);
  });
});

it("summarises by hand", () => {
  expect(summarise([1, 3])).toEqual({ mean: 2, spread: Math.SQRT2 });
  expect(summarise([5])).toEqual({ mean: 5, spread: 0 });
});

it("finds alike tokens by how rare they are", () => {
  // Two codebooks of one size are one kind: their order tells nothing.
  const codes = { data: Int32Array.of(0, 1, 1, 0, 2, 0, 3, 3), shape: [4, 2] as const };
  const grid = { codes, shape: [4], codebookSizes: [4, 4], side: {} };
  const row = likeness(grid)(0);
  expect(row[1]).toBeCloseTo(Math.log(4 / 3) + Math.log(4 / 2), 10); // both tokens
  expect(row[2]).toBeCloseTo(Math.log(4 / 3), 10); // the common one
  expect(row[3]).toBe(0);
});

it("puts the next film's class before the popular one", () => {
  expect(prefixClasses({ data: Int32Array.of(0, 1, 0, 2, 0, 1), shape: [3, 2] })).toEqual([
    Int32Array.of(0, 0, 0),
    Int32Array.of(0, 1, 0),
  ]);
  // Forty films are all that most saw: whoever saw 50, 51 and 52 went on to 53.
  const popular = Array.from({ length: 40 }, () => Array.from({ length: 40 }, (_, i) => i));
  const follows = Array.from({ length: 5 }, () => [50, 51, 52, 53, 0, 1]);
  const histories = [...popular, ...follows, [0, 1, 50, 51, 52, 53]];
  const each = Int32Array.from({ length: 60 }, (_, i) => i);
  const before = nextFilm(histories, 60, []).mean;
  expect(nextFilm(histories, 60, [each]).mean).toBeGreaterThan(before);
});
