import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installedPlugins, pluginPackage } from "../src/harness/discover.js";
import { summarise } from "../src/harness/format.js";
import { measureIn } from "../src/harness/host.js";

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
