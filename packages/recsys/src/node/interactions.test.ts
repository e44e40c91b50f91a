import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDtokError } from "@dtok/core";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { collaborativeFeatures } from "../features/collaborative.js";
import { readInteractions } from "./interactions.js";
import type { ReadInteractionsOptions } from "./interactions.js";

const folder = mkdtempSync(join(tmpdir(), "dtok-interactions-"));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, bytes: ArrayBuffer | string) => {
  const path = join(folder, name);
  writeFileSync(path, typeof bytes === "string" ? bytes : new Uint8Array(bytes));
  return path;
};
const items = ["a", "b", "c"];

describe("readInteractions", () => {
  const expected = {
    users: Int32Array.of(0, 0, 1, 1),
    items: Int32Array.of(0, 1, 1, 2),
    userIds: ["u", "v"],
    unknown: 1,
  };
  const rows = [
    ["u", "a", 1],
    ["u", "b", 2],
    ["w", "gone", 5],
    ["v", "b", 0.5],
    ["v", "c", 4],
  ] as const;

  it("reads CSV, TSV and Parquet alike", async () => {
    const csv = `user_id,rating,item_id\n${rows.map(([u, i, r]) => `${u},${r},${i}`).join("\n")}\n`;
    expect(await readInteractions(put("i.csv", csv), items)).toEqual(expected);
    const weights = Float32Array.of(1, 2, 0.5, 4);
    const weighted = { ...expected, weights };
    expect(await readInteractions(put("w.csv", csv), items, { weight: "rating" })).toEqual(
      weighted,
    );
    const tsv = put("i.tsv", csv.replaceAll(",", "\t"));
    expect(await readInteractions(tsv, items, { weight: "rating" })).toEqual(weighted);
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: "who", data: rows.map(([u]) => u), type: "STRING" },
        { name: "what", data: rows.map(([, i]) => i), type: "STRING" },
        { name: "r", data: rows.map(([, , r]) => r), type: "DOUBLE" },
      ],
    });
    const names = { user: "who", item: "what", weight: "r" };
    const read = await readInteractions(put("i.parquet", parquet), items, names);
    expect(read).toEqual(weighted);
    const { shape, data } = collaborativeFeatures(read, items.length);
    expect(shape[0]).toBe(3);
    expect(data.every(Number.isFinite)).toBe(true);
  });

  it.each<[string, string, string | ArrayBuffer, ReadInteractionsOptions, RegExp]>([
    ["another format", "x.json", "[]", {}, /\.csv/],
    ["no such column", "c.csv", "user,thing\nu,a\n", {}, /column item_id.*user, thing/s],
    ["a missing user", "u.csv", "user,item\nu,a\n,b\n", {}, /line 3.*a user/s],
    ["a missing item", "m.csv", "user,item\nu,\n", {}, /line 2.*an item/s],
    ["a weight of 0", "z.csv", "user,item,w\nu,a,1\nu,b,0\n", { weight: "w" }, /line 3.*above 0/s],
    ["a weight that is no number", "t.csv", "user,item,w\nu,gone,x\n", { weight: "w" }, /line 2/],
    ["an empty weight", "e.csv", "user,item,w\nu,a,\n", { weight: "w" }, /line 2/],
    ["a short row", "s.csv", "user,item\nu,a\nu\n", {}, /line 3/],
    ["no Parquet", "n.parquet", "PAR1 nothing PAR1", {}, /Parquet/],
  ])("refuses %s", async (_, name, bytes, options, message) => {
    const error = await readInteractions(put(name, bytes), items, options).catch(
      (reason: unknown) => reason,
    );
    expect(isDtokError(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses a file that is not there, and stops when asked to", async () => {
    await expect(readInteractions(join(folder, "no.csv"), items)).rejects.toThrow(/can be read/);
    const stop = new AbortController();
    stop.abort();
    const path = put("a.csv", "user,item\nu,a\n");
    await expect(readInteractions(path, items, { signal: stop.signal })).rejects.toThrow(/abort/i);
  });
});
