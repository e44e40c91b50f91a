import { createRandom, isDtokError, writeSafetensors } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitResidual } from "../quantizers/residual.js";
import { Catalogue } from "./catalogue.js";
import { catalogueDrift, compareCatalogues, migrationTable } from "./compare.js";

const noise = (rows: number, dim: number, seed = 1): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});
const names = (count: number, prefix = "item") =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
const rowsOf = (m: Matrix, from: number, to: number): Matrix => ({
  data: m.data.slice(from * m.shape[1], to * m.shape[1]),
  shape: [to - from, m.shape[1]],
});

const vectors = noise(120, 3);
const quantizer = await fitResidual("rkmeans:3x4", vectors);
const make = async (strategy: "suffix" | "reassign" | "sinkhorn", count = 60) =>
  (
    await Catalogue.create(names(count), rowsOf(vectors, 0, count), quantizer, {
      strategy,
      notes: { source: "test" },
    })
  ).catalogue;
const idsOf = (catalogue: Catalogue) =>
  new Map(catalogue.itemIds.map((item) => [item, catalogue.idOf(item)]));

/** Every item has one ID, every ID one item, and the trie says the same. */
function consistent(catalogue: Catalogue): void {
  const trie = catalogue.trie();
  expect(trie.count).toBe(catalogue.size);
  const seen = new Set<string>();
  for (const [row, item] of catalogue.itemIds.entries()) {
    const id = catalogue.idOf(item);
    expect(catalogue.itemOf(id)).toBe(item);
    expect(trie.lookup(catalogue.codesOf(item))).toBe(row);
    seen.add(id);
  }
  expect(seen.size).toBe(catalogue.size);
}

describe.each(["suffix", "reassign", "sinkhorn"] as const)("catalogue by %s", (strategy) => {
  it("keeps the IDs of all others, whatever happens", async () => {
    const step = fc.record({
      what: fc.constantFrom("add", "change", "remove", "put"),
      picks: fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 5 }),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const catalogue = await make(strategy, 30);
        for (const { what, picks, seed } of steps) {
          const before = idsOf(catalogue);
          const items = picks
            .map((i) => `item ${i}`)
            .filter((item) => what === "put" || catalogue.has(item) === (what !== "add"));
          const fresh = noise(items.length, 3, seed);
          const { version } = catalogue;
          if (what === "remove") catalogue.remove(items);
          else await catalogue[what as "add"](items, fresh);
          expect(catalogue.version).toBe(version + 1);
          for (const [item, id] of before) {
            if (!items.includes(item)) expect(catalogue.idOf(item)).toBe(id);
          }
          consistent(catalogue);
        }
        const again = Catalogue.load(catalogue.save());
        expect(idsOf(again)).toEqual(idsOf(catalogue));
        expect([again.version, again.strategy, again.notes.source]).toEqual([
          catalogue.version,
          strategy,
          "test",
        ]);
        consistent(again);
      }),
      { seed: 6, numRuns: 12 },
    );
  });

  it("keeps the ID of an item whose vector hardly changes", async () => {
    const catalogue = await make(strategy);
    const before = idsOf(catalogue);
    const near = rowsOf(vectors, 0, 60);
    const same = await catalogue.change(names(60), near);
    expect(same.changed).toBe(strategy === "suffix" ? 0 : same.displaced);
    if (strategy === "suffix") expect(idsOf(catalogue)).toEqual(before);
    consistent(catalogue);
  });

  it("changes nothing when it fails", async () => {
    const catalogue = await make(strategy);
    const before = idsOf(catalogue);
    const two = noise(2, 3);
    const nan: Matrix = { data: two.data.slice().fill(NaN, 4), shape: [2, 3] };
    const attempts = [
      () => catalogue.add(["new", "new"], two),
      () => catalogue.add(["new", "item 3"], two),
      () => catalogue.add(["new", ""], two),
      () => catalogue.add(["new"], two),
      () => catalogue.add(["new", "newer"], nan),
      () => catalogue.add(["new", "newer"], noise(2, 4)),
      () => catalogue.change(["item 3", "nobody"], two),
      () => catalogue.change(["item 3", "item 3"], two),
      async () => catalogue.remove(["item 3", "nobody"]),
      async () => catalogue.remove(["item 3", "item 3"]),
    ];
    for (const attempt of attempts) {
      const error: unknown = await attempt().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(isDtokError(error)).toBe(true);
    }
    expect(idsOf(catalogue)).toEqual(before);
    consistent(catalogue);
  });
});

describe("catalogue", () => {
  it("fills up, says so, and is as it was", async () => {
    const one: Matrix = { data: Float32Array.of(1, 1, 1), shape: [1, 3] };
    const many = (count: number): Matrix => ({
      data: new Float32Array(count * 3).fill(1),
      shape: [count, 3],
    });
    const { catalogue } = await Catalogue.create(["a"], one, quantizer, { suffixSize: 3 });
    await expect(catalogue.add(["b", "c", "d"], many(3))).rejects.toThrow(/at most 3 items/);
    expect(catalogue.size).toBe(1);
    await catalogue.add(["b", "c"], many(2));
    expect([...catalogue.codesOf("c")].at(-1)).toBe(2);
    catalogue.remove(["b"]);
    await catalogue.add(["e"], one);
    expect([...catalogue.codesOf("e")].at(-1)).toBe(1);
    consistent(catalogue);
    const full = await Catalogue.create(names(64), many(64), quantizer, { strategy: "reassign" });
    expect(full.resolution.after.colliding).toBe(0);
    await expect(full.catalogue.add(["b"], one)).rejects.toThrow(/at most 64/);
  });

  it("is empty, or of one item", async () => {
    const { catalogue } = await Catalogue.create(
      [],
      { data: new Float32Array(0), shape: [0, 3] },
      quantizer,
    );
    consistent(Catalogue.load(catalogue.save()));
    await catalogue.add(["only"], noise(1, 3));
    consistent(Catalogue.load(catalogue.save()));
    expect(catalogue.itemOf([0, 0])).toBeUndefined();
    expect(() => catalogue.itemOf("<a_0>")).toThrow(/4 tokens/);
    expect(() => catalogue.idOf("nobody")).toThrow(/nobody/);
  });

  it("refuses bad input and damaged files", async () => {
    await expect(Catalogue.create(["a", "a"], noise(2, 3), quantizer)).rejects.toThrow(/again/);
    await expect(Catalogue.create(["a"], noise(2, 3), quantizer)).rejects.toThrow(/1 vectors/);
    await expect(Catalogue.create(["a", "b"], noise(1, 3), quantizer)).rejects.toThrow(/2 vectors/);
    await expect(Catalogue.create(["a"], noise(1, 5), quantizer)).rejects.toThrow(/D = 3/);
    const bytes = (await make("suffix")).save();
    expect(() => Catalogue.load(bytes.subarray(0, bytes.length - 9))).toThrow(/safetensors/);
    expect(() => Catalogue.load(writeSafetensors({}))).toThrow(/catalogue/);
    const metadata = { "dtok.format": "dtok-catalogue-1" };
    expect(() => Catalogue.load(writeSafetensors({}, metadata))).toThrow(/configuration/);
    const config = JSON.stringify({
      strategy: "suffix",
      codebookSizes: [4],
      version: 1,
      baseline: 1,
      notes: {},
    });
    const odd = writeSafetensors({}, { ...metadata, "dtok.config": config });
    expect(() => Catalogue.load(odd)).toThrow(/items.text/);
  });

  it("compares versions and writes the table that migrates", async () => {
    const before = await make("suffix", 4);
    const after = Catalogue.load(before.save());
    after.remove(["item 1"]);
    await after.add(["x\ty"], rowsOf(vectors, 9, 10));
    await after.change(["item 2"], { data: Float32Array.of(9, -9, 9), shape: [1, 3] });
    const comparison = compareCatalogues(before, after);
    expect(comparison).toEqual({
      kept: 2,
      added: ["x\ty"],
      removed: ["item 1"],
      changed: [{ item: "item 2", before: before.idOf("item 2"), after: after.idOf("item 2") }],
    });
    expect(migrationTable(comparison, before, after).split("\n")).toEqual([
      "item\tbefore\tafter",
      `item 2\t${before.idOf("item 2")}\t${after.idOf("item 2")}`,
      `item 1\t${before.idOf("item 1")}\t`,
      `x y\t\t${after.idOf("x\ty")}`,
      "",
    ]);
  });

  it("reports drift where the items move, and none where they do not", async () => {
    const { catalogue } = await Catalogue.create(names(120), vectors, quantizer);
    const still = await catalogueDrift(catalogue, names(120), vectors);
    expect(still.ratio).toBeCloseTo(1, 6);
    expect(still.moved).toBe(0);
    expect(Math.max(...still.usage)).toBeLessThan(1e-9);
    expect(still.refitChanges).toBeLessThan(0.2);
    const elsewhere: Matrix = { data: vectors.data.map((v) => v + 3), shape: vectors.shape };
    const moved = await catalogueDrift(catalogue, names(120), elsewhere);
    expect(moved.ratio).toBeGreaterThan(3);
    expect(moved.moved).toBeGreaterThan(80);
    expect(Math.max(...moved.usage)).toBeGreaterThan(0.2);
    expect(moved.refitError).toBeLessThan(moved.errorNow / 2);
    await expect(catalogueDrift(catalogue, ["a"], vectors)).rejects.toThrow(/1 vectors/);
  });
});
