import { createRandom } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { expect, test } from "vitest";
import { Catalogue } from "../catalogue/catalogue.js";
import { fitResidual } from "../quantizers/residual.js";
import { renderReport } from "./html.js";

/** The page in a frame of its own, as a reader's browser shows it. */
async function open(page: string, width: number): Promise<Document> {
  const frame = document.createElement("iframe");
  frame.style.width = `${width}px`;
  frame.style.height = "800px";
  frame.srcdoc = page;
  document.body.append(frame);
  await new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  return frame.contentDocument!;
}

const rows = 2000;
const vectors: Matrix = {
  data: createRandom(1).fillNormal(new Float32Array(rows * 3)),
  shape: [rows, 3],
};
const names = Array.from({ length: rows }, (_, i) => `item-${i}`);
const nasty = `<img src=x onerror="parent.hit = true">`;
const { catalogue } = await Catalogue.create(
  [nasty, ...names.slice(1)],
  vectors,
  await fitResidual("rkmeans:2x4", vectors),
);
const page = renderReport(catalogue, { label: (item) => `Label of ${item}` });

test("the tree opens level by level down to every item", async () => {
  const at = await open(page, 1000);
  const tree = at.getElementById("tree")!;
  expect(tree.children).toHaveLength(4);
  const first = tree.querySelector("details")!;
  first.querySelector("summary")!.click();
  await expect.poll(() => first.querySelectorAll("details").length).toBeGreaterThan(1);
  const second = first.querySelector("ul > li > details") as HTMLDetailsElement;
  second.querySelector("summary")!.click();
  await expect.poll(() => second.querySelectorAll(".leaf").length).toBeGreaterThan(1);
  // Under a prefix: the suffix alone.
  expect(second.querySelector(".leaf code")!.textContent).toMatch(/^<c_\d+>$/);
  const told = /([\d,]+) items/.exec(second.querySelector("summary")!.textContent!)![1]!;
  expect(second.querySelectorAll(".leaf")).toHaveLength(Number(told.replaceAll(",", "")));
});

test("finds items and IDs, and runs nothing of them", async () => {
  const at = await open(page, 1000);
  const find = at.getElementById("find") as HTMLInputElement;
  const hits = async (text: string) => {
    find.value = text;
    find.dispatchEvent(new Event("input"));
    return [...at.querySelectorAll("#hits li")].map((li) => li.textContent!);
  };
  expect(await hits("ITEM-1999")).toEqual([
    `${catalogue.idOf("item-1999")} Label of item-1999  ·  item-1999`,
  ]);
  expect(await hits(catalogue.idOf("item-7"))).toEqual([
    `${catalogue.idOf("item-7")} Label of item-7  ·  item-7`,
  ]);
  expect(await hits("item-")).toHaveLength(50);
  expect(at.getElementById("hits")!.textContent).toContain("1,999 found");
  expect(await hits("nothing so named")).toEqual([]);
  expect(await hits("onerror")).toHaveLength(1);
  expect(at.querySelector("img")).toBeNull();
  expect((window as { hit?: boolean }).hit).toBeUndefined();
});

test("fits a phone, and everything is reached by the keyboard", async () => {
  const at = await open(page, 375);
  expect(at.documentElement.scrollWidth).toBeLessThanOrEqual(375);
  for (const summary of at.querySelectorAll("summary")) {
    expect(summary.tabIndex).toBe(0);
    // One line each, however long the labels.
    expect(summary.getBoundingClientRect().height).toBeLessThan(32);
  }
});

test("long lists come in pages, and the focus follows", async () => {
  const wide = await Catalogue.create(names, vectors, await fitResidual("rkmeans:1x700", vectors));
  const at = await open(renderReport(wide.catalogue), 1000);
  const tree = at.getElementById("tree")!;
  expect(tree.children).toHaveLength(301);
  const more = tree.querySelector("button")!;
  expect(more.textContent).toContain("300 of");
  more.click();
  expect(tree.children.length).toBeGreaterThan(301);
  expect(tree.children[300]!.contains(at.activeElement)).toBe(true);
});
