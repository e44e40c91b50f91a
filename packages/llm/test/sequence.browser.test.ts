/* The main entry in a browser: packing, parsing, masks, merges, embedding rows, files in memory. */
import { createTokenGrid } from "@dtok/core";
import {
  BlockPacker,
  CodeBpe,
  SequenceParser,
  TokenConstraint,
  Vocabulary,
  embeddingRows,
  isAllowed,
  loadSequence,
  pack,
  saveSequence,
  unpack,
} from "@dtok/llm";
import { expect, it } from "vitest";

it("packs, parses and masks in a browser what Node.js does", () => {
  expect(typeof window).toBe("object");
  const vocabulary = new Vocabulary({
    base: 10,
    modalities: [
      { id: "i", codebookSizes: [4], axes: 2, layout: "row-separated" },
      { id: "s", codebookSizes: [9], axes: 1, layout: "run-length:3" },
    ],
  });
  // The same hash as in Node.js: it is what files carry.
  expect(vocabulary.hash).toBe("4e42a28cc461f244");
  const picture = createTokenGrid({
    codes: { data: Int32Array.of(3, 0), shape: [2, 1] },
    shape: [1, 2],
    codebookSizes: [4],
    tokenizer: "i",
  });
  const units = createTokenGrid({
    codes: { data: Int32Array.of(5, 5, 5, 5, 2), shape: [5, 1] },
    shape: [5],
    codebookSizes: [9],
    tokenizer: "s",
  });
  const packed = pack(vocabulary, [[7], picture, units]);
  expect([...packed.ids]).toEqual([
    7, 266, 10, 11, 10, 12, 273, 270, 269, 267, 274, 283, 289, 283, 287, 280, 287, 275,
  ]);
  const { ids, sides } = loadSequence(vocabulary, saveSequence(vocabulary, packed));
  expect(unpack(vocabulary, ids, { sides })).toEqual([Int32Array.of(7), picture, units]);
  const constraint = new TokenConstraint(vocabulary);
  const parser = new SequenceParser(vocabulary);
  for (const id of ids) {
    expect(isAllowed(constraint.allowed(), id)).toBe(true);
    constraint.advance(id);
    parser.push([id]);
  }
  const bpe = CodeBpe.train([[0, 1, 0, 1, 2]], { size: 3, vocabulary: 4 });
  expect([...CodeBpe.load(bpe.save()).encode([0, 1, 2])]).toEqual([3, 2]);
  const statistics = { mean: new Float32Array(4), deviation: new Float32Array(4).fill(1) };
  expect(embeddingRows(vocabulary, statistics).shape).toEqual([vocabulary.size - 10, 4]);
  expect(new BlockPacker({ length: 4, pad: 0 }).push([1, 2, 3, 4])).toHaveLength(1);
});
