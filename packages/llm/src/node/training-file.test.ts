import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, readNpy } from "@dtok/core";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TrainingFile, Vocabulary, readTrainingInfo } from "./index.js";

const vocabulary = new Vocabulary({
  base: 300,
  modalities: [{ id: "i", codebookSizes: [64], axes: 2 }],
});
const random = createRandom(2);
const sequences = Array.from({ length: 900 }, () =>
  Int32Array.from({ length: 1 + random.integer(40) }, () => random.integer(vocabulary.size)),
);
const blocks = { length: 64, pad: 0, end: 1 };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-llm-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function write(name: string, options: object = {}) {
  const file = await TrainingFile.create(join(folder, name), vocabulary, options);
  for (const sequence of sequences) await file.add(sequence);
  return file.commit();
}

describe("TrainingFile", () => {
  it("writes the same blocks in every format, read back by other readers", async () => {
    const infos = await Promise.all(
      ["a.jsonl", "a.npy", "a.parquet"].map((name) => write(name, { blocks })),
    );
    const lines = readFileSync(join(folder, "a.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { input_ids: number[]; lengths: number[] });
    const tokens = sequences.reduce((sum, { length }) => sum + length + 1, 0);
    for (const info of infos) {
      expect(info).toMatchObject({
        vocabulary: vocabulary.hash,
        rows: lines.length,
        tokens,
        length: 64,
      });
    }
    const npy = readNpy(readFileSync(join(folder, "a.npy")));
    expect(npy.shape).toEqual([lines.length, 64]);
    expect([...(npy.data as Int32Array)]).toEqual(lines.flatMap((line) => line.input_ids));
    const { buffer, byteOffset, byteLength } = readFileSync(join(folder, "a.parquet"));
    const parquet = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    expect(await parquetReadObjects({ file: parquet })).toEqual(lines);
    expect(parquetMetadata(parquet).key_value_metadata).toContainEqual({
      key: "dtok.vocabulary",
      value: vocabulary.hash,
    });
  });

  it("writes sequences as they are where no blocks are asked for", async () => {
    await write("b.parquet");
    const { buffer, byteOffset, byteLength } = readFileSync(join(folder, "b.parquet"));
    const rows = await parquetReadObjects({
      file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer,
    });
    expect(rows.map((row) => row.input_ids)).toEqual(sequences.map((list) => [...list]));
  });

  it("tells another vocabulary's file, and a note that is none", async () => {
    const path = join(folder, "c.jsonl");
    const info = await write("c.jsonl");
    expect(await readTrainingInfo(path, vocabulary)).toEqual(info);
    const other = vocabulary.with({ id: "j", codebookSizes: [2], axes: 1 });
    await expect(readTrainingInfo(path, other)).rejects.toThrow(/ids of the vocabulary/);
    writeFileSync(`${path}.json`, "{}");
    await expect(readTrainingInfo(path, vocabulary)).rejects.toThrow(/dtok-training-1/);
    await expect(readTrainingInfo(join(folder, "none"), vocabulary)).rejects.toThrow(/ENOENT/);
  });

  it("leaves what is good and nothing half-written", async () => {
    await write("d.jsonl");
    const before = readFileSync(join(folder, "d.jsonl"));
    const file = await TrainingFile.create(join(folder, "d.jsonl"), vocabulary, { blocks });
    await file.add([5]);
    await expect(file.add([vocabulary.size])).rejects.toThrow(/ids in/);
    await expect(file.add(new Int32Array(64))).rejects.toThrow(/at most 64/);
    await file.discard();
    await expect(file.add([1])).rejects.toThrow(/discarded/);
    const create = (name: string, options: object = {}) =>
      TrainingFile.create(join(folder, name), vocabulary, options);
    await expect(create("e.npy")).rejects.toThrow(/blocks/);
    await expect(create("e.txt")).rejects.toThrow(/\.parquet/);
    await expect(create("no/e.jsonl")).rejects.toThrow(/can be written/);
    await expect(create("e.npy", { blocks: { length: 4, pad: 1e6 } })).rejects.toThrow(/ids in/);
    expect(readFileSync(join(folder, "d.jsonl"))).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });
});
