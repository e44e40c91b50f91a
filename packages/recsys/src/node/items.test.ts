import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDtokError, writeNpy, writeSafetensors } from "@dtok/core";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { Catalogue } from "../catalogue/catalogue.js";
import { fitResidual } from "../quantizers/residual.js";
import { idsToParquet } from "./ids.js";
import { openItems } from "./items.js";
import type { OpenItemsOptions } from "./items.js";

const folder = mkdtempSync(join(tmpdir(), "dtok-items-"));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, bytes: Uint8Array | ArrayBuffer | string) => {
  const path = join(folder, name);
  writeFileSync(path, typeof bytes === "string" ? bytes : new Uint8Array(bytes));
  return path;
};
const values = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]; // prettier-ignore
const flat = Float32Array.from(values.flat());
/** Vectors as a LIST of floats, as other software writes them. */
const lists = () =>
  parquetWriteBuffer({
    columnData: [
      { name: "item_id", data: [..."abcde"] },
      { name: "embedding", data: values },
    ],
    schema: [
      { name: "root", num_children: 2 },
      { name: "item_id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
      { name: "embedding", num_children: 1, converted_type: "LIST", repetition_type: "REQUIRED" },
      { name: "list", num_children: 1, repetition_type: "REPEATED" },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
    ],
    rowGroupSize: 2,
  });
/** Vectors as JSON, the default of hyparquet-writer. */
const parquet = (column: unknown[], name = "embedding") =>
  parquetWriteBuffer({
    columnData: [
      { name: "item_id", data: ["a", "b", "c", "d", "e"], type: "STRING" },
      { name, data: column },
      {
        name: "title",
        data: ["Toy Story", "Heat", "Jumanji", "Toy Story", null as never],
        type: "STRING",
      },
    ],
    rowGroupSize: 2,
  } as never);

async function readAll(path: string, options: OpenItemsOptions = {}) {
  const file = await openItems(path, options);
  const data: number[] = [];
  for await (const chunk of file.vectors.chunks()) data.push(...chunk.data);
  const again: number[] = [];
  for await (const chunk of file.vectors.chunks()) again.push(...chunk.data);
  expect(again).toEqual(data);
  await file.close();
  return { ids: file.ids, data, dim: file.vectors.dim, count: file.vectors.count };
}

describe("openItems", () => {
  const expected = { ids: ["a", "b", "c", "d", "e"], data: values.flat(), dim: 2, count: 5 };

  it("reads Parquet, group by group", async () => {
    expect(await readAll(put("items.parquet", parquet(values)))).toEqual(expected);
    expect(await readAll(put("lists.parquet", lists()))).toEqual(expected);
  });

  it("reads .npy and safetensors, with and without names", async () => {
    const npy = put("items.npy", writeNpy({ data: flat, shape: [5, 2] }));
    const ids = put("ids.txt", "a\nb\nc\nd\ne\n");
    expect(await readAll(npy, { idsFile: ids })).toEqual(expected);
    expect((await readAll(npy)).ids).toEqual(["0", "1", "2", "3", "4"]);
    const tensors = { vectors: { data: flat, shape: [5, 2] }, other: { data: flat, shape: [10] } };
    const file = put("items.safetensors", writeSafetensors(tensors));
    expect(await readAll(file, { idsFile: ids })).toEqual(expected);
  });

  it("gives texts to an embedder, where there is one", async () => {
    const embedder = {
      embed: async (texts: readonly string[]) => ({
        data: Float32Array.from(texts.flatMap((text) => [text.length, 1])),
        shape: [texts.length, 2] as const,
      }),
    };
    const path = put("embedded.parquet", parquet(values));
    const { data } = await readAll(path, { text: ["title"], embedder });
    expect(data).toEqual([9, 1, 4, 1, 7, 1, 9, 1, 0, 1]);
  });

  it("reads CSV: quotes, line ends in cells, byte order marks, tabs", async () => {
    const cells = values.map((vector, i) => `${"abcde"[i]},"[${vector.join(", ")}]"`).join("\r\n");
    expect(await readAll(put("items.csv", `\ufeffid,embedding\r\n${cells}\r\n`))).toEqual(expected);
    const tabs = values
      .map((vector, i) => `${"abcde"[i]}\t6" by 4"\t${vector.join(" ")}`)
      .join("\n");
    expect(await readAll(put("items.tsv", `id\tsize\tembedding\n${tabs}`))).toEqual(expected);
    const texts = 'id,title\n1,"Good, the ""Bad""\nand the Ugly"\n2,"good the bad and the ugly"\n';
    const { data, ids } = await readAll(put("texts.csv", texts), { text: ["title"], textDim: 16 });
    expect(ids).toEqual(["1", "2"]);
    expect(data.slice(0, 16)).toEqual(data.slice(16));
    const error = await readAll(put("late.csv", `${texts}3\n`), { text: ["title"] }).catch(
      (reason: unknown) => reason,
    );
    // The line of the file, not the number of the row.
    expect((error as Error).message).toMatch(/line 5/);
  });

  it("reads JSON lines, and texts as features", async () => {
    const lines = values.map((vector, i) => JSON.stringify({ id: "abcde"[i], vector })).join("\n");
    expect(await readAll(put("items.jsonl", `${lines}\n\n`))).toEqual(expected);
    const path = put("texts.parquet", parquet(values));
    const { data, dim } = await readAll(path, { text: ["title"], textDim: 32 });
    expect(dim).toBe(32);
    expect(data.slice(0, 32)).toEqual(data.slice(96, 128));
    expect(data.slice(128)).toEqual(new Array(32).fill(0));
  });

  const many = writeSafetensors({
    a: { data: flat, shape: [5, 2] },
    b: { data: flat, shape: [2, 5] },
  });
  it.each<[string, string, Uint8Array | ArrayBuffer | string, OpenItemsOptions, RegExp]>([
    ["another format", "x.xlsx", "a,b", {}, /\.parquet/],
    ["an empty CSV", "e.csv", "", {}, /header/],
    ["a header with a column twice", "t.csv", "id,v,v\n1,2,3\n", {}, /line 1.*"v" twice/s],
    ["a row too short", "s.csv", 'id,v\na,"1 2"\nb\n', {}, /line 3/],
    ["a quote that never closes", "q.csv", 'id,v\na,"1 2\nb,3\n', {}, /line \d/],
    ["a cell without numbers", "w.csv", "id,v\na,1 2\nb,1 x\n", {}, /line 3.*"1 x"/s],
    ["an empty cell of a vector", "m.csv", "id,v\na,1 2\n\nb,\n", {}, /line 4.*none/s],
    ["mixed widths in CSV", "n.csv", 'id,v\na,"[1, 2]"\nb,[1]\n', {}, /line 3.*1 numbers/s],
    ["an item without an id", "i.csv", "id,v\na,1 2\n,3 4\n", {}, /line 3.*item id/s],
    ["another encoding", "l.csv", Uint8Array.of(105, 100, 44, 118, 10, 233, 44, 49, 32, 50, 10), {}, /line 2.*UTF-8/s], // prettier-ignore
    ["a CSV without vectors", "p.csv", "id,v\na,1\n", {}, /lists of numbers/],
    ["no Parquet", "x.parquet", "PAR1 nonsense PAR1", {}, /Parquet/],
    ["a cut Parquet", "y.parquet", parquet(values).slice(0, 300), {}, /Parquet/],
    [
      "a missing vector",
      "null.parquet",
      parquet([...values.slice(0, 4), null]),
      {},
      /row 4.*none/s,
    ],
    [
      "mixed widths",
      "mixed.parquet",
      parquet([...values.slice(0, 4), [1]]),
      {},
      /row 4.*1 numbers/s,
    ],
    [
      "a number that is none",
      "nan.parquet",
      parquet([...values.slice(0, 4), [9, null]]),
      {},
      /NaN in item "\w" \(row 4, number 1\)/,
    ],
    [
      "an infinite number",
      "inf.npy",
      writeNpy({ data: Float32Array.of(1, 2, 3, Infinity), shape: [2, 2] }),
      {},
      /Infinity in item "1" \(row 1, number 1\)/,
    ],
    ["a missing column", "c.parquet", parquet(values), { vector: "x" }, /column x/],
    ["a missing id", "d.parquet", parquet(values), { id: "sku" }, /column sku/],
    ["a missing text", "e.parquet", parquet(values), { text: ["blurb"] }, /column blurb/],
    ["two tensors", "m.safetensors", many, {}, /one tensor/],
    ["no JSON", "b.jsonl", "{", {}, /line 1/],
    ["no object", "c.jsonl", "[1]", {}, /line 1/],
    ["no id", "d.jsonl", '{"id":null,"vector":[1]}', {}, /row 0/],
    ["no npy", "z.npy", "nonsense", {}, /NUMPY/],
  ])("refuses %s", async (_, name, bytes, options, message) => {
    const error = await readAll(put(name, bytes), options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isDtokError(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses what is not there, and names that do not fit", async () => {
    await expect(openItems(join(folder, "nowhere.npy"))).rejects.toThrow(/can be read/);
    const npy = put("n.npy", writeNpy({ data: flat, shape: [5, 2] }));
    await expect(openItems(npy, { idsFile: put("two.txt", "a\nb\n") })).rejects.toThrow(/5 lines/);
    await expect(openItems(npy, { idsFile: join(folder, "no.txt") })).rejects.toThrow(/no.txt/);
  });
});

describe("idsToParquet", () => {
  it("writes names, IDs and codes", async () => {
    const vectors = { data: flat, shape: [5, 2] as const };
    const quantizer = await fitResidual("rkmeans:2x4", vectors);
    const { catalogue } = await Catalogue.create([..."abcde"], vectors, quantizer);
    const path = put("ids.parquet", idsToParquet(catalogue));
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows.map(({ item_id }) => item_id as string)).toEqual([..."abcde"]);
    const [b] = [catalogue.codesOf("b")];
    expect(rows[1]).toEqual({
      item_id: "b",
      semantic_id: catalogue.idOf("b"),
      code_a: b[0],
      code_b: b[1],
      code_c: b[2],
    });
  });
});
