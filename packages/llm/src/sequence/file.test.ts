import { createTokenGrid, readSafetensors, writeSafetensors } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { Vocabulary, loadSequence, pack, saveSequence, unpack } from "../index.js";

const vocabulary = new Vocabulary({
  base: 9,
  modalities: [{ id: "i", codebookSizes: [4], axes: 2 }],
});
const grid = createTokenGrid({
  codes: { data: Int32Array.of(3, 0), shape: [2, 1] },
  shape: [1, 2],
  codebookSizes: [4],
  tokenizer: "i",
  side: { width: 13, note: "é" },
});
const packed = pack(vocabulary, [[7], grid]);
const bytes = saveSequence(vocabulary, packed);

describe("sequence files", () => {
  it("keep ids and side values", () => {
    const { ids, sides } = loadSequence(vocabulary, bytes);
    expect(ids).toEqual(packed.ids);
    expect(unpack(vocabulary, ids, { sides })).toEqual([Int32Array.of(7), grid]);
  });

  it("refuse another vocabulary, changes, and other files", () => {
    const other = vocabulary.with({ id: "j", codebookSizes: [4], axes: 1 });
    expect(() => loadSequence(other, bytes)).toThrow(/ids of the vocabulary/);
    const { tensors, metadata } = readSafetensors(bytes);
    const changed = writeSafetensors(tensors, { ...metadata, sides: "[{}]" });
    expect(() => loadSequence(vocabulary, changed)).toThrow(/checksum/);
    expect(() => loadSequence(vocabulary, writeSafetensors(tensors, {}))).toThrow(
      /dtok-sequence-1/,
    );
  });
});
