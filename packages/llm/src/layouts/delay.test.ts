import { describe, expect, it } from "vitest";
import { expectLayoutLaws, draw } from "../../test/layout-laws.js";
import { Vocabulary } from "../index.js";

describe("delay", () => {
  it("is its picture", () => {
    expect(draw("delay", [3], 2)).toBe("a0 PAD b0 a1 c0 b1 PAD c1");
    // Two codebooks a side, left and right at the same time.
    expect(draw("delay:0,0,1,1", [2], 4)).toBe("a0 a1 PAD PAD b0 b1 a2 a3 PAD PAD b2 b3");
  });

  it("obeys the laws", () => {
    expectLayoutLaws({ layout: "delay", levels: 4, axes: 1 });
    expectLayoutLaws({ layout: "delay:0,0,1,1", levels: 4, axes: 1 });
    expectLayoutLaws({ layout: "delay:2,0", levels: 2, axes: 1 }, 15);
  });

  it("wants a delay for each codebook", () => {
    const modality = { id: "s", codebookSizes: [4, 4], axes: 1, layout: "delay:0,1,2" } as const;
    expect(() => new Vocabulary({ modalities: [modality] })).toThrow(/3 codebooks/);
  });
});
