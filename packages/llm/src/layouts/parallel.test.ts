import { createTokenGrid } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary, mergeStreams, pack, splitStreams, unpack } from "../index.js";
import type { TokenGrid } from "@dtok/core";

const stream = (tokenizer: string, sizes: number[], codes: number[]): TokenGrid =>
  createTokenGrid({
    codes: { data: Int32Array.from(codes), shape: [codes.length / sizes.length, sizes.length] },
    shape: [codes.length / sizes.length],
    codebookSizes: sizes,
    tokenizer,
  });

describe("parallel", () => {
  it("is its picture: codebooks 0 and 1 are x, 2 and 3 are y", () => {
    expect(draw("parallel:2+2:1", [2], 4)).toBe("a0 PAD a2 PAD b0 a1 b2 a3 PAD b1 PAD b3");
    expect(draw("parallel:1+2", [2], 3)).toBe("a0 a1 a2 b0 b1 b2");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "parallel:1+3+3:2", levels: 7, axes: 1 });
    expectLayoutLaws({ layout: "parallel:2+2", levels: 4, axes: 1, extent: "open" });
  });

  it("carries text and two voices step by step, and gives them back", () => {
    const streams = [
      stream("text", [30], [3, 29, 29]),
      stream("sound/own", [8, 4], [1, 2, 3, 0, 5, 1]),
      stream("sound/user", [8, 4], [7, 3, 6, 2, 5, 1]),
    ];
    const merged = mergeStreams(streams, "dialogue");
    const vocabulary = new Vocabulary({
      modalities: [
        { id: "dialogue", codebookSizes: [30, 8, 4, 8, 4], axes: 1, layout: "parallel:1+2+2:1" },
      ],
    });
    const [back] = unpack(vocabulary, pack(vocabulary, [merged]).ids);
    const names = ["text", "sound/own", "sound/user"];
    expect(
      splitStreams(
        back as TokenGrid,
        names.map((tokenizer, i) => ({ tokenizer, codebooks: i === 0 ? 1 : 2 })),
      ),
    ).toEqual(streams);
    expect(() => mergeStreams([streams[0]!, stream("b", [8], [1])], "d")).toThrow(/extent \[3\]/);
    expect(() => mergeStreams([], "d")).toThrow(/at least one/);
    expect(() => splitStreams(merged, [{ tokenizer: "text", codebooks: 1 }])).toThrow(
      /5 codebooks/,
    );
  });
});
