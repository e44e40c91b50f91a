import { createRandom } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../catalogue/catalogue.js";
import { fitResidual } from "../quantizers/residual.js";
import { summarise } from "../metrics/summary.js";
import { renderReport } from "./html.js";

const vectors: Matrix = {
  data: createRandom(1).fillNormal(new Float32Array(300)),
  shape: [100, 3],
};
const nasty = '</script><script>alert(1)</script>"&';
const { catalogue } = await Catalogue.create(
  [nasty, ...Array.from({ length: 99 }, (_, i) => `item ${i}`)],
  vectors,
  await fitResidual("rkmeans:2x4", vectors),
);

describe("summarise", () => {
  it("counts what the catalogue holds", () => {
    const summary = summarise(catalogue);
    expect(summary).toMatchObject({
      items: 100,
      version: 1,
      quantizer: "rkmeans:2x4",
      codebookSizes: [4, 4, 256],
      capacity: 4096,
      strategy: "suffix",
    });
    expect(summary.levels.map(({ size }) => size)).toEqual([4, 4]);
    expect(summary.prefixes.at(-1)).toBe(100);
    expect(summary.collisions.ids).toBe(summary.prefixes[1]);
  });
});

describe("renderReport", () => {
  it("is one page that loads nothing and runs nothing of the items", () => {
    const page = renderReport(catalogue, { title: "A & <B>", label: (item) => `the ${item}` });
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toContain("alert(1)</script>");
    expect(page).toContain("<title>A &amp; &lt;B&gt;</title>");
    expect(page).not.toMatch(/(src|href)=/);
    const json = /id="data">(.*)<\/script>/.exec(page)![1]!;
    const data = JSON.parse(json) as { items: string[]; codes: number[]; depth: number };
    expect(data.items).toHaveLength(100);
    expect(data.items).toContain(`the ${nasty}  ·  ${nasty}`);
    expect(data.codes).toHaveLength(300);
    const ids = data.items.map((_, n) => data.codes.slice(n * 3, n * 3 + 3));
    const sorted = ids.toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
    expect(ids).toEqual(sorted);
  });

  it("samples large catalogues, and says so", () => {
    const page = renderReport(catalogue, { maxItems: 10 });
    expect(page).toContain("A sample of 10 of 100 items");
  });

  it("takes an empty catalogue", async () => {
    const none: Matrix = { data: new Float32Array(0), shape: [0, 3] };
    const empty = await Catalogue.create([], none, catalogue.quantizer);
    expect(renderReport(empty.catalogue)).toContain("All 0 items");
  });
});
