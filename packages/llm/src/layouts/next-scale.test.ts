import { createTokenGrid } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { SequenceParser, Vocabulary, pack } from "../index.js";

describe("next-scale", () => {
  it("is its picture", () => expect(draw("next-scale:1,2", [5], 1)).toBe("a ROW b c d e ROW"));

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "next-scale:1,2,3", levels: 1, axes: 1 });
    expectLayoutLaws({ layout: "next-scale:1,3", levels: 2, axes: 1 }, 15);
  });

  it("has VAR's 680 positions, writes no extent, and decodes whole scales only", () => {
    const sides = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16];
    const layout = `next-scale:${sides.join(",")}` as const;
    const vocabulary = new Vocabulary({
      modalities: [{ id: "image/pyramid", codebookSizes: [4096], axes: 1, layout }],
    });
    expect(vocabulary.modalities[0]!.extent).toEqual([680]);
    const data = Int32Array.from({ length: 680 }, (_, i) => (i * 37) % 4096);
    const grid = createTokenGrid({
      codes: { data, shape: [680, 1] },
      shape: [680],
      codebookSizes: [4096],
      tokenizer: "image/pyramid",
    });
    const { ids } = pack(vocabulary, [grid]);
    expect(ids.length).toBe(1 + 680 + 10 + 1);
    const parser = new SequenceParser(vocabulary);
    parser.push(ids.subarray(0, 1 + 1 + 1 + 3));
    expect(parser.partial()?.shape).toEqual([1]);
    parser.push(ids.subarray(6, 7));
    expect(parser.partial()?.shape).toEqual([5]);
    const short = { ...grid, codes: { data: data.slice(1), shape: [679, 1] as const } };
    expect(() => pack(vocabulary, [{ ...short, shape: [679] }])).toThrow(/extent \[680\]/);
  });
});
