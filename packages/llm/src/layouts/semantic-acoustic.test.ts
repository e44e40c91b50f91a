import { createTokenGrid } from "@dtok/core";
import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary, pack } from "../index.js";

describe("semantic-acoustic", () => {
  it("is its picture", () => {
    expect(draw("semantic-acoustic:1", [3], 3)).toBe("a0 b0 c0 ROW a1 a2 b1 b2 c1 c2");
    expect(draw("semantic-acoustic:1/2", [4], 2)).toBe("a0 b0 ROW a1 b1 c0 d0 ROW c1 d1");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "semantic-acoustic:1", levels: 4, axes: 1 });
    expectLayoutLaws({ layout: "semantic-acoustic:2/4", levels: 3, axes: 1 });
    expectLayoutLaws(
      { layout: "semantic-acoustic:1/3", levels: 3, axes: 1, extent: "open", period: 3 },
      30,
    );
  });

  it("says that open spans are whole chunks", () => {
    const vocabulary = new Vocabulary({
      modalities: [
        {
          id: "s",
          codebookSizes: [4, 4],
          axes: 1,
          layout: "semantic-acoustic:1/2",
          extent: "open",
        },
      ],
    });
    const grid = createTokenGrid({
      codes: { data: new Int32Array(6), shape: [3, 2] },
      shape: [3],
      codebookSizes: [4, 4],
      tokenizer: "s",
    });
    expect(() => pack(vocabulary, [grid])).toThrow(/multiple of 2/);
  });
});
